"""An engine behind a real sshd: who is let in, whom we trust, both ways to the socket, and what goes wrong between."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import socket
import ssl
import threading
import time
import unittest
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from support.case import OperationTestCase
from support.certificates import KEYS
from support.configurations import Config
from support.engine import api, container
from support.programs import program, run
from support.scenario import scenario
from support.session import CONNECTOR, execute, given, module
from support.sshd import NO_FORWARDING, Sshd, generate

MEBIBYTES = 64 if os.environ.get("FSR_TEST_ALL") else 4


class SshTestCase(OperationTestCase):
    """A server of the class's own."""

    options: ClassVar[str] = ""
    server: ClassVar[Sshd]

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = Sshd(cls.options)
        cls.addClassCleanup(cls.server.close)
        cls.config = cls.server.config()

    def assert_signs_in(self, config: Config) -> None:
        self.assertEqual(api("GET", "/version")["Version"], execute(config, "get_version")["Version"])

    def assert_refused(self, config: Config, begins: str, *parts: str) -> str:
        """The operation fails with this code, and its text holds these parts and no key."""
        text = self.refusal_with(config, "get_version")
        self.assertTrue(text.startswith(f"[{begins}] get_version: "), text)
        for part in parts:
            self.assertIn(part, text)
        self.assertNotRegex(text, "[A-Za-z0-9+/]{60}")
        return text

    def signed_in(self) -> int:
        """How many connections have signed in so far."""
        return self.server.log.count("Accepted publickey for")


