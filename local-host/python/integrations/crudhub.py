"""FortiSOAR's own API, called from within: the two collections that connectors use."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from integrations import records


class HTTPError(Exception):
    """An answer other than success, with its status where the `requests` library has it."""

    def __init__(self, status_code: int, message: str) -> None:
        super().__init__(message)
        self.response = SimpleNamespace(status_code=status_code)


def make_request(url: str, method: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Answers a record of `/api/3/attachments` or `/api/3/files`, makes an attachment, or deletes either."""
    body = body or {}
    try:
        if method == "GET":
            return records.read(url)
        if method == "DELETE":
            records.delete(url)
            return {}
        if (method, url.rstrip("/")) == ("POST", "/api/3/attachments"):
            file = records.read(body["file"])
            return records.create_attachment(body.get("name", file["filename"]), file, body.get("description", ""))
    except records.NoSuchRecordError as fault:
        raise HTTPError(404, str(fault)) from fault
    raise HTTPError(405, f"{method} {url} is not played here")
