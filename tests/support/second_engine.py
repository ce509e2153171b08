"""A second Docker Engine beside the private one, in its namespaces, that a test may kill, pause and start again.

It has a network of its own, an own root, and ends with the private engine at the latest.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

from support import engine
from support.session import given

# `struct ucred` of a unix socket's other side.
_CREDENTIALS = struct.Struct("3i")


class SecondEngine:
    """Runs from `with` to its end. It is reached at `socket`. `options` are further ones of dockerd.

    With a `disk` of so many MiB, its data has no more room than that.
    """

    def __init__(self, *options: str, hostname: str = "second", disk: int = 0) -> None:
        self._disk = disk
        self._options = " ".join(options)
        self._hostname = hostname
        sockets = Path(engine.SOCKET).parent
        self._name = f"second-{uuid.uuid4().hex[:8]}"
        self.socket = str(sockets / f"{self._name}.sock")
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the engine)
        self._process: subprocess.Popen[bytes] | None = None
        # Its network, which stays what it is when it is started again, as a host's does.
        self._network: int | None = None
        self._paused = 0

    def __enter__(self) -> SecondEngine:
        try:
            self.start()
            self._load_image()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Its process: whoever listens on its socket."""
        return _listener(self.socket)

    @property
    def data(self) -> str:
        """Where its data lies, as seen from here."""
        return f"/proc/{self.pid}/root/run/{self._name}/data"

    def start(self) -> None:
        """Starts it, for the first time or again, and waits until it answers."""
        folder = f"/run/{self._name}"
        # Its cgroups go with the private engine's.
        cgroup = json.loads(Path(given("ENGINE_CERTS")).with_name("daemon.json").read_text())["cgroup-parent"]
        disk = f"mkdir -p {folder}/data && mount -t tmpfs -o size={self._disk}m none {folder}/data && "
        command = disk if self._disk and self._network is None else ""
        command += f"mkdir -p {folder} && exec dockerd --data-root {folder}/data --exec-root {folder}/run"
        command += f" --pidfile {folder}/pid --host unix:///run/sockets/{self._name}.sock"
        command += " --bridge none --iptables=false --ip6tables=false --exec-opt native.cgroupdriver=cgroupfs"
        command += f" --cgroup-parent {cgroup} --shutdown-timeout 1 --config-file {folder}/none.json {self._options}"
        inside = ["nsenter", "--mount", "--pid", "--target", str(_listener(engine.SOCKET))]
        apart = ["unshare", "--uts"]
        if self._network is None:
            apart.append("--net")
        else:
            inside.append(f"--net=/proc/self/fd/{self._network}")
        self._process = subprocess.Popen(
            [
                *inside,
                *apart,
                "sh",
                "-c",
                f"echo {self._hostname} > /proc/sys/kernel/hostname; mkdir -p {folder};"
                f" echo '{{}}' > {folder}/none.json; {command}",
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            pass_fds=[] if self._network is None else [self._network],
        )
        until = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                self._log.seek(0)
                raise RuntimeError(f"the second engine did not start:\n{self._log.read().decode()[-3000:]}")
            time.sleep(0.05)
        if self._network is None:
            self._network = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)

    def kill(self) -> None:
        """Ends it as a crash would."""
        assert self._process is not None
        os.kill(self.pid, signal.SIGKILL)
        # nsenter stops with its child, and does not go on with it.
        self._process.send_signal(signal.SIGCONT)
        self._process.wait(30)

    def stop(self) -> None:
        """Ends it with its containers."""
        if self._process is not None and self._process.poll() is None and self._answers():
            os.kill(self.pid, signal.SIGTERM)
            self._process.wait(60)
            if self._disk:
                inside = ["nsenter", "--mount", "--target", str(_listener(engine.SOCKET))]
                subprocess.run([*inside, "umount", "--lazy", f"/run/{self._name}/data"], check=False)
        self._log.close()
        if self._network is not None:
            os.close(self._network)
            self._network = None

    def free(self) -> None:
        """Makes room on its disk."""
        inside = ["nsenter", "--mount", "--target", str(self.pid)]
        subprocess.run(
            [*inside, "mount", "-o", f"remount,size={4 * self._disk}m", f"/run/{self._name}/data"], check=True
        )

    def pause(self) -> None:
        """Stops it from doing anything, while its connections stay."""
        self._paused = self.pid
        os.kill(self._paused, signal.SIGSTOP)
        until = time.monotonic() + 60
        while not _stands_still(self._paused):  # on a busy machine, its threads go on for a moment
            if time.monotonic() > until:
                raise RuntimeError("the second engine does not stop")
            time.sleep(0.01)

    def go_on(self) -> None:
        """Ends a pause."""
        assert self._process is not None
        for pid in (self._paused, self._process.pid):
            os.kill(pid, signal.SIGCONT)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """As `engine.api`, for this one."""
        return engine.api(method, path, body, socket=self.socket)

    def _answers(self) -> bool:
        try:
            self.api("GET", "/_ping")
        except (OSError, http.client.HTTPException):
            return False
        return True

    def _load_image(self) -> None:
        with engine.connection(engine.SOCKET) as source, engine.connection(self.socket) as target:
            source.request("GET", f"/images/{engine.IMAGE}/get")
            tar = source.getresponse().read()
            target.request("POST", "/images/load?quiet=1", tar, {"Content-Type": "application/x-tar"})
            assert target.getresponse().status == 200


def _stands_still(pid: int) -> bool:
    """Whether every thread of a process is stopped."""
    states = [stat.read_text().rpartition(")")[2].split()[0] for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    return all(state == "T" for state in states)


def _listener(path: str) -> int:
    """The process that listens on a unix socket, by its id here."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(path)
        credentials = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(credentials)[0]
    return pid
