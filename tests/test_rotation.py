"""Rotating secrets and configs on a real swarm: the services get the new data in the same file."""

from __future__ import annotations

import base64
import json
import unittest
from typing import Any

from support import services
from support.case import OperationTestCase
from support.configurations import Config, over_unix
from support.engine import api, remove, unique
from support.recording_proxy import RecordingProxy
from support.scene import Scene, leave_swarm
from support.session import execute, given

FILE = {"Name": "key", "UID": "5", "GID": "6", "Mode": 0o440}
OLD, NEW, BROKEN = "old-d4ta-of-it", "new-d4ta-of-it", "broken-d4ta-of-it"


class RotationTestCase(OperationTestCase):
    """With a swarm of one node, and services that use one object."""

    noun = "secret"

    def setUp(self) -> None:
        self.addCleanup(leave_swarm)
        Scene(self).swarm()
        self.path = f"/{self.noun}s"
        self.name = unique(self.noun)
        self.addCleanup(self.remove_all)
        encoded = base64.b64encode(OLD.encode()).decode()
        labels = {"team": "shop"}
        self.identity = api("POST", f"{self.path}/create", {"Name": self.name, "Data": encoded, "Labels": labels})["ID"]

    def remove_all(self) -> None:
        for name in self.names():
            remove(f"{self.path}/{name}")

    def names(self) -> list[str]:
        """The names of the object and its replacements that are there."""
        every = [one["Spec"]["Name"] for one in api("GET", self.path)]
        return sorted(name for name in every if name.startswith(self.name))

    def service(self, *command: str, **further: Any) -> str:
        """A service that uses the object, and runs."""
        name = unique("service")
        self.addCleanup(remove, f"/services/{name}")
        title = self.noun.capitalize()
        used = [{"File": FILE, f"{title}ID": self.identity, f"{title}Name": self.name}]
        spec = services.spec(name, **{f"{title}s": used}, **({"Command": list(command)} if command else {}))
        update = {"Monitor": services.SECOND, "FailureAction": "pause"}
        services.create({**spec, "UpdateConfig": update, **further})
        services.wait_until_it_runs(name)
        return name

    def rotate(self, data: str = NEW, **params: Any) -> Any:
        return self.run_operation(f"rotate_{self.noun}", id=self.name, data=data, **params)

    def refused(self, data: str = NEW, **params: Any) -> str:
        text = self.refusal(f"rotate_{self.noun}", id=self.name, data=data, **params)
        for secret in (OLD, NEW, BROKEN):
            self.assertNotIn(secret, text)
            self.assertNotIn(base64.b64encode(secret.encode()).decode()[:-4], text)
        return text

    def run_with(self, config: Config, operation: str, **params: Any) -> Any:
        return self.described(operation, params, self.checked(execute(config, operation, **params)))

    def seen_in(self, service: str) -> str:
        """What a task of a service reads in the file."""
        task = services.running(service)[0]
        folder = "/run/secrets/" if self.noun == "secret" else "/"
        ran = self.run_operation(
            "exec_container", id=task["Status"]["ContainerStatus"]["ContainerID"], Cmd=["cat", f"{folder}key"]
        )
        return str(ran["stdout"])

    def spec(self, service: str) -> Any:
        return api("GET", f"/services/{service}")["Spec"]


