"""A worker over whose loaded package another is extracted, into the same files, while calls run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from support import configurations
from support.packages import other_bytes
from support.session import ARCHIVE, FOLDER, PACKAGE, ROOT, execute

HOST = Path(__file__).resolve().parents[2] / "local-host" / "python"


def new_worker(config: dict[str, Any]) -> None:
    """Another worker, started now, loads what is installed now and removes older copies of the native module."""
    command = [
        sys.executable,
        str(HOST / "execute.py"),
        PACKAGE.name,
        PACKAGE.version,
        "get_version",
        "--root",
        str(ROOT),
    ]
    subprocess.run(command, input=json.dumps(config), text=True, check=True, stdout=subprocess.DEVNULL)


def install_over(archive: Path) -> None:
    """Installs in a process of its own, as FortiSOAR's importer is one; the inode stays the same."""
    before = (FOLDER / "_engine.so").stat().st_ino
    subprocess.run(
        [sys.executable, HOST / "install.py", archive, "--root", ROOT, "--replace"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert (FOLDER / "_engine.so").stat().st_ino == before


def main(container: str) -> None:
    config = configurations.over_unix()
    execute(config, "ping")
    with tempfile.TemporaryDirectory() as folder:
        for archive in (ARCHIVE, other_bytes(Path(folder) / "other.tgz", b"other"), ARCHIVE):
            with ThreadPoolExecutor(1) as threads:
                # It ends only when it is told to, after the package was replaced.
                waits = ["sh", "-c", "until rm /tmp/go 2> /dev/null; do sleep 0.1; done; echo done"]
                call = threads.submit(execute, config, "exec_container", id=container, Cmd=waits)
                install_over(archive)
                for _ in range(20):
                    execute(config, "get_version")
                assert not call.done(), "the call has ended before the package was replaced"
                execute(config, "exec_container", id=container, Cmd=["touch", "/tmp/go"])
                result = call.result()
            assert (result["stdout"], result["exit_code"]) == ("done\n", 0), result
            new_worker(config)
            execute(config, "get_version")


if __name__ == "__main__":
    main(sys.argv[1])
