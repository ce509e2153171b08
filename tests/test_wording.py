"""One fault, two readers: an error names fields to whoever fills in a form, and variables and flags to a shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from support.case import OperationTestCase
from support.certificates import KEYS, key_pin, server
from support.configurations import CERTIFICATES, Config, over_tls
from support.scripted_server import Answer, ScriptedServer
from support.session import CONNECTOR, given
from support.sshd import Sshd

ONCE: Config = {"authentication_type": "None", "retry_attempts": 0, "timeout": 10}
ENGINE = {"GET /version": Answer(200, {"Version": "1", "ApiVersion": "1.41"})}

# What no reader of the other kind knows.
FIELDS = r"server_address|ca_cert_path|cert_path|key_path|certificate_pin|key_passphrase|ssh_[a-z_]+|[Ss]et protocol"
FLAGS = r"DOCKER_|FSR_|(?<!-)--[a-z]|\.pem in |known_hosts"


class WordingTestCase(OperationTestCase):
    def assert_fields(self, config: Config, *expected: str) -> None:
        text = self.refusal_with(config, "check_health")
        CONNECTOR.on_delete_config(config)
        for words in expected:
            self.assertRegex(text, words)
        self.assertNotRegex(re.sub("of known_hosts", "", text), FLAGS)

    def assert_flags(self, environment: dict[str, str], *expected: str) -> None:
        if "FSR_DOCKER" not in os.environ:
            self.skipTest("fsr-docker is not built for this Python")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "FSR_DOCKER_"))}
        done = subprocess.run(
            [given("FSR_DOCKER"), "check"], capture_output=True, text=True, timeout=60, env={**clean, **environment}
        )
        self.assertNotEqual(0, done.returncode)
        for words in expected:
            self.assertRegex(done.stderr, words)
        self.assertNotRegex(done.stderr, FIELDS)

    def folder(self, **files: Path) -> str:
        """A folder of certificates, as `DOCKER_CERT_PATH` names one."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, file in files.items():
            shutil.copy(file, Path(folder.name, f"{name}.pem"))
        return folder.name

    def pair(self) -> dict[str, Path]:
        return {"cert": CERTIFICATES / "cert.pem", "key": CERTIFICATES / "key.pem"}


