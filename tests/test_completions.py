"""What bash, zsh and fish offer for a word of `fsr-docker`, in the shells themselves."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from support.engine import container
from support.programs import ENVIRONMENT, program, unpacked
from support.session import given

TAB, CLEAR = "\t", "\x15"


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.process, self._screen = pty.fork()
        if self.process == 0:
            os.execve(command[0], command, environment)  # noqa: S606 (a shell is what it starts)

    def close(self) -> None:
        os.close(self._screen)
        os.waitpid(self.process, 0)

    def until(self, pattern: str) -> str:
        """What it writes, to this pattern."""
        written, deadline = "", time.monotonic() + 60
        while not re.search(pattern, written):
            if time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} was not written, but {written!r}")
            if select.select([self._screen], [], [], 0.2)[0]:
                written += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x07", "", os.read(self._screen, 65536).decode())
        return written

    def press(self, keys: str) -> None:
        os.write(self._screen, keys.encode())


@unittest.skipUnless("FSR_DOCKER" in os.environ, "fsr-docker is not built for this Python")
class Completions(unittest.TestCase):
    """A word and Tab; then what stands on the line."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "fsr-docker").symlink_to(given("FSR_DOCKER"))
        (self.folder / "notes.txt").write_text("")
        self.container = container(self)
        self.environment = {
            **ENVIRONMENT,
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "ZDOTDIR": str(self.folder),
            "DOCKER_HOST": f"unix://{given('ENGINE_SOCKET')}",
            "TERM": "xterm",
            "COLUMNS": "200",
        }

    def cases(self) -> list[tuple[str, str]]:
        """What is typed, and what the one candidate makes of it."""
        begun = f"id={self.container[:-2]}"
        return [
            ("stop_conta", "stop_container"),
            ("stop_container sig", "stop_container signal="),
            ("container_logs form=t", "container_logs form=text"),
            ("list_containers all=f", "list_containers all=false"),
            (f"stop_container {begun}", f"stop_container id={self.container}"),
            (f"load_images attachment={self.folder}/not", f"load_images attachment={self.folder}/notes.txt"),
            ("list_containers --output=jsonl", "list_containers --output=jsonl"),
        ]

    def assert_on_the_line(self, shell: Shell) -> None:
        for typed, completed in self.cases():
            shell.press(f"fsr-docker run {typed}{TAB}")
            shell.until(re.escape(f"fsr-docker run {completed}") + ("$" if completed.endswith("=") else " ?$"))
            shell.press(CLEAR)
        shell.press(f"fsr-docker run stop_container {TAB}{TAB}")
        shown = shell.until(r"override_isolation=")
        for name in ("id=", "signal=", "t=", "disable_restart="):
            self.assertIn(name, shown)

    def test_bash(self) -> None:
        shell = Shell(["/bin/bash", "--norc", "-i"], {**self.environment, "PS1": "ready> "})
        self.addCleanup(shell.close)
        shell.press("bind 'set enable-bracketed-paste off'; source <(fsr-docker completions bash); echo so''urced\r")
        shell.until("sourced")
        self.assert_on_the_line(shell)

    def test_zsh(self) -> None:
        zsh, functions = program("zsh"), unpacked("usr/share/zsh/functions")
        modules = unpacked("usr/lib/x86_64-linux-gnu/zsh")
        start = f"module_path=({modules}/*(/)); fpath=({functions}/**/*(/) {functions})\n"
        (self.folder / ".zshenv").write_text(start)
        (self.folder / ".zshrc").write_text(
            "zmodload zsh/zle; autoload -U compinit; compinit -u -D\n"
            "source <(fsr-docker completions zsh); unset zle_bracketed_paste; PS1='ready> '; echo so''urced\n"
        )
        shell = Shell([zsh, "-d", "-i"], self.environment)
        self.addCleanup(shell.close)
        shell.until("sourced")
        self.assert_on_the_line(shell)

    def test_fish(self) -> None:
        """It says itself what it would offer."""
        functions = unpacked("usr/share/fish/functions")
        before = f"set fish_function_path {functions}; fsr-docker completions fish | source"
        for typed, completed in [*self.cases(), ("stop_container ", "override_isolation=")]:
            command = [program("fish"), "--no-config", "-c", f"{before}; complete -C 'fsr-docker run {typed}'"]
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60)
            offered = [line.split("\t")[0] for line in done.stdout.splitlines()]
            self.assertIn(completed.rsplit(" ", 1)[-1], offered, f"{typed}: {done.stderr}")
