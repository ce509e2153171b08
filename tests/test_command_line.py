"""`fsr-docker` beside other tools: its exit codes, and what it does where its streams are closed, full or odd."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path
from typing import Any

from support.engine import IMAGE, api, container
from support.raw_server import RawServer, is_silent
from support.session import PACKAGE, given

# What dies by SIGPIPE: a shell shows nothing, and sees 141.
CLOSED_PIPE = -signal.SIGPIPE


@unittest.skipUnless("FSR_DOCKER" in os.environ, "fsr-docker is not built for this Python")
class CommandLineTestCase(unittest.TestCase):
    """Runs the program as a shell does."""

    def command(self, *words: str | bytes) -> list[str | bytes]:
        named = words[:1] in (("--host",), (b"--host",))
        engine = [] if named else ["--host", f"unix://{given('ENGINE_SOCKET')}"]
        return [given("FSR_DOCKER"), *engine, *words]

    def call(self, *words: str | bytes, **how: Any) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=120, **how)
        self.assertNotIn("panicked", done.stderr)
        return done

    def shell(self, script: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """What a script in bash makes of the program, which it calls `"$@"`."""
        command = ["bash", "-c", script, "bash", *map(str, self.command(*words))]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env={**os.environ, **environment})
        self.assertNotIn("panicked", done.stderr)
        return done

    def made(self, command: str) -> str:
        """A container that has ended."""
        name = container(self, "sh", "-c", command)
        api("POST", f"/containers/{name}/wait")
        return name


class F48ExitCodes(CommandLineTestCase):
    """The table of `--help`."""

    def code(self, *words: str, **how: Any) -> int:
        return self.call("run", *words, **how).returncode

    def test_only_exec_and_run_pass_a_commands_code_on(self) -> None:
        name = container(self)
        for code in (0, 1, 42, 137, 255):
            self.assertEqual(code, self.code("exec_container", f"id={name}", f"Cmd=sh -c 'exit {code}'"))
        given_up = self.code("exec_container", f"id={name}", "Cmd=sh -c 'exit 9'", "fail_on_nonzero=true")
        self.assertEqual(1, given_up, "the step failed, and its error says by which code")
        self.assertEqual(7, self.code("run_container", f"image={IMAGE}", "Cmd=sh -c 'exit 7'"))

    def test_f48_what_stops_a_container_ends_with_0(self) -> None:
        for words in (("stop_container", "t=0"), ("kill_container",), ("kill_container", "signal=SIGTERM")):
            name = container(self, "sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.1; done")
            self.assertEqual(0, self.code(words[0], f"id={name}", *words[1:]), words)
        ended = self.made("exit 5")
        for operation in ("wait_container", "inspect_container", "container_logs", "stop_container"):
            self.assertEqual(0, self.code(operation, f"id={ended}"), operation)

    def test_a_time_out_is_124(self) -> None:
        name = container(self)
        for words in (
            ("exec_container", f"id={name}", "Cmd=sleep 30", "timeout=1"),
            ("wait_container", f"id={name}", "timeout=1"),
            ("container_logs", f"id={name}", "follow=true", "timeout=1"),
            ("system_events", "follow=true", "timeout=1"),
        ):
            done = self.call("run", *words)
            self.assertEqual((124, True), (done.returncode, "The time limit passed." in done.stderr), words)

    def test_an_engine_that_never_answers_is_a_time_out(self) -> None:
        with RawServer(is_silent) as silent:
            for words in (("list_containers",), ("stop_container", "id=web")):
                command = [given("FSR_DOCKER"), "--host", f"tcp://{silent.address}", "--timeout", "1"]
                done = subprocess.run([*command, "run", *words], capture_output=True, text=True, timeout=60)
                self.assertEqual(124, done.returncode, done.stderr)

    def test_a_usage_error_is_2_and_another_failure_1(self) -> None:
        for words, code in (
            ((), 2),
            (("--no-such-flag",), 2),
            (("run", "no_such_operation"), 2),
            (("run", "stop_container"), 2),
            (("run", "stop_container", "id=web", "t=soon"), 2),
            (("run", "ping", "word"), 2),
            (("--host", "ftp://nowhere", "check"), 2),
            (("--host", "nowhere.invalid", "check"), 1),
            (("lst",), 2),
            (("list_containers",), 2),
            (("run", "stop_container", "a", "b"), 2),
            (("--host", "unix:///no/such/socket", "check"), 1),
            (("--host", "tcp://127.0.0.1:9", "check"), 1),
            (("run", "stop_container", "id=no-such-container"), 1),
            (("--help",), 0),
            (("--version",), 0),
            (("list",), 0),
        ):
            done = self.call(*words)
            self.assertEqual(code, done.returncode, f"{words}: {done.stderr}")

    def test_an_interruption_is_130_in_a_pipe_too(self) -> None:
        command = self.command("run", "container_logs", f"id={container(self)}", "follow=true", "timeout=60")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            with self.assertRaises(subprocess.TimeoutExpired):
                running.wait(2)
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=30)
        self.assertEqual(130, running.returncode, said)

    def test_the_help_has_the_table(self) -> None:
        for words in (("--help",), ("run", "--help")):
            shown = self.call(*words).stdout
            for code in ("0", "1", "2", "124", "130"):
                self.assertRegex(shown, rf"(?m)^  {code} +\w")


class LiveOutput(CommandLineTestCase):
    """What a command writes is printed as it comes, as by `docker exec` and `docker run`."""

    SCRIPT = "echo out; echo err >&2; sleep 3; echo late; exit 7"

    def started(self, *words: str) -> subprocess.Popen[str]:
        running = subprocess.Popen(
            self.command("run", *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        return running

    def test_each_line_comes_at_once_in_its_own_stream(self) -> None:
        for words in (("exec_container", container(self)), ("run_container", IMAGE)):
            running = self.started(*words, "--", "sh", "-c", self.SCRIPT)
            assert running.stdout is not None and running.stderr is not None
            self.assertEqual(("out\n", "err\n"), (running.stdout.readline(), running.stderr.readline()))
            self.assertIsNone(running.poll(), "the command still runs")
            self.assertEqual(("late\n", ""), running.communicate(timeout=60))
            self.assertEqual(7, running.returncode)

    def test_lines_of_json(self) -> None:
        running = self.started("exec_container", container(self), "-o", "jsonl", "--", "sh", "-c", self.SCRIPT)
        assert running.stdout is not None
        first = [json.loads(running.stdout.readline()) for _ in range(2)]
        self.assertCountEqual([{"stream": "stdout", "text": "out"}, {"stream": "stderr", "text": "err"}], first)
        self.assertIsNone(running.poll())

    def test_it_is_not_kept_and_has_no_bound(self) -> None:
        words = ("run", "exec_container", container(self), "--", "head", "-c", "9000000", "/dev/zero")
        self.assertEqual("9000000", self.shell('"$@" | wc -c', *words).stdout.strip())
        bounded = self.call("run", "exec_container", container(self), "max_bytes=3", "--", "echo", "abcdef")
        self.assertEqual(("abc", 0), (bounded.stdout, bounded.returncode))
        self.assertIn("more output than max_bytes", bounded.stderr)

    def test_it_goes_on_without_a_time_limit(self) -> None:
        for words in (("exec_container", container(self)), ("run_container", IMAGE)):
            slow = ("--", "sh", "-c", "sleep 3; echo done")
            self.assertEqual("done\n", self.call("run", *words, *slow).stdout, words)
            limited = self.call("run", "--timeout", "1", *words, *slow)
            self.assertEqual(("", 124), (limited.stdout, limited.returncode), words)

    def test_a_form_or_a_detached_command_is_a_result(self) -> None:
        name = container(self)
        whole = json.loads(self.call("run", "exec_container", name, "-o", "json", "--", "echo", "x").stdout)
        self.assertEqual(("x\n", 0), (whole["stdout"], whole["exit_code"]))
        self.assertEqual("x\n", self.call("run", "exec_container", name, "form=Text", "--", "echo", "x").stdout)
        self.assertIn("Started", self.call("run", "exec_container", name, "Detach=true", "--", "true").stdout)

    def test_an_error_does_not_say_that_there_was_no_output(self) -> None:
        words = ("exec_container", container(self), "fail_on_nonzero=true", "--", "sh", "-c", "echo why; exit 3")
        failed = self.call("run", *words)
        self.assertEqual(("why\n", 1), (failed.stdout, failed.returncode))
        self.assertIn("exit code 3. Its output is above.", failed.stderr)


class Shortcuts(CommandLineTestCase):
    """The flags that fingers know from docker and kubectl."""

    def test_logs(self) -> None:
        name = container(self, "sh", "-c", "echo a; echo b; sleep 1; echo c; sleep 100")
        followed = self.call("run", "container_logs", name, "-f", "-n", "1", "timeout=3")
        self.assertEqual(("b\nc\n", 124), (followed.stdout, followed.returncode))
        self.assertEqual("b\nc\n", self.call("run", "container_logs", "-n2", name).stdout)

    def test_lists_and_removals(self) -> None:
        ended = self.made("true")
        ids = self.call("run", "list_containers", "-a", "-o", "name").stdout.split()
        self.assertIn(ended, ids)
        running = container(self)
        self.assertEqual(0, self.call("run", "remove_container", "-f", running).returncode)
        self.assertEqual(2, self.call("run", "ping", "-f").returncode, "there is nothing to force or to follow")


class Addresses(CommandLineTestCase):
    """`DOCKER_HOST` as docker takes it."""

    def test_what_leads_to_a_socket(self) -> None:
        socket = given("ENGINE_SOCKET")
        for host in (f"unix://{socket}", f"unix:{socket}", f" unix://{socket}"):
            command = [given("FSR_DOCKER"), "run", "ping"]
            done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "DOCKER_HOST": host})
            self.assertEqual(0, done.returncode, f"{host}: {done.stderr}")

    def test_empty_is_the_usual_socket(self) -> None:
        for variables in ({"DOCKER_HOST": ""}, {"DOCKER_HOST": "unix://"}):
            command = [given("FSR_DOCKER"), "--json", "check"]
            done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **variables})
            if done.returncode:
                self.assertIn("unix:///var/run/docker.sock", done.stderr)
                self.assertEqual(1, done.returncode)


class StandardInput(CommandLineTestCase):
    """`-`, `@-` and `@FILE`."""

    def test_a_text_a_file_and_all_parameters(self) -> None:
        name = container(self)
        for words in (("stdin_text=@-",), ("stdin_text=-",)):
            done = self.call("run", "exec_container", name, "Cmd=cat", *words, input="a\nb\n")
            self.assertEqual((0, "a\nb\n"), (done.returncode, done.stdout), done.stderr)
        for words in (("-",), ("@-",)):
            done = self.call("run", "inspect_container", *words, input=f'{{"id": "{name}"}}')
            self.assertIn(f"/{name}", done.stdout, done.stderr)
        copy = ("copy_to_container", name, "File IRI", "value=-", "path=/tmp", "filename=copied")
        self.assertEqual(0, self.call("run", *copy, input="text\n").returncode)
        done = self.call("run", "exec_container", name, "--", "cat", "/tmp/copied")
        self.assertEqual((0, "text\n"), (done.returncode, done.stdout))

    def test_it_can_be_used_once(self) -> None:
        done = self.call("run", "exec_container", "id=@-", "stdin_text=-", "Cmd=cat", input="x")
        self.assertEqual(2, done.returncode)
        self.assertIn("standard input can be used once only", done.stderr)

    def test_a_command_follows_two_dashes(self) -> None:
        done = self.call("run", "exec_container", container(self), "--", "sh", "-c", 'echo "$0 = 2"; exit 3', "1 + 1")
        self.assertEqual((3, "1 + 1 = 2\n"), (done.returncode, done.stdout), done.stderr)


class Suggestions(CommandLineTestCase):
    """What may have been meant: few, the closest first."""

    def test_operations_and_commands(self) -> None:
        for words, first in (
            (("run", "list_container"), "list_containers"),
            (("run", "stop_containr", "web"), "stop_container"),
            (("run", "ps"), "list_containers"),
            (("ps",), "fsr-docker run list_containers"),
            (("lst",), "fsr-docker list"),
            (("chekc",), "fsr-docker check"),
            (("stop_containr",), "fsr-docker run stop_container"),
        ):
            done = self.call(*words)
            self.assertEqual(2, done.returncode)
            found = re.search(r"Similar ones: ([^.]*)\.", done.stderr)
            self.assertIsNotNone(found, done.stderr)
            alike = (found[1] if found else "").split(", ")
            self.assertEqual(first, alike[0], words)
            self.assertLessEqual(len(alike), 3)
        self.assertIn("fsr-docker run stop_container", self.call("stop_container").stderr)

    def test_a_flag_is_shown_as_a_parameter(self) -> None:
        for flag, written in (("--all", "all=true"), ("--limit=3", "limit=VALUE"), ("--filters", "filters=VALUE")):
            done = self.call("run", "list_containers", flag)
            self.assertEqual((2, True), (done.returncode, written in done.stderr), done.stderr)

    def test_a_command_without_dashes_is_shown_with_them(self) -> None:
        done = self.call("run", "exec_container", "web", "ls", "/")
        self.assertEqual(
            (2, True), (done.returncode, "A command follows two dashes: -- ls" in done.stderr), done.stderr
        )

    def test_every_help_has_units_defaults_and_files(self) -> None:
        for operation, said in (
            ("stop_container", r"t=NUMBER .*\[unit: seconds\]"),
            ("container_logs", r"max_bytes=NUMBER .*\[unit: bytes\] \[default: 1048576\]"),
            ("container_export", r"Writes its file into the current folder"),
            ("load_images", r"Reads files of this machine"),
            ("list_containers", r"in seconds \[default: 60\]"),
        ):
            self.assertRegex(self.call("run", operation, "--help").stdout, said)


class Listing(CommandLineTestCase):
    def test_operations_are_listed_by_group(self) -> None:
        """The groups are those of the reference, in the same order, with the same operations."""
        listed = self.shell('"$@"', "list").stdout
        groups = {
            lines[0]: [line.split()[0] for line in lines[1:]] for lines in map(str.splitlines, listed.split("\n\n"))
        }
        self.assertEqual(["Containers", "Incident Response", "Investigate", "Images", "Networks"], list(groups)[:5])
        self.assertIn("prune_containers", groups["Containers"])
        shown = [entry["operation"] for entry in PACKAGE.info["operations"] if entry["visible"]]
        self.assertEqual(shown, [name for names in groups.values() for name in names])


class F48ClosedPipes(CommandLineTestCase):
    """Where nobody reads on."""

    def test_a_reader_that_leaves_ends_it_quietly(self) -> None:
        name = self.made("seq 200000")
        for words in (
            ("list",),
            ("--help",),
            ("run", "--help"),
            ("run", "stop_container", "--help"),
            ("--version",),
            ("check",),
            ("run", "container_logs", f"id={name}"),
            ("run", "container_logs", f"id={name}", "--json"),
            ("run", "list_images"),
        ):
            reading, writing = os.pipe()
            os.close(reading)
            with open(writing, "wb") as closed:
                done = subprocess.run(self.command(*words), stdout=closed, stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(CLOSED_PIPE, done.returncode, words)
            self.assertNotIn(b"panicked", done.stderr)
            self.assertLessEqual(len(done.stderr.splitlines()), 1, "only the line of the call")

    def test_head_takes_what_it_wants(self) -> None:
        words = ("run", "container_logs", f"id={self.made('seq 200000')}")
        done = self.shell('"$@" 2>/dev/null | head -n 2; echo "${PIPESTATUS[0]}"', *words)
        self.assertEqual("1\n2\n141\n", done.stdout)
        done = self.shell('"$@" | head -n 1', "list")
        self.assertEqual((0, 1, ""), (done.returncode, len(done.stdout.splitlines()), done.stderr))

    def test_standard_error_that_nobody_reads_harms_nothing(self) -> None:
        name = container(self)
        words = ("run", "exec_container", f"id={name}", "Cmd=sh -c 'echo out; seq 100000 >&2; exit 4'")
        for closed in ("2>&-", "2> >(true)", "2>/dev/full"):
            done = self.shell(f'"$@" {closed}; echo "$?"', *words)
            self.assertEqual("out\n4\n", done.stdout, closed)
        done = self.shell('"$@" 2>/dev/full; echo "$?"', "run", "no_such_operation")
        self.assertEqual("2\n", done.stdout)

    def test_a_full_disk_is_said_and_is_a_failure(self) -> None:
        name = self.made("seq 200000")
        for words in (("list",), ("--help",), ("--version",), ("check",), ("run", "container_logs", f"id={name}")):
            done = self.shell('"$@" >/dev/full', *words)
            self.assertEqual(1, done.returncode, words)
            self.assertRegex(done.stderr, r"Standard output cannot be written: No space left on device")

    def test_closed_streams_are_no_place_for_the_engines_socket(self) -> None:
        name = container(self)
        words = ("run", "exec_container", f"id={name}", "Cmd=sh -c 'echo out; exit 6'")
        for closed, output in (("<&-", "out\n"), (">&-", ""), ("<&- >&- 2>&-", "")):
            done = self.shell(f'"$@" {closed}', *words)
            self.assertEqual((6, output), (done.returncode, done.stdout), closed)


class F48OddSurroundings(CommandLineTestCase):
    """Arguments and terminals as they should not be."""

    def test_arguments_that_are_no_text_are_a_usage_error(self) -> None:
        for words in (
            (b"run", b"ping", b"a=\xff"),
            (b"\xff",),
            (b"run", b"\xff"),
            (b"--host", b"unix:///\xff", b"check"),
        ):
            self.assertEqual(2, self.call(*words).returncode, words)

    def test_any_terminal_will_do(self) -> None:
        for kind in ("", "dumb", "no-such-terminal", "xterm", "\x1b[31m"):
            screen, other = pty.openpty()
            try:
                done = subprocess.run(
                    self.command("run", "ping"),
                    stdin=other,
                    stdout=subprocess.PIPE,
                    stderr=other,
                    env={**os.environ, "TERM": kind},
                    timeout=60,
                )
                self.assertEqual(0, done.returncode, kind)
                self.assertIn(b"ping on ", os.read(screen, 65536))
            finally:
                os.close(screen)
                os.close(other)

    def test_a_folder_that_is_gone(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            inner = Path(folder, "gone")
            inner.mkdir()
            script = f'cd {inner}; rmdir {inner}; exec "$@"'
            self.assertEqual(0, self.shell(script, "run", "ping").returncode)


if __name__ == "__main__":
    unittest.main()
