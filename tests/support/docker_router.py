"""An engine's stand-in that takes requests apart as Docker's router does, and notes what each would have changed.

Docker's routes are regular expressions in which `.*` takes slashes too, and the first that matches counts. A path that
is not clean (`//`, `..`) is redirected to its clean form.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import shutil
import socketserver
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

IDS = {
    name: f"{number:02x}" * 32 for number, name in enumerate(("web", "other", "create", "prune", "json", "stop"), 16)
}
# Another container's link to a container leads to that one.
LINKS = {"other/alias": "web", "web/alias": "other", "other/stop": "web"}
NETWORKS = {"a/b": "a0" * 32, "n": "b0" * 32, "prune": "c0" * 32}
# An isolated container's record is a volume.
RECORD = f"fortisoar-isolation-{IDS['other']}"
VOLUMES = {"data": "web", "spare": None, RECORD: None}
IMAGES = {"team/app:1": "d0" * 32, "free:1": "e0" * 32}
SERVICES = {"svc": "svc0000000000000000000001", "idle": "idle000000000000000000001"}


class Change(NamedTuple):
    """What a request would have changed: a kind, and its name."""

    kind: str
    name: str


VERSION = r"(?:/v[0-9.]+)?"
ROUTES = [
    ("DELETE", "/containers/(?P<container>[^/]+)/checkpoints/[^/]+"),
    ("POST", "/containers/create"),
    *(
        ("POST", f"/containers/(?P<{'resumed' if verb in ('unpause', 'start', 'wait') else 'container'}>.*)/{verb}")
        for verb in ("kill", "pause", "unpause", "restart", "start", "stop", "wait", "resize", "attach", "copy", "exec")
    ),
    ("POST", "/exec/(?P<exec>.*)/start"),
    ("POST", "/exec/(?P<exec>.*)/resize"),
    ("POST", "/containers/(?P<container>.*)/rename"),
    ("POST", "/containers/(?P<container>.*)/update"),
    ("POST", "/containers/(?P<container>.*)/checkpoints"),
    ("POST", "/containers/(?P<stopped>prune)"),
    ("POST", "/(?P<commit>commit)"),
    ("PUT", "/containers/(?P<container>.*)/archive"),
    ("DELETE", "/containers/(?P<container>.*)"),
    ("DELETE", "/images/(?P<image>.*)"),
    ("DELETE", "/volumes/(?P<volume>.*)"),
    ("PUT", "/volumes/(?P<volume>.*)"),
    ("POST", "/networks/(?P<left>.*)/disconnect"),
    ("POST", "/networks/(?P<joined>.*)/connect"),
    ("POST", "/networks/(?P<unused>prune)"),
    ("POST", "/volumes/(?P<volumes>prune)"),
    ("DELETE", "/networks/(?P<network>.*)"),
    ("POST", "/(?P<swarm>swarm)/leave"),
    ("POST", "/services/(?P<service>[^/]+)/update"),
    ("DELETE", "/services/(?P<service>[^/]+)"),
    ("POST", "/nodes/(?P<node>[^/]+)/update"),
    ("DELETE", "/nodes/(?P<node>[^/]+)"),
    ("POST", "/plugins/(?P<plugin>.*)/(enable|disable|upgrade|set)"),
    ("DELETE", "/plugins/(?P<plugin>.*)"),
]


class DockerRouter:
    """Listens on a unix socket of its own. The container `web` is to be protected. It is stopped.

    With `isolated`, there is a record that container `other` is isolated, and comes back to network `n`.
    """

    def __init__(self, *, isolated: bool = False) -> None:
        self.changes: list[Change] = []
        # The last word of the path of each change: `stop`.
        self.verbs: list[str] = []
        self.looks = 0
        self._isolated = isolated
        self._folder = tempfile.mkdtemp(prefix="router-")
        self.socket = os.path.join(self._folder, "docker.sock")
        router = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def handle_request(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                status, answer = router.answer(self.command, self.path, body)
                text = answer if isinstance(answer, str) else json.dumps(answer)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Api-Version", "1.41")
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text.encode())

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_request  # noqa: N815 (the base class names them)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = _Server(self.socket, Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def __enter__(self) -> DockerRouter:
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def answer(self, method: str, target: str, body: bytes) -> tuple[int, Any]:
        """What the engine says, and the change noted."""
        parts = urlsplit(target)
        path = re.sub(rf"^{VERSION}(?=/)", "", unquote(parts.path), count=1)
        if posixpath.normpath(path) != path.rstrip("/") or "//" in path:
            return 301, {"message": "moved"}
        if method in ("GET", "HEAD"):
            self.looks += path != "/_ping"
            return self._look(path)
        for verb, route in ROUTES:
            found = re.fullmatch(route, path) if verb == method else None
            if found:
                query = dict(reversed(parse_qsl(parts.query)))
                for kind, name in found.groupdict().items():
                    self._note(kind, name, query, body, path)
                return 200, {}
        return 404, {"message": "page not found"}

    def _note(self, kind: str, name: str, query: dict[str, str], body: bytes, path: str) -> None:
        verb = "exec" if kind == "exec" else path.rpartition("/")[2]
        if kind == "commit":
            kind, name = "container", query.get("container", "")
        if kind in ("left", "joined"):
            fields = json.loads(body or b"{}")
            members = [value for field, value in fields.items() if field.lower() == "container"]
            kind, name = "container", str(members[-1]) if members else ""
        if kind == "exec":
            kind, name = "container", name.removeprefix("exec-")
        if kind in ("container", "resumed"):
            name = container(name) or name
        if kind == "image" and query.get("force", "") in ("", "0", "false", "no", "none"):
            return
        names = {"network": NETWORKS, "image": IMAGES, "service": SERVICES}.get(kind, {})
        by_id = {identity: known for known, identity in names.items()}
        self.verbs.append(verb)
        self.changes.append(Change(kind, by_id.get(name.removeprefix("sha256:"), name)))

    def _look(self, path: str) -> tuple[int, Any]:
        if path == "/containers/json":
            return 200, [self._listed(name) for name in IDS]
        if found := re.fullmatch("/containers/(.*)/json", path):
            name = container(found[1])
            return (200, self._inspected(name)) if name else _absent("No such container", found[1])
        if found := re.fullmatch("/exec/(.*)/json", path):
            name = container(found[1].removeprefix("exec-"))
            return (200, {"ContainerID": IDS[name]}) if name else _absent("No such exec instance", found[1])
        if found := re.fullmatch("/networks/(.+)", path):
            name = found[1] if found[1] in NETWORKS else {v: k for k, v in NETWORKS.items()}.get(found[1])
            if name:
                return 200, {"Id": NETWORKS[name], "Name": name}
            return 404, {"message": f"network {found[1]} not found"}
        if path == "/volumes":
            return 200, {"Volumes": [_RECORD] if self._isolated else None}
        if found := re.fullmatch("/volumes/(.*)", path):
            return (200, {"Name": found[1]}) if found[1] in VOLUMES else _absent("get: no such volume", found[1])
        if found := re.fullmatch("/images/(.*)/json", path):
            name = found[1].removeprefix("sha256:")
            name = name if name in IMAGES else {v: k for k, v in IMAGES.items()}.get(name, "")
            if name:
                return 200, {"Id": f"sha256:{IMAGES[name]}", "RepoTags": [name], "Config": {"Labels": None}}
            return _absent("No such image", found[1])
        if found := re.fullmatch("/services/([^/]+)", path):
            name = found[1] if found[1] in SERVICES else {v: k for k, v in SERVICES.items()}.get(found[1], "")
            if name:
                return 200, {"ID": SERVICES[name], "Spec": {"Name": name, "TaskTemplate": {}}}
            return 404, {"message": f"service {found[1]} not found"}
        return 200, {}

    def _listed(self, name: str) -> dict[str, Any]:
        whole = self._inspected(name)
        return {
            "Id": whole["Id"],
            "Names": [f"/{name}", *(f"/{link}" for link, to in LINKS.items() if to == name)],
            "State": whole["State"]["Status"],
            "Labels": whole["Config"]["Labels"],
            "ImageID": whole["Image"],
            "NetworkSettings": whole["NetworkSettings"],
        }

    def _inspected(self, name: str) -> dict[str, Any]:
        needs = name == "web"
        network = {"a/b": {"NetworkID": NETWORKS["a/b"]}} if needs else {"bridge": {"NetworkID": "f0" * 32}}
        return {
            "Id": IDS[name],
            "Name": f"/{name}",
            "Image": f"sha256:{IMAGES['team/app:1'] if needs else IMAGES['free:1']}",
            "State": {"Status": "exited" if needs else "running", "Running": not needs},
            "Config": {"Labels": {"com.docker.swarm.service.id": SERVICES["svc"]} if needs else {}},
            "HostConfig": {"NetworkMode": "default", "RestartPolicy": {"Name": "no"}},
            "NetworkSettings": {"Networks": network},
            "Mounts": [{"Type": "volume", "Name": "data", "Source": "/volumes/data/_data"}] if needs else [],
        }


def container(named: str) -> str | None:
    """The container that Docker finds: by full id, by name, by a link, by the beginning of an id."""
    named = named.removeprefix("/")
    if name := {identity: name for name, identity in IDS.items()}.get(named):
        return name
    if named in IDS:
        return named
    if named in LINKS:
        return LINKS[named]
    found = [name for name, identity in IDS.items() if named and identity.startswith(named)]
    return found[0] if len(found) == 1 else None


_RECORD = {
    "Name": RECORD,
    "Labels": {
        "fortisoar.isolation": IDS["other"],
        "fortisoar.isolation.record": json.dumps(
            {
                "form": 1,
                "container": IDS["other"],
                "name": "other",
                "at": "2026-01-01T00:00:00Z",
                "status": "running",
                "paused": False,
                "restart_policy": {"Name": "no"},
                "service": SERVICES["idle"],
                "networks": [{"id": NETWORKS["n"], "name": "n", "driver": "bridge", "endpoint": {}, "observed": {}}],
            }
        ),
    },
}


def _absent(what: str, name: str) -> tuple[int, Any]:
    return 404, {"message": f"{what}: {name}"}


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no fault of ours."""
