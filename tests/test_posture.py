"""`audit_posture`: each check fails and passes, on real engines where they can show it (`data/posture.json`).

Where no engine of the tests can show it, `answers` says why, and what an engine would answer.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tarfile
import time
import unittest
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, ClassVar

from support import configurations, engine, registry, session
from support.case import OperationTestCase
from support.engine import IMAGE, RefusedError, api, remove, unique
from support.recorder import Answer, Recorder
from support.second_engine import SecondEngine
from support.session import attached

TABLE: dict[str, Any] = json.loads((Path(__file__).parent / "data/posture.json").read_text())
SECRET = "sup3r-s3cret"
# In every text that somebody may choose: what acts in HTML, in tables and in terminals.
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e\n=1+1"
SIGNED_IN = {"registry_username": registry.USERNAME, "registry_password": registry.PASSWORD}

Result = dict[str, Any]
Verdicts = dict[tuple[str, str], str]


def audit(config: configurations.Config, **params: Any) -> Result:
    result: Result = session.execute(config, "audit_posture", **params)
    return result


def verdicts(result: Result) -> Verdicts:
    """Each verdict, by the check and the name of what it is about."""
    return {(row["check"], row["subject"]): row["verdict"] for row in result["checks"]}


def expected(case: dict[str, Any]) -> list[tuple[str, str]]:
    of = (("fails", "failed"), ("passes", "passed"), ("not_assessable", "not_assessable"))
    return [(check, verdict) for field, verdict in of for check in case.get(field, [])]


class Table(unittest.TestCase):
    """The table is whole."""

    def test_each_check_fails_and_passes_somewhere(self) -> None:
        groups = [TABLE["containers"], TABLE["images"], TABLE["networks"], TABLE["engines"]]
        cases = [*(case for group in groups for case in group.values()), *TABLE["answers"]]
        for field in ("fails", "passes"):
            shown = {check for case in cases for check in case.get(field, [])}
            self.assertEqual(set(), CHECKS - set(TABLE["never_assessable"]) - shown, f"no case {field} these")
            self.assertEqual(set(), shown - CHECKS, "there are no such checks")


class Answers(unittest.TestCase):
    """What no engine of the tests can show."""

    def test_each_has_its_verdicts(self) -> None:
        for case in TABLE["answers"]:
            with self.subTest(case["why"]):
                given = {
                    what: Answer(answer.get("status", 200), answer["body"]) for what, answer in case["answers"].items()
                }
                defaults = {what: Answer(200, []) for what in LISTS}
                with Recorder("1.41", {**defaults, **given}) as recorder:
                    result = audit(configurations.over_unix(recorder.socket), **case.get("params", {}))
                found: dict[str, set[str]] = {}
                for row in result["checks"]:
                    found.setdefault(row["check"], set()).add(row["verdict"])
                for check, verdict in expected(case):
                    self.assertIn(verdict, found.get(check, set()), check)
                for check in CHECKS & set(TABLE["never_assessable"]) & set(found):
                    self.assertEqual({"not_assessable"}, found[check], check)
                self.assertNotIn(SECRET, json.dumps(result))


class Posture(OperationTestCase):
    """On the real engine, everything at once: one audit for all cases."""

    result: ClassVar[Result]
    names: ClassVar[dict[str, str]]
    api: ClassVar[tuple[int, ...]]

    @classmethod
    def setUpClass(cls) -> None:
        version = api("GET", "/version")
        if "Podman" in version["Components"][0]["Name"]:
            raise unittest.SkipTest("Podman stores other fields: see Podman")
        cls.api = tuple(map(int, version["ApiVersion"].split(".")))
        server = registry.Registry()
        cls.addClassCleanup(server.close)
        cls.names = {word: unique(word) for word in ("network", "volume", "peer")}
        made("networks", cls, cls.names["network"], "/networks/create", {"Name": cls.names["network"]})
        made("containers", cls, cls.names["peer"], f"/containers/create?name={cls.names['peer']}", {"Image": IMAGE})
        for kind, make in (("networks", make_network), ("containers", make_container), ("images", make_image)):
            for name, case in TABLE[kind].items():
                cls.names[name] = make(cls, case)
        cls.result = audit(cls.config)

    def assert_verdicts(self, kind: str) -> None:
        found = verdicts(self.result)
        wrong = []
        for name, case in TABLE[kind].items():
            for check, verdict in expected(case):
                came = found.get((check, self.names[name]))
                if came != verdict:
                    wrong.append(f"{name}: {check} is {came}, not {verdict}")
        if wrong:
            self.fail("\n".join(wrong))

    def test_containers(self) -> None:
        self.assert_verdicts("containers")

    def test_images(self) -> None:
        self.assert_verdicts("images")

    def test_networks(self) -> None:
        self.assert_verdicts("networks")

    def test_the_way_out_is_told(self) -> None:
        told = {container["name"]: container for container in self.result["containers"]}
        for name, case in TABLE["containers"].items():
            if "escape" in case:
                self.assertEqual(
                    case["escape"], told[self.names[name]]["escape"], f"{name}: {told[self.names[name]]['why']}"
                )

    def test_a_finding_has_the_very_field_and_value(self) -> None:
        found = {(finding["check"], finding["subject"]): finding for finding in self.result["findings"]}
        for name, check, field, value in (
            ("privileged", "container.privileged", "HostConfig.Privileged", True),
            ("all_capabilities", "container.cap_all", "HostConfig.CapAdd", "all" if self.api < (1, 44) else "ALL"),
            ("socket", "container.docker_socket", "Mounts[0].Source", "/var/run"),
            ("hidden", "container.volume_hides_bind", None, "/etc"),
            ("open", "container.secrets_in_env", "Config.Env[0]", "DB_PASSWORD (its value is not shown)"),
            ("retries", "container.restart_policy", "HostConfig.RestartPolicy.Name", "on-failure"),
        ):
            finding = found[check, self.names[name]]
            self.assertIn(field, (None, finding["field"]), check)
            self.assertEqual(str(value).lower(), str(finding["value"]).lower(), check)

    def test_findings_are_flat_worst_first_and_lead_to_what_to_do(self) -> None:
        order = ["critical", "high", "medium", "low", "info"]
        ranks = [order.index(finding["severity"]) for finding in self.result["findings"]]
        self.assertEqual(sorted(ranks), ranks)
        for finding in self.result["findings"]:
            self.assertFalse([value for value in finding.values() if isinstance(value, (list, dict))], finding)
            for field in ("name", "description", "source", "source_id", "remedy"):
                self.assertTrue(finding[field], finding)

    def test_no_secret_leaves(self) -> None:
        self.assertNotIn(SECRET, json.dumps(self.result))
        self.assertNotIn("abcdef", json.dumps([row for row in self.result["checks"] if row["scope"] == "image"]))

    def test_the_result_is_as_it_is_described(self) -> None:
        self.described("audit_posture", {}, self.checked(self.result))

    def test_one_container_or_image_may_be_named(self) -> None:
        name = self.names["privileged"]
        whole = api("GET", f"/containers/{name}/json")["Id"]
        for named in (name, f"/{name}", whole, whole[:12]):
            result = self.run_operation("audit_posture", id=named, checks="5.5")
            self.assertEqual({("container.privileged", name): "failed"}, verdicts(result))
        image = f"{self.names['loose']}"
        result = self.run_operation("audit_posture", id=image, scope="Images", checks=["image.onbuild", ""])
        self.assertEqual({("image.onbuild", image): "failed"}, verdicts(result))

    def test_empty_texts_of_templates_mean_all(self) -> None:
        result = self.run_operation("audit_posture", id="", checks="", format="", compare_with="", scope="")
        self.assertEqual(verdicts(self.result).keys(), verdicts(result).keys())

    def test_only_what_is_chosen_is_told(self) -> None:
        result = self.run_operation("audit_posture", checks="critical", scope="containers")
        self.assertEqual({"critical"}, {row["severity"] for row in result["checks"]})
        self.assertEqual({"container"}, {row["scope"] for row in result["checks"]})

    def test_what_became_of_the_findings_of_an_earlier_audit(self) -> None:
        name = unique("container")
        made(
            "containers",
            self,
            name,
            f"/containers/create?name={name}",
            {"Image": IMAGE, "HostConfig": {"Privileged": True}},
        )
        gone = unique("container")
        made(
            "containers",
            self,
            gone,
            f"/containers/create?name={gone}",
            {"Image": IMAGE, "HostConfig": {"IpcMode": "host"}},
        )
        before = self.run_operation("audit_posture", scope="Containers", checks="high, critical, medium", format="JSON")
        remove(f"/containers/{name}?force=1")
        remove(f"/containers/{gone}?force=1")
        made(
            "containers",
            self,
            name,
            f"/containers/create?name={name}",
            {"Image": IMAGE, "HostConfig": {"PidMode": "host"}},
        )
        record = before["attachments"]["json"]
        for earlier in (before, json.dumps(before), record, record["@id"], {"data": before}):
            after = self.run_operation(
                "audit_posture", scope="Containers", checks="high, critical, medium", compare_with=earlier
            )
            compared = after["comparison"]
            why = {(one["check"], one["subject"]): one["why"] for one in compared["gone"]}
            self.assertEqual("passed now", why["container.privileged", name])
            self.assertEqual("no longer there", why["container.ipc_host", gone])
            new = [(one["check"], one["subject"]) for one in compared["new"]]
            self.assertEqual([("container.pid_host", name)], new)
            self.assertIn(
                ("container.root_user", name), [(one["check"], one["subject"]) for one in compared["unchanged"]]
            )
            self.assertEqual(before["time"], compared["compared_with"])
        # A scope that does not look at containers says nothing of them.
        other = self.run_operation("audit_posture", scope="Engine", compare_with=before)["comparison"]
        self.assertEqual((0, len(before["findings"])), (other["gone_count"], other["not_compared"]))

    def test_what_is_no_earlier_result_is_refused(self) -> None:
        for earlier in ({"a": 1}, [1], "[]"):
            text = self.refusal("audit_posture", compare_with=earlier)
            self.assertTrue(text.startswith("[invalid_parameters] audit_posture: "), text)

    def test_reports_hold_hostile_names_as_text(self) -> None:
        name = unique("container")
        path = f"/tmp/{HOSTILE}"
        body: dict[str, Any] = {
            "Image": IMAGE,
            "Labels": {HOSTILE: HOSTILE},
            "Env": [f"{HOSTILE}_TOKEN={SECRET}"],
            "HostConfig": {"CapAdd": ["ALL"]},
        }
        body["User"] = "=cmd|' /C calc'!A0"
        body["HostConfig"]["Tmpfs"] = {path: "exec"}
        made("containers", self, name, f"/containers/create?name={name}", body)
        result = self.run_operation("audit_posture", id=name, format=["HTML", "CSV", "JSON"])
        page = attached(result["attachments"]["html"]).decode()
        tags = Tags()
        tags.feed(page)
        self.assertLessEqual(
            tags.seen, {"html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "table", "tr", "th", "td"}
        )
        self.assertNotIn("\u202e", page)
        table = attached(result["attachments"]["csv"]).decode()
        rows = list(csv.DictReader(io.StringIO(table, newline="")))
        self.assertEqual(len(result["checks"]), len(rows))
        for row in rows:
            for cell in row.values():
                self.assertNotRegex(cell, r"^\s*[=+\-@]")
        whole = json.loads(attached(result["attachments"]["json"]))
        self.assertEqual(result["findings"], whole["findings"])
        for text in (page, table, json.dumps(whole)):
            self.assertNotIn(SECRET, text)

    def test_read_only_may_run_it_and_it_changes_nothing(self) -> None:
        sent = self.wire("audit_posture")
        self.assertEqual({"GET"}, {request.method for request in sent})


class Engines(OperationTestCase):
    """Second engines with settings of their own."""

    def test_each_has_its_verdicts(self) -> None:
        if "Podman" in api("GET", "/version")["Components"][0]["Name"]:
            self.skipTest("these are settings of Docker's daemon")
        for name, case in TABLE["engines"].items():
            with self.subTest(name), SecondEngine(*case["options"]) as second:
                result = audit(configurations.over_unix(second.socket), scope="Engine")
                found = {row["check"]: row["verdict"] for row in result["checks"]}
                for check, verdict in expected(case):
                    with self.subTest(check):
                        self.assertEqual(
                            verdict, found[check], [row for row in result["checks"] if row["check"] == check]
                        )
                self.assertTrue(all(flaw["certainty"] == "possible" for flaw in result["flaws"]))


class Refusals(unittest.TestCase):
    """What an engine, or a proxy before it, refuses is said, and the rest goes on."""

    def test_a_refused_list_leaves_its_checks_unassessed(self) -> None:
        defaults = {what: Answer(200, []) for what in LISTS}
        refused = {
            f"GET /{path}": Answer(403, {"message": "not for you"})
            for path in ("info", "networks", "plugins", "volumes")
        }
        with Recorder("1.41", {**defaults, **refused}) as recorder:
            result = audit(configurations.over_unix(recorder.socket))
        found = {row["check"]: row for row in result["checks"]}
        for check in ("host.debug", "host.icc_default_bridge", "host.plugins", "host.api_plain_tcp"):
            self.assertEqual("not_assessable", found[check]["verdict"])
            self.assertIn("not for you", found[check]["why"])
        self.assertEqual(4, len(result["missing"]))


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)


def made(kind: str, test: Any, name: str, path: str, body: dict[str, Any]) -> str:
    """Makes something that goes with the test, or with its class."""
    api("POST", path, body)
    clean_up = test.addCleanup if isinstance(test, unittest.TestCase) else test.addClassCleanup
    clean_up(gone, kind, name)
    return name


def gone(kind: str, name: str) -> None:
    # Containers of other tests' networks may still be on their way out.
    for _ in range(20):
        try:
            remove(f"/{kind}/{name}" + ("?force=1&v=1" if kind == "containers" else ""))
            break
        except RefusedError:
            time.sleep(0.1)


def make_network(cls: type[Posture], case: dict[str, Any]) -> str:
    name = unique("network")
    return made("networks", cls, name, "/networks/create", {"Name": name, **case["create"]})


def make_container(cls: type[Posture], case: dict[str, Any]) -> str:
    words = {**cls.names, "volume": unique("volume")}
    text = json.dumps(case)
    for word, value in words.items():
        text = text.replace(f"{{{word}}}", value)
    filled = json.loads(text)
    for volume, options in filled.get("volumes", {}).items():
        made("volumes", cls, volume, "/volumes/create", {"Name": volume, "DriverOpts": options})
    name, image = unique("container"), IMAGE
    if case.get("moved_tag"):
        image = f"{unique('image')}:1"
        tagged(cls, IMAGE, image)
    body = {"Image": image, "Cmd": ["sleep", "600"], **filled["create"]}
    made("containers", cls, name, f"/containers/create?name={name}", body)
    if case.get("moved_tag"):
        load(cls, image, {"config": {}, "created": "now", "history": ["moved"]})
    if case.get("start"):
        api("POST", f"/containers/{name}/start")
    if exec_of := case.get("exec"):
        created = api("POST", f"/containers/{name}/exec", {"Cmd": ["sleep", "600"], **exec_of})
        api("POST", f"/exec/{created['Id']}/start", {"Detach": True})
    return name


def make_image(cls: type[Posture], case: dict[str, Any]) -> str:
    repository = f"{registry.ADDRESS}/team/{unique('image')}" if case.get("pushed") else unique("image")
    name = f"{repository}:{case['tag']}" if case["tag"] else None
    image = load(cls, name, case)
    if case.get("pushed"):
        session.execute(cls.config, "push_image", name=repository, tag=case["tag"], **SIGNED_IN)
    if used := case.get("used"):
        digest = api("GET", f"/images/{image}/json")["RepoDigests"][0] if used == "digest" else name
        container = unique("container")
        made("containers", cls, container, f"/containers/create?name={container}", {"Image": digest, "Cmd": ["x"]})
    return name or image


def load(cls: type[Posture], name: str | None, case: dict[str, Any]) -> str:
    """Loads an image of one layer, as `docker save` would have written it. Answers its id."""
    created = case["created"]
    if created == "now":
        created = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
    layer = archive({"file": unique("content").encode()})
    steps = [{"created": created, "created_by": step, "empty_layer": at > 0} for at, step in enumerate(case["history"])]
    description = {
        "architecture": "amd64",
        "os": "linux",
        "created": created,
        "config": case["config"],
        "history": steps,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    config = json.dumps(description).encode()
    image = hashlib.sha256(config).hexdigest()
    manifest = [{"Config": f"{image}.json", "RepoTags": [name] if name else None, "Layers": ["layer.tar"]}]
    whole = archive({f"{image}.json": config, "layer.tar": layer, "manifest.json": json.dumps(manifest).encode()})
    with engine.connection(engine.SOCKET) as connection:
        connection.request("POST", "/images/load?quiet=1", whole, {"Content-Type": "application/x-tar"})
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200 and "error" not in text, text
    cls.addClassCleanup(remove, f"/images/sha256:{image}?force=1")
    return f"sha256:{image}"


def archive(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, contents in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(contents)
            tar.addfile(entry, io.BytesIO(contents))
    return buffer.getvalue()


def tagged(cls: type[Posture], image: str, name: str) -> None:
    repository, tag = name.rsplit(":", 1)
    api("POST", f"/images/{image}/tag?repo={repository}&tag={tag}")
    cls.addClassCleanup(remove, f"/images/{name}?force=1")


LISTS = ("GET /networks", "GET /containers/json", "GET /images/json", "GET /plugins", "GET /services")
CHECKS = {
    check["id"]
    for check in json.loads((Path(__file__).parents[1] / "crates/operations/data/posture.json").read_text())["checks"]
}
