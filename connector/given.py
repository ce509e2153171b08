"""What a loader hands over, made what the native module takes: a configuration, and an operation's parameters.

FortiSOAR hands over one configuration; some hooks get a list of them; a form without fields is an empty list at times.
A refusal names the type of what came, never its value, which may hold secrets.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connectors.core.connector import ConnectorError


def configuration(given: Any, operation: str) -> dict[str, Any]:
    """The one configuration of a call."""
    if not given:
        raise ConnectorError(
            f"[invalid_configuration] {operation}: no configuration was given. "
            "Choose one in the step, or mark one as the default."
        )
    return _fields(given, f"[invalid_configuration] {operation}: the configuration")


def configurations(given: Any) -> Iterator[dict[str, Any]]:
    """Those that a hook was called with: one, a list of them, or none. What is no configuration is passed over."""
    several = [given] if isinstance(given, Mapping) else given
    if isinstance(several, Iterable):
        yield from (dict(one) for one in several if one and isinstance(one, Mapping))


def parameters(given: Any, operation: str) -> dict[str, Any]:
    """The parameters of a call; none, if nothing was given."""
    return _fields(given or {}, f"[invalid_parameters] {operation}: the parameters")


def _fields(given: Any, what: str) -> dict[str, Any]:
    if isinstance(given, dict):
        return given
    if isinstance(given, Mapping):
        return dict(given)
    raise ConnectorError(f"{what} must be an object with a value for each field; {type(given).__name__} was given.")
