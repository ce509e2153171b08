"""The stories among the sample playbooks, each run step by step on a real engine, to each of its ends."""

from __future__ import annotations

import json
import time
import unittest
from typing import Any, ClassVar

from support import configurations, engine, services
from support.engine import IMAGE, RefusedError, api, container, network, pause, state, unique
from support.playbook import Run, playbooks
from support.registry import ADDRESS, PASSWORD, USERNAME, Registry
from support.scene import Scene, leave_swarm
from support.session import PACKAGE, execute

ALERT = {"@id": "/api/3/alerts/5f0e3d5c", "name": "Suspicious container"}
BUSY = ("sh", "-c", "while :; do :; done")
TITLES = {entry["title"] for entry in PACKAGE.info["operations"]}


class StoryTestCase(unittest.TestCase):
    config: ClassVar[configurations.Config] = configurations.over_unix()

    def run_story(self, title: str, **given: str) -> Run:
        return Run(title, self.config, (), **given)

    def networks(self, name: str) -> set[str]:
        return set(api("GET", f"/containers/{name}/json")["NetworkSettings"]["Networks"])


class Containing(StoryTestCase):
    def test_stop_a_runaway_container(self) -> None:
        name = container(self, *BUSY, HostConfig={"Init": True, "RestartPolicy": {"Name": "always"}})
        # How much it gets is up to the machine.
        run = self.run_story("Stop a Runaway Container", container=name, cpu="0")
        self.assertIn("Stop It", run.path)
        self.assertFalse(state(name)["Running"])
        self.assertEqual("no", api("GET", f"/containers/{name}/json")["HostConfig"]["RestartPolicy"]["Name"])
        self.assertRegex(run.report, f"^Container {name}: [0-9.]+ % CPU, .*It was stopped.*It ran: .*while :")

    def test_stop_a_runaway_container_that_is_none(self) -> None:
        name = container(self)
        run = self.run_story("Stop a Runaway Container", container=name)
        self.assertNotIn("Stop It", run.path)
        self.assertTrue(state(name)["Running"])
        self.assertIn("left alone", run.report)

    def test_stop_a_runaway_container_with_too_many_processes(self) -> None:
        name = container(self, "sh", "-c", "for i in 1 2 3 4 5; do sleep 600 & done; wait")
        self.assertIn("Stop It", self.run_story("Stop a Runaway Container", container=name, processes="4").path)

    def test_quarantine_and_release(self) -> None:
        """The network is cut and restored."""
        net, name = network(self), container(self)
        api("POST", f"/networks/{net}/connect", {"Container": name})
        self.assertEqual({"bridge", net}, self.networks(name))
        cut = self.run_story("Quarantine a Container", container=name)
        self.assertEqual(set(), self.networks(name))
        self.assertTrue(state(name)["Running"])
        self.assertIn("from every network. Method: network. It was in: ", cut.report)
        self.assertIn(net, cut.report)
        restored = self.run_story("Release a Container", container=name)
        self.assertEqual({"bridge", net}, self.networks(name))
        self.assertIn(f"network {net}", restored.report)

    def test_isolate_a_crypto_miner_with_evidence(self) -> None:
        net, name = network(self), container(self, *BUSY)
        api("POST", f"/networks/{net}/connect", {"Container": name})
        run = Run("Isolate a Crypto Miner with Evidence", self.config, records=(ALERT,), container=name)
        self.assertEqual(set(), self.networks(name))
        self.assertTrue(state(name)["Paused"])
        attached, comment = run.written
        evidence = run.vars["steps"]["Isolate"]["data"]["evidence"]
        self.assertEqual([evidence["attachment"]["@id"]], attached["resource"]["attachments"])
        for part in (evidence["sha256"], net, ALERT["name"]):
            self.assertIn(part, comment["resource"]["content"] + evidence["case_id"])
        verified = execute(self.config, "verify_evidence", attachment=evidence["attachment"])
        self.assertTrue(verified["valid"], verified)
        self.run_story("Release a Container", container=name)
        self.assertEqual({"bridge", net}, self.networks(name))
        self.assertFalse(state(name)["Paused"])

    def test_stop_all_from_a_bad_image(self) -> None:
        bad = f"fsr.test/{unique('bad')}:1"
        api("POST", f"/images/{IMAGE}/tag?repo={bad.partition(':')[0]}&tag=1")
        self.addCleanup(engine.remove, f"/images/{bad}")
        layer = api("POST", f"/commit?container={container(self, Image=bad)}&repo={bad.partition(':')[0]}&tag=2")["Id"]
        self.addCleanup(engine.remove, f"/images/{layer}?force=1")
        names = [container(self, Image=layer) for _ in range(2)]
        other = container(self)
        run = self.run_story("Stop All from a Bad Image", image=bad.replace(":1", ":2"))
        self.assertEqual([False, False], [state(name)["Running"] for name in names])
        self.assertTrue(state(other)["Running"])
        self.assertIn("2 ran, 0 still run", run.report)
        self.assertIn("none ran", self.run_story("Stop All from a Bad Image", image=bad.replace(":1", ":2")).report)

    def test_hunt_an_image_digest_and_isolate_it(self) -> None:
        layer = api("POST", f"/commit?container={container(self)}&repo=fsr.test/{unique('bad')}&tag=1")["Id"]
        self.addCleanup(engine.remove, f"/images/{layer}?force=1")
        names, stopped, other = (
            [container(self, Image=layer) for _ in range(2)],
            container(self, Image=layer, start=False),
            container(self),
        )
        for name in names:
            self.addCleanup(execute, self.config, "release_container", id=name)
        run = self.run_story(
            "Hunt an Image Digest and Isolate It", digest=layer.upper().replace("SHA256:", ""), case="INC-7"
        )
        self.assertEqual([set(), set()], [self.networks(name) for name in names])
        self.assertEqual({"bridge"}, self.networks(other))
        self.assertRegex(run.report, "3 hits in .* Isolated: Cut container .*; Cut container ")
        self.assertIn(f"{stopped} (created", run.report)

    def test_hunt_an_image_digest_that_is_not_there(self) -> None:
        run = self.run_story("Hunt an Image Digest and Isolate It", digest="0" * 64)
        self.assertNotIn("Isolate Each", run.path)
        self.assertIn("0 hits", run.report)
        self.assertIn("No container of it runs", run.report)

    def test_stop_a_compromised_service(self) -> None:
        self.addCleanup(leave_swarm)
        service = Scene(self)["service"]
        run = self.run_story("Stop a Compromised Service", service=service, case="C-1")
        (collected,) = run.vars["steps"]["Collect_Evidence"]
        found = collected["data"]
        self.assertEqual("C-1", found["case_id"])
        self.assertTrue(execute(self.config, "verify_evidence", attachment=found["attachment"])["valid"])
        self.assertEqual([], services.running(service))
        self.assertRegex(
            run.report, f"^Stopped service {service}. It ran in 1 containers, 0 of them on other nodes: .*"
        )

    def test_drain_a_host(self) -> None:
        self.addCleanup(leave_swarm)
        node = Scene(self)["swarm"]
        run = self.run_story("Drain a Host", node=node)
        self.assertEqual("drain", api("GET", f"/nodes/{node}")["Spec"]["Availability"])
        self.assertRegex(run.report, f"^Drained node {node}: 0 tasks moved, 0 are left")

    def test_rotate_a_leaked_secret(self) -> None:
        self.addCleanup(leave_swarm)
        scene = Scene(self)
        secret, service = scene["used_secret"], scene["service"]
        run = self.run_story("Rotate a Leaked Secret", secret=secret, data="n3w-s3cret")
        self.assertIn("It Is Replaced", run.path)
        self.assertEqual(
            f"Secret {secret} was removed; {secret}-v2 replaces it. "
            "Revoke its old data at the system that it signs in to. "
            f"Services that used it: {service}",
            run.report,
        )
        task = services.running(service)[0]["Status"]["ContainerStatus"]["ContainerID"]
        self.assertEqual(
            "n3w-s3cret", execute(self.config, "exec_container", id=task, Cmd="cat /run/secrets/key")["stdout"]
        )
        self.assertNotIn("n3w-s3cret", json.dumps(run.vars["steps"]))

    def test_rotate_a_leaked_secret_in_vain(self) -> None:
        self.addCleanup(leave_swarm)
        scene = Scene(self)
        secret, service = scene["used_secret"], scene["service"]
        run = self.run_story("Rotate a Leaked Secret", secret=secret, data="hello, world\n")
        self.assertIn("It Is Not", run.path)
        self.assertRegex(run.report, f"IS NOT REPLACED EVERYWHERE: .*has this data already.* used it: {service}$")


