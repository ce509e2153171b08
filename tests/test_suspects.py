"""Isolation and evidence where something works against them: the suspect itself, a full disk, an engine that ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import time
import unittest
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from support import configurations, session
from support.engine import IMAGE, RefusedError, api, connection, container, is_podman, remove, state, unique
from support.isolation import IsolationTestCase, differences, inspect, networks_of
from support.second_engine import SecondEngine
from support.session import execute

ALL = bool(os.environ.get("FSR_TEST_ALL"))
# How long what the kernel sends again may take to arrive.
RETRANSMISSION = 60


class Suspects(IsolationTestCase):
    """On the private engine."""

    def test_a_client_hears_nothing_until_the_release(self) -> None:
        """Its connection is neither closed nor reset. The server's address comes back, and what was said meanwhile."""
        name = self.member("sh", "-c", "nc -ll -p 9000 -e cat", networks=1)
        [(where, settings)] = inspect(name)["NetworkSettings"]["Networks"].items()
        address = settings["IPAMConfig"]["IPv4Address"]
        ticks = "n=0; while :; do n=$((n+1)); echo tick$n; sleep 0.2; done"
        client = container(
            self, "sh", "-c", f"sleep 1; ({ticks}) | nc {address} 9000", HostConfig={"Init": True, "NetworkMode": where}
        )
        self.until(lambda: len(heard(client)) > 3)
        before = inspect(name)
        self.isolated(name, method="Network")
        silent = len(heard(client))
        time.sleep(2)
        self.assertLessEqual(len(heard(client)), silent + 1)
        self.assertEqual("running", state(client)["Status"], "its connection was closed")
        self.released(name, before)
        self.until(lambda: len(heard(client)) > silent + 10, RETRANSMISSION)
        lines = heard(client)
        self.assertEqual([f"tick{n + 1}" for n in range(len(lines))], lines, "what was said meanwhile comes, too")

    def test_one_that_holds_the_engines_socket_takes_no_further_step(self) -> None:
        """What could command the engine stands still: it cannot release itself."""
        count = "n=0; while :; do n=$((n+1)); echo $n > /.count; mv /.count /count; done"
        name = container(
            self, "sh", "-c", count, HostConfig={"Init": True, "Binds": ["/run/sockets/docker.sock:/docker.sock"]}
        )
        self.until(lambda: bool(read(name, "/count")))
        result = self.isolated(name)
        self.assertEqual("freeze", result["method"])
        self.assertIn("engine socket", {way["way"] for way in result["not_cut"]})
        first = read(name, "/count")
        time.sleep(0.5)
        self.assertEqual(first, read(name, "/count"))

    def test_one_that_starts_itself_again_stays_down(self) -> None:
        """It ends as soon as its network is gone, and relies on its restart policy."""
        script = "while ip address show eth0 > /dev/null 2>&1; do sleep 0.1; done; exit 1"
        name = container(self, "sh", "-c", script, HostConfig={"RestartPolicy": {"Name": "always"}})
        time.sleep(0.5)
        result = self.isolated(name, method="Network")
        self.assertIn("its memory is lost", str(result["warnings"]))
        self.until(lambda: not state(name)["Running"])
        time.sleep(2)
        self.assertEqual("exited", state(name)["Status"])
        [listed] = self.run_operation("list_isolated")
        self.assertEqual(("exited", True), (listed["status"], listed["consistent"]))
        released = self.run_operation("release_container", id=name)
        self.assertIn("It has ended since", str(released["differs"]))
        self.assertEqual("always", inspect(name)["HostConfig"]["RestartPolicy"]["Name"])

    def test_one_that_changes_all_its_files_is_copied_whole(self) -> None:
        """Isolated with its evidence, in one call: it truncates, grows and removes files until it is frozen."""
        loop = (
            "echo z > /zlast; while :; do for n in 1 2 3; do head -c 4000000 /dev/zero > /.$n; : > /.$n; done; rm /.1;"
            " ln -sf /etc/shadow /.link; done"
        )
        name = container(self, "sh", "-c", loop)
        time.sleep(0.5)
        evidence = self.isolated(name, evidence="Full")["evidence"]
        self.assertTrue(all(item["complete"] for item in evidence["items"]), evidence["items"])
        self.assertTrue(self.run_operation("verify_evidence", attachment=evidence["attachment"])["valid"])
        self.assertEqual("running", state(name)["Status"])


