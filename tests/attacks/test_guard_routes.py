"""F40: no path that Docker's router takes for a protected container, or for what it needs, passes the guard."""

from __future__ import annotations

import collections
import os
import random
import unittest
from typing import Any

from support.configurations import over_unix
from support.docker_router import IDS, LINKS, NETWORKS, RECORD, Change, DockerRouter
from support.session import CONNECTOR, ConnectorError, execute

COUNT = 20_000 if os.environ.get("FSR_TEST_ALL") else 1_500
CONTAINERS = [*IDS, *LINKS, IDS["web"], IDS["web"][:12], IDS["other"], "nobody", "exec-web", "exec-other", "/web"]
NAMES = {
    "containers": CONTAINERS,
    "networks": [*NETWORKS, NETWORKS["a/b"]],
    "volumes": ["data", "spare", RECORD],
    "images": ["team/app:1", "free:1", "d0" * 32],
    "exec": ["exec-web", "exec-other"],
    "services": ["svc", "idle"],
    "nodes": ["node"],
    "plugins": ["plugin"],
    "swarm": ["leave"],
    "commit": ["x"],
    "pods": ["pod"],
}
FIRST = [*NAMES, "containers", "networks", "libpod"]
VERBS = [
    *("stop", "start", "kill", "pause", "unpause", "restart", "wait", "rename", "update", "resize", "attach", "exec"),
    *("archive", "checkpoints", "checkpoints/c", "json", "create", "prune", "connect", "disconnect", "tag", "push"),
    *("copy", "enable", "leave", "logs", "top"),
]
# What protection forbids, by the name that the router has found.
PROTECTED = {
    Change("container", "web"),
    Change("stopped", "prune"),
    Change("network", "a/b"),
    Change("unused", "prune"),
    Change("volume", "data"),
    Change("image", "team/app:1"),
    Change("service", "svc"),
}
# What an isolation's record forbids, and what of a container's changes it does not.
UNDOING = {
    *(Change("network", "n"), Change("unused", "prune"), Change("volume", RECORD), Change("volumes", "prune")),
    *(Change("service", "idle"), Change("swarm", "swarm")),
}
HARMLESS = {"pause", "rename", "resize", "attach", "exec", "archive", "checkpoints", "wait", "copy", "commit"}
# What comes after a path.
ENDS = ("/", "//", "?", "?force=1", "#x", "/.", "/..", "%3Fforce=1", "%23", "\n", "\t", "%0a", " ", "\u00a0", "\uff0f")
# What nobody can tell the reach of.
UNCLEAR = {"node"}


def path(chance: random.Random) -> str:
    """A path as somebody would write it who knows the routes, and somebody who does not."""
    first = chance.choice(FIRST)
    kind = first if first in NAMES and chance.random() < 0.8 else chance.choice(list(NAMES))
    pieces = [first, *chance.choice(NAMES[kind]).split("/")]
    if chance.random() < 0.6:
        pieces.append(chance.choice(VERBS))
    if chance.random() < 0.1:
        del pieces[chance.randrange(len(pieces))]
    if chance.random() < 0.15:
        pieces.insert(chance.randrange(len(pieces) + 1), chance.choice([*VERBS, *FIRST, *CONTAINERS]))
    if chance.random() < 0.4:
        pieces.insert(
            0, chance.choice(("v1.41", "v1.24", "v1.41.0", "v01.041", "v1.", "v4.0.0", "V1.41", "v1.41/v1.41"))
        )
    at = chance.randrange(len(pieces))
    if chance.random() < 0.15:
        pieces[at] = "".join(f"%{ord(letter):02x}" for letter in pieces[at])
    elif chance.random() < 0.1:
        pieces[at] = chance.choice((pieces[at].upper(), pieces[at].title(), f"{pieces[at]} ", f"{pieces[at]};x"))
    if chance.random() < 0.1:
        pieces.insert(at, chance.choice(("", ".", "..", "%2e%2e", "%2E", "%2f", "x/..", "x/%2e%2e", "%00", "x%2f..")))
    path = chance.choice(("/", "/", "/", "/", "/", "/", "%2F")).join(pieces)
    return f"/{path}{chance.choice(ENDS) if chance.random() < 0.1 else ''}"


