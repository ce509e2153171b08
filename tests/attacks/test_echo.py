"""An engine, or a proxy, that quotes each request in its refusal, in every encoding: no parameter's secret is told.

The base of each call is a case of what the operation sends (`support/wire.py`), with a secret in one parameter more.
By default each parameter is tried with some of the encodings; with FSR_TEST_ALL set, with all.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import secrets
import socket
import unittest
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.parse import quote, quote_plus

from support import wire
from support.configurations import Config, over_unix
from support.recorder import CONTAINER_ID, Answer, Recorder
from support.recording_proxy import Request
from support.session import CONNECTOR, FOLDER, ConnectorError

ALL = bool(os.environ.get("FSR_TEST_ALL"))
SECRETS_EACH = 3


class Secret:
    """A text with everything that encodings change, whose words none of them changes."""

    def __init__(self) -> None:
        self.words = [secrets.token_hex(5) for _ in range(5)]
        one, two, three, four, five = self.words
        self.text = f'{one}"{two}\\{three}\n{four}\tü<{five}>&'

    def is_in(self, text: str) -> bool:
        return any(word in text for word in self.words) or any(
            word.encode() in decoded for decoded in _from_base64(text) for word in self.words
        )


def _from_base64(text: str) -> Iterator[bytes]:
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        for offset in range(4):
            whole = run[offset:][: (len(run) - offset) // 4 * 4]
            with suppress(ValueError):
                yield base64.b64decode(whole.replace("-", "+").replace("_", "/"))


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _go(text: str) -> str:
    """As Go's encoder writes it, for HTML."""
    return _json(text).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


# What becomes of a request before it is quoted.
ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": _go,
    "JSON in JSON": lambda text: _json(_go(text)),
    "JSON in ASCII": json.dumps,
    "a path": quote,
    "a form": quote_plus,
    "a query in small digits": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "a query in JSON in a query": lambda text: quote(json.dumps(quote(text, safe="")), safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, one byte on": lambda text: base64.urlsafe_b64encode(b"-" + text.encode()).decode(),
    "base64, two bytes on": lambda text: base64.b64encode(b"--" + text.encode()).decode(),
    "base64 of JSON": lambda text: base64.urlsafe_b64encode(_go(text).encode()).decode(),
    "Go's %q": lambda text: '"' + text.encode("unicode_escape").decode().replace('"', '\\"') + '"',
    "HTML": html.escape,
}

