"""What FortiSOAR's importer refuses of a connector's package, said in words: the importer itself names no reason."""

from __future__ import annotations

import json
import re
import tarfile
from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

LARGEST_PACKAGE = 512 * 1024 * 1024
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


def examine(archive: tarfile.TarFile) -> Package:
    """Reads what an archive says of itself. Raises PackageRefusedError."""
    top, files, faults = _files(archive)
    info: Any = None
    description = files.get(PurePosixPath("info.json"))
    if description is None:
        faults.append("there is no info.json in its top folder")
    else:
        try:
            reader = archive.extractfile(description)
            info = json.load(reader) if reader else None
        except ValueError as fault:
            faults.append(f"info.json is not JSON: {fault}")
        else:
            faults += _faults_of_info(info, top)
    faults += [f"{name} is missing: it would not load" for name in LOADABLE if PurePosixPath(name) not in files]
    if faults:
        raise PackageRefusedError(faults)
    return Package(info, files)


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
