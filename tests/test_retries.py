"""What is tried again and what never is, seen on the wire."""

from __future__ import annotations

import socket
import threading
import time
import unittest
from contextlib import suppress
from typing import Any

from support.case import OperationTestCase
from support.configurations import Config, over_http, over_tls, over_unix
from support.engine import api, container, state, unique
from support.raw_server import (
    Answer,
    RawServer,
    hangs_up,
    is_silent,
    ok,
    refuses,
    resets,
    says,
)
from support.recording_proxy import RecordingProxy, is_look_for_isolation
from support.session import CONNECTOR, ConnectorError, given

LIST = "GET /containers/json"
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
# Each method, by an operation of one request.
GET: tuple[str, dict[str, Any], str] = ("get_info", {}, "GET /info")
POST: tuple[str, dict[str, Any], str] = ("create_network", {"Name": "n"}, "POST /networks/create")
CREATE: tuple[str, dict[str, Any], str] = ("create_volume", {"Name": "v"}, "POST /volumes/create")
DELETE: tuple[str, dict[str, Any], str] = ("remove_network", {"id": "n"}, "DELETE /networks/n")


def patient(server: RawServer, **fields: Any) -> Config:
    """Tries three times in all, without long waits."""
    return {**over_http(server.address), "timeout": 20, "retry_attempts": 2, "retry_delay": 0, **fields}


def calls(server: RawServer) -> list[str]:
    """What it has seen, but for the look for isolated containers that comes before some changes."""
    return [request for request in server.seen if not is_look_for_isolation(request)]


