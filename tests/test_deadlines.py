"""Nothing hangs: whatever a server does, each call ends at its bound."""

from __future__ import annotations

import socket
import time
import unittest
from contextlib import suppress
from typing import Any

from support.case import OperationTestCase
from support.configurations import Config, over_http, over_unix
from support.engine import container
from support.raw_server import (
    Answer,
    RawServer,
    dribbles,
    is_silent,
    ok,
)
from support.session import execute

JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
# What only looks, and what changes something.
GET: tuple[str, dict[str, Any], str] = ("get_info", {}, "GET /info")
CREATE: tuple[str, dict[str, Any], str] = ("create_volume", {"Name": "v"}, "POST /volumes/create")


def hurried(server: RawServer, timeout: int = 2) -> Config:
    """Waits for nothing longer than this."""
    return {**over_http(server.address), "timeout": timeout, "retry_attempts": 0}


class Deadlines(OperationTestCase):
    """Nothing hangs: each ends at its bound."""

    def assert_ends(self, answer: Answer, kind: str = "timed_out|unknown_outcome|protocol", seconds: float = 1) -> None:
        for operation, params, _ in (GET, CREATE, ("container_logs", {"id": "web"}, "")):
            with self.subTest(operation), RawServer(answer) as server:
                began = time.monotonic()
                text = self.ending(hurried(server, int(seconds)), operation, params)
                took = time.monotonic() - began
                self.assertLess(took, seconds + 1.5)
                if text.startswith("["):
                    self.assertRegex(text, rf"^\[({kind})( \d+)?\] {operation}: ")
                else:
                    self.assertIn("'timed_out': True", text)

    def test_silence(self) -> None:
        self.assert_ends(is_silent)

    def test_silence_at_first(self) -> None:
        with RawServer(ok(), ping=is_silent) as server:
            began = time.monotonic()
            self.assertRegex(self.ending(hurried(server), *CREATE[:2]), r"^\[timed_out\] create_volume: ")
            self.assertLess(time.monotonic() - began, 3.5)
            self.assertEqual([], server.seen)

    def test_a_head_byte_by_byte(self) -> None:
        self.assert_ends(dribbles(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.5))

    def test_a_head_without_end(self) -> None:
        self.assert_ends(dribbles(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n" * 100, 0.001))
        self.assert_ends(dribbles(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 10000, 0.001))

    def test_a_body_byte_by_byte(self) -> None:
        self.assert_ends(dribbles(JSON + b"Content-Length: 1000000\r\n\r\n", b" ", 0.5))
        self.assert_ends(dribbles(JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.5))

    def test_a_body_that_stops(self) -> None:
        self.assert_ends(dribbles(JSON + b"Content-Length: 1000000\r\n\r\n{", b"", 0.5))

    def test_a_body_without_end(self) -> None:
        self.assert_ends(
            dribbles(JSON + b"Transfer-Encoding: chunked\r\n\r\n", b"400\r\n" + b" " * 1024 + b"\r\n", 0.001)
        )

    def test_a_refusal_without_end(self) -> None:
        head = b"HTTP/1.1 500 No\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.assert_ends(dribbles(head, b"1\r\nx\r\n", 0.5), "engine_error")
        self.assert_ends(dribbles(head, b"400\r\n" + b"x" * 1024 + b"\r\n", 0.001), "engine_error")

    def test_nobody_accepts(self) -> None:
        """A listener with a full queue: the connection is never made."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            crowd = [socket.socket() for _ in range(4)]
            for one in crowd:
                one.setblocking(False)
                with suppress(BlockingIOError):
                    one.connect(listener.getsockname())
            config = {**over_http(f"127.0.0.1:{listener.getsockname()[1]}"), "connect_timeout": 1}
            began = time.monotonic()
            text = self.refusal_with({**config, "retry_attempts": 1, "retry_delay": 0}, "get_info")
            self.assertLess(time.monotonic() - began, 5)
            self.assertRegex(text, r"^\[unreachable\] get_info: .*connect_timeout")
            for one in crowd:
                one.close()

    def test_a_stream_that_never_ends_gives_what_had_come(self) -> None:
        name = container(self, "sh", "-c", "while true; do echo tick; sleep 0.2; done")
        began = time.monotonic()
        result = execute(over_unix(), "container_logs", id=name, follow=True, timeout=2)
        self.assertLess(time.monotonic() - began, 4)
        self.assertTrue(result["timed_out"])
        self.assertIn("tick", result["stdout"])

    def test_the_error_says_how_long(self) -> None:
        with RawServer(is_silent) as server:
            self.assertRegex(
                self.ending(hurried(server), *GET[:2]), r"^\[timed_out\] get_info: .*\b[12](\.\d)? s\b.*time-?out"
            )


if __name__ == "__main__":
    unittest.main()
