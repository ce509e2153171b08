"""Marked secrets in every field and parameter that holds one, every error path, and a search for them everywhere."""

from __future__ import annotations

import base64
import importlib
import json
import logging
import os
import tempfile
import threading
import time
import traceback
import unittest
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from support.case import OperationTestCase
from support.certificates import KEYS
from support.configurations import CERTIFICATES, Config, over_http, over_tls, over_unix
from support.engine import IMAGE, api, container, unique
from support.marked import Marked
from support.raw_server import PING, RawServer, dribbles, hangs_up, is_silent, refuses, resets, says
from support.replying import Replying, http
from support.session import CONNECTOR, FOLDER, PACKAGE, ROOT, TEMPORARY, ConnectorError, given

RECORDS = importlib.import_module("integrations.records")
CONTAINER = json.dumps(
    {
        "Id": 64 * "0",
        "Name": "/x",
        "State": {"Running": True},
        "Config": {},
        "HostConfig": {"LogConfig": {"Type": "json-file"}},
    }
)


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Echo(Replying):
    """Refuses each request, or fails within a success, with what it was sent: line, headers and body."""

    def __init__(self, status: int, kind: str) -> None:
        self._status, self._kind = status, kind
        super().__init__()

    def answer(self, request: str) -> bytes:
        path = request.split(" ")[1]
        if path == "/_ping":
            return PING
        if request.startswith("GET") and path.endswith("/json") and "/containers/" in path:
            return http(200, CONTAINER)  # the look before a change
        if self._kind == "progress" and path.split("?")[0].endswith(("/images/create", "/push", "/build")):
            return http(200, json.dumps({"error": request}) + "\r\n")
        if self._kind in ("html", "plain"):
            return http(self._status, request, f"text/{self._kind}")
        return http(self._status, json.dumps({"message": request}))


