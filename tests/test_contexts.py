"""`fsr-docker` beside docker's own command line: contexts, `config.json`, and credentials at registries."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest
import unittest.mock
from pathlib import Path
from typing import Any

from support.configurations import CERTIFICATES
from support.local_host import LocalHost
from support.programs import ENVIRONMENT, program
from support.recording_proxy import RecordingProxy
from support.session import ARCHIVE, PACKAGE, given


def docker_program() -> str:
    """docker's own: that which the engines' packages brought, or the machine's."""
    return os.environ.get("DOCKER_CLIENT") or program("docker")


SECRET = "s3cret-of-the-helper"


@unittest.skipUnless("FSR_DOCKER" in os.environ, "fsr-docker is not built for this Python")
class ContextTestCase(unittest.TestCase):
    """With a folder of docker's of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def context(self, name: str, host: str, skips: bool | None = None, **files: bytes) -> None:
        digest = hashlib.sha256(name.encode()).hexdigest()
        meta = self.folder / "contexts/meta" / digest
        meta.mkdir(parents=True)
        endpoint: dict[str, Any] = {"Host": host} | ({} if skips is None else {"SkipTLSVerify": skips})
        (meta / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}))
        tls = self.folder / "contexts/tls" / digest / "docker"
        for file, contents in files.items():
            tls.mkdir(parents=True, exist_ok=True)
            (tls / f"{file}.pem").write_bytes(contents)

    def config(self, **fields: Any) -> None:
        (self.folder / "config.json").write_text(json.dumps(fields))

    def call(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.started(False, *words, **variables)

    def docker(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.started(True, *words, **variables)

    def started(self, docker: bool, /, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [docker_program() if docker else given("FSR_DOCKER"), *words]
        hidden = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")
        base = ENVIRONMENT if docker else os.environ
        environment = {name: value for name, value in base.items() if name not in hidden}
        environment |= {"DOCKER_CONFIG": str(self.folder), "HOME": str(self.folder), **variables}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)


class Order(ContextTestCase):
    """Which engine is meant: by both programs the same."""

    def test_the_same_engine_as_docker(self) -> None:
        reached = f"unix://{given('ENGINE_SOCKET')}"
        self.context("good", reached)
        self.context("bad", "unix:///no/such/socket")
        for current, words, variables, reaches in (
            ("", ("--context", "good"), {}, True),
            ("", ("--context", "good"), {"DOCKER_HOST": "unix:///no/such/socket"}, True),
            ("bad", ("-H", reached), {"DOCKER_CONTEXT": "bad"}, True),
            ("bad", (), {"DOCKER_HOST": reached, "DOCKER_CONTEXT": "bad"}, True),
            ("bad", (), {"DOCKER_CONTEXT": "good"}, True),
            ("good", (), {}, True),
            ("good", (), {"DOCKER_CONTEXT": "bad"}, False),
            ("good", (), {"DOCKER_HOST": "unix:///no/such/socket"}, False),
            ("good", ("--context", "gone"), {}, False),
            ("gone", (), {}, False),
            ("", ("--context", "good", "-H", reached), {}, False),
        ):
            self.config(**({"currentContext": current} if current else {}))
            ours = self.call(*words, "version", **variables)
            theirs = self.docker(*words, "version", **variables)
            self.assertEqual(
                (reaches, reaches),
                (ours.returncode == 0, theirs.returncode == 0),
                f"{current} {words} {variables}: {ours.stderr} / {theirs.stderr}",
            )

    def test_an_empty_variable_is_none(self) -> None:
        """As for newer dockers; 20.10 takes an empty DOCKER_CONTEXT for a name."""
        self.context("good", f"unix://{given('ENGINE_SOCKET')}")
        self.config(currentContext="good")
        done = self.call("version", DOCKER_HOST="", DOCKER_CONTEXT="")
        self.assertEqual(0, done.returncode, done.stderr)

    def test_what_cannot_be_used_is_a_usage_error_that_names_it(self) -> None:
        self.context("good", "unix:///x")
        for words, said in (
            (("--context", "gone"), 'context "gone".*does not exist'),
            (("--context", "../../x"), "does not exist"),
            (("--context", "good", "--host", "unix:///x"), "cannot be used together"),
        ):
            done = self.call(*words, "version")
            self.assertEqual(2, done.returncode, done.stderr)
            self.assertRegex(done.stderr, said)

    def test_a_config_that_is_no_json_is_told_and_the_call_goes_on(self) -> None:
        (self.folder / "config.json").write_text("{bad")
        done = self.call("run", "get_version", DOCKER_HOST=f"unix://{given('ENGINE_SOCKET')}")
        self.assertEqual((0, True), (done.returncode, "config.json is not used" in done.stderr), done.stderr)


class Tls(ContextTestCase):
    """A context's own files, beside docker."""

    def test_tls_is_verified_as_the_context_says(self) -> None:
        ca, cert, key = ((CERTIFICATES / f"{name}.pem").read_bytes() for name in ("ca", "cert", "key"))
        host = f"tcp://{given('ENGINE_TLS')}"
        self.context("whole", host, ca=ca, cert=cert, key=key)
        self.context("other-ca", host, ca=cert, cert=cert, key=key)
        self.context("unverified", host, skips=True, ca=cert, cert=cert, key=key)
        self.context("no-client", host, ca=ca)
        self.context("plain", host)
        for name, reaches in (
            ("whole", True),
            ("other-ca", False),
            ("unverified", True),
            ("no-client", False),
            ("plain", False),
        ):
            words = ("--context", name, "version")
            ours, theirs = self.call(*words), self.docker(*words)
            self.assertEqual(
                (reaches, reaches),
                (ours.returncode == 0, theirs.returncode == 0),
                f"{name}: {ours.stderr} {theirs.stderr}",
            )

    def test_a_folder_of_certificates_is_docker_s(self) -> None:
        variables = {"DOCKER_HOST": f"tcp://{given('ENGINE_TLS')}", "DOCKER_TLS_VERIFY": "1"}
        for docker in (False, True):
            self.assertEqual(
                0, self.started(docker, "version", DOCKER_CERT_PATH=str(CERTIFICATES), **variables).returncode
            )
            self.assertNotEqual(
                0, self.started(docker, "version", DOCKER_CERT_PATH=str(self.folder), **variables).returncode
            )
        for name in ("ca", "cert", "key"):
            (self.folder / f"{name}.pem").write_bytes((CERTIFICATES / f"{name}.pem").read_bytes())
        for docker in (False, True):
            self.assertEqual(0, self.started(docker, "version", **variables).returncode)

    def test_the_flags_are_docker_s(self) -> None:
        ca, cert, key = (str(CERTIFICATES / f"{name}.pem") for name in ("ca", "cert", "key"))
        pair = ("--tlscert", cert, "--tlskey", key)
        files = ("--tlscacert", ca, *pair)
        tls, plain = f"tcp://{given('ENGINE_TLS')}", f"tcp://{given('ENGINE_TCP')}"
        folder = {"DOCKER_CERT_PATH": str(CERTIFICATES)}
        self.context("plain", tls)
        for words, variables, reaches in (
            (("-H", tls, "--tlsverify", *files), {}, True),
            (("-H", tls, "--tls", *files), {}, True),
            (("-H", tls, "--tlsverify=false", *files), {}, True),
            (("-H", tls, *files), {}, False),
            (("-H", tls, "--tls"), {}, False),
            (("-H", tls, "--tlsverify", "--tlscacert", cert, *pair), {}, False),
            (("-H", tls, "--tls", "--tlscacert", cert, *pair), {}, True),
            (("-H", tls, "--tlsverify", "--tlscacert", "/no/such/file", *pair), {}, False),
            (("--tlsverify", *files), {"DOCKER_HOST": tls}, True),
            (("-H", tls), {"DOCKER_TLS": "1", **folder}, True),
            (("-H", tls), {"DOCKER_TLS": "", **folder}, False),
            (("-H", tls, "--tls=false"), {"DOCKER_TLS": "1", **folder}, False),
            (("-H", tls), {"DOCKER_TLS_VERIFY": "0", **folder}, True),
            (("-H", plain, "--tls=false"), {}, True),
            (("-H", plain, "--tlsverify", *files), {}, False),
            (("--context", "plain", "--tlsverify", *files), {}, False),
            (("--config", str(self.folder), "--context", "plain"), {}, False),
        ):
            ours, theirs = (self.started(docker, *words, "version", **variables) for docker in (False, True))
            self.assertEqual(
                (reaches, reaches),
                (ours.returncode == 0, theirs.returncode == 0),
                f"{words} {variables}: {ours.stderr} / {theirs.stderr}",
            )


