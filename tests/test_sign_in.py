"""Signing in at a proxy in front of the engine: by password, token, header and base path, and never anywhere else.

Mutual TLS at the engine itself is in `test_certificates.py` and `test_trouble.py`.
"""

from __future__ import annotations

import base64
import hashlib
import unittest
import unittest.mock
from typing import Any

from support.case import OperationTestCase
from support.configurations import Config, over_http, over_tls, over_unix
from support.engine import api_version
from support.nginx import Nginx
from support.recording_proxy import RecordingProxy
from support.scripted_server import Answer, ScriptedServer
from support.session import CONNECTOR, ConnectorError, execute, given

PASSWORD = "p\N{LATIN SMALL LETTER A WITH DIAERESIS}ss: w\\ord"
TOKEN = "eyJhbGciOiJub25lIn0.e30."
TO_THE_ENGINE = "location / { proxy_pass http://unix:ENGINE:; }"
HASH = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()  # noqa: S324 (what htpasswd -s writes)
USERS = {"users": f"fortisoar:{{SHA}}{HASH}\n"}
BY_PASSWORD = f'auth_basic "engine"; auth_basic_user_file FOLDER/users; {TO_THE_ENGINE}'
BY_TOKEN = f'if ($http_authorization != "Bearer {TOKEN}") {{ return 401; }} {TO_THE_ENGINE}'
BY_HEADER = f"if ($http_x_api_key != {TOKEN}) {{ return 403; }} {TO_THE_ENGINE}"


def basic(user: str = "fortisoar", password: str = PASSWORD) -> Config:
    """Fields that sign in by password."""
    return {"authentication_type": "Basic", "username": user, "password": password}


def token(value: str = TOKEN) -> Config:
    """Fields that sign in by bearer token."""
    return {"authentication_type": "Token", "access_token": value}


def header(value: str = TOKEN, name: str = "X-API-Key") -> Config:
    """Fields that sign in by a header."""
    return {"authentication_type": "Header", "access_token": value, "header_name": name}


NOBODY: Config = {"authentication_type": "None"}


def over(proxy: Nginx | ScriptedServer, fields: Config, **further: Any) -> Config:
    """Over plain HTTP, to a proxy."""
    return {**over_http(proxy.address), **fields, **further}


class SignIn(OperationTestCase):
    """nginx refuses whoever does not sign in as it wants."""

    def assert_signs_in(self, config: Config) -> None:
        self.assertEqual(api_version(), execute(config, "get_version")["ApiVersion"])
        self.assertIs(True, CONNECTOR.check_health(config))

    def assert_refused(self, proxy: Nginx, config: Config, error: str) -> None:
        """Refused by calls and health check, unrepeated: more tries could lock an account out."""
        for operation in ("get_version", "check_health"):
            with self.subTest(operation):
                before = len(proxy.seen)
                text = self.refusal_with(config, operation)
                self.assertRegex(text, rf"^\[{error}\] {operation}: .*proxy.*\. \S.+")
                for secret in (PASSWORD, TOKEN, "wrong", base64.b64encode(f"fortisoar:{PASSWORD}".encode()).decode()):
                    self.assertNotIn(secret, text)
                asked = [line.split()[1] for line in proxy.seen[before:]]
                self.assertEqual(["/_ping"] if "401" in error else ["/_ping", "/version"], asked)

    def test_password(self) -> None:
        for tls in (False, True):
            with self.subTest(tls=tls), Nginx(BY_PASSWORD, tls=tls, files=USERS) as proxy:
                way = over_tls(proxy.address) if tls else over_http(proxy.address)
                self.assert_signs_in({**way, **basic()})
                for wrong in (NOBODY, basic(password="wrong"), basic(user="other"), token(), header()):
                    self.assert_refused(proxy, {**way, **wrong}, "unauthorized 401")

    def test_bearer_token(self) -> None:
        with Nginx(BY_TOKEN) as proxy:
            self.assert_signs_in(over(proxy, token()))
            self.assert_signs_in(over(proxy, token(f" {TOKEN}\n")))
            for wrong in (NOBODY, token("wrong"), basic(), header()):
                self.assert_refused(proxy, over(proxy, wrong), "unauthorized 401")

    def test_header(self) -> None:
        with Nginx(BY_HEADER) as proxy:
            self.assert_signs_in(over(proxy, header()))
            self.assert_signs_in(over(proxy, {"authentication_type": "Header", "access_token": TOKEN}))
            for wrong in (NOBODY, header("wrong"), header(name="X-Other"), token()):
                self.assert_refused(proxy, over(proxy, wrong), "forbidden 403")

    def test_base_path(self) -> None:
        below = "location /api/endpoints/1/docker/ { proxy_pass http://unix:ENGINE:/; } location / { return 404; }"
        with Nginx(below) as proxy:
            for path in ("/api/endpoints/1/docker", "/api/endpoints/1/docker/", "api/endpoints/1/docker"):
                self.assert_signs_in(over(proxy, NOBODY, base_path=path))
            self.assertTrue(all(line.split()[1].startswith("/api/endpoints/1/docker/") for line in proxy.seen))
            for path in ("", "/api/endpoints/2/docker"):
                text = self.refusal_with(over(proxy, NOBODY, base_path=path), "get_version")
                self.assertRegex(text, r"^\[not_found 404\] get_version: .*proxy")

    def test_base_paths_that_lead_elsewhere(self) -> None:
        for path in ("/api/../v1.41", "/api?x=", "/a b", "/a\r\nHost: elsewhere", "/a//b", "/a#b", "/a/%2e%2e"):
            with self.subTest(path), ScriptedServer({}) as server:
                text = self.refusal_with(over(server, NOBODY, base_path=path), "get_version")
                self.assertRegex(text, r"^\[invalid_configuration\] get_version: .*base_path")
                self.assertEqual([], server.seen)

    def test_every_request_is_signed(self) -> None:
        expected = "Basic " + base64.b64encode(f"fortisoar:{PASSWORD}".encode()).decode()
        with RecordingProxy(given("ENGINE_SOCKET")) as engine:
            with Nginx(BY_PASSWORD, engine=engine.socket, files=USERS) as proxy:
                config = over(proxy, basic(), api_version="Auto")
                execute(config, "list_containers")
                execute(config, "create_volume", Name="signed")
                execute(config, "remove_volume", name="signed")
            self.assertEqual({"_ping", "containers", "volumes"}, {r.path.split("/")[1] for r in engine.requests})
            self.assertEqual({expected}, {request.headers.get("authorization") for request in engine.requests})

    def test_a_socket_is_not_signed_in_to(self) -> None:
        for fields in (basic(), token(), header()):
            with RecordingProxy(given("ENGINE_SOCKET")) as engine:
                execute({**over_unix(engine.socket), **fields}, "get_version")
                for request in engine.requests:
                    self.assertFalse({"authorization", "x-api-key"} & request.headers.keys(), fields)

    def test_what_cannot_sign_in_is_named(self) -> None:
        for fields, field in (
            (basic(user=""), "username"),
            (basic(password=""), "password"),
            (basic(user="a:b"), "user"),
            (token(""), "access_token"),
            (token("a\r\nX-Evil: 1"), "access_token|sign in"),
            (header("a\r\nX-Evil: 1"), "access_token|sign in"),
            (header(name="X Evil"), "header"),
            (header(name="X-Evil: 1\r\nX"), "header"),
        ):
            with self.subTest(fields), ScriptedServer({}) as server:
                text = self.refusal_with(over(server, fields), "get_version")
                self.assertRegex(text, rf"^\[invalid_configuration\] get_version: .*({field})")
                self.assertNotIn("X-Evil: 1", text)
                self.assertEqual([], server.seen)

    def test_plain_http_is_warned_of(self) -> None:
        with Nginx(BY_TOKEN) as proxy, self.assertLogs("connectors", "WARNING") as log:
            CONNECTOR.check_health(over(proxy, token()))
        self.assertRegex("\n".join(log.output), "sign-in .*plain HTTP")
        self.assertNotIn(TOKEN, "\n".join(log.output))


