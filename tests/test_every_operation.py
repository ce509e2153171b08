"""Every operation on a real engine: once for its success, and once for its likeliest failure.

The cases are in `data/real/`. A file holds a list of them, each an object:

    operation  its name, or another that it answers to
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
import time
import unittest
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

from support import registry, session
from support.case import OperationTestCase
from support.engine import RefusedError, api
from support.scene import Scene

Case = dict[str, Any]
FIELDS = {"operation", "params", "result", "error", "then", "config", "engine", "why"}
CASES: list[Case] = [
    case
    for path in sorted((Path(__file__).parent / "data" / "real").glob("*.json"))
    for case in json.loads(path.read_text())
]
# A process that was started takes a moment to end.
PATIENCE_SECONDS = 5
# What no engine here can do, with the reason. It is seen on the wire, and how an engine refuses it is among the cases.
OUT_OF_REACH = {"update_volume": "only cluster volumes can be updated, and those need a CSI plugin in a swarm"}


class EveryOperation(OperationTestCase):
    """The cases, a test for each operation."""

    registry: registry.Registry
    engine: str
    version: tuple[int, ...]

    @classmethod
    def setUpClass(cls) -> None:
        cls.registry = registry.Registry()
        cls.addClassCleanup(cls.registry.close)
        version = api("GET", "/version")
        cls.engine = "podman" if "Podman" in version["Components"][0]["Name"] else "docker"
        cls.version = numbers(version["ApiVersion"])

    def carry_out(self, case: Case) -> None:
        scene = Scene(self)
        params, config = scene.fill(case.get("params", {})), {**self.config, **scene.fill(case.get("config", {}))}
        if "error" in case:
            text = self.refusal_with(config, case["operation"], **params)
            self.assertRegex(text, f"^{scene.fill(case['error'])}")
        else:
            result = self.checked(session.execute(config, case["operation"], **params))
            if self.engine == "docker":  # Podman adds fields of its own
                self.described(case["operation"], params, result)
            self.assert_holds(scene.fill(case["result"]), result)
        for path, expected in scene.fill(case.get("then", {})).items():
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not holds(expected, value := look(path)) and time.monotonic() < deadline:
                time.sleep(0.05)
            self.assert_holds(expected, value)

    def runs_here(self, case: Case) -> bool:
        """Whether a case is for the engine that is tested."""
        engine = case.get("engine", self.engine)
        if engine.isalpha():
            return bool(engine == self.engine)
        return self.engine == "docker" and self.version >= numbers(engine)

    def assert_holds(self, expected: Any, value: Any) -> None:
        if not holds(expected, value):
            self.fail(f"{json.dumps(expected)} is not in\n{json.dumps(value)}")


def carrying_out(its: list[Case]) -> Callable[[EveryOperation], None]:
    """A test that carries out the cases of an operation."""

    def test(self: EveryOperation) -> None:
        for case in filter(self.runs_here, its):
            with self.subTest(params=case.get("params"), why=case.get("why", "")):
                self.carry_out(case)

    return test


for _operation, _cases in groupby(sorted(CASES, key=lambda case: case["operation"]), lambda case: case["operation"]):
    setattr(EveryOperation, f"test_{_operation}", carrying_out(list(_cases)))


class Coverage(unittest.TestCase):
    """No operation is offered that no case shows to work, and to fail as it should."""

    def test_every_operation_has_its_cases(self) -> None:
        missing = []
        for operation in session.PACKAGE.info["operations"]:
            if operation["visible"]:
                name = operation["operation"]
                its = [case for case in CASES if case["operation"] == name and case.get("engine", "docker") == "docker"]
                if name not in OUT_OF_REACH and not any("result" in case for case in its):
                    missing.append(f"{name}: its success")
                if not any("error" in case for case in its):
                    missing.append(f"{name}: its likeliest failure")
        if missing:
            self.fail("\n".join(["to be added in tests/data/real/:", *missing]))

    def test_cases_are_of_operations_and_say_how_they_end(self) -> None:
        known = {operation["operation"] for operation in session.PACKAGE.info["operations"]}
        for case in CASES:
            with self.subTest(case):
                self.assertIn(case["operation"], known)
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
