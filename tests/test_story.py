"""The main job, over a unix socket and over mutual TLS: each operation's success, and its likeliest failure."""

from __future__ import annotations

import hashlib
import json
import time
import unittest
from typing import Any

from support import configurations, engine
from support.case import OperationTestCase
from support.engine import IMAGE, api, container, network, state, unique
from support.scripted_server import Answer, ScriptedServer
from support.session import CONNECTOR


class Story:
    """The tests of one transport."""

    class OverAnyTransport(OperationTestCase):
        def assert_done(self, result: Any, name: str, outcome: str = "done") -> None:
            """An action's result: a sentence, what it was done to, and whether it was already up to date."""
            self.assertIn(name, result["result"])
            self.assertEqual((name, outcome), (result["id"], result["outcome"]))

        # The engine

        def test_health(self) -> None:
            self.assertIs(True, CONNECTOR.check_health(self.config))

        def test_ping(self) -> None:
            self.assertIn("OK", json.dumps(self.run_operation("ping")))

        def test_version(self) -> None:
            self.assertEqual(api("GET", "/version"), self.run_operation("get_version"))

        def test_info(self) -> None:
            info, expected = self.run_operation("get_info"), api("GET", "/info")
            self.assertEqual(set(expected), set(info))
            self.assertEqual(expected["ID"], info["ID"])

        def test_disk_usage(self) -> None:
            name = container(self)
            usage = self.run_operation("system_df")
            self.assertEqual(set(api("GET", "/system/df")), set(usage))
            self.assertIn(f"/{name}", [n for found in usage["Containers"] for n in found["Names"]])

        # A container's life

        def test_create(self) -> None:
            name = unique("container")
            self.addCleanup(engine.remove, f"/containers/{name}?force=1")
            created = self.run_operation(
                "create_container",
                name=name,
                image=IMAGE,
                Cmd=["sleep", "600"],
                Hostname="web",
                HostConfig={
                    "Memory": 64 * 1024 * 1024,
                    "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2},
                },
                additional_fields={"Env": ["COLOUR=blue"], "Labels": {"team": "soc"}},
            )
            found = api("GET", f"/containers/{name}/json")
            self.assertEqual(found["Id"], created["Id"])
            self.assertIn("Warnings", created)
            self.assertEqual(["sleep", "600"], found["Config"]["Cmd"])
            self.assertEqual("web", found["Config"]["Hostname"])
            self.assertEqual(64 * 1024 * 1024, found["HostConfig"]["Memory"])
            self.assertEqual(2, found["HostConfig"]["RestartPolicy"]["MaximumRetryCount"])
            self.assertIn("COLOUR=blue", found["Config"]["Env"])
            self.assertEqual("soc", found["Config"]["Labels"]["team"])

        def test_create_under_a_taken_name(self) -> None:
            name = container(self, start=False)
            text = self.refusal("create_container", name=name, image=IMAGE, Cmd=["true"])
            self.assertRegex(text, rf"^\[conflict 409\] create_container: .*{name}.* is already in use")

        def test_create_from_an_unknown_image(self) -> None:
            text = self.refusal("create_container", name=unique("container"), image="nobody/has:this")
            self.assertRegex(text, r"^\[not_found 404\] create_container: No such image: nobody/has:this\. .+")

        def test_start(self) -> None:
            name = container(self, start=False)
            self.assert_done(self.run_operation("start_container", id=name), name)
            self.assertTrue(state(name)["Running"])
            self.assert_done(self.run_operation("start_container", id=name), name, "already")

        def test_list(self) -> None:
            running, created = container(self, Labels={"mark": "a"}), container(self, start=False, Labels={"mark": "b"})

            def names(**params: Any) -> set[str]:
                listed = self.run_operation("list_containers", **params)
                return {name.lstrip("/") for found in listed for name in found["Names"]} & {running, created}

            self.assertEqual({running}, names())
            self.assertEqual({running, created}, names(all=True))
            self.assertEqual({created}, names(all=True, filters={"label": ["mark=b"]}))
            self.assertEqual({created}, names(all=True, filters='{"label": ["mark=b"]}'))
            self.assertEqual(1, len(self.run_operation("list_containers", all=True, limit=1)))
            self.assertIn("SizeRootFs", self.run_operation("list_containers", size=True)[0])

        def test_inspect(self) -> None:
            name = container(self)
            expected = api("GET", f"/containers/{name}/json")
            self.assertEqual(expected, self.run_operation("inspect_container", id=name))
            self.assertEqual(expected, self.run_operation("inspect_container", id=expected["Id"][:12]))
            self.assertIn("SizeRw", self.run_operation("inspect_container", id=name, size=True))

        def test_inspect_what_is_not_there(self) -> None:
            text = self.refusal("inspect_container", id="nope")
            self.assertRegex(text, r"^\[not_found 404\] inspect_container: No such container: nope\. .+")

        def test_stop(self) -> None:
            name = container(self)
            self.assert_done(self.run_operation("stop_container", id=name, t=5), name)
            self.assertFalse(state(name)["Running"])
            self.assert_done(self.run_operation("stop_container", id=name), name, "already")

        def test_stop_waits_for_its_grace_period(self) -> None:
            name = container(self, "sh", "-c", "trap '' TERM; while :; do sleep 0.1; done")
            began = time.monotonic()
            self.assert_done(self.run_operation("stop_container", id=name, t=2), name)
            self.assertGreater(time.monotonic() - began, 1.9)
            self.assertEqual(137, state(name)["ExitCode"])

        def test_restart(self) -> None:
            name = container(self)
            before = state(name)["StartedAt"]
            self.assert_done(self.run_operation("restart_container", id=name, t=0), name)
            self.assertTrue(state(name)["Running"])
            self.assertNotEqual(before, state(name)["StartedAt"])

        def test_kill(self) -> None:
            name = container(self)
            self.assert_done(self.run_operation("kill_container", id=name, signal="SIGKILL"), name)
            text = self.refusal("kill_container", id=name)
            self.assertRegex(text, r"^\[conflict 409\] kill_container: .*is not running")

        def test_rename(self) -> None:
            name, new = container(self), unique("container")
            self.assertIn(new, self.run_operation("rename_container", id=name, name=new)["result"])
            self.addCleanup(engine.remove, f"/containers/{new}?force=1")
            self.assertTrue(state(new)["Running"])

        def test_remove(self) -> None:
            name = container(self)
            text = self.refusal("remove_container", id=name)
            self.assertRegex(text, r"^\[conflict 409\] remove_container: .*\brunning\b")
            self.assert_done(self.run_operation("remove_container", id=name, force=True), name)
            self.assertRegex(self.refusal("inspect_container", id=name), r"^\[not_found 404\]")

        # What a container does

        def test_logs(self) -> None:
            name = container(self, "sh", "-c", "echo one; echo two >&2; sleep 0.2; echo three; sleep 600")
            self.wait_for_log(name, "three")
            logs = self.run_operation("container_logs", id=name)
            self.assertEqual(("one\nthree\n", "two\n"), (logs["stdout"], logs["stderr"]))
            self.assertEqual({"one", "two", "three"}, set(logs["output"].split()))
            self.assertIs(False, logs["truncated"])
            only_errors = self.run_operation("container_logs", id=name, stdout=False, stderr=True)
            self.assertEqual(("", "two\n"), (only_errors["stdout"], only_errors["stderr"]))
            self.assertEqual("three\n", self.run_operation("container_logs", id=name, tail="1")["stdout"])
            self.assertEqual("", self.run_operation("container_logs", id=name, tail="0")["output"])
            stamped = self.run_operation("container_logs", id=name, timestamps=True, stderr=False, stdout=True)
            self.assertRegex(stamped["stdout"], r"^\d{4}-\d\d-\d\dT\S+ one\n\d{4}-\S+ three\n$")

        def test_logs_of_a_form_as_it_stands(self) -> None:
            name = container(self, "echo", "hello")
            self.wait_for_log(name, "hello")
            form = {"follow": False, "stdout": False, "stderr": False, "since": "", "until": None, "tail": "all"}
            self.assertEqual("hello\n", self.run_operation("container_logs", id=name, **form)["stdout"])

        def test_logs_of_a_terminal(self) -> None:
            name = container(self, "echo", "hello", Tty=True)
            self.wait_for_log(name, "hello")
            self.assertEqual("hello\r\n", self.run_operation("container_logs", id=name)["output"])

        def wait_for_log(self, name: str, text: str) -> None:
            """Until the engine has written what the container said."""
            deadline = time.monotonic() + 10
            while text not in self.run_operation("container_logs", id=name)["output"]:
                self.assertLess(time.monotonic(), deadline, f"{name} never said {text}")
                time.sleep(0.05)

        def test_stats(self) -> None:
            name = container(self)
            began = time.monotonic()
            stats = self.run_operation("container_stats", id=name, stream=True)  # as the published form sends it
            self.assertLess(time.monotonic() - began, 5)
            self.assertEqual(f"/{name}", stats["name"])
            self.assertGreater(stats["memory_stats"]["usage"], 0)
            self.assertIn("cpu_usage", stats["cpu_stats"])

        def test_exec(self) -> None:
            name = container(self)
            script = "echo out; echo err >&2; exit 3"
            ran = self.run_operation("exec_container", id=name, Cmd=["sh", "-c", script])
            self.assertEqual(("out\n", "err\n", 3), (ran["stdout"], ran["stderr"], ran["exit_code"]))
            self.assertEqual({"out", "err"}, set(ran["output"].split()))
            self.assertIs(False, ran["truncated"])

        def test_exec_options(self) -> None:
            name = container(self)
            ran = self.run_operation(
                "exec_container",
                id=name,
                Cmd='["sh", "-c", "pwd; echo $COLOUR"]',
                WorkingDir="/tmp",
                additional_fields={"Env": ["COLOUR=blue"]},
            )
            self.assertEqual(("/tmp\nblue\n", 0), (ran["stdout"], ran["exit_code"]))

        def test_exec_of_what_is_not_there(self) -> None:
            ran = self.run_operation("exec_container", id=container(self), Cmd=["no-such-program"])
            self.assertIn(ran["exit_code"], (126, 127))

        def test_exec_in_a_stopped_container(self) -> None:
            text = self.refusal("exec_container", id=container(self, start=False), Cmd=["true"])
            self.assertRegex(text, r"^\[conflict 409\] exec_container: .*is not running\. .+")

        def test_exec_with_much_output(self) -> None:
            ran = self.run_operation("exec_container", id=container(self), Cmd=["seq", "20000"])
            self.assertEqual([str(n) for n in range(1, 20001)], ran["stdout"].split())

        # Images

        def test_list_images(self) -> None:
            listed = self.run_operation("list_images", filters={"reference": [IMAGE]})
            self.assertEqual([IMAGE], [tag for image in listed for tag in image["RepoTags"]])
            self.assertEqual([], self.run_operation("list_images", filters={"reference": ["nobody/has:this"]}))

        def test_inspect_image(self) -> None:
            self.assertEqual(api("GET", f"/images/{IMAGE}/json"), self.run_operation("inspect_image", name=IMAGE))
            text = self.refusal("inspect_image", name="nobody/has:this")
            self.assertRegex(text, r"^\[not_found 404\] inspect_image: (?i:no such image): nobody/has:this.*\. .+")

        def test_tag_and_remove_image(self) -> None:
            repository = f"fsr.test/{unique('image')}"
            self.addCleanup(engine.remove, f"/images/{repository}:one")
            self.assertEqual("done", self.run_operation("tag_image", name=IMAGE, repo=repository, tag="one")["outcome"])
            self.assertIn(f"{repository}:one", api("GET", f"/images/{IMAGE}/json")["RepoTags"])
            removed = self.run_operation("remove_image", name=f"{repository}:one")
            self.assertIn({"Untagged": f"{repository}:one"}, removed)
            self.assertNotIn(f"{repository}:one", api("GET", f"/images/{IMAGE}/json")["RepoTags"])

        def test_remove_an_image_in_use(self) -> None:
            container(self)
            text = self.refusal("remove_image", name=api("GET", f"/images/{IMAGE}/json")["Id"])
            self.assertRegex(text, r"^\[conflict 409\] remove_image: .+")

        def test_pull_from_a_registry_that_is_not_there(self) -> None:
            text = self.refusal("pull_image", fromImage="127.0.0.1:1/nothing", tag="latest")
            self.assertRegex(text, r"^\[[a-z_]+( 500)?\] pull_image: .*connection refused")

        def test_pull_that_fails_within_a_success(self) -> None:
            """The engine has answered 200 by the time that it asks the registry for a layer that is not there."""
            digest = "sha256:" + "0" * 64
            described = {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 2, "digest": digest}
            layer = {"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip", "size": 2, "digest": digest}
            kind = "application/vnd.docker.distribution.manifest.v2+json"
            manifest = {"schemaVersion": 2, "mediaType": kind, "config": described, "layers": [layer]}
            content = "sha256:" + hashlib.sha256(json.dumps(manifest).encode()).hexdigest()
            answer = Answer(200, manifest, {"Content-Type": kind, "Docker-Content-Digest": content})
            path = "/v2/broken/manifests"
            script = {"GET /v2/": Answer(200, {}), f"HEAD {path}/latest": answer, f"GET {path}/{content}": answer}
            with ScriptedServer(script) as registry:
                text = self.refusal("pull_image", fromImage=f"{registry.address}/broken", tag="latest")
                self.assertIn(f"GET /v2/broken/blobs/{digest}", registry.seen)
            self.assertRegex(text, r"^\[failed( 200)?\] pull_image: .*unknown blob")

        # Networks

        def test_list_networks(self) -> None:
            name = network(self)
            listed = self.run_operation("list_networks", filters={"name": [name]})
            self.assertEqual([name], [found["Name"] for found in listed])

        def test_inspect_network(self) -> None:
            name = network(self)
            self.assertEqual(api("GET", f"/networks/{name}"), self.run_operation("inspect_network", id=name))
            text = self.refusal("inspect_network", id="nope")
            self.assertRegex(text, r"^\[not_found 404\] inspect_network: .*nope.*\. .+")

        def test_connect_and_disconnect(self) -> None:
            net, name = network(self), container(self)

            def networks() -> set[str]:
                return set(api("GET", f"/containers/{name}/json")["NetworkSettings"]["Networks"])

            more = {"EndpointConfig": {"Aliases": ["web"]}}
            connected = self.run_operation("connect_network", id=net, Container=name, additional_fields=more)
            self.assertEqual("done", connected["outcome"])
            self.assertIn(net, networks())
            endpoint = api("GET", f"/containers/{name}/json")["NetworkSettings"]["Networks"][net]
            self.assertIn("web", endpoint["Aliases"])
            self.assertEqual("done", self.run_operation("disconnect_network", id=net, Container=name)["outcome"])
            self.assertNotIn(net, networks())


class OverUnixSocket(Story.OverAnyTransport):
    config = configurations.over_unix()


class OverMutualTls(Story.OverAnyTransport):
    config = configurations.over_tls()


class CertificatesAsText(OperationTestCase):
    """The other ways to give certificates than files of FortiSOAR's."""

    def test_paths(self) -> None:
        folder = configurations.CERTIFICATES
        config = {
            **configurations.over_tls(),
            "cert_path": str(folder / "cert.pem"),
            "key_path": str(folder / "key.pem"),
            "ca_cert_path": str(folder / "ca.pem"),
        }
        self.assertIs(True, CONNECTOR.check_health(config))

    def test_pem(self) -> None:
        folder = configurations.CERTIFICATES
        config = {
            **configurations.over_tls(),
            "cert_path": (folder / "cert.pem").read_text(),
            "key_path": (folder / "key.pem").read_text(),
            "ca_cert_path": (folder / "ca.pem").read_text(),
        }
        self.assertIs(True, CONNECTOR.check_health(config))


if __name__ == "__main__":
    unittest.main()