Plant = Callable[[Secret], Any]
MAP: Plant = lambda secret: {"NAME": secret.text}  # noqa: E731
LINE: Plant = lambda secret: [f"NAME={secret.text}"]  # noqa: E731
TEXT: Plant = lambda secret: secret.text  # noqa: E731
COMMAND: Plant = lambda secret: ["run", "--with", secret.text]  # noqa: E731
INSTRUCTION: Plant = lambda secret: f"ENV NAME={secret.words[0]}"  # noqa: E731
URL: Plant = lambda secret: f"https://me:{secret.words[0]}@host.test/x"  # noqa: E731
MOUNTS: Plant = lambda secret: [  # noqa: E731
    {
        "Type": "volume",
        "Source": "v",
        "Target": "/d",
        "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {"o": f"username=u,password={secret.text}"}}},
    }
]
DRIVER: Plant = lambda secret: {"Name": "some", "Options": {"a": secret.text}}  # noqa: E731
# What an isolation's record tells of a network's endpoint.
UNDO: Plant = lambda secret: {  # noqa: E731
    "form": 1,
    "container": CONTAINER_ID,
    "name": "web",
    "status": "running",
    "paused": False,
    "restart_policy": {"Name": "no"},
    "networks": [
        {
            "id": "beef22222222",
            "name": "dmz",
            "driver": "bridge",
            "endpoint": {"DriverOpts": {"a": secret.text}},
            "observed": {},
        }
    ],
}
# Where in each parameter a secret is.
PLANTS: dict[str, Plant] = {
    "Env": LINE,
    "env_add": LINE,
    **dict.fromkeys(("Labels", "labels", "buildargs", "log_options", "DriverOpts", "Options"), MAP),
    **dict.fromkeys(("ipam_options", "Annotations", "labels_add", "container_labels", "container_labels_add"), MAP),
    "settings": LINE,
    **dict.fromkeys(("Cmd", "Entrypoint", "Command"), COMMAND),
    "Args": lambda secret: [f"--password={secret.text}"],
    "DeviceRequests": lambda secret: [{"Driver": "d", "Capabilities": [["gpu"]], "Options": {"a": secret.text}}],
    **dict.fromkeys(("stdin_text", "value", "registry_password", "registry_token"), TEXT),
    **dict.fromkeys(("data", "UnlockKey", "JoinToken", "SigningCAKey"), TEXT),
    "data_base64": lambda secret: base64.b64encode(secret.text.encode()).decode(),
    **dict.fromkeys(("OnBuild", "dockerfile_content"), INSTRUCTION),
    "changes": lambda secret: f'CMD ["run", "--with", "{secret.words[0]}"]',
    **dict.fromkeys(("remote", "fromSrc"), URL),
    "Healthcheck": lambda secret: {"Test": ["CMD", "check", secret.text]},
    "registries": lambda secret: [{"server": "r.test", "username": "u", "password": secret.text}],
    "HostConfig": lambda secret: {"LogConfig": {"Type": "splunk", "Config": {"splunk-token": secret.text}}},
    "NetworkingConfig": lambda secret: {"EndpointsConfig": {"n": {"DriverOpts": {"a": secret.text}}}},
    **dict.fromkeys(("Mounts", "mounts_add"), MOUNTS),
    **dict.fromkeys(("LogDriver", "Driver", "Templating"), DRIVER),
    "ExternalCAs": lambda secret: [{"Protocol": "cfssl", "URL": "https://ca.test", "Options": {"a": secret.text}}],
    "TaskTemplate": lambda secret: {"ContainerSpec": {"Image": "app:1", "Env": [f"A={secret.text}"]}},
    "undo": UNDO,
    "IPAM": lambda secret: {"Driver": "default", "Options": {"a": secret.text}},
    "additional_fields": lambda secret: {"password": secret.text},
    "body": lambda secret: {"password": secret.text, "Env": [f"A={secret.text}"]},
    "query": lambda secret: {"buildargs": json.dumps({"A": secret.text})},
    "headers": lambda secret: {
        "X-Registry-Auth": base64.urlsafe_b64encode(json.dumps({"password": secret.text}).encode()).decode()
    },
}
# Fields for text of several lines or JSON that hold no secret.
OPEN = {
    *(
        "filters",
        "fields",
        "names",
        "t",
        "platform",
        "platforms",
        "tests",
        "cachefrom",
        "extrahosts",
        "ulimits",
        "Ulimits",
    ),
    *("Binds", "SecurityOpt", "DeviceCgroupRules", "ExtraHosts", "Links", "Sysctls", "StorageOpt"),
    *(
        "AuxiliaryAddresses",
        "Subnet",
        "IPRange",
        "Gateway",
        "Shell",
        # What is looked for, and what an audit said before: none of it is sent.
        "indicators",
        "sha256",
        "checks",
        "compare_with",
        "Volumes",
        "ExposedPorts",
        "ports",
        "Tmpfs",
        "Devices",
    ),
    *("CapAdd", "CapDrop", "Dns", "DnsOptions", "DnsSearch", "VolumesFrom", "GroupAdd", "MaskedPaths", "ReadonlyPaths"),
    *("Aliases", "LinkLocalIPs", "network_aliases", "ClusterVolumeSpec", "Spec", "BlkioWeightDevice"),
    *("BlkioDeviceReadBps", "BlkioDeviceWriteBps", "BlkioDeviceReadIOps", "BlkioDeviceWriteIOps"),
    *("hosts_add", "hosts_remove", "Hosts", "groups_add", "groups_remove", "Groups", "constraints_add"),
    *("constraints_remove", "Constraints", "ulimits_add", "ulimits_remove", "sysctls_add", "sysctls_remove"),
    *("CapabilityAdd", "CapabilityDrop", "publish", "publish_add", "publish_remove", "networks_add", "Networks"),
    *("networks_remove", "mounts_remove", "labels_remove", "container_labels_remove", "env_remove", "Mode"),
    *("secrets_add", "secrets_remove", "Secrets", "configs_add", "configs_remove", "Configs", "EndpointSpec"),
    *("UpdateConfig", "RollbackConfig", "RemoteAddrs", "DefaultAddrPool", "SigningCACert", "privileges"),
    *("attachment", "public_key", "type", "paths"),
}


