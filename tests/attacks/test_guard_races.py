"""F39: between the look and the deed the name goes over to something else. For networks, volumes, images, services and
what a new container joins, on a real engine.

A proxy lets the look pass, then has the test give the name away, and only then passes the change on: no chance decides.
"""

from __future__ import annotations

import json
import time
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from support.access import PolicyTestCase
from support.configurations import Config, over_unix
from support.engine import IMAGE, RefusedError, api, container, network, remove, unique
from support.recording_proxy import RecordingProxy, Request
from support.session import ConnectorError, execute, given

from .test_guard_engine import IS_PODMAN, GuardTestCase

Calls = list[tuple[str, dict[str, Any]]]


class Swapping(RecordingProxy):
    """Has the name given away before the first change goes on."""

    def __init__(self, swap: Callable[[], None]) -> None:
        super().__init__(given("ENGINE_SOCKET"))
        self._swap: Callable[[], None] | None = swap

    def passes(self, request: Request) -> bool:
        if request.method not in ("GET", "HEAD") and self._swap:
            swap, self._swap = self._swap, None
            swap()
        return True

    @property
    def has_swapped(self) -> bool:
        return self._swap is None


@contextmanager
def swapping(swap: Callable[[], None], rule: str) -> Iterator[tuple[Swapping, Config]]:
    with Swapping(swap) as proxy:
        yield proxy, {**over_unix(proxy.socket), "protected_containers": rule, "retry_attempts": 0}


