"""What each operation does to the engine, and what it takes to see it refused.

`data/access.json` says for every operation what it does, and which parameter names the container that it touches. A new
operation must be entered there: by whoever has thought of what each access level should make of it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support import session
from support.case import OperationTestCase
from support.configurations import Config

ACCESS: dict[str, dict[str, str | None]] = json.loads((Path(__file__).parents[1] / "data" / "access.json").read_text())
# Values for what an operation requires.
VALUES = {
    "Cmd": "true",
    "h": 24,
    "w": 80,
    "input": "Text",
    "path": "/tmp",
    "version": 1,
    "state": "running",
    "replicas": 2,
    "indicators": [{"name": "web"}],
}
# With what an operation does more than without; that is what it counts as here.
WORST: dict[str, dict[str, Any]] = {"container_attach": {"stdin_text": "exit\n"}, "attach_container": {"stdin": True}}
BLOCKED = r"^\[blocked_by_policy\] [a-z_]+: .*{}.*administrator.*\."


def operations() -> dict[str, dict[str, Any]]:
    """Every operation that the package declares, by its name."""
    return {operation["operation"]: operation for operation in session.PACKAGE.info["operations"]}


def names() -> list[str]:
    """Every name that is answered, but for the one whose reach depends on what is called."""
    answered: list[str] = session.module("native").engine.operations()
    return [name for name in answered if name != "call_api"]


def required(operation: str) -> dict[str, Any]:
    """The least that an operation must be given to do its worst."""
    declared = operations()[operation]["parameters"]
    least = {field["name"]: VALUES.get(field["name"], "web") for field in declared if field.get("required")}
    return {**least, **WORST.get(operation, {})}


class PolicyTestCase(OperationTestCase):
    def assert_blocked(self, config: Config, operation: str, rule: str, **params: Any) -> None:
        # Of an operation's names, the error has the one that is shown.
        self.assertRegex(self.refusal_with(config, operation, **params), BLOCKED.format(rule))
