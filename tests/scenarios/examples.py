"""Runs each operation on a real engine and records its result, for the reference.

    python3 tests/scenarios/examples.py FILE

`cargo xtask examples` runs it, on a private engine with a registry. Each `data/operations/NAME.json` has an `example`:

    params  what the playbook gives; words in braces stand for what `support/scene.py` makes, or, where they name an
            operation, for the attachment that its example made
    config  further fields of the configuration, such as another engine's address
    after   the example that this one follows at once: they tell a story
    with    words for what must be there, though nothing names it
    first   operations that are run before it and not shown, each with its parameters

Results are shortened, and what tells of the machine is put away.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import unittest
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import configurations, operation_data, registry, results
from support.engine import api
from support.scene import Scene
from support.session import PACKAGE, execute

CONFIG = {
    **configurations.over_unix(),
    "registry_server": registry.ADDRESS,
    "registry_username": registry.USERNAME,
    "registry_password": registry.PASSWORD,
}
EXAMPLES: dict[str, dict[str, Any]] = {
    name: parts["example"] for name, parts in operation_data.OPERATIONS.items() if "example" in parts
}
LONGEST_TEXT = 160
MOST_ITEMS = 2
MOST_DIGITS = 4
DEEPEST_EMPTY = 1


def main() -> None:
    shown = [entry["operation"] for entry in PACKAGE.info["operations"] if entry["visible"]]
    if missing := set(shown) - set(EXAMPLES) - operation_data.out_of_reach():
        raise AssertionError(f"add an example: {sorted(map(operation_data.place, missing))}")
    recorded: dict[str, Any] = {}
    made: dict[str, Any] = {}
    ground = unittest.TestCase()
    scene = Scene(ground)

    def run(operation: str, written: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
        params: dict[str, Any] = scene.fill(_with_attachments(written, made))
        made[operation] = execute({**CONFIG, **scene.fill(config)}, operation, **params)
        if found := results.faults(operation, params, made[operation]):
            raise AssertionError(f"{operation}: {found}")
        return {"params": params, "result": shortened(made[operation])}

    server = registry.Registry()
    try:
        for operation in story(None):
            example = EXAMPLES[operation]
            scene.fill(example.get("with", []))
            config = example.get("config", {})
            for preparing, params in example.get("first", {}).items():
                run(preparing, params, config)
            recorded[operation] = run(operation, example.get("params", {}), config)
    finally:
        ground.doCleanups()
        server.close()
    if lost := set(EXAMPLES) - set(recorded):
        raise AssertionError(f"{sorted(lost)} follow no example that is there")
    write(Path(sys.argv[1]), {name: recorded[name] for name in shown if name in recorded})


def story(before: str | None) -> Iterator[str]:
    """The examples that follow one, in order: what nothing more follows comes first, as it is to be right after."""
    following = [name for name, example in EXAMPLES.items() if example.get("after") == before]
    parts = sorted(([name, *story(name)] for name in following), key=len)
    return chain.from_iterable(parts)


def _with_attachments(params: dict[str, Any], made: dict[str, Any]) -> Any:
    """Parameters with the attachments of earlier examples in the place of their operations' names."""
    text = json.dumps(params)
    for operation, result in made.items():
        record = result.get("attachment", result) if isinstance(result, dict) else {}
        if "@id" in record:
            text = text.replace(f"{{{operation}}}", record["@id"].rpartition("/")[2])
    return json.loads(text)


def shortened(value: Any, depth: int = 0) -> Any:
    """A result with much left out: further items, the ends of long texts, digits that nobody reads, what is empty."""
    if isinstance(value, dict):
        parts = {name: shortened(part, depth + 1) for name, part in value.items()}
        return {name: part for name, part in parts.items() if depth < DEEPEST_EMPTY or part not in (None, "", [], {})}
    if isinstance(value, list):
        return [shortened(part, depth) for part in value[:MOST_ITEMS]]
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}..."
    return round(value, MOST_DIGITS) if isinstance(value, float) else value


def write(path: Path, examples: dict[str, Any]) -> None:
    """Writes them, without what tells where they were made."""
    info = api("GET", "/info")
    text = json.dumps(examples, indent=1, ensure_ascii=False)
    for own, usual in (
        (info["DockerRootDir"], "/var/lib/docker"),
        (info["Name"], "engine"),
        (platform.node(), "engine"),
        (info["KernelVersion"], "6.1.0-28-amd64"),
        (tempfile.gettempdir() + "/local-host", "/tmp/fortisoar"),
    ):
        text = text.replace(own, usual)
    path.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