class Secrets(RotationTestCase):
    def test_the_services_get_the_new_data_in_the_same_file(self) -> None:
        names = [self.service(), self.service(Labels={"a": "1"})]
        before = [self.spec(name) for name in names]
        result = self.rotate()
        self.assertEqual(
            ("done", True, f"{self.name}-v2"), tuple(result[n] for n in ("outcome", "old_removed", "new_name"))
        )
        self.assertEqual(sorted(names), sorted(service["name"] for service in result["services"]))
        self.assertEqual([result["new_name"]], self.names())
        for name, spec in zip(names, before):
            self.assertEqual(NEW, self.seen_in(name))
            text = json.dumps(spec).replace(self.identity, result["new_id"]).replace(self.name, result["new_name"])
            self.assertEqual(json.loads(text), self.spec(name), "nothing else of the service changes")
        labels = api("GET", f"{self.path}/{result['new_id']}")["Spec"]["Labels"]
        self.assertEqual("shop", labels["team"], "the labels are kept")

    def test_again_it_is_done_already(self) -> None:
        service = self.service()
        first = self.rotate()
        again = self.rotate()
        self.assertEqual("already", again["outcome"])
        for field in ("old_id", "old_name", "new_id", "new_name", "services"):
            self.assertEqual(first[field], again[field])
        self.assertRegex(self.refused("yet-other-d4ta"), r"^\[failed\] .*-v2 replaces it, with other data")
        self.assertEqual(NEW, self.seen_in(service))

    def test_the_same_data_is_no_rotation(self) -> None:
        self.assertRegex(self.refused(OLD), r"^\[failed\] rotate_\w+: \w+ \S+ has this data already")
        self.assertEqual([self.name], self.names())

    def test_the_old_one_can_be_kept(self) -> None:
        service = self.service()
        result = self.rotate(keep_old=True, new_name=f"{self.name}.next")
        self.assertIs(False, result["old_removed"])
        self.assertEqual([self.name, f"{self.name}.next"], self.names())
        self.assertEqual(NEW, self.seen_in(service))
        self.assertEqual("done", self.rotate()["outcome"], "and removed later")
        self.assertEqual([f"{self.name}.next"], self.names())

    def test_one_that_no_service_uses(self) -> None:
        self.assertEqual([], self.rotate()["services"])
        self.assertEqual([f"{self.name}-v2"], self.names())

    def test_what_a_broken_rotation_left_is_told_and_the_next_one_finishes_it(self) -> None:
        """The new data breaks one service of two. Other data mends it, and nothing of the broken try stays."""
        well = self.service()
        path = "/run/secrets/key" if self.noun == "secret" else "/key"
        broken = self.service("sh", "-c", f"grep -q broken {path} && exit 3; sleep 600")
        text = self.refused(BROKEN, timeout=30)
        self.assertIn(f"The new {self.noun} is {self.name}-v2", text)
        self.assertIn(f"Converged on it: {well}. ", text)
        self.assertRegex(text, f"Updated, but not converged: {broken} [(]")
        self.assertIn(f"The old {self.noun} {self.name} is still there", text)
        self.assertEqual([self.name, f"{self.name}-v2"], self.names())
        self.assertEqual(BROKEN, self.seen_in(well))
        result = self.rotate(NEW)
        self.assertEqual((f"{self.name}-v3", [f"{self.name}-v3"]), (result["new_name"], self.names()))
        self.assertEqual([NEW, NEW], [self.seen_in(name) for name in (well, broken)])

    def test_out_of_time_it_continues_with_the_same_replacement(self) -> None:
        service = self.service(UpdateConfig={"Monitor": 5 * services.SECOND})
        text = self.refused(timeout=1)
        self.assertRegex(text, f"not converged: {service} [(]")
        result = self.rotate()
        self.assertEqual((f"{self.name}-v2", [f"{self.name}-v2"]), (result["new_name"], self.names()))
        self.assertEqual(NEW, self.seen_in(service))

    def test_a_service_of_the_old_one_that_comes_in_between_is_no_loss(self) -> None:
        """Removal fails then, since the engine keeps what a service uses; the next call updates that service too."""
        service = self.service()
        self.rotate(keep_old=True)
        late = self.service()
        self.assertEqual((NEW, OLD), (self.seen_in(service), self.seen_in(late)))
        self.assertEqual(sorted([service, late]), sorted(one["name"] for one in self.rotate()["services"]))
        self.assertEqual((NEW, [f"{self.name}-v2"]), (self.seen_in(late), self.names()))

    def test_a_protected_service_refuses_the_whole_before_anything_is_done(self) -> None:
        open_one, protected = self.service(), self.service()
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            config = {**over_unix(proxy.socket), "protected_containers": protected}
            text = self.refusal_with(config, f"rotate_{self.noun}", id=self.name, data=NEW)
            self.assertRegex(text, rf"^\[blocked_by_policy\] rotate_{self.noun}: .*{protected}")
            self.assertEqual(set(), {request.method for request in proxy.calls} - {"GET"})
            told = self.run_with(config, f"rotate_{self.noun}", id=self.name, data=NEW, dry_run=True)
            self.assertIs(False, told["possible"])
            self.assertIn(protected, told["obstacles"][0])
        self.assertEqual([OLD, OLD], [self.seen_in(name) for name in (open_one, protected)])

    def test_a_dry_run_names_the_services(self) -> None:
        service = self.service()
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            told = self.run_with(over_unix(proxy.socket), f"rotate_{self.noun}", id=self.name, data=NEW, dry_run=True)
            self.assertEqual(set(), {request.method for request in proxy.calls} - {"GET"})
        self.assertEqual(
            ("preview", True, [service]), (told["outcome"], told["possible"], [s["name"] for s in told["services"]])
        )
        self.assertEqual([self.name], self.names())


class Configs(Secrets):
    """The same of configs."""

    noun = "config"


if __name__ == "__main__":
    unittest.main()
