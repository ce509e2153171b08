"""F25: behind the web servers that people put in front of an engine, the strict ones among them.

Every operation's real cases run through lighttpd, which is the strictest, and with `--all` through all.
What a server refuses by itself ends with an error that says whose limit it is and where it is raised.
"""

from __future__ import annotations

import os
import unittest

import test_every_operation

from support.case import OperationTestCase
from support.engine import container
from support.intermediaries import SERVERS, Intermediary

ALL = bool(os.environ.get("FSR_TEST_ALL"))


# Those whose limits are tried.
CHOSEN = [name for name in SERVERS if ALL or name in ("lighttpd", "nginx")]


def every_operation_behind(name: str) -> type[unittest.TestCase]:
    """The cases of every operation, through a server."""

    class Behind(test_every_operation.EveryOperation):
        @classmethod
        def setUpClass(cls) -> None:
            super().setUpClass()
            server = Intermediary(name, "passing", "unlimited")
            cls.addClassCleanup(server.close)
            cls.config = server.config()

        def runs_here(self, operation: str, case: test_every_operation.Case) -> bool:
            # The address is the server's, and not the case's.
            elsewhere = "server_address" in case.get("config", {})
            usual = super().runs_here(operation, case)
            return usual and not elsewhere and "stdin_text" not in case.get("params", {})

    Behind.__name__ = Behind.__qualname__ = f"EveryOperationBehind{name.title()}"
    return Behind


for _name in SERVERS:
    if ALL or _name == "lighttpd":  # the strictest
        _behind = every_operation_behind(_name)
        globals()[_behind.__name__] = _behind
        del _behind  # or it would be found twice


class Limits(OperationTestCase):
    """What a server refuses by itself."""

    def assert_advised(self, text: str, begins: str, *parts: str) -> None:
        self.assertRegex(text, rf"^\[{begins}\] \w+: a proxy in front of the engine answered ")
        for part in parts:
            self.assertIn(part, text)

    def test_a_post_says_that_it_has_no_body(self) -> None:
        for name in CHOSEN:
            with self.subTest(name), Intermediary(name) as server:
                self.config = server.config()  # type: ignore[misc]
                running = container(self)
                for operation in ("pause_container", "unpause_container", "kill_container", "start_container"):
                    self.run_operation(operation, id=running)

    def test_a_body_that_is_too_large(self) -> None:
        dockerfile = "FROM scratch\n" + "# " * 2_000_000
        for name in CHOSEN:
            if SERVERS[name].small is not None:
                with self.subTest(name), Intermediary(name, "small") as server:
                    text = self.refusal_with(server.config(), "build_image", dockerfile_content=dockerfile)
                    self.assert_advised(text, "bad_request 413", "refuses bodies of this size", "raise its limit")

    def test_a_line_that_is_too_long(self) -> None:
        filters = {"label": [f"{number:01000}" for number in range(40)]}
        for name in CHOSEN:
            if name != "caddy":  # it takes more than a request line may have here
                with self.subTest(name), Intermediary(name) as server:
                    text = self.refusal_with(server.config(), "list_containers", filters=filters)
                    self.assert_advised(text, "bad_request 4(00|14|31)", "fewer or shorter", "raise its limit")

    def test_an_answer_that_takes_too_long(self) -> None:
        for name in CHOSEN:
            if SERVERS[name].impatient is not None:
                with self.subTest(name), Intermediary(name, "impatient") as server:
                    text = self.refusal_with(
                        server.config(), "stop_container", id=container(self, "sh", "-c", _STAYS), t=5
                    )
                    self.assert_advised(text, f"unknown_outcome {SERVERS[name].says_late}", "may have done it")

    def test_an_engine_that_is_away(self) -> None:
        for name in CHOSEN:
            with self.subTest(name), Intermediary(name, engine=False) as server:
                text = self.refusal_with(server.config(), "list_containers")
                self.assert_advised(text, "unavailable 50[23]", "try again later")


class Streams(OperationTestCase):
    """Answers that go on, and connections that the engine takes over."""

    def test_an_answer_that_is_held_back_ends_in_time(self) -> None:
        talks = container(self, "sh", "-c", "while true; do echo here; sleep 0.2; done")
        for name in CHOSEN:
            with self.subTest(name), Intermediary(name) as server:
                self.config = server.config()  # type: ignore[misc]
                for operation, params in (("container_logs", {"follow": True}), ("container_attach", {})):
                    result = self.run_operation(operation, id=talks, timeout=2, **params)
                    self.assertIs(True, result["timed_out"])

    def test_what_comes_as_it_is_written_is_delivered(self) -> None:
        talks = container(self, "sh", "-c", "while true; do echo here; sleep 0.2; done")
        for name in CHOSEN:
            with self.subTest(name), Intermediary(name, "passing") as server:
                self.config = server.config()  # type: ignore[misc]
                for operation, params in (("container_logs", {"follow": True}), ("container_attach", {})):
                    result = self.run_operation(operation, id=talks, timeout=2, **params)
                    self.assertIs(True, result["timed_out"])
                    self.assertIn("here\n", result["stdout"])

    def test_input_to_a_command(self) -> None:
        """Most servers cut the connection where the input ends: what came before counts, and the result says so."""
        for name in CHOSEN:
            with self.subTest(name), Intermediary(name, "passing") as server:
                config, running = server.config(), container(self)
                params = {"id": running, "Cmd": "sh -c 'cat; exit 3'", "stdin_text": "in"}
                # As set up here, they do not let a request with a body take the connection over.
                if name in ("haproxy", "lighttpd"):
                    self.assertIn("no input can be sent", self.refusal_with(config, "exec_container", **params))
                    continue
                self.config = config  # type: ignore[misc]
                result = self.run_operation("exec_container", **params)
                self.assertEqual(("in", 3), (result["stdout"], result["exit_code"]))
                self.assertEqual(name != "apache", result["truncated"])
                self.assertEqual(name != "apache", "may be missing" in result["result"])


# Ends only when it is killed.
_STAYS = "trap '' TERM; while true; do sleep 1; done"


if __name__ == "__main__":
    unittest.main()
