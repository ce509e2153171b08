"""Every parameter does something: a call without it, of a case in `data/wire/`, is another.

What is offered and not sent would leave the call as it is.
"""

from __future__ import annotations

import re
import unittest
from functools import cache
from typing import Any

from test_wire import CASES, fields, replayed, shows

from support import session
from support.recording_proxy import Request
from support.wire import Case, contents

# They bound a call, and where the bound is not met they change nothing. Tests on real engines show what they do.
BOUNDS = {"timeout", "max_bytes", "max_size", "max_events"}
# What the published connector has, and this one has no use for.
IGNORED = {("container_stats", "stream")}

# Names that are made up, files of FortiSOAR, times, hashes of archives with the time.
CHANGING = re.compile(
    r"run-[0-9a-f]{16}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{10}[.][0-9]{9}|sha256'?: '[0-9a-f]+"
)


class Parameters(unittest.TestCase):
    def test_each_makes_a_difference(self) -> None:
        idle = []
        for operation in session.PACKAGE.info["operations"]:
            name = operation["operation"]
            for field in fields(operation["parameters"]) if operation["visible"] else ():
                if field["name"] not in BOUNDS and (name, field["name"]) not in IGNORED:
                    its = [case for case in CASES if case.operation == name and shows(case, field)]
                    if not any(differs(case, field["name"]) for case in its):
                        idle.append(f"{name}: {field['name']}")
        if idle:
            self.fail("\n".join(["no case in tests/data/wire/ shows what these do:", *idle]))


def differs(case: Case, parameter: str) -> bool:
    """Whether the call of a case is another without this parameter."""
    return bool(seen(case, without=parameter) != seen_whole(CASES.index(case)))


@cache
def seen_whole(number: int) -> str:
    """What is seen of a case as it is, by its number."""
    return seen(CASES[number])


def seen(case: Case, without: str = "") -> str:
    """What can be told from outside of a case's call, but for what is another each time."""
    params = {name: value for name, value in case.params.items() if name != without}
    outcome = replayed(case, params)
    sent = [
        (request.method, request.target, contents(request), mode(request), sorted(request.headers.items()))
        for request in outcome.requests
    ]
    return CHANGING.sub("*", repr((sent, outcome.error, outcome.result)))


def mode(request: Request) -> Any:
    """The permissions of the first file in a tar."""
    return request.body[100:108] if request.body[257:262] == b"ustar" else None


if __name__ == "__main__":
    unittest.main()
