"""Runs one operation of an installed connector, wrapped as FortiSOAR wraps it.

    python3 execute.py --root DIR NAME VERSION OPERATION [--config FILE] [--params JSON]

The configuration is a JSON object, read from standard input unless a file is named: it may hold secrets. The operation
`check_health` is the health check.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connectors.core.connector import Connector


def load(root: Path, name: str, version: str) -> Connector:
    """An instance of the connector's class. A process loads from one root only."""
    path = str(root.resolve())
    if sys.path[0] != path:
        # Before all else: PYTHONPATH may name it further back, as its empty part does in this folder.
        sys.path.insert(0, path)
    from connectors.core.connector import Connector

    module = importlib.import_module(f"connectors.{name}_{version.replace('.', '_')}.connector")
    for _, member in inspect.getmembers(module, inspect.isclass):
        if issubclass(member, Connector) and not inspect.isabstract(member):
            return member()
    raise ImportError(f"{module.__name__} has no class that derives from Connector and executes operations")


def execute(connector: Connector, config: dict[str, Any], operation: str, params: dict[str, Any]) -> dict[str, Any]:
    """What a playbook's step sees: the result under `data`, or a message and the status `Failed`."""
    from connectors.core.connector import ConnectorError

    answer: dict[str, Any] = {"operation": operation, "status": "Success", "message": "", "data": {}, "env": {}}
    try:
        if operation == "check_health":
            answer["data"] = connector.check_health(config)
        else:
            answer["data"] = connector.execute(config, operation, params)
    except ConnectorError as fault:
        answer.update(status="Failed", message=str(fault))
    return answer


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs one operation of an installed connector.")
    parser.add_argument("name")
    parser.add_argument("version")
    parser.add_argument("operation")
    parser.add_argument("--root", type=Path, required=True, help="the local host's folder")
    parser.add_argument("--config", type=argparse.FileType(), default="-", help="a JSON file; standard input otherwise")
    parser.add_argument("--params", type=json.loads, default={}, help="the operation's parameters, a JSON object")
    arguments = parser.parse_args()
    connector = load(arguments.root, arguments.name, arguments.version)
    answer = execute(connector, json.load(arguments.config), arguments.operation, arguments.params)
    print(json.dumps(answer, indent=2))
    return 0 if answer["status"] == "Success" else 1


if __name__ == "__main__":
    sys.exit(main())
