"""docker-py, through the calls that do the same work with the fewest requests."""

from __future__ import annotations

import functools
import os

import docker
from docker.tls import TLSConfig

from peer import BIG, SOCKET, TALKER, TLS, UPLOAD, WORKER, certificate, each, received, serve, together


@functools.cache
def unix() -> docker.APIClient:
    return docker.APIClient(f"unix://{SOCKET}", version="1.41", timeout=600)


@functools.cache
def tls() -> docker.APIClient:
    pair = (certificate("cert.pem"), certificate("key.pem"))
    config = TLSConfig(client_cert=pair, ca_cert=certificate("ca.pem"), verify=True)
    return docker.APIClient(f"tcp://{TLS}", version="1.41", tls=config)


def export(_: str) -> None:
    with open(received(), "wb") as file:
        for chunk in unix().export(BIG):
            file.write(chunk)
    os.unlink(received())


def copy(_: str) -> None:
    with open(UPLOAD, "rb") as file:
        assert unix().put_archive(WORKER, "/tmp", file)  # noqa: S108


def logs(_: str) -> None:
    assert unix().logs(TALKER, stdout=True, stderr=True)


def run(_: str) -> None:
    command = unix().exec_create(WORKER, ["true"])["Id"]
    unix().exec_start(command)
    while (state := unix().exec_inspect(command))["Running"]:
        pass
    assert state["ExitCode"] == 0


if __name__ == "__main__":
    serve(
        {
            "ping": each(lambda _: unix().ping()),
            "ping_tls": each(lambda _: tls().ping()),
            "list": each(lambda limit: unix().containers(all=True, limit=int(limit))),
            "threads": together(lambda: unix().ping),
            "export": each(export),
            "copy": each(copy),
            "logs": each(logs),
            "exec": each(run),
        }
    )