class Investigating(StoryTestCase):
    def test_collect_logs_and_files_into_an_alert(self) -> None:
        name = container(self, "sh", "-c", "echo '<b>out</b>'; echo err >&2; touch /tmp/left; sleep 600")
        run = Run("Collect Logs and Files into an Alert", self.config, records=(ALERT,), container=name)
        attached, comment = run.written
        self.assertEqual((ALERT["@id"], "Append"), (attached["collection"], attached["operation"]))
        copied = run.vars["steps"]["Copy_Files"]["data"]
        self.assertEqual([copied["@id"]], attached["resource"]["attachments"])
        self.assertEqual([ALERT["@id"]], comment["resource"]["alerts"])
        for part in (f"Container {name}", copied["sha256"], "&lt;b&gt;out&lt;/b&gt;"):
            self.assertIn(part, comment["resource"]["content"])
        self.assertIn("2 lines of log, 1 of them errors", run.report)

    def test_freeze_and_preserve(self) -> None:
        name = container(self)
        run = self.run_story("Freeze and Preserve", container=name)
        self.assertTrue(state(name)["Paused"])
        kept = api("GET", f"/images/evidence/{name}:evidence/json")["Id"]
        self.addCleanup(engine.remove, f"/images/{kept}?force=1")
        self.assertIn(f"is paused. Image {kept}; attachment /api/3/attachments/", run.report)
        self.assertRegex(run.report, "SHA-256 [0-9a-f]{64}")

    def test_what_happened_here(self) -> None:
        name = container(self, "sh", "-c", "echo alas >&2; sleep 600")
        pause(name)
        api("POST", f"/containers/{name}/unpause")
        run = self.run_story("What Happened Here", container=name, since="10m")
        self.assertRegex(run.report, "Events: .*create, .*start, .*pause, .*unpause")
        self.assertIn("Errors: alas", run.report)

    def test_suspicious_exec(self) -> None:
        name = container(self)
        made = api("POST", f"/containers/{name}/exec", {"Cmd": ["sh", "-c", "id > /tmp/<b>who"]})
        api("POST", f"/exec/{made['Id']}/start", {"Detach": True})
        run = Run("Suspicious Exec", self.config, records=(ALERT,), container=name, case="INC-2041")
        attached, comment = run.written
        self.assertEqual(2, len(attached["resource"]["attachments"]))
        for part in ("sh -c id &gt; /tmp/&lt;b&gt;who", "What to do next"):
            self.assertIn(part, comment["resource"]["content"])
        self.assertRegex(run.report, rf"{name} is \w+\. [2-9] of \d+ entries are of commands")
        self.assertFalse(state(name)["Paused"])

    def test_find_containers_with_too_many_rights(self) -> None:
        plain, privileged = container(self), container(self, start=False, HostConfig={"Privileged": True})
        sharing = container(self, HostConfig={"NetworkMode": "host", "PidMode": "host"})
        holding = container(self, HostConfig={"Binds": ["/var/run/docker.sock:/var/run/docker.sock"]})
        report = self.run_story("Find Containers with Too Many Rights").report
        for rule, name in (
            ("privileged", privileged),
            ("on the host's network", sharing),
            ("see the host's processes", sharing),
            ("hold the engine's socket", holding),
        ):
            self.assertRegex(report, f"{rule} [^;]*/{name}")
        self.assertNotIn(plain, report)

    def test_run_a_tool_in_a_clean_room(self) -> None:
        run = self.run_story("Run a Tool in a Clean Room", image=IMAGE, command="sha256sum", text="sample")
        self.assertIn("Exit code 0. af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf", run.report)
        for command in ("touch /tmp/x", "ping -c 1 127.0.0.1"):
            run = self.run_story("Run a Tool in a Clean Room", image=IMAGE, command=command, text="sample")
            self.assertNotIn("Exit code 0.", run.report, command)