def call(method: str, path: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "call_api", {"method": method, "path": path, **more}


class Races(GuardTestCase):
    def tried(self, swap: Callable[[], None], operation: str, params: dict[str, Any]) -> str:
        """How a call ends whose name is given away after the look."""
        with swapping(swap, self.victim) as (proxy, config):
            try:
                outcome = json.dumps(execute(config, operation, **params))
            except ConnectorError as error:
                outcome = str(error)
        self.assertTrue(proxy.has_swapped, f"no change was sent, so this shows nothing: {outcome}")
        return outcome

    def test_a_network_that_is_made_anew(self) -> None:
        """The protected container is stopped, so that the engine itself would remove its network."""
        for operation, path in (
            ("remove_network", ""),
            ("call_api", "/networks"),
            ("call_api", "/v1.41/networks"),
        ):
            name = network(self)
            params = call("DELETE", f"{path}/{name}")[1] if path else {"id": name}

            def swap(name: str = name) -> None:
                api("DELETE", f"/networks/{name}")
                api("POST", "/networks/create", {"Name": name})
                api("POST", f"/networks/{name}/connect", {"Container": self.identity})
                api("POST", f"/containers/{self.identity}/stop?t=0")

            with self.subTest(operation):
                self.assertRegex(self.tried(swap, operation, params), "not_found|already")
                self.assertIn(name, api("GET", f"/containers/{self.identity}/json")["NetworkSettings"]["Networks"])
                self.assertEqual(name, api("GET", f"/networks/{name}")["Name"])
                api("POST", f"/containers/{self.identity}/start")
                api("POST", f"/networks/{name}/disconnect", {"Container": self.identity})

    def test_a_containers_network_that_is_made_anew(self) -> None:
        """Neither does a container leave, or join, a network that only has the name."""
        for operation in ("connect_network", "disconnect_network"):
            name, other = network(self), container(self)
            if operation == "disconnect_network":
                api("POST", f"/networks/{name}/connect", {"Container": other})

            def swap(name: str = name, other: str = other) -> None:
                with suppress(RefusedError):
                    api("POST", f"/networks/{name}/disconnect", {"Container": other, "Force": True})
                api("DELETE", f"/networks/{name}")
                api("POST", "/networks/create", {"Name": name})
                api("POST", f"/networks/{name}/connect", {"Container": self.identity})

            with self.subTest(operation):
                outcome = self.tried(swap, operation, {"id": name, "Container": other})
                self.assertNotIn('"done"', outcome)
                places = api("GET", f"/networks/{name}")["Containers"]
                self.assertEqual([self.identity], list(places))
                api("POST", f"/networks/{name}/disconnect", {"Container": self.identity, "Force": True})

    def test_a_volume_that_is_made_anew(self) -> None:
        """It has no id, only its name. What a container mounts, the engine itself keeps."""
        for operation in ("remove_volume", "call_api"):
            name = unique("volume")
            params: dict[str, Any] = {"name": name, "force": True}
            if operation == "call_api":
                params = call("DELETE", f"/volumes/{name}", query={"force": "true"})[1]
            api("POST", "/volumes/create", {"Name": name})
            self.addCleanup(remove, f"/volumes/{name}?force=1")

            def swap(name: str = name) -> None:
                api("DELETE", f"/volumes/{name}")
                api("POST", "/volumes/create", {"Name": name, "Labels": {"whose": "theirs"}})
                self.make(name, start=False)

            with self.subTest(operation):
                self.assertRegex(self.tried(swap, operation, params), "conflict|in use")
                self.assertEqual({"whose": "theirs"}, api("GET", f"/volumes/{name}")["Labels"])

    def test_an_image_whose_name_goes_over(self) -> None:
        """With one name it is removed by its id; with more only a name is, which takes no image along."""
        for names in (1, 2):
            for operation in ("remove_image", "call_api"):
                repo, source = unique("swapped"), container(self, start=False)
                own = api("POST", f"/commit?container={source}&comment={repo}")["Id"]
                self.addCleanup(remove, f"/images/{own}?force=1")
                api("POST", f"/images/{own}/tag?repo={repo}&tag=1")
                if names == 2:
                    api("POST", f"/images/{own}/tag?repo={repo}&tag=2")
                theirs = api("GET", f"/containers/{self.identity}/json")["Image"]

                def swap(repo: str = repo, theirs: str = theirs) -> None:
                    api("POST", f"/images/{theirs}/tag?repo={repo}&tag=1")

                params = {"name": f"{repo}:1", "force": True}
                if operation == "call_api":
                    params = call("DELETE", f"/images/{repo}:1", query={"force": "1"})[1]
                with self.subTest(operation, names=names):
                    self.tried(swap, operation, params)
                    self.addCleanup(remove, f"/images/{repo}:1")
                    self.assertEqual(theirs, api("GET", f"/images/{theirs}/json")["Id"])
                    self.assertIn(f"{self.image}:1", api("GET", f"/images/{theirs}/json")["RepoTags"])
                    remove(f"/images/{repo}:2")

    def test_a_name_that_a_new_container_joins(self) -> None:
        """Its body is checked with the name of another, which the protected one has by the time it arrives."""
        forms: tuple[dict[str, Any], ...] = (
            {"NetworkMode": "container:{}"},
            {"PidMode": "container:{}"},
            {"IpcMode": "container:{}"},
            {"VolumesFrom": ["{}"]},
        )
        for form in forms:
            for operation in ("create_container", "call_api"):
                other = container(self, HostConfig={"IpcMode": "shareable", "Init": True})
                own_id = api("GET", f"/containers/{other}/json")["Id"]
                host = json.loads(json.dumps(form).replace("{}", other))
                params: dict[str, Any] = {"image": IMAGE, "Cmd": "true", "name": unique("joining"), "HostConfig": host}
                if operation == "call_api":
                    body = {"Image": IMAGE, "Cmd": ["true"], "HostConfig": host}
                    params = call("POST", "/containers/create", query={"name": params["name"]}, body=body)[1]
                    made = params["query"]["name"]
                else:
                    made = params["name"]
                self.addCleanup(remove, f"/containers/{made}?force=1&v=1")

                def swap(other: str = other) -> None:
                    api("POST", f"/containers/{other}/rename?name={unique('away')}")
                    api("POST", f"/containers/{self.identity}/rename?name={other}")

                with self.subTest(operation, **form):
                    self.tried(swap, operation, params)
                    api("POST", f"/containers/{self.identity}/rename?name={self.victim}")
                    self.addCleanup(remove, f"/containers/{own_id}?force=1")
                    joined = json.dumps(api("GET", f"/containers/{made}/json")["HostConfig"])
                    self.assertIn(own_id, joined)
                    self.assertNotIn(self.identity, joined)
                    self.assertNotIn(f'"{other}"', joined)


@unittest.skipIf(IS_PODMAN, "Podman has no Swarm")
class Services(PolicyTestCase):
    """A service's name goes over to one that is protected."""

    @classmethod
    def setUpClass(cls) -> None:
        api("POST", "/swarm/init", {"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": "127.0.0.1"})
        cls.addClassCleanup(api, "POST", "/swarm/leave?force=1")

    def make(self, name: str, **labels: str) -> str:
        spec = {"Image": IMAGE, "Command": ["sleep", "600"], "Labels": labels, "StopGracePeriod": 1}
        made: str = api("POST", "/services/create", {"Name": name, "TaskTemplate": {"ContainerSpec": spec}})["ID"]
        self.addCleanup(remove, f"/services/{name}")
        return made

    def test_each_change(self) -> None:
        def update(name: str, own: str) -> tuple[str, dict[str, Any]]:
            found = api("GET", f"/services/{own}")
            spec = {**found["Spec"], "Mode": {"Replicated": {"Replicas": 0}}}
            return call(
                "POST", f"/services/{name}/update", query={"version": str(found["Version"]["Index"])}, body=spec
            )

        attacks: tuple[Callable[[str, str], tuple[str, dict[str, Any]]], ...] = (
            lambda name, _: ("remove_service", {"id": name}),
            lambda name, _: ("scale_service", {"id": name, "replicas": 0, "timeout": 5}),
            lambda name, _: ("stop_service", {"id": name, "timeout": 5}),
            lambda name, _: ("update_service", {"id": name, "env_add": "A=1", "timeout": 5}),
            lambda name, _: call("DELETE", f"/services/{name}"),
            update,
        )
        for attack in attacks:
            name = unique("service")
            own = self.make(name)
            operation, params = attack(name, own)

            def swap(name: str = name, own: str = own) -> None:
                api("DELETE", f"/services/{own}")
                time.sleep(0.2)
                self.make(name, tier="db")

            with self.subTest(operation, **params), swapping(swap, "label=tier=db") as (proxy, config):
                with self.assertRaises(ConnectorError) as caught:
                    execute(config, operation, **params)
                self.assertTrue(proxy.has_swapped, caught.exception)
                found = api("GET", f"/services/{name}")
                self.assertNotEqual(own, found["ID"])
                self.assertEqual({"Replicated": {"Replicas": 1}}, found["Spec"]["Mode"])
                self.assertNotIn("Env", found["Spec"]["TaskTemplate"]["ContainerSpec"])


if __name__ == "__main__":
    unittest.main()