class Modes(IsolationTestCase):
    """Each network mode and kind of network, and what the engine allows there."""

    def checked_mode(self, name: str, method: str) -> None:
        before = inspect(name)
        result = self.run_operation("isolate_container", id=name)
        self.assertEqual(("done", method), (result["outcome"], result["method"]))
        self.assertEqual([], networks_of(name))
        self.released(name, before)

    def test_a_network_without_a_way_out_is_cut_too(self) -> None:
        """Its host, and whoever else is in it, can be reached by it."""
        where = unique("network")
        api("POST", "/networks/create", {"Name": where, "Internal": True})
        self.addCleanup(remove, f"/networks/{where}")
        self.checked_mode(container(self, HostConfig={"Init": True, "NetworkMode": where}), "network")

    def test_a_network_of_the_hosts_own_link(self) -> None:
        where, part = unique("network"), os.getpid() % 200 + 20
        try:
            config = {"Subnet": f"10.199.{part}.0/24"}
            api("POST", "/networks/create", {"Name": where, "Driver": "macvlan", "IPAM": {"Config": [config]}})
        except RefusedError as refusal:
            self.skipTest(f"no macvlan here: {refusal}")
        self.addCleanup(remove, f"/networks/{where}")
        place = {where: {"IPAMConfig": {"IPv4Address": f"10.199.{part}.9"}}}
        host = {"Init": True, "NetworkMode": where}
        name = container(self, HostConfig=host, NetworkingConfig={"EndpointsConfig": place})
        self.checked_mode(name, "network")

    def test_one_with_the_hosts_network_that_does_not_run(self) -> None:
        """It has nothing to be cut and nothing to be frozen, and stays down."""
        policy = {"Name": "always"}
        name = container(self, start=False, HostConfig={"NetworkMode": "host", "RestartPolicy": policy})
        before = inspect(name)
        result = self.run_operation("isolate_container", id=name, method="Freeze")
        self.assertEqual("no", inspect(name)["HostConfig"]["RestartPolicy"]["Name"], result)
        self.assertTrue(self.refusal("start_container", id=name).startswith("[isolated]"))
        self.released(name, before)

    def test_one_whose_network_others_use(self) -> None:
        name = self.member(networks=1)
        other = container(self, HostConfig={"Init": True, "NetworkMode": f"container:{name}"})
        before = inspect(name)
        result = self.isolated(name, method="Network")
        self.assertEqual([other], [one["name"] for one in result["sharers"]])
        self.released(name, before)

    def test_one_with_two_networks_of_one_name(self) -> None:
        """Version 20.10 shows only one of them with the container."""
        where, ids = unique("network"), list[str]()
        for _ in range(2):
            try:
                ids.append(api("POST", "/networks/create", {"Name": where, "CheckDuplicate": False})["Id"])
            except RefusedError as refusal:
                self.skipTest(f"no two networks have one name here: {refusal}")
            finally:
                for network in ids:
                    self.addCleanup(remove, f"/networks/{network}")
        name = container(self)
        for network in ids:
            api("POST", f"/networks/{network}/connect", {"Container": name})
        self.isolated(name, method="Network")
        self.run_operation("release_container", id=name)
        self.assertEqual({"bridge", where}, set(networks_of(name)))
        self.assertEqual(3, len(networks_of(name)))


