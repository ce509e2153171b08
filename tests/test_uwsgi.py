"""Workers under a real uWSGI, pre-forked and with threads, as FortiSOAR's are."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TOOLS = Path(os.environ.get("ENGINE_TOOLS", "/"))
WORKERS, THREADS, CALLS = 3, 4, 240


def program() -> str:
    """uWSGI, unpacked for the tests or the machine's own. Without one, the tests are skipped."""
    found = shutil.which("uwsgi-core", path=f"{TOOLS / 'usr/bin'}:{os.environ.get('PATH', '')}")
    if found is None:
        raise unittest.SkipTest("there is no uWSGI: `cargo xtask test` unpacks it and sets ENGINE_TOOLS")
    return found


class Server:
    """uWSGI with `scenarios/wsgi_app.py`."""

    def __init__(self, *options: str) -> None:
        uwsgi = program()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        libraries = Path(uwsgi).resolve().parents[1] / "lib"
        plugin = max((libraries / "uwsgi/plugins").glob("python3*_plugin.so"))
        command = [uwsgi, "--plugin", str(plugin)]
        command += ["--http-socket", self._address, "--master", "--processes", str(WORKERS)]
        command += ["--enable-threads", "--threads", str(THREADS), "--need-app", "--disable-logging"]
        command += ["--wsgi-file", str(HERE / "scenarios/wsgi_app.py"), "--pythonpath", str(HERE), *options]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the server)
        path = f"{libraries / 'x86_64-linux-gnu'}:{os.environ.get('LD_LIBRARY_PATH', '')}"
        environment = {**os.environ, "LD_LIBRARY_PATH": path}
        self.process = subprocess.Popen(command, env=environment, stdout=self._log, stderr=subprocess.STDOUT)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: Any) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._log.close()

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def get(self, path: str) -> dict[str, Any]:
        """What a worker answers."""
        connection = http.client.HTTPConnection(self._address, timeout=60)
        try:
            connection.request("GET", path)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer

    def wait(self, loads: int = 1) -> None:
        """Until it answers, and has loaded the application so often."""
        until = time.monotonic() + 60
        while True:
            try:
                self.get("/unix/first")
                if self.log().count("WSGI app 0") >= loads:
                    return
            except (OSError, http.client.HTTPException):
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"uWSGI does not answer:\n{self.log()[-3000:]}") from None
                time.sleep(0.05)


class Uwsgi(unittest.TestCase):
    def assert_all_right(self, server: Server) -> list[dict[str, Any]]:
        """Calls from all workers and threads at once, over both transports, get each its own answer."""

        def call(number: int) -> dict[str, Any]:
            name = f"nobody-{number}"
            answer = server.get(f"/{('unix', 'tls')[number % 2]}/{name}")
            self.assertEqual(
                answer["said"].split(".")[0], f"[not_found 404] inspect_container: No such container: {name}"
            )
            return answer

        with ThreadPoolExecutor(WORKERS * THREADS) as clients:
            answers = list(clients.map(call, range(CALLS)))
        self.assertGreater(len({answer["pid"] for answer in answers}), 1, "one worker alone has answered")
        return answers

    def assert_stops(self, server: Server) -> None:
        server.process.send_signal(signal.SIGINT)
        self.assertEqual(0, server.process.wait(20), server.log()[-2000:])
        for trouble in ("egmentation fault", "DAMN", "Traceback", "panicked"):
            self.assertNotIn(trouble, server.log())

    def test_loaded_before_the_fork(self) -> None:
        with Server() as server:
            server.wait()
            answers = self.assert_all_right(server)
            self.assertEqual({server.process.pid}, {answer["loaded_by"] for answer in answers})
            self.assert_stops(server)

    def test_loaded_by_each_worker(self) -> None:
        with Server("--lazy-apps") as server:
            server.wait(WORKERS)
            answers = self.assert_all_right(server)
            self.assertTrue(all(answer["loaded_by"] == answer["pid"] for answer in answers))
            self.assert_stops(server)

    def test_reloaded(self) -> None:
        with Server() as server:
            server.wait()
            self.assert_all_right(server)
            server.process.send_signal(signal.SIGHUP)
            server.wait(loads=2)
            self.assert_all_right(server)
            self.assert_stops(server)


if __name__ == "__main__":
    unittest.main()
