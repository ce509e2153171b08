"""Services of a swarm of one node: updates lose nothing, whoever else makes some, and a stop is undone by a resume."""

from __future__ import annotations

import threading
import time
from typing import Any

from support import engine, registry, services
from support.case import OperationTestCase
from support.configurations import over_unix
from support.engine import IMAGE, api, unique
from support.recorder import Answer, Recorder
from support.scene import Scene, leave_swarm
from support.session import execute

WRITERS = 8


class ServiceTestCase(OperationTestCase):
    """With a swarm of one node."""

    def setUp(self) -> None:
        super().setUp()
        self.addClassCleanup(leave_swarm)
        self.scene = Scene(self)
        self.scene["swarm"]

    def service(self, **changes: Any) -> str:
        """A service whose one task runs; `changes` are fields of its specification."""
        name = unique("service")
        self.addCleanup(engine.remove, f"/services/{name}")
        services.create({**services.spec(name), **changes})
        services.wait_until_it_runs(name)
        return name


class Updates(ServiceTestCase):
    def test_nothing_is_lost_at_any_version(self) -> None:
        """A service that has all that the engine takes, updated in one field, at each version that can be pinned."""
        name = services.equipped(self)
        newest = tuple(map(int, engine.api_version().split(".")))
        for pinned in ["", *(f"v1.{minor}" for minor in range(40, newest[1] + 1))]:
            with self.subTest(pinned):
                before = services.inspect(name)["Spec"]
                labels = {"at": pinned or "newest"}
                execute({**over_unix(), "api_version": pinned}, "update_service", id=name, container_labels_add=labels)
                expected = before | {"TaskTemplate": before["TaskTemplate"] | {}}
                container = before["TaskTemplate"]["ContainerSpec"]
                expected["TaskTemplate"]["ContainerSpec"] = {**container, "Labels": {**container["Labels"], **labels}}
                self.assertEqual(expected, services.inspect(name)["Spec"])

    def test_each_kind_of_update_keeps_the_rest(self) -> None:
        name = services.equipped(self)
        config = {**over_unix(), "api_version": "v1.40"}
        before = services.inspect(name)["Spec"]
        execute(config, "scale_service", id=name, replicas=2)
        execute(config, "scale_service", id=name, replicas=1)
        execute(config, "force_update_service", id=name)
        before["TaskTemplate"]["ForceUpdate"] += 1
        self.assertEqual(before, services.inspect(name)["Spec"])

    def test_a_rotation_keeps_the_rest(self) -> None:
        name = services.equipped(self)
        self.addCleanup(engine.remove, f"/secrets/{name}-new")
        self.addCleanup(engine.remove, f"/services/{name}")
        before = services.inspect(name)["Spec"]
        config = {**over_unix(), "api_version": "v1.40"}
        params = {"id": f"{name}-secret", "new_name": f"{name}-new", "data": "changed", "timeout": 60}
        new = execute(config, "rotate_secret", **params)["new_id"]
        used = before["TaskTemplate"]["ContainerSpec"]["Secrets"][0]
        used |= {"SecretID": new, "SecretName": f"{name}-new"}
        self.assertEqual(before, services.inspect(name)["Spec"])

    def test_what_an_older_engine_would_drop_is_refused_by_name(self) -> None:
        lacks: list[tuple[tuple[int, int], str, dict[str, Any]]] = [
            ((1, 44), "NoNewPrivileges", {"NoNewPrivileges": "On"}),
            ((1, 46), "OomScoreAdj", {"OomScoreAdj": 5}),
            ((1, 46), "OomScoreAdj", {"TaskTemplate": {"ContainerSpec": {"OomScoreAdj": 5}}}),
            ((1, 52), "SwapBytes", {"additional_fields": {"TaskTemplate": {"Resources": {"SwapBytes": 1 << 20}}}}),
        ]
        version = tuple(map(int, engine.api_version().split(".")))
        name = self.service()
        for since, setting, params in lacks:
            if version >= since:
                continue
            for operation, target in (("update_service", {"id": name}), ("create_service", {"image": IMAGE})):
                with self.subTest(operation, **params):
                    text = self.refusal(operation, **target, **params)
                    self.assertIn("[unsupported]", text)
                    self.assertIn(setting, text)
                    self.assertIn(f"API {since[0]}.{since[1]}", text)

    def test_each_of_many_writers_changes_it_once(self) -> None:
        """F28: an update that is out of sequence is made again, of what the service is by then."""
        name = self.service()
        failed: list[BaseException] = []

        def write(number: int) -> None:
            try:
                execute(over_unix(), "update_service", id=name, labels_add={f"writer-{number}": "1"})
                execute(over_unix(), "force_update_service", id=name)
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], failed)
        spec = services.inspect(name)["Spec"]
        self.assertEqual({f"writer-{number}" for number in range(WRITERS)}, set(spec["Labels"]))
        self.assertEqual(WRITERS, spec["TaskTemplate"]["ForceUpdate"])

    def test_single_entries_come_and_go(self) -> None:
        name = services.equipped(self)
        own = f"{name}-other"
        for kind in ("secrets", "configs"):
            api("POST", f"/{kind}/create", {"Name": own, "Data": "eA=="})
            self.addCleanup(engine.remove, f"/{kind}/{own}")
        self.addCleanup(engine.remove, f"/services/{name}")
        self.run_operation(
            "update_service",
            id=name,
            labels_add="b=2",
            labels_remove=name,
            env_add={"C": "3"},
            env_remove="A",
            mounts_add="type=tmpfs,target=/more,tmpfs-size=1m",
            mounts_remove="/memory, /host",
            secrets_add=f"source={own},target=second",
            secrets_remove=f"{name}-secret",
            configs_add=own,
            configs_remove=f"{name}-config",
            publish_remove="80",
            publish_add="mode=host,published=18081,target=81",
            constraints_add="node.platform.os==linux",
            hosts_remove="127.0.0.1 other",
            groups_add="10",
            networks_remove=f"{name}-net",
        )
        spec = services.inspect(name)["Spec"]
        container = spec["TaskTemplate"]["ContainerSpec"]
        self.assertEqual({"b": "2", "updated": "1"}, spec["Labels"])
        self.assertEqual(["B=2", "C=3"], container["Env"])
        self.assertEqual(["/data", "/more"], [mount["Target"] for mount in container["Mounts"]])
        self.assertEqual(["second"], [secret["File"]["Name"] for secret in container["Secrets"]])
        self.assertEqual([f"/{own}"], [config["File"]["Name"] for config in container["Configs"]])
        self.assertEqual([81], [port["TargetPort"] for port in spec["EndpointSpec"]["Ports"]])
        self.assertEqual(
            ["node.role==manager", "node.platform.os==linux"], spec["TaskTemplate"]["Placement"]["Constraints"]
        )
        self.assertEqual([], container.get("Hosts", []))
        self.assertEqual(["9", "10"], container["Groups"])
        self.assertEqual([], spec["TaskTemplate"].get("Networks") or [])

    def test_an_update_for_a_version_that_has_passed_is_refused(self) -> None:
        name = self.service()
        version = services.inspect(name)["Version"]["Index"]
        self.run_operation("update_service", id=name, labels_add="a=1")
        text = self.refusal("update_service", id=name, labels_add="b=1", version=version)
        self.assertRegex(text, rf"\[conflict\] .* the change is for version {version}")
        self.assertEqual({"a": "1"}, services.inspect(name)["Spec"]["Labels"])


