"""Installs a connector's package into a local host the way FortiSOAR lays it out.

    python3 install.py PACKAGE.tgz --root DIR [--replace] [--ask]

DIR then holds `connectors/<name>_<version>/` beside the framework's modules: with DIR on Python's path, the connector
is `connectors.<name>_<version>.connector`. With `--ask`, info.json goes out first, after a line with its length,
and only the answer `go` installs it: whoever reads it with another parser judges it before anything is changed.
"""

from __future__ import annotations

import argparse
import errno
import filecmp
import os
import resource
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from importer_rules import Package, PackageRefusedError, examine, measure

# A package that unpacks to more, by whatever trick, is refused.
MOST_MEMORY = 384 * 1024 * 1024
FRAMEWORK = ("connectors", "integrations", "django")


def install(
    package: Path, root: Path, replace: bool = False, may: Callable[[Package], bool] = lambda _: True
) -> Package:
    """Installs a package that `may` be; answers what it is. Raises PackageRefusedError, and then changed nothing."""
    try:
        measure(package)
        with tarfile.open(package, "r:gz") as archive:
            contents = examine(archive)
            target = root / "connectors" / contents.folder
            if target.exists() and not replace:
                raise PackageRefusedError([f"{contents.name} {contents.version} is installed already: replace it"])
            if not may(contents):
                raise PackageRefusedError(["who asked for it refuses info.json"])
            _lay_framework(root)
            _install_as_one(archive, contents, target)
    except MemoryError as fault:
        raise PackageRefusedError(["it takes more memory than a package may"]) from fault
    except (tarfile.TarError, EOFError, OSError) as fault:
        raise PackageRefusedError([_reason(fault, package)]) from fault
    return contents


def _reason(fault: Exception, package: Path) -> str:
    if isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
        return f"the local host's folder cannot be written to: {fault.strerror}"
    if isinstance(fault, OSError) and fault.filename == str(package):
        return f"there is no {package} that can be read"
    return f"it cannot be read as a .tgz: {fault}"


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


def _install_as_one(archive: tarfile.TarFile, package: Package, target: Path) -> None:
    """The package is there whole or not at all. One that is replaced is kept until the new one is in its place."""
    with tempfile.TemporaryDirectory(prefix=".installing-", dir=target.parent) as folder:
        new, old = Path(folder, "new"), Path(folder, "old")
        new.mkdir(mode=0o755)
        _extract(archive, package, new)
        if not target.exists():
            new.rename(target)
            return
        shutil.copytree(target, old, symlinks=True)
        try:
            _lay_over(new, target)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            _restore(old, target)
            raise


def _restore(old: Path, target: Path) -> None:
    """Puts back what was there. On a full disk there is room for the old files once nothing of the new ones is left."""
    for path in sorted(target.rglob("*"), reverse=True):
        former = old / path.relative_to(target)
        if path.is_dir() and not path.is_symlink():
            if not former.exists():
                path.rmdir()
        elif not former.exists():
            path.unlink()
        elif not filecmp.cmp(former, path, shallow=False):
            os.truncate(path, 0)
        else:
            former.unlink()  # As it was; a process may have it mapped.
    _lay_over(old, target)


def _lay_over(source: Path, target: Path) -> None:
    """Writes files over those that are there: as FortiSOAR does, into the same inodes."""
    for path in sorted(source.rglob("*")):
        goal = target / path.relative_to(source)
        if path.is_dir():
            goal.mkdir(parents=True, exist_ok=True)
            continue
        descriptor = os.open(goal, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, path.stat().st_mode & 0o777)
        with path.open("rb") as reader, open(descriptor, "wb") as writer:
            shutil.copyfileobj(reader, writer)


def _extract(archive: tarfile.TarFile, package: Package, folder: Path) -> None:
    """Writes the files into a new folder."""
    for path, member in package.files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o755 if member.mode & 0o100 else 0o644
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        reader = archive.extractfile(member)
        with open(descriptor, "wb") as writer:
            if reader is not None:
                shutil.copyfileobj(reader, writer)


def _asked(package: Package) -> bool:
    """What whoever started us says of the description."""
    sys.stdout.buffer.write(b"%d\n%s" % (len(package.text), package.text))
    sys.stdout.flush()
    return sys.stdin.readline() == "go\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Installs a connector's package into a local host.")
    parser.add_argument("package", type=Path, help="the .tgz")
    parser.add_argument("--root", type=Path, required=True, help="the local host's folder, made when it is not there")
    parser.add_argument("--replace", action="store_true", help="install over the same version")
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    parser.add_argument("--ask", action="store_true", help="show info.json first, and install it after the line `go`")
    arguments = parser.parse_args()
    try:
        may = _asked if arguments.ask else lambda _: True
        package = install(arguments.package, arguments.root, arguments.replace, may)
    except PackageRefusedError as fault:
        print(fault, file=sys.stderr)
        return 1
    print(arguments.root / "connectors" / package.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
