"""Files between containers and attachments: whole, hashed, private, gone afterwards; and memory that does not grow.

With FSR_TEST_ALL set, the large file has a gibibyte and the log 100 MB; else 48 MiB and 20 MB.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import importlib
import io
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
from pathlib import Path
from typing import Any

from support import session
from support.case import OperationTestCase
from support.engine import container

HERE = Path(__file__).parent
LONG = bool(os.environ.get("FSR_TEST_ALL"))
MEBIBYTES = 1024 if LONG else 48
LOG_LINES = 1_000_000 if LONG else 200_000  # of 100 bytes
# What a call may add to an idle process, over the whole file; and over the log, beside what is kept of it thrice.
MOST_FOR_A_FILE = 16
MOST_FOR_A_LOG = 32


class Copies(OperationTestCase):
    def attached(self, record: dict[str, Any]) -> bytes:
        """The contents of an attachment, which must be as its record says."""
        contents: bytes = session.module("services").read(record["@id"])
        self.assertEqual((len(contents), hashlib.sha256(contents).hexdigest()), (record["size"], record["sha256"]))
        return contents

    def test_there_and_back(self) -> None:
        name = container(self)
        for text in ("one line\n", "ünïcode\n", "$(id) `id` '\"\n"):
            self.run_operation(
                "copy_to_container", id=name, input="Text", value=text, path="/tmp", filename="note.txt", mode="640"
            )
            back = self.run_operation("copy_from_container", id=name, path="/tmp/note.txt", output="Text")
            self.assertEqual((text, 0o640), (back["content"], back["stat"]["mode"]))
            attached = self.run_operation("copy_from_container", id=name, path="/tmp/note.txt", unpack=True)
            self.assertEqual(text.encode(), self.attached(attached))

    def test_a_folder_is_a_tar_and_a_tar_is_unpacked(self) -> None:
        name, other = container(self), container(self)
        self.run_operation("exec_container", id=name, Cmd="sh -c 'mkdir -p /d/e; echo a > /d/a; echo b > /d/e/b'")
        tar = self.run_operation("copy_from_container", id=name, path="/d")
        with tarfile.open(fileobj=io.BytesIO(self.attached(tar))) as archive:
            self.assertEqual({"d", "d/a", "d/e", "d/e/b"}, set(archive.getnames()))
        for source in ("Attachment ID", "File IRI"):
            value = tar["@id"] if source == "Attachment ID" else tar["file"]["@id"]
            self.run_operation("copy_to_container", id=other, input=source, value=value, path="/tmp")
            listed = self.run_operation("exec_container", id=other, Cmd="cat /tmp/d/e/b")
            self.assertEqual("b\n", listed["stdout"])

    def test_an_export_holds_the_containers_files(self) -> None:
        name = container(self)
        self.run_operation("exec_container", id=name, Cmd="sh -c 'echo here > /mark'")
        exported = self.attached(self.run_operation("container_export", id=name))
        with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
            mark = archive.extractfile("mark")
            assert mark is not None
            self.assertEqual(b"here\n", mark.read())

    def test_refusals_leave_nothing(self) -> None:
        name = container(self)
        for params, expected in (
            ({"path": "/nowhere"}, "[not_found 404] copy_from_container: "),
            ({"path": "/bin", "output": "Text"}, "[failed] copy_from_container: "),
            ({"path": "/bin", "max_size": 0}, "[failed] copy_from_container: "),
        ):
            with self.subTest(params):
                self.assertTrue(self.refusal("copy_from_container", id=name, **params).startswith(expected))
        for params, part in (
            ({"input": "Text", "value": "x", "path": "/tmp"}, "filename is missing"),
            ({"input": "Text", "value": "x", "path": "/tmp", "filename": "../x"}, "filename must be one name"),
            ({"input": "Text", "value": "x", "path": "/tmp", "filename": "x", "mode": "999"}, "mode must be octal"),
            ({"input": "Text", "value": "x", "path": "/nowhere", "filename": "x"}, "[not_found 404]"),
            ({"input": "Attachment ID", "value": "no-such-one", "path": "/tmp", "filename": "x"}, "[attachment]"),
        ):
            with self.subTest(params):
                self.assertIn(part, self.refusal("copy_to_container", id=name, **params))
        self.assertEqual([], leftovers())

    def test_many_at_once_are_each_their_own(self) -> None:
        name = container(self)
        self.run_operation("exec_container", id=name, Cmd="sh -c 'for i in 0 1 2 3 4 5 6 7; do echo $i$i > /f$i; done'")
        results: dict[int, str] = {}

        def copy(number: int) -> None:
            for _ in range(8):
                copied = self.run_operation("copy_from_container", id=name, path=f"/f{number}", unpack=True)
                results[number] = self.attached(copied).decode()

        threads = [threading.Thread(target=copy, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({number: f"{number}{number}\n" for number in range(8)}, results)


class Unpacking(OperationTestCase):
    """F35: the caller decides whether a file is unpacked, not what it holds."""

    def file(self, name: str, contents: bytes) -> str:
        """A file that FortiSOAR keeps under this name."""
        with tempfile.NamedTemporaryFile() as source:
            source.write(contents)
            source.flush()
            iri: str = importlib.import_module("integrations.records").create_file(source.name, name)["@id"]
        return iri

    def copied(self, container: str, value: str, **params: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.run_operation(
            "copy_to_container", id=container, input="File IRI", value=value, path="/tmp", **params
        )
        return result

    def read(self, container: str, path: str) -> bytes:
        record = self.run_operation("copy_from_container", id=container, path=path, unpack=True)
        contents: bytes = session.module("services").read(record["@id"])
        return contents

    def test_a_named_file_arrives_byte_for_byte(self) -> None:
        name = container(self)
        for kind, contents in SAMPLES.items():
            for unpack in ("Auto", "No", ""):
                with self.subTest(kind, unpack=unpack):
                    value = self.file("evidence", contents)
                    sent = self.copied(name, value, filename="rules.yar.gz", unpack=unpack)
                    self.assertIs(False, sent["unpacked"])
                    self.assertEqual(contents, self.read(name, "/tmp/rules.yar.gz"))

    def test_without_a_name_a_tar_is_unpacked_and_all_else_keeps_its_own(self) -> None:
        name = container(self)
        for kind, contents in SAMPLES.items():
            with self.subTest(kind):
                sent = self.copied(name, self.file(f"own.{kind}", contents))
                self.assertIs(kind.startswith("tar"), sent["unpacked"])
                if kind.startswith("tar"):
                    self.assertEqual(b"within", self.read(name, "/tmp/inner"))
                    self.run_operation("exec_container", id=name, Cmd="rm /tmp/inner")
                else:
                    self.assertEqual(contents, self.read(name, f"/tmp/own.{kind}"))

    def test_no_keeps_a_tar_whole_under_its_own_name(self) -> None:
        name = container(self)
        self.copied(name, self.file("own.tar", SAMPLES["tar"]), unpack="No")
        self.assertEqual(SAMPLES["tar"], self.read(name, "/tmp/own.tar"))

    def test_yes_takes_a_tar_only(self) -> None:
        name = container(self)
        self.assertIs(True, self.copied(name, self.file("a", SAMPLES["tar.gz"]), unpack="Yes")["unpacked"])
        for params, part in (
            ({"value": self.file("a", b"text"), "unpack": "Yes"}, "neither a tar nor"),
            ({"value": self.file("a", SAMPLES["gz"]), "unpack": "Yes"}, "neither a tar nor"),
            (
                {"value": self.file("a", SAMPLES["tar"]), "unpack": "Yes", "filename": "b"},
                "unpack is Yes, and filename",
            ),
            ({"input": "Text", "value": "x", "unpack": "Yes", "path": "/tmp"}, "neither a tar nor"),
        ):
            with self.subTest(part):
                whole = {"input": "File IRI", "path": "/tmp", **params}
                self.assertIn(part, self.refusal("copy_to_container", id=name, **whole))

    def test_what_only_looks_like_a_tar_is_refused_with_what_to_do(self) -> None:
        looks = bytes(257) + b"ustar" + bytes(1000)
        value = self.file("a", looks)
        text = self.refusal("copy_to_container", id=container(self), input="File IRI", value=value, path="/tmp")
        self.assertIn("set unpack to No", text)

    def test_names_up_to_what_linux_has(self) -> None:
        name = container(self)
        for filename in ("x" * 100, "x" * 101, "x" * 255, "ü" * 127, "名" * 85, "🐳" * 63, "a b'\"$(id)", "-rf"):
            with self.subTest(filename):
                self.copied(name, self.file("a", b"contents"), filename=filename, mode="600")
                self.assertEqual(b"contents", self.read(name, f"/tmp/{filename}"))
                stat = self.run_operation("stat_path", id=name, path=f"/tmp/{filename}")
                self.assertEqual("0600", stat["permissions"])
        for filename in ("x" * 256, "名" * 86, "a/b", "/etc/passwd", "..", ".", "a/"):
            with self.subTest(filename):
                text = self.refusal(
                    "copy_to_container", id=name, input="Text", value="x", path="/tmp", filename=filename
                )
                self.assertRegex(text, r"^\[invalid_parameters\] copy_to_container: .*filename must be")


class Links(OperationTestCase):
    """A symbolic link is told, and followed within the container if that is asked for."""

    def setUp(self) -> None:
        self.name = container(self)
        script = """
            mkdir -p /d/e /o; echo there > /d/e/file; echo root > /rooted; ln -s e/file /d/relative
            ln -s /d/relative /twice
            ln -s ../../../../../rooted /d/e/above; ln -s /d/e /folder; ln -s ../d/e/file /o/up; ln -s /loop2 /loop1
            ln -s /loop1 /loop2; ln -s /nowhere /dangling
        """
        self.run_operation("exec_container", id=self.name, Cmd=["sh", "-ec", script])

    def text(self, path: str, **params: Any) -> dict[str, Any]:
        result: dict[str, Any] = self.run_operation(
            "copy_from_container", id=self.name, path=path, output="Text", **params
        )
        return result

    def test_it_is_told_and_to_what(self) -> None:
        for params in ({"output": "Text"}, {"unpack": True}):
            text = self.refusal("copy_from_container", id=self.name, path="/d/relative", **params)
            self.assertRegex(text, r"/d/relative is a symbolic link to /d/e/file\. Turn on follow_link")
        text = self.refusal("copy_from_container", id=self.name, path="/d", output="Text")
        self.assertIn("/d is a folder, not a single file", text)

    def test_an_attachment_holds_the_link_itself(self) -> None:
        record = self.run_operation("copy_from_container", id=self.name, path="/d/relative")
        self.assertIs(True, record["stat"]["is_link"])
        with tarfile.open(fileobj=io.BytesIO(session.module("services").read(record["@id"]))) as archive:
            self.assertEqual(["e/file"], [entry.linkname for entry in archive])

    def test_it_is_followed_on_request(self) -> None:
        for path, real, expected in (
            ("/d/relative", "/d/e/file", "there\n"),
            ("/twice", "/d/e/file", "there\n"),
            ("/o/up", "/d/e/file", "there\n"),
            ("/folder/above", "/rooted", "root\n"),
            ("/folder/file", "/folder/file", "there\n"),
            ("/d/e/file", "/d/e/file", "there\n"),
        ):
            with self.subTest(path):
                found = self.text(path, follow_link=True)
                self.assertEqual((expected, real), (found["content"], found["path"]))
        record = self.run_operation("copy_from_container", id=self.name, path="/folder", follow_link=True)
        with tarfile.open(fileobj=io.BytesIO(session.module("services").read(record["@id"]))) as archive:
            self.assertIn("e/file", archive.getnames())

    def test_what_leads_nowhere_is_an_error(self) -> None:
        for path, expected in (
            ("/dangling", r"^\[not_found 404\] .*/dangling is a symbolic link to /nowhere, which is not in container"),
            ("/loop1", r"^\[(failed|engine_error 500|not_found 404|bad_request 400)\] .*loop"),
        ):
            with self.subTest(path):
                text = self.refusal("copy_from_container", id=self.name, path=path, output="Text", follow_link=True)
                self.assertRegex(text, expected)


class Memory(OperationTestCase):
    def test_large_files_and_logs_do_not_fill_it(self) -> None:
        script = (
            f"dd if=/dev/urandom of=/large bs=1M count={MEBIBYTES} 2>/dev/null; "
            f"yes {'x' * 99} | head -n {LOG_LINES}; echo done >&2; sleep 600"
        )
        name = container(self, "sh", "-c", script)
        self.run_operation("exec_container", id=name, Cmd="sh -c 'until [ -s /large ]; do sleep 0.1; done'")
        for _ in range(600):
            if "done" in self.run_operation("container_logs", id=name, stderr=True)["stderr"]:
                break
            self.run_operation("exec_container", id=name, Cmd="sleep 1")
        told = subprocess.run(
            [sys.executable, HERE / "scenarios" / "large.py", name],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            timeout=600,
        )
        self.assertEqual("", told.stderr)
        lines = {words[0]: words[1:] for words in map(str.split, told.stdout.splitlines())}
        back = self.run_operation("exec_container", id=name, Cmd="sha256sum /tmp/again", timeout=300)
        self.assertEqual(lines["copy"][1], back["stdout"].split()[0], "what went back is what came")
        self.assertEqual(MEBIBYTES * 1024 * 1024, int(lines["copy"][0]))
        self.assertGreater(int(lines["export"][0]), MEBIBYTES * 1024 * 1024)
        for what in ("export", "copy", "back"):
            self.assertLessEqual(int(lines[what][2]), MOST_FOR_A_FILE, f"{what}: MiB more than idle")
        self.assertEqual(["1048576", "True"], lines["logs"][:2])
        self.assertLessEqual(int(lines["logs"][2]), MOST_FOR_A_LOG, "logs: MiB more than before")
        self.assertEqual([], leftovers())


def tar() -> bytes:
    """A tar with one file, `inner`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("inner")
        entry.size = 6
        archive.addfile(entry, io.BytesIO(b"within"))
    return buffer.getvalue()


# What a file may hold, by its kind. Those whose kind begins with `tar` are unpacked where nothing else is said.
SAMPLES = {
    "tar": tar(),
    "tar.gz": gzip.compress(tar()),
    "tar.bz2": bz2.compress(tar()),
    "gz": gzip.compress(b"rule a { condition: true }"),
    "yar.bz2": bz2.compress(b"rule a { condition: true }"),
    "yar.xz": lzma.compress(b"rule a { condition: true }"),
    "text": b"plain",
    "zeros": bytes(4096),
    "nothing": b"",
}


def leftovers() -> list[str]:
    """Temporary files of the connector that nobody removed."""
    return [str(path) for path in Path(tempfile.gettempdir()).glob(f"fsr-docker-{os.getpid()}-*")]
