"""What the package says of its results, and whether a result is so: its `output_schema` must have every path of it.

And every path of a schema must occur in some result: what real engines gave is remembered, and written to the folder
`RESULTS_SEEN` when the process ends. At the end of a whole run `xtask/src/test/results.rs` holds it against them.
"""

from __future__ import annotations

import atexit
import json
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.session import PACKAGE

_OPERATIONS: dict[str, dict[str, Any]] = {entry["operation"]: entry for entry in PACKAGE.info["operations"]}
# The paths of real results: operation, condition of the schema, path.
_SEEN: set[tuple[str, str, str]] = set()
# As Fortinet's tools read them.
_OTHERWISE = "{{true}}"
_CONDITION = re.compile(
    r"\{\{(?:(?P<field>\w+) === '(?P<text>[^']*)'|this\['(?P<box>\w+)'\] === (?P<flag>true|false))\}\}"
)
# What stands in place of a result that is too large for a playbook's data.
_ATTACHED = {"result", "attachment", "preview", "truncated"}
# Where anything may stand, as the engine's answer to a call of the playbook's own.
_OPEN = {("call_api", "body")}


def faults(operation: str, params: dict[str, Any], result: Any) -> list[str]:
    """The paths of a result that a playbook's author is not offered, or offered as something else."""
    if isinstance(result, dict) and set(result) == _ATTACHED:
        return []
    return list(_differences(operation, "", _schema(operation, params)[1], result))


def remember(operation: str, params: dict[str, Any], result: Any) -> None:
    """Notes which paths a real engine's result has. Null and what is empty show nothing."""
    if isinstance(result, dict) and set(result) == _ATTACHED:
        return
    if not _SEEN:
        atexit.register(_write, os.getpid())
    condition, skeleton = _schema(operation, params)
    _SEEN.update((operation, condition, path) for path in _paths("", skeleton, result))


def _schema(operation: str, params: dict[str, Any]) -> tuple[str, Any]:
    """The skeleton of the result that these parameters lead to, and its condition."""
    entry = _OPERATIONS[operation]
    for case in entry.get("conditional_output_schema", []):
        if _holds(case["condition"], entry["parameters"], params):
            return case["condition"], case["output_schema"]
    return _OTHERWISE, entry["output_schema"]


def _holds(condition: str, fields: list[dict[str, Any]], params: dict[str, Any]) -> bool:
    if condition == _OTHERWISE:
        return True
    found = _CONDITION.fullmatch(condition)
    if found is None:
        raise AssertionError(f"{condition} is no condition of this kind")
    name = found["field"] or found["box"]
    default = next(field["value"] for field in fields if field["name"] == name)
    value = str(params.get(name) or default)
    return value.casefold() == (found["text"] or found["flag"]).casefold()


def _paths(path: str, skeleton: Any, value: Any) -> Iterator[str]:
    """The paths of a skeleton that a value has."""
    parts: list[tuple[str, Any, Any]] = []
    if isinstance(skeleton, dict) and isinstance(value, dict):
        parts = [(f"{path}.{name}".lstrip("."), part, value.get(name)) for name, part in skeleton.items()]
    elif isinstance(skeleton, list) and isinstance(value, list):
        parts = [(f"{path}[]", part, item) for part in skeleton for item in value]
    for inner, part, found in parts:
        if found is not None:
            yield inner
            yield from _paths(inner, part, found)


def _write(process: int) -> None:
    folder = os.environ.get("RESULTS_SEEN")
    if folder and os.getpid() == process:  # and no child of it
        (Path(folder) / f"{uuid.uuid4()}.json").write_text(json.dumps(sorted(_SEEN)))


def _differences(operation: str, path: str, skeleton: Any, value: Any) -> Iterator[str]:
    """A skeleton has empty texts at its leaves, one element in its lists, and `{}` where names are not known."""
    if value is None or (operation, path) in _OPEN:
        return
    if isinstance(skeleton, dict):
        if not isinstance(value, dict):
            yield f"{path}: {value!r:.80} is no object"
        elif skeleton:
            for name, part in value.items():
                inner = f"{path}.{name}".lstrip(".")
                if name in skeleton:
                    yield from _differences(operation, inner, skeleton[name], part)
                else:
                    yield f"{inner}: is not in the schema"
    elif isinstance(skeleton, list):
        if not isinstance(value, list):
            yield f"{path}: {value!r:.80} is no list"
        elif skeleton:
            for part in value:
                yield from _differences(operation, f"{path}[]", skeleton[0], part)
    elif isinstance(value, (dict, list)):
        yield f"{path}: {value!r:.80} is no single value"
