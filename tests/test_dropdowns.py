"""The lists that forms offer to pick from: quick and bounded, whatever the engine is like, and each choice of use."""

from __future__ import annotations

import json
import os
import socket
import time
import unittest
from typing import Any

from support import engine
from support.case import OperationTestCase
from support.configurations import over_http, over_unix
from support.engine import IMAGE, api, container, network, unique
from support.recorder import Answer, Recorder
from support.scene import Scene, leave_swarm
from support.session import PACKAGE, execute

# What a person who has opened a form waits without wondering, and a loaded machine's share.
PATIENCE_SECONDS = 10


def values(choices: list[dict[str, str]]) -> list[str]:
    return [choice["value"] for choice in choices]


class Choices(OperationTestCase):
    """On a real engine."""

    def test_containers_the_running_ones_first(self) -> None:
        running, created = container(self), container(self, start=False)
        offered = self.run_operation("pick_container")
        self.assertLess(values(offered).index(running), values(offered).index(created))
        titles = {choice["value"]: choice["title"] for choice in offered}
        self.assertEqual(f"{running} (running, {IMAGE})", titles[running])
        self.assertEqual(f"{created} (created, {IMAGE})", titles[created])

    def test_images(self) -> None:
        self.assertIn({"title": IMAGE, "value": IMAGE}, self.run_operation("pick_image"))

    def test_an_image_without_a_name_goes_by_its_id(self) -> None:
        nameless = api("POST", f"/commit?container={container(self)}")["Id"]
        self.addCleanup(engine.remove, f"/images/{nameless}")
        offered = {choice["value"]: choice["title"] for choice in self.run_operation("pick_image")}
        self.assertEqual(f"{nameless.removeprefix('sha256:')[:12]} (without a name)", offered[nameless])

    def test_networks(self) -> None:
        name = network(self)
        self.assertIn({"title": f"{name} (bridge)", "value": name}, self.run_operation("pick_network"))

    def test_volumes(self) -> None:
        name = unique("volume")
        api("POST", "/volumes/create", {"Name": name})
        self.addCleanup(engine.remove, f"/volumes/{name}")
        self.assertIn({"title": name, "value": name}, self.run_operation("pick_volume"))

    def test_services(self) -> None:
        self.addCleanup(leave_swarm)
        name = Scene(self)["service"]
        self.assertIn({"title": f"{name} ({IMAGE})", "value": name}, self.run_operation("pick_service"))

    def test_nodes(self) -> None:
        self.addCleanup(leave_swarm)
        node = Scene(self)["swarm"]
        self.assertIn(node, [choice["value"] for choice in self.run_operation("pick_node")])

    def test_secrets_and_configs(self) -> None:
        self.addCleanup(leave_swarm)
        scene = Scene(self)
        for word in ("secret", "config"):
            choice = {"title": scene[word], "value": scene[word]}
            self.assertIn(choice, self.run_operation(f"pick_{word}"))

    def test_projects_and_stacks(self) -> None:
        self.addCleanup(leave_swarm)
        scene = Scene(self)
        offered = self.run_operation("pick_project")
        for word, kind in (("project", "Compose"), ("stack", "Stack")):
            self.assertNotIn(scene[word], values(offered))
            choice = {"title": f"{scene[word]} ({kind})", "value": scene[word]}
            self.assertIn(choice, self.run_operation("pick_project"))

    def test_a_choice_is_what_the_operation_takes(self) -> None:
        """Every list that a form names, with an operation that looks at what is picked."""
        container(self)
        looks = {
            "pick_container": ("inspect_container", "id"),
            "pick_image": ("inspect_image", "name"),
            "pick_network": ("inspect_network", "id"),
        }
        for source, (operation, name) in looks.items():
            declared = next(entry for entry in PACKAGE.info["operations"] if entry["operation"] == operation)
            field = next(field for field in declared["parameters"] if field["name"] == name)
            self.assertEqual(source, field["apiOperation"])
            self.assertTrue(self.run_operation(operation, **{name: self.run_operation(source)[0]["value"]}))

    def test_a_form_hands_over_all_that_it_holds(self) -> None:
        """Boxes, defaults, and what was typed so far."""
        self.addCleanup(leave_swarm)
        Scene(self).swarm()
        name = container(self)
        for operation in PACKAGE.info["operations"]:
            fields = operation["parameters"]
            for source in {field["apiOperation"] for field in fields if "apiOperation" in field}:
                form = {field["name"]: field.get("value", "") for field in fields} | {"id": name[:3]}
                with self.subTest(operation=operation["operation"]):
                    self.assertIsInstance(self.run_operation(source, **form), list)

    @unittest.skipUnless(os.environ.get("FSR_TEST_ALL"), "makes 500 containers: with --all")
    def test_five_hundred_real_containers(self) -> None:
        names = {container(self, start=False) for _ in range(500)}
        began = time.monotonic()
        offered = self.run_operation("pick_container")
        self.assertLess(time.monotonic() - began, PATIENCE_SECONDS)
        self.assertLessEqual(names, set(values(offered)))


