"""Through an HTTP proxy: TLS from end to end, whose refusal is whose, and what the environment says."""

from __future__ import annotations

import os
import socket
import time
import unittest
import unittest.mock
import uuid
from typing import Any

from support.case import OperationTestCase
from support.configurations import Config, over_http, over_tls, over_unix
from support.engine import api, container
from support.scripted_server import Answer, ScriptedServer
from support.session import CONNECTOR, execute, given
from support.tinyproxy import Tinyproxy

PASSWORD = "s3cret"
SIGN_IN = f"BasicAuth fortisoar {PASSWORD}"
_TLS_PORT = given("ENGINE_TLS").rpartition(":")[2]
VARIABLES = ("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY", "HTTP_PROXY", "http_proxy")


def through(url: str, **fields: Any) -> Config:
    """Over mutual TLS, through this proxy. Each is a new configuration: the environment is read once for each."""
    return {**over_tls(), "proxy": url, "retry_attempts": 0, "config_id": str(uuid.uuid4()), **fields}


class Proxied(OperationTestCase):
    """The field."""

    def assert_works(self, config: Config) -> None:
        self.assertEqual(api("GET", "/version")["Version"], execute(config, "get_version")["Version"])

    def assert_refused(self, config: Config, begins: str, *parts: str) -> str:
        text = self.refusal_with(config, "get_version")
        self.assertTrue(text.startswith(f"[{begins}] get_version: "), text)
        for part in parts:
            self.assertIn(part, text)
        self.assertNotIn(PASSWORD, text)
        return text

    def test_everything_goes_through_it(self) -> None:
        with Tinyproxy() as proxy:
            config = through(proxy.url())
            self.assertIs(True, CONNECTOR.check_health(config))
            result = execute(config, "exec_container", id=container(self), Cmd="cat", stdin_text="through")
            self.assertEqual("through", result["stdout"])
            self.assertGreater(proxy.connected, 0)
            # The connection is kept, and the tunnel with it.
            before = proxy.connected
            for _ in range(5):
                execute(config, "ping")
            self.assertLessEqual(proxy.connected, before + 1)

    def test_signing_in_at_the_proxy(self) -> None:
        with Tinyproxy(SIGN_IN) as proxy, self.assertLogs("connectors", "DEBUG") as log:
            self.assert_works(through(proxy.url(f"fortisoar:{PASSWORD}")))
            self.assert_refused(through(proxy.url()), "unauthorized 407", proxy.url(), "wants a sign-in")
            wrong = through(proxy.url(f"fortisoar:{PASSWORD}-no"))
            # tinyproxy says 401 then, where the others say 407.
            self.assert_refused(wrong, "unauthorized 401", proxy.url(), "refuses the sign-in")
            self.assertNotIn(PASSWORD, "\n".join(log.output))

    def test_the_proxys_refusals_are_told_from_the_engines(self) -> None:
        with Tinyproxy("ConnectPort 443") as proxy:
            self.assert_refused(through(proxy.url()), "forbidden 403", "the proxy http", given("ENGINE_TLS"))
        with Tinyproxy() as proxy:
            # Nothing listens at the engine's port.
            text = self.assert_refused(through(proxy.url(), port=1), "unavailable 500", "the proxy http", "127.0.0.1:1")
            self.assertIn("cannot reach", text)
            # TLS is the engine's own: the proxy cannot stand in for it.
            self.assert_refused(through(proxy.url(), ca_cert_path="", verify_ssl=True), "tls", "ca_cert_path")
            text = self.refusal_with(through(proxy.url()), "inspect_container", id="no-such")
            self.assertRegex(text, r"^\[not_found 404\] inspect_container: No such container")

    def test_proxies_that_are_none(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        text = self.assert_refused(through(f"http://127.0.0.1:{port}"), "unreachable", "no connection to the proxy")
        self.assertIn("Check proxy", text)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            began = time.monotonic()
            self.assert_refused(through(url, connect_timeout=1), "unreachable", "the proxy did not open the connection")
            self.assertLess(time.monotonic() - began, 5)
        with ScriptedServer({}) as server:
            # A web server, which does not know what CONNECT is.
            self.assert_refused(through(f"http://{server.address}"), "unavailable 501", "the proxy http")
        self.assert_refused(through(f"http://{given('ENGINE_TLS')}"), "unreachable", "is not an HTTP proxy")

    def test_what_is_no_url_is_a_fault_of_the_configuration(self) -> None:
        for url in (f"socks5://u:{PASSWORD}@proxy", f"https://u:{PASSWORD}@proxy", f"http://{PASSWORD} x"):
            with self.subTest(url):
                self.assert_refused(through(url), "invalid_configuration", "proxy is not the URL of an HTTP proxy")


class Environment(OperationTestCase):
    """Where the field is empty."""

    def goes_through(self, proxy: Tinyproxy, config: Config, **variables: str) -> bool:
        """Whether a call goes through the proxy, with these variables and no other that matters."""
        before = proxy.connected
        with unittest.mock.patch.dict("os.environ", variables):
            execute(config, "ping")
        return proxy.connected > before

    def setUp(self) -> None:
        patch = unittest.mock.patch.dict("os.environ")
        patch.start()
        self.addCleanup(patch.stop)
        for name in VARIABLES:
            os.environ.pop(name, None)

    def test_https_proxy_and_no_proxy(self) -> None:
        # Every address of this machine is a loopback address, but for this one, which leads to the same.
        elsewhere: dict[str, Any] = {"server_address": "0.0.0.0", "tls_server_name": "localhost"}
        mapped = {**elsewhere, "server_address": "::ffff:0.0.0.0"}
        with Tinyproxy() as proxy:
            for fields, variables, expected in (
                (elsewhere, {"HTTPS_PROXY": proxy.url()}, True),
                (elsewhere, {"https_proxy": proxy.url()}, True),
                (elsewhere, {"https_proxy": proxy.address}, True),
                (elsewhere, {"HTTPS_PROXY": proxy.url(), "NO_PROXY": "example.com, 0.0.0.0"}, False),
                (elsewhere, {"HTTPS_PROXY": proxy.url(), "no_proxy": "0.0.0.0/8"}, False),
                (elsewhere, {"HTTPS_PROXY": proxy.url(), "NO_PROXY": "example.com"}, True),
                # F27: in forms of curl's and of Docker's client.
                (elsewhere, {"HTTPS_PROXY": proxy.url(), "NO_PROXY": "*"}, False),
                (elsewhere, {"HTTPS_PROXY": proxy.url(), "NO_PROXY": "example.com,*"}, False),
                (elsewhere, {"HTTPS_PROXY": proxy.url(), "NO_PROXY": f"0.0.0.0:{_TLS_PORT}"}, False),
                (elsewhere, {"HTTPS_PROXY": proxy.url(), "NO_PROXY": "0.0.0.0:1"}, True),
                (mapped, {"HTTPS_PROXY": proxy.url(), "NO_PROXY": "[::ffff:0.0.0.0]"}, False),
                (mapped, {"HTTPS_PROXY": proxy.url(), "NO_PROXY": "::ffff:0:0/96,x"}, False),
                (elsewhere, {"HTTP_PROXY": proxy.url(), "http_proxy": proxy.url()}, False),
                ({**elsewhere, "proxy": "none"}, {"HTTPS_PROXY": proxy.url()}, False),
                ({**elsewhere, "proxy": proxy.url()}, {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "*"}, True),
                ({}, {"HTTPS_PROXY": proxy.url()}, False),
                ({"proxy": proxy.url()}, {}, True),
            ):
                with self.subTest(fields, **variables):
                    config = through("", **fields)
                    self.assertEqual(expected, self.goes_through(proxy, config, **variables))

    def test_a_variable_that_is_no_proxy_is_named(self) -> None:
        with unittest.mock.patch.dict("os.environ", {"HTTPS_PROXY": f"socks5://u:{PASSWORD}@proxy"}):
            text = self.refusal_with(through("", server_address="192.0.2.1"), "get_version")
            self.assertRegex(
                text, r"^\[invalid_configuration\] get_version: .*HTTPS_PROXY is not the URL of an HTTP proxy"
            )
            self.assertNotIn(PASSWORD, text)

    def test_sockets_and_plain_http_never_go_through_one(self) -> None:
        with (
            Tinyproxy() as proxy,
            ScriptedServer({"GET /version": Answer(200, {"Version": "1", "ApiVersion": "1.41"})}) as server,
        ):
            for config in (over_unix(), over_http(server.address)):
                config = {**config, "proxy": proxy.url(), "config_id": str(uuid.uuid4())}
                self.assertFalse(self.goes_through(proxy, config, HTTPS_PROXY=proxy.url()))


if __name__ == "__main__":
    unittest.main()
