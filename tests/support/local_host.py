"""The local host as a user starts it, `fsr-docker serve`, and what signs in to it."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

from support.session import given

# A connector of our own, for what no real operation should do.
CONNECTOR = """
import logging, os, signal, time
from connectors.core.connector import Connector, ConnectorError
from . import operations

class Sample(Connector):
    def execute(self, config, operation, params, **kwargs):
        return getattr(self, operation)(config, params)

    def check_health(self, config=None, *args, **kwargs):
        if config["server"] != "up":
            raise ConnectorError("the server is down")
        return True

    def on_update_config(self, old_config, new_config, active):
        with open("/tmp/" + new_config["trace"], "w") as trace:
            trace.write(old_config["server"] + " " + new_config["server"])

    def echo(self, config, params):
        logging.getLogger("connectors.sample").info("echoing")
        return {"version": operations.VERSION, "config": config, "params": params, "pid": os.getpid()}

    def huge(self, config, params):
        return {"number": 123456789012345678901234567890}

    def choices(self, config, params):
        if config["server"] != "up":
            raise ConnectorError("[unreachable] choices: the server is down")
        hostile = [{"title": "<script>document.title = 'taken'</script>", "value": "<img src=x onerror=alert(1)>"}]
        return hostile + [f"container-{number:03}" for number in range(500)]

    def crash(self, config, params):
        os.kill(os.getpid(), signal.SIGKILL)

    def raise_another(self, config, params):
        raise ValueError("not a connector's error")

    def no_json(self, config, params):
        return {"set": {1}}

    def ignore(self, config, params):
        with open(params["began"], "w") as began:
            began.write(str(os.getpid()))
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass

    def wait(self, config, params):
        with open(params["began"], "w"):
            pass
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            with open(params["interrupted"], "w"):
                pass
            raise
"""
OPERATIONS = ("echo", "huge", "crash", "raise_another", "no_json", "wait", "ignore", "choices")


def sample(folder: Path, version: str = "1.0.0") -> Path:
    """The package of that connector."""
    secret = {"title": "Token", "name": "token", "type": "password", "required": False}
    container = {"title": "Container", "name": "id", "type": "text", "required": False, "apiOperation": "choices"}
    info = {
        "name": "sample",
        "version": version,
        "label": "Sample",
        "configuration": {
            "fields": [
                {"title": "Server", "name": "server", "type": "text", "required": True},
                {"title": "Trace", "name": "trace", "type": "text", "required": False},
                secret,
            ]
        },
        "operations": [
            {"operation": name, "title": name.title(), "visible": name != "choices", "parameters": [container, secret]}
            for name in OPERATIONS
        ],
    }
    files = {
        "info.json": json.dumps(info),
        "__init__.py": "",
        "operations.py": f"VERSION = {version!r}\nOPERATIONS = {OPERATIONS!r}\n",
        "connector.py": CONNECTOR,
    }
    path = folder / f"sample-{version}.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"sample/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return path


class LocalHost:
    """Runs until it is closed, with a state folder of its own that lasts as long, unless it is given one."""

    def __init__(self, *arguments: str, state: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="local-host-state-")
        self.folder = Path(self._folder.name)
        self.state = state or self.folder / "state"
        self._process: subprocess.Popen[str] | None = None
        self.said = ""
        self.url = ""
        try:
            self.start(*arguments)
        except BaseException:
            self.close()
            raise

    def start(self, *arguments: str) -> None:
        """Starts it, with the state that is there."""
        command = [given("FSR_DOCKER"), "serve", "--port", "0", "--state", str(self.state), "--python", sys.executable]
        self._process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.said = ""
        for line in self._output():
            self.said += line
            if found := re.match(r"Listening on (https://\S+);", line):
                self.url = found[1]
                return
        raise AssertionError(f"the local host did not start: {self.said}")

    def _output(self) -> IO[str]:
        assert self._process is not None and self._process.stdout is not None
        return self._process.stdout

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ends it, and answers its exit code."""
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(30)
        self._output().close()
        self._process = None
        return code

    def close(self) -> None:
        self.stop()
        self._folder.cleanup()

    @property
    def link(self) -> str:
        """The one-time link to the page."""
        found = re.search(r"https://\S+/sign-in\?token=\S+", self.said)
        assert found is not None, self.said
        return found[0]

    @property
    def api_key(self) -> str:
        return (self.state / "api-key").read_text()

    def client(self, **given_instead: str) -> Any:
        """FortiSOAR's client, signed in with the key unless told otherwise. It verifies the host's certificate."""
        os.environ["REQUESTS_CA_BUNDLE"] = str(self.state / "certificate.pem")
        client = importlib.import_module("pyfsr").FortiSOAR
        return client(self.url, **(given_instead or {"token": self.api_key}))

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """A request without a client's help: status, headers, body. A redirection is not followed."""
        request = urllib.request.Request(  # noqa: S310 (our own https)
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}},
        )
        context = ssl.create_default_context(cafile=str(self.state / "certificate.pem"))
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirect)
        try:
            with opener.open(request, timeout=60) as response:
                return response.status, {k.lower(): v for k, v in response.headers.items()}, response.read()
        except urllib.error.HTTPError as fault:
            with fault:
                return fault.code, {k.lower(): v for k, v in fault.headers.items()}, fault.read()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
