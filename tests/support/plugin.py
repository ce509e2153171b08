"""Plugins of the tests, as the tars that `create_plugin` takes.

A plugin's root file system is nearly empty: it mounts the host's `/usr` and runs the Perl that each Debian has. So a
plugin that is enabled really has volumes, and each asks for privileges.
"""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

from support.engine import unique

# It drives volumes, of which it remembers the names.
_DRIVER = r"""
use IO::Socket::UNIX;
my $path = '/run/docker/plugins/test.sock';
my %volumes;
unlink $path;
my $socket = IO::Socket::UNIX->new(Local => $path, Listen => 9) or die $!;
while (my $client = $socket->accept) {
    my $asked = <$client> or next;
    my $length = 0;
    while (<$client>) { $length = $1 if /^content-length: (\d+)/i; last if /^\r?$/ }
    read $client, my $body, $length;
    my $name = $body =~ /"Name":"([^"]*)"/ ? $1 : '';
    $volumes{$name} = 1 if $asked =~ /Create/;
    delete $volumes{$name} if $asked =~ /Remove/;
    my $all = join ',', map { qq({"Name":"$_","Mountpoint":"/tmp"}) } keys %volumes;
    my $error = $asked =~ /Get / && !$volumes{$name} ? 'no such volume' : '';
    my $one = qq("Volume":{"Name":"$name","Mountpoint":"/tmp"},"Mountpoint":"/tmp");
    my $answer = qq({"Implements":["VolumeDriver"],"Volumes":[$all],$one,"Err":"$error"});
    print $client "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ", length $answer, "\r\n\r\n", $answer;
    close $client;
}
"""
_FOLDERS = ["dev", "etc", "proc", "run", "run/docker", "run/docker/plugins", "sys", "tmp", "usr", "var"]
_LINKS = ["bin", "lib", "lib64", "sbin"]


def tar(**config: Any) -> bytes:
    """A plugin that can be enabled; `config` are further fields of its `config.json`."""
    contents = io.BytesIO()
    with tarfile.open(fileobj=contents, mode="w") as archive:

        def add(name: str, text: str) -> None:
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))

        add("config.json", json.dumps({**_config(), **config}))
        for folder in ["", *(f"/{name}" for name in _FOLDERS)]:
            entry = tarfile.TarInfo(f"rootfs{folder}")
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        # An engine refuses a plugin whose contents it has already, also from one that is gone.
        add("rootfs/etc/hostname", unique("plugin"))
        for name in _LINKS:
            entry = tarfile.TarInfo(f"rootfs/{name}")
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
            archive.addfile(entry)
    return contents.getvalue()


def equipped() -> bytes:
    """A plugin that has all that plugins can have. It cannot be enabled."""
    device = {"name": "nothing", "description": "A device", "path": "/dev/null", "settable": ["path"]}
    return tar(
        args={"name": "args", "description": "Arguments", "settable": ["value"], "value": ["-v"]},
        interface={**_config()["interface"], "protocolScheme": "moby.plugins.http/v1"},
        linux={"capabilities": ["CAP_NET_ADMIN"], "allowAllDevices": True, "devices": [device]},
        network={"type": "host"},
        propagatedMount="/data",
        user={"uid": 1, "gid": 1},
    )


def _config() -> dict[str, Any]:
    usr = {"name": "usr", "description": "Perl", "source": "/usr", "destination": "/usr", "type": "bind"}
    return {
        "description": f"A plugin of the tests, {unique('plugin')}",
        "documentation": "https://docs.docker.com/engine/extend/",
        "interface": {"types": ["docker.volumedriver/1.0"], "socket": "test.sock"},
        "entrypoint": ["/usr/bin/perl", "-e", _DRIVER],
        "workdir": "/",
        "network": {"type": ""},
        "linux": {"capabilities": ["CAP_NET_ADMIN"]},
        "mounts": [{**usr, "options": ["rbind", "ro"], "settable": ["source"]}],
        "env": [{"name": "DEBUG", "description": "Tell more", "settable": ["value"], "value": "0"}],
    }