class Bounds(OperationTestCase):
    """On engines that are large, slow, down, or forbidden."""

    def test_one_request_for_many(self) -> None:
        many: list[dict[str, Any]] = [
            {"Id": f"{number:064x}", "Names": [f"/c{number:03}"], "State": "running", "Image": "web"}
            for number in range(500)
        ]
        with Recorder("1.41", {"GET /containers/json": Answer(body=many)}) as recorder:
            offered = execute(over_unix(recorder.socket), "pick_container")
            asked = [request.target for request in recorder.requests if "_ping" not in request.target]
            small = {**over_unix(recorder.socket), "max_result_size": 1}
            self.assertEqual(offered, execute(small, "pick_container"), "a form has no use for an attachment")
        self.assertEqual([f"c{number:03}" for number in range(500)], values(offered))
        self.assertEqual(["/v1.41/containers/json?all=true&limit=1000"], asked)

    def test_an_engine_that_is_down(self) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))  # and nobody listens
            config = over_http(f"127.0.0.1:{closed.getsockname()[1]}")
            began = time.monotonic()
            self.assertRegex(self.refusal_with(config, "pick_container"), r"^\[(unreachable|timed_out)\]")
            self.assertLess(time.monotonic() - began, PATIENCE_SECONDS)

    def test_an_engine_that_says_nothing(self) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            config = {**over_http(f"127.0.0.1:{silent.getsockname()[1]}"), "api_version": "v1.41"}
            began = time.monotonic()
            self.assertRegex(self.refusal_with(config, "pick_image"), r"^\[timed_out\]")
            self.assertLess(time.monotonic() - began, PATIENCE_SECONDS)

    def test_who_may_stop_containers_may_pick_one(self) -> None:
        config = {**over_unix(), "access_level": "Respond", "allowed_operations": "stop_container"}
        self.assertIsInstance(execute(config, "pick_container"), list)
        self.assertRegex(self.refusal_with(config, "pick_image"), r"^\[blocked_by_policy\]")

    def test_what_the_engine_says_is_text_only(self) -> None:
        """A title is shown as it is; nothing of it may be taken for more than text by being more than text."""
        hostile = {"Id": "a" * 64, "Names": ["/<script>alert(1)</script>"], "State": {"x": 1}, "Image": None}
        with Recorder("1.41", {"GET /containers/json": Answer(body=[hostile, {}, 7])}) as recorder:
            offered = execute(over_unix(recorder.socket), "pick_container")
        name = "<script>alert(1)</script>"
        self.assertEqual([{"title": f"{name} (unknown, unknown)", "value": name}], offered)
        self.assertEqual(offered, json.loads(json.dumps(offered)))


if __name__ == "__main__":
    unittest.main()
