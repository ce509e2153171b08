"""Every parameter does something, and `false` and `0` are not nothing: the wire cases, with other values."""

from __future__ import annotations

import re
import unittest
from collections.abc import Iterator
from functools import cache
from typing import Any

from test_wire import CASES, Outcome, fields, replayed, shows

from support import session
from support.recording_proxy import Request
from support.wire import Case, by_name, contents

# They bound a call, and where the bound is not met they change nothing. Tests on real engines show what they do.
BOUNDS = {"timeout", "max_bytes", "max_size", "max_events", "time_limit"}
# What the published connector has, and this one has no use for.
IGNORED = {("container_stats", "stream")}

# Names that are made up, files of FortiSOAR, times, hashes of archives with the time.
CHANGING = re.compile(
    r"run-[0-9a-f]{16}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{10}[.][0-9]{9}|sha256'?: '[0-9a-f]+"
)


# What leaves a parameter out.
NOTHING = object()


class Parameters(unittest.TestCase):
    def test_each_makes_a_difference(self) -> None:
        """What is offered and not sent would leave a call as it is without it."""
        idle = []
        for operation, field, its in shown():
            name = field["name"]
            if name in BOUNDS or (operation, name) in IGNORED:
                continue
            if not any(seen(outcome_of(case)) != seen(outcome_of(case, name)) for case in its):
                idle.append(f"{operation}: {name}")
        if idle:
            self.fail("\n".join(["no wire case in tests/data/operations/ shows what these do:", *idle]))

    def test_false_and_zero_are_sent(self) -> None:
        """Where `true` or a number goes, `false` and `0` go too."""
        dropped, sent = [], 0
        for operation, field, its in shown():
            # A dry run makes other requests altogether.
            if field["type"] not in FALSY or field["name"] == "dry_run":
                continue
            value, falsy = FALSY[field["type"]]
            for case in its[:1]:
                places = leaves(outcome_of(case, field["name"], value)) - leaves(outcome_of(case, field["name"]))
                its_own = {place for place, told in places if told in (str(value), str(value).lower())}
                outcome = outcome_of(case, field["name"], falsy)
                if its_own and not outcome.error.startswith("[invalid_parameters]"):
                    sent += 1
                    told = {(place, text.lower()) for place, text in leaves(outcome)}
                    if not all((place, str(falsy).lower()) in told for place in its_own):
                        dropped.append(f"{operation}: {field['name']}")
        self.assertEqual([], dropped)
        self.assertGreater(sent, 100)


# A value of each type that is not the falsy one, and that one.
FALSY: dict[str, tuple[Any, Any]] = {"checkbox": (True, False), "integer": (77, 0)}


def shown() -> Iterator[tuple[str, dict[str, Any], list[Case]]]:
    """Every parameter: its operation's name, its field, and the cases that show it."""
    for operation in session.PACKAGE.info["operations"]:
        name = operation["operation"]
        for field in fields(operation["parameters"]) if operation["visible"] else ():
            yield name, field, [case for case in CASES if case.of == name and shows(case, field)]


def outcome_of(case: Case, parameter: str = "", value: Any = NOTHING) -> Outcome:
    """What comes of a case; with this value of a parameter, or without the parameter, if one is named."""
    return _outcome_of(CASES.index(case), parameter, value)


@cache
def _outcome_of(number: int, parameter: str, value: Any) -> Outcome:
    case = CASES[number]
    params = {name: given for name, given in case.params.items() if name != parameter}
    if value is not NOTHING:
        params[parameter] = value
    return replayed(case, params)


def leaves(outcome: Outcome) -> set[tuple[str, str]]:
    """The values in the queries and JSON bodies that were sent, as text, each with where it stands."""
    found = set()
    for request, _ in by_name(outcome.requests):
        at = f"{request.method} {request.path}"
        found |= {(f"{at}?{name}", value) for name, value in request.query.items()}
        if request.headers.get("content-type") == "application/json":
            found |= set(_leaves_in(contents(request), at))
    return found


def _leaves_in(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves_in(inner, f"{at}.{name}")
    else:
        yield at, str(value)


def seen(outcome: Outcome) -> str:
    """What can be told of a call from outside, but for what is another each time."""
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
