"""What all peers have in common: they wait for work on standard input, do it, and say how long each time took.

A line `WORK COUNT [ARGUMENT]` is answered by one line of JSON: `seconds`, a list with the duration of each time; `idle`
and `peak`, the process's resident memory before and at most, in bytes. A fault ends the peer, with its traceback on
standard error.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable

SOCKET = os.environ["ENGINE_SOCKET"]
TLS = os.environ["ENGINE_TLS"]
CERTIFICATES = os.environ["ENGINE_CERTS"]
FOLDER = os.environ["BENCH_FOLDER"]
"""Where files go that were received; each is removed when it has been measured."""
UPLOAD = os.environ["BENCH_UPLOAD"]
"""The tar that is copied into a container."""

# What stage.py makes.
BIG, WORKER, TALKER = "bench-big", "bench-worker", "bench-talker"
SUSPECTS = [f"bench-suspect-{number}" for number in range(20)]
NETWORKS = ["bench-inner", "bench-outer"]

PINGS_OF_A_THREAD = 100

Work = Callable[[str], object]
"""Does a work once. Its argument is what follows the count."""
Timed = Callable[[int, str], list[float]]
"""Does a work so many times, and gives the seconds of each."""


def certificate(name: str) -> str:
    """The path of a certificate or key."""
    return os.path.join(CERTIFICATES, name)


def received() -> str:
    """A path for a file that is received."""
    return os.path.join(FOLDER, f"received-{os.getpid()}")


def each(work: Work) -> Timed:
    """Times every single call."""

    def timed(count: int, argument: str) -> list[float]:
        seconds = []
        for _ in range(count):
            began = time.perf_counter()
            work(argument)
            seconds.append(time.perf_counter() - began)
        return seconds

    return timed


def contained(contain: Callable[[str], object], free: Callable[[str], object]) -> Timed:
    """Times containing all suspects, one after another. That they are freed again is not measured."""

    def timed(count: int, _: str) -> list[float]:
        seconds = []
        for _round in range(count):
            began = time.perf_counter()
            for suspect in SUSPECTS:
                contain(suspect)
            seconds.append(time.perf_counter() - began)
            for suspect in SUSPECTS:
                free(suspect)
        return seconds

    return timed


def together(work_of_a_thread: Callable[[], Callable[[], object]]) -> Timed:
    """Times calls of many threads at once: the seconds are those of all, divided by the number of calls.

    The argument is the number of threads; each makes its own work, unmeasured, and has done it once before it begins.
    """

    def timed(count: int, argument: str) -> list[float]:
        threads = int(argument)
        return [_all_at_once(threads, work_of_a_thread) for _ in range(count)]

    return timed


def _all_at_once(threads: int, work_of_a_thread: Callable[[], Callable[[], object]]) -> float:
    ready, go = threading.Barrier(threads + 1), threading.Event()

    def run() -> None:
        work = work_of_a_thread()
        work()
        ready.wait()
        go.wait()
        for _ in range(PINGS_OF_A_THREAD):
            work()

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    go.set()
    for thread in running:
        thread.join()
    return (time.perf_counter() - began) / (threads * PINGS_OF_A_THREAD)


def resident() -> int:
    """The memory that this process holds now, in bytes."""
    return _status("VmRSS")


def serve(works: dict[str, Timed]) -> None:
    """Works until standard input ends."""
    for line in sys.stdin:
        name, count, *argument = line.split()
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # the peak begins anew
        idle = resident()
        seconds = works[name](int(count), "".join(argument))
        print(json.dumps({"seconds": seconds, "idle": idle, "peak": _status("VmHWM")}), flush=True)


def _status(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {name}")