class Containment(ServiceTestCase):
    def test_a_stop_is_undone_by_a_resume(self) -> None:
        for mode, count in (({"Replicated": {"Replicas": 2}}, 2), ({"Global": {}}, 1)):
            with self.subTest(**mode):
                name = unique("service")
                self.addCleanup(engine.remove, f"/services/{name}")
                placement = {"Constraints": ["node.role==manager"]}
                spec = services.spec(name)
                task = {**spec["TaskTemplate"], "Placement": placement}
                services.create({**spec, "Mode": mode, "TaskTemplate": task, "Labels": {"a": "1"}})
                services.wait_until_it_runs(name, count)
                before = services.inspect(name)["Spec"]
                stopped = self.run_operation("stop_service", id=name)
                self.assertEqual(("done", 0, False), (stopped["outcome"], stopped["running"], stopped["timed_out"]))
                self.assertEqual([], services.running(name))
                self.assertEqual("already", self.run_operation("stop_service", id=name)["outcome"])
                # It stays so, whatever else changes.
                self.run_operation("force_update_service", id=name)
                time.sleep(2)
                self.assertEqual([], services.running(name))
                self.assertEqual("done", self.run_operation("resume_service", id=name)["outcome"])
                services.wait_until_it_runs(name, count)
                before["TaskTemplate"]["ForceUpdate"] += 1
                self.assertEqual(before, services.inspect(name)["Spec"])

    def test_what_is_protected_is_neither_stopped_nor_changed(self) -> None:
        """By its name, by its containers' label, and by a task's container."""
        name = unique("service")
        self.addCleanup(engine.remove, f"/services/{name}")
        services.create(services.spec(name, Labels={"tier": "db"}))
        services.wait_until_it_runs(name)
        container = services.running(name)[0]["Status"]["ContainerStatus"]["ContainerID"]
        for rule in (name, "label:tier=db", api("GET", f"/containers/{container}/json")["Name"].lstrip("/")):
            config = {**over_unix(), "protected_containers": rule}
            for operation, params in (
                ("stop_service", {}),
                ("scale_service", {"replicas": 0}),
                ("update_service", {"env_add": "A=1"}),
                ("force_update_service", {}),
                ("rollback_service", {}),
                ("remove_service", {}),
            ):
                with self.subTest(operation, rule=rule):
                    self.assertIn("[blocked_by_policy]", self.refusal_with(config, operation, id=name, **params))
        self.assertEqual(1, len(services.running(name)))

    def test_a_service_does_not_mount_what_a_protected_container_has(self) -> None:
        volume = unique("volume")
        self.addCleanup(services.remove_when_free, f"/volumes/{volume}")
        name = self.service()
        owner = engine.container(self, HostConfig={"Binds": [f"{volume}:/data"]})
        config = {**over_unix(), "protected_containers": owner}
        mount = f"type=volume,source={volume},target=/data"
        for operation, params in (
            ("create_service", {"name": f"{name}-2", "image": IMAGE, "Mounts": mount}),
            ("create_service", {"image": IMAGE, "TaskTemplate": {"containerspec": {"mounts": [{"Source": volume}]}}}),
            ("update_service", {"id": name, "mounts_add": mount}),
            ("update_service", {"id": name, "Mounts": mount}),
        ):
            with self.subTest(operation, **params):
                self.assertIn("[blocked_by_policy]", self.refusal_with(config, operation, **params))
        execute(config, "update_service", id=name, mounts_add=f"{mount},readonly")