class Headers(ContextTestCase):
    """What a proxy in front of the engine asks for."""

    def test_headers_reach_the_engine_and_are_secret(self) -> None:
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            host = f"unix://{proxy.socket}"
            self.config(HttpHeaders={"X-Token": SECRET, "X-Other": "b"})
            done = self.call("-H", host, "run", "get_version")
            self.assertEqual(0, done.returncode, done.stderr)
            seen = {name.lower(): value for name, value in proxy.calls[-1].headers.items()}
            self.assertEqual((SECRET, "b"), (seen.get("x-token"), seen.get("x-other")))
            self.call("-H", host, "run", "get_version", DOCKER_CUSTOM_HEADERS="X-Token=c,X-Third=d")
            seen = {name.lower(): value for name, value in proxy.calls[-1].headers.items()}
            self.assertEqual(("c", "d", None), (seen.get("x-token"), seen.get("x-third"), seen.get("x-other")))
        self.config(HttpHeaders={"X-Token": SECRET + "\n"})
        self.assertNotIn(SECRET, self.call("-H", host, "run", "get_version").stderr)
        self.config(HttpHeaders={"Content-Length": "5"})
        self.assertEqual(2, self.call("-H", host, "run", "get_version").returncode)


class Credentials(ContextTestCase):
    """Helpers, stores, and the environment."""

    def helper(self, script: str) -> str:
        path = self.folder / "bin/docker-credential-test"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return f"{path.parent}:{os.environ['PATH']}"

    def sent(self, image: str, **variables: str) -> tuple[dict[str, Any], str]:
        """What is sent to sign in with, and what was said."""
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            words = ("-H", f"unix://{proxy.socket}", "run", "pull_image", f"fromImage={image}", "timeout=20")
            done = self.call(*words, **variables)
            self.assertNotIn(SECRET, done.stdout + done.stderr)
            calls = [call for call in proxy.calls if call.path.endswith("/images/create")]
        headers = {name.lower(): value for name, value in calls[0].headers.items()}
        auth: dict[str, Any] = json.loads(base64.urlsafe_b64decode(headers.get("x-registry-auth", "e30=")))
        return auth, done.stderr

    def test_a_helper_is_asked_for_the_images_registry_alone(self) -> None:
        asked = self.folder / "asked"
        path = self.helper(f'cat >> {asked}; echo >> {asked}; echo \'{{"Username": "u", "Secret": "{SECRET}"}}\'')
        self.config(credsStore="test", auths={"127.0.0.1:9": {}})
        auth, _ = self.sent("127.0.0.1:9/app:1", PATH=path)
        self.assertEqual(("u", SECRET), (auth.get("username"), auth.get("password")))
        self.assertEqual("127.0.0.1:9\n", asked.read_text())
        self.config(credHelpers={"127.0.0.1:9": "test"})
        self.assertEqual(SECRET, self.sent("127.0.0.1:9/app:1", PATH=path)[0].get("password"))
        self.assertNotIn("password", self.sent("127.0.0.1:8/app:1", PATH=path)[0])
        self.config()
        own = {"auths": {"127.0.0.1:9": {"auth": base64.b64encode(f"me:{SECRET}".encode()).decode()}}}
        auth, _ = self.sent("127.0.0.1:9/app:1", DOCKER_AUTH_CONFIG=json.dumps(own))
        self.assertEqual(("me", SECRET), (auth.get("username"), auth.get("password")))

    def test_a_helper_that_fails_is_told_and_not_quoted(self) -> None:
        self.config(credsStore="test")
        for script, told in (
            (f"echo {SECRET}; exit 1", "docker-credential-test get failed"),
            ("echo credentials not found in native keychain; exit 1", None),
            (f"echo not json {SECRET}", "docker-credential-test get did not answer with a JSON object"),
            (f"echo [1] {SECRET}", "docker-credential-test get did not answer with a JSON object"),
            (f"echo '[\"{SECRET}\"]'", "docker-credential-test get did not answer with a JSON object"),
            ("echo '{}'", "docker-credential-test get gave no Username and Secret"),
            ('echo \'{"Username": "", "Secret": ""}\'', None),
            ("printf '\\377'", "docker-credential-test get did not answer in UTF-8"),
            ("exec cat /dev/zero", "docker-credential-test get failed"),
        ):
            auth, said = self.sent("127.0.0.1:9/app:1", PATH=self.helper(script))
            self.assertNotIn("password", auth)
            self.assertEqual(told is not None, "Warning: docker-credential" in said, said)
            self.assertIn(told or "", said)
        self.config(credsStore="gone")
        self.assertIn("docker-credential-gone is not in PATH", self.sent("127.0.0.1:9/app:1")[1])

    def test_a_helper_that_hangs_ends_in_time(self) -> None:
        self.config(credsStore="test")
        began = time.monotonic()
        auth, said = self.sent("127.0.0.1:9/app:1", PATH=self.helper('echo $$ > "$0.pid"; exec sleep 300'))
        self.assertLess(time.monotonic() - began, 50)
        self.assertNotIn("password", auth)
        self.assertIn("docker-credential-test get did not end in time", said)
        pid = int((self.folder / "bin/docker-credential-test.pid").read_text())
        self.assertFalse(Path(f"/proc/{pid}").exists(), "it was ended")

    def test_ctrl_c_does_not_wait_for_a_helper(self) -> None:
        self.config(credsStore="test")
        path = self.helper('touch "$0.began"; exec sleep 300')
        command = [given("FSR_DOCKER"), "-H", f"unix://{given('ENGINE_SOCKET')}", "run", "pull_image", "127.0.0.1:9/a"]
        environment = {**os.environ, "DOCKER_CONFIG": str(self.folder), "PATH": path}
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as running:
            while not (self.folder / "bin/docker-credential-test.began").exists():
                self.assertIsNone(running.poll())
                time.sleep(0.05)
            running.send_signal(signal.SIGINT)
            self.assertEqual(130, running.wait(10))

    LISTS = """server=$(cat); echo "$1 $server" >> "$0.asked"
if [ "$1" = list ]; then echo '{"https://index.docker.io/v1/": "a", "127.0.0.1:9": "b", "127.0.0.1:8": "c"}'
elif [ "$server" = 127.0.0.1:8 ]; then echo credentials not found in native keychain; exit 1
else echo "{\\"Username\\": \\"u\\", \\"Secret\\": \\"S of $server\\"}"; fi"""

    def test_a_build_gets_what_a_store_lists(self) -> None:
        path = self.helper(self.LISTS.replace("S of", f"{SECRET} of"))
        # An older entry of the file gives way, however its name is spelled.
        old = {"auth": base64.b64encode(b"old:old").decode()}
        self.config(credsStore="test", auths={"docker.io": old, "127.0.0.1:7": old})
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            words = ("run", "build_image", "dockerfile_content=FROM scratch", "timeout=20")
            done = self.call("-H", f"unix://{proxy.socket}", *words, PATH=path)
            self.assertNotIn("Warning", done.stderr)
            calls = [call for call in proxy.calls if call.path.endswith("/build")]
        headers = {name.lower(): value for name, value in calls[0].headers.items()}
        sent = json.loads(base64.urlsafe_b64decode(headers["x-registry-config"]))
        passwords = {server: entry.get("password") for server, entry in sent.items()}
        hub = "https://index.docker.io/v1/"
        expected = {hub: f"{SECRET} of {hub}", "127.0.0.1:9": f"{SECRET} of 127.0.0.1:9", "127.0.0.1:7": "old"}
        self.assertEqual(expected, passwords)
        asked = (self.folder / "bin/docker-credential-test.asked").read_text().splitlines()
        self.assertEqual("list ", asked[0])
        self.assertCountEqual([f"get {hub}", "get 127.0.0.1:9", "get 127.0.0.1:8"], asked[1:])

    def test_a_list_that_is_none_is_told(self) -> None:
        self.config(credsStore="test")
        words = ("-H", f"unix://{given('ENGINE_SOCKET')}", "run", "build_image", "dockerfile_content=FROM scratch")
        for script, told in (
            (f"echo {SECRET}", True),
            (f"echo '[\"{SECRET}\"]'", True),
            (f"echo {SECRET}; exit 3", True),
            ("echo null", False),
            ("echo '{}'", False),
        ):
            said = self.call(*words, PATH=self.helper(script)).stderr
            self.assertEqual((told, False), ("docker-credential-test list" in said, SECRET in said), said)

    def test_a_registry_that_is_named_is_asked_for(self) -> None:
        """`registry_server`, and the beginning of a search, name a registry too."""
        path = self.helper(self.LISTS)
        asked = self.folder / "bin/docker-credential-test.asked"
        self.config(credsStore="test")
        for words in (
            ("check_registry_credentials", "registry_server=127.0.0.1:9"),
            ("search_images", "term=127.0.0.1:9/app"),
            ("inspect_distribution", "name=127.0.0.1:9/app"),
            ("push_image", "name=127.0.0.1:9/app:1"),
        ):
            asked.write_text("")
            self.call("-H", f"unix://{given('ENGINE_SOCKET')}", "run", *words, PATH=path)
            self.assertEqual("get 127.0.0.1:9\n", asked.read_text(), words)


