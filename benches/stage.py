"""Makes what the peers work on, in an engine that is only for them: `stage.py CONTAINERS BULK_MIB LOG_MB`.

Containers to list; one with a large file, to export; one that runs, for commands and copies; one that has written logs.
And the tar that is copied in, `BENCH_UPLOAD`.
"""

from __future__ import annotations

import io
import os
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor

import docker

from peer import NETWORKS, SUSPECTS

MIB = 1024 * 1024
# A hundred bytes a line, as logs have them; every fourth goes to standard error.
TALK = """
line='2026-01-01 12:00:00.000 INFO worker-1 request handled in 12 ms status=200 path=/api/v1/items/1234567'
awk -v line="$line" -v lines=%d 'BEGIN {
    for (i = 1; i <= lines; i++) if (i %% 4) print line; else print line > "/dev/stderr"
}'
"""


def main(containers: int, bulk_mib: int, log_mb: int) -> None:
    engine = docker.APIClient(f"unix://{os.environ['ENGINE_SOCKET']}", version="1.41", max_pool_size=8, timeout=600)
    image = os.environ["ENGINE_IMAGE"]

    def run(name: str, command: str) -> None:
        engine.create_container(image, ["sh", "-c", command], name=name, network_disabled=True)
        engine.start(name)

    with ThreadPoolExecutor(8) as pool:
        labels = {"com.example.team": "soc", "com.example.tier": "test"}
        list(pool.map(lambda _: engine.create_container(image, ["true"], labels=labels), range(containers)))
    run("bench-worker", "exec sleep 86400")
    for network in NETWORKS:
        engine.create_network(network)
    for suspect in SUSPECTS:
        host = engine.create_host_config(network_mode=NETWORKS[0], restart_policy={"Name": "always"})
        engine.create_container(image, ["sleep", "86400"], name=suspect, host_config=host)
        engine.connect_container_to_network(suspect, NETWORKS[1])
        engine.start(suspect)
    run("bench-big", f"head -c {bulk_mib}m /dev/urandom > /big")
    run("bench-talker", TALK % (log_mb * 10_000))
    for name in ("bench-big", "bench-talker"):
        if engine.wait(name)["StatusCode"] != 0:
            sys.exit(f"{name} failed: {engine.logs(name, tail=5)!r}")
    upload(bulk_mib)


def upload(mib: int) -> None:
    block = os.urandom(MIB)
    with tarfile.open(os.environ["BENCH_UPLOAD"], "w") as archive:
        entry = tarfile.TarInfo("copied")
        entry.size = mib * MIB
        archive.addfile(entry, _Repeated(block, entry.size))


class _Repeated(io.RawIOBase):
    """A block, over and over, up to a size."""

    def __init__(self, block: bytes, size: int) -> None:
        self._block, self._left = block, size

    def read(self, size: int = -1) -> bytes:
        length = min(self._left, len(self._block), size if size >= 0 else self._left)
        self._left -= length
        return self._block[:length]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