class Deploying(StoryTestCase):
    """With a registry that asks for a password."""

    config: ClassVar[configurations.Config] = {
        **configurations.over_unix(),
        "registry_server": ADDRESS,
        "registry_username": USERNAME,
        "registry_password": PASSWORD,
    }

    @classmethod
    def setUpClass(cls) -> None:
        registry = Registry()
        cls.addClassCleanup(registry.close)

    def push(self, name: str, dockerfile: str) -> str:
        """Builds an image and leaves it in the registry alone. Answers its id."""
        built = execute(self.config, "build_image", dockerfile_content=dockerfile, t=name)["id"]
        execute(self.config, "push_image", name=name)
        api("DELETE", f"/images/{name}?force=1")
        self.addCleanup(engine.remove, f"/images/{name}?force=1")
        return str(built)

    def new(self) -> tuple[str, str]:
        """A name for a container, and one for an image."""
        name = unique("container")
        self.addCleanup(engine.remove, f"/containers/{name}?force=1")
        return name, f"{ADDRESS}/{unique('image')}:1"

    def test_deploy_and_verify(self) -> None:
        name, image = self.new()
        self.push(image, f"FROM {IMAGE}\nCMD sleep 600")
        run = self.run_story("Deploy and Verify", image=image, name=name)
        self.assertIn("It Runs", run.path)
        self.assertTrue(state(name)["Running"])
        self.assertRegex(run.report, f"^Container {name} runs from sha256:")

    def test_deploy_and_verify_what_does_not_come_up(self) -> None:
        name, image = self.new()
        self.push(image, f"FROM {IMAGE}\nHEALTHCHECK --interval=1s --retries=1 CMD false\nCMD echo alas; sleep 600")
        run = self.run_story("Deploy and Verify", image=image, name=name, state="healthy")
        self.assertIn("DID NOT START and was removed. Its log ended with: alas", run.report)
        with self.assertRaises(RefusedError):
            state(name)

    def test_replace_when_the_image_has_changed(self) -> None:
        name, image = self.new()
        old = self.push(image, f"FROM {IMAGE}\nSTOPSIGNAL SIGKILL\nENV V=1\nCMD sleep 600")
        self.run_story("Deploy and Verify", image=image, name=name)
        net = network(self)
        self.addCleanup(engine.remove, f"/containers/{name}?force=1")
        api("POST", f"/networks/{net}/connect", {"Container": name})
        same = self.run_story("Replace When the Image Has Changed", container=name)
        self.assertIn("has the newest image already", same.report)
        api("POST", f"/images/{image}/tag?repo={image.rpartition(':')[0]}-kept&tag=1")
        self.addCleanup(engine.remove, f"/images/{image.rpartition(':')[0]}-kept:1")
        new = self.push(image, f"FROM {IMAGE}\nSTOPSIGNAL SIGKILL\nENV V=2\nCMD sleep 600")
        run = self.run_story("Replace When the Image Has Changed", container=name)
        self.assertIn(f"was replaced: {old} by {new}", run.report)
        found = api("GET", f"/containers/{name}/json")
        self.assertEqual((new, True), (found["Image"], found["State"]["Running"]))
        self.assertEqual({"bridge", net}, self.networks(name))
        self.assertIn("V=2", found["Config"]["Env"])
        self.assertEqual("fortisoar", found["Config"]["Labels"]["deployed-by"])
        self.assertEqual("unless-stopped", found["HostConfig"]["RestartPolicy"]["Name"])
        with self.assertRaises(RefusedError):
            state(f"{name}-old")

    def test_replace_by_what_does_not_start(self) -> None:
        name, image = self.new()
        old = self.push(image, f"FROM {IMAGE}\nSTOPSIGNAL SIGKILL\nCMD sleep 600")
        self.run_story("Deploy and Verify", image=image, name=name)
        self.push(image, f'FROM {IMAGE}\nCMD ["/nowhere"]')
        run = self.run_story("Replace When the Image Has Changed", container=name)
        self.assertIn("WAS NOT REPLACED", run.report)
        found = api("GET", f"/containers/{name}/json")
        self.assertEqual((old, True), (found["Image"], found["State"]["Running"]))


