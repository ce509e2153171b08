"""Turns what nobody foresaw into a ConnectorError that gives no secret away."""

from types import TracebackType
from typing import Optional

from connectors.core import connector as framework

from .services import logger


class as_connector_error:  # noqa: N801 (read as the statement that it is; a generator would cost each call a microsecond)
    """Lets a ConnectorError pass, and an interruption; anything else becomes a ConnectorError.

    An exception's text may hold what it failed on, so neither the error nor the log repeats it: they name its class
    and place. The ConnectorError is the one that FortiSOAR has now: its module may have been loaded again since.
    """

    def __init__(self, operation: str) -> None:
        self._operation = operation

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: Optional[type[BaseException]], fault: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        if fault is None or isinstance(fault, framework.ConnectorError):
            return
        if type(fault).__name__ == "ConnectorError":
            raise framework.ConnectorError(*fault.args) from None
        # A panic of the native module is no Exception either, but no reason to end a worker.
        if not isinstance(fault, Exception) and type(fault).__name__ != "PanicException":
            return
        message = f"[internal] {self._operation}: {type(fault).__name__} within the connector, at {_place(fault)}"
        logger.error("%s", message)
        raise framework.ConnectorError(f"{message}. Please report this with the connector's version.") from None


def _place(fault: BaseException) -> str:
    """The innermost file and line."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "an unknown place" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
