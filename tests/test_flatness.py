"""Memory and descriptors stay flat, over many calls and many configurations; what is changed or deleted lets go.

With FSR_TEST_ALL set: 100,000 calls and 500 configurations; else 4,000 and 60.
"""

from __future__ import annotations

import os
import threading
import unittest
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from support.configurations import Config, over_http, over_tls, over_unix
from support.session import CONNECTOR, ConnectorError, execute

LONG = bool(os.environ.get("FSR_TEST_ALL"))
CALLS, CONFIGURATIONS = (100_000, 500) if LONG else (4_000, 60)
# What an allocator and the interpreter may keep for themselves, in KiB.
MOST_GROWTH = 4096
WAYS: dict[str, Callable[[], Config]] = {"unix": over_unix, "http": over_http, "tls": over_tls}


def resident() -> int:
    """This process's memory, in KiB."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def descriptors() -> int:
    """How many files and sockets this process has open."""
    return len(os.listdir("/proc/self/fd"))


def configuration(way: str, number: int) -> Config:
    """One of many, each with connections of its own."""
    return {**WAYS[way](), "name": f"flat-{number}", "config_id": f"{number:032x}"}


def _ping(config: Config, _: int) -> None:
    execute(config, "ping")


class Flatness(unittest.TestCase):
    def assert_flat(self, what: Callable[[int], Any], times: int) -> None:
        """After a tenth of it, the rest adds nothing."""
        for number in range(times // 10):
            what(number)
        memory, files = resident(), descriptors()
        for number in range(times):
            what(number)
        self.assertLessEqual(resident() - memory, MOST_GROWTH, "KiB of memory")
        self.assertLessEqual(descriptors() - files, 3, "descriptors")

    def test_calls(self) -> None:
        for way in WAYS:
            with self.subTest(way):
                config = configuration(way, 0)
                self.assert_flat(partial(_ping, config), CALLS // len(WAYS))
                CONNECTOR.on_delete_config(config)

    def test_calls_that_fail(self) -> None:
        def fail(_: int) -> None:
            with suppress(ConnectorError):
                execute(over_unix(), "inspect_container", id="nobody")
            with suppress(ConnectorError):
                execute({**over_http("127.0.0.1:1"), "retry_attempts": 0}, "ping")

        self.assert_flat(fail, CALLS // 10)

    def test_threads_that_come_and_go(self) -> None:
        config = configuration("unix", 1)

        def call(_: int) -> None:
            threads = [threading.Thread(target=execute, args=(config, "ping")) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        self.assert_flat(call, CALLS // 40)
        CONNECTOR.on_delete_config(config)

    def test_configurations_that_come_and_go(self) -> None:
        for way in WAYS:
            before = descriptors()

            def live(number: int, way: str = way) -> None:
                config = configuration(way, number)
                execute(config, "ping")
                CONNECTOR.on_delete_config(config)

            with self.subTest(way):
                self.assert_flat(live, CONFIGURATIONS)
                self.assertLessEqual(descriptors(), before + 1)

    def test_changed_or_deleted_it_drops_its_connections(self) -> None:
        before = descriptors()
        for hook in ("on_update_config", "on_delete_config", "on_deactivate", "teardown"):
            for way in WAYS:
                with self.subTest(hook, way=way):
                    configs = [configuration(way, number) for number in range(20)]
                    for config in configs:
                        execute(config, "ping")
                    self.assertGreaterEqual(descriptors(), before + 20, "a connection is kept for each")
                    for config in configs:
                        further = ({**config, "timeout": 61}, True) if hook == "on_update_config" else ()
                        getattr(CONNECTOR, hook)(config, *further)
                    self.assertLessEqual(descriptors(), before + 1)


if __name__ == "__main__":
    unittest.main()