class Tls(WordingTestCase):
    def test_an_unknown_authority(self) -> None:
        with server() as engine:
            other = CERTIFICATES / "other-ca.pem"
            self.assert_fields(
                {**over_tls(engine.address), **ONCE, "ca_cert_path": other.read_text()},
                "not signed by a trusted CA",
                r"as ca_cert_path\.",
            )
            folder = self.folder(ca=other, **self.pair())
            self.assert_flags(
                {"DOCKER_HOST": f"tcp://{engine.address}", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": folder},
                "not signed by a trusted CA",
                r"into ca\.pem in DOCKER_CERT_PATH \(--cert-path\)\.",
            )

    def test_a_wrong_pin(self) -> None:
        with server() as engine:
            config = {**over_tls(engine.address), **ONCE, "certificate_pin": key_pin("expired")}
            self.assert_fields(config, "pinned", "put its pin into certificate_pin")

    def test_a_name_that_the_certificate_does_not_carry(self) -> None:
        with server("other-name") as engine:
            self.assert_fields({**over_tls(engine.address), **ONCE}, "as server_address, .* as tls_server_name")
            folder = self.folder(ca=CERTIFICATES / "ca.pem", **self.pair())
            self.assert_flags(
                {"DOCKER_HOST": f"tcp://{engine.address}", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": folder},
                r"Use a name that the certificate carries in DOCKER_HOST \(--host\)",
            )

    def test_http_that_is_spoken_to_tls(self) -> None:
        with server() as engine:
            host, _, port = engine.address.rpartition(":")
            config = {**ONCE, "protocol": "HTTP", "server_address": host, "port": port}
            self.assert_fields(config, r"protocol")
            self.assert_flags({"DOCKER_HOST": f"tcp://{engine.address}"}, "DOCKER_HOST")
        # A real engine says what it is.
        tls = given("ENGINE_TLS")
        host, _, port = tls.rpartition(":")
        config = {**ONCE, "protocol": "HTTP", "server_address": host, "port": port}
        self.assert_fields(config, "speaks TLS", "Set protocol to HTTPS")
        self.assert_flags({"DOCKER_HOST": f"tcp://{tls}"}, "speaks TLS", r"DOCKER_TLS_VERIFY \(--tlsverify\) to 1")

    def test_tls_that_is_spoken_to_http(self) -> None:
        with ScriptedServer(ENGINE) as engine:
            self.assert_fields(
                {**over_tls(engine.address), **ONCE}, "does not speak TLS", "Set protocol to HTTP", r"port .*\(2376\)"
            )
            folder = self.folder(ca=CERTIFICATES / "ca.pem", **self.pair())
            self.assert_flags(
                {"DOCKER_HOST": f"tcp://{engine.address}", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": folder},
                "does not speak TLS",
                r"Unset DOCKER_TLS_VERIFY \(--tlsverify\)",
            )

    def test_a_key_that_is_missing_or_of_no_use(self) -> None:
        certificate = CERTIFICATES / "cert.pem"
        for key, fields, flags in (
            (None, r"key_path \"/\S*key\.pem\" cannot be read", r"key\.pem in DOCKER_CERT_PATH .* cannot be read"),
            (
                certificate,
                "key_path does not hold a private key",
                r"key\.pem in DOCKER_CERT_PATH .* does not hold a private key",
            ),
            (KEYS / "ec-aes256-key.pem", "Fill in key_passphrase", "Remove its passphrase"),
        ):
            with self.subTest(fields):
                files = {"ca": CERTIFICATES / "ca.pem", "cert": certificate} | ({"key": key} if key else {})
                folder = self.folder(**files)
                config = {
                    **over_tls("127.0.0.1:1"),
                    **ONCE,
                    "authentication_type": "Certificate",
                    "cert_path": f"{folder}/cert.pem",
                    "key_path": f"{folder}/key.pem",
                }
                self.assert_fields(config, fields)
                self.assert_flags(
                    {"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": folder}, flags
                )


class Ssh(WordingTestCase):
    def test_an_unknown_host_key(self) -> None:
        with Sshd() as server, Sshd() as other:
            self.assert_fields(
                server.config(ssh_host_key=other.public()), "different host key", "put it into ssh_host_key"
            )
            with tempfile.TemporaryDirectory() as home:
                Path(home, ".ssh").mkdir()
                Path(home, ".ssh", "known_hosts").write_text(f"[127.0.0.1]:{server.port} {other.public()}\n")
                environment = {
                    "HOME": home,
                    "DOCKER_HOST": f"ssh://fortisoar@127.0.0.1:{server.port}",
                    "FSR_DOCKER_SSH_KEY": str(server.key),
                }
                self.assert_flags(environment, "different host key", r"put it into ~/\.ssh/known_hosts")

    def test_a_key_that_is_no_key(self) -> None:
        with Sshd() as server, tempfile.TemporaryDirectory() as home:
            key = Path(home, "key")
            key.write_text("words")
            self.assert_fields(server.config(ssh_key=str(key)), "ssh_key is not a private key")
            Path(home, ".ssh").mkdir()
            Path(home, ".ssh", "known_hosts").write_text(f"[127.0.0.1]:{server.port} {server.public()}\n")
            environment = {"HOME": home, "DOCKER_HOST": f"ssh://fortisoar@127.0.0.1:{server.port}"}
            self.assert_flags({**environment, "FSR_DOCKER_SSH_KEY": str(key)}, r"the SSH key \(--ssh-key\) is not a")
            self.assert_flags(environment, "no key to sign in by SSH", "--ssh-key")


class Addresses(WordingTestCase):
    def test_what_is_no_address(self) -> None:
        for host in (
            "unix:",
            "/run/docker.sock",
            "ftp://engine",
            "tcp://engine:port",
            "ssh://u:pw12@e",
        ):
            with self.subTest(host):
                self.assert_flags({"DOCKER_HOST": host}, r"DOCKER_HOST \(--host\) is not an engine's address")


if __name__ == "__main__":
    unittest.main()
