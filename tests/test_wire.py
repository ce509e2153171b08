"""What reaches the engine: every parameter of every operation, with a value that is not its default."""

from __future__ import annotations

import json
import unittest
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from support import configurations, operation_data, session
from support.recorder import Recorder
from support.recording_proxy import Request
from support.wire import Case, cases, with_files

CASES = cases()


class Outcome(NamedTuple):
    """What a call has sent, and how it ended."""

    requests: list[Request]
    error: str
    result: Any


class Wire(unittest.TestCase):
    """The cases, a test for each operation."""

    def replay(self, case: Case) -> None:
        outcome = replayed(case, case.params)
        faults = list(case.faults(outcome.requests))
        if not ends_as_told(outcome.error, case.error):
            faults.append(f"it ended with {outcome.error or 'success'}")
        if faults:
            faults += ["sent was:", *(f"  {request.method} {request.target}" for request in outcome.requests)]
            self.fail("\n".join([f"{operation_data.place(case.of)}, {json.dumps(case.params)}", *faults]))


def replaying(its: list[Case]) -> Callable[[Wire], None]:
    """A test that replays the cases of an operation."""

    def test(self: Wire) -> None:
        for case in its:
            with self.subTest(params=case.params, api=case.api):
                self.replay(case)

    return test


for _operation, _cases in groupby(CASES, key=lambda case: case.of):
    setattr(Wire, f"test_{_operation}", replaying(list(_cases)))


class Coverage(unittest.TestCase):
    """Nothing is offered that no case shows to reach the engine."""

    def test_every_operation_and_parameter_has_a_case(self) -> None:
        missing = []
        for operation in session.PACKAGE.info["operations"]:
            if operation["visible"]:
                name = operation["operation"]
                its = [case for case in CASES if case.of == name]
                for field in fields(operation["parameters"]):
                    if not any(shows(case, field) for case in its):
                        missing.append(f"{operation_data.place(name)}: {field['name']}")
                if not its:
                    missing.append(f"{operation_data.place(name)}: a case at all")
        if missing:
            self.fail("\n".join(["no wire case shows these; add them:", *missing]))

    def test_all_data_is_of_an_operation(self) -> None:
        known = {operation["operation"] for operation in session.PACKAGE.info["operations"]}
        self.assertEqual(set(), {*operation_data.OPERATIONS, *(case.operation for case in CASES)} - known)


def replayed(case: Case, params: dict[str, Any]) -> Outcome:
    """Makes the call of a case."""
    with Recorder(case.api, case.answers) as recorder:
        config = {**configurations.over_unix(recorder.socket), **case.config}
        error, result = "", None
        try:
            result = session.CONNECTOR.execute(config, case.operation, with_files(params))
        except session.ConnectorError as fault:
            error = str(fault)
        finally:
            session.CONNECTOR.on_delete_config(config)
    return Outcome(recorder.requests, error, result)


def ends_as_told(error: str, told: str | None) -> bool:
    """Whether a call ended with the error that its case tells, or without one."""
    return not error if told is None else bool(error) and error.startswith(told)


def fields(declared: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The fields of a form, with those that appear when another is set."""
    for field in declared:
        yield field
        for further in field.get("onchange", {}).values():
            yield from fields(further)


def shows(case: Case, field: dict[str, Any]) -> bool:
    """Whether a case shows what becomes of a field's value, one that is not the value that counts anyway."""
    value = case.params.get(field["name"])
    if value in (None, "") or str(value).lower() == str(field.get("value", "")).lower():
        return False
    return bool(case.sends) or field["name"] in (case.error or "")


if __name__ == "__main__":
    unittest.main()
