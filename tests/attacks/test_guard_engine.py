"""Attacks on the guard, on a real engine: through labels, links, odd names, and what a protected container needs."""

from __future__ import annotations

import re
import time
import unittest
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from support.access import BLOCKED, PolicyTestCase
from support.configurations import Config, over_unix
from support.engine import IMAGE, RefusedError, api, container, network, remove, state, unique
from support.recording_proxy import RecordingProxy
from support.session import CONNECTOR, ConnectorError, execute, given

NEEDS = "### What a protected container needs"
IS_PODMAN = "Podman" in api("GET", "/version")["Components"][0]["Name"]
# Words of the table that another word of the same row makes an attack of.
PARTS = {"create_container", "run_container", "POST /containers/create", "build_image", "container:NAME"}


def rows() -> list[tuple[list[str], str]]:
    """The table of what a protected container needs: operations and requests, and what becomes of them."""
    text = (Path(__file__).parents[2] / "docs" / "security.md").read_text()
    section = text.split(NEEDS)[1].split("\n#")[0]
    found = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 4 and cells[3].startswith(("Refused", "Spared", "Allowed")):
            attacks = [word for word in re.findall("`([^`]+)`", cells[1] + cells[2]) if word not in PARTS]
            found.append((attacks, cells[3].split()[0].rstrip(".:,")))
    return found


class GuardTestCase(PolicyTestCase):
    """A protected container, on the real engine, with a network, a volume and an image of its own."""

    def setUp(self) -> None:
        self.network, self.volume, self.image = network(self), unique("volume"), unique("image")
        api("POST", "/volumes/create", {"Name": self.volume})
        self.addCleanup(remove, f"/volumes/{self.volume}?force=1")
        api("POST", f"/images/{IMAGE}/tag?repo={self.image}&tag=1")
        self.addCleanup(remove, f"/images/{self.image}:1")
        self.victim = self.make(self.volume)
        self.identity: str = api("GET", f"/containers/{self.victim}/json")["Id"]

    def make(self, volume: str, **more: Any) -> str:
        host = {"Init": True, "NetworkMode": self.network, "Mounts": []}
        host["Mounts"] = [{"Type": "volume", "Source": volume, "Target": "/data"}]
        return container(self, Image=f"{self.image}:1", HostConfig=host, **more)

    @contextmanager
    def guarded(self, rule: str = "", **fields: Any) -> Iterator[Config]:
        """A configuration with a rule, and no change may be sent with it unless the test looks for it."""
        with RecordingProxy(given("ENGINE_SOCKET")) as self.proxy:
            yield {
                **over_unix(self.proxy.socket),
                "protected_containers": rule or self.victim,
                "retry_attempts": 0,
                **fields,
            }

    def changes(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.proxy.requests if one.method not in ("GET", "HEAD")]