class Echo(Recorder):
    """Answers as an engine does until it is sent the secret. From then on it refuses each request, or fails within a
    success, with all that it was sent: lines, headers, bodies, and input."""

    def __init__(self, case: wire.Case, encode: Callable[[str], str], secret: Secret) -> None:
        self._encode, self._secret = encode, secret
        self._said: list[str] = []
        self.was_reached = self.has_quoted = False
        super().__init__(case.api, case.answers)

    def answer_to(self, request: Request) -> Answer:
        if not request.path.endswith("_ping"):
            head = [f"{request.method} {request.target} HTTP/1.1", *(f"{k}: {v}" for k, v in request.headers.items())]
            self.heard("\r\n".join(head) + "\r\n\r\n" + request.body.decode("utf-8", "replace"))
        if not self.was_reached:
            return super().answer_to(request)
        self.has_quoted = True
        quoted = self._encode("\r\n".join(self._said))
        if len(self._said) % 2 and re.search("^/(images/create|.*/(push|pull|upgrade|load)|build)$", request.path):
            return Answer(200, json.dumps({"error": quoted}) + "\r\n")
        return Answer(400, {"message": quoted})

    def take_leave(self, connection: socket.socket) -> None:
        connection.settimeout(1)
        with suppress(OSError):
            while piece := connection.recv(65536):
                self.heard(piece.decode("utf-8", "replace"))
        super().take_leave(connection)

    def heard(self, text: str) -> None:
        self._said.append(text)
        self.was_reached |= self._secret.is_in(text)


def planted(name: str, secret: Secret) -> dict[str, Any]:
    """What a call is given for a parameter with a secret in it, and what goes with it."""
    if name == "attachment":
        return {}  # The contents of each file are the secret.
    params = {name: PLANTS[name](secret)}
    if name in ("registry_password", "registry_token"):
        params |= {"registry_username": "u", "registry_password": "", "registry_token": "", **params}
    if name in ("data", "data_base64"):
        params |= {"data": "", "data_base64": "", "attachment": "", **params}
    return params


