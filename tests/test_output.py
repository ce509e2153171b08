"""What `fsr-docker` prints: its forms, on a terminal and elsewhere; what comes piece by piece; ten one-liners."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import time
import unittest
from contextlib import suppress

from test_command_line import CommandLineTestCase

from support.engine import IMAGE, container
from support.raw_server import RawServer, says
from support.session import given


class OutputTestCase(CommandLineTestCase):
    """Runs the program where its output is a terminal, too."""

    def on_terminal(self, *words: str, **environment: str) -> str:
        screen, other = pty.openpty()
        env = {
            **{name: value for name, value in os.environ.items() if name != "NO_COLOR"},
            "TERM": "xterm",
            **environment,
        }
        with subprocess.Popen(self.command(*words), stdin=other, stdout=other, stderr=other, env=env):
            os.close(other)
            written = b""
            with suppress(OSError):  # how the end of a terminal is told
                while piece := os.read(screen, 65536):
                    written += piece
        os.close(screen)
        return written.decode()


class Forms(OutputTestCase):
    """`-o`, `--fields` and `--quiet`."""

    def test_a_list_is_a_table_on_a_terminal_and_json_elsewhere(self) -> None:
        name = container(self)
        words = ("run", "list_containers", f"filters=name={name}")
        shown = self.on_terminal(*words)
        self.assertRegex(shown, r"\x1b\[1mID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\x1b\[0m")
        self.assertRegex(shown, rf"(?m)^[0-9a-f]{{12}} +{IMAGE} +sleep 600 .* {name}\r$")
        self.assertEqual([f"/{name}"], json.loads(self.call(*words).stdout)[0]["Names"])
        self.assertRegex(self.call(*words, "-o", "table").stdout, r"\AID +IMAGE +COMMAND")

    def test_every_form(self) -> None:
        name = container(self)
        words = ("run", "list_containers", f"filters=name={name}")
        full = json.loads(self.call(*words).stdout)[0]["Id"]
        for more, expected in (
            (("-q",), full),
            (("-o", "name"), name),
            (("-o", "json", "--fields", "Names"), f'[{{"Names":["/{name}"]}}]'),
            (("-o", "jsonl", "--fields", "Id,Names"), f'{{"Id":"{full}","Names":["/{name}"]}}'),
            (("-o", "table", "--fields", "Names,State"), f"NAMES{' ' * (len(name) - 2)}STATE\n{name}   running"),
        ):
            self.assertEqual(expected + "\n", self.call(*words, *more).stdout, more)

    def test_color_obeys_no_color_and_the_terminal(self) -> None:
        words = ("run", "list_images")
        self.assertIn("\x1b[1m", self.on_terminal(*words))
        for environment in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\x1b[", self.on_terminal(*words, **environment), environment)
        self.assertIn("\x1b[31m[not_found 404]\x1b[0m", self.on_terminal("run", "stop_container", "no-such"))
        self.assertNotIn("\x1b", self.call("run", "stop_container", "no-such").stderr)

    def test_versions_completions_and_manual(self) -> None:
        shown = self.call("version").stdout
        self.assertRegex(shown, r"fsr-docker 1\.\d+\.\d+.*\n.+, API 1\.\d+, linux/")
        self.assertIn("ApiVersion", json.loads(self.call("version", "-o", "json").stdout)["Server"])
        unreachable = self.call("--host", "unix:///no/such/socket", "version")
        self.assertEqual((1, True), (unreachable.returncode, unreachable.stdout.startswith("fsr-docker 1.")))
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("fsr-docker", self.call("completions", shell).stdout)
        self.assertIn(".TH fsr-docker 1", self.call("man").stdout)


class Hostile(OutputTestCase):
    """What an engine names never acts on a terminal."""

    HOSTILE = "\x1b[2J\x1b]0;title\x07\u202egpj.exe\r\n\x9b1m"

    def test_names_and_errors(self) -> None:
        body = json.dumps([{"Id": self.HOSTILE, "Names": ["/" + self.HOSTILE], "Image": self.HOSTILE}])
        fault = json.dumps({"message": self.HOSTILE})
        for status, answer in ((200, body), (404, fault)):
            length = len(answer.encode())
            head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            with RawServer(says((head + answer).encode())) as engine:
                for form in ((), ("-o", "json"), ("-o", "jsonl"), ("-o", "table"), ("-o", "name"), ("-q",)):
                    words = (
                        "--host",
                        f"tcp://{engine.address}",
                        "--api-version",
                        "1.41",
                        *form,
                        "run",
                        "list_containers",
                    )
                    shown = self.on_terminal(*words, NO_COLOR="1")
                    for character in ("\x1b", "\x07", "\u202e", "\x9b"):
                        self.assertNotIn(character, shown, form)


class Streams(OutputTestCase):
    """Logs, events and samples, as they come."""

    def test_logs_come_while_the_container_runs(self) -> None:
        name = container(self, "sh", "-c", "echo first; sleep 3; echo last; sleep 60")
        command = self.command("run", "container_logs", name, "follow=true")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            assert running.stdout is not None
            began = time.monotonic()
            self.assertEqual(b"first\n", running.stdout.readline())
            self.assertLess(time.monotonic() - began, 2.5)
            self.assertEqual(b"last\n", running.stdout.readline())
            running.kill()

    def test_a_long_log_is_whole(self) -> None:
        name = self.made("seq 300000")
        done = self.call("run", "container_logs", name)
        self.assertEqual((300000, ""), (len(done.stdout.splitlines()), done.stderr))
        lines = self.call("run", "container_logs", name, "tail=2", "-o", "jsonl").stdout.splitlines()
        self.assertEqual(
            [{"stream": "stdout", "text": text} for text in ("299999", "300000")], list(map(json.loads, lines))
        )

    def test_events_and_samples(self) -> None:
        name = container(self)
        words = ("run", "system_events", "since=5m", f"filters=container={name}")
        actions = [json.loads(line)["Action"] for line in self.call(*words, "-o", "jsonl").stdout.splitlines()]
        self.assertEqual(["create", "start"], actions)
        self.assertRegex(self.call(*words, "-o", "table").stdout, rf"container +start +[0-9a-f]{{12}} .*name={name}")
        samples = self.call("run", "container_stats", name, "samples=2", "-o", "jsonl").stdout.splitlines()
        self.assertEqual(2, len([json.loads(sample)["pids"] for sample in samples]))


class OneLiners(OutputTestCase):
    """The ten of docs/command-line.md, as a shell runs them."""

    def line(self, script: str) -> str:
        environment = {
            **os.environ,
            "DOCKER_HOST": f"unix://{given('ENGINE_SOCKET')}",
            "PATH": f"{os.path.dirname(given('FSR_DOCKER'))}:{os.environ['PATH']}",
        }
        done = subprocess.run(["bash", "-ceu", script], capture_output=True, text=True, timeout=120, env=environment)
        self.assertEqual(0, done.returncode, f"{script}: {done.stderr}")
        return done.stdout

    def test_they_work(self) -> None:
        web = container(self, "sh", "-c", "echo GET /; echo oops >&2; sleep 600")
        only = f"filters=name={web}"
        full = self.line(f"fsr-docker run list_containers {only} -q").strip()
        self.assertEqual(64, len(full))
        self.assertEqual(f"{web}\n", self.line(f"fsr-docker run list_containers {only} -o name"))
        self.assertIn(
            IMAGE, self.line(f"fsr-docker run list_containers {only} -o table --fields Names,Image | tail -n 1")
        )
        self.assertEqual("1\n", self.line(f"fsr-docker run container_logs {web} tail=100 2>/dev/null | grep -c GET"))
        self.assertEqual("/\n", self.line(f"fsr-docker run exec_container {web} -- sh -c 'cd / && pwd'"))
        self.assertEqual("B\n", self.line(f"echo b | fsr-docker run exec_container {web} stdin_text=- -- tr a-z A-Z"))
        self.assertIn('"running"', self.line(f"fsr-docker run inspect_container {web} -o json --fields State.Status"))
        self.assertIn('"Action"', self.line("fsr-docker run system_events since=10m -o jsonl | tail -n 5"))
        self.assertEqual("7\n", self.line(f"fsr-docker run exec_container {web} -- sh -c 'exit 7' || echo $?"))
        self.line(f"fsr-docker run list_containers {only} -q | xargs -I{{}} fsr-docker run stop_container {{}} t=0")
        self.line(f"fsr-docker run list_containers all=true {only} -q | xargs -n1 fsr-docker run remove_container")
        self.assertEqual("", self.line(f"fsr-docker run list_containers all=true {only} -q"))


if __name__ == "__main__":
    unittest.main()
