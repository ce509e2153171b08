"""What nothing may be done to: no name, no id and no detour leads to a protected container."""

from __future__ import annotations

import importlib
import json
import tempfile
import unittest
from contextlib import suppress
from typing import Any

from support.access import ACCESS, BLOCKED, PolicyTestCase, required
from support.configurations import Config, over_unix
from support.engine import api, container, network, remove, unique
from support.recording_proxy import RecordingProxy, Request
from support.session import ConnectorError, execute, given

CONTAINERS = {operation: field for operations in ACCESS.values() for operation, field in operations.items() if field}


class ProtectedTestCase(PolicyTestCase):
    """A container that nothing may touch, on the real engine; beside it one that anything may."""

    def setUp(self) -> None:
        self.network = network(self)
        self.protected = container(self, Labels={"tier": "db", "app.owner": "x=y"})
        self.other = container(self)
        for member in (self.protected, self.other):
            api("POST", f"/networks/{self.network}/connect", {"Container": member})
        self.identity: str = api("GET", f"/containers/{self.protected}/json")["Id"]
        self.before = self.fingerprint()

    def inspect(self) -> dict[str, Any]:
        found: dict[str, Any] = api("GET", f"/containers/{self.identity}/json")
        return found

    def fingerprint(self) -> dict[str, Any]:
        """What must not change."""
        found = self.inspect()
        kept: dict[str, Any] = {
            name: found[name] for name in ("Name", "State", "RestartCount", "HostConfig", "ExecIDs")
        }
        kept["networks"] = sorted(found["NetworkSettings"]["Networks"])
        kept["changes"] = api("GET", f"/containers/{self.identity}/changes")
        return kept

    def assert_untouched(self, sent: list[Request]) -> None:
        self.assertEqual({"GET"}, {request.method for request in sent} | {"GET"}, sent)
        self.assertEqual(self.before, self.fingerprint())

    def guarding(self, proxy: RecordingProxy, rule: str | list[str] | None = None) -> Config:
        rules = self.protected if rule is None else rule
        return {**over_unix(proxy.socket), "protected_containers": rules, "retry_attempts": 0}


