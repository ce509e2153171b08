"""The connector's class, through which FortiSOAR enters. What thinks is in the native module."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from connectors.core.connector import Connector, ConnectorError

from . import health_check, services
from .errors import as_connector_error

Config = dict[str, Any]


class DockerEngine(Connector):
    """Works a Docker Engine for playbooks."""

    # Whoever runs calls may set this, to be told how far one is, a few times a second: a dictionary of `part` (such as
    # a layer; empty is the call as a whole), `text`, `bytes` and `total` (numbers or None), and `is_done`. FortiSOAR
    # leaves it alone; the local host sets it for its page.
    on_progress: Callable[[dict[str, Any]], object] | None = None

    def execute(self, config: Config | None, operation: str, params: dict[str, Any] | None, **kwargs: Any) -> Any:
        with as_connector_error(operation):
            return _engine().execute(_chosen(config, operation), operation, params or {}, services, self.on_progress)

    def check_health(self, config: Config | None = None, *args: Any, **kwargs: Any) -> bool:
        with as_connector_error("check_health"):
            return health_check.check(_chosen(config, "check_health"))

    # The hooks. What a configuration keeps from call to call, its connections and the certificates read for it,
    # goes when it changes or rests; and one that is new, or awake again, begins with none of an older one's.

    def on_app_start(self, config: Config, active: bool) -> None:
        _prepare()

    def on_add_config(self, config: Config, active: bool) -> None:
        _forget(config)

    def on_activate(self, config: Config) -> None:
        _forget(config)

    def on_update_config(self, old_config: Config, new_config: Config, active: bool) -> None:
        _forget(old_config)
        _forget(new_config)

    def on_delete_config(self, config: Config) -> None:
        _forget(config)

    def on_deactivate(self, config: Config) -> None:
        _forget(config)

    def teardown(self, config: Config) -> None:
        _forget(config)


@functools.cache
def _engine() -> ModuleType:
    """The native module, loaded by the first call, not with this file: where it cannot run, health checks say why."""
    from .native import engine

    return engine


def _chosen(config: Config | None, operation: str) -> Config:
    if not config:
        raise ConnectorError(
            f"[invalid_configuration] {operation}: no configuration was given. "
            "Choose one in the step, or mark one as the default."
        )
    return config


def _prepare() -> None:
    """Loads the native module before the first call waits for it, and tells in the log if it cannot run here."""
    try:
        with as_connector_error("on_app_start"):
            from . import native  # noqa: F401
    except ConnectorError as fault:
        services.logger.error("%s", fault)


def _forget(config: Config) -> None:
    """Drops the connections of a configuration. A hook never stands in the way of what the administrator does."""
    try:
        with as_connector_error("forget"):
            from .native import engine

            engine.forget(config or {})
    except ConnectorError as fault:
        services.logger.warning("%s", fault)
