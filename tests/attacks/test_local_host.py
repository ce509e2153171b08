"""Secrets in the local host, from the side of who reads its answers, history and files; and calls that mean nothing."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import ssl
import subprocess
import tarfile
import time
import unittest
from pathlib import Path
from typing import Any

from support.host_case import HostTestCase, until
from support.local_host import LocalHost, sample

SECRET = "pl4nted-and-not-to-be-found"
KEY = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"


class Host(HostTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.client.connectors.install_from_file(str(sample(cls.host.folder)), wait=True)
        cls.client.connectors.create_configuration("sample", {"server": "up"}, name="one", default=True)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        status, _, text = self.host.request(method, path, body, Authorization=f"API-KEY {self.host.api_key}")
        return status, text.decode()

    def execute(self, **asked: Any) -> tuple[int, str]:
        return self.ask(
            "POST",
            "/api/integration/execute/",
            {"connector": "sample", "version": "1.0.0", "operation": "huge", **asked},
        )

    def test_the_history_keeps_no_secret_of_a_call(self) -> None:
        body = {"HostConfig": {}, "Env": [f"A={SECRET}"], "password": SECRET}
        for params in (
            {"headers": {"X-Registry-Auth": SECRET}},
            {"headers": json.dumps({"X-Registry-Auth": SECRET})},
            {"body": body},
            {"body": json.dumps(body)},
            {"Env": [f"A={SECRET}"], "buildargs": {"A": SECRET}},
            {"registry_password": SECRET, "passphrase": SECRET},
            {"query": {"buildargs": json.dumps({"A": SECRET})}},
            {"additional_fields": {"deep": [{"identitytoken": SECRET}, {"auth": SECRET}]}},
            {"remote": f"https://me:{SECRET}@host/repository.git"},
            {"key": KEY},
        ):
            status, text = self.execute(params=params)
            self.assertEqual(200, status, text)
            self.assertNotIn(SECRET, self.ask("GET", "/page/history")[1], params)

    def test_a_pasted_key_is_sealed(self) -> None:
        connectors = self.client.connectors
        config = connectors.create_configuration("sample", {"server": KEY}, name="key")
        self.addCleanup(connectors.delete_configuration, config.config_id)
        path = f"/api/integration/configuration/{config.config_id}/"
        for place in (path, "/api/integration/configuration/"):
            self.assertNotIn(SECRET, self.ask("GET", place)[1])
        sealed = json.loads(self.ask("GET", path)[1])["config"]
        self.assertEqual(200, self.ask("PUT", path, {"config": sealed, "name": "key"})[0])
        echoed = json.loads(self.execute(operation="echo", config="key")[1])
        self.assertEqual(KEY, echoed["data"]["config"]["server"], "a seal that comes back is the key")

    def test_what_is_deleted_is_in_no_file(self) -> None:
        connectors = self.client.connectors
        gone = f"deleted-{SECRET}"
        config = connectors.create_configuration("sample", {"server": "up", "token": gone}, name="gone")
        self.assertTrue(self.found(gone), "it is stored nowhere, so this test would show nothing")
        connectors.update_configuration("sample", config.config_id, {"server": "up", "token": "x"}, name="gone")
        self.assertEqual([], self.found(gone), "changed")
        connectors.update_configuration("sample", config.config_id, {"server": "up", "token": gone}, name="gone")
        connectors.delete_configuration(config.config_id)
        self.assertEqual([], self.found(gone), "deleted")

    def found(self, text: str) -> list[Path]:
        files = (path for path in self.host.state.rglob("*") if path.is_file())
        return [path for path in files if text.encode() in path.read_bytes()]

    def test_a_configuration_that_is_no_name_is_not_the_default_one(self) -> None:
        for config in (5, 1.5, True, False, ["one"], [], {}, {"server": "up"}):
            status, text = self.execute(config=config)
            self.assertEqual(400, status, (config, text))
            self.assertIn("config must be", json.loads(text)["message"])
        for none in ("", None):
            self.assertEqual(200, self.execute(config=none)[0], none)
        wrong: tuple[Any, ...] = (5, [], "{}", True)
        for params in wrong:
            self.assertEqual(400, self.execute(params=params)[0], params)

    def test_a_call_that_is_too_large_is_refused(self) -> None:
        self.assertEqual(413, self.execute(params={"value": 33 * 1024 * 1024 * "x"})[0])

    def test_a_package_that_the_host_cannot_read_changes_nothing(self) -> None:
        folder = self.host.folder / "odd"
        folder.mkdir()
        with tarfile.open(sample(folder)) as archive:
            entries = [(entry, archive.extractfile(entry)) for entry in archive]
            files = [(entry, reader.read() if reader else b"") for entry, reader in entries]
        installed = self.host.state / "root" / "connectors"
        before = sorted(path for path in self.host.state.rglob("*.py") if "sample" in str(path))
        self.assertTrue(before, installed)
        texts = [path.read_bytes() for path in before]
        for odd in (b"NaN", b"1e999", b'"\\ud800"', 200 * b"[" + 200 * b"]"):
            with tarfile.open(folder / "odd.tgz", "w:gz") as archive:
                for entry, content in files:
                    text = content
                    if entry.name.endswith("info.json"):
                        text = content.replace(b'"label"', b'"odd": ' + odd + b', "label"', 1)
                    elif entry.name.endswith("connector.py"):
                        text = content + b"# replaced"
                    entry.size = len(text)
                    archive.addfile(entry, io.BytesIO(text))
            with self.assertRaisesRegex(Exception, "info.json is not JSON"):
                self.client.connectors.install_from_file(str(folder / "odd.tgz"), replace=True, wait=True)
            self.assertEqual(texts, [path.read_bytes() for path in before], odd[:10])


class Environment(unittest.TestCase):
    def test_a_python_path_with_an_empty_part(self) -> None:
        """Python takes it for the workers' folder, where connectors are: those of the host must still come first."""
        before = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = f"/nowhere:{before or ''}:"
        try:
            host = LocalHost()
            self.addCleanup(host.close)
        finally:
            del os.environ["PYTHONPATH"]
            if before is not None:
                os.environ["PYTHONPATH"] = before
        connectors = host.client().connectors
        connectors.install_from_file(str(sample(host.folder)), wait=True)
        connectors.create_configuration("sample", {"server": "up"}, name="one", default=True)
        self.assertEqual("Success", connectors.execute("sample", "huge", params={}).status)


