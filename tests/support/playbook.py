"""Runs a sample playbook of the package step by step, as FortiSOAR does, with the connector under test.

It knows the kinds of steps that the samples have. A record that a playbook writes, a comment or an alert's attachments,
is kept for the test to look at. Templates are rendered by Jinja: a text that is one expression keeps the kind of its
value, and a path that leads nowhere is an error here, where FortiSOAR would go on with nothing.
"""

from __future__ import annotations

import json
import os
import re
import sys
import unittest
from typing import Any

from support.session import CONNECTOR, FOLDER, PACKAGE, ConnectorError

# Jinja comes with the tools that judge playbooks; where they do not run, these tests cannot.
_TOOLS = os.environ.get("PLAYBOOK_TOOLS", "")
if _TOOLS:
    sys.path.append(_TOOLS)
try:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment
except ImportError:
    raise unittest.SkipTest("there is no Jinja: `cargo xtask test` fetches it and sets PLAYBOOK_TOOLS") from None

START = "f414d039-bb0d-4e59-9c39-a8f1e880b18a"
CONNECTOR_STEP = "0bfed618-0316-11e7-93ae-92361f002671"
SET_VARIABLE = "04d0cf46-b6a8-42c4-8683-60a7eaa69e8f"
DECISION = "12254cf5-5db7-4b1a-8cb1-3af081924b28"
CREATE_RECORD = "2597053c-e718-44b4-8394-4d40fe26d357"
UPDATE_RECORD = "b593663d-7d13-40ce-a3a3-96dece928722"

_EXPRESSION = re.compile(r"\s*\{\{((?:(?!\}\}).)*)\}\}\s*", re.DOTALL)
_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined)
# What a step's arguments hold beside what it is for.
_HOW = ("for_each", "ignore_errors", "step_variables")


def playbooks() -> dict[str, dict[str, Any]]:
    """The package's playbooks, by their names."""
    envelope = json.loads((FOLDER / "playbooks" / "playbooks.json").read_text(encoding="utf-8"))
    return {workflow["name"]: workflow for collection in envelope["data"] for workflow in collection["workflows"]}


class Run:
    """One run of a playbook, from its start to its end."""

    def __init__(self, title: str, config: dict[str, Any], records: tuple[dict[str, Any], ...] = (), **given: str):
        self._workflow = playbooks()[title]
        self._config = config
        self.vars: dict[str, Any] = {"steps": {}, "input": {"records": list(records)}, "request": {}}
        self.path: list[str] = []
        self.written: list[dict[str, Any]] = []
        steps = {step["uuid"]: step for step in self._workflow["steps"]}
        start = steps[_id(self._workflow["triggerStep"])]
        self._begin(start, given)
        step = self._after(start, steps)
        while step is not None:
            if step["name"] in self.path:
                raise AssertionError(f"{title} goes in circles: {self.path}")
            self.path.append(step["name"])
            self._take(step)
            step = self._after(step, steps)

    @property
    def report(self) -> str:
        """What the playbook says at its end."""
        return str(self.vars["report"])

    def _begin(self, start: dict[str, Any], given: dict[str, str]) -> None:
        """Asks whoever starts it, and takes what they give."""
        asked = {asked["name"]: asked for asked in start["arguments"]["inputVariables"]}
        if unknown := set(given) - set(asked):
            raise AssertionError(f"nobody asks for {unknown}")
        for name, question in asked.items():
            if question["required"] and not given.get(name):
                raise AssertionError(f"{name} must be given")
        self.vars["request"]["data"] = {name: given.get(name, asked[name]["defaultValue"]) for name in asked}
        rendered = self._render(start["arguments"]["step_variables"]["input"]["params"])
        self.vars["input"]["params"] = rendered
        if start["arguments"]["noRecordExecution"] == bool(self.vars["input"]["records"]):
            raise AssertionError("it is started on a record, or without one, and should not be")

    def _after(self, step: dict[str, Any], steps: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
        """The step that a step leads to."""
        routes = [route for route in self._workflow["routes"] if _id(route["sourceStep"]) == step["uuid"]]
        if _kind(step) == DECISION:
            option = self._choose(step["arguments"]["conditions"])
            routes = [route for route in routes if route["label"] == option]
        if len(routes) > 1:
            raise AssertionError(f"{step['name']} leads to more than one step")
        return steps[_id(routes[0]["targetStep"])] if routes else None

    def _choose(self, conditions: list[dict[str, Any]]) -> str:
        for condition in conditions:
            if condition.get("default"):
                continue
            verdict = self._render(condition["condition"])
            if not isinstance(verdict, bool):
                raise AssertionError(f"{condition['condition']} gives {verdict!r}, which is neither true nor false")
            if verdict:
                return str(condition["option"])
        return next(str(condition["option"]) for condition in conditions if condition.get("default"))

    def _take(self, step: dict[str, Any]) -> None:
        arguments = step["arguments"]
        own = {name: value for name, value in arguments.items() if name not in _HOW}
        if loop := arguments.get("for_each"):
            results = []
            for item in self._render(loop["item"]):
                self.vars["item"] = item
                results.append(self._act(_kind(step), own, arguments.get("ignore_errors", False)))
            result: Any = results
        else:
            result = self._act(_kind(step), own, arguments.get("ignore_errors", False))
        self.vars["steps"][step["name"].replace(" ", "_")] = result

    def _act(self, kind: str, arguments: dict[str, Any], may_fail: bool) -> Any:
        if kind == CONNECTOR_STEP:
            if (arguments["connector"], arguments["version"]) != (PACKAGE.name, PACKAGE.version):
                raise AssertionError(f"a step of another connector: {arguments['connector']}")
            return self._execute(arguments["operation"], self._render(arguments["params"]), may_fail)
        rendered: dict[str, Any] = self._render(arguments)
        if kind == SET_VARIABLE:
            self.vars.update(rendered)
        elif kind in (CREATE_RECORD, UPDATE_RECORD):
            self.written.append(rendered)
        elif kind != DECISION:
            raise AssertionError(f"a kind of step that is not known here: {kind}")
        return rendered

    def _execute(self, operation: str, params: dict[str, Any], may_fail: bool) -> dict[str, Any]:
        """What a connector's step gives, as it can be stored."""
        answer: dict[str, Any] = {"operation": operation, "status": "Success", "message": "", "data": {}, "env": {}}
        try:
            answer["data"] = json.loads(json.dumps(CONNECTOR.execute(self._config, operation, params)))
        except ConnectorError as fault:
            if not may_fail:
                raise
            answer.update(status="Failed", message=str(fault))
        return answer

    def _render(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._render(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._render(part) for part in value]
        if not isinstance(value, str):
            return value
        if expression := _EXPRESSION.fullmatch(value):
            return _ENVIRONMENT.compile_expression(expression[1], undefined_to_none=False)(vars=self.vars)
        return _ENVIRONMENT.from_string(value).render(vars=self.vars)


def _id(reference: str) -> str:
    return reference.rpartition("/")[2]


def _kind(step: dict[str, Any]) -> str:
    return _id(step["stepType"])