class Way(SshTestCase):
    """What every way by SSH must be able to do. A subclass says which way, by its server."""

    @classmethod
    def setUpClass(cls) -> None:
        if cls is Way:
            raise unittest.SkipTest("for others to build upon")
        super().setUpClass()

    def test_the_health_check_passes(self) -> None:
        self.assertIs(True, CONNECTOR.check_health(self.config))

    def test_input_reaches_a_command_and_ends(self) -> None:
        text = "x" * 300_000 + "\nend"
        result = self.run_operation(
            "exec_container", id=container(self), Cmd=["sh", "-c", "wc -c; exit 7"], stdin_text=text
        )
        self.assertEqual((str(len(text)), 7), (result["stdout"].strip(), result["exit_code"]))

    def test_files_of_some_size_go_both_ways(self) -> None:
        name = container(self)
        self.run_operation(
            "exec_container", id=name, Cmd=["sh", "-c", f"dd if=/dev/urandom of=/tmp/big bs=1M count={MEBIBYTES}"]
        )
        (digest, _) = self.run_operation("exec_container", id=name, Cmd="sha256sum /tmp/big")["stdout"].split()
        record = self.run_operation("copy_from_container", id=name, path="/tmp/big", unpack=True)
        contents: bytes = module("services").read(record["@id"])
        self.assertEqual(digest, hashlib.sha256(contents).hexdigest())
        self.run_operation(
            "copy_to_container", id=name, input="Attachment ID", value=record["@id"], path="/", filename="again"
        )
        again = self.run_operation("exec_container", id=name, Cmd="sha256sum /again")["stdout"]
        self.assertTrue(again.startswith(digest), again)

    def test_logs_are_followed_until_their_time_is_up(self) -> None:
        name = container(self, "sh", "-c", "echo one; echo two >&2; sleep 60")
        logs = self.run_operation("container_logs", id=name, follow=True, timeout=1)
        self.assertEqual((logs["stdout"], logs["stderr"], logs["timed_out"]), ("one\n", "two\n", True))

    def test_one_connection_serves_many_calls(self) -> None:
        before = self.signed_in()
        config = self.server.config(name="one connection")
        for _ in range(10):
            execute(config, "ping")
        with self.assertRaises(Exception):  # noqa: B017 (its text is another test's)
            execute(config, "inspect_container", id="no-such")
        self.assertEqual(before + 1, self.signed_in())

    def test_a_fixed_version_is_spoken(self) -> None:
        config = self.server.config(api_version="v1.41")
        self.assertIn(container(self), str(execute(config, "list_containers")))

    def test_threads_do_not_mix(self) -> None:
        failures: list[BaseException] = []

        def call(name: str) -> None:
            try:
                for _ in range(5):
                    text = self.refusal("inspect_container", id=name)
                    self.assertIn(f"No such container: {name}.", text)
            except BaseException as fault:
                failures.append(fault)

        threads = [threading.Thread(target=call, args=(f"thread-{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual([], failures)


class Forwarded(Way):
    """The server forwards the socket."""

    def test_no_command_runs_there(self) -> None:
        self.assert_signs_in(self.server.config(name="forwarded"))
        self.assertNotIn("Starting session", self.server.log)

    def test_fork_in_the_middle(self) -> None:
        before = self.signed_in()
        process = scenario("fork", json.dumps(self.server.config(name="fork")))
        output, errors = process.communicate(timeout=120)
        self.assertEqual(0, process.returncode, f"{output}{errors}")
        # One connection for each child, and for each thread of the parent unless they took turns: none broke another's.
        self.assertIn(self.signed_in() - before, (4 + 1, 4 + 2))
        # Nobody said farewell for another: whoever ends just closes.
        self.assertNotIn("Received disconnect", self.server.log)

    def test_a_key_that_may_only_forward(self) -> None:
        with Sshd(docker=False, key_options="restrict,port-forwarding") as server:
            self.assert_signs_in(server.config())

    def test_forked_workers_do_not_share_their_random_numbers(self) -> None:
        cookies: list[bytes] = []

        def hang_up_on(listener: socket.socket) -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client, client.makefile("rb") as reader:
                        client.sendall(b"SSH-2.0-none\r\n")
                        reader.readline()
                        # Length, padding, SSH_MSG_KEXINIT; then 16 random bytes (RFC 4253, 7.1).
                        cookies.append(reader.read(22)[6:])

        with socket.create_server(("127.0.0.1", 0)) as listener:
            threading.Thread(target=hang_up_on, args=(listener,), daemon=True).start()
            config = self.server.config(port=listener.getsockname()[1], retry_attempts=0)
            process = scenario("fork_random", json.dumps(config))
            output, errors = process.communicate(timeout=60)
            self.assertEqual(0, process.returncode, f"{output}{errors}")
            self.assertEqual([4, {16}], [len(set(cookies)), set(map(len, cookies))])


class Relayed(Way):
    """The server forwards no socket, and has Docker's command."""

    options = NO_FORWARDING

    def test_docker_relays_there(self) -> None:
        self.assert_signs_in(self.server.config(name="relayed"))
        self.assertIn("Starting session: command for fortisoar", self.server.log)

    def test_a_key_that_may_do_nothing_else(self) -> None:
        with Sshd(key_options='restrict,command="docker system dial-stdio"') as server:
            self.assert_signs_in(server.config())
            self.assertIn("forced-command (key-option) 'docker system dial-stdio'", server.log)


class SignIn(SshTestCase):
    """Keys of every form, and who is not let in."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = cls.server.folder
        cls.keys = {kind: generate(folder / kind, kind) for kind in ("ed25519", "ecdsa", "rsa")}
        cls.keys["locked"] = generate(folder / "locked", passphrase="opensesame")
        public = [key.with_suffix(".pub").read_text() for key in (*cls.keys.values(), cls.server.key)]
        # What ssh-keygen cannot read, since it is not OpenSSH's form, is told by the certificate's key.
        for name in ("rsa-key", "ec-key"):
            private = folder / name
            private.write_text((KEYS / f"{name}.pem").read_text())
            private.chmod(0o600)
            public.append(run(program("ssh-keygen"), "-y", "-f", str(private)))
        certificate = ssl.PEM_cert_to_DER_cert((KEYS / "ed25519.pem").read_text())
        at = certificate.index(bytes.fromhex("302a300506032b6570032100")) + 12
        blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + certificate[at : at + 32]
        public.append(f"ssh-ed25519 {base64.b64encode(blob).decode()}\n")
        (folder / "authorized_keys").write_text("".join(public))

    keys: ClassVar[dict[str, Path]]

    def test_each_form_of_a_key(self) -> None:
        for kind in ("ed25519", "ecdsa", "rsa"):
            with self.subTest(kind):
                self.assert_signs_in(self.server.config(ssh_key=str(self.keys[kind])))
                self.assert_signs_in(self.server.config(ssh_key=self.keys[kind].read_text()))
        for name in ("ed25519-key", "ec-key", "ec-sec1-key", "rsa-key", "rsa-pkcs1-key"):
            with self.subTest(name):
                self.assert_signs_in(self.server.config(ssh_key=str(KEYS / f"{name}.pem")))
        for path in (self.keys["locked"], KEYS / "ec-aes256-key.pem", KEYS / "rsa-aes256-key.pem"):
            with self.subTest(path.name):
                self.assert_signs_in(self.server.config(ssh_key=str(path), ssh_passphrase="opensesame"))

    def test_keys_that_cannot_be_used_are_named(self) -> None:
        locked = str(self.keys["locked"])
        for fields, parts in (
            ({"ssh_key": locked}, ("ssh_key", "is encrypted", "ssh_passphrase")),
            ({"ssh_key": locked, "ssh_passphrase": "s3cret"}, ("ssh_key", "does not open", "ssh_passphrase")),
            ({"ssh_key": str(KEYS / "ec-aes256-key.pem")}, ("ssh_key", "is encrypted")),
            ({"ssh_key": str(KEYS / "rsa-dek-info-key.pem"), "ssh_passphrase": "opensesame"}, ("ssh-keygen -p",)),
            ({"ssh_key": str(self.server.key.with_suffix(".pub"))}, ("public key",)),
            ({"ssh_key": str(KEYS / "rsa.pem")}, ("is not a private key",)),
        ):
            with self.subTest(fields):
                text = self.assert_refused(self.server.config(**fields), "ssh", *parts)
                self.assertNotIn("s3cret", text)

    def test_a_key_or_a_user_that_is_not_let_in(self) -> None:
        stranger = generate(self.server.folder / "stranger")
        fingerprint = run(program("ssh-keygen"), "-l", "-f", f"{stranger}.pub").split()[1]
        for user, key in (("fortisoar", stranger), ("nobody-known", self.server.key)):
            with self.subTest(user):
                config = self.server.config(ssh_username=user, ssh_key=str(key))
                text = self.assert_refused(config, "unauthorized", user, "ssh_username", "authorized_keys")
                self.assertEqual(key is stranger, fingerprint in text)
                self.assertNotIn("tried", text)

    def test_a_server_that_wants_more_than_a_key(self) -> None:
        with Sshd("AuthenticationMethods publickey,password\nPasswordAuthentication yes") as server:
            self.assert_refused(server.config(), "unauthorized", "accepts the key", "also requires password")

    def test_what_is_old_and_unsafe_is_refused_by_name(self) -> None:
        for options, part in (
            ("KexAlgorithms diffie-hellman-group14-sha1", "no safe Kex algorithm, only diffie-hellman"),
            ("Ciphers aes128-cbc", "no safe Cipher algorithm, only aes128-cbc"),
            ("HostKeyAlgorithms ssh-rsa", "no host key of the kinds"),
        ):
            with self.subTest(options), Sshd(options) as server:
                lines = server.public("rsa" if "ssh-rsa" in options else "ed25519")
                self.assert_refused(server.config(ssh_host_key=lines), "ssh", part)


class HostKey(SshTestCase):
    """The server's key: in each form, and no other."""

    def assert_another(self, config: Config, *parts: str) -> None:
        before = self.signed_in()
        self.assert_refused(config, "ssh", "ssh_host_key", *parts)
        self.assertEqual(before, self.signed_in(), "the key was offered to a stranger")

    def test_each_form_is_known(self) -> None:
        name, port = "[127.0.0.1]", self.server.port
        scanned = run(program("ssh-keyscan"), "-p", str(port), "127.0.0.1")
        hashed = self.server.folder / "hashed"
        hashed.write_text(scanned)
        run(program("ssh-keygen"), "-q", "-H", "-f", str(hashed))
        other = generate(self.server.folder / "other_host").with_suffix(".pub").read_text()
        for lines in (
            *(self.server.public(kind) for kind in ("ed25519", "ecdsa", "rsa")),
            f"{name}:{port} {self.server.public()}",
            scanned,
            hashed.read_text(),
            f"# old and new\n{other}\n{self.server.public()}",
            self.server.fingerprint(),
            self.server.fingerprint().split()[1],
        ):
            with self.subTest(lines):
                self.assert_signs_in(self.server.config(ssh_host_key=lines))

    def test_another_key_is_refused_before_we_sign_in(self) -> None:
        other = generate(self.server.folder / "another").with_suffix(".pub").read_text()
        ours = self.server.fingerprint().split()[1]
        for lines in (other, "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"):
            with self.subTest(lines):
                self.assert_another(self.server.config(ssh_host_key=lines), "different host key", ours, "ssh-ed25519")

    def test_a_kind_that_the_server_does_not_have(self) -> None:
        with Sshd("HostKeyAlgorithms ssh-ed25519") as server:
            self.assert_another(
                server.config(ssh_host_key=self.server.public("rsa")), "no host key of the kinds", "ssh-ed25519"
            )

    def test_what_is_no_key_is_a_fault_of_the_configuration(self) -> None:
        public = self.server.public()
        for lines, part in (
            ("", "ssh_host_key is missing"),
            ("yes", "neither one of known_hosts"),
            (f"elsewhere {public}", "for other hosts than [127.0.0.1]"),
            (f"@cert-authority * {public}", "@cert-authority"),
        ):
            with self.subTest(lines):
                self.assert_refused(self.server.config(ssh_host_key=lines), "invalid_configuration", part)


class Trouble(SshTestCase):
    """What goes wrong between."""

    def test_no_way_to_the_socket(self) -> None:
        guest: dict[str, Any] = {"ssh_username": "guest"}
        nowhere: dict[str, Any] = {"ssh_socket": "/run/nowhere.sock", "retry_attempts": 0}
        for options, docker, fields, begins, part in (
            ("", True, guest, "ssh", "group docker"),
            (NO_FORWARDING, True, guest, "ssh", "group docker"),
            ("", False, guest, "ssh", "docker: not found"),
            (NO_FORWARDING, False, {}, "ssh", "AllowStreamLocalForwarding"),
            ("", True, nowhere, "unreachable", "/run/nowhere.sock"),
            (f"{NO_FORWARDING}\nMaxSessions 0", True, {}, "ssh", "neither reach the socket"),
        ):
            with self.subTest(options, docker=docker, **fields), Sshd(options, docker=docker) as server:
                self.assert_refused(server.config(**fields), begins, part)
                # Nothing is done before the way is known to be good.
                config = server.config(api_version="v1.41", **fields)
                text = self.refusal_with(config, "create_volume", Name="never")
                self.assertTrue(text.startswith(f"[{begins}] create_volume: "), text)

    def test_nobody_and_no_ssh_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        closed = self.server.config(port=port, retry_attempts=0)
        self.assert_refused(closed, "unreachable", "Connection refused")
        http = self.server.config(port=int(given("ENGINE_TCP").rpartition(":")[2]), retry_attempts=0)
        self.assert_refused(http, "unreachable", "closed the connection during the SSH handshake")

    def test_silence_has_an_end(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            config = self.server.config(port=silent.getsockname()[1], connect_timeout=1, retry_attempts=0)
            began = time.monotonic()
            self.assert_refused(config, "unreachable", "the SSH handshake did not end")
            self.assertLess(time.monotonic() - began, 5)
        with Sshd(f"{NO_FORWARDING}\nForceCommand /bin/sleep 60") as server:
            began = time.monotonic()
            self.assert_refused(server.config(timeout=2), "timed_out")
            self.assertLess(time.monotonic() - began, 5)

    def test_a_server_that_dies_and_comes_back(self) -> None:
        with Sshd() as server:
            config = server.config(retry_attempts=0)
            self.assert_signs_in(config)
            name = container(self)
            failed: list[str] = []
            call = threading.Thread(
                target=lambda: failed.append(self.refusal_with(config, "exec_container", id=name, Cmd="sleep 60"))
            )
            call.start()
            time.sleep(1)
            server.kill()
            call.join(20)
            self.assertRegex(failed[0], r"^\[(protocol|unreachable|unknown_outcome)\] exec_container: ")
            self.assert_refused(config, "unreachable")
            server.restart()
            self.assert_signs_in(config)

    def test_a_connection_that_was_closed_while_idle_costs_nothing(self) -> None:
        with Sshd() as server:
            config = server.config(retry_attempts=0)
            self.assert_signs_in(config)
            server.kill()
            server.restart()
            result = execute(config, "create_volume", Name="fsr-test-ssh-idle")
            self.addCleanup(api, "DELETE", "/volumes/fsr-test-ssh-idle")
            self.assertEqual("fsr-test-ssh-idle", result["Name"])

    def test_what_ssh_says_between_calls_is_no_end(self) -> None:
        """New keys, and the question whether we live: while answers come, and while the connection is idle."""
        lines = 3_000  # of a thousand bytes
        name = container(self, "sh", "-c", f"head -c {lines}000 /dev/zero | tr '\\0' x | fold -w 1000; echo; sleep 600")
        with Sshd("RekeyLimit 1M 1s\nClientAliveInterval 1\nClientAliveCountMax 100") as server:
            config = server.config(max_result_size=0)
            for pause in (1.3, 2.2, 0):
                logs = execute(config, "container_logs", id=name, max_bytes=8_000_000)["stdout"]
                time.sleep(pause)
            self.assertEqual(lines * 1001, len(logs))
            self.assertEqual(1, server.log.count("Accepted publickey for"))


if __name__ == "__main__":
    unittest.main()
