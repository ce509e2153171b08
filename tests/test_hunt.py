"""Hunts: what is planted is found by every kind of indicator and in every notation, and what is absent is not."""

from __future__ import annotations

import hashlib
import json
import unittest
from typing import Any

from support import configurations
from support.case import OperationTestCase
from support.engine import IMAGE, api, container, network, unique
from support.recorder import Answer, Recorder
from support.recording_proxy import RecordingProxy
from support.scene import Scene
from support.session import execute, given

PLANT = "printf payload > /tmp/drop.bin; ln -s /tmp/drop.bin /tmp/alias; rm -f /etc/group; sleep 600"
DIGEST = hashlib.sha256(b"payload").hexdigest()


class HuntTestCase(OperationTestCase):
    def hits(self, *indicators: Any, **params: Any) -> list[dict[str, Any]]:
        given_as = indicators[0] if len(indicators) == 1 else list(indicators)
        result = self.run_operation("hunt", indicators=given_as, **params)
        self.assertEqual(len(result["hits"]), result["count"])
        self.assertFalse(result["timed_out"])
        hits: list[dict[str, Any]] = result["hits"]
        return hits

    def found(self, *indicators: Any, **params: Any) -> set[str]:
        """The names of the containers that are hit."""
        return {hit["container"] for hit in self.hits(*indicators, **params)}