def _fields(fields: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for field in fields:
        yield field
        for shown in (field.get("onchange") or {}).values():
            yield from _fields(shown)


INFO = json.loads((FOLDER / "info.json").read_text())
PARAMETERS = {
    operation["operation"]: {field["name"]: field["type"] for field in _fields(operation["parameters"])}
    for operation in INFO["operations"]
}


# What would repeat a request otherwise.
SILENT = {"POST /volumes/create": Answer(201, {"Name": "data"})}

# The types of fields that may carry a secret.
WIDE = ("password", "textarea", "json")
AUTH = wire.Case("call_api", "call_api", {}, [], "1.41", {}, {}, None)


class Echoes(unittest.TestCase):
    def test_every_parameter_is_judged(self) -> None:
        """One that may carry a secret has one planted, or is known to hold none, and the exceptions are ones still."""
        wide = {name for fields in PARAMETERS.values() for name, kind in fields.items() if kind in WIDE}
        self.assertEqual(set(), wide - PLANTS.keys() - OPEN)

    def test_nothing_that_is_quoted_is_told(self) -> None:
        turns = count()
        with ThreadPoolExecutor(8) as threads:
            tries = [
                threads.submit(self.told, operation, name, encoding)
                for operation, name in self.planted()
                for encoding in self.encodings(next(turns))
            ]
            outcomes = [one.result() for one in tries]
        leaks = [f"{what}, {secret.text!r}: {text[-600:]}" for what, text, secret, _ in outcomes if secret.is_in(text)]
        if leaks:
            self.fail("\n".join([f"{len(leaks)} of {len(outcomes)}", *leaks[:10]]))
        quoted = {what.split(" in ")[0] for what, _, _, was_reached in outcomes if was_reached}
        never = {what.split(" in ")[0] for what, _, _, _ in outcomes} - quoted
        self.assertEqual(set(), never - UNQUOTED.keys(), "no request had the secret, so this shows nothing")

    def test_no_result_repeats_what_was_given(self) -> None:
        """An engine that says nothing of it, for real and in a dry run."""
        tried, leaks = 0, []
        for operation, name in self.planted():
            case = next((case for case in wire.cases() if case.of == operation and not case.error), None)
            dry_runs = (False, True) if "dry_run" in PARAMETERS[operation] else (False,)
            for dry_run in dry_runs if case else ():
                assert case is not None
                secret = Secret()
                with Recorder(case.api, {**SILENT, **case.answers}) as engine:
                    params = {**wire.with_files(case.params, secret.text.encode()), **planted(name, secret)}
                    params |= {"dry_run": True} if dry_run else {}
                    told = self.ended({**over_unix(engine.socket), **case.config}, case.operation, params)
                tried += 1
                if secret.is_in(told):
                    leaks.append(f"{operation}.{name}, dry_run={dry_run}, {secret.text!r}: {told[-600:]}")
        self.assertEqual([], leaks)
        self.assertGreater(tried, 140)

    def test_a_cut_leaves_no_head(self) -> None:
        """However much stands before the secret: what is told has a bound, and what is read of a refusal too."""
        for before in (*range(1900, 2010, 3), 65_400, 65_500, 65_530):
            for encode in (str, _go, quote):
                secret = Secret()

                def padded(request: str, before: int = before, encode: Callable[[str], str] = encode) -> str:
                    return before * "x" + encode(request[request.index('"password"') :])

                params = {"method": "POST", "path": "/auth", "body": {"password": secret.text}}
                with Echo(AUTH, padded, secret) as echo:
                    text = self.ended(over_unix(echo.socket), "call_api", params)
                self.assertTrue(echo.has_quoted)
                self.assertNotIn(secret.words[0][:4], text, before)

    def planted(self) -> Iterator[tuple[str, str]]:
        for operation, fields in sorted(PARAMETERS.items()):
            for name, kind in fields.items():
                # A driver is a name alone in the forms of networks and volumes.
                has_plant = name in PLANTS and (name != "Driver" or kind in WIDE)
                if has_plant or (name == "attachment" and "data_base64" in fields):
                    yield operation, name

    def encodings(self, turn: int) -> list[str]:
        names = list(ENCODINGS)
        return names if ALL else [names[(turn + step * 5) % len(names)] for step in range(SECRETS_EACH)]

    def told(self, operation: str, name: str, encoding: str) -> tuple[str, str, Secret, bool]:
        """What a call says of itself, with a secret in a parameter; whether an answer quoted it."""
        told = ""
        secret = Secret()
        for case in wire.cases():
            if case.of != operation or case.error:
                continue
            with Echo(case, ENCODINGS[encoding], secret) as echo:
                params = {**wire.with_files(case.params, secret.text.encode()), **planted(name, secret)}
                told += self.ended({**over_unix(echo.socket), **case.config}, case.operation, params)
            if echo.has_quoted or secret.is_in(told):
                return f"{operation}.{name} in {encoding}", told, secret, True
        return f"{operation}.{name} in {encoding}", told, secret, False

    def ended(self, config: Config, operation: str, params: dict[str, Any]) -> str:
        config = {**config, "authentication_type": "None", "retry_attempts": 0, "timeout": 5}
        try:
            return repr(CONNECTOR.execute(config, operation, params))
        except ConnectorError as error:
            return str(error)
        finally:
            CONNECTOR.on_delete_config(config)


# Nothing quotes these, and why.
UNQUOTED = {
    **dict.fromkeys(
        ("container_attach.stdin_text", "attach_container.stdin_text"),
        "input goes out after the answer's head; nothing is asked after it",
    ),
    **dict.fromkeys(
        ("upgrade_plugin.remote", "install_plugin.remote", "get_plugin_privileges.remote"),
        "an image's name has no place for a password: it is refused before anything is sent",
    ),
}


if __name__ == "__main__":
    unittest.main()
