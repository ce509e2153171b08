"""Files between containers and attachments: whole, hashed, private, gone afterwards; and memory that does not grow.

With FSR_TEST_ALL set, the large file has a gibibyte and the log 100 MB; else 48 MiB and 20 MB.
"""

from __future__ import annotations

import hashlib
import io
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


def leftovers() -> list[str]:
    """Temporary files of the connector that nobody removed."""
    return [str(path) for path in Path(tempfile.gettempdir()).glob(f"fsr-docker-{os.getpid()}-*")]
