"""The health check: what it says in the log, for an administrator who looks there."""

from __future__ import annotations

import base64
import json
import logging
import time
import traceback
import unittest
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from support.case import OperationTestCase
from support.certificates import server
from support.configurations import Config, over_http, over_tls, over_unix
from support.marked import Marked
from support.nginx import Nginx
from support.raw_server import PING, RawServer, says
from support.replying import Replying, http
from support.scripted_server import Answer, ScriptedServer
from support.session import CONNECTOR, PACKAGE, ConnectorError, execute

LOGGER = f"connectors.{PACKAGE.name}"


class Health(OperationTestCase):
    def log(self, config: Config) -> list[str]:
        """What a check writes, at level INFO and above, whether it goes well or not."""
        with self.assertLogs(LOGGER, logging.INFO) as logged, suppress(ConnectorError):
            CONNECTOR.check_health({**config, "timeout": 5})
        return [record.getMessage() for record in logged.records]

    def engine(self, version: str, date: float) -> RawServer:
        """One that speaks up to this version, and believes in this time."""
        when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(date))
        head = f"HTTP/1.1 200 OK\r\nApi-Version: {version}\r\nDate: {when}\r\nContent-Type: application/json\r\n"
        body = json.dumps({"Version": "99.1", "ApiVersion": version})
        answer = says(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        return RawServer(answer, ping=answer)

    def test_all_is_well(self) -> None:
        (line,) = self.log(over_unix())
        self.assertRegex(line, r"engine_version=\S+ api_version=1\.\d+ round_trip_milliseconds=\d+\.\d outcome=done$")

    def test_it_tells_how_things_are_now(self) -> None:
        """Whoever presses the button waits for no second try."""
        (line,) = self.log({**over_unix(), "server_address": "/nonexistent/docker.sock"})
        self.assertRegex(
            line, r"outcome=unreachable reason=no connection to .* There is no socket /nonexistent/docker.sock"
        )
        self.assertNotIn("tried", line)

    def test_plain_http(self) -> None:
        self.assertIn("protocol is HTTP: everything is sent in plain text", "\n".join(self.log(over_http())))

    def test_no_verification(self) -> None:
        with server("self-signed") as engine:
            config = {**over_tls(engine.address), "authentication_type": "None", "verify_ssl": False}
            self.assertIn("verify_ssl is off", "\n".join(self.log(config)))

    def test_a_version_that_one_side_does_not_know(self) -> None:
        with self.engine("1.77", time.time()) as newer:
            log = "\n".join(self.log(over_http(newer.address)))
            self.assertRegex(log, r"The engine speaks API 1\.77, and this connector was written for 1\.40 to 1\.56")
            self.assertIn("api_version=1.56", log)
            log = "\n".join(self.log({**over_http(newer.address), "api_version": "v1.60"}))
            self.assertRegex(log, r"api_version is 1\.60, and this connector was written for .*set it to Auto")
        log = "\n".join(self.log({**over_unix(), "api_version": "v1.99"}))
        self.assertRegex(
            log, r"outcome=unsupported reason=.*1\.99.*[Mm]aximum supported API version is .*api_version to Auto"
        )
        with ScriptedServer({}, api_version="1.12") as ancient:
            log = "\n".join(self.log(over_http(ancient.address)))
            self.assertRegex(log, r"outcome=unsupported reason=the engine speaks API 1\.12 at most.*Upgrade")

    def test_a_clock_that_is_off(self) -> None:
        for seconds, expected in ((7200, r"7(199|200|198) s ahead of"), (-7200, r"720[0-9] s behind")):
            with self.subTest(seconds), self.engine("1.41", time.time() + seconds) as engine:
                self.assertRegex(
                    "\n".join(self.log(over_http(engine.address))), f"clock .*is {expected} this machine's"
                )
        with self.engine("1.41", time.time() + 5) as engine:
            self.assertNotIn("clock", "\n".join(self.log(over_http(engine.address))))

    def test_a_proxy_stands_in_the_way(self) -> None:
        with Nginx("return 403;") as proxy:
            log = "\n".join(self.log(over_http(proxy.address)))
            self.assertRegex(
                log, r"outcome=forbidden reason=a proxy in front of the engine answered 403.*not the engine's"
            )

    def test_no_line_can_be_forged(self) -> None:
        refusal = Answer(403, {"message": "no\nINFO operation=check_health outcome=done"})
        with ScriptedServer({"GET /version": refusal}) as engine:
            (line,) = self.log(over_http(engine.address))
            self.assertNotIn("\n", line)
        version = Answer(200, {"Version": "20\nINFO operation=check_health" + 10_000 * "x", "ApiVersion": "1.41"})
        with ScriptedServer({"GET /version": version}) as engine:
            for line in self.log(over_http(engine.address)):
                self.assertNotIn("\n", line)
                self.assertLess(len(line), 1000)


class CheckConnection(OperationTestCase):
    """What an administrator should know, as data, where FortiSOAR shows only "available"."""

    def found(self, config: Config, **params: Any) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """The result, and its findings by their checks."""
        result = self.checked(execute({**config, "timeout": 5}, "check_connection", **params))
        findings = {finding["check"]: finding for finding in result["findings"]}
        self.assertEqual(len(result["findings"]), len(findings), "one finding for each check")
        return result, findings

    def levels(self, config: Config) -> dict[str, str]:
        return {check: finding["level"] for check, finding in self.found(config)[1].items()}

    def test_all_is_well(self) -> None:
        result, findings = self.found(over_unix())
        expected = {"reach", "sign_in", "encryption", "api_version", "clock", "permissions"}
        self.assertLessEqual(expected, {name for name, finding in findings.items() if finding["level"] == "ok"})
        self.assertEqual({True}, set(result["may_read"].values()))
        for finding in result["findings"]:
            self.assertEqual(finding["level"] == "ok", finding["to_do"] == "", finding)

    def test_plain_http_and_no_verification(self) -> None:
        result, findings = self.found(over_http())
        self.assertEqual(("warning", "warning"), (result["level"], findings["encryption"]["level"]))
        self.assertIn("TLS", findings["encryption"]["to_do"])
        self.assertNotIn("verification", findings)
        with server("self-signed") as engine:
            config = {**over_tls(engine.address), "authentication_type": "None"}
            result, findings = self.found(config)
            self.assertEqual(("error", "error"), (result["level"], findings["verification"]["level"]))
            self.assertTrue(findings["verification"]["to_do"])

    def test_a_version_and_a_clock_that_are_off(self) -> None:
        version = Answer(200, {"Version": "99.1.0", "ApiVersion": "1.77"}, {"Date": "Fri, 01 Jan 2021 00:00:00 GMT"})
        with ScriptedServer({"GET /version": version}, api_version="1.77") as engine:
            levels = self.levels(over_http(engine.address))
            self.assertEqual(("warning", "ok"), (levels["api_version"], levels["known_flaws"]))
        with ScriptedServer({}, api_version="1.12") as ancient:
            self.assertEqual("error", self.levels(over_http(ancient.address))["api_version"])

    def test_flaws_of_the_engine_s_version(self) -> None:
        for number, flaw, is_there in (
            ("20.10.24+dfsg1", "CVE-2024-41110", True),
            ("28.5.2", "CVE-2024-41110", False),
            ("28.5.2", "CVE-2026-34040", True),
            ("29.9.0", "CVE-2026-34040", False),
        ):
            version = Answer(200, {"Version": number, "ApiVersion": "1.41"})
            with self.subTest(number, flaw=flaw), ScriptedServer({"GET /version": version}) as engine:
                result, findings = self.found(over_http(engine.address))
                known = " ".join(found["id"] for found in result["known_flaws"])
                self.assertEqual(is_there, flaw in known)
                self.assertEqual(is_there, flaw in findings["known_flaws"]["what"])
        podman = {"Version": "20.10.1", "ApiVersion": "1.41", "Components": [{"Name": "Podman Engine"}]}
        with ScriptedServer({"GET /version": Answer(200, podman)}) as engine:
            result, findings = self.found(over_http(engine.address))
            self.assertEqual(([], False), (result["known_flaws"], "known_flaws" in findings))

    def test_what_a_credential_may_read(self) -> None:
        script = {
            "GET /version": Answer(200, {"Version": "29.9.0", "ApiVersion": "1.41"}),
            "GET /containers/json": Answer(200, []),
            "GET /images/json": Answer(403, {"message": "no"}),
            "GET /networks": Answer(401, {"message": "no"}),
            "GET /volumes": Answer(500, {"message": "broken"}),
        }
        with ScriptedServer(script) as engine:
            result, findings = self.found(over_http(engine.address))
        told = [result["may_read"][name] for name in ("containers", "images", "networks", "volumes")]
        self.assertEqual([True, False, False, None], told)
        self.assertIn("images, networks", findings["permissions"]["what"])

    def test_what_fails_is_not_called_allowed(self) -> None:
        version = Answer(200, {"Version": "29.9.0", "ApiVersion": "1.41"})
        with ScriptedServer({"GET /version": version}) as engine:
            result, findings = self.found(over_http(engine.address))
        self.assertEqual({None}, set(result["may_read"].values()))
        self.assertEqual("warning", findings["permissions"]["level"])
        self.assertIn("containers, images", findings["permissions"]["what"])

    def test_a_credential_that_is_refused(self) -> None:
        with ScriptedServer({"GET /version": Answer(401, {"message": "who are you"})}) as engine:
            result, findings = self.found(over_http(engine.address))
        self.assertEqual(("error", "error"), (result["level"], findings["sign_in"]["level"]))
        self.assertEqual("The connection does not work", result["result"])


class Quoting(Replying):
    """A proxy that quotes what it was sent, in each form that it can read out of it."""

    def __init__(self, status: int, kind: str, ping: bool = True) -> None:
        self._status, self._kind, self._ping = status, kind, ping
        self.served = 0
        super().__init__()

    def answer(self, request: str) -> bytes:
        lines = request.splitlines()
        self.served += 1
        quoted = self.quoted(lines)
        if "/_ping" in lines[0] and not self._ping:
            return PING
        if self._kind == "version":
            body = json.dumps({"Version": quoted, "ApiVersion": "1.41"})
        elif self._kind == "json":
            body = json.dumps({"message": quoted})
        elif self._kind == "nested":
            body = json.dumps({"message": json.dumps({"request": quoted})})
        else:
            body = quoted
        return http(self._status, body, "text/plain" if self._kind == "plain" else "application/json")

    def quoted(self, lines: list[str]) -> str:
        """The headers, their values alone, decoded, and encoded again."""
        said = []
        for line in lines[1:]:
            value = line.partition(":")[2].strip()
            credentials = value.partition(" ")[2] or value
            said += [line.strip(), value, credentials, quote(credentials, safe=""), quote(credentials)]
            said.append(base64.b64encode(value.encode()).decode())
            with suppress(ValueError):
                decoded = base64.b64decode(credentials, validate=True).decode()
                said += [decoded, decoded.partition(":")[2], quote(decoded, safe="")]
        return " | ".join(said)


class Secrets(OperationTestCase):
    """F44: what signs in is not told, whoever quotes it."""

    def setUp(self) -> None:
        self.marked = Marked()
        self.told: list[str] = []
        told = self.told

        class Everything(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                told.append(record.getMessage())

        handler, logger = Everything(0), logging.getLogger(LOGGER)
        self.addCleanup(logger.setLevel, logger.level)
        self.addCleanup(logger.removeHandler, handler)
        logger.setLevel(1)
        logger.addHandler(handler)

    def sign_ins(self) -> list[Config]:
        secret = self.marked.secret
        password, spaced = secret("password"), f"{secret('first word')} {secret('second word')}"
        self.marked.add("base64 of user and password", f"somebody:{password}")
        header = {"authentication_type": "Header", "header_name": "X-API-Key"}
        return [
            {"authentication_type": "Basic", "username": "somebody", "password": password},
            {"authentication_type": "Token", "access_token": secret("token")},
            {"authentication_type": "Token", "access_token": f" {secret('token with spaces around')} "},
            {**header, "access_token": secret("header")},
            {**header, "access_token": spaced},
            {**header, "header_name": "Authorization", "access_token": f"Negotiate {secret('scheme')}"},
        ]

    def check(self, config: Config) -> None:
        # What a call gives is what the engine says; what it tells is its error and the log.
        for call in (lambda: CONNECTOR.check_health(config), lambda: execute(config, "get_version")):
            try:
                call()
            except ConnectorError as error:
                self.told.append("".join(traceback.format_exception(type(error), error, error.__traceback__)))

    def assert_nothing_told(self, least: int) -> None:
        self.assertGreater(len(self.told), least)
        leaks = [(found, text) for text in self.told if (found := self.marked.found_in(text))]
        self.assertEqual([], leaks[:3])

    def test_a_proxy_quotes_the_sign_in(self) -> None:
        for sign_in in self.sign_ins():
            for status in (200, 301, 400, 401, 403, 404, 407, 500, 502, 503):
                for kind in ("json", "nested", "plain", "version"):
                    for ping in (True, False):
                        with Quoting(status, kind, ping) as proxy:
                            fields = {"retry_attempts": 1, "retry_delay": 0, "timeout": 3}
                            self.check({**over_http(proxy.address), **sign_in, **fields})
        self.assert_nothing_told(900)

    def test_a_proxy_quotes_its_own_sign_in(self) -> None:
        password = self.marked.secret("proxy")
        self.marked.add("base64 of the proxy's", f"somebody:{password}")
        for written in (quote(password, safe=""), quote(password, safe="+&=")):
            for status in (200, 403, 407, 500, 502):
                for kind in ("json", "plain"):
                    with Quoting(status, kind) as proxy:
                        config = {**over_tls("engine.test:2376"), "timeout": 2, "retry_attempts": 0}
                        self.check({**config, "proxy": f"http://somebody:{written}@{proxy.address}"})
                        self.assertGreater(proxy.served, 0, "the proxy was asked")
        self.assert_nothing_told(30)

    def test_a_configuration_that_cannot_be_used(self) -> None:
        secret = self.marked.secret
        for fields in (
            {"authentication_type": "Token", "access_token": f"{secret('token')}\r\nX: y"},
            {"authentication_type": "Basic", "username": "a:b", "password": secret("password")},
            {"authentication_type": "Header", "header_name": "a b", "access_token": secret("header")},
            {"registries": f"{{broken {secret('registries')}"},
            {"timeout": "soon", "registry_password": secret("registry_password"), "registry_server": "x y"},
        ):
            self.check({**over_http("127.0.0.1:1"), "timeout": 2, "retry_attempts": 0, **fields})
        tls = {**over_tls("127.0.0.1:1"), "timeout": 2, "retry_attempts": 0}
        for proxy in ("http://user:{}@no host", "socks5://user:{}@proxy", "http://user:{}@127.0.0.1:99999", "user:{}@"):
            self.check({**tls, "proxy": proxy.format(quote(secret("proxy"), safe=""))})
        self.assert_nothing_told(15)


if __name__ == "__main__":
    unittest.main()
