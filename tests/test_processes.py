"""Workers: forks, threads, interruptions, two versions side by side, and installations over a loaded package.

What could take the test runner down runs in a process of its own: a program of `scenarios/`.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from execute import load
from install import install
from support import configurations
from support.engine import api, container
from support.packages import another_version
from support.scenario import scenario
from support.session import CONNECTOR, PACKAGE, ROOT, execute

TRANSPORTS: dict[str, Callable[[], configurations.Config]] = {
    "unix": configurations.over_unix,
    "tls": configurations.over_tls,
}


class Workers(unittest.TestCase):
    def assert_well(self, process: subprocess.Popen[str], seconds: float = 120) -> str:
        """The program ends in time, and as it should; answers what it printed."""
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
            self.fail(f"hung for {seconds} s\n{output}{errors}")
        self.assertEqual(0, process.returncode, f"{output}{errors}")
        return output

    def test_fork_in_the_middle(self) -> None:
        self.assert_well(scenario("fork"))

    def test_installed_over_while_calls_run(self) -> None:
        self.assert_well(scenario("reinstall", container(self)))

    def test_interruption(self) -> None:
        for transport in TRANSPORTS:
            with self.subTest(transport):
                process = scenario("interrupt", transport, container(self))
                assert process.stdout is not None
                self.assertEqual("calling\n", process.stdout.readline())
                time.sleep(1)
                began = time.monotonic()
                process.send_signal(signal.SIGINT)
                self.assertEqual("interrupted\n", process.stdout.readline())
                self.assertLess(time.monotonic() - began, 1)
                self.assertIn("again after 0.", self.assert_well(process, 10))

    def test_two_versions_side_by_side(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            other = another_version(Path(folder) / "other.tgz", "9.8.7")
            installed = install(other, ROOT)
        second = load(ROOT, installed.name, installed.version)
        self.assertIsNot(type(CONNECTOR), type(second))
        config = configurations.over_unix()
        for _ in range(3):
            for connector in (CONNECTOR, second):
                self.assertEqual(api("GET", "/version"), connector.execute(config, "get_version", {}))
        modules = {name for name in sys.modules if name.endswith("._engine")}
        expected = {f"connectors.{PACKAGE.name}_{v.replace('.', '_')}._engine" for v in (PACKAGE.version, "9.8.7")}
        self.assertEqual(expected, modules)

    def test_other_threads_run_while_a_call_waits(self) -> None:
        name = container(self)
        for transport, configuration in TRANSPORTS.items():
            with self.subTest(transport), ThreadPoolExecutor(1) as threads:
                call = threads.submit(execute, configuration(), "exec_container", id=name, Cmd=["sleep", "1"])
                longest, last = 0.0, time.monotonic()
                while not call.done():
                    time.sleep(0.001)
                    longest, last = max(longest, time.monotonic() - last), time.monotonic()
                self.assertEqual(0, call.result()["exit_code"])
                self.assertLess(longest, 0.5, "the interpreter's lock was held")

    def test_many_threads(self) -> None:
        for transport, configuration in TRANSPORTS.items():
            config = configuration()
            answers: list[str] = []

            def ping(config: configurations.Config = config, answers: list[str] = answers) -> None:
                for _ in range(50):
                    answers.append(execute(config, "ping")["response"])

            with self.subTest(transport):
                threads = [threading.Thread(target=ping) for _ in range(16)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join(60)
                self.assertEqual(["OK"] * 16 * 50, answers)

    def test_calls_of_one_thread_do_not_wait_for_another(self) -> None:
        name, config = container(self), configurations.over_unix()
        with ThreadPoolExecutor(1) as threads:
            slow = threads.submit(execute, config, "exec_container", id=name, Cmd=["sleep", "2"])
            began = time.monotonic()
            for _ in range(20):
                execute(config, "get_version")
            self.assertLess(time.monotonic() - began, 1.5)
            self.assertFalse(slow.done())
            slow.result()


if __name__ == "__main__":
    unittest.main()
