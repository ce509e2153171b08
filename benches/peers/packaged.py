"""Ours: `Connector.execute` of the installed package, as a playbook's step calls it.

What FortiSOAR itself does with a file is no part of the measure: its upload keeps a link to it, its download gives one.
"""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path
from typing import Any

from execute import load
from peer import BIG, SOCKET, TALKER, TLS, UPLOAD, WORKER, certificate, contained, each, received, serve, together

ROOT, NAME, VERSION = Path(os.environ["BENCH_ROOT"]), os.environ["BENCH_NAME"], os.environ["BENCH_VERSION"]
CONNECTOR = load(ROOT, NAME, VERSION)

from connectors.cyops_utilities import builtins  # noqa: E402 (there once the connector is loaded)
from django.conf import settings  # noqa: E402
from integrations import records  # noqa: E402

OVER_UNIX: dict[str, Any] = {
    "config_id": "5f0e3d5c-3f6c-4a8e-8f0e-1d2f3a4b5c6d",
    "name": "bench",
    "protocol": "UNIX",
    "server_address": SOCKET,
    "authentication_type": "None",
    "rate_limit": 0,
}


def over_tls() -> dict[str, Any]:
    host, port = TLS.split(":")
    return {
        **OVER_UNIX,
        "protocol": "HTTPS",
        "server_address": host,
        "port": port,
        "authentication_type": "Certificate",
        "cert_path": records.create_file(certificate("cert.pem"), "cert.pem"),
        "key_path": records.create_file(certificate("key.pem"), "key.pem"),
        "ca_cert_path": records.create_file(certificate("ca.pem"), "ca.pem"),
        "verify_ssl": True,
    }


OVER_TLS = over_tls()


def keep(file_path: str, name: str, **_: Any) -> dict[str, Any]:
    """In place of FortiSOAR's upload."""
    os.link(os.path.join(settings.TMP_FILE_ROOT, file_path), received())
    return {"@id": "/api/3/attachments/00000000-0000-0000-0000-000000000000", "name": name}


def give(_: str) -> dict[str, Any]:
    """In place of FortiSOAR's download."""
    name = f"cyops-{os.urandom(16).hex()}"
    os.link(UPLOAD, os.path.join(settings.TMP_FILE_ROOT, name))
    return {"cyops_file_path": name, "filename": "upload.tar"}


def execute(operation: str, **params: Any) -> Any:
    return CONNECTOR.execute(OVER_UNIX, operation, params)


def export(_: str) -> None:
    record = execute("container_export", id=BIG)
    assert record["size"] == os.path.getsize(received()) and len(record["sha256"]) == 64
    os.unlink(received())


def copy(_: str) -> None:
    file = "/api/3/files/00000000-0000-0000-0000-000000000000"
    answer = execute("copy_to_container", id=WORKER, input="File IRI", value=file, path="/tmp")  # noqa: S108
    assert answer["size"] == os.path.getsize(UPLOAD)


def logs(cap: str) -> None:
    """The argument is the cap, in bytes. What is larger than `max_result_size` comes as an attachment."""
    answer = execute("container_logs", id=TALKER, max_bytes=cap)
    assert answer["attachment"]["size"] == os.path.getsize(received())
    os.unlink(received())


def run(_: str) -> None:
    assert execute("exec_container", id=WORKER, Cmd=["true"])["exit_code"] == 0


def evidence(_: str) -> None:
    """The large container's file twice: as it was named, and within the file system."""
    result = execute("collect_evidence", id=BIG, kinds="File System", paths="/big")
    assert result["size"] == os.path.getsize(received())
    assert all(item["complete"] for item in result["items"])
    os.unlink(received())


def configurations(count: int, argument: str) -> list[float]:
    """Pings through so many configurations in turn. Each has been called once before."""
    several = [{**OVER_UNIX, "config_id": str(number)} for number in range(int(argument))]
    for config in several:
        CONNECTOR.execute(config, "ping", {})
    seconds = []
    for config in itertools.islice(itertools.cycle(several), count):
        began = time.perf_counter()
        CONNECTOR.execute(config, "ping", {})
        seconds.append(time.perf_counter() - began)
    return seconds


if __name__ == "__main__":
    CONNECTOR.execute(OVER_TLS, "ping", {})  # reads its certificates, before files are handed over otherwise
    execute("ping")
    vars(builtins).update(upload_file_to_cyops=keep, download_file_from_cyops=give)
    serve(
        {
            "ping": each(lambda _: execute("ping")),
            "ping_tls": each(lambda _: CONNECTOR.execute(OVER_TLS, "ping", {})),
            "list": each(lambda limit: execute("list_containers", all=True, limit=limit)),
            "threads": together(lambda: lambda: execute("ping")),
            "export": each(export),
            "copy": each(copy),
            "logs": each(logs),
            "exec": each(run),
            "audit": each(lambda _: execute("audit_posture")),
            "evidence": each(evidence),
            "freeze": contained(
                lambda suspect: execute("pause_container", id=suspect),
                lambda suspect: execute("unpause_container", id=suspect),
            ),
            "isolate": contained(
                lambda suspect: execute("isolate_container", id=suspect, method="Freeze"),
                lambda suspect: execute("release_container", id=suspect),
            ),
            "configurations": configurations,
        }
    )
