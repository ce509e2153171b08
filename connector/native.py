"""Loads the native module, at import, from a copy that nobody writes to.

A package that is installed again over the loaded one is extracted into the same files, and a process that has
`_engine.so` mapped crashes at its next call. So its bytes are read once and loaded from a file named after their hash.
"""

import hashlib
import os
import sys
import time
from contextlib import suppress
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import TYPE_CHECKING

from connectors.core.connector import ConnectorError

from .services import logger

_FOLDER = os.path.dirname(os.path.abspath(__file__))
_SHIPPED = os.path.join(_FOLDER, "_engine.so")
# Within the package's own tree: the temporary folder may be mounted noexec.
_COPIES = os.path.join(_FOLDER, ".loaded")
# Two versions live side by side in one process, so the name is the package's. Its last part names the init function.
_NAME = f"{__package__}._engine"
# Long enough for an extraction that is under way.
_PATIENCE_SECONDS = 5.0
# Where the header of a program or a library says which processor it is for, and what it says (ELF's `e_machine`).
_HEADER_SIZE = 20
_MACHINES = {62: "x86_64", 183: "aarch64"}


class _UnsettledError(Exception):
    """The files do not belong together, or just vanished: an installation may be under way."""


def _load() -> ModuleType:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            contents, digest = _shipped()
            _refuse_what_cannot_run(contents[:_HEADER_SIZE])
            copy = _private_copy(contents, digest)
            return _import_from(copy) if copy else _import_without_a_copy(contents, digest)
        except _UnsettledError as fault:
            if time.monotonic() > deadline:
                raise ConnectorError(f"[internal] {fault}. Install the connector again.") from None
        time.sleep(0.05)


def _refuse_what_cannot_run(module: bytes) -> None:
    """Tells in plain words what the loader would tell darkly, or by a crash."""
    if "t" in sys.abiflags:
        version = ".".join(map(str, sys.version_info[:2]))
        raise ConnectorError(
            f"[internal] This is a free-threaded Python ({version}t), on which the connector does not run. "
            f"Use the ordinary Python {version}."
        )
    try:
        with open("/proc/self/exe", "rb") as file:  # what `uname` says can be changed
            here = _machine(file.read(_HEADER_SIZE))
    except OSError:
        return
    there = _machine(module)
    if there != here:
        raise ConnectorError(
            f"[internal] This package is for {there}, and this Python runs on {here}. "
            f"Install the connector's package for {here}."
        )


def _machine(header: bytes) -> str:
    number = int.from_bytes(header[18:20], "little")
    return _MACHINES.get(number, f"another machine (ELF {number})")


def _shipped() -> tuple[bytes, str]:
    """The shipped module and its hash, once they agree."""
    try:
        with open(_SHIPPED, "rb") as file:
            contents = file.read()
        with open(os.path.join(_FOLDER, "_engine.sha256"), encoding="ascii") as file:
            expected = file.read().strip()
    except FileNotFoundError as fault:
        raise _UnsettledError(f"The connector's package is not whole: {fault.filename} is missing") from None
    actual = hashlib.sha256(contents).hexdigest()
    if actual != expected:
        raise _UnsettledError("The connector's package is damaged: _engine.so is not what _engine.sha256 says")
    return contents, actual


def _private_copy(contents: bytes, digest: str) -> str:
    """The path to load from, or none where nothing can be written. Copies of other contents are removed, which does not
    harm who has them mapped."""
    copy = os.path.join(_COPIES, f"_engine-{digest[:16]}.so")
    try:
        os.makedirs(_COPIES, mode=0o700, exist_ok=True)
        if not _holds(copy, contents):
            _write(copy, contents)
    except FileNotFoundError:
        raise _UnsettledError("The connector's folder changes while the native module is loaded") from None
    except OSError as fault:
        logger.warning("The native module is loaded without a copy, since %s: %s", _COPIES, fault.strerror)
        return ""
    with suppress(OSError):  # others stay where nothing may be removed
        for name in os.listdir(_COPIES):
            if name != os.path.basename(copy):
                os.unlink(os.path.join(_COPIES, name))
    return copy


def _holds(path: str, contents: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read() == contents
    except FileNotFoundError:
        return False


def _write(path: str, contents: bytes) -> None:
    """Puts a whole file in place at once."""
    unfinished = f"{path}-{os.urandom(8).hex()}"
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(contents)
        os.replace(unfinished, path)
    except OSError:
        with suppress(OSError):  # a full disk keeps nothing of it
            os.unlink(unfinished)
        raise


def _import_without_a_copy(contents: bytes, digest: str) -> ModuleType:
    """From memory: a disk that is full now may have room later, for somebody who installs over the shipped file."""
    try:
        return _import_from(_in_memory(contents, f"_engine-{digest[:16]}"))
    except (OSError, ConnectorError):  # some systems run nothing that lies in memory
        return _import_from(_SHIPPED)


def _in_memory(contents: bytes, name: str) -> str:
    """The path of a file in memory. It stays open: the loader takes whatever has a loaded file's path for that file."""
    for descriptor in os.listdir("/proc/self/fd"):
        path = f"/proc/self/fd/{descriptor}"
        with suppress(OSError):
            if os.readlink(path).startswith(f"/memfd:{name} "):
                return path
    path = f"/proc/self/fd/{os.memfd_create(name)}"
    with open(path, "wb") as file:
        file.write(contents)
    return path


def _import_from(path: str) -> ModuleType:
    spec = spec_from_loader(_NAME, ExtensionFileLoader(_NAME, path))
    assert spec is not None and spec.loader is not None  # noqa: S101 (always so for a loader that is given)
    try:
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError as fault:
        if not os.path.exists(path):
            raise _UnsettledError("The connector's folder changes while the native module is loaded") from None
        import platform

        raise ConnectorError(
            f"[internal] The native module does not load on {platform.platform()}, Python {platform.python_version()}: "
            f"{fault}. It needs Linux with glibc 2.28 or newer, and Python 3.9 or newer."
        ) from None
    sys.modules[_NAME] = module
    return module


__all__ = ["engine"]

if TYPE_CHECKING:
    from . import _engine as engine
else:
    engine = _load()
