"""The files and attachments of the local host: contents and JSON records in a folder that only its owner reads.

The server, `local-host/server/src/records.rs`, reads and writes the same.
"""

from __future__ import annotations

import json
import mimetypes
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

from django.conf import settings

_STORE = os.path.join(os.path.dirname(settings.TMP_FILE_ROOT), "records")
_IRI = re.compile(r"/api/3/(files|attachments)/([0-9a-f-]{36})")


class NoSuchRecordError(Exception):
    """There is no record of that IRI."""


def create_file(source: str, filename: str) -> dict[str, Any]:
    """Keeps a copy of a file and answers its record."""
    name = str(uuid.uuid4())
    iri = f"/api/3/files/{name}"
    contents = _path(iri, "")
    _copy(source, contents)
    record = {"@id": iri, "@type": "File", "uuid": name, "filename": filename, "size": os.path.getsize(contents)}
    try:
        return _keep({**record, "mimeType": _mime_type(filename), "uploadDate": time.time()})
    except OSError:
        os.unlink(contents)
        raise


def create_attachment(name: str, file: dict[str, Any], description: str = "") -> dict[str, Any]:
    """Makes an attachment that carries a file and answers its record."""
    own = str(uuid.uuid4())
    record = {"@id": f"/api/3/attachments/{own}", "@type": "Attachment", "uuid": own, "name": name}
    return _keep({**record, "description": description, "file": file, "createDate": time.time()})


def read(iri: str) -> dict[str, Any]:
    """The record of an IRI."""
    try:
        with open(_path(iri, ".json"), encoding="utf-8") as file:
            record: dict[str, Any] = json.load(file)
            return record
    except FileNotFoundError:
        raise NoSuchRecordError(f"there is no {iri}") from None


def copy_contents(iri: str, target: str) -> str:
    """Copies a file's contents and answers its filename."""
    filename: str = read(iri)["filename"]
    _copy(_path(iri, ""), target)
    return filename


def delete(iri: str) -> None:
    """Forgets a record, and a file's contents with it."""
    read(iri)
    for ending in (".json", ""):
        if os.path.exists(path := _path(iri, ending)):
            os.unlink(path)


def _mime_type(filename: str) -> str:
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def _keep(record: dict[str, Any]) -> dict[str, Any]:
    path = _path(record["@id"], ".json")
    with _whole(path) as file:
        file.write(json.dumps(record).encode())
    return record


def _copy(source: str, target: str) -> None:
    with open(source, "rb") as reader, _whole(target) as writer:
        shutil.copyfileobj(reader, writer)


@contextmanager
def _whole(path: str) -> Iterator[IO[bytes]]:
    """A private file to write, of which a full disk leaves nothing."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            yield file
    except OSError:
        with suppress(OSError):
            os.unlink(path)
        raise


def _path(iri: str, ending: str) -> str:
    found = _IRI.fullmatch(iri)
    if found is None:
        raise NoSuchRecordError(f"{iri} is not the IRI of a file or an attachment")
    os.makedirs(_STORE, mode=0o700, exist_ok=True)
    return os.path.join(_STORE, f"{found[1]}-{found[2]}{ending}")