class Rollouts(ServiceTestCase):
    """A broken image is rolled out, and back."""

    def broken(self, action: str) -> str:
        """A service of two tasks whose update to an image that nobody has fails, and what that leads to."""
        watched = {"Monitor": services.SECOND, "Parallelism": 1}
        name = unique("service")
        self.addCleanup(engine.remove, f"/services/{name}")
        mode = {"Replicated": {"Replicas": 2}}
        updates = {"UpdateConfig": {**watched, "FailureAction": action}, "RollbackConfig": watched}
        services.create({**services.spec(name), "Mode": mode, **updates})
        self.assertEqual(2, self.run_operation("wait_for_service", id=name, timeout=60)["running"])
        update = {"image": "fsr.test/nobody-has-this:1", "resolve_image": False}
        self.assertEqual("done", self.run_operation("update_service", id=name, **update)["outcome"])
        return name

    def test_a_paused_update_is_an_error_that_says_why(self) -> None:
        name = self.broken("pause")
        text = self.refusal("wait_for_service", id=name, timeout=60)
        self.assertRegex(text, rf"^\[failed\] wait_for_service: Service {name} has not converged: its update is paused")
        self.assertRegex(text, rf"{name}\.[12] rejected: [^;]*[Nn]o such image")
        self.assertEqual("done", self.run_operation("rollback_service", id=name)["outcome"])
        result = self.run_operation("wait_for_service", id=name, timeout=60)
        self.assertEqual((2, "rollback_completed"), (result["running"], result["update_state"]))
        self.assertEqual(IMAGE, services.inspect(name)["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"])

    def test_an_update_that_was_rolled_back_is_an_error(self) -> None:
        name = self.broken("rollback")
        for _ in range(2):  # while it is rolled back, and afterwards
            text = self.refusal("wait_for_service", id=name, timeout=60)
            self.assertRegex(text, r"its update failed and was rolled back")
            self.assertRegex(text, rf"{name}\.[12] rejected: [^;]*[Nn]o such image")
        self.assertEqual(IMAGE, services.inspect(name)["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"])