class Tasks(IsolationTestCase):
    """Tasks of a swarm, and a container in the swarm's network."""

    network = ""

    @classmethod
    def setUpClass(cls) -> None:
        if is_podman():
            raise unittest.SkipTest("Podman has no swarm")
        api("POST", "/swarm/init", {"AdvertiseAddr": "127.0.0.1", "ListenAddr": "127.0.0.1:2377"})
        cls.addClassCleanup(api, "POST", "/swarm/leave?force=1")
        cls.network = unique("network")
        subnet = {"Subnet": "10.196.7.0/24"}
        overlay = {"Driver": "overlay", "Attachable": True, "IPAM": {"Config": [subnet]}}
        api("POST", "/networks/create", {"Name": cls.network, **overlay})

    def task(self, **container: Any) -> tuple[str, str]:
        """A service of one task, and the task's container, which runs."""
        spec = {"ContainerSpec": {"Image": IMAGE, "Command": ["sleep", "600"], "Init": True, **container}}
        spec["Networks"] = [{"Target": self.network}]  # type: ignore[assignment]
        name = unique("service")
        service = api("POST", "/services/create", {"Name": name, "TaskTemplate": spec})["ID"]
        self.addCleanup(remove, f"/services/{service}")
        self.until(lambda: bool(containers_of(service)), 60)
        return name, containers_of(service)[0]

    def test_one_with_a_health_check_is_frozen_and_not_replaced(self) -> None:
        service, task = self.task(Healthcheck={"Test": ["CMD", "true"], "Interval": 1_000_000_000})
        result = self.run_operation("isolate_container", id=task)
        self.assertEqual("freeze", result["method"])
        for refused in ("stop_service", "force_update_service"):
            self.assertTrue(self.refusal(refused, id=service).startswith("[isolated]"))
        time.sleep(5)
        self.assertEqual([task], containers_of(service))
        self.assertEqual([], networks_of(task))
        evidence = self.run_operation("collect_evidence", id=task)
        names = {item["name"] for item in evidence["items"]}
        self.assertTrue({"swarm/task.json", "swarm/service.json", "file-system.tar"} <= names, names)
        self.assertTrue(self.run_operation("verify_evidence", attachment=evidence["attachment"])["valid"])
        released = self.run_operation("release_container", id=task)
        self.assertEqual(("done", False), (released["outcome"], state(task)["Paused"]), released)
        self.assertIn(self.network, networks_of(task))

    def test_one_without_a_health_check_is_cut_and_not_replaced(self) -> None:
        service, task = self.task()
        result = self.run_operation("isolate_container", id=task)
        self.assertEqual("network", result["method"])
        self.assertIn("force_update_service", str(result["warnings"]))
        time.sleep(3)
        self.assertEqual(([task], []), (containers_of(service), networks_of(task)))
        self.run_operation("release_container", id=task)

    def test_a_container_in_the_swarms_network(self) -> None:
        host = {"Init": True, "NetworkMode": self.network}
        place = {self.network: {"IPAMConfig": {"IPv4Address": "10.196.7.77"}}}
        name = container(self, HostConfig=host, NetworkingConfig={"EndpointsConfig": place})
        before = inspect(name)
        self.isolated(name, method="Network")
        self.assertEqual("done", self.run_operation("release_container", id=name)["outcome"])
        after = inspect(name)["NetworkSettings"]["Networks"][self.network]
        self.assertEqual(before["NetworkSettings"]["Networks"][self.network]["IPAddress"], after["IPAddress"])


class AddressesInBetween(IsolationTestCase):
    """What somebody else has taken when a container comes back."""

    def test_an_address_of_one_that_does_not_run(self) -> None:
        """A stopped container holds its address by its configuration: the engine would refuse it only at its start."""
        name = self.member(networks=1, start=False)
        [(where, settings)] = inspect(name)["NetworkSettings"]["Networks"].items()
        before = inspect(name)
        self.isolated(name)
        thief = container(
            self,
            start=False,
            HostConfig={"NetworkMode": where},
            NetworkingConfig={"EndpointsConfig": {where: {"IPAMConfig": settings["IPAMConfig"]}}},
        )
        result = self.run_operation("release_container", id=name)
        self.assertEqual("partial", result["outcome"])
        self.assertIn(thief, str(result["differs"]))
        remove(f"/containers/{thief}?force=1")
        self.released(name, before)

    def test_an_address_of_the_second_family_only(self) -> None:
        name = self.member(networks=1)
        [(where, settings)] = inspect(name)["NetworkSettings"]["Networks"].items()
        before = inspect(name)
        self.isolated(name)
        taken = {"IPAMConfig": {"IPv6Address": settings["IPAMConfig"]["IPv6Address"]}}
        thief = container(self, HostConfig={"NetworkMode": where}, NetworkingConfig={"EndpointsConfig": {where: taken}})
        result = self.run_operation("release_container", id=name)
        self.assertEqual("partial", result["outcome"], result)
        self.assertIn(thief, str(result["differs"]))
        self.assertTrue(state(name)["Paused"])
        remove(f"/containers/{thief}?force=1")
        self.released(name, before)

    def test_a_port_of_another_protocol_or_address_is_no_conflict(self) -> None:
        port = str(30000 + os.getpid() % 20000)
        bound = {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]}
        name = self.member(networks=1, PortBindings=bound)
        before = inspect(name)
        self.isolated(name)
        for binding in ({"80/udp": [{"HostPort": port}]}, {"80/tcp": [{"HostIp": "127.0.0.2", "HostPort": port}]}):
            ports: dict[str, Any] = {port: {} for port in binding}
            container(self, ExposedPorts=ports, HostConfig={"Init": True, "PortBindings": binding})
        self.released(name, before)


