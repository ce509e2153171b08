"""F26: a name with several addresses, some of which are dead. And what `server_address` may hold."""

from __future__ import annotations

import unittest
from typing import Any

from support.case import OperationTestCase
from support.configurations import over_http, over_tls
from support.resolving import NAME, Listeners, call
from support.session import CONNECTOR, given
from support.sshd import Sshd
from support.tinyproxy import Tinyproxy

SOCKET = given("ENGINE_SOCKET")
# Far less than the connect timeout, and more than a busy machine takes for the rest.
SOON_SECONDS = 5.0


class SeveralAddresses(unittest.TestCase):
    """The system prefers the address that is most like its own: 127.0.0.1 comes before 127.0.0.9."""

    def setUp(self) -> None:
        self.listeners = Listeners()
        self.addCleanup(self.listeners.close)
        self.config: dict[str, Any] = {
            "protocol": "HTTP",
            "server_address": NAME,
            "port": self.listeners.port,
            "connect_timeout": 10,
        }

    def assert_reached(self, *addresses: str, **fields: Any) -> None:
        ending = call(addresses, {**self.config, **fields})
        self.assertEqual("", ending.error)
        self.assertLess(ending.seconds, SOON_SECONDS)

    def test_the_first_is_silent(self) -> None:
        self.listeners.silent("127.0.0.1")
        self.listeners.leads("127.0.0.9", SOCKET)
        self.assert_reached("127.0.0.1", "127.0.0.9")

    def test_several_are_silent_or_refuse(self) -> None:
        for address in ("127.0.0.1", "127.0.0.2", "127.0.0.4", "127.0.0.5"):
            self.listeners.silent(address)
        self.listeners.leads("127.0.0.9", SOCKET)
        self.assert_reached("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.9")

    def test_the_first_refuses(self) -> None:
        self.listeners.leads("127.0.0.9", SOCKET)
        self.assert_reached("127.0.0.1", "127.0.0.9")

    def test_ipv6_is_silent(self) -> None:
        self.listeners.silent("::1")
        self.listeners.leads("127.0.0.9", SOCKET)
        self.assert_reached("::1", "127.0.0.9")

    def test_all_are_dead_within_the_connect_timeout(self) -> None:
        self.listeners.silent("127.0.0.1")
        self.listeners.silent("127.0.0.2")
        ending = call(["127.0.0.1", "127.0.0.2", "127.0.0.3"], {**self.config, "connect_timeout": 2})
        self.assertLess(ending.seconds, SOON_SECONDS)
        self.assertRegex(ending.error, rf"^\[unreachable\] ping: no connection to tcp://{NAME}:\d+ in time: ")
        port = self.listeners.port
        for part in (
            f"127.0.0.1:{port}: no answer",
            f"127.0.0.2:{port}: no answer",
            f"127.0.0.3:{port}: Connection ref",
        ):
            self.assertIn(part, ending.error)

    def test_all_refuse(self) -> None:
        ending = call(["127.0.0.1", "127.0.0.2"], self.config)
        self.assertLess(ending.seconds, SOON_SECONDS)
        for part in ("[unreachable] ping: ", "127.0.0.1:", "127.0.0.2:", "Connection refused", "Nothing listens there"):
            self.assertIn(part, ending.error)

    def test_of_a_proxy(self) -> None:
        with Tinyproxy() as proxy:
            self.listeners.silent("127.0.0.1")
            self.listeners.leads("127.0.0.9", ("127.0.0.1", proxy.port))
            port = given("ENGINE_TLS").rpartition(":")[2]
            url = f"http://{NAME}:{self.listeners.port}"
            self.assert_reached(
                "127.0.0.1", "127.0.0.9", protocol="HTTPS", server_address="127.0.0.1", port=port, proxy=url
            )
            self.assertGreater(proxy.connected, 0)
            ending = call(
                ["127.0.0.1", "127.0.0.2"],
                {"protocol": "HTTPS", "proxy": url, "connect_timeout": 1},
            )
            self.assertIn("the proxy did not open the connection: 127.0.0.1:", ending.error)

    def test_of_an_ssh_server(self) -> None:
        with Sshd() as server:
            self.listeners.silent("127.0.0.1")
            self.listeners.leads("127.0.0.9", ("127.0.0.1", server.port))
            fields = {
                name: value
                for name, value in server.config().items()
                if name.startswith("ssh_") or name in ("protocol", "authentication_type")
            }
            fields["ssh_host_key"] = (server.folder / "host_ed25519.pub").read_text()
            self.assert_reached("127.0.0.1", "127.0.0.9", **fields)


class ServerAddress(OperationTestCase):
    """What belongs into another field is refused by that field's name, before anything is sent."""

    def test_only_a_host_is_taken(self) -> None:
        for address, *parts in (
            ("engine.example:2376", "put 2376 into port"),
            ("[::1]:2376", "put 2376 into port"),
            (" 192.0.2.1:2376 ", "put 2376 into port"),
            ("tcp://engine.example:2376", "set protocol to", "put 2376 into port"),
            ("https://engine.example/api/endpoints/1/docker", "set protocol to HTTPS", "base_path"),
            ("ssh://me@engine.example", "set protocol to SSH", "ssh_username"),
            ("unix:///var/run/docker.sock", "set protocol to UNIX"),
            ("https://user:s3cret@engine.example", "username and password"),
            ("engine.example/",),
            ("engine example",),
            ("engine.example,other",),
        ):
            for config in (over_http(), over_tls()):
                with self.subTest(address, protocol=config["protocol"]):
                    config = {**config, "server_address": address, "port": "99999"}
                    text = self.refusal_with(config, "ping")
                    self.assertTrue(text.startswith("[invalid_configuration] ping: "), text)
                    for part in (*parts, "server_address must be", "port must be from 1 to 65535", "Nothing was sent"):
                        self.assertIn(part, text)
                    self.assertNotIn("s3cret", text)

    def test_what_is_a_host_goes_on_working(self) -> None:
        host, _, port = given("ENGINE_TCP").rpartition(":")
        for address in (f" {host} ", f"::ffff:{host}", f"[::ffff:{host}]"):
            with self.subTest(address):
                config = {**over_http(), "server_address": address, "port": port, "config_id": address}
                self.assertIs(True, CONNECTOR.check_health(config))


if __name__ == "__main__":
    unittest.main()
