"""Installs a connector's package into a local host the way FortiSOAR lays it out.

    python3 install.py PACKAGE.tgz --root DIR [--replace]

DIR then holds `connectors/<name>_<version>/` beside the framework's modules: with DIR on Python's path, the connector
is `connectors.<name>_<version>.connector`.
"""

from __future__ import annotations

import argparse
import filecmp
import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from importer_rules import Package, PackageRefusedError, examine

FRAMEWORK = ("connectors", "integrations", "django")


def install(package: Path, root: Path, replace: bool = False) -> Package:
    """Installs a package and answers what it is. Raises PackageRefusedError, and then changed nothing."""
    try:
        with tarfile.open(package, "r:gz") as archive:
            contents = examine(archive)
            target = root / "connectors" / contents.folder
            if target.exists() and not replace:
                raise PackageRefusedError([f"{contents.name} {contents.version} is installed already: replace it"])
            _lay_framework(root)
            if target.exists():
                _extract(archive, contents, target)
            else:
                _extract_as_one(archive, contents, target)
    except (tarfile.TarError, EOFError, OSError) as fault:
        named = getattr(fault, "filename", None)
        reason = f"there is no {named} that can be read" if named else f"it cannot be read as a .tgz: {fault}"
        raise PackageRefusedError([reason]) from fault
    return contents


def _lay_framework(root: Path) -> None:
    """Copies the framework's modules; a file that is as it should be is left alone, since others may be reading it."""
    for folder in (root, root / "tmp"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in FRAMEWORK:
        shutil.copytree(
            Path(__file__).parent / name,
            root / name,
            copy_function=_copy_if_different,
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )


def _copy_if_different(source: str, target: str) -> None:
    if not (os.path.exists(target) and filecmp.cmp(source, target, shallow=False)):
        shutil.copyfile(source, f"{target}.new")
        os.replace(f"{target}.new", target)


def _extract_as_one(archive: tarfile.TarFile, package: Package, target: Path) -> None:
    """A new folder appears whole or not at all."""
    unfinished = Path(tempfile.mkdtemp(prefix=".installing-", dir=target.parent))
    try:
        _extract(archive, package, unfinished)
        unfinished.chmod(0o755)
        unfinished.rename(target)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _extract(archive: tarfile.TarFile, package: Package, folder: Path) -> None:
    """Writes the files, over those that are there: as FortiSOAR does, into the same inodes."""
    for path, member in package.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o755 if member.mode & 0o100 else 0o644
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        reader = archive.extractfile(member)
        with open(descriptor, "wb") as writer:
            if reader is not None:
                shutil.copyfileobj(reader, writer)


def main() -> int:
    parser = argparse.ArgumentParser(description="Installs a connector's package into a local host.")
    parser.add_argument("package", type=Path, help="the .tgz")
    parser.add_argument("--root", type=Path, required=True, help="the local host's folder, made when it is not there")
    parser.add_argument("--replace", action="store_true", help="install over the same version")
    arguments = parser.parse_args()
    try:
        package = install(arguments.package, arguments.root, arguments.replace)
    except PackageRefusedError as fault:
        print(fault, file=sys.stderr)
        return 1
    print(arguments.root / "connectors" / package.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
