"""What contains shows its target's state before and after. A look that fails keeps nothing from being done."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import Any

from support import configurations
from support.case import OperationTestCase
from support.engine import RefusedError, api, container, network, remove, state, unique
from support.fault_proxy import Fault, FaultProxy
from support.session import execute, given

CONTAINERS = ("stop_container", "kill_container", "pause_container", "disconnect_network")
LOOK = re.compile(r"/containers/[^/]+/json$")


class BeforeAndAfter(OperationTestCase):
    def arranged(self, operation: str) -> tuple[str, dict[str, Any]]:
        """A running container with a restart policy, in a network; and the parameters that contain it."""
        where = network(self)
        name = container(self, HostConfig={"Init": True, "NetworkMode": where, "RestartPolicy": {"Name": "always"}})
        if operation == "disconnect_network":
            return name, {"id": where, "Container": name}
        return name, {"id": name, **({"t": 0} if operation == "stop_container" else {})}

    def test_each_shows_both(self) -> None:
        for operation in CONTAINERS:
            with self.subTest(operation):
                name, params = self.arranged(operation)
                result = self.run_operation(operation, **params)
                before, after = result["before"], result["after"]
                self.assertEqual(("running", True, False, "always"), states(before))
                self.assertEqual(1, len(before["networks"]))
                is_now = api("GET", f"/containers/{name}/json")["State"]
                self.assertEqual((is_now["Status"], is_now["Running"], is_now["Paused"], "always"), states(after))
                self.assertEqual(operation == "disconnect_network", after["networks"] == [])
                self.assertIsNone(result["unseen"])

    def test_a_project_shows_it_of_each_container(self) -> None:
        labels = {"com.docker.compose.project": unique("project"), "com.docker.compose.service": "web"}
        container(self, Labels=labels)
        result = self.run_operation("stop_project", name=labels["com.docker.compose.project"], t=0)
        [one] = result["containers"]
        self.assertEqual((True, False), (one["before"]["running"], one["after"]["running"]))

    def test_what_the_engine_removes_is_removed(self) -> None:
        name = container(self, HostConfig={"AutoRemove": True})
        result = self.run_operation("stop_container", id=name, t=0)
        self.assertIn(result["after"]["status"], ("removed", "removing", "exited"), result)
        deadline = time.monotonic() + 20
        with suppress(RefusedError):
            while state(name):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)

    def test_a_look_that_fails_is_said_and_the_deed_is_done(self) -> None:
        for operation in CONTAINERS:
            name, params = self.arranged(operation)
            refused = Fault("status", status=403)
            with self.subTest(operation), FaultProxy(given("ENGINE_SOCKET"), f"GET {LOOK.pattern}", refused) as proxy:
                config = configurations.over_http(proxy.address)
                result = self.described(operation, params, execute(config, operation, **params))
                self.assertEqual((None, None), (result["before"], result["after"]))
                self.assertRegex(result["unseen"], r"^before: .+ after: .+")
                self.assertEqual("done", result["outcome"])
            is_now = api("GET", f"/containers/{name}/json")
            contained = not is_now["State"]["Running"] or is_now["State"]["Paused"]
            self.assertTrue(contained or not is_now["NetworkSettings"]["Networks"])

    def test_a_container_that_is_not_there_is_the_deeds_own_error(self) -> None:
        for operation in ("stop_container", "kill_container", "pause_container"):
            self.assertTrue(self.refusal(operation, id="nope").startswith(f"[not_found 404] {operation}: "))

    def test_looks_are_few(self) -> None:
        """A look that the operation makes anyway counts."""
        for operation, most in (
            ("stop_container", 2),
            ("kill_container", 2),
            ("pause_container", 2),
            ("disconnect_network", 2),
        ):
            with self.subTest(operation):
                _, params = self.arranged(operation)
                sent = [request.target for request in self.wire(operation, **params)]
                self.assertEqual(most, sum(bool(LOOK.search(target)) for target in sent), sent)

    def test_one_without_a_network_of_its_own_shows_none(self) -> None:
        name = container(self, HostConfig={"Init": True, "NetworkMode": "host"})
        before = self.run_operation("pause_container", id=name)["before"]
        self.assertEqual(("host", []), (before["network_mode"], before["networks"]))
        api("POST", f"/containers/{name}/unpause")
        self.assertFalse(state(name)["Paused"])
        remove(f"/containers/{name}?force=1")


def states(told: dict[str, Any]) -> tuple[Any, ...]:
    """The fields of a state but for its networks."""
    return told["status"], told["running"], told["paused"], told["restart_policy"]
