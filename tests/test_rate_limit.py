"""The rate limit: never more requests in any 60 seconds, whoever sends them, and no more patience than is left.

The tests of several minutes run where FSR_TEST_ALL is set, as `cargo xtask test --all` does.
"""

from __future__ import annotations

import fcntl
import glob
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest import mock

from support.case import OperationTestCase
from support.configurations import Config, over_unix
from support.recorder import Answer, Recorder
from support.recording_proxy import RecordingProxy, Request
from support.session import CONNECTOR, ConnectorError, execute, given

HERE = Path(__file__).resolve().parent
WINDOW = 60.0
takes_minutes = unittest.skipUnless(os.environ.get("FSR_TEST_ALL"), "takes minutes; FSR_TEST_ALL is not set")


def most_in_a_minute(requests: list[Request]) -> int:
    """The most requests in any 60 seconds."""
    times = sorted(request.at for request in requests)
    return max((sum(1 for time in times if start <= time < start + WINDOW) for start in times), default=0)


class Worker:
    """A process of `scenarios/limited.py`; it begins with `go`."""

    def __init__(self, engine: RecordingProxy, limit: int, timeout: int, threads: int, seconds: float) -> None:
        command = [sys.executable, HERE / "scenarios/limited.py", engine.socket, limit, timeout, threads, seconds]
        self.process = subprocess.Popen(
            [str(word) for word in command],
            env={**os.environ, "PYTHONPATH": str(HERE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def outcomes(self) -> list[str]:
        return self.process.communicate(timeout=300)[0].splitlines()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class RateLimitTestCase(OperationTestCase):
    def setUp(self) -> None:
        self.engine = RecordingProxy(given("ENGINE_SOCKET"))
        self.addCleanup(self.engine.close)

    def limited(self, limit: int, **fields: Any) -> Config:
        config = {**over_unix(self.engine.socket), "rate_limit": limit, "api_version": "v1.41", "retry_attempts": 0}
        config.update(fields)
        self.addCleanup(CONNECTOR.on_delete_config, config)
        return config

    def run_workers(self, count: int, limit: int, timeout: int, threads: int, seconds: float) -> list[str]:
        workers = [Worker(self.engine, limit, timeout, threads, seconds) for _ in range(count)]
        for worker in workers:
            worker.ready()
        for worker in workers:
            worker.go()
        return [outcome for worker in workers for outcome in worker.outcomes()]

    def assert_refused_at_once(self, config: Config, limit: int) -> None:
        sent = len(self.engine.requests)
        began = time.monotonic()
        text = self.refusal_with(config, "ping")
        self.assertLess(time.monotonic() - began, 1)
        self.assertRegex(text, rf"^\[rate_limited\] ping: .*{limit} requests per minute.* \d+ s.*\. .*rate_limit")
        self.assertEqual(sent, len(self.engine.requests))


class Quick(RateLimitTestCase):
    """What shows within seconds."""

    def test_processes_and_threads_share_it(self) -> None:
        outcomes = self.run_workers(4, limit=40, timeout=3, threads=4, seconds=20)
        self.assertEqual(40, len(self.engine.requests))
        self.assertEqual(40, outcomes.count("ok"))
        refusals = [outcome for outcome in outcomes if outcome != "ok"]
        self.assertEqual(16, len(refusals), "each thread ends with one")
        for refusal in refusals:
            seconds, text = refusal.split(" ", 1)
            self.assertLess(float(seconds), 2, "16 threads on what may be one core")
            self.assertRegex(text, r"^\[rate_limited\] ping: ")
        self.assert_refused_at_once(self.limited(40, timeout=3), 40)

    def test_what_asks_for_the_version_counts_too(self) -> None:
        config = self.limited(6, timeout=2, api_version="Auto")
        with ThreadPoolExecutor(4) as threads, self.assertRaises(ConnectorError):
            list(threads.map(lambda _: execute(config, "ping"), range(10)))
        self.assertEqual(6, len(self.engine.requests))

    def test_tries_count_too(self) -> None:
        with Recorder("1.41", {"GET /info": Answer(503, {"message": "not now"})}) as recorder:
            config = {**self.limited(3, timeout=5), "server_address": recorder.socket}
            text = self.refusal_with({**config, "retry_attempts": 9, "retry_delay": 0}, "get_info")
            self.assertEqual(3, len(recorder.requests))
        self.assertRegex(text, r"^\[rate_limited\] get_info: ")

    def test_another_engine_has_its_own(self) -> None:
        config = self.limited(1, timeout=3)
        execute(config, "ping")
        waiting = Worker(self.engine, limit=1, timeout=100, threads=4, seconds=100)
        self.addCleanup(waiting.kill)
        waiting.ready()
        waiting.go()
        with RecordingProxy(given("ENGINE_SOCKET")) as other:
            began = time.monotonic()
            for _ in range(20):
                execute({**config, "server_address": other.socket, "rate_limit": 20}, "ping")
            self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(1, len(self.engine.requests))

    def test_one_that_waits_in_this_process_holds_no_other_up(self) -> None:
        config = self.limited(1, timeout=3)
        execute(config, "ping")
        patient = {**config, "timeout": 90}
        waiting = threading.Thread(target=lambda: execute(patient, "ping"), daemon=True)
        waiting.start()
        time.sleep(0.2)
        with RecordingProxy(given("ENGINE_SOCKET")) as other:
            began = time.monotonic()
            for _ in range(20):
                execute({**config, "server_address": other.socket, "rate_limit": 0}, "ping")
            self.assertLess(time.monotonic() - began, 2)
        self.assertTrue(waiting.is_alive())

    def test_a_killed_process_takes_nothing_with_it(self) -> None:
        doomed = Worker(self.engine, limit=30, timeout=100, threads=4, seconds=100)
        doomed.ready()
        doomed.go()
        until = time.monotonic() + 10
        while len(self.engine.requests) < 10 and time.monotonic() < until:
            time.sleep(0.001)
        doomed.kill()
        outcomes = self.run_workers(2, limit=30, timeout=2, threads=4, seconds=20)
        self.assertLessEqual(len(self.engine.requests), 30)
        # A killed thread may have taken a turn that it could not use.
        self.assertGreaterEqual(len(self.engine.requests), 30 - 4)
        self.assertTrue(all(o == "ok" or "[rate_limited]" in o for o in outcomes), outcomes)

    def test_the_clock_on_the_wall_does_not_matter(self) -> None:
        """A process that believes in another time keeps the same limit."""
        within = "usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
        faketime = os.path.join(os.environ.get("ENGINE_TOOLS") or "/", within)
        if not os.path.exists(faketime):
            self.skipTest("there is no libfaketime here")
        config = self.limited(5, timeout=2)
        for _ in range(5):
            execute(config, "ping")
        with mock.patch.dict(
            os.environ, {"LD_PRELOAD": faketime, "FAKETIME": "+1d", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        ):
            (outcome,) = self.run_workers(1, limit=5, timeout=2, threads=1, seconds=5)
        self.assertIn("[rate_limited]", outcome)

    def test_none_is_none(self) -> None:
        config = self.limited(0)
        for _ in range(700):
            execute(config, "ping")


class Files(RateLimitTestCase):
    """What the processes share, and what if it cannot be shared."""

    def rings(self, folder: str) -> list[str]:
        return glob.glob(os.path.join(folder, f"fsr-docker-{os.geteuid()}", "rate-*"))

    def test_only_this_user_has_them(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"TMPDIR": folder}):
            execute(self.limited(5), "ping")
            (ring,) = self.rings(folder)
            self.assertEqual(0o600, stat.S_IMODE(os.stat(ring).st_mode))
            self.assertEqual(0o700, stat.S_IMODE(os.stat(os.path.dirname(ring)).st_mode))

    def test_damage_opens_nothing_and_closes_for_a_minute_at_most(self) -> None:
        for limit, damage in enumerate((b"\xff", b"\x00", b"\x7f", b"\x01"), 5):
            with self.subTest(damage), tempfile.TemporaryDirectory() as folder:
                config = self.limited(limit, timeout=2)
                with mock.patch.dict(os.environ, {"TMPDIR": folder}):
                    execute(config, "ping")
                (ring,) = self.rings(folder)
                with open(ring, "r+b") as file:
                    file.write(damage * os.path.getsize(ring))
                self.engine.requests.clear()
                for _ in range(2 * limit):
                    try:
                        execute(config, "ping")
                    except ConnectorError as refusal:
                        self.assertRegex(
                            str(refusal), r"^\[rate_limited\] ping: .* next free slot in (60|[1-5]?[0-9]) s\."
                        )
                self.assertLessEqual(len(self.engine.requests), limit)
                self.assertGreaterEqual(len(self.engine.requests), 1)

    def test_without_a_private_folder_each_process_keeps_its_own_and_says_so(self) -> None:
        for spoil in ("link", "open", "file"):
            with self.subTest(spoil), tempfile.TemporaryDirectory() as folder:
                ours, elsewhere = os.path.join(folder, f"fsr-docker-{os.geteuid()}"), os.path.join(folder, "elsewhere")
                if spoil == "link":
                    os.mkdir(elsewhere, 0o700)
                    os.symlink(elsewhere, ours)
                elif spoil == "open":
                    os.mkdir(ours)
                    os.chmod(ours, 0o777)
                else:
                    Path(ours).write_text("")
                with mock.patch.dict(os.environ, {"TMPDIR": folder}), self.assertLogs("connectors", "WARNING") as log:
                    config = self.limited(9, timeout=2)
                    CONNECTOR.check_health(config)
                self.assertIn("rate_limit is kept by each worker process alone", "\n".join(log.output))
                self.assertEqual([], glob.glob(f"{elsewhere}/*"))
                for _ in range(9 - len(self.engine.requests)):
                    execute(config, "ping")
                self.assert_refused_at_once(config, 9)
                CONNECTOR.on_delete_config(config)
                self.engine.requests.clear()


class Disks(RateLimitTestCase):
    """F45: whatever becomes of the temporary folder, calls go on and this process keeps the limit."""

    LIMIT = 6

    def child(self, spoil: str, *, mounted: str = "", own_folder: bool = True) -> str:
        """Runs `scenarios/disks.py` with a mount of its own, and gives what it says."""
        with tempfile.TemporaryDirectory() as folder:
            mounts = f"mount -t tmpfs {mounted} none {folder} && " if mounted else ""
            command = [
                sys.executable,
                str(HERE / "scenarios/disks.py"),
                self.engine.socket,
                str(self.LIMIT),
                folder if own_folder else f"{folder}/none",
                spoil,
            ]
            run = subprocess.run(
                ["unshare", "--mount", "sh", "-c", f'{mounts}exec "$@"', "sh", *command],
                env={**os.environ, "PYTHONPATH": str(HERE)},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            self.assertEqual(0, run.returncode, run.stdout + run.stderr)
            self.assertEqual(self.LIMIT, len(self.engine.requests), run.stdout)
            self.engine.requests.clear()
            return run.stdout

    def assert_alone(self, told: str) -> None:
        self.assertIn("rate_limit is kept by each worker process alone", told)

    def test_a_full_one(self) -> None:
        self.assert_alone(self.child("fill", mounted="-o size=64k"))

    def test_one_that_fills_up_meanwhile(self) -> None:
        self.child("fill later", mounted="-o size=64k")

    def test_one_that_fills_up_and_loses_the_file(self) -> None:
        for spoil in ("truncate and fill later", "remove and fill later"):
            with self.subTest(spoil):
                self.assert_alone(self.child(spoil, mounted="-o size=64k"))

    def test_a_file_that_is_truncated_or_removed(self) -> None:
        for spoil in ("truncate later", "remove later", "remove folder later", "shorten later"):
            with self.subTest(spoil):
                self.assertNotIn("alone", self.child(spoil))

    def test_one_that_can_only_be_read(self) -> None:
        self.assert_alone(self.child("", mounted="-o ro"))
        self.assert_alone(self.child("read only later", mounted="-o size=64k"))

    def test_one_without_room_for_names(self) -> None:
        self.assert_alone(self.child("", mounted="-o nr_inodes=1"))
        self.assert_alone(self.child("", mounted="-o nr_inodes=2"))

    def test_one_that_is_missing(self) -> None:
        self.assert_alone(self.child("", own_folder=False))

    def test_something_else_in_the_files_place(self) -> None:
        for spoil in ("pipe later", "folder later", "link later", "second name later", "device later"):
            with self.subTest(spoil):
                self.assert_alone(self.child(spoil))

    def test_a_process_that_was_stopped_with_the_lock_holds_nobody_up(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, {"TMPDIR": folder}):
            config = self.limited(5, timeout=20)
            execute(config, "ping")
            (ring,) = glob.glob(os.path.join(folder, "fsr-docker-*", "rate-*"))
            with open(ring, "r+b") as held:
                fcntl.flock(held, fcntl.LOCK_EX)
                began = time.monotonic()
                execute(config, "ping")
                self.assertLess(time.monotonic() - began, 5)
                with self.assertLogs("connectors", "WARNING") as log:
                    CONNECTOR.check_health(config)
            self.assert_alone("\n".join(log.output))


class Forks(RateLimitTestCase):
    def test_parent_and_children_share_it(self) -> None:
        """Forked while threads take turns: no lock is left behind, and no turn is taken twice."""
        config = self.limited(40, timeout=2)
        over = threading.Event()

        def work() -> None:
            while not over.is_set():
                try:
                    execute(config, "ping")
                except ConnectorError:
                    return

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        children = []
        for _ in range(4):
            if (child := os.fork()) == 0:
                with suppress(ConnectorError):
                    for _ in range(40):
                        execute(config, "ping")
                os._exit(7)
            children.append(child)
        for child in children:
            _, status = os.waitpid(child, 0)
            self.assertEqual(7, os.waitstatus_to_exitcode(status))
        over.set()
        for thread in threads:
            thread.join()
        with suppress(ConnectorError):
            for _ in range(40):
                execute(config, "ping")
        self.assertEqual(40, len(self.engine.requests))


@takes_minutes
class Long(RateLimitTestCase):
    """What shows within minutes."""

    def test_it_is_kept_and_used(self) -> None:
        limit, minutes = 120, 3
        outcomes = self.run_workers(8, limit=limit, timeout=100, threads=4, seconds=60 * minutes)
        self.assertEqual({"ok"}, set(outcomes))
        self.assertLessEqual(most_in_a_minute(self.engine.requests), limit)
        first = self.engine.requests[0].at
        within = [request for request in self.engine.requests if request.at < first + 60 * minutes]
        self.assertGreaterEqual(len(within), 0.98 * limit * minutes)

    def test_slow_connections_do_not_save_turns_up(self) -> None:
        """Turns that were not used when they came are not used all at once later."""
        limit, slow = 20, threading.Event()
        slow.set()
        with Recorder("1.41", {}) as recorder:
            answer_to = recorder.answer_to

            def slowly(request: Request) -> Any:
                if slow.is_set():
                    time.sleep(1)
                return answer_to(request)

            recorder.answer_to = slowly  # type: ignore[method-assign]
            fields = {"server_address": recorder.socket, "max_connections": 1, "timeout": 300}
            config = self.limited(limit, **fields)
            timer = threading.Timer(45, slow.clear)
            timer.start()
            with ThreadPoolExecutor(2 * limit) as threads:
                list(threads.map(lambda _: execute(config, "ping"), range(2 * limit)))
            timer.join()
            self.assertEqual(2 * limit, len(recorder.requests))
            self.assertLessEqual(most_in_a_minute(recorder.requests), limit)

    def test_waiters_keep_their_order(self) -> None:
        config = self.limited(5, timeout=100)
        for _ in range(5):
            execute(config, "ping")
            time.sleep(0.5)
        ended: list[int] = []

        def wait(number: int) -> None:
            execute(config, "ping")
            ended.append(number)

        with ThreadPoolExecutor(5) as threads:
            for number in range(5):
                threads.submit(wait, number)
                time.sleep(0.2)
        self.assertEqual([0, 1, 2, 3, 4], ended)


if __name__ == "__main__":
    unittest.main()
