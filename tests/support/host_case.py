"""The local host, `fsr-docker serve`, for tests by FortiSOAR's public client: one host for all tests of a class.

Needs FSR_DOCKER, the program, and PYFSR, the folder with the client; without them the tests are skipped.
"""

from __future__ import annotations

import os
import sys
import time
import unittest
from collections.abc import Callable
from typing import Any, ClassVar

if "PYFSR" not in os.environ:
    raise unittest.SkipTest("there is no pyfsr for this Python")
sys.path.append(os.environ["PYFSR"])

from support.local_host import LocalHost


def until(condition: Callable[[], Any], complaint: str) -> None:
    """Waits for a condition."""
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(complaint)
        time.sleep(0.02)


class HostTestCase(unittest.TestCase):
    """One host for all tests of a class."""

    arguments: ClassVar[tuple[str, ...]] = ()
    host: ClassVar[LocalHost]
    client: ClassVar[Any]

    @classmethod
    def setUpClass(cls) -> None:
        cls.host = LocalHost(*cls.arguments)
        cls.addClassCleanup(cls.host.close)
        cls.client = cls.host.client()

    def failure(self, connector: str, operation: str, **further: Any) -> str:
        """The message of an operation that must fail, as the client raises it."""
        with self.assertRaises(Exception) as caught:
            self.client.connectors.execute(connector, operation, **further)
        message = str(caught.exception)
        start = "CS-INTEGRATION-5: Error occurred while executing the connector action ERROR :: "
        self.assertTrue(message.startswith(start), message)
        return message[len(start) :]