def call(chance: random.Random) -> dict[str, Any]:
    """A request, perhaps one that is written well: so that some also reach what is not protected."""
    if chance.random() < 0.3:
        kind = chance.choice(("containers", "networks", "volumes"))
        name, verb = chance.choice(NAMES[kind]), chance.choice(("start", "stop", "kill", "unpause"))
        if kind == "containers":
            return {"method": "POST", "path": f"/containers/{name.removeprefix('/')}/{verb}"}
        return {"method": "DELETE", "path": f"/{kind}/{name}"}
    body: Any = None
    if chance.random() < 0.5:
        field = chance.choice(("Container", "container", "CONTAINER"))
        body = {field: chance.choice(CONTAINERS), **({"Container": "other"} if chance.random() < 0.3 else {})}
    query: dict[str, Any] = {}
    for name, values in (("force", ("1", "0", "true")), ("container", CONTAINERS), ("link", ("1",)), ("t", ("0",))):
        if chance.random() < 0.2:
            query[name] = chance.choice(values)
    return {
        "method": chance.choice(("POST", "POST", "POST", "DELETE", "DELETE", "PUT")),
        "path": path(chance),
        "query": query,
        **({"body": body} if body else {}),
        "unversioned": chance.random() < 0.5,
    }


class Routes(unittest.TestCase):
    """Generated calls against a router that behaves as Docker's."""

    def test_no_generated_call_reaches_what_is_protected(self) -> None:
        seed = random.randrange(2**32)
        chance = random.Random(seed)
        reached: collections.Counter[str] = collections.Counter()
        with DockerRouter() as router:
            config = {**over_unix(router.socket), "protected_containers": "web", "retry_attempts": 0}
            for number in range(COUNT):
                params = call(chance)
                router.changes.clear()
                try:
                    execute(config, "call_api", **params)
                except ConnectorError as error:
                    reached[str(error).split("]")[0].split(" ")[0]] += 1
                for change in router.changes:
                    said = f"seed {seed}, call {number}: {params}"
                    self.assertNotIn(change, PROTECTED, said)
                    self.assertNotIn(change.kind, UNCLEAR, said)
                    reached[change.kind] += 1
        self.assertGreater(reached["[blocked_by_policy"], COUNT // 10, reached)
        for kind in ("container", "resumed", "network", "volume"):
            self.assertGreater(reached[kind], COUNT // 500, f"hardly any call reached what is not protected: {reached}")

    def test_no_generated_call_undoes_an_isolation(self) -> None:
        """Nor takes away what its release needs: the record, the networks, the service."""
        seed = random.randrange(2**32)
        chance = random.Random(seed)
        refused = reached = 0
        with DockerRouter(isolated=True) as router:
            config = {**over_unix(router.socket), "retry_attempts": 0}
            for number in range(COUNT):
                params = call(chance)
                router.changes.clear()
                router.verbs.clear()
                try:
                    execute(config, "call_api", **params)
                except ConnectorError as error:
                    refused += str(error).startswith("[isolated]")
                for change, verb in zip(router.changes, router.verbs):
                    said = f"seed {seed}, call {number}: {params}"
                    reached += 1
                    if params["method"] == "PUT" and change.kind == "volume":
                        continue  # A change to cluster volumes, which the engine refuses for a record.
                    self.assertNotIn(change, UNDOING, said)
                    if change in (Change("container", "other"), Change("resumed", "other")):
                        self.assertIn(verb, HARMLESS, said)
        self.assertGreater(refused, COUNT // 20)
        self.assertGreater(reached, COUNT // 20)

    def test_no_generated_call_changes_anything_at_a_lower_level(self) -> None:
        seed = random.randrange(2**32)
        chance = random.Random(seed)
        for level in ("Respond", "Read Only", "", "Nonsense"):
            with self.subTest(level, seed=seed), DockerRouter() as router:
                config = {**over_unix(router.socket), "access_level": level, "retry_attempts": 0}
                if not level:
                    config |= {"access_level": "Full", "allowed_operations": "list_containers, ping"}
                for _ in range(COUNT // 4):
                    params = call(chance)
                    with self.assertRaises(ConnectorError):
                        CONNECTOR.execute(config, "call_api", params)
                    self.assertEqual([], router.changes, params)
                self.assertEqual(0, router.looks)

    def test_without_a_restriction_it_is_the_escape_hatch(self) -> None:
        """Every path goes to the engine, and only what could undo an isolation is preceded by a look for one."""
        for method, target, looks in (
            ("POST", "/swarm/leave", 1),
            ("POST", "/containers/web/stop", 1),
            ("POST", "/plugins/p/enable", 0),
        ):
            with self.subTest(target), DockerRouter() as router:
                execute(over_unix(router.socket), "call_api", method=method, path=target)
                self.assertEqual((1, looks), (len(router.changes), router.looks))

    def test_an_unknown_change_is_refused_by_each_restriction(self) -> None:
        for restriction in (
            {"protected_containers": "nobody"},
            {"allowed_operations": "call_api"},
            {"access_level": "Respond"},
            {"access_level": "Read Only"},
        ):
            for method, target in (
                ("POST", "/swarm/new"),
                ("POST", "/containers/web/new"),
                ("PUT", "/new"),
                ("DELETE", "/new/n"),
                ("GET", "/libpod/containers/web/healthcheck"),
                ("GET", "/v4.0.0/libpod/containers/web/healthcheck"),
                ("GET", "/v4.0.0-dev/libpod/containers/web/mount"),
                ("HEAD", "/libpod/new"),
            ):
                with self.subTest(target, **restriction), DockerRouter() as router:
                    config = {**over_unix(router.socket), **restriction}
                    with self.assertRaisesRegex(ConnectorError, r"^\[blocked_by_policy\]"):
                        execute(config, "call_api", method=method, path=target)
                    self.assertEqual(0, router.looks + len(router.changes))

    def test_what_reads_is_allowed(self) -> None:
        for target in (
            "/containers/json",
            "/containers/web/alias/json",
            "/networks/a/b",
            "/libpod/containers/json",
            "/v4.0.0/libpod/containers/web/logs",
            "/libpod/system/df",
        ):
            with self.subTest(target), DockerRouter() as router:
                config = {**over_unix(router.socket), "access_level": "Read Only", "protected_containers": "web"}
                execute(config, "call_api", method="GET", path=target)
                self.assertEqual(1, router.looks)

    def test_libpods_own_changes(self) -> None:
        """F43: on Podman, these take protected containers along."""
        for method, target in (
            ("POST", "/libpod/containers/prune"),
            ("POST", "/libpod/system/prune"),
            ("POST", "/libpod/volumes/prune"),
            ("POST", "/libpod/pods/prune"),
            ("POST", "/libpod/pods/p/stop"),
            ("DELETE", "/libpod/pods/p"),
            ("DELETE", "/libpod/images/remove"),
            ("DELETE", "/libpod/images/team/app:1"),
            ("POST", "/libpod/containers/create"),
            ("POST", "/libpod/containers/web/checkpoint"),
            ("POST", "/libpod/play/kube"),
            ("POST", "/libpod/volumes/data/import"),
            ("DELETE", "/libpod/containers/web"),
            ("POST", "/libpod/containers/web/kill"),
        ):
            for prefix in ("", "/v4.0.0", "/v5.8.0-rc1"):
                with self.subTest(prefix + target), DockerRouter() as router:
                    config = {**over_unix(router.socket), "protected_containers": "web"}
                    params = {"method": method, "path": prefix + target}
                    with self.assertRaisesRegex(ConnectorError, r"^\[blocked_by_policy\]"):
                        CONNECTOR.execute(config, "call_api", params)
                    self.assertEqual([], router.changes)


if __name__ == "__main__":
    unittest.main()
