"""The package under test, installed into a local host of this process's own and loaded as FortiSOAR loads it."""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from execute import load
from install import install


def given(variable: str) -> str:
    """An environment variable that says what to test."""
    try:
        return os.environ[variable]
    except KeyError:
        raise RuntimeError(f"{variable} is not set; `cargo xtask test` sets it and runs these tests") from None


ARCHIVE = Path(given("FSR_PACKAGE"))
ROOT = Path(tempfile.mkdtemp(prefix="local-host-"))
atexit.register(shutil.rmtree, ROOT, ignore_errors=True)

PACKAGE = install(ARCHIVE, ROOT)
FOLDER = ROOT / "connectors" / PACKAGE.folder
TEMPORARY = ROOT / "tmp"
logging.getLogger("connectors").addHandler(logging.NullHandler())  # the tests that concern its log listen themselves
CONNECTOR = load(ROOT, PACKAGE.name, PACKAGE.version)

if TYPE_CHECKING:
    from connectors.core.connector import ConnectorError
else:  # the class that the connector sees, from the installed root
    ConnectorError = importlib.import_module("connectors.core.connector").ConnectorError

__all__ = [
    "ARCHIVE",
    "CONNECTOR",
    "FOLDER",
    "PACKAGE",
    "ROOT",
    "TEMPORARY",
    "ConnectorError",
    "attached",
    "execute",
    "given",
    "module",
]


def execute(config: dict[str, Any], operation: str, /, **params: Any) -> Any:
    """Runs an operation of the package under test."""
    return CONNECTOR.execute(config, operation, params)


def module(name: str) -> ModuleType:
    """A module of the installed package, such as `services`."""
    return importlib.import_module(f"connectors.{PACKAGE.folder}.{name}")


def attached(record: dict[str, Any]) -> bytes:
    """What an attachment of a result holds."""
    contents: bytes = module("services").read(record["@id"])
    return contents
