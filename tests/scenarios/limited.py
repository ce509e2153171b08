"""A worker under a rate limit: `limited.py SOCKET LIMIT TIMEOUT THREADS SECONDS`.

Each thread calls as often as it may, for so many seconds or until a call is refused. Prints each outcome as it comes:
`ok`, or the seconds that the refusal took and its text.
"""

from __future__ import annotations

import sys
import threading
import time

from support.configurations import over_unix
from support.session import ConnectorError, execute


def say(line: str) -> None:
    """In one piece, whatever other threads say."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(socket: str, limit: str, timeout: str, threads: str, seconds: str) -> None:
    config = {**over_unix(socket), "rate_limit": limit, "timeout": timeout, "api_version": "v1.41", "retry_attempts": 0}
    end = time.monotonic() + float(seconds)
    together = threading.Barrier(int(threads) + 1)

    def call() -> None:
        together.wait()
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                execute(config, "ping")
            except ConnectorError as refusal:
                say(f"{time.monotonic() - began:.2f} {refusal}")
                return
            say("ok")

    workers = [threading.Thread(target=call) for _ in range(int(threads))]
    for worker in workers:
        worker.start()
    say("ready")
    sys.stdin.readline()
    together.wait()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
