"""Every operation on a real engine: once for its success, and once for its likeliest failure.

The cases are `real` in `data/operations/NAME.json`, each an object:

    as         the name that the call has, if not the operation's own
    with       words for what must be there, though nothing names it
    params     what the playbook gives
    result     what the result must hold, or
    error      how the text of the error must begin, as a regular expression
    then       what the engine says afterwards, at once or soon: paths of its API, each with what its answer must hold;
               null is not found
    config     further fields of the configuration
    engine     `docker` or `podman`, where the other is different; `1.42` or the like, where an older one lacks it
    why        what the case is for

Words in braces stand for what `support/scene.py` makes. Of an object only the named fields count, and of a list that
there is such an item; "*" is any value.
"""

from __future__ import annotations

import json
import re
import time
import unittest
from collections.abc import Callable
from itertools import groupby
from typing import Any

from support import operation_data, registry, session
from support.case import OperationTestCase
from support.engine import RefusedError, api
from support.scene import Scene, leave_swarm

Case = dict[str, Any]
FIELDS = {"as", "with", "params", "result", "error", "then", "config", "engine", "why"}
CASES: list[tuple[str, Case]] = list(operation_data.cases("real"))
OF_SWARM = re.compile("swarm|node|service|task|secret|config$|configs$|join_tokens|unlock_key")
# A process that was started takes a moment to end.
PATIENCE_SECONDS = 5


class EveryOperation(OperationTestCase):
    """The cases, a test for each operation."""

    registry: registry.Registry
    engine: str
    version: tuple[int, ...]

    @classmethod
    def setUpClass(cls) -> None:
        cls.registry = registry.Registry()
        cls.addClassCleanup(cls.registry.close)
        cls.addClassCleanup(leave_swarm)
        version = api("GET", "/version")
        cls.engine = "podman" if "Podman" in version["Components"][0]["Name"] else "docker"
        cls.version = numbers(version["ApiVersion"])

    def carry_out(self, operation: str, case: Case) -> None:
        scene, called = Scene(self), case.get("as", operation)
        scene.fill(case.get("with", []))
        params, config = scene.fill(case.get("params", {})), {**self.config, **scene.fill(case.get("config", {}))}
        if "error" in case:
            text = self.refusal_with(config, called, **params)
            self.assertRegex(text, f"^{scene.fill(case['error'])}")
        else:
            result = self.checked(session.execute(config, called, **params))
            if self.engine == "docker":  # Podman adds fields of its own
                self.described(called, params, result)
            self.assert_holds(scene.fill(case["result"]), result)
        for path, expected in scene.fill(case.get("then", {})).items():
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not holds(expected, value := look(path)) and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assert_holds(expected, value)

    def runs_here(self, operation: str, case: Case) -> bool:
        """Whether a case is for the engine that is tested. Podman has no Swarm."""
        engine = case.get("engine", "docker" if OF_SWARM.search(operation) else self.engine)
        if engine.isalpha():
            return bool(engine == self.engine)
        return self.engine == "docker" and self.version >= numbers(engine)

    def assert_holds(self, expected: Any, value: Any) -> None:
        if not holds(expected, value):
            self.fail(f"{json.dumps(expected)} is not in\n{json.dumps(value)}")


def carrying_out(operation: str, its: list[Case]) -> Callable[[EveryOperation], None]:
    """A test that carries out the cases of an operation."""

    def test(self: EveryOperation) -> None:
        for case in (case for case in its if self.runs_here(operation, case)):
            with self.subTest(params=case.get("params"), why=case.get("why", "")):
                self.carry_out(operation, case)

    return test


for _operation, _cases in groupby(CASES, key=lambda case: case[0]):
    setattr(EveryOperation, f"test_{_operation}", carrying_out(_operation, [case for _, case in _cases]))


class Coverage(unittest.TestCase):
    """No operation is offered that no case shows to work, and to fail as it should."""

    def test_every_operation_has_its_cases(self) -> None:
        missing, out_of_reach = [], operation_data.out_of_reach()
        for operation in session.PACKAGE.info["operations"]:
            if operation["visible"]:
                name = operation["operation"]
                its = [case for of, case in CASES if of == name and case.get("engine", "docker") == "docker"]
                if name not in out_of_reach and not any("result" in case for case in its):
                    missing.append(f"{operation_data.place(name)}: its success")
                if not any("error" in case for case in its):
                    missing.append(f"{operation_data.place(name)}: its likeliest failure")
        if missing:
            self.fail("\n".join(["no real case shows these; add them:", *missing]))

    def test_cases_are_of_operations_and_say_how_they_end(self) -> None:
        known = {operation["operation"] for operation in session.PACKAGE.info["operations"]}
        for operation, case in CASES:
            with self.subTest(operation, **case):
                self.assertIn(case.get("as", operation), known)
                self.assertLessEqual(set(case), FIELDS)
                self.assertEqual(1, len({"result", "error"} & set(case)))


def look(path: str) -> Any:
    """What the engine has at a path; None where there is nothing."""
    try:
        return api("GET", path)
    except RefusedError as refusal:
        if refusal.status == 404:
            return None
        raise


def holds(expected: Any, value: Any) -> bool:
    """Whether what is expected is there."""
    if expected == "*":
        return value is not None
    if isinstance(expected, dict) and isinstance(value, dict):
        return all(name in value and holds(expected[name], value[name]) for name in expected)
    if isinstance(expected, list) and isinstance(value, list):
        return all(any(holds(item, found) for found in value) for item in expected) and (bool(expected) or not value)
    return type(expected) is type(value) and bool(expected == value)


def numbers(version: str) -> tuple[int, ...]:
    """A version as numbers, to be compared."""
    return tuple(map(int, version.split(".")))


if __name__ == "__main__":
    unittest.main()
