"""What the connector writes to FortiSOAR's log: one line for each call, and never a secret."""

from __future__ import annotations

import base64
import logging
import os
import unittest
from contextlib import suppress
from typing import Any

from support import configurations
from support.case import OperationTestCase
from support.configurations import over_http, over_tls, over_unix
from support.engine import container
from support.scripted_server import Answer, ScriptedServer
from support.session import CONNECTOR, PACKAGE, TEMPORARY, ConnectorError, given

LOGGER = f"connectors.{PACKAGE.name}"


class OneLinePerCall(OperationTestCase):
    """The line that an administrator looks for."""

    def line(self, config: configurations.Config, operation: str, /, **params: Any) -> logging.LogRecord:
        """The only line of level INFO or above that a call leaves."""
        with self.assertLogs(LOGGER, logging.INFO) as logged, suppress(ConnectorError):
            CONNECTOR.execute(config, operation, params)
        self.assertEqual(1, len(logged.records), logged.output)
        self.assertEqual(LOGGER, logged.records[0].name)
        return logged.records[0]

    def test_success(self) -> None:
        line = self.line(over_unix(), "inspect_container", id=container(self))
        self.assertEqual("INFO", line.levelname)
        text = line.getMessage()
        self.assertIn("inspect_container", text)
        self.assertIn(given("ENGINE_SOCKET"), text)
        self.assertRegex(text, r"\b200\b")
        self.assertRegex(text, r"\bmilliseconds=\d+")
        self.assertRegex(text, r"\btries=1\b")

    def test_over_tls(self) -> None:
        self.assertIn(given("ENGINE_TLS"), self.line(over_tls(), "get_version").getMessage())

    def test_failures(self) -> None:
        for operation, params, expected in (
            ("inspect_container", {"id": "nope"}, r"\b404\b"),
            ("inspect_container", {}, "invalid"),
            ("list_containers", {"filters": {"nonsense": ["x"]}}, r"\b400\b"),
        ):
            with self.subTest(operation, **params):
                text = self.line(over_unix(), operation, **params).getMessage()
                self.assertIn(operation, text)
                self.assertRegex(text, expected)

    def test_tries_are_counted(self) -> None:
        config = {**over_http("127.0.0.1:1"), "retry_attempts": 2, "retry_delay": 0}
        self.assertRegex(self.line(config, "get_version").getMessage(), r"\btries=3\b")

    def test_no_line_can_be_forged(self) -> None:
        text = self.line(over_unix(), "inspect_container", id="x\nINFO forged").getMessage()
        self.assertNotIn("\n", text)

    def test_quiet_otherwise(self) -> None:
        with self.assertLogs(level=logging.INFO) as logged:
            CONNECTOR.execute(over_unix(), "ping", {})
        self.assertEqual({LOGGER}, {record.name for record in logged.records})


class NoSecrets(OperationTestCase):
    """Secrets stay out of logs and errors at every level, on every path."""

    SECRETS = (
        "plain-secret-of-the-registry",
        "plain-secret-of-the-user",
        "plain-secret-token",
        "plain-secret-passphrase",
        "plain-secret-in-a-label",
        "plain-secret-in-the-environment",
    )

    def setUp(self) -> None:
        self.captured: list[str] = []
        test = self

        class Everything(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                test.captured.append(f"{record.name} {record.getMessage()} {vars(record)}")

        handler, root = Everything(0), logging.getLogger()
        levels = {logger: logger.level for logger in (root, logging.getLogger(LOGGER))}
        for logger in levels:
            logger.setLevel(1)
            self.addCleanup(logger.setLevel, levels[logger])
        root.addHandler(handler)
        self.addCleanup(root.removeHandler, handler)

    def with_secrets(self, config: configurations.Config) -> configurations.Config:
        registry, user, token, passphrase, _, _ = self.SECRETS
        return {
            **config,
            "registry_server": "registry.test",
            "registry_username": "somebody",
            "registry_password": registry,
            "username": "somebody",
            "password": user,
            "access_token": token,
            "key_passphrase": passphrase,
            "retry_attempts": 0,
        }

    def try_operation(self, config: configurations.Config, operation: str, /, **params: Any) -> None:
        try:
            CONNECTOR.execute(config, operation, params)
        except ConnectorError as fault:
            self.captured.append(str(fault))

    def test_on_every_path(self) -> None:
        folder = configurations.CERTIFICATES
        key = (folder / "key.pem").read_text()
        label, variable = self.SECRETS[4:]
        tls = {**over_tls(), "key_path": key}
        name = container(self, Labels={"mark": label})
        refusing = {"GET /info": Answer(500, {"message": "no"}), "GET /containers/json": Answer(401, {"message": "no"})}
        with ScriptedServer(refusing) as server:
            for config in (
                over_unix(),
                tls,
                {**tls, "ca_cert_path": configurations.stored("other-ca.pem")},
                {**tls, "cert_path": configurations.stored("other-cert.pem")},
                {**tls, "key_path": key[:-200]},
                {**tls, "port": key},
                over_http("127.0.0.1:1"),
                over_http(given("ENGINE_TLS")),
                over_http(server.address),
            ):
                config = self.with_secrets(config)
                self.try_operation(config, "get_info")
                self.try_operation(config, "list_containers", all=True)
                self.try_operation(config, "inspect_container", id=name)
                self.try_operation(
                    config, "exec_container", id=name, Cmd=["true"], additional_fields={"Env": [f"A={variable}"]}
                )
                self.try_operation(
                    config, "exec_container", id=name, Cmd=["true"], additional_fields=f"{{broken {variable}"
                )
                self.try_operation(
                    config, "create_container", image="nobody/has:this", additional_fields={"Env": [f"A={variable}"]}
                )
                self.try_operation(config, "pull_image", fromImage="127.0.0.1:1/nothing")
                CONNECTOR.on_update_config(config, config, True)
        self.assertTrue(any(LOGGER in text for text in self.captured), "nothing was captured")
        secrets = [*self.SECRETS, *key.splitlines()[1:-1]]
        secrets += [base64.b64encode(secret.encode()).decode().rstrip("=") for secret in self.SECRETS]
        leaks = [text for text in self.captured if any(secret in text for secret in secrets)]
        self.assertEqual([], leaks)

    def test_nothing_stays_on_disk(self) -> None:
        """Reading a certificate from FortiSOAR leaves no file behind, whether the call succeeds or not."""
        for config in (over_tls(), over_tls(ca="other-ca.pem"), over_tls(cert="key.pem"), {**over_tls(), "port": "1"}):
            self.try_operation({**config, "retry_attempts": 0}, "ping")
        self.assertEqual([], os.listdir(TEMPORARY))


if __name__ == "__main__":
    unittest.main()