class Elsewhere(OperationTestCase):
    """Credentials go to one place only."""

    def test_no_redirect_is_followed(self) -> None:
        with ScriptedServer({}) as elsewhere:
            for status in (301, 302, 303, 307, 308):
                for hidden in ("", "location = /_ping { proxy_pass http://unix:ENGINE:; }"):
                    redirect = f"{hidden} location / {{ return {status} http://{elsewhere.address}$request_uri; }}"
                    with Nginx(redirect) as proxy:
                        for fields in (basic(), token(), header()):
                            for operation, params in (("get_version", {}), ("stop_container", {"id": "web"})):
                                with (
                                    self.subTest(operation, status=status),
                                    self.assertRaises(ConnectorError) as caught,
                                ):
                                    CONNECTOR.execute(over(proxy, fields), operation, params)
                                text = str(caught.exception)
                                self.assertRegex(text, rf"^\[[a-z_]+ {status}\] {operation}: .*[Rr]edirect")
                                self.assertNotIn(TOKEN, text)
            self.assertEqual([], elsewhere.seen)

    def test_no_proxy_of_the_environment_sees_them(self) -> None:
        with ScriptedServer({}) as elsewhere, ScriptedServer({"GET /version": Answer(200, {})}) as server:
            environment = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), f"http://{elsewhere.address}")
            with unittest.mock.patch.dict("os.environ", environment):
                execute(over(server, token()), "get_version")
            self.assertEqual([], elsewhere.seen)


class HalfOpenProxies(OperationTestCase):
    """Proxies that let some paths through and not others."""

    def test_without_ping_the_version_says_which_api_to_speak(self) -> None:
        for status in (403, 404, 405):
            blocking = f"location = /_ping {{ return {status}; }} {TO_THE_ENGINE}"
            with self.subTest(status), Nginx(blocking) as proxy:
                self.assertEqual([], execute(over(proxy, NOBODY), "list_networks", filters={"name": ["no such"]}))
                self.assertEqual(
                    [f"GET /_ping {status}", "GET /version 200"], [line for line in proxy.seen if "/v1." not in line]
                )
                self.assertTrue(proxy.seen[-1].startswith(f"GET /v{api_version()}/networks"), proxy.seen)

    def test_a_proxys_page_is_not_the_engines_answer(self) -> None:
        blocking = f"location ~ ^/v1[.][0-9]+/containers {{ return 403; }} {TO_THE_ENGINE}"
        with Nginx(blocking) as proxy:
            for operation, params in (("list_containers", {}), ("stop_container", {"id": "web"})):
                text = self.refusal_with(over(proxy, NOBODY), operation, **params)
                self.assertRegex(text, rf"^\[forbidden 403\] {operation}: .*proxy in front of the engine.*web page")
                self.assertNotIn("<", text)
        with Nginx("return 403;") as proxy:
            self.assertRegex(self.refusal_with(over(proxy, NOBODY), "check_health"), r"^\[forbidden 403\] .*proxy")

    def test_the_engines_own_refusal_is_not_a_proxys(self) -> None:
        with Nginx(TO_THE_ENGINE) as proxy:
            text = self.refusal_with(over(proxy, NOBODY), "inspect_container", id="no-such")
        self.assertRegex(text, r"^\[not_found 404\] inspect_container: No such container: no-such")
        self.assertNotIn("proxy", text)


if __name__ == "__main__":
    unittest.main()
