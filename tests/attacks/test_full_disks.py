"""Disks that are full or read-only, and files that are cut short, under each folder that the local host writes to.

Those of the connector itself are in `test_bounds.Disks`, `test_rate_limit.Disks` and `test_native.Loading`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import host_case

HERE = Path(__file__).resolve().parent.parent
assert host_case  # without the client there is no local host to attack


class State(unittest.TestCase):
    """The state folder: database, uploads, packages, records, sockets, logs."""

    said: list[tuple[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        with tempfile.TemporaryDirectory() as folder:
            mounted = Path(folder, "state")
            mounted.mkdir()
            run = subprocess.run(
                [
                    *("unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=8m none "$1" && shift && exec "$@"'),
                    *("sh", str(mounted), sys.executable, str(HERE / "scenarios/full_state.py"), str(mounted)),
                ],
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=600,
                check=False,
            )
        assert run.returncode == 0, run.stdout
        pairs = (line.partition(": ") for line in run.stdout.splitlines())
        cls.said = [(step, outcome) for step, _, outcome in pairs]

    def of(self, step: str) -> list[str]:
        """What came of the steps whose name begins so."""
        found = [outcome for name, outcome in self.said if name.startswith(step)]
        self.assertTrue(found, self.said)
        return found

    def test_each_request_is_answered(self) -> None:
        for step in ("upload", "configure", "install another", "replace:", "execute"):
            for outcome in self.of(step.rstrip(":")):
                self.assertRegex(
                    outcome, "^(gave|failed with APIError: (A file|The database) of the local host: )|refused", step
                )
        for step in ("history", "forget", "list", "records"):
            self.assertRegex(self.of(step)[0], r"^gave '20\d ", step)
        self.assertRegex(self.of("upload")[0], "No space left")

    def test_nothing_is_left_of_what_failed(self) -> None:
        self.assertEqual(["[]"], self.of("left behind"))

    def test_a_package_is_replaced_as_a_whole_or_not_at_all(self) -> None:
        self.assertEqual({"the old one", "the new one"}, set(self.of("what is there")))
        self.assertIn("  - the local host's folder cannot be written to", dict(self.said))
        for at, (step, outcome) in enumerate(self.said):
            if step == "a call":
                self.assertIn("status='Success'", outcome, self.said[max(0, at - 4) : at])

    def test_it_starts_where_there_is_no_room(self) -> None:
        self.assertEqual(["gave None"], self.of("start on a full one"))

    def test_where_it_cannot_start_it_says_why(self) -> None:
        self.assertRegex(self.of("start on a read-only one")[0], "did not start: .*state/.*: Read-only file system")
        for outcome in self.of("start with 4096"):
            self.assertRegex(outcome, "did not start: The database in the state folder: .*--state DIR")
        self.assertLessEqual(set(self.of("it ended with")), {"0", "1", "-15"})


class Folders(unittest.TestCase):
    """The folders of a call: its temporary files, what is exchanged with FortiSOAR, and FortiSOAR's own records."""

    def test_each_call_ends_with_its_own_error(self) -> None:
        for folder in ("temporary", "exchange", "records"):
            for options in ("", "ro"):
                with self.subTest(folder, options=options):
                    run = subprocess.run(
                        [
                            *("unshare", "--mount", sys.executable, str(HERE / "scenarios/full_folders.py")),
                            *(folder, options),
                        ],
                        env={
                            **os.environ,
                            "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]),
                        },
                        capture_output=True,
                        text=True,
                        timeout=120,
                        check=False,
                    )
                    self.assertEqual(0, run.returncode, run.stdout + run.stderr)
                    lines = run.stdout.splitlines()
                    self.assertEqual(10, len(lines), run.stdout)
                    for line in lines:
                        self.assertRegex(line, r"^[a-z_]+: .(gave |failed \[[a-z_]+( \d+)?\] [a-z_]+: [A-Z])")
                        self.assertTrue(line.endswith("; paused=False; left=0"), line)
                        self.assertNotIn("Errno", line)
                    full = [line for line in lines if re.search("No space left on device|Read-only file system", line)]
                    self.assertGreater(len(full), 4, run.stdout)
                    for line in full:
                        self.assertRegex(line, "failed .attachment. .*(Free room|could not be made in /)")


if __name__ == "__main__":
    unittest.main()
