"""A worker that forks after it has made calls: parent and children go on calling, and none disturbs another.

Its arguments are configurations, as JSON; without any, it is a unix socket and TLS.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

from support import configurations
from support.session import ConnectorError, execute

CHILDREN, CALLS = 4, 50


def call(config: dict[str, Any], who: str) -> None:
    """A call whose answer names who asked, so that a mixed-up connection shows."""
    try:
        execute(config, "inspect_container", id=who)
    except ConnectorError as fault:
        assert f"No such container: {who}." in str(fault), fault
    else:
        raise AssertionError(f"{who} was found")


def keep_calling(config: dict[str, Any], stop: threading.Event, failures: list[BaseException]) -> None:
    """What the other thread does."""
    try:
        while not stop.is_set():
            call(config, "thread")
    except BaseException as fault:
        failures.append(fault)


def in_children(config: dict[str, Any]) -> list[int]:
    """Forks, and has every child call as well; answers their process ids."""
    children = []
    for number in range(CHILDREN):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                for _ in range(CALLS):
                    call(config, f"child-{number}")
                status = 0
            finally:
                os._exit(status)
        children.append(child)
    return children


def main() -> None:
    given = [json.loads(argument) for argument in sys.argv[1:]]
    for config in given or (configurations.over_unix(), configurations.over_tls()):
        call(config, "parent")
        # Another thread is within a call while the process forks, over and over.
        stop = threading.Event()
        failures: list[BaseException] = []

        thread = threading.Thread(target=keep_calling, args=(config, stop, failures))
        thread.start()
        children = in_children(config)
        for _ in range(CALLS):
            call(config, "parent")
        statuses = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        stop.set()
        thread.join()
        assert not failures, failures
        assert statuses == [0] * CHILDREN, statuses
        call(config, "parent")


if __name__ == "__main__":
    main()
