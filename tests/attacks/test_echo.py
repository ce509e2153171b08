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
import unittest
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Any
from urllib.parse import quote, quote_plus

from support import wire
from support.configurations import Config, over_http
from support.raw_server import PING
from support.replying import Replying, http
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
# Where in each parameter a secret is.
PLANTS: dict[str, Plant] = {
    "Env": LINE,
    **dict.fromkeys(("Labels", "labels", "buildargs", "log_options", "DriverOpts", "Options"), MAP),
    **dict.fromkeys(("ipam_options", "Annotations"), MAP),
    **dict.fromkeys(("Cmd", "Entrypoint"), COMMAND),
    **dict.fromkeys(("stdin_text", "value", "registry_password", "registry_token"), TEXT),
    **dict.fromkeys(("data", "UnlockKey", "JoinToken", "SigningCAKey"), TEXT),
    **dict.fromkeys(("changes", "OnBuild", "dockerfile_content"), INSTRUCTION),
    **dict.fromkeys(("remote", "fromSrc"), URL),
    "Healthcheck": lambda secret: {"Test": ["CMD", "check", secret.text]},
    "registries": lambda secret: [{"server": "r.test", "username": "u", "password": secret.text}],
    "HostConfig": lambda secret: {"LogConfig": {"Type": "splunk", "Config": {"splunk-token": secret.text}}},
    "NetworkingConfig": lambda secret: {"EndpointsConfig": {"n": {"DriverOpts": {"a": secret.text}}}},
    "Mounts": lambda secret: [
        {
            "Type": "volume",
            "Source": "v",
            "Target": "/d",
            "VolumeOptions": {
                "DriverConfig": {"Name": "local", "Options": {"o": f"username=u,password={secret.text}"}}
            },
        }
    ],
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
    *("Binds", "SecurityOpt", "DeviceCgroupRules", "DeviceRequests", "ExtraHosts", "Links", "Sysctls", "StorageOpt"),
    *(
        "AuxiliaryAddresses",
        "Subnet",
        "IPRange",
        "Gateway",
        "Shell",
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
# What may hold a secret and is declared so, and what this file has no plant for yet. An update's service is looked at
# first, which an echo refuses.
UNPLANTED = {
    *("env_add", "labels_add", "container_labels_add", "container_labels", "mounts_add", "LogDriver", "TaskTemplate"),
    *("settings", "Driver", "Templating", "ExternalCAs", "data_base64", "undo"),
}


class Echo(Replying):
    """Refuses each request, or fails within a success, with what it was sent: line, headers and body."""

    def __init__(self, encode: Callable[[str], str], secret: Secret) -> None:
        self._encode, self._secret = encode, secret
        self.was_reached = False
        super().__init__()

    def answer(self, request: str) -> bytes:
        path = request.split(" ")[1]
        if path == "/_ping":
            return PING
        self.was_reached |= any(word in request for word in self._secret.words) or self._secret.is_in(request)
        quoted = self._encode(request)
        if path.split("?")[0].endswith(("/images/create", "/push", "/build")) and len(request) % 2:
            return http(200, json.dumps({"error": quoted}) + "\r\n")
        return http(400, json.dumps({"message": quoted}))


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


class Echoes(unittest.TestCase):
    def test_every_parameter_is_judged(self) -> None:
        """One that may carry a secret has one planted, or is known to hold none."""
        wide = {
            name
            for fields in PARAMETERS.values()
            for name, kind in fields.items()
            if kind in ("password", "textarea", "json")
        }
        self.assertEqual(set(), wide - PLANTS.keys() - OPEN - UNPLANTED)

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
        self.assertFalse(leaks, "\n".join([f"{len(leaks)} of {len(outcomes)}", *leaks[:10]]))
        quoted = {what.split(" in ")[0] for what, _, _, was_reached in outcomes if was_reached}
        never = {what.split(" in ")[0] for what, _, _, _ in outcomes} - quoted
        self.assertEqual(set(), never - UNQUOTED, "no request had the secret, so this shows nothing")

    def test_a_cut_leaves_no_head(self) -> None:
        """However much stands before the secret: what is told has a bound, and what is read of a refusal too."""
        for before in (*range(1900, 2010, 3), 65_400, 65_500, 65_530):
            for encode in (str, _go, quote):
                secret = Secret()

                def padded(request: str, before: int = before, encode: Callable[[str], str] = encode) -> str:
                    return before * "x" + encode(request[request.index('"password"') :])

                with Echo(padded, secret) as echo:
                    params = {"method": "POST", "path": "/auth", "body": {"password": secret.text}}
                    text = self.ended(over_http(echo.address), "call_api", params)
                self.assertTrue(echo.was_reached)
                self.assertNotIn(secret.words[0][:4], text, before)

    def planted(self) -> Iterator[tuple[str, str]]:
        for operation, fields in sorted(PARAMETERS.items()):
            yield from ((operation, name) for name in fields if name in PLANTS)

    def encodings(self, turn: int) -> list[str]:
        names = list(ENCODINGS)
        return names if ALL else [names[(turn + step * 5) % len(names)] for step in range(SECRETS_EACH)]

    def told(self, operation: str, name: str, encoding: str) -> tuple[str, str, Secret, bool]:
        """What a call says of itself, with a secret in a parameter; whether a request had it."""
        told, was_reached = "", False
        secret = Secret()
        for case in wire.cases():
            needs_a_file = re.search(r"{(file|attachment|archive)}", json.dumps(case.params))
            if case.of != operation or case.error or needs_a_file:
                continue
            with Echo(ENCODINGS[encoding], secret) as echo:
                params = {**case.params, name: PLANTS[name](secret)}
                if name == "registry_password":
                    params = {key: value for key, value in params.items() if key != "registry_token"}
                    params.setdefault("registry_username", "u")
                told += self.ended(over_http(echo.address), case.operation, params)
                was_reached |= echo.was_reached
            if was_reached:
                break
        return f"{operation}.{name} in {encoding}", told, secret, was_reached

    def ended(self, config: Config, operation: str, params: dict[str, Any]) -> str:
        config = {**config, "authentication_type": "None", "retry_attempts": 0, "timeout": 5}
        try:
            return repr(CONNECTOR.execute(config, operation, params))
        except ConnectorError as error:
            return str(error)
        finally:
            CONNECTOR.on_delete_config(config)


# What is sent after a connection was taken over, after an answer that no echo gives, or by a newer API only.
UNQUOTED = {
    *(
        "exec_container.stdin_text",
        "container_attach.stdin_text",
        "attach_container.stdin_text",
        "run_container.stdin_text",
    ),
    *("run_container.HostConfig", "run_container.NetworkingConfig", "update_volume.additional_fields"),
    *("create_container.Annotations", "run_container.Annotations"),
    # What is looked at first, or refused by its form.
    *(f"update_service.{name}" for name in ("Labels", "Mounts", "Env", "Healthcheck", "log_options")),
    *(f"update_service.{name}" for name in ("additional_fields", "registry_password", "registry_token")),
    *(f"update_swarm.{name}" for name in ("Labels", "SigningCAKey", "additional_fields")),
    *("update_node.Labels", "update_node.additional_fields", "update_config.Labels", "update_secret.Labels"),
    *("rotate_config.data", "rotate_secret.data", "get_plugin_privileges.remote", "install_plugin.remote"),
    *("upgrade_plugin.remote", "upgrade_plugin.registry_password", "upgrade_plugin.registry_token"),
}


if __name__ == "__main__":
    unittest.main()
