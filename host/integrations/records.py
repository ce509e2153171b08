"""The files and attachments of the local host: contents and JSON records in a folder that only its owner reads."""

from __future__ import annotations

import json
import os
import re
import shutil
import uuid
from typing import Any

from django.conf import settings

_STORE = os.path.join(os.path.dirname(settings.TMP_FILE_ROOT), "records")
_IRI = re.compile(r"/api/3/(files|attachments)/([0-9a-f-]{36})")


class NoSuchRecordError(Exception):
    """There is no record of that IRI."""


def create_file(source: str, filename: str) -> dict[str, Any]:
    """Keeps a copy of a file and answers its record."""
    iri = f"/api/3/files/{uuid.uuid4()}"
    contents = _path(iri, "")
    with open(source, "rb") as reader, open(os.open(contents, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as writer:
        shutil.copyfileobj(reader, writer)
    return _keep({"@id": iri, "@type": "File", "filename": filename, "size": os.path.getsize(contents)})


def create_attachment(name: str, file: dict[str, Any], description: str = "") -> dict[str, Any]:
    """Makes an attachment that carries a file and answers its record."""
    iri = f"/api/3/attachments/{uuid.uuid4()}"
    return _keep({"@id": iri, "@type": "Attachment", "name": name, "description": description, "file": file})


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
    with open(_path(iri, ""), "rb") as reader, open(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as writer:
        shutil.copyfileobj(reader, writer)
    return filename


def delete(iri: str) -> None:
    """Forgets a record, and a file's contents with it."""
    read(iri)
    for ending in (".json", ""):
        if os.path.exists(path := _path(iri, ending)):
            os.unlink(path)


def _keep(record: dict[str, Any]) -> dict[str, Any]:
    path = _path(record["@id"], ".json")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        json.dump(record, file)
    return record


def _path(iri: str, ending: str) -> str:
    found = _IRI.fullmatch(iri)
    if found is None:
        raise NoSuchRecordError(f"{iri} is not the IRI of a file or an attachment")
    os.makedirs(_STORE, mode=0o700, exist_ok=True)
    return os.path.join(_STORE, f"{found[1]}-{found[2]}{ending}")
