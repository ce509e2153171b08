"""Compose projects: what is stopped and started, in which order, and what of it is left where something fails."""

from __future__ import annotations

import time
import unittest
from typing import Any

from support.case import OperationTestCase
from support.configurations import over_unix
from support.engine import api, container, state
from support.recording_proxy import RecordingProxy
from support.scene import Scene
from support.session import execute, given


class Projects(OperationTestCase):
    def setUp(self) -> None:
        self.scene = Scene(self)

    def parts(self, project: str) -> dict[str, str]:
        """The names of a project's containers by their services."""
        listed = self.run_operation("list_project_containers", name=project)
        return {part["Labels"]["com.docker.compose.service"]: part["Names"][0][1:] for part in listed}

    def order(self, operation: str, verb: str, **params: Any) -> list[str]:
        """The services in the order in which an operation has acted on their containers."""
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            result = execute(over_unix(proxy.socket), operation, **params)
            asked = [call.path.split("/")[-2] for call in proxy.calls if call.path.endswith(f"/{verb}")]
        services = {part["id"]: part["service"] for part in result["containers"]}
        return [services[asked_for] for asked_for in asked]

    def test_what_depends_on_others_stops_first_and_starts_last(self) -> None:
        project = self.scene["project"]
        self.assertEqual("db", self.order("stop_project", "stop", name=project, t=0)[-1])
        self.assertEqual("db", self.order("start_project", "start", name=project)[0])
        states = {service: state(name)["Status"] for service, name in self.parts(project).items()}
        self.assertEqual({"db": "running", "web": "running"}, {s: states[s] for s in ("db", "web")})

    def test_again_it_is_done_already(self) -> None:
        project = self.scene["stopped_project"]
        self.assertEqual("already", self.run_operation("stop_project", name=project)["outcome"])
        self.assertEqual("done", self.run_operation("start_project", name=project)["outcome"])
        self.assertEqual("already", self.run_operation("start_project", name=project)["outcome"])

    def test_one_waits_for_what_must_be_healthy(self) -> None:
        project = self.scene["stopped_project"]
        self.run_operation("start_project", name=project)
        parts = self.parts(project)
        self.assertEqual("healthy", state(parts["db"])["Health"]["Status"])
        self.assertLess(state(parts["db"])["StartedAt"], state(parts["web"])["StartedAt"])

    def test_what_never_gets_healthy_ends_with_the_time_limit(self) -> None:
        project = "never-healthy"
        self.scene._part(project, "web", "sleep 600", depends_on="db:service_healthy:false", start=False)
        check = {"Test": ["CMD", "false"], "Interval": 3600 * 10**9}
        self.scene._part(project, "db", "sleep 600", start=False, Healthcheck=check)
        began = time.monotonic()
        result = self.run_operation("start_project", name=project, timeout=1)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual("partial", result["outcome"])
        self.assertRegex(
            result["result"], r"^Started 1 of 2 containers .* Failed: \S+ \(It depends on \S+, which is not healthy"
        )
        self.assertFalse(state(self.parts(project)["web"])["Running"])

    def test_a_protected_container_refuses_the_whole_before_anything_is_done(self) -> None:
        project = self.scene["project"]
        parts = self.parts(project)
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            config = {**over_unix(proxy.socket), "protected_containers": parts["db"]}
            text = self.refusal_with(config, "stop_project", name=project)
            self.assertRegex(text, rf"^\[blocked_by_policy\] stop_project: Container {parts['db']} is protected by")
            self.assertEqual({"GET"}, {call.method for call in proxy.calls})
        self.assertTrue(state(parts["web"])["Running"])
        result = execute({**over_unix(), "protected_containers": parts["db"]}, "start_project", name=project)
        self.assertEqual(0, result["failed"], "a start gives a container its work back, which protection allows")
        overridden = execute(
            {**over_unix(), "protected_containers": parts["db"]},
            "stop_project",
            name=project,
            t=0,
            override_protection=True,
        )
        self.assertIn(parts["db"], overridden["overridden"])
        self.assertFalse(state(parts["db"])["Running"])

    def test_they_stay_down(self) -> None:
        project = "stays-down"
        policy = {"Init": True, "RestartPolicy": {"Name": "always"}}
        name = self.scene._part(project, "web", "exec sleep 600", HostConfig=policy)
        self.run_operation("stop_project", name=project, t=0, disable_restart=True)
        self.assertEqual("no", api("GET", f"/containers/{name}/json")["HostConfig"]["RestartPolicy"]["Name"])

    def test_another_project_is_left_alone(self) -> None:
        """Also one whose name begins like it."""
        project = self.scene["project"]
        other = self.scene._part(f"{project}-2", "web", "sleep 600")
        plain = container(self)
        self.run_operation("stop_project", name=project, t=0)
        self.assertEqual([True, True], [state(name)["Running"] for name in (other, plain)])

    def test_what_was_run_once_is_not_started_again(self) -> None:
        labels = {"com.docker.compose.project": "once", "com.docker.compose.service": "web"}
        container(self, "sh", "-c", "exit 0", start=False, Labels=labels)
        once = container(self, start=False, Labels={**labels, "com.docker.compose.oneoff": "True"})
        self.assertEqual(1, len(self.run_operation("start_project", name="once")["containers"]))
        self.assertFalse(state(once)["Running"])


class Logs(OperationTestCase):
    def test_lines_of_all_come_in_the_order_of_time(self) -> None:
        scene, project = Scene(self), "in-order"
        script = "for i in 1 2 3 4 5; do echo {0} $i; echo {0} err $i >&2; sleep 0.1; done"
        names = {scene._part(project, service, script.format(service)): service for service in ("one", "two")}
        terminal = scene._part(project, "three", script.format("three"), Tty=True)
        for name in (*names, terminal):
            api("POST", f"/containers/{name}/wait")
        result = self.run_operation("project_logs", name=project)
        times = [line["time"] for line in result["lines"]]
        self.assertEqual((30, sorted(times)), (len(times), times))
        for name, service in names.items():
            own = [line for line in result["lines"] if line["container"] == name]
            self.assertEqual(
                [f"{service} {i}" for i in range(1, 6)], [x["text"] for x in own if x["stream"] == "stdout"]
            )
            self.assertEqual([service] * 10, [line["service"] for line in own])
        self.assertIn(f"{terminal} | three 1\n", result["output"])
        self.assertEqual(2 * len(names) + 1 + 1, len(self.run_operation("project_logs", name=project, tail=2)["lines"]))

    def test_each_has_its_share_of_the_bytes(self) -> None:
        scene, project = Scene(self), "shares"
        for service in ("loud", "quiet"):
            lines = 10_000 if service == "loud" else 1
            name = scene._part(project, service, f"seq {lines}")
            api("POST", f"/containers/{name}/wait")
        result = self.run_operation("project_logs", name=project, max_bytes=2000)
        self.assertTrue(result["truncated"])
        self.assertEqual(["1"], [line["text"] for line in result["lines"] if line["service"] == "quiet"])
        self.assertLess(sum(len(line["text"]) for line in result["lines"]), 2000)
        self.assertTrue(all(line["time"] for line in result["lines"]), "what was cut within its time is no line")


if __name__ == "__main__":
    unittest.main()