class Repeated(OperationTestCase):
    """Tried again, and how often."""

    def test_a_read_whose_answer_is_lost(self) -> None:
        for lost in (
            hangs_up,
            resets,
            says(JSON + b"Content-Length: 9\r\n\r\n{", close=True),
            says(JSON[:20], close=True),
        ):
            with self.subTest(lost), RawServer(lost, lost, ok('{"ID": "x"}')) as server:
                self.assertEqual({"ID": "x"}, CONNECTOR.execute(patient(server), "get_info", {}))
                self.assertEqual(["GET /info"] * 3, server.seen)

    def test_a_removal_whose_answer_is_lost(self) -> None:
        for lost in (hangs_up, resets):
            with self.subTest(lost), RawServer(ok(), lost, refuses(404)) as server:
                text = self.ending(patient(server), *DELETE[:2])
                self.assertEqual([DELETE[2]] * 2, calls(server))
                self.assertIn("already removed", text)

    def test_statuses_that_pass(self) -> None:
        for status in (429, 502, 503, 504):
            with self.subTest(status), RawServer(refuses(status), refuses(status), ok('{"ID": "x"}')) as server:
                self.assertEqual({"ID": "x"}, CONNECTOR.execute(patient(server), "get_info", {}))
                self.assertEqual(["GET /info"] * 3, server.seen)

    def test_no_more_often_than_the_configuration_says(self) -> None:
        for attempts in (0, 1, 4):
            with self.subTest(attempts), RawServer(refuses(503)) as server:
                text = self.ending(patient(server, retry_attempts=attempts), *GET[:2])
                self.assertEqual(attempts + 1, len(server.seen))
                self.assertRegex(text, r"^\[unavailable 503\] get_info: ")
                self.assertEqual(attempts > 0, f"tried {attempts + 1} times" in text, text)

    def test_an_engine_that_comes_back(self) -> None:
        """Nothing listens at first: nothing was sent, so any method is tried again."""
        for operation, params, request in (GET, POST, CREATE, DELETE):
            with self.subTest(operation), socket.create_server(("127.0.0.1", 0)) as reserved:
                address = reserved.getsockname()
                reserved.close()
                config = {**over_http(f"127.0.0.1:{address[1]}"), "timeout": 20, "retry_attempts": 9, "retry_delay": 1}
                servers: list[RawServer] = []
                timer = threading.Timer(0.5, lambda at=address, into=servers: into.append(RawServer(ok(), at=at)))
                timer.start()
                text = self.ending(config, operation, params)
                timer.join()
                with servers[0] as server:
                    self.assertEqual([request], calls(server), text)

    def test_nobody_ever_listens(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            address = reserved.getsockname()
        for operation, params, _ in (GET, POST, CREATE, DELETE):
            config = {**over_http(f"127.0.0.1:{address[1]}"), "retry_attempts": 2, "retry_delay": 0}
            text = self.ending(config, operation, params)
            self.assertRegex(text, rf"^\[unreachable\] {operation}: .*\(tried 3 times\)")


class NotRepeated(OperationTestCase):
    """What might be done twice is not tried twice."""

    def test_a_change_whose_answer_is_lost(self) -> None:
        for lost in (
            hangs_up,
            resets,
            says(JSON + b"Content-Length: 9\r\n\r\n{", close=True),
            says(JSON[:20], close=True),
        ):
            for operation, params, request in (POST, CREATE):
                with self.subTest(operation, lost=lost), RawServer(lost, ok()) as server:
                    text = self.ending(patient(server), operation, params)
                    self.assertEqual([request], server.seen)
                    self.assertRegex(
                        text, rf"^\[unknown_outcome( \d+)?\] {operation}: .*may have.*\. .*not repeat the call"
                    )

    def test_a_change_that_is_refused_for_now(self) -> None:
        for status in (429, 502, 503, 504):
            for operation, params, request in (POST, CREATE):
                with (
                    self.subTest(operation, status=status),
                    RawServer(refuses(status, Retry_After="0"), ok()) as server,
                ):
                    text = self.ending(patient(server), operation, params)
                    self.assertEqual([request], server.seen)
                    code = {429: "rate_limited", 503: "unavailable"}.get(status, "unknown_outcome")
                    self.assertRegex(text, rf"^\[{code} {status}\] {operation}: ")

    def test_a_change_that_takes_too_long(self) -> None:
        for operation, params, request in (POST, CREATE):
            with self.subTest(operation), RawServer(is_silent) as server:
                text = self.ending(patient(server, timeout=1), operation, params)
                self.assertEqual([request], server.seen)
                self.assertRegex(text, rf"^\[unknown_outcome\] {operation}: .*may have.*\. .*not repeat the call")

    def test_what_would_fail_again(self) -> None:
        for status in (400, 401, 403, 404, 409, 500, 501):
            with self.subTest(status), RawServer(refuses(status), ok()) as server:
                self.ending(patient(server), *GET[:2])
                self.assertEqual(["GET /info"], server.seen)

    def test_the_real_engine_does_it_once(self) -> None:
        """The answer to a create is cut off on its way back: one volume, one network, one container."""
        name = unique("once")
        self.addCleanup(api, "DELETE", f"/volumes/{name}")
        with AnswerThief(given("ENGINE_SOCKET")) as thief:
            config = {**over_unix(thief.socket), "retry_attempts": 3, "retry_delay": 0, "api_version": "v1.41"}
            text = self.refusal_with(config, "create_volume", Name=name)
        self.assertRegex(text, r"^\[unknown_outcome\] create_volume: ")
        self.assertEqual(["POST /volumes/create"], [f"{r.method} {r.path}" for r in thief.calls])
        self.assertEqual(name, api("GET", f"/volumes/{name}")["Name"])

    def test_a_container_is_started_once(self) -> None:
        name = container(self, start=False)
        with AnswerThief(given("ENGINE_SOCKET")) as thief:
            config = {**over_unix(thief.socket), "retry_attempts": 3, "retry_delay": 0, "api_version": "v1.41"}
            self.assertRegex(self.refusal_with(config, "start_container", id=name), r"^\[unknown_outcome\] ")
            self.assertEqual(["POST"], [request.method for request in thief.calls if request.method != "GET"])
        self.assertTrue(state(name)["Running"])


class Waits(OperationTestCase):
    """How long is waited between two tries."""

    def gaps(self, *answers: Answer, **fields: Any) -> list[float]:
        with RawServer(*answers) as server:
            self.ending(patient(server, **fields), *GET[:2])
            return [later - earlier for earlier, later in zip(server.times, server.times[1:])]

    def test_they_double_with_jitter(self) -> None:
        first, second, third = self.gaps(refuses(503), retry_attempts=3, retry_delay=1, timeout=60)
        for gap, least in ((first, 1), (second, 2), (third, 4)):
            self.assertGreaterEqual(gap, least)
            self.assertLess(gap, 2 * least + 1.5)

    def test_what_the_engine_asks_for_counts(self) -> None:
        (gap,) = self.gaps(refuses(503, Retry_After="2"), ok(), retry_delay=0)
        self.assertGreaterEqual(gap, 2)
        self.assertLess(gap, 3)
        (gap,) = self.gaps(refuses(429, Retry_After="0"), ok(), retry_delay=5)
        self.assertLess(gap, 1)

    def test_a_date_counts_too(self) -> None:
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3))
        (gap,) = self.gaps(refuses(503, Retry_After=date), ok(), retry_delay=0)
        self.assertGreater(gap, 1)
        self.assertLess(gap, 4)

    def test_a_wait_beyond_the_deadline_is_not_begun(self) -> None:
        for wait in ("3600", "99999999999999999999", "Fri, 31 Dec 2199 23:59:59 GMT"):
            with self.subTest(wait), RawServer(refuses(503, Retry_After=wait)) as server:
                began = time.monotonic()
                text = self.ending(patient(server, timeout=5), *GET[:2])
                self.assertLess(time.monotonic() - began, 5.5)
                self.assertRegex(text, r"^\[unavailable 503\] get_info: ")

    def test_nonsense_is_as_if_nothing_was_asked(self) -> None:
        for wait in ("soon", "-5", "1.5", "", "NaN"):
            with self.subTest(wait):
                (gap,) = self.gaps(refuses(503, Retry_After=wait), ok(), retry_delay=0)
                self.assertLess(gap, 2)