class Planted(HuntTestCase):
    made: unittest.TestCase
    name: str
    stopped: str
    word: str
    lan: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.made = unittest.TestCase()
        cls.addClassCleanup(cls.made.doCleanups)
        cls.word, cls.lan = unique("word"), network(cls.made)
        cls.name = container(
            cls.made,
            *("sh", "-c", f": {cls.word}; {PLANT}"),
            Env=[f"POOL=stratum+tcp://user:s3cret-{cls.word}@198.51.100.7:3333/{cls.word}", "EMPTY="],
            Labels={f"x.{cls.word}": "=cmd|' /C calc'!A0", "empty": ""},
            HostConfig={
                "Init": True,
                "Binds": ["/tmp:/host-tmp:ro"],
                "PortBindings": {"4444/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
                "ExtraHosts": [f"c2.{cls.word}.test:198.51.100.9"],
                "NetworkMode": cls.lan,
            },
            ExposedPorts={"4444/tcp": {}},
        )
        cls.stopped = container(
            cls.made,
            *("sh", "-c", f"printf payload > /srv-{cls.word}; : {cls.word}"),
            Env=[f"STOPPED={cls.word}"],
            HostConfig={"PortBindings": {"5555/udp": [{"HostPort": "5556"}]}},
            ExposedPorts={"5555/udp": {}},
        )
        api("POST", f"/containers/{cls.stopped}/wait")
        # Until all is planted.
        while not any(change["Path"] == "/etc/group" for change in api("GET", f"/containers/{cls.name}/changes") or []):
            pass

    def test_each_kind_finds_what_is_planted(self) -> None:
        inspected = api("GET", f"/containers/{self.name}/json")
        address = inspected["NetworkSettings"]["Networks"][self.lan]["IPAddress"]
        for indicator in (
            {"process": self.word},
            {"name": self.name},
            {"label": f"x.{self.word}"},
            {"environment": self.word},
            {"environment": "POOL"},
            {"port": 4444},
            {"port": "4444/tcp"},
            {"address": address},
            {"address": f"{address}/32"},
            {"address": "198.51.100.7"},
            {"address": f"{self.word}.test"},
            {"mount": "/tmp"},
            {"mount": "/tmp/within"},
            {"changed_path": "/tmp/drop.bin"},
            {"changed_path": "*/drop.bin"},
            {"path": "/tmp/drop.bin"},
            {"sha256": DIGEST, "path": "/tmp/drop.bin"},
            {"sha256": DIGEST.upper(), "path": "/tmp/alias"},
            {"sha256": f"sha256:{DIGEST}"},
            {"image_digest": inspected["Image"]},
            {"image": inspected["Config"]["Image"]},
            {"started_after": "1h"},
        ):
            with self.subTest(indicator):
                self.assertIn(self.name, self.found([indicator]))

    def test_each_kind_does_not_find_what_is_absent(self) -> None:
        for indicator in (
            {"process": f"{self.word}-not"},
            {"name": self.name[:-1]},
            {"label": f"x.{self.word}=other"},
            {"environment": "NOPOOL"},
            {"port": "4444/udp"},
            {"port": 4445},
            {"address": "198.51.100.70"},
            {"mount": "/tmpx"},
            {"changed_path": "/tmp/drop"},
            {"path": "/tmp/drop"},
            {"sha256": "0" * 64, "path": "/tmp/drop.bin"},
            {"sha256": DIGEST, "path": "/tmp/nowhere"},
            {"sha256": "0" * 64},
            {"image_digest": "0" * 12},
            {"layer": "0" * 64},
            {"image": "nowhere"},
            {"started_after": "2099-01-01"},
        ):
            with self.subTest(indicator):
                self.assertEqual(set(), self.found([indicator]) & {self.name, self.stopped})

    def test_stopped_containers_are_hunted_too(self) -> None:
        for indicator in (
            {"environment": f"STOPPED={self.word}"},
            {"process": self.word},
            {"changed_path": f"/srv-{self.word}"},
            {"sha256": DIGEST, "path": f"/srv-{self.word}"},
            {"sha256": DIGEST},
            {"port": "5555/udp"},
            {"port": "5556"},
        ):
            with self.subTest(indicator):
                self.assertIn(self.stopped, self.found([indicator]))

    def test_a_digest_is_compared_to_every_digest(self) -> None:
        image = api("GET", f"/images/{IMAGE}/json")
        layer, own = image["RootFS"]["Layers"][-1], image["Id"].split(":")[1]
        for indicator in (
            {"layer": layer},
            {"layer": layer.split(":")[1].upper()},
            {"image_digest": own[:12]},
            {"image_digest": f" SHA256:{own.upper()} "},
            {"image_digest": f"registry.test/app@sha256:{own}"},
        ):
            with self.subTest(indicator):
                self.assertIn(self.name, self.found([indicator]))

    def test_every_notation_finds_the_same(self) -> None:
        for indicators in (
            [{"sha256": DIGEST, "path": "/tmp/drop.bin"}],
            json.dumps([{"sha256": DIGEST, "path": "/tmp/drop.bin"}]),
            f"[{{'sha256': '{DIGEST}', 'path': '/tmp/drop.bin'}}]",
            f"type,value,path\r\nsha256,{DIGEST},/tmp/drop.bin\r\n",
            f"[file:hashes.'SHA-256' = '{DIGEST}' AND file:name = '/tmp/drop.bin']",
            [f"[file:hashes.'SHA-256' = '{DIGEST}']"],
            {"type": "indicator", "spec_version": "2.1", "pattern": f"[file:hashes.SHA256 = '{DIGEST}']"},
            f"[process:command_line LIKE '%{self.word}%']",
            f"[process:command_line MATCHES ': .*{self.word[4:]}']",
            f"[environment-variable:x = 'y' OR process:environment_variables.EMPTY = '{self.word}']",
            "[ipv4-addr:value = '198.51.100.7'] OR [network-traffic:dst_port = 1]",
        )[:9]:
            with self.subTest(indicators):
                self.assertIn(self.name, self.found(indicators))
        self.assertIn(self.name, self.found("[ipv4-addr:value = '198.51.100.7'] OR [network-traffic:dst_port = 1]"))

    def test_secrets_of_an_environment_stay_there(self) -> None:
        for indicator in ({"environment": "POOL"}, {"environment": "198.51.100"}, {"address": "198.51.100.7"}):
            with self.subTest(indicator):
                hits = [hit for hit in self.hits([indicator]) if hit["container"] == self.name]
                self.assertTrue(hits)
                self.assertNotIn("s3cret", json.dumps(hits))

    def test_a_hit_is_an_alert(self) -> None:
        [hit] = [h for h in self.hits([{"sha256": DIGEST, "path": "/tmp/drop.bin"}]) if h["container"] == self.name]
        self.assertEqual("FileHash-SHA256", hit["indicator_record"]["typeofindicator"])
        alert = hit["alert"]
        self.assertEqual((DIGEST, "/tmp/drop.bin", "High"), (alert["fileHash"], alert["filePath"], alert["severity"]))
        self.assertEqual("T1105", alert["mitreattackid"])
        [again] = [h for h in self.hits([{"sha256": DIGEST, "path": "/tmp/drop.bin"}]) if h["container"] == self.name]
        self.assertEqual(alert["sourceId"], again["alert"]["sourceId"])
        self.assertEqual([{"id": "T1105", "name": "Ingress Tool Transfer"}], hit["techniques"])

    def test_what_was_run_is_found_in_the_events(self) -> None:
        word = unique("exec")
        execute(self.config, "exec_container", id=self.name, Cmd=["sh", "-c", f": {word}"])
        hits = self.hits([{"process": word}])
        self.assertEqual({(self.name, "events")}, {(hit["container"], hit["source"]) for hit in hits})
        self.assertEqual("T1609", hits[0]["techniques"][0]["id"])

    def test_what_is_gone_is_found_in_the_events(self) -> None:
        name = unique("gone")
        api("POST", f"/containers/create?name={name}", {"Image": IMAGE, "Cmd": ["true"]})
        api("DELETE", f"/containers/{name}?force=1")
        self.assertIn((name, "removed"), {(hit["container"], hit["state"]) for hit in self.hits([{"name": name}])})

    def test_a_dry_run_states_the_cost_and_asks_for_the_list_alone(self) -> None:
        indicators = [{"process": "a"}, {"layer": "0" * 64}, {"sha256": "0" * 64, "path": "/x"}, {"port": 1}]
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            config = configurations.over_unix(proxy.socket)
            cost = execute(config, "hunt", indicators=indicators, dry_run=True)
            asked = [call.path for call in proxy.calls if "_ping" not in call.path]
            self.assertEqual(1, len(asked), asked)
        result = self.run_operation("hunt", indicators=indicators)
        self.assertEqual(result["examined"], cost["containers"])
        for kind, made in result["requests"].items():
            if kind not in ("image", "get"):
                self.assertEqual(cost["requests"][kind], made, kind)

    def test_bounds_end_it_and_are_said(self) -> None:
        result = self.run_operation("hunt", indicators=[{"process": self.word}], max_requests=3)
        self.assertTrue(result["truncated"])
        self.assertIn("max_requests was used up before", {skipped["reason"] for skipped in result["skipped"]})
        result = self.run_operation("hunt", indicators=[{"process": self.word}, {"name": "*"}], max_hits=1)
        self.assertEqual((1, True), (result["count"], result["truncated"]))

    def test_an_image_that_nothing_uses_is_found(self) -> None:
        scene = Scene(self)
        name = scene["labelled_image"]
        own = api("GET", f"/images/{name}/json")["Id"]
        [hit] = self.hits([{"image_digest": own}])
        self.assertEqual((None, name, own), (hit["container"], hit["image"], hit["image_id"]))

    def test_read_only_may_hunt(self) -> None:
        config = {**self.config, "access_level": "Read Only"}
        result = execute(config, "hunt", indicators=[{"sha256": DIGEST, "path": "/tmp/drop.bin"}])
        self.assertIn(self.name, {hit["container"] for hit in result["hits"]})


class Faults(HuntTestCase):
    def test_one_container_that_fails_ends_no_hunt(self) -> None:
        """A restart loop answers with 409; what another has is found all the same."""
        policy = {"RestartPolicy": {"Name": "always"}}
        container(self, "sh", "-c", "exit 1", HostConfig=policy)
        other = container(self, "sh", "-c", "sleep 600; : marked")
        self.assertIn(other, self.found([{"process": ": marked"}]))

    def test_an_engine_that_lies_ends_no_hunt(self) -> None:
        one, two = ("1" * 64, "2" * 64)
        listed = [
            {"Id": one, "Names": ["/one"], "State": "running"},
            {"Id": two, "Names": None, "State": "running"},
            None,
            5,
        ]
        answers = {
            "GET /containers/json": Answer(200, listed),
            "GET /info": Answer(200, {"SystemTime": "2024-01-02T03:04:05Z"}),
            f"GET /containers/{one}/top": Answer(500, {"message": "no " + "x" * 100_000}),
            f"GET /containers/{two}/top": Answer(200, {"Titles": 5, "Processes": [[1], None, ["a", "evil"]]}),
            f"GET /containers/{one}/changes": Answer(200, "no json"),
            f"GET /containers/{two}/changes": Answer(200, [{"Path": 5}, {"Path": "/evil", "Kind": 9}]),
        }
        with Recorder("1.41", answers) as recorder:
            config = {**configurations.over_unix(recorder.socket), "retry_attempts": 0}
            result = execute(config, "hunt", indicators=[{"process": "evil"}, {"changed_path": "/evil"}])
        self.assertEqual(["process", "changed_path"], [hit["kind"] for hit in result["hits"]])
        self.assertIn("one", {skipped["container"] for skipped in result["skipped"]})

    def test_faults_come_all_at_once_and_before_anything_is_sent(self) -> None:
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            text = self.refusal_with(
                configurations.over_unix(proxy.socket),
                "hunt",
                indicators=[{"proces": "a"}, {"sha256": "short"}, {"process": "None"}, "[file:hashes.MD5 = 'a']"],
            )
            self.assertEqual([], proxy.calls)
        for part in (
            "indicators[0]",
            "indicators[1]",
            "indicators[2]: process must be set",
            "only SHA-256 of a file can",
        ):
            self.assertIn(part, text)
        nothing: tuple[Any, ...] = ("", [], "[]", "None", None)
        for empty in nothing:
            self.assertIn("indicators", self.refusal("hunt", indicators=empty))

    def test_patterns_that_take_others_for_ever_end(self) -> None:
        container(self, "sh", "-c", f"sleep 600; : {'a' * 5000}!")
        self.hits("[process:command_line MATCHES '(a*)*(a|aa)+$']")
        self.assertIn("too large", self.refusal("hunt", indicators="[process:name MATCHES '((a{200}){200}){200}']"))