class Doors(HostTestCase):
    """Whoever has an account on this machine reaches the port."""

    def connect(self) -> ssl.SSLSocket:
        host, _, port = self.host.url.removeprefix("https://").partition(":")
        context = ssl.create_default_context(cafile=str(self.host.state / "certificate.pem"))
        return context.wrap_socket(socket.create_connection((host, int(port)), 30), server_hostname=host)

    def test_a_connection_that_says_nothing_is_closed(self) -> None:
        half = b"GET / HTTP/1.1\r\nHost: "
        whole = f"GET /nowhere HTTP/1.1\r\nHost: {self.host.url.removeprefix('https://')}\r\n\r\n".encode()
        for said in (b"", half, whole):
            with self.subTest(said), self.connect() as connection:
                began = time.monotonic()
                connection.sendall(said)
                connection.settimeout(30)
                while connection.recv(65536):
                    pass
                self.assertLess(time.monotonic() - began, 20)

    @unittest.skipUnless(os.geteuid() == 0, "only root can be another user")
    def test_another_user_takes_no_place_of_ours(self) -> None:
        port = self.host.url.rpartition(":")[2]
        idle = (
            "import socket, sys, time\n"
            f"held = [socket.create_connection(('127.0.0.1', {port})) for _ in range(300)]\n"
            "until = time.monotonic() + 8\n"
            "for one in held: one.setblocking(False)\n"
            "def is_open(one):\n"
            "    try: return one.recv(1) != b''\n"
            "    except BlockingIOError: return True\n"
            "    except OSError: return False\n"
            "while sum(map(is_open, held)) > 32 and time.monotonic() < until: time.sleep(0.1)\n"
            "print(sum(map(is_open, held)), flush=True)\n"
            "time.sleep(60)\n"
        )
        # Another Python may lie where another user cannot read it.
        other = subprocess.Popen(
            ["/usr/bin/python3", "-c", idle],
            user=65534,
            group=65534,
            extra_groups=[],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert other.stdout is not None
            self.assertLessEqual(int(other.stdout.readline()), 32)
            with self.connect() as connection:
                self.assertTrue(connection.version())
        finally:
            other.kill()
            other.communicate()


class Parents(HostTestCase):
    def test_workers_end_with_a_parent_that_is_killed(self) -> None:
        assert self.host._process is not None
        parent = next(iter(_children(self.host._process.pid)))
        workers = _children(parent)
        self.assertEqual(4, len(workers))
        os.kill(parent, signal.SIGKILL)
        until(lambda: not any(_runs(pid) for pid in workers), "workers outlive their parent")


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()