class Needs(GuardTestCase):
    """F43: what a protected container needs in order to run. Each row of the table in the documents."""

    def calls(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """A call for each operation and request of the table."""
        other = {"image": IMAGE, "Cmd": "true"}

        def request(method: str, path: str, **more: Any) -> tuple[str, dict[str, Any]]:
            return "call_api", {"method": method, "path": path, **more}

        def create(**host: Any) -> tuple[str, dict[str, Any]]:
            return request("POST", "/containers/create", body={"Image": IMAGE, "HostConfig": host})

        network, volume, image, name = self.network, self.volume, f"{self.image}:1", self.victim
        body = {"TaskTemplate": {"ContainerSpec": {"Image": IMAGE, "Mounts": [{"Type": "volume", "Source": volume}]}}}
        return {
            "remove_network": ("remove_network", {"id": network}),
            "prune_networks": ("prune_networks", {}),
            "DELETE /networks/{id}": request("DELETE", f"/networks/{network}"),
            "POST /networks/prune": request("POST", "/networks/prune"),
            "remove_volume": ("remove_volume", {"name": volume, "force": True}),
            "update_volume": ("update_volume", {"name": volume, "version": 1}),
            "DELETE /volumes/{name}": request("DELETE", f"/volumes/{volume}", query={"force": "1"}),
            "PUT /volumes/{name}": request("PUT", f"/volumes/{volume}", body={}),
            "prune_volumes": ("prune_volumes", {"filters": {"all": ["true"]} if since(1, 42) else {}}),
            "POST /volumes/prune": request("POST", "/volumes/prune"),
            "Binds": ("create_container", {**other, "Binds": f"{volume}:/theirs"}),
            "Mounts": (
                "run_container",
                {**other, "Mounts": [{"Type": "volume", "Source": volume, "Target": "/theirs"}]},
            ),
            "VolumesFrom": (
                "create_container",
                {**other, "additional_fields": {"HostConfig": {"VolumesFrom": [name]}}},
            ),
            "HostConfig.Binds": create(binds=[f"{volume}:/theirs:rw"]),
            "HostConfig.Mounts": create(mounts=[{"type": "volume", "source": volume, "target": "/theirs"}]),
            "HostConfig.VolumesFrom": create(VolumesFrom=[f"{self.identity[:12]}:z"]),
            "POST /services/create": request("POST", "/services/create", body=body),
            ":ro": ("run_container", {**other, "Binds": f"{volume}:/theirs:ro"}),
            "ReadOnly": create(Mounts=[{"Type": "volume", "Source": volume, "Target": "/theirs", "ReadOnly": True}]),
            "NetworkMode": ("run_container", {**other, "NetworkMode": f"container:{name}"}),
            "PidMode": ("create_container", {**other, "PidMode": f"container:{name}"}),
            "IpcMode": ("create_container", {**other, "IpcMode": f"container:{self.identity[:12]}"}),
            "HostConfig.NetworkMode": create(networkmode=f"container:/{name}"),
            "networkmode": request("POST", "/build", query={"networkmode": f"container:{name}"}),
            "remove_image": ("remove_image", {"name": image, "force": True}),
            "DELETE /images/{name}": request("DELETE", f"/images/{image}", query={"force": "true"}),
            "prune_images": ("prune_images", {"filters": {"dangling": ["false"], "label": ["nobody"]}}),
            "POST /images/prune": request("POST", "/images/prune"),
            "DELETE /services/{id}": request("DELETE", "/services/svc"),
            "POST /services/{id}/update": request("POST", "/services/svc/update", body={}),
        }

    def fingerprint(self) -> Any:
        found = api("GET", f"/containers/{self.identity}/json")
        needs = [api("GET", f"/networks/{self.network}")["Id"], api("GET", f"/volumes/{self.volume}")["Name"]]
        kept = {field: found[field] for field in ("Name", "State", "HostConfig", "Mounts", "Image")}
        return {**kept, "needs": needs, "image": sorted(api("GET", f"/images/{self.image}:1/json")["RepoTags"])}

    def attempt(self, written: str, verdict: str, running: bool) -> None:
        operation, params = self.calls()[written]
        before = self.fingerprint()
        with self.guarded() as config:
            try:
                execute(config, operation, **params)
                text = ""
            except ConnectorError as error:
                text = str(error)
            if verdict == "Refused" and not ("prune" in written and running):
                self.assertRegex(text, BLOCKED.format(f"protected by protected_containers, which names {self.victim}"))
                self.assertEqual([], self.changes())
            else:
                self.assertNotIn("blocked_by_policy", text)
        self.assertEqual(before, self.fingerprint())

    def test_every_row(self) -> None:
        seen = set()
        for running in (True, False):
            for attacks, verdict in rows():
                for written in attacks:
                    if "/services/{id}" in written:
                        seen.add(written)  # needs a swarm: see Services
                        continue
                    with self.subTest(written, running=running):
                        self.attempt(written, verdict, running)
                    seen.add(written)
            if running:
                api("POST", f"/containers/{self.victim}/stop?t=0")
        self.assertEqual(set(self.calls()), seen)
        for made in api("GET", '/containers/json?all=1&filters={"ancestor":["' + IMAGE + '"]}'):
            if made["Names"][0].lstrip("/").startswith("fsr-test") or made["Id"] == self.identity:
                continue
            remove(f"/containers/{made['Id']}?force=1&v=1")

    def test_what_it_does_not_need_can_go(self) -> None:
        spare_network, spare_volume = network(self), unique("volume")
        api("POST", "/volumes/create", {"Name": spare_volume})
        api("POST", f"/images/{IMAGE}/tag?repo={self.image}-spare&tag=1")
        self.addCleanup(remove, f"/images/{self.image}-spare:1")
        with self.guarded() as config:
            execute(config, "remove_network", id=spare_network)
            execute(config, "remove_volume", name=spare_volume)
            execute(config, "remove_volume", name=unique("nothing"), force=True)
            other = container(self)
            execute(config, "run_container", image=IMAGE, Cmd="true", NetworkMode=f"container:{other}")
            created = [one for one in self.proxy.requests if one.path == "/containers/create"]
            self.assertIn(api("GET", f"/containers/{other}/json")["Id"].encode(), created[0].body)

    def test_an_image_by_force(self) -> None:
        """Of an image that nothing protected uses: by its id, or without force where only a name goes."""
        source = container(self, start=False)
        own = unique("own")
        identity = api("POST", f"/commit?container={source}&repo={own}&tag=1&comment={own}")["Id"]
        self.addCleanup(remove_image, identity)
        api("POST", f"/images/{own}:1/tag?repo={own}&tag=2")
        with self.guarded() as config:
            execute(config, "remove_image", name=f"{own}:2", force=True)
            execute(config, "remove_image", name=f"{own}:1", force=True)
            changes = [one for one in self.proxy.requests if one.method == "DELETE"]
        paths = [one.path.replace("sha256:", "") for one in changes]
        self.assertEqual([f"/images/{own}:2", f"/images/{identity.removeprefix('sha256:')}"], paths)
        self.assertNotIn("force=true", changes[0].target)
        self.assertIn("force=true", changes[1].target)
        with self.assertRaises(RefusedError):
            api("GET", f"/images/{identity}/json")


@unittest.skipIf(IS_PODMAN, "Podman has no swarm")
class Services(PolicyTestCase):
    """F43: a service of a swarm stops its tasks, so it is protected with them. On a real swarm of one node."""

    @classmethod
    def setUpClass(cls) -> None:
        api("POST", "/swarm/init", {"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": "127.0.0.1"})
        cls.addClassCleanup(api, "POST", "/swarm/leave?force=1")

    def service(self, **labels: str) -> str:
        """A service with a task that runs. Answers its name."""
        name = unique("service")
        container = {"Image": IMAGE, "Command": ["sleep", "600"], "Labels": labels, "StopGracePeriod": 1}
        api("POST", "/services/create", {"Name": name, "TaskTemplate": {"ContainerSpec": container}})
        self.addCleanup(remove, f"/services/{name}")
        patience = time.monotonic() + 30
        while not self.tasks(name):
            self.assertLess(time.monotonic(), patience, "the service's task does not run")
            time.sleep(0.2)
        return name

    def tasks(self, service: str) -> list[dict[str, Any]]:
        found = api("GET", "/containers/json")
        return [one for one in found if one["Labels"].get("com.docker.swarm.service.name") == service]

    def test_a_protected_tasks_service(self) -> None:
        name = self.service(tier="db")
        (task,) = self.tasks(name)
        identity, spec = api("GET", f"/services/{name}")["ID"], api("GET", f"/services/{name}")
        scaled = {**spec["Spec"], "Mode": {"Replicated": {"Replicas": 0}}}
        node = api("GET", "/info")["Swarm"]["NodeID"]
        version = {"version": str(spec["Version"]["Index"])}
        for rule in (task["Names"][0].lstrip("/"), task["Id"][:12], "label=tier=db", name):
            for method, path, more in (
                ("DELETE", f"/services/{name}", {}),
                ("DELETE", f"/services/{identity}", {}),
                ("DELETE", f"/v1.41/services/{identity[:8]}", {}),
                ("POST", f"/services/{name}/update", {"query": version, "body": scaled}),
                ("POST", "/swarm/leave", {"query": {"force": "1"}}),
                ("DELETE", f"/nodes/{node}", {}),
            ):
                with self.subTest(path, rule=rule), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                    config = {**over_unix(proxy.socket), "protected_containers": rule}
                    self.assert_blocked(config, "call_api", "protected", method=method, path=path, **more)
                    self.assertEqual({"GET"}, {one.method for one in proxy.requests} | {"GET"})
        self.assertEqual([task["Id"]], [one["Id"] for one in self.tasks(name)])

    def test_another_service(self) -> None:
        name = self.service()
        identity = api("GET", f"/services/{name}")["ID"]
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            config = {**over_unix(proxy.socket), "protected_containers": "label=tier=db"}
            execute(config, "call_api", method="DELETE", path=f"/services/{name}")
            self.assertIn(f"/services/{identity}", [one.path for one in proxy.requests if one.method == "DELETE"])


class Labels(GuardTestCase):
    """F42: who is contained does not decide."""

    def malware(self, **labels: str) -> str:
        """A container of an image that brings the label along."""
        source, repo = container(self, start=False), unique("malware")
        written = "&".join(f"changes=LABEL%20{name}%3D{value}" for name, value in labels.items())
        image = api("POST", f"/commit?container={source}&repo={repo}&{written}")["Id"]
        self.addCleanup(remove_image, image)
        return repo

    def test_an_images_label_protects_nothing(self) -> None:
        repo = self.malware(**{"fortisoar.protect": "true", "tier": "db"})
        for rule in ("label=fortisoar.protect=true", "label=fortisoar.protect", "label=tier=db", "label=tier"):
            name = container(self, Image=repo)
            identity = api("GET", f"/containers/{name}/json")["Id"]
            with self.subTest(rule), self.guarded(rule) as config:
                execute(config, "pause_container", id=name)
                execute(config, "unpause_container", id=name)
                execute(config, "stop_container", id=name, t=0)
                done = execute(config, "prune_containers")
                self.assertIn(identity, done["ContainersDeleted"])
                self.assertEqual([], [one for one in done.get("spared", []) if one["id"] == identity])

    def test_what_the_image_does_not_have_counts(self) -> None:
        """The administrator's label is protection: another value, or another label, than the image's."""
        repo = self.malware(tier="web")
        for labels, rule in (
            ({"tier": "db"}, "label=tier=db"),
            ({"tier": "db"}, "label=tier"),
            ({"x": "y"}, "label=x"),
        ):
            name = container(self, Image=repo, Labels=labels)
            with self.subTest(rule), self.guarded(rule) as config:
                self.assert_blocked(config, "stop_container", "protected", id=name, t=0)
                self.assertEqual([], self.changes())

    def test_a_name_counts_whatever_the_image_says(self) -> None:
        name = container(self, Image=self.malware(tier="db"))
        with self.guarded(name) as config:
            self.assert_blocked(config, "stop_container", "protected", id=name, t=0)

    def test_override_is_said(self) -> None:
        for operation, params in (
            ("pause_container", {"id": self.victim}),
            ("kill_container", {"id": self.victim}),
            ("stop_container", {"id": self.victim, "t": 0}),
            ("disconnect_network", {"id": self.network, "Container": self.victim}),
        ):
            with self.subTest(operation), self.guarded() as config, self.assertLogs(level="INFO") as logs:
                self.assert_blocked(config, operation, "protected", **params)
                for level in ("Respond",):
                    text = self.refusal_with(
                        {**config, "access_level": level}, operation, **params, override_protection=True
                    )
                    self.assertRegex(text, BLOCKED.format("access level Full"))
                self.assertEqual([], self.changes())
                result = execute(config, operation, **params, override_protection=True)
                self.assertEqual(f"protected_containers, which names {self.victim}", result["overridden"])
                said = [line for line in logs.output if "overridden=" in line]
                self.assertEqual(1, len(said), logs.output)
                self.assertIn(self.victim, said[0])
            with suppress(RefusedError):
                api("POST", f"/containers/{self.victim}/unpause")
            with suppress(RefusedError):
                api("POST", f"/containers/{self.victim}/start")

    def test_nothing_else_can_override(self) -> None:
        with self.guarded() as config:
            for operation in ("remove_container", "restart_container", "update_container"):
                text = self.refusal_with(config, operation, id=self.victim, override_protection=True)
                self.assertTrue(text.startswith("[invalid_parameters]"), text)
            self.assertEqual([], self.changes())

    def test_the_health_check_says_once_what_changed(self) -> None:
        container(self, Labels={"fortisoar.protect": "true"})
        config = {**over_unix(), "config_id": unique("configuration")}
        said = []
        for _ in range(3):
            with self.assertLogs(level="INFO") as logs:
                CONNECTOR.check_health(config)
            said.append(any("fortisoar.protect=true" in line for line in logs.output))
        CONNECTOR.on_delete_config(config)
        self.assertEqual([True, False, False], said)
        config = {**config, "protected_containers": "label=fortisoar.protect=true"}
        with self.assertLogs(level="INFO") as logs:
            CONNECTOR.check_health(config)
        CONNECTOR.on_delete_config(config)
        self.assertNotIn("fortisoar.protect", "\n".join(logs.output))


class OddNames(GuardTestCase):
    """F40: names that are words of the API, links, and the beginnings of ids."""

    def test_containers_named_as_endpoints(self) -> None:
        for name in ("create", "prune", "json"):
            api("POST", f"/containers/create?name={name}", {"Image": IMAGE, "Cmd": ["sleep", "600"]})
            self.addCleanup(remove, f"/containers/{name}?force=1")
            api("POST", f"/containers/{name}/start")
            for operation, params in (
                ("stop_container", {"id": name}),
                ("remove_container", {"id": name, "force": True}),
                ("call_api", {"method": "POST", "path": f"/containers/{name}/kill"}),
                ("call_api", {"method": "DELETE", "path": f"/containers/{name}", "query": {"force": "1"}}),
            ):
                with self.subTest(operation, name=name), self.guarded(name) as config:
                    self.assert_blocked(config, operation, "protected", **params)
                    self.assertEqual([], self.changes())
            with self.guarded("nobody") as config:
                execute(config, "call_api", method="POST", path=f"/containers/{name}/pause")
            self.assertTrue(state(name)["Paused"])

    @unittest.skipIf(IS_PODMAN, "Podman has no links")
    def test_a_link_leads_to_the_container_itself(self) -> None:
        """Docker takes `/containers/web/alias/stop` for the container that `web` knows as `alias`."""
        victim = container(self)
        name = unique("linking")
        body = {"Image": IMAGE, "Cmd": ["sleep", "600"], "HostConfig": {"Links": [f"{victim}:alias"], "Init": True}}
        api("POST", f"/containers/create?name={name}", body)
        self.addCleanup(remove, f"/containers/{name}?force=1")
        api("POST", f"/containers/{name}/start")
        for method, path, query in (
            ("POST", f"/containers/{name}/alias/stop", {"t": "0"}),
            ("POST", f"/v1.41/containers/{name}/alias/kill", {}),
            ("POST", f"/containers/{name}/alias/pause", {}),
            ("DELETE", f"/containers/{name}/alias", {"force": "1"}),
            ("DELETE", f"/containers/{name}/alias", {"link": "1"}),
            ("POST", "/commit", {"container": f"{name}/alias"}),
        ):
            with self.subTest(path), self.guarded(victim) as config:
                self.assert_blocked(config, "call_api", "", method=method, path=path, query=query)
                self.assertEqual([], self.changes())
        self.assertTrue(state(victim)["Running"])
        with self.guarded("nobody") as config:
            execute(config, "call_api", method="POST", path=f"/containers/{name}/alias/pause")
        self.assertTrue(state(victim)["Paused"])

    @unittest.skipIf(IS_PODMAN, "Podman refuses such a name")
    def test_a_network_with_a_slash_in_its_name(self) -> None:
        name = unique("a") + "/b"
        made = api("POST", "/networks/create", {"Name": name})["Id"]
        self.addCleanup(remove, f"/networks/{made}")
        api("POST", f"/networks/{made}/connect", {"Container": self.victim})
        body = {"Container": self.victim, "Force": True}
        with self.guarded() as config:
            path = f"/networks/{name}/disconnect"
            self.assert_blocked(config, "call_api", "protected", method="POST", path=path, body=body)
            self.assert_blocked(config, "call_api", "needs network", method="DELETE", path=f"/networks/{name}")
            self.assertEqual([], self.changes())
        api("POST", f"/networks/{made}/disconnect", {"Container": self.victim})


class Rules(PolicyTestCase):
    """Rules that can match nothing are faults, as whoever wrote them believes to be protected."""

    def test_each_is_a_fault(self) -> None:
        identity = "4cd2ef85918d" * 5 + "abcd"
        for rule in (
            *(
                "db*",
                "^db$",
                "name=db",
                "id=4cd2ef85918d",
                "a;b",
                "a b",
                "web|db",
                "(web)",
                "!web",
                "web?",
                "-web",
                "*",
            ),
            *(
                f"sha256:{identity}",
                identity[:7],
                identity[:11],
                "0123456",
                "3f4e1",
                "web/alias",
                "/",
                "label=",
                "label==x",
            ),
            *("label=ti*", "label=tier=*", "Label=tier", "LABEL=tier=db", "label!=tier", "labels=tier", ["web", "db*"]),
        ):
            with self.subTest(rule):
                text = self.refusal_with({**over_unix(), "protected_containers": rule}, "ping")
                self.assertRegex(text, r"^\[invalid_configuration\] ping: .*protected_containers")
                text = self.refusal_with({**over_unix(), "protected_containers": rule}, "check_health")
                self.assertIn("protected_containers", text)

    def test_what_can_match_is_none(self) -> None:
        names = ("db", "db01", "web-1", "a.b_c", "/3f4e1", "cafe", "2024")
        nothing: tuple[Any, ...] = ("", None, [])
        for rule in (*names, "label=tier", "label=tier=", "label=a.b/c=x=y", *nothing):
            with self.subTest(rule):
                execute({**over_unix(), "protected_containers": rule}, "ping")


def remove_image(image: str) -> None:
    with suppress(RefusedError):
        api("DELETE", f"/images/{image}?force=1")


def since(major: int, minor: int) -> bool:
    """Whether the engine speaks this version of the API."""
    return tuple(map(int, api("GET", "/version")["ApiVersion"].split("."))) >= (major, minor)


if __name__ == "__main__":
    unittest.main()