class Protected(ProtectedTestCase):
    """Protected containers, by every operation and rule."""

    def params(self, operation: str, target: str) -> dict[str, Any]:
        params = {**required(operation), CONTAINERS[operation]: target}
        if operation in ("connect_network", "disconnect_network"):
            params["id"] = self.network
        if operation == "rename_container":
            params["name"] = unique("renamed")
        if operation == "update_container":
            params["Memory"] = "64m"
        return params

    def test_every_operation_that_touches_one(self) -> None:
        for operation in CONTAINERS:
            for target in (self.protected, f"/{self.protected}", self.identity, self.identity[:12], self.identity[:7]):
                with self.subTest(operation, target=target), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                    rule = (
                        f"{self.protected} is protected|protected by protected_containers, which names {self.protected}"
                    )
                    text = self.refusal_with(self.guarding(proxy), operation, **self.params(operation, target))
                    self.assertRegex(text, BLOCKED.format(f"({rule})"))
                    self.assert_untouched(proxy.requests)

    def test_every_way_to_name_one(self) -> None:
        rules = (
            self.protected,
            f"/{self.protected}",
            self.identity,
            self.identity[:12],
            "label=tier",
            "label=tier=db",
            "label:tier=db",
            "label=app.owner=x=y",
            f"nothing-of-that-name, {self.protected}",
            ["nothing-of-that-name", "label=tier=db"],
        )
        for rule in rules:
            for operation in ("stop_container", "disconnect_network"):
                with self.subTest(operation, rule=rule), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                    self.assert_blocked(
                        self.guarding(proxy, rule), operation, "protected", **self.params(operation, self.protected)
                    )
                    self.assert_untouched(proxy.requests)

    def test_what_is_not_named_is_not_protected(self) -> None:
        similar = [self.protected[:-1], self.identity[:6], "label=tier=web", "label=tie", "tier", self.protected + "x"]
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            execute(self.guarding(proxy, similar), "stop_container", id=self.protected, t=0)
            execute(self.guarding(proxy), "pause_container", id=self.other)
            execute(self.guarding(proxy), "unpause_container", id=self.other)
            execute(self.guarding(proxy), "disconnect_network", id=self.network, Container=self.other)
        self.assertFalse(self.inspect()["State"]["Running"])

    def test_the_label_of_all_configurations(self) -> None:
        name = container(self, Labels={"fortisoar.protect": "true"})
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            for operation in CONTAINERS:
                with self.subTest(operation):
                    text = self.refusal_with(self.guarding(proxy, ""), operation, **self.params(operation, name))
                    self.assertRegex(text, BLOCKED.format("fortisoar.protect=true"))
            self.assertEqual({"GET"}, {request.method for request in proxy.requests})
        self.assertTrue(api("GET", f"/containers/{name}/json")["State"]["Running"])

    def test_it_may_be_looked_at(self) -> None:
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            config = self.guarding(proxy)
            self.assertEqual(self.identity, execute(config, "inspect_container", id=self.protected)["Id"])
            execute(config, "container_logs", id=self.protected)
            execute(config, "container_stats", id=self.protected)
            execute(config, "remove_container", id=self.protected, dry_run=True)

    def test_prune_spares_one_that_is_stopped(self) -> None:
        """The others are removed, by their full ids, and the result says what was spared and why."""
        for rule in (self.protected, self.identity[:12], "label=tier=db"):
            other = container(self, Labels={"prune": "me"}, start=False)
            identity = api("GET", f"/containers/{other}/json")["Id"]
            api("POST", f"/containers/{self.identity}/stop?t=0")
            self.before = self.fingerprint()
            with self.subTest(rule=rule), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                config = self.guarding(proxy, rule)
                foreseen = execute(config, "prune_containers", dry_run=True)
                self.assert_untouched(proxy.requests)
                done = execute(config, "prune_containers")
                self.assertIn(identity, done["ContainersDeleted"])
                self.assertEqual(set(foreseen["ContainersDeleted"]), set(done["ContainersDeleted"]))
                self.assertGreaterEqual(done["SpaceReclaimed"], 0)
                (spared,) = done["spared"]
                self.assertEqual((self.protected, self.identity), (spared["name"], spared["id"]))
                self.assertIn(rule.removeprefix("label="), spared["rule"])
                self.assertEqual(done["spared"], foreseen["spared"])
                changes = [request for request in proxy.requests if request.method != "GET"]
                self.assertIn(("DELETE", f"/containers/{identity}"), [(one.method, one.path) for one in changes])
                self.assertEqual({"DELETE"}, {one.method for one in changes})
                self.assertFalse(any("force" in one.query or "v" in one.query for one in changes))
                self.assertEqual(self.before, self.fingerprint())

    def test_a_prune_of_networks_spares_that_of_one_that_is_stopped(self) -> None:
        """It would not start again without it."""
        for name in (self.protected, self.other):
            api("POST", f"/containers/{name}/stop?t=0")
        unused = network(self)
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            config = self.guarding(proxy)
            foreseen = execute(config, "prune_networks", dry_run=True)
            done = execute(config, "prune_networks")
        self.assertIn(unused, done["NetworksDeleted"])
        self.assertEqual(sorted(foreseen["NetworksDeleted"]), sorted(done["NetworksDeleted"]))
        self.assertEqual(foreseen["spared"], done["spared"])
        (spared,) = done["spared"]
        self.assertEqual(self.network, spared["name"])
        self.assertIn(f"container {self.protected} in it is protected by", spared["rule"])
        self.assertEqual({"GET", "DELETE"}, {request.method for request in proxy.requests})
        api("POST", f"/containers/{self.protected}/start")

    def test_a_prune_for_others_by_call_api(self) -> None:
        api("POST", f"/containers/{self.identity}/stop?t=0")
        self.before = self.fingerprint()
        for path in ("/containers/prune", "/v1.41/containers/prune"):
            with self.subTest(path), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                self.assert_blocked(self.guarding(proxy), "call_api", "protected", method="POST", path=path)
                self.assert_untouched(proxy.requests)

    def test_a_prune_that_spares_nothing_is_the_engines_own(self) -> None:
        other = container(self, Labels={"prune": "me"}, start=False)
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            execute(self.guarding(proxy), "prune_containers", filters="label=prune=me")
            changes = [request.path for request in proxy.requests if request.method != "GET"]
        self.assertEqual(["/containers/prune"], changes)
        self.assertNotIn(other, [one["Names"][0][1:] for one in api("GET", "/containers/json?all=1")])

    def test_another_containers_pieces_of_it(self) -> None:
        """An exec is found by its own id; it belongs to the container all the same."""
        made: str = api("POST", f"/containers/{self.identity}/exec", {"Cmd": ["touch", "/touched"]})["Id"]
        self.addCleanup(api, "POST", f"/exec/{made}/start", {"Detach": True})
        self.before = self.fingerprint()
        for path in (f"/exec/{made}/start", f"/v1.41/exec/{made}/start", f"/exec/{made}/resize"):
            with self.subTest(path), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                self.assert_blocked(
                    self.guarding(proxy), "call_api", "protected", method="POST", path=path, body={"Detach": True}
                )
                self.assert_untouched(proxy.requests)


