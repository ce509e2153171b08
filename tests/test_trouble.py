"""Engines that are not there, are not what was expected, or refuse: which it is, and what to do, is in the error."""

from __future__ import annotations

import os
import socket
import tempfile
import time
import unittest
from typing import Any

from support import configurations
from support.case import OperationTestCase
from support.configurations import over_http, over_tls, over_unix
from support.engine import container
from support.scripted_server import Answer, ScriptedServer
from support.session import CONNECTOR, given

IMPATIENT = {"retry_attempts": 0, "timeout": 5, "connect_timeout": 2}


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class TroubleTestCase(OperationTestCase):
    def assert_trouble(self, config: configurations.Config, kind: str, *expected: str) -> None:
        """A call and the health check both say so, quickly, and name a next step."""
        for operation in ("get_version", "check_health"):
            with self.subTest(operation):
                began = time.monotonic()
                text = self.refusal_with({**config, **IMPATIENT}, operation)
                self.assertLess(time.monotonic() - began, 8)
                self.assertRegex(text, rf"^\[{kind}\] {operation}: \S.+\. \S.+\.$")
                for words in expected:
                    self.assertRegex(text, rf"(?i){words}")


class Connections(TroubleTestCase):
    """No connection, or not the one that was asked for."""

    def test_nobody_listens(self) -> None:
        port = free_port()
        self.assert_trouble(over_http(f"127.0.0.1:{port}"), "unreachable", f"127.0.0.1:{port}", "refused")
        self.assert_trouble(over_tls(f"127.0.0.1:{port}"), "unreachable", f"127.0.0.1:{port}", "refused")

    def test_no_such_host(self) -> None:
        self.assert_trouble(over_http("no-such-host.invalid:2375"), "unreachable", r"no-such-host\.invalid")

    def test_no_socket(self) -> None:
        self.assert_trouble(over_unix("/run/no-such.sock"), "unreachable", "/run/no-such.sock", "No such file")

    def test_a_socket_that_nobody_serves(self) -> None:
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
            path = os.path.join(folder, "docker.sock")
            listener.bind(path)
            self.assert_trouble(over_unix(path), "unreachable", path, "refused")

    def test_a_file_that_is_no_socket(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            self.assert_trouble(over_unix(file.name), "unreachable", file.name)

    def test_somebody_who_says_nothing(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            config = {**over_http(f"127.0.0.1:{silent.getsockname()[1]}"), **IMPATIENT, "timeout": 1}
            began = time.monotonic()
            self.assertRegex(self.refusal_with(config, "get_version"), r"^\[timed_out\] get_version: ")
            self.assertLess(time.monotonic() - began, 5)

    def test_somebody_else(self) -> None:
        with ScriptedServer({"GET /_ping": Answer(200, "<html>Welcome</html>", {"Content-Type": "text/html"})}) as web:
            self.assertRegex(self.refusal_with({**over_http(web.address), **IMPATIENT}, "get_version"), r"^\[[a-z_]+")


class Tls(TroubleTestCase):
    """Certificates, and TLS where there is none."""

    def test_http_asked_of_a_tls_port(self) -> None:
        self.assert_trouble(over_http(given("ENGINE_TLS")), r"[a-z_]+( 400)?", "TLS|HTTPS", "protocol")

    def test_tls_asked_of_an_http_port(self) -> None:
        self.assert_trouble(over_tls(given("ENGINE_TCP")), "tls", "HTTP", "protocol")

    def test_an_unknown_authority(self) -> None:
        self.assert_trouble(over_tls(ca="other-ca.pem"), "tls", "ca_cert_path", "not signed by a trusted CA")

    def test_a_certificate_that_the_engine_does_not_know(self) -> None:
        self.assert_trouble(over_tls(cert="other-cert.pem", key="other-key.pem"), "tls", "cert_path|client certificate")

    def test_no_certificate(self) -> None:
        config = {**over_tls(), "authentication_type": "None"}
        self.assert_trouble(config, "tls", "client certificate|authentication_type")

    def test_a_key_that_does_not_match(self) -> None:
        text = self.refusal_with(over_tls(key="other-key.pem"), "get_version")
        self.assertRegex(text, r"^\[(tls|invalid_[a-z]+)\] get_version: .*key_path")

    def test_files_that_are_not_what_they_should_be(self) -> None:
        for field, certificate in (("cert_path", "key.pem"), ("key_path", "cert.pem")):
            config = {**over_tls(), field: configurations.stored(certificate)}
            self.assertRegex(
                self.refusal_with(config, "get_version"), rf"^\[(tls|invalid_[a-z]+)\] get_version: .*{field}"
            )
        for field in ("cert_path", "key_path", "ca_cert_path"):
            for value in (
                "/no/such/file.pem",
                "-----BEGIN NOTHING-----\n",
                {"@id": "/api/3/files/gone", "filename": "gone.pem"},
            ):
                with self.subTest(field=field, value=value):
                    text = self.refusal_with({**over_tls(), field: value}, "get_version")
                    self.assertRegex(text, rf"^\[[a-z_]+( 404)?\] get_version: .*{field}")

    def test_a_certificate_is_asked_for_by_its_field(self) -> None:
        for field in ("cert_path", "key_path"):
            config = {**over_tls(), field: ""}
            self.assertRegex(self.refusal_with(config, "get_version"), rf"^\[invalid_[a-z]+\] get_version: .*{field}")

    def test_without_verification_any_authority_will_do(self) -> None:
        config = {**over_tls(ca="other-ca.pem"), "verify_ssl": False}
        self.assertIs(True, CONNECTOR.check_health(config))

    def test_certificates_are_not_asked_for_without_tls(self) -> None:
        for config in (over_unix(), over_http()):
            files = dict.fromkeys(("cert_path", "key_path", "ca_cert_path"), "")
            self.assertIs(True, CONNECTOR.check_health({**config, **files, "authentication_type": "Certificate"}))


class Versions(OperationTestCase):
    """API versions that do not fit."""

    def test_an_engine_that_is_too_old(self) -> None:
        with ScriptedServer({}, api_version="1.10") as ancient:
            for operation in ("list_containers", "check_health"):
                text = self.refusal_with({**over_http(ancient.address), **IMPATIENT}, operation)
                self.assertRegex(text, rf"^\[unsupported\] {operation}: .*1\.10\b.+")

    def test_a_version_that_the_engine_does_not_speak(self) -> None:
        text = self.refusal_with({**over_unix(), "api_version": "v1.99"}, "list_containers")
        self.assertRegex(text, r"^\[(unsupported|bad_request)( 400)?\] list_containers: .*1\.99.*\. .*api_version")

    def test_a_version_that_is_none(self) -> None:
        text = self.refusal_with({**over_unix(), "api_version": "newest"}, "list_containers")
        self.assertRegex(text, r"^\[invalid_[a-z]+\] list_containers: .*api_version")

    def test_an_older_version_is_spoken(self) -> None:
        with ScriptedServer({"GET /containers/json": Answer(200, [])}) as server:
            for version in ("v1.40", "1.40", "Auto", ""):
                config = {**over_http(server.address), "api_version": version}
                self.assertEqual([], CONNECTOR.execute(config, "list_containers", {}))


class Statuses(OperationTestCase):
    """Each status is its own kind of error, with Docker's own words and a next step."""

    KINDS = (
        (400, "bad_request"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "not_found"),
        (409, "conflict"),
        (429, "rate_limited"),
        (500, "engine_error"),
        (503, "unavailable"),
    )

    def assert_kind(self, text: str, kind: str, status: int, operation: str, words: str) -> None:
        self.assertRegex(text, rf"(?s)^\[{kind} {status}\] {operation}: .*{words}.*\. \S.+$")

    def test_each_its_own(self) -> None:
        for status, kind in self.KINDS:
            for operation, request in (
                ("inspect_container", "GET /containers/web/json"),
                ("start_container", "POST /containers/web/start"),
            ):
                words = f"the engine's own words about {status}"
                with (
                    self.subTest(operation, status=status),
                    ScriptedServer({request: Answer(status, {"message": words})}) as server,
                ):
                    text = self.refusal_with({**over_http(server.address), **IMPATIENT}, operation, id="web")
                    self.assert_kind(text, kind, status, operation, words)
                    self.assertEqual(1, server.seen.count(request))

    def test_words_that_are_no_json(self) -> None:
        refused = Answer(403, "<html><h1>Forbidden by the proxy</h1></html>", {"Content-Type": "text/html"})
        with ScriptedServer({"GET /info": refused}) as server:
            text = self.refusal_with({**over_http(server.address), **IMPATIENT}, "get_info")
        self.assertRegex(text, r"^\[forbidden 403\] get_info: .*proxy")
        self.assertNotIn("<html>", text)

    def test_real_bad_request(self) -> None:
        text = self.refusal("list_containers", filters={"nonsense": ["x"]})
        self.assert_kind(text, "bad_request", 400, "list_containers", "nonsense")

        text = self.refusal("kill_container", id=container(self), signal="NONSENSE")
        self.assert_kind(text, "bad_request", 400, "kill_container", "NONSENSE")

    def test_real_server_error(self) -> None:
        text = self.refusal("pull_image", fromImage="127.0.0.1:1/nothing", tag="latest")
        self.assert_kind(text, "engine_error", 500, "pull_image", "connection refused")

    def test_a_fault_of_the_engine_is_no_result(self) -> None:
        for body in ("{broken", "", "[]garbage"):
            with self.subTest(body), ScriptedServer({"GET /info": Answer(200, body)}) as server:
                text = self.refusal_with({**over_http(server.address), **IMPATIENT}, "get_info")
                self.assertRegex(text, r"^\[protocol( 200)?\] get_info: .+")


class Results(OperationTestCase):
    """Answers that are a success though they look like something else."""

    def answer(self, request: str, answer: Answer, operation: str, **params: Any) -> Any:
        with ScriptedServer({request: answer}) as server:
            return self.checked(CONNECTOR.execute(over_http(server.address), operation, params))

    def test_a_list_is_never_null(self) -> None:
        for operation, request in (
            ("list_containers", "GET /containers/json"),
            ("list_images", "GET /images/json"),
            ("list_networks", "GET /networks"),
        ):
            self.assertEqual([], self.answer(request, Answer(200, "null"), operation))

    def test_fields_that_nobody_knows_yet_pass_through(self) -> None:
        odd = {"Id": "x", "NewIn2040": {"deep": [1, 2.5, None, True, "\N{SNOWMAN}"]}, "Huge": 2**63, "State": 7}
        self.assertEqual(odd, self.answer("GET /containers/x/json", Answer(200, odd), "inspect_container", id="x"))


if __name__ == "__main__":
    unittest.main()
