"""A real sshd in front of the private engine, with users, keys and a configuration of its own.

It runs in mount and process namespaces of its own: there, the engine's socket is at its usual place, and the machine's
users are replaced by two: `fortisoar`, who may use the socket, and `guest`, who may not.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from support.configurations import Config, over_unix
from support.programs import free_port, program, run, start
from support.session import given

SOCKET = "/run/docker.sock"
NO_FORWARDING = "AllowStreamLocalForwarding no"
# More than any process takes to end.
PATIENCE_SECONDS = 10


def generate(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A new private key, in OpenSSH's form; the public one lies beside it."""
    bits = ["-b", "2048"] if kind == "rsa" else []
    run(program("ssh-keygen"), "-q", "-t", kind, *bits, "-N", passphrase, "-C", "test", "-f", str(path))
    return path


class Sshd:
    """Listens on a free port of the loopback address. `options` are further lines of its configuration.

    Without `docker`, its machine has no such command. `key_options` stand before the user's key in `authorized_keys`.
    `engine` is the socket of another engine than the private one.
    """

    def __init__(self, options: str = "", *, docker: bool = True, key_options: str = "", engine: str = "") -> None:
        self._sshd = program("sshd")
        self.folder = Path(tempfile.mkdtemp(prefix="sshd-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.key = generate(self.folder / "user")
        for kind in ("ed25519", "ecdsa", "rsa"):
            generate(self.folder / f"host_{kind}", kind)
        self._write("passwd", f"{_ROOT}sshd:x:4709:4709::/run/sshd:/bin/false\n", _USERS)
        group = os.stat(engine or given("ENGINE_SOCKET")).st_gid
        self._write("group", "root:x:0:\nsshd:x:4709:\n", f"docker:x:{group}:fortisoar\nusers:x:4711:\n")
        self._write("shadow", *(f"{user}:*:19000::::::\n" for user in ("root", "sshd", "fortisoar", "guest")))
        self._write("authorized_keys", f"{key_options} {self.key.with_suffix('.pub').read_text()}".lstrip())
        hosts = "".join(f"HostKey {self.folder}/host_{kind}\n" for kind in ("ed25519", "ecdsa", "rsa"))
        self._write("sshd_config", f"{options}\n{hosts}", _CONFIGURATION.format(folder=self.folder, port=self.port))
        client = given("DOCKER_CLIENT") if docker else ""
        self._write(
            "begin",
            _BEGIN.format(folder=self.folder, engine=engine or given("ENGINE_SOCKET"), client=client, sshd=self._sshd),
        )
        self.restart()

    def _write(self, name: str, *text: str) -> None:
        (self.folder / name).write_text("".join(text))

    def __enter__(self) -> Sshd:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """Ends it, and leaves nothing."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """Ends it with all its sessions, at once: when this returns, their connections are closed, too."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        inside = [int(pid) for pid in children.read_text().split()] if children.exists() else []
        self._process.kill()
        self._process.wait()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(_is_running(pid) for pid in inside) and time.monotonic() < deadline:
            time.sleep(0.01)

    def restart(self) -> None:
        """Starts it, on the same port."""
        unshare = [
            "unshare",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            f"{self.folder}/begin",
        ]
        self._process = start(unshare, self.folder / "log", self.port)

    @property
    def log(self) -> str:
        """What it has logged."""
        return (self.folder / "log").read_text(errors="replace")

    def public(self, kind: str = "ed25519") -> str:
        """A host key as a `.pub` file has it."""
        return (self.folder / f"host_{kind}.pub").read_text().strip()

    def fingerprint(self, kind: str = "ed25519") -> str:
        """The line of `ssh-keygen -l` for a host key."""
        return run(program("ssh-keygen"), "-l", "-f", str(self.folder / f"host_{kind}.pub")).strip()

    def config(self, **fields: Any) -> Config:
        """A configuration that reaches the engine through it."""
        return {
            **over_unix(),
            "protocol": "SSH",
            "server_address": "127.0.0.1",
            "port": self.port,
            "ssh_username": "fortisoar",
            "ssh_key": str(self.key),
            "ssh_host_key": self.public(),
            "ssh_socket": SOCKET,
            **fields,
        }


def _is_running(pid: int) -> bool:
    """Whether a process runs. The first of a namespace ends after all others there."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


_ROOT = "root:x:0:0:root:/root:/bin/sh\n"
_USERS = "fortisoar:x:4711:4711::/:/bin/sh\nguest:x:4712:4711::/:/bin/sh\n"
_CONFIGURATION = """
ListenAddress 127.0.0.1:{port}
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PidFile none
MaxStartups 100
SetEnv PATH=/run/bin
LogLevel VERBOSE
"""
_BEGIN = """
set -e
mkdir -p {folder}/run
mount -t tmpfs -o mode=0755 tmpfs {folder}/run
cd {folder}/run
mkdir sshd bin
touch docker.sock
mount --bind '{engine}' docker.sock
if [ -n '{client}' ]; then touch bin/docker; mount --bind '{client}' bin/docker; fi
for name in passwd group shadow; do mount --bind {folder}/$name /etc/$name; done
mount --rbind {folder}/run /run
exec '{sshd}' -D -e -f {folder}/sshd_config
"""