class Detours(ProtectedTestCase):
    """`call_api`, in every spelling that the engine might understand."""

    def attempt(self, **call: Any) -> None:
        """Whatever it ends with: nothing may have been done to the container."""
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy, suppress(ConnectorError):
            execute(self.guarding(proxy), "call_api", **call)
        try:
            self.assertEqual(self.before, self.fingerprint())
        finally:
            self.restore()

    def restore(self) -> None:
        """For the next attempt, in case that this one went through."""
        if not self.inspect()["State"]["Running"]:
            api("POST", f"/containers/{self.identity}/start")
            self.before = self.fingerprint()
        if self.network not in self.inspect()["NetworkSettings"]["Networks"]:
            api("POST", f"/networks/{self.network}/connect", {"Container": self.identity})

    def test_paths(self) -> None:
        name, version = self.protected, api("GET", "/version")["ApiVersion"]
        encoded = "".join(f"%{ord(letter):02x}" for letter in name)
        for path in (
            f"/containers/{name}/stop",
            f"/containers/{self.identity}/stop",
            f"/containers/{self.identity[:12]}/stop",
            f"/v{version}/containers/{name}/stop",
            "/v1.40/containers/NAME/stop",
            "/v1.40.9/containers/NAME/stop",
            "/v1.40./containers/NAME/stop",
            "/v1.40.0.0/containers/NAME/stop",
            "/v01.040/containers/NAME/stop",
            "/v1.0040/containers/NAME/stop",
            "/v1.24/containers/NAME/stop",
            "/V1.40/containers/NAME/stop",
            "/v1.40/v1.40/containers/NAME/stop",
            "/v1%2e40/containers/NAME/stop",
            "/v1.40%2fcontainers/NAME/stop",
            f"/containers/{encoded}/stop",
            f"/%63ontainers/{name}/stop",
            f"/containers/{name}/%73top",
            f"/containers/{name}/stop/",
            f"/containers//{name}/stop",
            f"//containers/{name}/stop",
            f"/containers/./{name}/stop",
            f"/images/../containers/{name}/stop",
            f"/images/%2e%2e/containers/{name}/stop",
            f"/containers/{name}%2fstop",
            f"/containers%2f{name}/stop",
            f"/containers/{name}/stop?t=0",
            f"/containers/{name}/stop#x",
            f"/containers/{name}\\stop",
            f"containers/{name}/stop",
            f"/containers/%2f{name}/stop",
            f"/containers/{self.other}/../{name}/stop",
            f"http://localhost/containers/{name}/stop",
        ):
            for unversioned in (False, True):
                with self.subTest(path, unversioned=unversioned):
                    self.attempt(
                        method="POST",
                        path=path.replace("NAME", name),
                        query={"t": "0"},
                        unversioned=unversioned,
                    )

    def test_everything_that_can_be_done_to_one(self) -> None:
        one = f"/containers/{self.protected}"
        for method, path, query in (
            ("POST", f"{one}/kill", {}),
            ("POST", f"{one}/pause", {}),
            ("POST", f"{one}/restart", {"t": "0"}),
            ("POST", f"{one}/rename", {"name": unique("renamed")}),
            ("POST", f"{one}/attach", {"stdin": "1"}),
            ("POST", f"{one}/resize", {"h": "1", "w": "1"}),
            ("DELETE", one, {"force": "1"}),
            ("PUT", f"{one}/archive", {"path": "/"}),
            ("POST", "/commit", {"container": self.protected}),
            ("POST", "/commit/", {"container": self.protected}),
        ):
            with self.subTest(path):
                with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                    text = self.refusal_with(self.guarding(proxy), "call_api", method=method, path=path, query=query)
                self.assertRegex(text, "blocked_by_policy|invalid_parameters")
                self.assert_untouched(proxy.requests)
        for path, body in ((f"{one}/update", {"Memory": 2**26}), (f"{one}/exec", {"Cmd": ["touch", "/touched"]})):
            with self.subTest(path), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                self.assert_blocked(self.guarding(proxy), "call_api", "protected", method="POST", path=path, body=body)
                self.assert_untouched(proxy.requests)

    def test_bodies_that_name_one(self) -> None:
        """Go takes a field's name in any case, and of two the last."""
        path, name, other = f"/networks/{self.network}/disconnect", self.protected, self.other
        for body in (
            {"Container": name},
            {"container": name},
            {"CONTAINER": name},
            {"Container": other, "container": name},
            {"container": name, "Container": other},
            {"Container": f"/{name}"},
            {"Container": self.identity[:12], "Force": True},
            json.dumps({"Container": name}),
            '{"Container": "' + other + '", "Container": "' + name + '"}',
            ' \n{"\\u0043ontainer": "' + name + '"}',
            json.dumps({"Container": name}) + "\x00",
            json.dumps({"Container": name}) + " and more",
        ):
            for headers in ({}, {"Content-Type": "application/json"}):
                with self.subTest(body, **headers):
                    self.attempt(method="POST", path=path, body=body, headers=headers)

    def test_files_that_name_one(self) -> None:
        records = importlib.import_module("integrations.records")
        with tempfile.NamedTemporaryFile("w", suffix=".json") as body:
            json.dump({"Container": self.protected}, body)
            body.flush()
            file = records.create_file(body.name, "body.json")["@id"]
        path = f"/networks/{self.network}/disconnect"
        self.attempt(method="POST", path=path, body_file=file, headers={"Content-Type": "application/json"})

    def test_forms_that_name_one(self) -> None:
        before = {image["Id"] for image in api("GET", "/images/json?all=1")}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        text = self.refusal_with(
            {**over_unix(), "protected_containers": self.protected, "timeout": 10},
            "call_api",
            method="POST",
            path="/commit",
            body=f"container={self.protected}",
            headers=form,
        )
        made = {image["Id"] for image in api("GET", "/images/json?all=1")} - before
        for image in made:
            remove(f"/images/{image}?force=1")
        self.assertEqual(set(), made, text)


if __name__ == "__main__":
    unittest.main()
