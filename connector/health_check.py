"""The health check: reaches the engine, signs in, agrees on an API version; raises with what to mend."""

from typing import Any

from . import services


def check(config: dict[str, Any]) -> bool:
    """True, or a ConnectorError."""
    from .native import engine

    return engine.check_health(config, services)
