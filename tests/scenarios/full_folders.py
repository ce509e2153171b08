"""Real operations while a folder that they write to is full, read-only or without room for names.

Runs in a mount namespace of its own. Arguments: the folder (temporary, exchange, records), options of the file system
there. Says what came of each call, and of its container.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

from support.configurations import over_unix
from support.engine import IMAGE, api, remove, state, unique
from support.session import CONNECTOR, ROOT, TEMPORARY, ConnectorError

SIZE = 3 * 1024 * 1024


def main(which: str, options: str) -> None:
    records = importlib.import_module("integrations.records")
    name = unique("container")
    api(
        "POST",
        f"/containers/create?name={name}",
        {"Image": IMAGE, "Cmd": ["sh", "-c", f"head -c {SIZE} /dev/urandom > /large; sleep 600"]},
    )
    api("POST", f"/containers/{name}/start")
    try:
        while api("GET", f"/containers/{name}/json?size=1").get("SizeRw", 0) < SIZE:
            pass
        with tempfile.NamedTemporaryFile() as source:
            with tarfile.open(source.name, "w") as archive:
                entry = tarfile.TarInfo("large")
                entry.size = SIZE
                archive.addfile(entry, io.BytesIO(SIZE * b"x"))
            file = records.create_file(source.name, "large.tar")
        attachment = records.create_attachment("Large", file)["@id"]
        folders = {
            "temporary": Path(tempfile.mkdtemp()),
            "exchange": Path(TEMPORARY),
            "records": Path(ROOT) / "records",
        }
        folder = folders[which]
        kept = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} if which == "records" else {}
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={'16m' if kept else '16k'}", "none", str(folder)], check=True
        )
        for path, contents in kept.items():
            path.write_bytes(contents)
        if which == "temporary":
            os.environ["TMPDIR"] = str(folder)
        if kept:
            with suppress(OSError), (folder / "filling").open("wb", buffering=0) as filling:
                while True:
                    filling.write(4096 * b"x")
        if options:
            subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)
        before = set(folder.iterdir())
        for operation, params in (
            ("container_export", {"id": name}),
            ("copy_from_container", {"id": name, "path": "/large"}),
            ("collect_evidence", {"id": name, "paths": "/large"}),
            ("collect_evidence", {"id": name, "paths": "/large", "probe": "Exec"}),
            (
                "copy_to_container",
                {"id": name, "path": "/tmp", "input": "Attachment ID", "value": attachment, "filename": "l"},
            ),
            ("load_images", {"attachment": attachment}),
            ("build_image", {"context": attachment}),
            (
                "call_api",
                {
                    "method": "GET",
                    "path": f"/containers/{name}/archive",
                    "query": {"path": "/large"},
                    "output": "Attachment",
                },
            ),
            ("call_api", {"method": "POST", "path": "/images/load", "body_file": attachment}),
            ("ping", {}),
        ):
            try:
                said = f"gave {json.dumps(CONNECTOR.execute(over_unix(), operation, params))[:300]}"
            except ConnectorError as error:
                said = f"failed {error}"
            except Exception as error:
                said = f"raised {type(error).__name__}: {error}"
            print(
                f"{operation}: {said!r}; paused={state(name)['Paused']}; left={len(set(folder.iterdir()) - before)}",
                flush=True,
            )
    finally:
        remove(f"/containers/{name}?force=1&v=1")


if __name__ == "__main__":
    main(*sys.argv[1:])
