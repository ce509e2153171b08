"""A real swarm of three managers: a service over nodes, roles, the lock, lost engines and a lost majority.

Virtual addresses and published ports need IPVS, which test machines may lack; they are not shown here.
"""

from __future__ import annotations

import os
import re
import time
import unittest
from collections.abc import Callable
from typing import Any

from support import configurations, services
from support.case import OperationTestCase
from support.engine import RefusedError, api_version
from support.second_engine import SecondEngine
from support.session import ConnectorError, execute
from support.swarms import Cluster

SERVICE = "spread"
REPLICAS = 3


class AClusterOfThree(OperationTestCase):
    """The tests go on where the one before has ended, in the order of their names."""

    cluster: Cluster

    @classmethod
    def setUpClass(cls) -> None:
        # Once on the oldest engine, with the newest Python, and once on each newer one.
        if not os.environ.get("FSR_TEST_ALL") and api_version() == "1.41":
            raise unittest.SkipTest("takes minutes: with --all")
        cls.cluster = Cluster(cls.addClassCleanup)

    def test_1_work_moves_from_a_drained_node_and_comes_back(self) -> None:
        spec = services.spec(SERVICE)
        spec["Mode"] = {"Replicated": {"Replicas": REPLICAS}}
        self.at(1).api("POST", "/services/create", spec)
        self.soon(lambda: self.running() == {"node1": 1, "node2": 1, "node3": 1})
        # By a manager that does not lead, and by the host's name.
        drained = self.call(2, "drain_node", id="node3", timeout=90)
        self.assertEqual(("done", 1), (drained["outcome"], drained["tasks_moved"]))
        self.assertEqual([{"name": SERVICE, "running": REPLICAS, "desired": REPLICAS}], drained["services"])
        self.assertNotIn("node3", self.running())
        self.assertEqual([], self.at(3).api("GET", "/containers/json"))
        self.assertEqual("already", self.call(1, "drain_node", id="node3")["outcome"])
        active = self.call(1, "activate_node", id="node3", timeout=60)
        self.assertEqual(("done", False), (active["outcome"], active["timed_out"]))

    def test_2_a_worker_names_its_managers(self) -> None:
        self.call(1, "update_node", id="node3", Role="Worker")
        self.soon(lambda: not self.at(3).api("GET", "/info")["Swarm"]["ControlAvailable"])
        for operation in ("list_nodes", "inspect_swarm", "rotate_join_tokens", "get_unlock_key"):
            began = time.monotonic()
            text = self.refused(3, operation)
            self.assertRegex(text, f"^\\[conflict 503\\] {operation}: This node is not a swarm manager.*is a worker")
            self.assertIn(f"{self.cluster.address(1)}:2377", text)
            self.assertNotIn("tried", text)
            self.assertLess(time.monotonic() - began, 5)
        text = self.refused(3, "init_swarm", AdvertiseAddr=self.cluster.address(3))
        self.assertRegex(text, r"^\[conflict 503\] init_swarm: This node is already part of a swarm")
        text = self.refused(1, "remove_node", id="node2")
        self.assertRegex(text, r"^\[bad_request 400\] remove_node: .*demoted")
        self.assertEqual("already", self.call(2, "update_node", id="node3", Role="Worker")["outcome"])
        self.call(2, "update_node", id="node3", Role="Manager", labels_add="disk=ssd")
        self.soon(lambda: self.node("node3").get("ManagerStatus", {}).get("Reachability") == "reachable", 90)
        self.assertEqual({"disk": "ssd"}, self.node("node3")["Spec"]["Labels"])

    def test_3_a_locked_manager_waits_for_its_key(self) -> None:
        self.call(1, "update_swarm", AutoLockManagers=True)
        key = self.call(2, "get_unlock_key")["UnlockKey"]
        self.soon(lambda: self.at(3).api("GET", "/swarm")["Spec"]["EncryptionConfig"]["AutoLockManagers"])
        time.sleep(2)  # The node encrypts its own key a moment later.
        self.at(3).kill()
        self.at(3).start()
        self.soon(lambda: self.at(3).api("GET", "/info")["Swarm"]["LocalNodeState"] == "locked")
        self.assertRegex(
            self.refused(3, "list_nodes"), r"^\[conflict 503\] list_nodes: Swarm is encrypted.*unlock_swarm"
        )
        self.assertRegex(
            self.refused(3, "leave_swarm"), r"^\[conflict 503\] leave_swarm: Swarm is encrypted and locked"
        )
        wrong = key[:-4] + ("AAAA" if not key.endswith("AAAA") else "BBBB")
        text = self.refused(3, "unlock_swarm", UnlockKey=wrong)
        self.assertRegex(text, r"unlock_swarm: .*The unlock key is wrong")
        self.assertNotIn(wrong, text)
        self.assertEqual("done", self.call(3, "unlock_swarm", UnlockKey=key)["outcome"])
        self.soon(lambda: self.node("node3")["Status"]["State"] == "ready")
        self.call(1, "update_swarm", AutoLockManagers=False)

    def test_4_a_lost_engine_is_replaced_and_drained(self) -> None:
        self.call(1, "activate_node", id="node3", timeout=60)
        self.at(3).kill()
        self.soon(lambda: self.node("node3")["Status"]["State"] == "down", 60)
        drained = self.call(1, "drain_node", id="node3", timeout=90)
        self.assertEqual("done", drained["outcome"])
        self.soon(lambda: sum(count for node, count in self.running().items() if node != "node3") == REPLICAS, 60)

    def test_5_without_a_majority_errors_say_so(self) -> None:
        self.at(2).kill()
        texts = []

        def is_lost() -> bool:
            try:
                self.call(1, "list_nodes")
            except ConnectorError as error:
                texts.append(str(error))
            return bool(texts) and "does not have a leader" in texts[-1]

        self.soon(is_lost, 90)
        self.assertRegex(texts[-1], r"^\[conflict 500\] list_nodes: .*does not have a leader.*more than half")
        # Before that, the manager may have waited for a leader that is gone.
        self.assertEqual([], [text for text in texts if not re.match(r"\[(conflict|timed_out) 500\]", text)])
        began = time.monotonic()
        text = self.refused(1, "update_swarm", TaskHistoryRetentionLimit=2)
        self.assertRegex(text, r"^\[(conflict|unknown_outcome) 500\] update_swarm: ")
        self.assertNotIn("unavailable", text)
        self.assertLess(time.monotonic() - began, 60)
        self.assertRegex(self.refused(1, "leave_swarm"), r"^\[conflict 503\] leave_swarm: You are attempting to leave")
        self.assertEqual("done", self.call(1, "leave_swarm", force=True)["outcome"])
        self.assertEqual("already", self.call(1, "leave_swarm")["outcome"])

    def at(self, number: int) -> SecondEngine:
        return self.cluster.engine(number)

    def call(self, number: int, operation: str, **params: Any) -> Any:
        return execute(configurations.over_unix(self.at(number).socket), operation, **params)

    def refused(self, number: int, operation: str, **params: Any) -> str:
        with self.assertRaises(ConnectorError) as caught:
            self.call(number, operation, **params)
        return str(caught.exception)

    def node(self, hostname: str) -> dict[str, Any]:
        nodes: list[dict[str, Any]] = self.call(1, "list_nodes")
        return next(node for node in nodes if node["Description"].get("Hostname") == hostname)

    def running(self) -> dict[str, int]:
        """How many tasks run on which node."""
        names = {node["ID"]: node["Description"]["Hostname"] for node in self.at(1).api("GET", "/nodes")}
        counts: dict[str, int] = {}
        for task in self.at(1).api("GET", "/tasks"):
            if task["Status"]["State"] == "running" and task["DesiredState"] == "running":
                name = names[task["NodeID"]]
                counts[name] = counts.get(name, 0) + 1
        return counts

    def soon(self, is_so: Callable[[], bool], seconds: float = 30) -> None:
        until = time.monotonic() + seconds

        def is_so_by_now() -> bool:
            try:
                return is_so()
            except RefusedError:  # A manager that has just become one answers nothing yet.
                return False

        while not is_so_by_now():
            if time.monotonic() > until:
                nodes = [self.at(number).api("GET", "/info")["Swarm"] for number in (1, 3)]
                self.fail(f"not within {seconds} seconds: {nodes}")
            time.sleep(0.2)