class Engines(unittest.TestCase):
    """Engines of their own, which end, start again, and run out of disk."""

    def setUp(self) -> None:
        if is_podman():
            self.skipTest("Podman has no engine that could end")

    def on(self, *options: str, disk: int = 0) -> SecondEngine:
        engine = SecondEngine(*options, disk=disk).__enter__()
        self.addCleanup(engine.stop)
        return engine

    def member(self, engine: SecondEngine, *command: str, **host: Any) -> str:
        """A container in a network with an address of its own, which comes back when the engine starts."""
        where, name = unique("network"), unique("container")
        subnet = {"Subnet": "10.198.7.0/24"}
        engine.api("POST", "/networks/create", {"Name": where, "IPAM": {"Config": [subnet]}})
        settings = {"IPAMConfig": {"IPv4Address": "10.198.7.9"}, "Aliases": ["web"]}
        config = {
            "Image": IMAGE,
            "Cmd": list(command or ("sleep", "600")),
            "HostConfig": {"Init": True, "NetworkMode": where, "RestartPolicy": {"Name": "always"}, **host},
            "NetworkingConfig": {"EndpointsConfig": {where: settings}},
        }
        engine.api("POST", f"/containers/create?name={name}", config)
        engine.api("POST", f"/containers/{name}/start")
        return name

    def restarted(self, method: str, *options: str) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], Any]:
        """A container that is isolated while its engine ends and starts again: before, after that, and released."""
        engine = self.on(*options)
        config = {**configurations.over_unix(engine.socket), "timeout": 60}
        name = self.member(engine)
        before = engine.api("GET", f"/containers/{name}/json")
        execute(config, "isolate_container", id=name, method=method)
        engine.kill()
        engine.start()
        between = engine.api("GET", f"/containers/{name}/json")
        where = engine.api("GET", f"/networks/{before['HostConfig']['NetworkMode']}")
        self.assertEqual(({}, {}), (between["NetworkSettings"]["Networks"], where["Containers"]))
        [listed] = execute(config, "list_isolated")
        self.assertEqual((True, True), (listed["cut"], listed["consistent"]), listed)
        released = execute(config, "release_container", id=name)
        self.assertEqual([], execute(config, "list_isolated"))
        after = engine.api("GET", f"/containers/{name}/json")
        self.assertEqual(before["HostConfig"]["RestartPolicy"], after["HostConfig"]["RestartPolicy"])
        place = after["NetworkSettings"]["Networks"][before["HostConfig"]["NetworkMode"]]
        self.assertEqual("10.198.7.9", place["IPAMConfig"]["IPv4Address"])
        return before, between, after, released

    def test_an_engine_that_starts_again_leaves_it_cut(self) -> None:
        """Its processes are gone with the engine, and its policy does not bring it back."""
        for method in ("Freeze", "Network") if ALL else ("Freeze",):
            with self.subTest(method):
                _, between, _, released = self.restarted(method)
                self.assertEqual("exited", between["State"]["Status"])
                self.assertIn("It has ended since", str(released["differs"]))

    def test_an_engine_that_restores_its_containers_leaves_it_cut_and_frozen(self) -> None:
        for method in ("Freeze", "Network") if ALL else ("Freeze",):
            with self.subTest(method):
                before, between, after, released = self.restarted(method, "--live-restore")
                self.assertEqual((method == "Freeze", True), (between["State"]["Paused"], between["State"]["Running"]))
                self.assertEqual("done", released["outcome"], released)
                self.assertEqual("running", after["State"]["Status"])
                self.assertEqual(before["State"]["Pid"], after["State"]["Pid"], "it is the same process")

    def test_one_that_has_filled_the_disk_is_contained_all_the_same(self) -> None:
        """The engine can keep no record then. It pauses and cuts the container, and the result says the rest."""
        engine = self.on(disk=96)
        config = {**configurations.over_unix(engine.socket), "timeout": 60, "retry_attempts": 0}
        name = self.member(engine, "sh", "-c", "cat /dev/zero > /fill; sleep 600", RestartPolicy={"Name": "no"})
        before = engine.api("GET", f"/containers/{name}/json")
        self.filled(engine)
        result = execute(config, "isolate_container", id=name, method="Freeze")
        self.assertEqual(("done", False), (result["outcome"], result["recorded"]), result)
        self.assertRegex(str(result["warnings"]), "could not be kept on the engine")
        self.assertTrue(engine.api("GET", f"/containers/{name}/json")["State"]["Paused"])
        where = engine.api("GET", f"/networks/{before['HostConfig']['NetworkMode']}")
        self.assertEqual({}, where["Containers"])
        evidence = execute(config, "collect_evidence", id=name, kinds="Inspection, Changes", paths="/etc")
        self.assertTrue(all(item["complete"] for item in evidence["items"]), evidence["items"])
        engine.free()
        released = execute(config, "release_container", id=name, undo=result["undo"])
        self.assertEqual("done", released["outcome"], released)
        after = engine.api("GET", f"/containers/{name}/json")
        self.assertEqual([], list(differences(before["HostConfig"], after["HostConfig"])))
        self.assertEqual("running", after["State"]["Status"])

    def filled(self, engine: SecondEngine) -> None:
        """Waits until the disk is full, and takes what room the engine's own file of volumes still has."""
        deadline = time.monotonic() + 120
        while os.statvfs(engine.data).f_bavail:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        for size in (65536, 4096, 512, 64):
            with suppress(RefusedError):
                while engine.api("POST", "/volumes/create", {"Labels": {"fill": "x" * size}})["Labels"]:
                    self.assertLess(time.monotonic(), deadline)

    def test_evidence_of_one_that_is_dead(self) -> None:
        """The engine could not remove its files: it has no processes, and no way back."""
        engine = self.on()
        config = {**configurations.over_unix(engine.socket), "timeout": 60}
        name = self.member(engine)
        identity = engine.api("GET", f"/containers/{name}/json")["Id"]
        engine.api("POST", f"/containers/{name}/kill")
        held = f"{engine.data}/containers/{identity}/held"
        subprocess.run(["sh", "-c", f"touch {held} && chattr +i {held}"], check=True)
        self.addCleanup(subprocess.run, ["chattr", "-i", held], check=False)
        with self.assertRaises(RefusedError):
            engine.api("DELETE", f"/containers/{name}?force=1")
        self.assertEqual("dead", engine.api("GET", f"/containers/{name}/json")["State"]["Status"])
        result = execute(config, "collect_evidence", id=name)
        self.assertEqual(("dead", "dead"), (result["state_before"], result["state_after"]))
        self.assertTrue(execute(config, "verify_evidence", attachment=result["attachment"])["valid"])
        with self.assertRaisesRegex(session.ConnectorError, "nothing left to isolate"):
            execute(config, "isolate_container", id=name)


def containers_of(service: str) -> list[str]:
    """The containers that run of a service, by its name or id."""
    found = api("GET", f"/services/{service}")["ID"]
    filters = json.dumps({"label": [f"com.docker.swarm.service.id={found}"]})
    return [one["Id"] for one in api("GET", f"/containers/json?filters={quote(filters)}")]


def heard(client: str) -> list[str]:
    """What a client has heard, line by line."""
    with connection(session.given("ENGINE_SOCKET")) as way:
        way.request("GET", f"/containers/{client}/logs?stdout=1")
        framed, text = way.getresponse().read(), b""
    while len(framed) >= 8:
        size = int.from_bytes(framed[4:8], "big")
        text, framed = text + framed[8 : 8 + size], framed[8 + size :]
    return text.decode().split()


def read(name: str, path: str) -> bytes:
    """A file of a container, read without a command in it; nothing where it is not there."""
    with connection(session.given("ENGINE_SOCKET")) as way:
        way.request("GET", f"/containers/{name}/archive?path={path}")
        answer = way.getresponse()
        if answer.status != 200:
            return b""
        with tarfile.open(fileobj=io.BytesIO(answer.read())) as archive:
            found = archive.extractfile(archive.next() or tarfile.TarInfo())
            return found.read() if found else b""
