"""The local host, `fsr-docker serve`: what its workers bear, who does not come in, and how it starts and ends.

Needs what `support.host_case` says; `test_host_story` has what a client does there.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import stat
import threading
import unittest
import urllib.parse
from pathlib import Path
from typing import Any

from support.host_case import HostTestCase, until
from support.local_host import LocalHost, sample
from support.session import ARCHIVE, PACKAGE, given

SOCKET = given("ENGINE_SOCKET")
SECRET = "hunter2-of-the-registry"


class Workers(HostTestCase):
    """What operations may do to their worker, and may not do to the host."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.client.connectors.install_from_file(str(sample(cls.host.folder)), wait=True)
        cls.client.connectors.create_configuration("sample", {"server": "up"}, name="one", default=True)

    def echo(self, **params: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.connectors.execute("sample", "echo", params=params).data
        return answer

    def test_a_connector_sees_what_fortisoar_would_give_it(self) -> None:
        answer = self.echo(a=1)
        self.assertEqual(("1.0.0", {"a": 1}), (answer["version"], answer["params"]))
        self.assertEqual(("up", "one", True), tuple(answer["config"][key] for key in ("server", "name", "default")))
        self.assertIn("config_id", answer["config"])

    def test_a_result_comes_through_as_it_is(self) -> None:
        data = self.client.connectors.execute("sample", "huge").data
        self.assertEqual({"number": 123456789012345678901234567890}, data)

    def test_a_crash_is_an_error_and_a_new_worker(self) -> None:
        for _ in range(6):
            self.assertIn("crashed, and a new one is in its place", self.failure("sample", "crash"))
        self.assertTrue(self.echo()["pid"])

    def test_any_exception_is_an_error(self) -> None:
        self.assertEqual("ValueError: not a connector's error", self.failure("sample", "raise_another"))
        self.assertIn("TypeError", self.failure("sample", "no_json"))
        self.assertIn("has no operation nonsense", self.failure("sample", "nonsense"))

    def test_who_hangs_up_interrupts_the_operation(self) -> None:
        began, interrupted = self.host.folder / "began", self.host.folder / "interrupted"
        self.hang_up_after("wait", began, interrupted)
        until(interrupted.exists, "the operation was not interrupted")
        self.assertTrue(self.echo()["pid"])
        until(lambda: self.calls()[1]["status"] == "Cancelled", "the history does not say so")

    def test_who_ignores_an_interruption_is_ended(self) -> None:
        began = self.host.folder / "ignoring"
        self.hang_up_after("ignore", began)
        process = Path("/proc") / began.read_text()
        until(lambda: not process.exists(), "the worker goes on")
        self.assertTrue(self.echo()["pid"])

    def hang_up_after(self, operation: str, began: Path, interrupted: Path | None = None) -> None:
        """Asks for an operation, and leaves once it has begun."""
        params = {"began": str(began), "interrupted": str(interrupted)}
        body = {"connector": "sample", "operation": operation, "params": params}
        context = ssl.create_default_context(cafile=str(self.host.state / "certificate.pem"))
        port = urllib.parse.urlsplit(self.host.url).port or 0
        text = json.dumps(body)
        with (
            socket.create_connection(("127.0.0.1", port), 60) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(
                f"POST /api/integration/execute/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
                f"Authorization: API-KEY {self.host.api_key}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(text)}\r\n\r\n{text}".encode()
            )
            until(began.exists, "the operation did not begin")

    def test_more_calls_than_workers_take_turns(self) -> None:
        answers: list[Any] = []
        threads = [threading.Thread(target=lambda: answers.append(self.echo())) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(16, len(answers))

    def test_the_history_has_no_secrets(self) -> None:
        self.client.connectors.execute("sample", "echo", params={"token": SECRET, "id": "web"})
        call = self.calls()[0]
        self.assertEqual(("Success", {"token": "********", "id": "web"}), (call["status"], call["params"]))
        whole = json.loads(self.get(f"/page/history/{call['id']}"))
        self.assertEqual(["INFO echoing"], whole["log"])

    def test_hooks_are_told(self) -> None:
        trace = f"trace-{os.getpid()}"
        self.addCleanup(lambda: (Path("/tmp") / trace).unlink(missing_ok=True))
        connectors = self.client.connectors
        config = connectors.create_configuration("sample", {"server": "down"}, name="two")
        connectors.update_configuration("sample", config.config_id, {"server": "up", "trace": trace}, name="two")
        self.assertEqual("down up", (Path("/tmp") / trace).read_text())
        connectors.delete_configuration(config.config_id)

    def test_secrets_are_sealed_and_survive_a_rewrite(self) -> None:
        connectors = self.client.connectors
        config = connectors.create_configuration("sample", {"server": "up", "token": SECRET}, name="sealed")
        self.addCleanup(connectors.delete_configuration, config.config_id)
        for path in ("/api/integration/configuration/", f"/api/integration/configuration/{config.config_id}/"):
            self.assertNotIn(SECRET, self.get(path))
        self.assertNotIn(SECRET, json.dumps(connectors.connector_detail("sample")))
        read = connectors.list_configurations(name="sealed")[0]
        connectors.update_configuration("sample", config.config_id, {**read.config, "server": "other"}, name="sealed")
        echoed = connectors.execute("sample", "echo", config="sealed").data["config"]
        self.assertEqual((SECRET, "other"), (echoed["token"], echoed["server"]))
        with self.assertRaisesRegex(Exception, "token: the sealed value"):
            forged = {**read.config, "token": "sealed:" + 43 * "A"}
            connectors.update_configuration("sample", config.config_id, forged, name="sealed")

    def test_a_second_version_is_loaded_beside_the_first(self) -> None:
        connectors = self.client.connectors
        connectors.install_from_file(str(sample(self.host.folder, "1.10.0")), wait=True)
        self.addCleanup(connectors.uninstall, "sample", version="1.10.0")
        versions = [connectors.execute("sample", "echo", version=one).data["version"] for one in ("1.0.0", "1.10.0")]
        self.assertEqual(["1.0.0", "1.10.0"], versions)

    def test_what_is_refused_says_why(self) -> None:
        broken = self.host.folder / "broken.tgz"
        broken.write_bytes(b"no archive")
        with self.assertRaisesRegex(Exception, "not a gzip file"):
            self.client.connectors.install_from_file(str(broken))
        with self.assertRaisesRegex(Exception, "no Content Hub"):
            self.client.connectors.install("sample", "1.0.0")

    def calls(self) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = json.loads(self.get("/page/history"))["calls"]
        return calls

    def get(self, path: str) -> str:
        status, _, body = self.host.request("GET", path, Authorization=f"API-KEY {self.host.api_key}")
        self.assertEqual(200, status)
        return body.decode()


class Door(HostTestCase):
    """Who comes in, and what they are told."""

    def test_the_key_and_nothing_else(self) -> None:
        for authorization in ("", "API-KEY ", "API-KEY guess", f"Basic {self.host.api_key}", self.host.api_key):
            status, _, body = self.host.request("GET", "/api/3/people", Authorization=authorization)
            self.assertEqual(401, status, authorization)
            self.assertIn("Sign in first", json.loads(body)["message"])
        with self.assertRaisesRegex(Exception, "Invalid API key"):
            self.host.client(token="guess")

    def test_user_and_password(self) -> None:
        client = self.host.client(username="csadmin", password=self.host.api_key)
        self.assertEqual([], client.connectors.list_configured())
        with self.assertRaisesRegex(Exception, "Authentication failed"):
            self.host.client(username="csadmin", password="guess")

    def test_another_name_for_this_address_is_refused(self) -> None:
        key = f"API-KEY {self.host.api_key}"
        port = urllib.parse.urlsplit(self.host.url).port
        for name, expected in (
            (f"127.0.0.1:{port}", 200),
            (f"localhost:{port}", 200),
            (f"rebound.example:{port}", 421),
            ("127.0.0.1", 421),
        ):
            status, _, _ = self.host.request("GET", "/api/3/people", Authorization=key, Host=name)
            self.assertEqual(expected, status, name)

    def test_the_link_opens_the_page_once(self) -> None:
        path = self.host.link[len(self.host.url) :]
        status, headers, _ = self.host.request("GET", path)
        self.assertEqual((303, "/"), (status, headers["location"]))
        cookie = headers["set-cookie"]
        for attribute in ("__Host-", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(attribute, cookie)
        session = cookie.split(";")[0]
        _, again, _ = self.host.request("GET", path)
        self.assertNotIn("set-cookie", again)

        self.assertEqual(200, self.host.request("GET", "/page/history", Cookie=session)[0])
        # A cookie alone changes nothing: other pages of this machine have it sent along, too.
        for origin, expected in ((None, 401), ("https://evil.example", 401), (self.host.url, 204)):
            headers = {"Cookie": session, **({"Origin": origin} if origin else {})}
            self.assertEqual(expected, self.host.request("POST", "/page/sign-out", **headers)[0], origin)
        self.assertEqual(401, self.host.request("GET", "/page/history", Cookie=session)[0])

    def test_the_key_signs_in_to_the_page(self) -> None:
        self.assertEqual(401, self.host.request("POST", "/page/sign-in", {"key": "guess"})[0])
        status, headers, _ = self.host.request("POST", "/page/sign-in", {"key": self.host.api_key})
        self.assertEqual(204, status)
        session = headers["set-cookie"].split(";")[0]
        self.assertEqual(200, self.host.request("GET", "/page/history", Cookie=session)[0])

    def test_the_page_may_load_nothing_from_elsewhere(self) -> None:
        status, headers, body = self.host.request("GET", "/")
        self.assertEqual((200, "text/html; charset=utf-8"), (status, headers["content-type"]))
        policy = headers["content-security-policy"]
        for rule in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"):
            self.assertIn(rule, policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotIn(b"//", body.replace(b"<!--", b"").replace(b"-->", b""), "something is loaded from elsewhere")
        self.assertEqual(404, self.host.request("GET", "/assets/..%2fCargo.toml")[0])

    def test_what_is_kept_is_private(self) -> None:
        for path in (self.host.state, *self.host.state.iterdir()):
            mode = stat.S_IMODE(path.stat().st_mode)
            self.assertEqual(0, mode & 0o077, f"{path.name} is open to others: {mode:o}")

    def test_the_key_is_shown_once_and_the_state_lasts(self) -> None:
        host = LocalHost("--package", str(sample(self.host.folder)))
        self.addCleanup(host.close)
        self.assertIn(host.api_key, host.said)
        self.assertIn("Installed sample 1.0.0", host.said)
        self.assertNotIn("Configured", host.said, "its form has no field of an engine's")
        host.client().connectors.create_configuration("sample", {"server": "up"}, name="kept", default=True)
        self.assertEqual(0, host.stop())
        host.start()
        self.assertNotIn(host.api_key, host.said)
        self.assertEqual("Available", host.client().connectors.healthcheck("sample").status)

    def test_the_engine_that_is_named_is_the_first_configuration(self) -> None:
        host = LocalHost("--host", f"unix://{SOCKET}", "--package", str(ARCHIVE))
        self.addCleanup(host.close)
        self.assertIn("Configured   local", host.said)
        connectors = host.client().connectors
        self.assertTrue(connectors.execute(PACKAGE.name, "get_version").ok)
        self.assertEqual("Available", connectors.healthcheck(PACKAGE.name).status)
        connectors.delete_configuration(connectors.resolve_config(PACKAGE.name))
        connectors.create_configuration(PACKAGE.name, {"server_address": "engine"}, name="own", validate=False)
        host.stop()
        host.start("--package", str(ARCHIVE))
        names = [one.name for one in host.client().connectors.configurations(PACKAGE.name)]
        self.assertEqual(["own"], names, "what is there is left alone")

    def test_a_killed_host_takes_its_workers_along(self) -> None:
        host = LocalHost("--package", str(sample(self.host.folder)))
        self.addCleanup(host.close)
        began, interrupted = host.folder / "began", host.folder / "interrupted"
        params = {"began": str(began), "interrupted": str(interrupted)}
        body = {"connector": "sample", "operation": "wait", "params": params}

        def ask() -> None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                host.request("POST", "/api/integration/execute/", body, Authorization=f"API-KEY {host.api_key}")

        asking = threading.Thread(target=ask)
        asking.start()
        until(began.exists, "the operation did not begin")
        host.stop(signal.SIGKILL)
        asking.join(60)
        until(interrupted.exists, "the operation was not interrupted")
        host.start()
        _, _, history = host.request("GET", "/page/history", Authorization=f"API-KEY {host.api_key}")
        self.assertEqual("Lost", json.loads(history)["calls"][0]["status"])

    def test_a_package_that_cannot_be_installed_says_why(self) -> None:
        broken = self.host.folder / "broken.tgz"
        broken.write_bytes(b"no archive")
        with self.assertRaisesRegex(AssertionError, "not a gzip file"):
            LocalHost("--package", str(broken))

    def test_one_host_for_each_state(self) -> None:
        with self.assertRaisesRegex(AssertionError, "runs with it already"):
            LocalHost(state=self.host.state)


if __name__ == "__main__":
    unittest.main()