class IdleConnections(OperationTestCase):
    """Kept-alive connections that the other side has closed meanwhile cost nothing."""

    def test_closed_while_idle(self) -> None:
        for operation, params, request in (GET, POST, CREATE, DELETE):
            with self.subTest(operation), RawServer(ok()) as server:
                config = patient(server, retry_attempts=0)
                for _ in range(10):
                    CONNECTOR.execute(config, operation, params)
                    server.hang_up()
                    time.sleep(0.01)
                self.assertEqual([request] * 10, calls(server))
                self.assertEqual(10, server.connections)

    def test_closed_in_the_very_moment(self) -> None:
        """No call is lost and none is doubled, however close it comes; a change may have an unknown outcome."""
        with RawServer(ok()) as server:
            config = patient(server, retry_attempts=0)
            stop = threading.Event()

            def harass() -> None:
                while not stop.is_set():
                    server.hang_up()
                    time.sleep(0.0007)

            harasser = threading.Thread(target=harass)
            harasser.start()
            try:
                unknown = set()
                for number in range(300):
                    try:
                        CONNECTOR.execute(config, "tag_image", {"name": f"app{number}", "repo": "other"})
                    except ConnectorError as error:
                        unknown.add(number)
                        self.assertRegex(str(error), r"^\[(unknown_outcome|unreachable)\]")
                self.assertLess(len(unknown), 300)
            finally:
                stop.set()
                harasser.join()
            for number in range(300):
                times = sum(request.startswith(f"POST /images/app{number}/tag?") for request in server.seen)
                self.assertIn(times, (0, 1) if number in unknown else (1,), f"request {number}")


class UnreadInput(OperationTestCase):
    """A process that ends without reading its input has ended, however rudely the engine then ends the connection."""

    def run_with_input(self, *answers: Answer) -> str:
        def says_and_resets(client: socket.socket) -> None:
            says(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n\1\0\0\0\0\0\0\3out")(client)
            time.sleep(0.2)  # for the input to come, and stay unread
            resets(client)

        with RawServer(ok('{"Id": "e"}'), says_and_resets, *answers) as server:
            params = {"id": "x", "Cmd": ["true"], "stdin_text": "x" * 1_000_000, "timeout": 2}
            return self.ending(patient(server), "exec_container", params)

    def test_its_exit_code_is_known(self) -> None:
        text = self.run_with_input(ok('{"Running": false, "ExitCode": 3}'))
        self.assertIn("'exit_code': 3", text)
        self.assertIn("'stdout': 'out'", text)
        self.assertRegex(text, "connection broke off, and the end of its output may be missing.*'truncated': True")

    def test_one_that_still_runs_is_an_error(self) -> None:
        self.assertRegex(self.run_with_input(ok('{"Running": true}')), r"^\[protocol\] exec_container: .*broke off")

    def test_an_engine_that_is_gone_is_an_unknown_outcome(self) -> None:
        self.assertRegex(self.run_with_input(resets), r"^\[unknown_outcome\] exec_container: .*accepted the change")

    def test_the_real_engine(self) -> None:
        name = container(self)
        command = {"id": name, "Cmd": ["sh", "-c", "echo out; exit 3"], "stdin_text": "x" * 1_000_000}
        for config in (over_unix(), over_http(), over_tls()):
            result = CONNECTOR.execute(config, "exec_container", command)
            self.assertEqual((3, "out\n"), (result["exit_code"], result["stdout"]))


class Settling(OperationTestCase):
    """What the engine says is done may be seen a moment later."""

    def unpause(self, *looks: str) -> str:
        states = (ok(f'{{"Id": "{64 * "0"}", "State": {{"Running": true, "Status": "{look}"}}}}') for look in looks)
        with RawServer(ok(), says(b"HTTP/1.1 204 No Content\r\n\r\n"), *states) as server:
            return self.ending(patient(server), "unpause_container", {"id": "x"})

    def test_a_state_that_comes_late_is_waited_for(self) -> None:
        self.assertRegex(self.unpause("paused", "paused", "running"), "'outcome': 'done'.*'state': 'running'")

    def test_one_that_never_comes_is_a_failure(self) -> None:
        self.assertRegex(self.unpause(*["paused"] * 100), r"^\[failed\] unpause_container: .*the container is paused")


class AnswerThief(RecordingProxy):
    """Passes requests on, and hangs up before the answer to a change goes back."""

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as engine:
            engine.connect(given("ENGINE_SOCKET"))
            answers = threading.Thread(target=self._pass_answers_back, args=(engine, client), daemon=True)
            answers.start()
            with suppress(OSError):
                self._pass_requests_on(client, engine)
            engine.shutdown(socket.SHUT_WR)
            answers.join()

    def _pass_answers_back(self, engine: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while chunk := engine.recv(65536):
                if self.requests[-1].method != "GET":
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(chunk)


if __name__ == "__main__":
    unittest.main()
