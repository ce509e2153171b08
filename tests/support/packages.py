"""Packages made from the one under test: another version of it, or one whose native module has other bytes."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from support.session import ARCHIVE, PACKAGE


def another_version(target: Path, version: str) -> Path:
    """The package under another version."""
    files = _files()
    info = json.loads(files["info.json"])
    info["version"] = version
    files["info.json"] = json.dumps(info).encode()
    files["operations.py"] = files["operations.py"].replace(PACKAGE.version.encode(), version.encode())
    return _write(target, files)


def other_bytes(target: Path, ending: bytes) -> Path:
    """The same version, whose native module is as good but has other bytes: an ending that no loader looks at."""
    files = _files()
    files["_engine.so"] += ending
    files["_engine.sha256"] = hashlib.sha256(files["_engine.so"]).hexdigest().encode() + b"\n"
    return _write(target, files)


def _files() -> dict[str, bytes]:
    with tarfile.open(ARCHIVE, "r:gz") as archive:
        members = [(member, archive.extractfile(member)) for member in archive]
        return {member.name.partition("/")[2]: reader.read() for member, reader in members if reader is not None}


def _write(target: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(target, "w:gz", compresslevel=1) as archive:
        for name, contents in files.items():
            entry = tarfile.TarInfo(f"{PACKAGE.name}/{name}")
            entry.size = len(contents)
            archive.addfile(entry, io.BytesIO(contents))
    return target
