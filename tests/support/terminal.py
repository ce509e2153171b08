"""A program on a terminal of its own, and what it writes there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from pathlib import Path

PATIENCE_SECONDS = 60


class Terminal:
    """Runs a program whose standard input and error are a terminal of 100 columns; its standard output is a pipe."""

    def __init__(self, command: list[str], folder: Path, kind: str = "xterm") -> None:
        self._screen, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self._settings = termios.tcgetattr(other)
        self._process = subprocess.Popen(
            command,
            stdin=other,
            stdout=subprocess.PIPE,
            stderr=other,
            cwd=folder,
            env={**os.environ, "TERM": kind},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C is one
        )
        self._other = other
        self.written = ""

    def wait_for(self, text: str) -> None:
        """Until it has written this."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.written:
            self._read()
            if time.monotonic() > deadline or (self._process.poll() is not None and text not in self.written):
                raise AssertionError(f"{text!r} was not written, but {self.written!r}")

    def press(self, key: str) -> None:
        os.write(self._screen, key.encode())

    def end(self) -> tuple[int, str]:
        """Its exit code and standard output, once it has ended; the terminal must be as it was."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._process.poll() is None:
            self._read()
            if time.monotonic() > deadline:
                self._process.kill()
        while self._read():
            pass
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            output = pipe.read().decode()
        assert termios.tcgetattr(self._other) == self._settings, "the terminal is not as it was"
        os.close(self._other)
        os.close(self._screen)
        return self._process.returncode, output

    @property
    def left(self) -> list[str]:
        """The lines that stay to be read, after all that moved the cursor and erased."""
        lines, row = [""], 0
        for token in re.finditer(r"\x1b\[(\d*)([A-Za-z])|[^\x1b\r]", self.written, re.DOTALL):
            count = int(token[1] or 1)
            if token[2] == "A":
                row = max(0, row - count)
            elif token[2] == "B" or token[0] == "\n":
                row += count
                lines += [""] * (row + 1 - len(lines))
            elif token[2] == "K":
                lines[row] = ""
            elif not token[2]:
                lines[row] += token[0]
        return [line.rstrip() for line in lines if line.strip()]

    def _read(self) -> bool:
        """Takes what it has written since, after a moment if there is none; answers whether there was any."""
        poll = select.poll()  # takes any descriptor: a process that has had many connections has high ones
        poll.register(self._screen, select.POLLIN)
        if not poll.poll(100):
            return False
        self.written += os.read(self._screen, 65536).decode(errors="replace")
        return True
