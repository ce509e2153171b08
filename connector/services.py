"""What the native module asks of FortiSOAR: its log, the contents of files, new attachments.

What FortiSOAR supplies is imported where it is used: some of it is slow, and most calls need none.
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from connectors.core.connector import ConnectorError, get_logger

from .operations import NAME

logger = get_logger(NAME)

_REFERENCE = re.compile(r"(?:/api/3/(?P<kind>files|attachments)/)?(?P<id>[A-Za-z0-9_-]+)")


def read(reference: str) -> bytes:
    """The contents of a FortiSOAR file or attachment. Nothing of it stays on disk."""
    with _downloaded(reference) as (path, _), open(path, "rb") as file:
        return file.read()


def fetch(reference: str) -> tuple[str, str]:
    """A private file with the contents of a FortiSOAR file or attachment, and its name; the caller removes it."""
    with _downloaded(reference) as (path, filename):
        private = os.path.join(_temporary_root(), f"{NAME}-{os.urandom(16).hex()}")
        os.chmod(path, 0o600)
        os.rename(path, private)
        return private, filename


def save(path: str, filename: str, description: str) -> dict[str, Any]:
    """Makes a file an attachment of FortiSOAR and answers its record. The file stays the caller's."""
    import shutil
    import tempfile

    root = _temporary_root()
    with _asking_fortisoar(f"take the file {filename}"):
        # FortiSOAR uploads what lies under its own temporary folder, and wants the path from there.
        folder = tempfile.mkdtemp(prefix=f"{NAME}-", dir=root)
        try:
            offered = os.path.join(folder, "contents")
            try:
                os.link(path, offered)
            except OSError:  # another file system
                shutil.copyfile(path, offered)
            from connectors.cyops_utilities.builtins import upload_file_to_cyops

            return upload_file_to_cyops(
                file_path=os.path.relpath(offered, root),
                filename=filename,
                name=description or filename,
                create_attachment=True,
            )
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _downloaded(reference: str) -> Iterator[tuple[str, str]]:
    """The path where FortiSOAR puts the contents, and the file's own name. What is left there is removed afterwards."""
    found = _REFERENCE.fullmatch(reference.strip())
    if found is None:
        raise ConnectorError(
            f"{reference!r} is neither a file (/api/3/files/<id>) "
            "nor an attachment (/api/3/attachments/<id>, or its id) of FortiSOAR."
        )
    with _asking_fortisoar(f"hand over {found.group()}"):
        from connectors.cyops_utilities.builtins import download_file_from_cyops

        if found["kind"] == "files":
            iri = found.group()
        else:
            from integrations.crudhub import make_request

            iri = make_request(f"/api/3/attachments/{found['id']}", "GET")["file"]["@id"]
        download = download_file_from_cyops(iri)
        path = os.path.join(_temporary_root(), download["cyops_file_path"])
        try:
            yield path, download.get("filename") or ""
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)


def _temporary_root() -> str:
    from django.conf import settings

    return os.path.abspath(settings.TMP_FILE_ROOT)


@contextmanager
def _asking_fortisoar(wish: str) -> Iterator[None]:
    """Says what FortiSOAR did not do. Its own text may hold anything, so only a status or a class is told.

    The native module puts the error's code and the operation before these texts.
    """
    try:
        yield
    except ConnectorError:
        raise
    except Exception as fault:
        status = getattr(getattr(fault, "response", None), "status_code", "")
        reason = (status and f"HTTP {status}") or getattr(fault, "strerror", None) or type(fault).__name__
        raise ConnectorError(f"FortiSOAR did not {wish}: {reason}. {_advice(fault)}") from None


def _advice(fault: Exception) -> str:
    if getattr(fault, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return f"Free room in FortiSOAR's temporary folder ({_temporary_root()}), or make it writable, and try again."
    return (
        "Look whether it is still there, and whether the integrations' own user may read and create files and "
        "attachments."
    )