class Children(threading.Thread):
    """Watches the processes that this one starts: their arguments and environments."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: set[bytes] = set()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.01):
            for task in Path(f"/proc/{os.getpid()}/task").iterdir():
                with suppress(OSError):
                    for pid in (task / "children").read_text().split():
                        for what in ("cmdline", "environ"):
                            self.seen.add(Path(f"/proc/{pid}/{what}").read_bytes())

    def stop(self) -> None:
        self._over.set()
        self.join()


class Secrets(OperationTestCase):
    def setUp(self) -> None:
        self.marked = Marked()
        self.told: list[str] = []  # by log and errors
        self._began = time.time()
        told = self.told

        class Everything(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                told.append(f"{record.name} {record.getMessage()} {vars(record)}")

        handler = Everything(0)
        for logger in (logging.getLogger(), logging.getLogger(f"connectors.{PACKAGE.name}")):
            self.addCleanup(logger.setLevel, logger.level)
            logger.setLevel(1)
        logging.getLogger().addHandler(handler)
        self.addCleanup(logging.getLogger().removeHandler, handler)
        self.children = Children()
        self.children.start()

    def planted_config(self) -> Config:
        """Every field that holds a secret, with one."""
        key = (KEYS / "ec-aes256-key.pem").read_text()
        for line in key.splitlines()[1:-1]:
            self.marked.add("key_path", line)
        signing_key = (KEYS / "ed25519-key.pem").read_text()
        self.marked.add("signing_key", signing_key.splitlines()[1])
        secret = self.marked.secret
        config = {
            "username": "somebody",
            "header_name": "X-API-Key",
            "cert_path": (KEYS / "ec.pem").read_text(),
            "key_path": key,
            **{
                name: secret(name)
                for name in ("password", "access_token", "key_passphrase", "registry_password", "ssh_passphrase")
            },
            "ssh_username": "somebody",
            "ssh_key": key,
            "ssh_host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEx4j0DyZ4+KnXlvBhcs4Fd6XKXSLxEyIg6e2DMrJYcK",
            "signing_key": signing_key,
            "http_headers": json.dumps({"X-Planted": secret("http_headers")}),
            "registry_server": "registry.test",
            "registry_username": "somebody",
            "registries": json.dumps(
                [
                    {"server": "one.test", "username": "u", "password": secret("registries.password")},
                    {"server": "two.test", "token": secret("registries.token")},
                ]
            ),
        }
        return {**config, "retry_attempts": 1, "retry_delay": 0, "timeout": 1, "connect_timeout": 1}

    def planted_calls(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """Every parameter that holds a secret, with one, in operations that send it."""
        secret = self.marked.secret
        environment = {"Env": [f"TOKEN={secret('additional_fields.Env')}"]}
        password = {"registry_username": "u", "registry_password": secret("params.registry_password")}
        registries = json.dumps({"base.test": {"username": "u", "password": secret("params.registries")}})
        auth = {"username": "u", "password": secret("body.password"), "serveraddress": "registry.test"}
        return [
            ("create_container", {"image": "none.test/image", "Env": f"TOKEN={secret('Env')}"}),
            ("create_container", {"image": "none.test/image", "additional_fields": environment}),
            ("create_container", {"image": "i", "additional_fields": f"{{broken {secret('broken')}"}),
            ("create_container", {"image": "i", "Env": {"TOKEN": [secret("nested Env")]}}),
            ("run_container", {"image": "none.test/image", "Env": {"TOKEN": secret("run.Env")}, "stdin_text": "x"}),
            ("container_commit", {"id": name, "Env": [f"TOKEN={secret('commit.Env')}"], "repo": "BAD REPO"}),
            ("exec_container", {"id": name, "Cmd": ["no-such-program"], "Env": [f"TOKEN={secret('exec.Env')}"]}),
            ("exec_container", {"id": name, "Cmd": ["true"], "stdin_text": secret("exec.stdin_text")}),
            ("container_attach", {"id": name, "stdin_text": secret("attach.stdin_text"), "timeout": 1}),
            ("copy_to_container", {
                "id": name, "input": "Text", "value": secret("value"), "filename": "f", "path": "/none"
            }),
            ("pull_image", {"fromImage": "none.test:1/image", **password}),
            ("push_image", {"name": IMAGE, **password}),
            ("pull_image", {"fromImage": "none.test:1/image", "registry_token": secret("params.registry_token")}),
            ("pull_image", {"fromImage": "registry.test/image"}),
            ("check_registry_credentials", {"registry": "registry.test:1", **password}),
            ("inspect_distribution", {"name": "none.test:1/image", **password}),
            ("build_image", {
                "dockerfile_content": "FROM none.test:1/image\nARG TOKEN\nRUN echo $TOKEN",
                "buildargs": {"TOKEN": secret("buildargs")},
                "registries": registries,
            }),
            ("build_image", {"dockerfile_content": "FROM x", "registries": f"{{broken {secret('broken registries')}"}),
            ("create_secret", {"name": "key", "data": secret("secret's data")}),
            ("create_secret", {"name": "key", "data": f"-----\n{secret('a line of data')}\n-----\n"}),
            ("create_secret", {"name": "key", "data_base64": in_base64(secret("secret's data in base64"))}),
            ("create_secret", {"name": "key", "data": "x", "additional_fields": {"Data": secret("Data")}}),
            ("create_config", {"name": "site", "data": secret("config's data")}),
            ("create_config", {"name": "site", "data_base64": in_base64(f"\n{secret('config in base64')}\n")}),
            ("update_secret", {"id": "key", "labels_add": f"a={secret('labels_add')}"}),
            ("call_api", {"method": "POST", "path": "/auth", "body": auth}),
            ("call_api", {
                "method": "POST", "path": "/images/create", "query": {"fromImage": "none.test:1/x"},
                "headers": {"X-Registry-Auth": secret("headers.auth")},
            }),
            ("call_api", {
                "method": "GET", "path": "/x", "headers": {"X-Registry-Auth": f"{secret('header')}\r\nX: y"}
            }),
        ]  # fmt: skip

    def bounded(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """What has a patience of its own gets less of it."""
        patient = ("pull_image", "push_image", "build_image", "copy_to_container", "call_api")
        return {**params, "timeout": 2} if operation in patient else params

    def test_no_secret_is_told_on_any_path(self) -> None:
        config = self.planted_config()
        calls = self.planted_calls(container(self, OpenStdin=True))
        with ExitStack() as stack, ThreadPoolExecutor(16) as threads:
            for way in self.ways(stack):
                for operation, params in calls:
                    threads.submit(self.call, {**config, **way}, operation, params)
                threads.submit(self.call, {**config, **way}, "check_health", {})
            threads.shutdown()
        self.assert_nowhere()

    def test_what_a_secret_has_from_a_file_is_secret_too(self) -> None:
        text = self.marked.secret("contents of a file")
        with tempfile.NamedTemporaryFile() as source, Echo(500, "json") as echo:
            source.write(f"---\n{text}\n".encode())
            source.flush()
            record = RECORDS.create_attachment("Key", RECORDS.create_file(source.name, "key"))
            for operation in ("create_secret", "create_config"):
                error = self.refusal_with(over_http(echo.address), operation, name="key", attachment=record["@id"])
                self.assertIn("[redacted]", error)
                self.assertEqual([], self.marked.found_in(error))

    def ways(self, stack: ExitStack) -> Iterator[Config]:
        """What an engine, or what is in its place, may do to a call; with each sign-in where it makes a difference."""
        none = {"authentication_type": "None"}
        yield {**over_unix(), **none}
        yield {**over_http("127.0.0.1:1"), **none}
        yield {**over_http("no-such-host.invalid:1"), **none}
        yield {**over_http(given("ENGINE_TLS")), "authentication_type": "Basic"}
        yield {"protocol": "SSH", "server_address": "127.0.0.1", "port": "1"}
        yield {"protocol": "SSH", "server_address": "127.0.0.1", "ssh_passphrase": self.marked.secret("wrong")}
        tls = {**over_tls(), "cert_path": "", "key_path": ""}
        for further in (
            {"key_passphrase": self.marked.secret("wrong passphrase")},
            {"ca_cert_path": (CERTIFICATES / "other-ca.pem").read_text()},
            {"key_path": (KEYS / "rsa-dek-info-key.pem").read_text()},
            {"registries": f"{{broken {self.marked.secret('broken registries of the configuration')}"},
            {"access_token": f"{self.marked.secret('broken token')}\r\nX: y", "authentication_type": "Token"},
            {"password": "", "username": "a:b", "authentication_type": "Basic"},
            {"proxy": f"http://user:{quote(self.marked.secret('proxy'), safe='')}@127.0.0.1:1"},
            {"proxy": f"http://user:{self.marked.secret('broken proxy')}@no host"},
            {"registry_password": "", "registry_token": self.marked.secret("registry_token")},
        ):
            yield {**{k: v for k, v in tls.items() if k not in ("cert_path", "key_path")}, **further}
        for status, kind in (
            (401, "json"),
            (403, "html"),
            (500, "plain"),
            (503, "json"),
            (500, "progress"),
            (302, "html"),
        ):
            echo = stack.enter_context(Echo(status, kind))
            for sign_in in ("Basic", "Token", "Header"):
                yield {**over_http(echo.address), "authentication_type": sign_in}
        for answer in (
            hangs_up,
            resets,
            is_silent,
            says(b"nonsense\r\n\r\n", close=True),
            says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\n{oops"),
            dribbles(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b" ", 0.2),
            refuses(503, Retry_After="0"),
        ):
            yield {**over_http(stack.enter_context(RawServer(answer)).address), "authentication_type": "Basic"}

    def call(self, config: Config, operation: str, params: dict[str, Any]) -> None:
        try:
            if operation == "check_health":
                CONNECTOR.check_health(config)
            else:
                self.told.append(repr(CONNECTOR.execute(config, operation, self.bounded(operation, params))))
        except ConnectorError as error:
            self.told.append("".join(traceback.format_exception(type(error), error, error.__traceback__)))

    def assert_nowhere(self) -> None:
        self.assertGreater(len(self.told), 300, "hardly anything was told")
        leaks = [(found, text) for text in self.told if (found := self.marked.found_in(text))]
        shown = "\n".join(f"{found}: {text.strip()[-400:]}" for found, text in leaks[:10])
        self.assertEqual(set(), {name for found, _ in leaks for name in found}, shown)
        self.children.stop()
        self.assertEqual(set(), self.children.seen, "the connector starts no processes")
        for what in ("cmdline", "environ"):
            self.assertEqual([], self.marked.found_in(Path(f"/proc/self/{what}").read_bytes()))
        for path in self.files():
            with suppress(OSError):
                self.assertEqual([], self.marked.found_in(path.read_bytes()), path)
        self.assertEqual([], os.listdir(TEMPORARY))

    def files(self) -> Iterator[Path]:
        """What was written since the test began, where temporary files go and in the local host."""
        for root in (Path(tempfile.gettempdir()), ROOT):
            for folder, _, names in os.walk(root):
                for path in (Path(folder, name) for name in names):
                    with suppress(OSError):
                        if path.is_file() and path.stat().st_mtime >= self._began and path.stat().st_size < 2**24:
                            yield path


class Redact(OperationTestCase):
    """Results hold what the engine says, unless they are to be redacted."""

    def test_values_go_and_names_stay(self) -> None:
        name = container(self, Env=["TOKEN=s3cret-value", "EMPTY="])
        whole = self.run_operation("inspect_container", id=name)
        self.assertIn("TOKEN=s3cret-value", whole["Config"]["Env"])
        for redact in (False, "false", "", None):
            self.assertEqual(whole, self.run_operation("inspect_container", id=name, redact=redact))
        redacted = self.run_operation("inspect_container", id=name, redact=True)
        self.assertEqual(["TOKEN=[redacted]", "EMPTY=[redacted]"], redacted["Config"]["Env"][:2])
        self.assertEqual(whole["Id"], redacted["Id"])
        self.assertEqual(["[redacted]"] * len(whole["Args"]), redacted["Args"])
        for call in (whole, redacted):
            call["Config"].pop("Env")
            call["Config"].pop("Cmd")
            call.pop("Args")
        self.assertEqual(whole, redacted)

    def test_commands_labels_checks_and_options_go(self) -> None:
        secret = "s3cret-value"
        name = container(
            self,
            Cmd=["sh", "-c", f"echo {secret} >/dev/null; sleep 600"],
            Labels={"note": secret},
            Healthcheck={"Test": ["CMD-SHELL", f"echo {secret}"]},
            HostConfig={"LogConfig": {"Type": "json-file", "Config": {"tag": secret}}},
        )
        self.assertGreater(str(self.run_operation("inspect_container", id=name)).count(secret), 4)
        redacted = self.run_operation("inspect_container", id=name, redact=True)
        self.assertNotIn(secret, str(redacted))
        self.assertEqual(({"note": "[redacted]"}, "sh"), (redacted["Config"]["Labels"], redacted["Config"]["Cmd"][0]))

    def test_in_images_and_their_history(self) -> None:
        name, image = container(self), unique("redacted")
        self.run_operation("container_commit", id=name, repo=image, changes="ENV TOKEN=s3cret-value")
        self.addCleanup(CONNECTOR.execute, self.config, "remove_image", {"name": image, "force": True})
        self.assertIn("s3cret-value", str(self.run_operation("inspect_image", name=image)))
        for operation, params in (("inspect_image", {"name": image}), ("image_history", {"id": image})):
            self.assertNotIn("s3cret-value", str(self.run_operation(operation, redact=True, **params)))

    def test_in_any_call(self) -> None:
        name = container(self, Env=["TOKEN=s3cret-value"])
        call = {"method": "GET", "path": f"/containers/{name}/json"}
        self.assertIn("s3cret-value", str(self.run_operation("call_api", **call)))
        self.assertNotIn("s3cret-value", str(self.run_operation("call_api", redact=True, **call)))
        text = self.refusal("call_api", redact=True, output="Attachment", **call)
        self.assertRegex(text, r"^\[invalid_parameters\] call_api: .*redact")

    def test_in_volumes_networks_lists_events_and_processes(self) -> None:
        secret = "s3cret-value"
        name = container(self, Cmd=["sh", "-c", f"echo {secret} >/dev/null; sleep 600"], Labels={"note": secret})
        own = {"Name": unique("own"), "Labels": {"note": secret}}
        api("POST", "/volumes/create", {**own, "DriverOpts": {"type": "tmpfs", "device": secret}})
        self.addCleanup(api, "DELETE", f"/volumes/{own['Name']}")
        api("POST", "/networks/create", {**own, "Options": {"com.docker.network.bridge.name": secret}})
        self.addCleanup(api, "DELETE", f"/networks/{own['Name']}")
        asked: list[tuple[str, dict[str, Any]]] = [
            ("inspect_volume", {"name": own["Name"]}),
            ("list_volumes", {}),
            ("list_volumes", {"fields": "Labels"}),
            ("inspect_network", {"id": own["Name"]}),
            ("list_networks", {}),
            ("list_containers", {}),
            ("list_processes", {"id": name}),
            ("system_df", {}),
            ("system_events", {"since": "2m", "filters": f"container={name}"}),
        ]
        for operation, params in asked:
            with self.subTest(operation, **params):
                self.assertIn(secret, str(self.run_operation(operation, **params)))
                self.assertNotIn(secret, str(self.run_operation(operation, redact=True, **params)))

    def test_what_looks_and_shows_such_fields_can_redact_them(self) -> None:
        names = {
            "labels",
            "options",
            "env",
            "command",
            "cmd",
            "args",
            "arguments",
            "entrypoint",
            "jointokens",
            "attributes",
        }

        def has_one(value: Any) -> bool:
            if isinstance(value, dict):
                return any(name.lower() in names or has_one(inner) for name, inner in value.items())
            return isinstance(value, list) and any(map(has_one, value))

        info = json.loads((FOLDER / "info.json").read_text())
        looks = [one for one in info["operations"] if one["category"] == "investigation"]
        can = {one["operation"] for one in looks if any(p["name"] == "redact" for p in _fields(one["parameters"]))}
        should = {one["operation"] for one in looks if has_one(one.get("output_schema"))}
        self.assertGreater(len(should), 20)
        # Tokens and a key that are asked for, and shown because of it.
        self.assertEqual(set(), should - can - {"get_unlock_key", "rotate_join_tokens"})

    def test_every_secret_field_is_known_here(self) -> None:
        """A configuration's field that hides its value in the form is one that the test above plants a secret in."""
        info = json.loads((FOLDER / "info.json").read_text())
        hidden = {field["name"] for field in _fields(info["configuration"]["fields"]) if field["type"] == "password"}
        self.assertIn("password", hidden)
        test = Secrets("test_no_secret_is_told_on_any_path")
        test.marked = Marked()
        self.assertLessEqual(hidden - {"registry_token", "proxy"}, test.planted_config().keys())


def _fields(fields: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for field in fields:
        yield field
        for shown in (field.get("onchange") or {}).values():
            yield from _fields(shown)


if __name__ == "__main__":
    unittest.main()
