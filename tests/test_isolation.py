"""A container is isolated in one step and released as it was: in every mode and state, and interrupted anywhere."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from support import configurations
from support.engine import api, container, remove, unique
from support.interrupted import Interrupted
from support.isolation import IsolationTestCase, differences, ended, inspect, networks_of, paused
from support.session import ConnectorError, execute, given

ALL = bool(os.environ.get("FSR_TEST_ALL"))
# No call takes more requests.
MOST = 100


class Isolation(IsolationTestCase):
    def test_isolated_and_released_as_it_was(self) -> None:
        host_port = str(random.randrange(20000, 30000))
        states: dict[str, Callable[[], str]] = {
            "running": lambda: self.member(PortBindings={"80/tcp": [{"HostPort": host_port}]}),
            "paused": lambda: paused(self.member()),
            "created": lambda: self.member(start=False),
            "exited": lambda: ended(self.member("true", RestartPolicy={"Name": "no"})),
            "default bridge": lambda: container(self),
            "in no network": lambda: container(self, HostConfig={"NetworkMode": "none"}),
        }
        for state, make in states.items():
            with self.subTest(state):
                name = make()
                before = inspect(name)
                result = self.isolated(name, method="Network", case_id="C-1", reason="a test")
                self.assertEqual(
                    {"own_network": True, "listed_by_no_network": True, "no_live_endpoint": True}, result["proof"]
                )
                self.assertIn(inspect(name)["HostConfig"]["RestartPolicy"]["Name"], ("", "no"))
                self.assertEqual(before["State"]["Running"], inspect(name)["State"]["Running"])
                self.assertEqual("already", self.isolated(name, method="Network")["outcome"])
                listed = self.run_operation("list_isolated")
                self.assertEqual(
                    [(name, True, "C-1")], [(one["name"], one["consistent"], one["case_id"]) for one in listed]
                )
                self.released(name, before)
                again = self.run_operation("release_container", id=name)
                self.assertEqual("already", again["outcome"])

    def test_what_has_another_way_out_is_frozen(self) -> None:
        other = container(self)
        ways: dict[str, dict[str, Any]] = {
            "host network": {"NetworkMode": "host"},
            "another's network": {"NetworkMode": f"container:{other}"},
            "host processes": {"PidMode": "host"},
            "a capability": {"CapAdd": ["CAP_SYS_ADMIN"]},
            "the engine's socket": {"Binds": ["/run:/host-run"]},
            "removed when it ends": {"AutoRemove": True},
        }
        for why, host in ways.items():
            with self.subTest(why):
                name = container(self, HostConfig={"Init": True, **host})
                before = inspect(name)
                result = self.run_operation("isolate_container", id=name)
                self.assertEqual("freeze", result["method"])
                self.assertTrue(inspect(name)["State"]["Paused"])
                self.assertTrue(result["not_cut"] or host.get("AutoRemove"), result)
                self.released(name, before)
        text = self.refusal(
            "isolate_container", id=container(self, HostConfig={"NetworkMode": "host"}), method="Network"
        )
        self.assertIn("has no network of its own", text)

    def test_a_container_that_starts_again_and_again(self) -> None:
        name = container(self, "sh", "-c", "exit 1", HostConfig={"RestartPolicy": {"Name": "always"}})
        result = self.isolated(name)
        state = inspect(name)["State"]
        self.assertFalse(state["Running"] and not state["Paused"], (state, result))
        self.assertEqual("no", inspect(name)["HostConfig"]["RestartPolicy"]["Name"])
        released = self.run_operation("release_container", id=name)
        self.assertEqual("always", inspect(name)["HostConfig"]["RestartPolicy"]["Name"])
        self.assertNotEqual("partial", released["outcome"], released)

    def test_those_who_share_a_namespace_are_named(self) -> None:
        name = container(self)
        sharer = container(self, HostConfig={"NetworkMode": f"container:{name}"})
        result = self.isolated(name, method="Freeze")
        self.assertEqual([(sharer, ["network"])], [(one["name"], one["shares"]) for one in result["sharers"]])
        self.assertTrue(any("sharers" in warning for warning in result["warnings"]))

    def test_killed_after_each_request_and_called_again(self) -> None:
        for networks, method in ((2, "Network"), (1, "Freeze")):
            most, is_whole = 1, False
            while not is_whole and most < MOST:
                name = self.member(networks=networks)
                before = inspect(name)
                with self.subTest(most=most, method=method):
                    is_whole = interrupted("isolate_container", most, id=name, method=method)
                    result = self.isolated(name, method=method)
                    self.assertIn(result["outcome"], ("done", "already"))
                    self.assertEqual(method == "Freeze", inspect(name)["State"]["Paused"])
                    self.assertFalse(result["undo"]["paused"])
                    self.released(name, before)
                self.doCleanups()
                most += 1 if ALL else 3
            self.assertTrue(is_whole)

    def test_killed_after_each_request_of_a_release_and_called_again(self) -> None:
        most, is_whole = 1, False
        while not is_whole and most < MOST:
            name = self.member()
            before = inspect(name)
            with self.subTest(most=most):
                self.isolated(name)
                is_whole = interrupted("release_container", most, id=name)
                result = self.run_operation("release_container", id=name)
                self.assertIn(result["outcome"], ("done", "already"))
                self.assertEqual([], list(differences(before, inspect(name))))
            self.doCleanups()
            most += 1 if ALL else 3
        self.assertTrue(is_whole)

    def test_several_at_once_agree(self) -> None:
        name = self.member()
        before = inspect(name)
        results: list[Any] = []
        threads = [
            threading.Thread(target=lambda: results.append(execute(self.config, "isolate_container", id=name)))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(6, len(results))
        self.assertEqual(1, len({str(result["undo"]) for result in results}), results)
        self.assertFalse(results[0]["undo"]["paused"])
        self.assertEqual([], networks_of(name))
        self.released(name, before)

    def test_what_cannot_be_restored_is_said_and_can_be_finished(self) -> None:
        port = str(random.randrange(30000, 40000))
        with self.subTest("an address"):
            name = self.member(networks=1)
            before = inspect(name)
            where, settings = next(iter(before["NetworkSettings"]["Networks"].items()))
            self.isolated(name)
            thief = container(
                self,
                HostConfig={"NetworkMode": where},
                NetworkingConfig={"EndpointsConfig": {where: {"IPAMConfig": settings["IPAMConfig"]}}},
            )
            self.finished(name, before, lambda: remove(f"/containers/{thief}?force=1"), thief)
        with self.subTest("a port"):
            bindings = {"80/tcp": [{"HostPort": port}]}
            name = self.member(networks=1, PortBindings=bindings)
            before = inspect(name)
            self.isolated(name)
            thief = container(self, HostConfig={"PortBindings": bindings}, ExposedPorts={"80/tcp": {}})
            self.finished(name, before, lambda: remove(f"/containers/{thief}?force=1"), thief)
        with self.subTest("a network"):
            name = self.member(networks=2)
            gone = next(iter(inspect(name)["NetworkSettings"]["Networks"]))
            self.isolated(name)
            remove(f"/networks/{gone}")
            result = self.run_operation("release_container", id=name)
            self.assertEqual("partial", result["outcome"])
            self.assertIn("The network is gone", str(result["differs"]))
            self.assertTrue(inspect(name)["State"]["Paused"])
            result = self.run_operation("release_container", id=name, resume_partial=True)
            self.assertFalse(inspect(name)["State"]["Paused"])

    def finished(self, name: str, before: dict[str, Any], free: Callable[[], None], thief: str) -> None:
        """A release is partial and leaves the container paused, until what is in the way is gone."""
        result = self.run_operation("release_container", id=name)
        self.assertEqual("partial", result["outcome"], result)
        self.assertIn(thief, str(result["differs"]))
        self.assertTrue(inspect(name)["State"]["Paused"])
        free()
        self.released(name, before)

    def test_without_a_record_nothing_is_invented(self) -> None:
        name = self.member()
        undo = self.isolated(name, record_on_engine=False)["undo"]
        result = self.isolated(name)
        self.assertEqual(("already", None, False), (result["outcome"], result["undo"], result["recorded"]))
        self.assertIn("keeps no record", self.refusal("release_container", id=name))
        self.assertEqual("done", self.run_operation("release_container", id=name, undo=undo)["outcome"])
        other = container(self)
        self.assertIn("it is of container", self.refusal("release_container", id=other, undo=undo))

    def test_only_a_record_that_the_key_has_signed_is_followed(self) -> None:
        signing = {**self.config, "signing_key": SIGNING_KEY}
        name = self.member()
        before = inspect(name)
        identity = before["Id"]
        undo = execute(signing, "isolate_container", id=name)["undo"]
        self.assertIn("signature", undo)
        volume = f"fortisoar-isolation-{identity}"
        labels = api("GET", f"/volumes/{volume}")["Labels"]
        forged = labels["fortisoar.isolation.record"].replace('"paused":false', '"paused":true')
        remove(f"/volumes/{volume}")
        api("POST", "/volumes/create", {"Name": volume, "Labels": {**labels, "fortisoar.isolation.record": forged}})
        self.assertIn("has not signed", self.refusal_with(signing, "release_container", id=name))
        shuffled = dict(reversed(list(undo.items())))
        result = execute(signing, "release_container", id=name, undo=shuffled)
        self.assertEqual("done", result["outcome"])
        self.assertEqual([], list(differences(before, inspect(name))))

    def test_an_unsigned_record_is_followed_and_said(self) -> None:
        # As templates leave an empty field.
        empty: tuple[dict[str, Any], ...] = ({}, {"undo": ""}, {"undo": {}}, {"undo": "{}"})
        for undo in empty:
            with self.subTest(**undo):
                name = container(self, HostConfig={"NetworkMode": "none"})
                self.isolated(name)
                result = self.run_operation("release_container", id=name, **undo)
                self.assertEqual("done", result["outcome"])
                self.assertTrue(any("is not signed" in one for one in result["warnings"]), result)

    def test_what_would_undo_it_is_refused(self) -> None:
        name = self.member()
        where = next(iter(inspect(name)["NetworkSettings"]["Networks"]))
        volume = f"fortisoar-isolation-{inspect(name)['Id']}"
        self.isolated(name, method="Freeze")
        for operation, params in [
            ("stop_container", {"id": name}),
            ("start_container", {"id": name}),
            ("restart_container", {"id": name}),
            ("kill_container", {"id": name, "signal": "TERM"}),
            ("unpause_container", {"id": inspect(name)["Id"][:12]}),
            ("remove_container", {"id": name, "force": True}),
            ("update_container", {"id": name, "RestartPolicy": "always"}),
            ("update_container", {"id": name, "additional_fields": {"restartPolicy": {"Name": "always"}}}),
            ("connect_network", {"id": where, "Container": name}),
            ("disconnect_network", {"id": where, "Container": name}),
            ("remove_network", {"id": where}),
            ("prune_networks", {}),
            ("remove_volume", {"name": volume}),
            ("prune_volumes", {"filters": {"label!": ["x"]}}),
            ("call_api", {"method": "POST", "path": f"/containers/{name}/unpause"}),
            ("call_api", {"method": "DELETE", "path": f"/volumes/{volume}"}),
        ]:
            with self.subTest(operation, **params):
                text = self.refusal(operation, **params)
                self.assertTrue(text.startswith("[isolated]"), text)
                self.assertIn("elease", text)
        self.run_operation("prune_volumes", filters={"label": [unique("label")]})
        self.assertTrue(inspect(name)["State"]["Paused"])
        self.assertEqual("done", self.run_operation("kill_container", id=name)["outcome"])
        self.assertEqual("done", self.run_operation("start_container", id=name, override_isolation=True)["outcome"])

    def test_random_set_ups(self) -> None:
        seed = random.randrange(1 << 30)
        chance = random.Random(seed)
        for number in range(50 if ALL else 5):
            with self.subTest(seed=seed, number=number):
                name = self.member(
                    networks=chance.randint(1, 3),
                    start=chance.random() < 0.8,
                    RestartPolicy=chance.choice(
                        [{"Name": "no"}, {"Name": "always"}, {"Name": "on-failure", "MaximumRetryCount": 3}]
                    ),
                    PidsLimit=chance.choice([0, 100]),
                    PortBindings=chance.choice([{}, {"80/tcp": [{"HostPort": str(chance.randrange(40000, 50000))}]}]),
                )
                if chance.random() < 0.3 and inspect(name)["State"]["Running"]:
                    api("POST", f"/containers/{name}/pause")
                before = inspect(name)
                self.isolated(name, method=chance.choice(["Auto", "Network", "Freeze"]))
                self.released(name, before)


SIGNING_KEY = (Path(__file__).resolve().parent / "data" / "keys" / "ed25519-key.pem").read_text(encoding="utf-8")


def interrupted(operation: str, most: int, **params: Any) -> bool:
    """Runs an operation whose caller is as good as killed after so many requests. Whether it came to its end before."""
    with Interrupted(given("ENGINE_SOCKET"), most) as proxy:
        config = {**configurations.over_unix(proxy.socket), "retry_attempts": 0}
        with suppress(ConnectorError):
            execute(config, operation, **params)
        return not proxy.is_over
