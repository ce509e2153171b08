"""Searches in containers: a folder's listing, files, logs; what is planted is found, what is not read is said."""

from __future__ import annotations

import hashlib
import tarfile
import threading
import time
import unittest
from contextlib import suppress
from typing import Any

from support import configurations
from support.case import OperationTestCase
from support.engine import RefusedError, api, container
from support.raw_server import RawServer, dribbles, ok
from support.recorder import CONTAINER_ID, Answer, Recorder
from support.session import execute

PLANT = """
mkdir -p /srv/app/deep /srv/empty
printf 'one\\ntwo SECRET-7 three\\n' > /srv/app/a.conf
printf 'payload' > /srv/app/deep/x.bin
head -c 300000 /dev/zero > /srv/zeros; printf 'needle-in-zeros' >> /srv/zeros; head -c 300000 /dev/zero >> /srv/zeros
ln -s app/a.conf /srv/link; ln /srv/app/a.conf /srv/hard; mkfifo /srv/pipe
chmod 4755 /srv/app/deep/x.bin; chown 1000:1001 /srv/app/a.conf; touch -d '2024-01-02 03:04:05' /srv/app/a.conf
printf 'odd' > "/srv/$(printf 'name with \\n line =1+1|')"
"""


class Files(OperationTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.made = unittest.TestCase()
        cls.addClassCleanup(cls.made.doCleanups)
        cls.name = container(cls.made, "sh", "-c", PLANT)
        api("POST", f"/containers/{cls.name}/wait")

    made: unittest.TestCase
    name: str

    def by_path(self, **params: Any) -> dict[str, dict[str, Any]]:
        result = self.run_operation("list_files", id=self.name, **params)
        self.assertEqual(len(result["files"]), result["count"])
        return {file["path"]: file for file in result["files"]}

    def test_a_listing_says_what_ls_says(self) -> None:
        files = self.by_path(path="/srv", depth=0)
        conf = files["/srv/app/a.conf"]
        told = {name: conf[name] for name in ("kind", "size", "mode", "mode_text", "uid", "gid", "modified")}
        expected = {"kind": "file", "size": 23, "mode": "0644", "mode_text": "-rw-r--r--", "uid": 1000, "gid": 1001}
        self.assertEqual({**expected, "modified": "2024-01-02T03:04:05Z"}, told)
        self.assertEqual(("4755", "-rwsr-xr-x"), tuple(files["/srv/app/deep/x.bin"][f] for f in ("mode", "mode_text")))
        self.assertEqual(("link", "app/a.conf"), (files["/srv/link"]["kind"], files["/srv/link"]["link_target"]))
        self.assertIn(files["/srv/hard"]["kind"], ("file", "hard_link"))
        self.assertEqual("fifo", files["/srv/pipe"]["kind"])
        self.assertEqual("folder", files["/srv/empty"]["kind"])
        self.assertIn("/srv/name with \n line =1+1|", files)

    def test_depth_counts_from_the_folder(self) -> None:
        one = set(self.by_path(path="/srv/"))
        self.assertIn("/srv/app", one)
        self.assertNotIn("/srv/app/a.conf", one)
        self.assertIn("/srv/app/a.conf", self.by_path(path="/srv", depth=2))
        self.assertNotIn("/srv/app/deep/x.bin", self.by_path(path="/srv", depth="2"))

    def test_the_root_and_a_single_file(self) -> None:
        self.assertLessEqual({"/srv", "/etc"}, set(self.by_path(path="/")))
        self.assertEqual(["/srv/app/a.conf"], list(self.by_path(path="/srv/app/a.conf")))
        self.assertEqual(["/srv/app/a.conf"], list(self.by_path(path="/srv/link")), "a link is followed")

    def test_bounds_end_it_and_are_said(self) -> None:
        result = self.run_operation("list_files", id=self.name, path="/", depth=0, max_files=3)
        self.assertEqual((3, True), (result["count"], result["truncated"]))
        result = self.run_operation("list_files", id=self.name, path="/", depth=0, max_size=1, max_files=100000)
        self.assertTrue(result["truncated"])
        self.assertIn("max_size (1 MiB)", result["skipped"][-1]["reason"])

    def found(self, **params: Any) -> list[tuple[str, Any, Any]]:
        result = self.run_operation("search_files", id=self.name, path="/srv", **params)
        return sorted((match["path"], match["line"], match["text"]) for match in result["matches"])

    def test_what_is_planted_is_found(self) -> None:
        line = ("/srv/app/a.conf", 2, "two SECRET-7 three")
        self.assertIn(line, self.found(text="SECRET-7"))
        self.assertIn(line, self.found(pattern="secret-\\d (three|four)$", ignore_case="True"))
        self.assertEqual([line], self.found(text="SECRET-7", name_pattern="\\.conf$"))
        [(path, number, text)] = self.found(text="needle-in-zeros")
        self.assertEqual(("/srv/zeros", 1), (path, number))
        self.assertIn("needle-in-zeros", text)

    def test_what_is_not_there_is_not_found(self) -> None:
        self.assertEqual([], self.found(text="SECRET-8"))
        self.assertEqual([], self.found(pattern="^SECRET"))
        self.assertEqual([], self.found(text="secret-7"))

    def test_hashes(self) -> None:
        digest = hashlib.sha256(b"payload").hexdigest()
        for written in (digest, f"sha256:{digest.upper()}", [digest, "0" * 64]):
            with self.subTest(written):
                result = self.run_operation("search_files", id=self.name, path="/srv", sha256=written)
                self.assertEqual(["/srv/app/deep/x.bin"], [match["path"] for match in result["matches"]])
        self.assertEqual([], self.found(sha256="0" * 64))

    def test_memory_is_not_said_to_be_empty(self) -> None:
        host = {"Init": True, "Tmpfs": {"/scratch": ""}}
        name = container(self, "sh", "-c", "echo needle > /scratch/file; sleep 600", HostConfig=host)
        result = self.run_operation("search_files", id=name, path="/scratch", text="needle")
        self.assertEqual([("/scratch", True)], [(s["path"], "tmpfs" in s["reason"]) for s in result["skipped"]])
        text = self.refusal("list_files", id=name, path="/scratch/file")
        self.assertRegex(text, "cannot be read: it is in memory .* does not mean that it is not there")

    def test_a_pattern_that_takes_others_for_ever_ends(self) -> None:
        began = time.monotonic()
        self.found(pattern="(\\x00*)*(\\x00|\\x00\\x00)+$")
        self.assertLess(time.monotonic() - began, 60)
        self.assertIn("too large", self.refusal("search_files", id=self.name, pattern="((a{200}){200}){200}"))

    def test_what_a_template_writes_is_text(self) -> None:
        name = container(self, "sh", "-c", "echo True > /flag; echo True")
        api("POST", f"/containers/{name}/wait")
        result = self.run_operation(
            "search_files", id=name, path="/flag", text="True", pattern="", sha256="", max_matches=""
        )
        self.assertEqual(1, result["count"])
        self.assertEqual(1, self.run_operation("search_logs", id=name, project="", text="True")["count"])


def tar_of(*entries: tuple[str, int, bytes]) -> bytes:
    """A tar whose headers may lie about sizes."""
    whole = b""
    for name, size, contents in entries:
        entry = tarfile.TarInfo(name)
        entry.size = size
        whole += entry.tobuf() + contents + b"\0" * (-len(contents) % 512)
    return whole


class HostileArchives(OperationTestCase):
    """What an engine, or a container that writes meanwhile, may send."""

    def searched(self, archive: bytes, **params: Any) -> Any:
        with Recorder("1.41", {f"GET /containers/{CONTAINER_ID}/archive": Answer(200, archive)}) as recorder:
            config = configurations.over_unix(recorder.socket)
            return execute(config, "search_files", id="web", path="/srv", **{"text": "needle", **params})

    def test_one_that_lies_about_sizes_is_said_to_be_cut(self) -> None:
        lying = tar_of(("a", 6, b"needle"), ("b", 1 << 40, b"x needle x"))
        result = self.searched(lying)
        self.assertEqual({"/srv/a", "/srv/b"}, {match["path"] for match in result["matches"]})
        self.assertTrue(result["truncated"])
        self.assertRegex(result["skipped"][-1]["reason"], 'not whole: it was cut off.* what follows "/srv/b"')

    def test_what_is_no_tar_is_said(self) -> None:
        for archive in (b"", b"x" * 2000, b"<html>"):
            result = self.searched(archive)
            self.assertEqual((0, True), (result["count"], result["truncated"]), archive)

    def test_one_file_does_not_hide_the_others(self) -> None:
        many = b"needle\n" * 10000
        result = self.searched(tar_of(("a", len(many), many), ("b", 6, b"needle")) + b"\0" * 1024, max_matches=100)
        self.assertEqual(21, result["count"])

    def test_a_header_without_end_takes_no_memory(self) -> None:
        entry = tarfile.TarInfo("x")
        entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 1 << 33
        result = self.searched(entry.tobuf(tarfile.GNU_FORMAT) + b"A" * 4096)
        self.assertIn("longer than 1 MiB", result["skipped"][-1]["reason"])

    def test_one_without_end_ends_with_the_bounds(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-tar\r\n\r\n"
        endless = dribbles(head + tar_of(("a", 1 << 50, b"")), b"x" * (1 << 18), 0.01)
        for params, said in (({"max_size": 2}, "max_size"), ({"timeout": 1}, "time limit")):
            with self.subTest(said), RawServer(ok('{"Id": "1"}'), endless) as server:
                began = time.monotonic()
                config = configurations.over_http(server.address)
                result = execute(config, "search_files", id="web", text="needle", **params)
                self.assertIn(said, result["skipped"][-1]["reason"])
                self.assertLess(time.monotonic() - began, 20)


class Logs(OperationTestCase):
    def test_lines_come_from_all_containers_in_the_order_of_time(self) -> None:
        word = f"w{time.time_ns()}"
        script = "for i in 1 2; do echo noise; echo {0} $i; echo {0} err $i >&2; sleep 0.3; done"
        names = [container(self, "sh", "-c", script.format(word)) for _ in range(2)]
        terminal = container(self, "sh", "-c", f"echo {word} tty", Tty=True)
        silent = container(self, HostConfig={"Init": True, "LogConfig": {"Type": "none"}})
        for name in (*names, terminal):
            api("POST", f"/containers/{name}/wait")
        result = self.run_operation("search_logs", text=word)
        self.assertEqual(9, result["count"])
        self.assertEqual({*names, terminal}, {match["container"] for match in result["matches"]})
        self.assertEqual(sorted(m["time"] for m in result["matches"]), [m["time"] for m in result["matches"]])
        self.assertIn(silent, {skipped["container"] for skipped in result["skipped"]})
        only = self.run_operation("search_logs", text=word, stderr=True)
        self.assertEqual({"stderr"}, {match["stream"] for match in only["matches"]})

    def test_context_and_bounds(self) -> None:
        name = container(self, "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done")
        api("POST", f"/containers/{name}/wait")
        [match] = self.run_operation("search_logs", id=name, pattern="5$", context=2)["matches"]
        self.assertEqual(["line 3", "line 4"], match["before"])
        self.assertEqual(["line 6", "line 7"], match["after"])
        result = self.run_operation("search_logs", id=name, text="line", max_matches=4)
        self.assertEqual((4, True), (result["count"], result["truncated"]))
        self.assertEqual(2, self.run_operation("search_logs", id=name, text="line", tail=2)["count"])

    def test_lines_that_are_hostile(self) -> None:
        script = "head -c 200000 /dev/zero | tr '\\0' x; echo ' needle'; printf 'needle \\377 =cmd|\\033[2J\\n'"
        name = container(self, "sh", "-c", script)
        api("POST", f"/containers/{name}/wait")
        result = self.run_operation("search_logs", id=name, text="needle")
        self.assertEqual(["needle \ufffd =cmd|\x1b[2J"], [match["text"] for match in result["matches"]])


class Waiting(OperationTestCase):
    def test_a_line_that_comes_later(self) -> None:
        name = container(self, "sh", "-c", "echo first; sleep 2; echo ready at last; exec sleep 600")
        began = time.monotonic()
        result = self.run_operation("wait_for_log", id=name, pattern="^ready", timeout=30)
        self.assertTrue(result["matched"])
        self.assertEqual("ready at last", result["line"]["text"])
        self.assertLess(time.monotonic() - began, 20)
        began = time.monotonic()
        self.assertTrue(self.run_operation("wait_for_log", id=name, text="ready")["matched"])
        self.assertLess(time.monotonic() - began, 5, "it is there already")
        self.assertFalse(self.run_operation("wait_for_log", id=name, text="ready", tail=0, timeout=1)["matched"])

    def test_one_that_ends_is_told_at_once(self) -> None:
        name = container(self, "sh", "-c", "echo begun; sleep 1; exit 7")
        began = time.monotonic()
        result = self.run_operation("wait_for_log", id=name, text="never", timeout=60)
        self.assertEqual(("ended", 7, "exited"), (result["outcome"], result["exit_code"], result["state"]))
        self.assertLess(time.monotonic() - began, 20)

    def test_one_that_starts_again_is_waited_for(self) -> None:
        script = "if [ -e /once ]; then echo second run; sleep 600; else touch /once; echo first run; sleep 1; fi"
        policy = {"Init": True, "RestartPolicy": {"Name": "always"}}
        name = container(self, "sh", "-c", script, HostConfig=policy)
        self.assertTrue(self.run_operation("wait_for_log", id=name, text="second", timeout=30)["matched"])

    def test_one_that_is_removed_meanwhile(self) -> None:
        name = container(self)
        threading.Timer(1, lambda: api("DELETE", f"/containers/{name}?force=1")).start()
        result = self.run_operation("wait_for_log", id=name, text="never", timeout=30)
        self.assertEqual("ended", result["outcome"])
        self.assertIn(result["state"], ("removed", "removing"))
        with suppress(RefusedError):
            api("POST", f"/containers/{name}/wait?condition=removed")

    def test_a_flood_is_searched_and_ends(self) -> None:
        name = container(self, "sh", "-c", "while true; do echo flood; done")
        began = time.monotonic()
        result = self.run_operation("wait_for_log", id=name, text="never", timeout=3)
        self.assertTrue(result["timed_out"])
        self.assertLess(time.monotonic() - began, 20)
        api("POST", f"/containers/{name}/kill")
