"""The class that connectors derive from, their one error, and their logger."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import Any


class ConnectorError(Exception):
    """What a connector raises; FortiSOAR shows its text."""


class Connector(ABC):
    """A connector. The hooks do nothing unless a connector has a use for them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._info_json = kwargs.get("info_json", {})

    @abstractmethod
    def execute(
        self, config: dict[str, Any] | None, operation: str, params: dict[str, Any] | None, **kwargs: Any
    ) -> Any:
        """Runs an operation and answers what can be written as JSON."""
        raise NotImplementedError

    def check_health(self, config: dict[str, Any] | None = None, *args: Any, **kwargs: Any) -> bool:
        """True, or a ConnectorError."""
        raise NotImplementedError

    def on_app_start(self, config: dict[str, Any], active: bool) -> None: ...

    def on_add_config(self, config: dict[str, Any], active: bool) -> None: ...

    def on_update_config(self, old_config: dict[str, Any], new_config: dict[str, Any], active: bool) -> None: ...

    def on_delete_config(self, config: dict[str, Any]) -> None: ...

    def on_activate(self, config: dict[str, Any]) -> None: ...

    def on_deactivate(self, config: dict[str, Any]) -> None: ...

    def teardown(self, config: dict[str, Any]) -> None: ...


def get_logger(name: str) -> logging.Logger:
    """The logger `connectors.<name>`."""
    return logging.getLogger(f"connectors.{name}")
