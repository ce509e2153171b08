"""What a container is related to: each way from either side, with who controls whom, and hostile names everywhere."""

from __future__ import annotations

import json
import random
import xml.dom.minidom
from typing import Any

from support.case import OperationTestCase
from support.engine import IMAGE, api, container, network, remove, unique
from support.session import attached

# In every text of a container's owner: what acts in HTML, Markdown, tables and terminals.
HOSTILE = "<script>alert(1)</script>\u202e\n=1+1|`*[x](http://x)"


class Related(OperationTestCase):
    """On the real engine, with the containers of each test."""

    def made(self, *, start: bool = True, labels: dict[str, str] | None = None, **host: Any) -> str:
        settings = {"Init": True, **host}
        return container(self, start=start, HostConfig=settings, Labels=labels or {})

    def related(self, subject: str, other: str, **params: Any) -> dict[str, Any]:
        """What the result says of the other container, or of the host or engine."""
        result = self.run_operation("find_related", id=subject, **params)
        of = [item for item in result["related"] if other in {item["name"], item["type"]}]
        self.assertEqual(1, len(of), f"{other} in {[item['name'] for item in result['related']]}")
        return dict(of[0])

    def way(self, subject: str, other: str, kind: str) -> dict[str, Any]:
        ways = [way for way in self.related(subject, other)["ways"] if way["kind"] == kind]
        self.assertEqual(1, len(ways), ways)
        return dict(ways[0])

    def volume(self, **options: str) -> str:
        name = unique("volume")
        api("POST", "/volumes/create", {"Name": name, "DriverOpts": options})
        self.addCleanup(remove, f"/volumes/{name}")
        return name

    def test_networks_have_the_addresses_of_both(self) -> None:
        shared = network(self)
        one, other = self.made(NetworkMode=shared), self.made(NetworkMode=shared)
        way = self.way(one, other, "network")
        addresses = api("GET", f"/networks/{shared}")["Containers"]
        known = {end["Name"]: end["IPv4Address"].split("/")[0] for end in addresses.values()}
        self.assertEqual(known[one], way["subject_address"])
        self.assertEqual(known[other], way["address"])
        self.assertEqual(("medium", "none", "T1046"), (way["risk"], way["control"], way["technique"]["id"]))

    def test_a_network_without_communication_is_told_so(self) -> None:
        name = unique("network")
        options = {"com.docker.network.bridge.enable_icc": "false"}
        api("POST", "/networks/create", {"Name": name, "Options": options})
        self.addCleanup(remove, f"/networks/{name}")
        one, other = self.made(NetworkMode=name), self.made(NetworkMode=name)
        way = self.way(one, other, "network")
        self.assertEqual("low", way["risk"])
        self.assertIn("does not let", way["what"])

    def test_who_writes_a_volume_controls_who_reads_it(self) -> None:
        volume = self.volume()
        writer, reader = self.made(Binds=[f"{volume}:/data"]), self.made(Binds=[f"{volume}:/data:ro"])
        way = self.way(writer, reader, "volume")
        self.assertEqual(("high", "controls", "read and write", "read"), told(way))
        way = self.way(reader, writer, "volume")
        self.assertEqual(("medium", "controlled_by", "read", "read and write"), told(way))
        second = self.made(Binds=[f"{volume}:/other"])
        self.assertEqual("both", self.way(writer, second, "volume")["control"])

    def test_one_host_folder_inside_the_other(self) -> None:
        folder = f"/tmp/{unique('folder')}"
        outer, inner = self.made(Binds=[f"{folder}:/a"]), self.made(Binds=[f"{folder}/in/it:/b:ro"])
        beside = self.made(Binds=[f"{folder}x:/b"])
        way = self.way(outer, inner, "host_folder")
        self.assertEqual((f"{folder}/in/it", "controls"), (way["through"], way["control"]))
        ways = self.related(outer, beside)["ways"]
        self.assertNotIn("host_folder", [way["kind"] for way in ways])

    def test_a_folder_that_hides_in_a_volume(self) -> None:
        folder = f"/tmp/{unique('folder')}"
        direct = self.made(Binds=[f"{folder}:/a"])
        volume = self.volume(type="none", o="bind", device=folder)
        hidden = self.made(start=False, Binds=[f"{volume}:/b"])
        self.assertEqual(folder, self.way(direct, hidden, "host_folder")["through"])

    def test_namespaces_of_either(self) -> None:
        owner = self.made(IpcMode="shareable")
        for field, name in [("NetworkMode", "network"), ("PidMode", "processes"), ("IpcMode", "shared memory")]:
            with self.subTest(field):
                joined: dict[str, Any] = {field: f"container:{owner}"}
                user = self.made(**joined)
                for subject, other in [(owner, user), (user, owner)]:
                    way = self.way(subject, other, "namespace")
                    self.assertEqual((name, "both"), (way["through"], way["control"]))
                    self.assertIn(f"{user} uses the {name} of {owner}", way["what"])

    def test_who_holds_the_engines_socket_controls_all(self) -> None:
        holder = self.made(start=False, Binds=["/var/run/docker.sock:/x.sock:ro"], NetworkMode="none")
        other = self.made(NetworkMode="none")
        self.assertEqual("controlled_by", self.way(other, holder, "engine_socket")["control"])
        item = self.related(holder, other)
        self.assertEqual(("critical", "controls"), (item["risk"], item["control"]))
        engine = self.related(holder, "engine")
        self.assertEqual(("critical", "T1611"), (engine["risk"], engine["ways"][0]["technique"]["id"]))
        result = self.run_operation("find_related", id=holder)
        self.assertIn("It can control the engine", result["summary"])
        self.assertEqual("engine", result["related"][0]["type"])

    def test_who_controls_the_host_controls_its_containers(self) -> None:
        powers: list[tuple[dict[str, Any], str]] = [
            ({"Privileged": True}, "privileged"),
            ({"PidMode": "host"}, "host_namespace"),
            ({"CapAdd": ["sys_admin"]}, "capability"),
            ({"Binds": ["/etc:/x"]}, "host_folder"),
        ]
        other = self.made()
        for host, kind in powers:
            with self.subTest(kind):
                subject = self.made(start=False, **host)
                ways = [way["kind"] for way in self.related(subject, "host")["ways"] if way["risk"] == "critical"]
                self.assertEqual([kind], ways)
                self.assertEqual("controls", self.related(subject, other)["control"])
                self.assertEqual("high", self.way(other, subject, "host")["risk"])

    def test_what_was_started_together(self) -> None:
        project = {"com.docker.compose.project": "shop", "com.docker.compose.service": HOSTILE}
        one, other = self.made(labels=project), self.made(labels=project)
        way = self.way(one, other, "compose_project")
        self.assertEqual("shop", way["through"])
        self.assertNotIn("\n", way["what"])
        self.assertNotIn("\u202e", way["what"])
        self.assertEqual("image", self.way(one, other, "image")["kind"])

    def test_images_built_on_each_other(self) -> None:
        base = container(self, "sh", "-c", "echo 1 > /tmp/new; sleep 600")
        tag = unique("image")
        made = api("POST", f"/commit?container={base}&repo={tag}")["Id"]
        self.addCleanup(remove, f"/images/{made}?force=1")
        built = container(self, Image=tag)
        self.assertEqual(f"Image {tag} is built on image {IMAGE}.", self.way(base, built, "layers")["what"])
        self.assertEqual("layers", self.way(built, base, "layers")["kind"])

    def test_links_and_volumes_from(self) -> None:
        giver = self.made(Binds=[f"{self.volume()}:/data"])
        taker = self.made(Links=[f"{giver}:alias"], VolumesFrom=[giver])
        for subject, other in [(giver, taker), (taker, giver)]:
            self.assertIn(f"{taker} is linked to {giver} as alias", self.way(subject, other, "link")["what"])
            self.assertIn("volumes-from", self.way(subject, other, "volumes_from")["what"])

    def test_ports_lead_around_networks(self) -> None:
        port = str(random.randrange(20000, 30000))
        published = self.made(NetworkMode=network(self), PortBindings={"80/tcp": [{"HostPort": port}]})
        other = self.made(NetworkMode=network(self))
        self.assertEqual("info", self.way(other, published, "published_port")["risk"])
        kinds = [way["kind"] for way in self.related(published, "host")["ways"]]
        self.assertLessEqual({"gateway", "published_port"}, set(kinds))

    def test_f17_the_worst_comes_first_and_lists_are_trimmed(self) -> None:
        volume = self.volume()
        subject = self.made(Binds=[f"{volume}:/data"])
        self.made(Binds=[f"{volume}:/data"])
        result = self.run_operation("find_related", id=subject)
        order = ["critical", "high", "medium", "low", "info"]
        risks = [order.index(item["risk"]) for item in result["related"]]
        self.assertEqual(sorted(risks), risks)
        self.assertEqual(result["count"], sum(result["by_risk"].values()))
        trimmed = self.run_operation("find_related", id=subject, max_items="1", fields="name, risk", format="")
        self.assertEqual([{field: result["related"][0][field] for field in ("name", "risk")}], trimmed["related"])
        self.assertEqual((True, result["count"]), (trimmed["truncated"], trimmed["count"]))
        ids = {node["id"] for node in result["graph"]["nodes"]}
        ends = {edge[end] for edge in result["graph"]["edges"] for end in ("from", "to")}
        self.assertLessEqual(ends, ids)

    def test_a_picture_of_hostile_names_is_a_picture(self) -> None:
        folder = f"/tmp/{unique('folder')}/{HOSTILE.replace(chr(10), '').replace('/', '').replace(':', '')}"
        labels = {"com.docker.compose.project": HOSTILE, "com.docker.stack.namespace": HOSTILE}
        mounts = [{"Type": "bind", "Source": "/tmp", "Target": "/a"}]
        subject = self.made(labels=labels, Mounts=mounts)
        self.made(start=False, labels=labels, Binds=[f"{folder}:/b"])
        results = [self.run_operation("find_related", id=subject, format="SVG") for _ in range(2)]
        drawn = [attached(result["attachment"]).decode() for result in results]
        self.assertEqual(drawn[0], drawn[1])
        parsed = xml.dom.minidom.parseString(drawn[0])  # noqa: S318 - the connector's own
        names = {element.tagName for element in parsed.getElementsByTagName("*")}
        self.assertEqual({"svg", "title", "rect", "path", "text", "line"}, names)
        self.assertNotIn("\u202e", drawn[0])
        self.assertNotIn("href", drawn[0])
        self.assertIn("<script>", json.dumps(results[0]["graph"]))


def told(way: dict[str, Any]) -> tuple[Any, ...]:
    return way["risk"], way["control"], way["subject_access"], way["access"]