class Served(ContextTestCase):
    """The first configuration of the local host has what a shell has."""

    def test_headers_and_credentials(self) -> None:
        helper = self.folder / "bin/docker-credential-test"
        helper.parent.mkdir()
        helper.write_text(f"#!/bin/sh\n{Credentials.LISTS.replace('S of', SECRET + ' of')}\n")
        helper.chmod(0o755)
        self.config(credsStore="test", HttpHeaders={"X-Token": SECRET})
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            variables = {
                "DOCKER_CONFIG": str(self.folder),
                "DOCKER_HOST": f"unix://{proxy.socket}",
                "PATH": f"{helper.parent}:{os.environ['PATH']}",
            }
            with unittest.mock.patch.dict(os.environ, variables):
                host = LocalHost("--package", str(ARCHIVE))
            self.addCleanup(host.close)
            body = {
                "connector": PACKAGE.name,
                "version": PACKAGE.version,
                "operation": "pull_image",
                "params": {"fromImage": "127.0.0.1:9/app:1"},
            }
            key = {"Authorization": f"API-KEY {host.api_key}"}
            _, _, answer = host.request("POST", "/api/integration/execute/?format=json", body, **key)
            calls = [call for call in proxy.calls if call.path.endswith("/images/create")]
        self.assertNotIn(SECRET, host.said + answer.decode())
        headers = {name.lower(): value for name, value in calls[0].headers.items()}
        self.assertEqual(SECRET, headers["x-token"])
        auth = json.loads(base64.urlsafe_b64decode(headers["x-registry-auth"]))
        self.assertEqual(("u", f"{SECRET} of 127.0.0.1:9"), (auth["username"], auth["password"]))


if __name__ == "__main__":
    unittest.main()
