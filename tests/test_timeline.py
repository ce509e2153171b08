"""What happened to a container: from every source, in order, also where it is gone, whatever its owner wrote."""

from __future__ import annotations

import csv
import io
import json
import time
import xml.dom.minidom
from datetime import datetime, timedelta
from typing import Any

from support.case import OperationTestCase
from support.engine import IMAGE, api, container, network, remove, unique
from support.session import attached, execute

HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script>\u202e`|*"


class Timeline(OperationTestCase):
    """On the real engine."""

    def timeline(self, name: str, **params: Any) -> Any:
        result = self.run_operation("container_timeline", id=name, **params)
        times = [entry["time"] for entry in result["entries"]]
        self.assertEqual(sorted(times), times)
        for moment in times:
            self.assertRegex(moment, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        return result

    def ran(self, name: str, *command: str) -> None:
        made = api("POST", f"/containers/{name}/exec", {"Cmd": list(command)})
        api("POST", f"/exec/{made['Id']}/start", {"Detach": True})
        while api("GET", f"/exec/{made['Id']}/json")["Running"]:
            time.sleep(0.05)

    def of(self, result: Any, source: str) -> list[dict[str, Any]]:
        return [entry for entry in result["entries"] if entry["source"] == source]

    def test_each_source_tells_what_it_knows(self) -> None:
        shared, volume = network(self), unique("volume")
        health = {"Test": ["CMD", "true"], "Interval": 1_000_000_000, "Timeout": 10_000_000_000}
        name = container(
            self,
            *("sh", "-c", "echo begin; echo error >&2; echo 1 > /tmp/new; sleep 600"),
            Healthcheck=health,
            HostConfig={"Init": True, "NetworkMode": shared, "Binds": [f"{volume}:/data"]},
        )
        self.addCleanup(remove, f"/volumes/{volume}")
        self.addCleanup(remove, f"/containers/{name}?force=1")
        self.ran(name, "sh", "-c", "id; exit 3")
        while api("GET", f"/containers/{name}/json")["State"]["Health"]["Status"] != "healthy":
            time.sleep(0.1)
        sources = "Life, Events, Logs, Health, Image, Processes, Networks, Volumes, Files"
        result = self.timeline(name, sources=sources)
        inspected = api("GET", f"/containers/{name}/json")
        kinds = {entry["field"]: entry["value"] for entry in self.of(result, "inspect")}
        self.assertEqual(inspected["Created"], kinds["Created"])
        self.assertEqual(inspected["State"]["StartedAt"], kinds["State.StartedAt"])
        told = [entry["what"] for entry in self.of(result, "events")]
        self.assertIn('Command "sh -c id; exit 3" started in it.', told)
        self.assertIn('Command "sh -c id; exit 3" ended with exit code 3.', told)
        self.assertTrue(any("It was connected to network" in what for what in told), told)
        self.assertFalse(any('"true"' in what for what in told), told)
        techniques = {(entry["technique"] or {}).get("id") for entry in self.of(result, "events")}
        self.assertIn("T1609", techniques)
        logged = [entry["value"] for entry in self.of(result, "logs")]
        self.assertLessEqual({"begin", "error"}, set(logged))
        self.assertIn("succeeded", self.of(result, "health")[0]["what"])
        self.assertTrue(any("/tmp/new was added" in entry["what"] for entry in self.of(result, "files")))
        self.assertTrue(any("sleep 600" in entry["what"] for entry in self.of(result, "processes")))
        started = min(entry["time"] for entry in self.of(result, "processes"))
        seconds = [datetime.fromisoformat(moment[:19]) for moment in (inspected["State"]["StartedAt"], started)]
        self.assertLess(abs(seconds[0] - seconds[1]), timedelta(seconds=5))
        self.assertIn(shared, self.of(result, "networks")[0]["what"])
        self.assertIn(volume, self.of(result, "volumes")[0]["what"])
        self.assertIn("image_built", [entry["kind"] for entry in self.of(result, "image")])
        for word in ("The oldest", "5 results", "container_logs"):
            self.assertIn(word, " ".join(result["limits"]))

    def test_a_container_that_is_gone_is_told_by_events(self) -> None:
        name = container(self, "sh", "-c", "exit 7")
        api("POST", f"/containers/{name}/wait")
        full = api("GET", f"/containers/{name}/json")["Id"]
        remove(f"/containers/{name}")
        for named in (name, full, full[:12], f"/{name}"):
            result = self.timeline(named)
            self.assertEqual((full, name, "removed"), (result["id"], result["name"], result["status"]))
            told = [entry["what"] for entry in result["entries"]]
            self.assertIn("Its main process ended with exit code 7.", told)
            self.assertIn("The container was removed.", told)
            self.assertIn("The container is gone", " ".join(result["limits"]))

    def test_an_isolation_is_an_entry(self) -> None:
        name = container(self)
        execute(self.config, "isolate_container", id=name, case_id="INC-2041", reason="a *miner*")
        self.addCleanup(execute, self.config, "release_container", id=name)
        found = self.of(self.timeline(name, sources="isolation"), "isolation")
        self.assertEqual(1, len(found))
        self.assertIn("Case: INC-2041. Reason: a *miner*.", found[0]["what"])

    def test_only_the_time_that_is_asked_for(self) -> None:
        name = container(self)
        whole = self.timeline(name, sources="life, events")
        created = self.timeline(name, sources="life")["entries"][0]["time"]
        after = self.timeline(name, sources="life, events", since=whole["entries"][-1]["time"])
        self.assertEqual([whole["entries"][-1]], after["entries"])
        before = self.timeline(name, sources="life", until=created)
        self.assertEqual([created], [entry["time"] for entry in before["entries"]])
        nothing = self.timeline(name, until="2020-01-01")
        self.assertEqual((0, []), (nothing["count"], nothing["entries"]))
        self.assertIn("Nothing is known", nothing["summary"])
        for empty in ({"since": "", "until": "", "sources": "", "format": ""}, {"until": "2100-01-01"}):
            self.assertGreater(self.timeline(name, **empty)["count"], 2)

    def test_f17_what_is_trimmed_says_so(self) -> None:
        name = container(self)
        result = self.run_operation("container_timeline", id=name, max_items="2", fields="time, what")
        self.assertEqual(
            ({"time", "what"}, 2, True), (set(result["entries"][0]), len(result["entries"]), result["truncated"])
        )
        self.assertGreater(result["count"], 2)

    def test_hostile_texts_stay_texts(self) -> None:
        name = container(self, "sh", "-c", 'printf "%s\\n" "$0"; sleep 600', HOSTILE)
        self.ran(name, "sh", "-c", f"true # {HOSTILE}")
        table = list(csv.reader(io.StringIO(self.attachment(name, "CSV"))))
        self.assertEqual(["time", "grain", "source", "kind", "what", "field", "value", "technique"], table[0])
        cells = [cell for row in table for cell in row]
        self.assertTrue(any("'=cmd|" in cell for cell in cells))
        for cell in cells:
            self.assertNotRegex(cell, r"^\s*[=+\-@]")
            self.assertNotIn("\u202e", cell)
        drawn = self.attachment(name, "SVG")
        parsed = xml.dom.minidom.parseString(drawn)  # noqa: S318 - the connector's own
        names = {element.tagName for element in parsed.getElementsByTagName("*")}
        self.assertLessEqual(names, {"svg", "title", "rect", "text", "circle", "line"})
        self.assertNotIn("\u202e", drawn)
        self.assertIn("<script>", json.dumps(self.timeline(name)["entries"]))

    def attachment(self, name: str, form: str) -> str:
        return attached(self.timeline(name, format=form)["attachment"]).decode()

    def test_a_log_that_cannot_be_read_is_a_limit(self) -> None:
        host = {"Init": True, "LogConfig": {"Type": "none", "Config": {}}}
        result = self.timeline(container(self, HostConfig=host))
        self.assertEqual([], self.of(result, "logs"))
        self.assertIn("log driver none", " ".join(result["limits"]))

    def test_an_older_container_of_the_name_is_named(self) -> None:
        name = container(self, start=False)
        old = api("GET", f"/containers/{name}/json")["Id"]
        remove(f"/containers/{name}")
        api("POST", f"/containers/create?name={name}", {"Image": IMAGE, "Cmd": ["true"]})
        result = self.timeline(name)
        self.assertNotEqual(old, result["id"])
        self.assertIn(old, " ".join(result["limits"]))
