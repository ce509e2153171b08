"""What a piece of work costs: it runs in a child process, whose memory and time are measured."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

# Whatever takes longer is ended: a test must not hang on what it shows to hang.
PATIENCE_SECONDS = 90


class Cost(NamedTuple):
    """What came of a work, and what it took."""

    outcome: str
    mebibytes: float
    seconds: float


def cost(work: Callable[[], Any]) -> Cost:
    """Runs it in a forked child: the growth of its peak resident set, and its time.

    The outcome is the beginning of the result's or of the error's text, or the signal that ended the child.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _child(work, writer)
    os.close(writer)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                break
            time.sleep(0.01)
        else:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return Cost("it did not end", 0, PATIENCE_SECONDS)
        if os.WIFSIGNALED(status):
            return Cost(f"ended by {signal.Signals(os.WTERMSIG(status)).name}", 0, 0)
        told = os.read(reader, 1024 * 1024)
        return Cost(*json.loads(told))
    finally:
        os.close(reader)


def _child(work: Callable[[], Any], writer: int) -> None:
    try:
        _touch_files()
        before = _peak(anew=True)
        began = time.monotonic()
        try:
            outcome = str(work())
        except Exception as error:
            outcome = str(error)
        took = time.monotonic() - began
        os.write(writer, json.dumps([outcome[:4000], _peak() - before, took]).encode())
    finally:
        with suppress(OSError):
            os.close(writer)
        os._exit(0)


def _touch_files() -> None:
    """Has all pages of programs and libraries counted before: a forked child counts each only once it uses it."""
    populate_read = 22  # MADV_POPULATE_READ, since Linux 5.14
    libc = ctypes.CDLL(None)
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, access, _, _, inode, *_ = line.split()
        if inode != "0" and access.startswith("r"):
            begin, end = (int(address, 16) for address in span.split("-"))
            libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), populate_read)


def _peak(*, anew: bool = False) -> float:
    """The peak resident set in MiB, counted from now on if it starts again."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