class Housekeeping(StoryTestCase):
    def test_clean_up_at_night(self) -> None:
        name = container(self, start=False)
        time.sleep(2.2)  # the engine counts whole seconds
        tried = self.run_story("Clean Up at Night", older_than="1s")
        self.assertIn("Nothing was removed", tried.report)
        self.assertEqual("created", state(name)["Status"])
        kept = self.run_story("Clean Up at Night", older_than="24h", apply="true")
        self.assertEqual("created", state(name)["Status"], "it is younger than that")
        self.assertIn("bytes freed", kept.report)
        self.run_story("Clean Up at Night", older_than="1s", apply="true")
        with self.assertRaises(RefusedError):
            state(name)

    def test_restart_what_is_unhealthy(self) -> None:
        check: dict[str, Any] = {"Test": ["CMD-SHELL", "false"], "Interval": 500_000_000, "Retries": 1}
        name = container(self, Healthcheck=check)
        until = time.monotonic() + 30
        while state(name)["Health"]["Status"] != "unhealthy" and time.monotonic() < until:
            time.sleep(0.1)
        before = state(name)["StartedAt"]
        run = self.run_story("Restart What Is Unhealthy")
        self.assertNotEqual(before, state(name)["StartedAt"])
        self.assertIn("Failed: none", run.report)
        engine.remove(f"/containers/{name}?force=1")
        self.assertIn("are healthy", self.run_story("Restart What Is Unhealthy").report)

    def test_weekly_posture_report(self) -> None:
        container(self, HostConfig={"Init": True})
        first = self.run_story("Weekly Posture Report", earlier="")
        self.assertIn("This is the first report.", first.report)
        kept = first.report.rpartition("for the next comparison: ")[2].rstrip(".")
        again = self.run_story("Weekly Posture Report", earlier=kept)
        self.assertIn("Nothing Is New", again.path)
        name = container(self, HostConfig={"Init": True, "PidMode": "host"})
        later = self.run_story("Weekly Posture Report", earlier=kept)
        self.assertIn("Something Is New", later.path)
        self.assertIn(f"high: The container shares the host's processes ({name});", later.report)


class Coverage(unittest.TestCase):
    def test_every_story_has_a_test(self) -> None:
        kinds = (Containing, Investigating, Deploying, Housekeeping)
        tests = " ".join(name for kind in kinds for name in dir(kind) if name.startswith("test_"))
        tests = tests.replace("test_quarantine_and_release", "quarantine_a_container release_a_container")
        stories = set(playbooks()) - TITLES
        self.assertGreaterEqual(len(stories), 12)
        for title in stories:
            self.assertIn(title.lower().replace(" ", "_"), tests)


if __name__ == "__main__":
    unittest.main()
