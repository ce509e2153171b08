"""What FortiSOAR's importer refuses of a connector's package, said in words: the importer itself names no reason."""

from __future__ import annotations

import gzip
import json
import re
import tarfile
import zlib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

LARGEST_PACKAGE = 512 * 1024 * 1024
LARGEST_DESCRIPTION = 4 * 1024 * 1024
MOST_ENTRIES = 10_000
# What describes the next entry is read into memory: a name, a link, attributes.
LARGEST_HEADER = 64 * 1024
HEADERS = (b"x", b"X", b"g", b"L", b"K")
BLOCK = 512
LOADABLE = ("__init__.py", "connector.py", "operations.py")


class PackageRefusedError(Exception):
    """Every fault found in a package."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("The package is refused:\n" + "\n".join(f"  - {fault}" for fault in faults))
        self.faults = faults


@dataclass(frozen=True)
class Package:
    """A package without faults: its description, and its files by their path within the top folder."""

    info: dict[str, Any]
    files: dict[PurePosixPath, tarfile.TarInfo]
    text: bytes
    """`info.json` as it is written."""

    @property
    def name(self) -> str:
        return str(self.info["name"])

    @property
    def version(self) -> str:
        return str(self.info["version"])

    @property
    def folder(self) -> str:
        """The folder that it is installed as, which is also its Python package under `connectors`."""
        return f"{self.name}_{self.version.replace('.', '_')}"


def measure(package: Path) -> None:
    """Walks an archive in small pieces before anything reads it. Raises PackageRefusedError if it is too large."""
    # What is no archive is refused, in words, by what reads it.
    with suppress(gzip.BadGzipFile, EOFError, zlib.error, tarfile.HeaderError), gzip.open(package) as stream:
        _walk(stream)


def _walk(stream: gzip.GzipFile) -> None:
    read = entries = 0
    while header := stream.read(BLOCK):
        read += len(header)
        if len(header) == BLOCK and header.strip(b"\0"):
            entries += 1
            size = tarfile.nti(header[124:136])  # type: ignore[attr-defined]
            if header[156:157] in HEADERS and size > LARGEST_HEADER:
                raise PackageRefusedError([f"an entry has {size} bytes of attributes, more than {LARGEST_HEADER}"])
            read += _skip(stream, -(-size // BLOCK) * BLOCK, LARGEST_PACKAGE - read)
        if entries > MOST_ENTRIES:
            raise PackageRefusedError([f"it has more than {MOST_ENTRIES} entries"])
        if read > LARGEST_PACKAGE:
            raise PackageRefusedError([f"it holds more than {LARGEST_PACKAGE} bytes"])


def _skip(stream: gzip.GzipFile, size: int, most: int) -> int:
    """Reads over so many bytes, or a little more than `most`; answers how many came."""
    left = min(size, max(most, 0) + 1)
    while left > 0 and (piece := stream.read(min(left, 64 * 1024))):
        left -= len(piece)
    return min(size, max(most, 0) + 1) - left


def describe(text: bytes) -> Any:
    """What info.json says, by RFC 8259 alone. Raises ValueError for what Python reads and others do not."""

    def refuse(what: str) -> NoReturn:
        raise ValueError(f"{what} is no JSON")

    def number(text: str) -> float:
        value = float(text)
        return value if abs(value) != float("inf") else refuse(text)

    def whole(text: str) -> int:
        number(text)
        return int(text)

    if len(text) > LARGEST_DESCRIPTION:
        raise ValueError(f"it has {len(text)} bytes, more than {LARGEST_DESCRIPTION}")
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=refuse, parse_float=number, parse_int=whole)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeError as fault:
        raise ValueError("it is no UTF-8, or a text in it is no Unicode") from fault
    except RecursionError as fault:
        raise ValueError("it is nested too deeply") from fault
    return value


def examine(archive: tarfile.TarFile) -> Package:
    """Reads what an archive says of itself. Raises PackageRefusedError."""
    top, files, faults = _files(archive)
    info: Any = None
    text = b""
    description = files.get(PurePosixPath("info.json"))
    if description is None:
        faults.append("there is no info.json in its top folder")
    else:
        try:
            reader = archive.extractfile(description)
            text = reader.read(LARGEST_DESCRIPTION + 1) if reader else b"null"
            info = describe(text)
        except ValueError as fault:
            faults.append(f"info.json is not JSON: {fault}")
        else:
            faults += _faults_of_info(info, top)
    faults += [f"{name} is missing: it would not load" for name in LOADABLE if PurePosixPath(name) not in files]
    if faults:
        raise PackageRefusedError(faults)
    return Package(info, files, text)


def _files(archive: tarfile.TarFile) -> tuple[str, dict[PurePosixPath, tarfile.TarInfo], list[str]]:
    """The top folder's name, the regular files within it, and what is wrong with the archive's entries."""
    tops: set[str] = set()
    files: dict[PurePosixPath, tarfile.TarInfo] = {}
    faults: list[str] = []
    size = 0
    for member in archive:
        path = PurePosixPath(member.name)
        size += member.size
        if path.is_absolute() or ".." in path.parts or not path.parts:
            faults.append(f"{member.name!r} leads out of the package")
        elif member.isdir():
            tops.add(path.parts[0])
        elif not member.isreg():
            faults.append(f"{member.name!r} is neither a file nor a folder")
        elif len(path.parts) == 1:
            faults.append(f"{member.name!r} lies outside of the top folder")
        else:
            tops.add(path.parts[0])
            files[PurePosixPath(*path.parts[1:])] = member
    if size > LARGEST_PACKAGE:
        faults.append(f"it holds {size} bytes, more than {LARGEST_PACKAGE}")
    if len(tops) != 1:
        faults.append(f"it has {len(tops)} top folders where there must be exactly one: {sorted(tops)}")
    return min(tops, default=""), files, faults


def _faults_of_info(info: Any, top: str) -> list[str]:
    if not isinstance(info, dict):
        return ["info.json is not an object"]
    faults = [f"info.json: {key} is missing or empty" for key in ("name", "version", "label") if not info.get(key)]
    name, version = info.get("name"), info.get("version")
    if name and not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", str(name)):
        faults.append(f"info.json: name is {name!r}; lower-case letters, digits and hyphens it must be")
    if name and name != top:
        faults.append(f"info.json: name is {name!r}, but the top folder is {top!r}; they must be the same")
    if version and not (isinstance(version, str) and re.fullmatch(r"\d+\.\d+\.\d+", version)):
        faults.append(f"info.json: version is {version!r}; it must have three numeric parts, such as '1.0.0'")
    if info.get("configuration", {}) is None:
        faults.append("info.json: configuration is null")
    operations = info.get("operations")
    if not isinstance(operations, list):
        return [*faults, "info.json: operations is absent or null, or no list"]
    for index, operation in enumerate(operations):
        for key in ("operation", "title"):
            if not (isinstance(operation, dict) and operation.get(key)):
                faults.append(f"info.json: operations[{index}] has no {key}")
    names = Counter(operation.get("operation") for operation in operations if isinstance(operation, dict))
    return faults + [f"info.json: operation {name!r} is there {n} times" for name, n in names.items() if name and n > 1]
