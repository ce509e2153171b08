"""The test data of each operation, in `data/operations/NAME.json`:

    wire          cases of what it sends: `support/wire.py`
    real          cases of what a real engine does, its success and its likeliest failure: `test_every_operation.py`
    example       its call in the reference: `scenarios/examples.py`
    unseen        paths of its result that no engine of the tests shows, with the reasons: `xtask/src/test/results.rs`
    out_of_reach  why no engine of the tests can do it; then it has no example, and its real cases are failures

A case may say `as`: another name that the operation answers to, for this call.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "data" / "operations"
_PARTS = {"wire", "real", "example", "unseen", "out_of_reach"}


def _read() -> dict[str, dict[str, Any]]:
    data = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
    for name, parts in data.items():
        if unknown := set(parts) - _PARTS:
            raise ValueError(f"{place(name)} has {unknown}; its parts are {_PARTS}")
    return data


def place(operation: str) -> str:
    """Where an operation's data stands, for whoever must add to it."""
    return f"tests/data/operations/{operation}.json"


OPERATIONS = _read()


def cases(part: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The cases of a kind, `wire` or `real`, each with its operation's name."""
    return ((name, case) for name, parts in OPERATIONS.items() for case in parts.get(part, []))


def out_of_reach() -> set[str]:
    """The operations that no engine of the tests can do."""
    return {name for name, parts in OPERATIONS.items() if "out_of_reach" in parts}