class Images(ServiceTestCase):
    def test_an_image_is_pinned_to_what_the_registry_has(self) -> None:
        """The registry wants a sign-in, which goes along to the nodes."""
        server = registry.Registry()
        self.addCleanup(server.close)
        image, name = self.scene["pushed"], self.scene["new_service"]
        signed_in = {"registry_username": registry.USERNAME, "registry_password": registry.PASSWORD}
        given = {"image": image, "Args": "sleep 600", "Init": "On", "StopGracePeriod": "1s", "update_monitor": "1s"}
        made = self.run_operation("create_service", name=name, **given, **signed_in)
        self.assertRegex(made["image"], rf"^{image}@sha256:[0-9a-f]{{64}}$")
        self.assertEqual([], made["Warnings"])
        self.assertEqual(1, self.run_operation("wait_for_service", id=name, timeout=60)["running"])
        # An update of something else leaves the image as it is, also where no registry answers any more.
        server.close()
        updated = self.run_operation("update_service", id=name, labels_add="a=1")
        self.assertEqual(made["image"], updated["image"])
        unpinned = self.run_operation("update_service", id=name, image=image, **signed_in)
        self.assertEqual((image, 1), (unpinned["image"], len(unpinned["Warnings"])))


class Logs(ServiceTestCase):
    def test_a_terminal_has_no_frames(self) -> None:
        name = unique("service")
        self.addCleanup(engine.remove, f"/services/{name}")
        services.create(services.spec(name, TTY=True, Command=["sh", "-c", "echo out; sleep 600"]))
        services.wait_until_it_runs(name)
        time.sleep(1)
        logs = self.run_operation("service_logs", id=name)
        self.assertEqual(("out\r\n", []), (logs["stdout"], logs["errors"]))

    def test_what_a_node_does_not_give_is_told(self) -> None:
        """Errors come after the 200, as frames of a third kind, and leave what other nodes gave of use."""
        frame = b"\3\0\0\0\0\0\0\x0fnode n2 is lost"
        body = frame + b"\1\0\0\0\0\0\0\4out\n" + frame
        kind = {"Content-Type": "application/vnd.docker.multiplexed-stream"}
        for operation, path in (("service_logs", "/services/web/logs"), ("task_logs", "/tasks/web/logs")):
            with self.subTest(operation), Recorder("1.42", {f"GET {path}": Answer(200, body, kind)}) as recorder:
                logs = execute(over_unix(recorder.socket), operation, id="web")
                self.assertEqual(("out\n", 2), (logs["stdout"], len(logs["errors"])))
                self.assertIn("node n2 is lost", logs["errors"][0])

    def test_following_ends_at_the_time_limit(self) -> None:
        name, begun = self.scene["writing_service"], time.monotonic()
        logs = self.run_operation("service_logs", id=name, follow=True, timeout=2)
        self.assertTrue(logs["timed_out"])
        self.assertEqual(("out\n", "err\n"), (logs["stdout"], logs["stderr"]))
        self.assertLess(time.monotonic() - begun, 10)
