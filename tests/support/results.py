"""What the package says of its results, and whether a result is so: its `output_schema` must have every path of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from support.session import PACKAGE

_OPERATIONS: dict[str, dict[str, Any]] = {entry["operation"]: entry for entry in PACKAGE.info["operations"]}
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
    return list(_differences(operation, "", schema(operation, params), result))


def schema(operation: str, params: dict[str, Any]) -> Any:
    """The skeleton of the result that these parameters lead to."""
    entry = _OPERATIONS[operation]
    for case in entry.get("conditional_output_schema", []):
        if _holds(case["condition"], entry["parameters"], params):
            return case["output_schema"]
    return entry["output_schema"]


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
