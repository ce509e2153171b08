# The native module, built from crates/python.
from collections.abc import Callable
from types import ModuleType
from typing import Any, Literal

__version__: str

def execute(
    config: dict[str, Any],
    operation: str,
    params: dict[str, Any],
    services: ModuleType,
    on_progress: Callable[[dict[str, Any]], object] | None = None,
) -> Any:
    """Runs an operation; its result can be written as JSON. Raises ConnectorError."""

def check_health(config: dict[str, Any], services: ModuleType) -> Literal[True]:
    """True, or a ConnectorError that says what to mend."""

def forget(config: dict[str, Any]) -> None:
    """Drops the connections kept for a configuration."""

def operations() -> list[str]:
    """Every name that `execute` answers to."""
