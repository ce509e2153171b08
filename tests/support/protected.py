"""A protected container on the real engine, and the table of what protection forbids."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from support.access import ACCESS, PolicyTestCase
from support.configurations import Config, over_unix
from support.engine import api, container, network
from support.recording_proxy import RecordingProxy, Request

FIELDS = {operation: field for operations in ACCESS.values() for operation, field in operations.items() if field}
EFFECTS = {operation: effect for effect, operations in ACCESS.items() for operation in operations}


class Row(NamedTuple):
    """A row of the table in `docs/security.md`: what protection does with operations and requests of Call API."""

    operations: list[str]
    requests: list[str]
    is_allowed: bool


def table() -> list[Row]:
    """The table "What protection forbids"."""
    text = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
    section = text.split("### What protection forbids")[1].split("\n## ")[0]
    rows = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[2].startswith(("Refused", "Allowed")):
            names, requests = (re.findall("`([^`]+)`", cell) for cell in cells[:2])
            rows.append(Row(names, requests, cells[2].startswith("Allowed")))
    return rows


TABLE = table()
CONTAINERS = {name: FIELDS[name] for row in TABLE if not row.is_allowed for name in row.operations}


class ProtectedTestCase(PolicyTestCase):
    """A container that nothing may touch, on the real engine; beside it one that anything may."""

    def setUp(self) -> None:
        self.network = network(self)
        self.protected = container(self, Labels={"tier": "db", "app.owner": "x=y"})
        self.other = container(self)
        for member in (self.protected, self.other):
            api("POST", f"/networks/{self.network}/connect", {"Container": member})
        self.identity: str = api("GET", f"/containers/{self.protected}/json")["Id"]
        self.before = self.fingerprint()

    def inspect(self) -> dict[str, Any]:
        found: dict[str, Any] = api("GET", f"/containers/{self.identity}/json")
        return found

    def fingerprint(self) -> dict[str, Any]:
        """What must not change."""
        found = self.inspect()
        kept: dict[str, Any] = {
            name: found[name] for name in ("Name", "State", "RestartCount", "HostConfig", "ExecIDs")
        }
        kept["networks"] = sorted(found["NetworkSettings"]["Networks"])
        kept["changes"] = api("GET", f"/containers/{self.identity}/changes")
        return kept

    def assert_untouched(self, sent: list[Request]) -> None:
        self.assertEqual({"GET"}, {request.method for request in sent} | {"GET"}, sent)
        self.assertEqual(self.before, self.fingerprint())

    def guarding(self, proxy: RecordingProxy, rule: str | list[str] | None = None) -> Config:
        rules = self.protected if rule is None else rule
        return {**over_unix(proxy.socket), "protected_containers": rules, "retry_attempts": 0}
