"""What nothing may be done to: no name, no id and no detour leads to a protected container."""

from __future__ import annotations

import importlib
import json
import re
import tempfile
import threading
import unittest
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from support import session
from support.access import ACCESS, BLOCKED, PolicyTestCase, required
from support.case import OperationTestCase
from support.configurations import Config, over_http, over_unix
from support.engine import RefusedError, api, container, network, remove, unique
from support.recorder import CONTAINER_ID, Recorder
from support.recorder import Answer as Recorded
from support.recording_proxy import RecordingProxy, Request
from support.scripted_server import Answer, ScriptedServer
from support.session import CONNECTOR, ConnectorError, execute, given

NETWORK_ID = "beef" + 60 * "2"
FIELDS = {operation: field for operations in ACCESS.values() for operation, field in operations.items() if field}
EFFECTS = {operation: effect for effect, operations in ACCESS.items() for operation in operations}


class Row(NamedTuple):
    """A row of the table in `docs/security.md`: what protection does with operations and requests of Call API."""

    operations: list[str]
    requests: list[str]
    is_allowed: bool


def table() -> list[Row]:
    """The table "What protection forbids"."""
    text = (Path(__file__).parents[1] / "docs" / "security.md").read_text()
    section = text.split("### What protection forbids")[1].split("\n## ")[0]
    rows = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[2].startswith(("Refused", "Allowed")):
            names, requests = (re.findall("`([^`]+)`", cell) for cell in cells[:2])
            rows.append(Row(names, requests, cells[2].startswith("Allowed")))
    return rows


TABLE = table()
CONTAINERS = {name: FIELDS[name] for row in TABLE if not row.is_allowed for name in row.operations}


class ProtectedTestCase(PolicyTestCase):
    """A container that nothing may touch, on the real engine; beside it one that anything may."""

    def setUp(self) -> None:
        self.network = network(self)
        self.protected = container(self, Labels={"tier": "db", "app.owner": "x=y"})
        self.other = container(self)
        for member in (self.protected, self.other):
            api("POST", f"/networks/{self.network}/connect", {"Container": member})
        self.identity: str = api("GET", f"/containers/{self.protected}/json")["Id"]
        self.before = self.fingerprint()

    def inspect(self) -> dict[str, Any]:
        found: dict[str, Any] = api("GET", f"/containers/{self.identity}/json")
        return found

    def fingerprint(self) -> dict[str, Any]:
        """What must not change."""
        found = self.inspect()
        kept: dict[str, Any] = {
            name: found[name] for name in ("Name", "State", "RestartCount", "HostConfig", "ExecIDs")
        }
        kept["networks"] = sorted(found["NetworkSettings"]["Networks"])
        kept["changes"] = api("GET", f"/containers/{self.identity}/changes")
        return kept

    def assert_untouched(self, sent: list[Request]) -> None:
        self.assertEqual({"GET"}, {request.method for request in sent} | {"GET"}, sent)
        self.assertEqual(self.before, self.fingerprint())

    def guarding(self, proxy: RecordingProxy, rule: str | list[str] | None = None) -> Config:
        rules = self.protected if rule is None else rule
        return {**over_unix(proxy.socket), "protected_containers": rules, "retry_attempts": 0}


class Protected(ProtectedTestCase):
    """Protected containers, by every operation and rule."""

    def params(self, operation: str, target: str) -> dict[str, Any]:
        params = {**required(operation), FIELDS[operation]: target}
        if operation in ("connect_network", "disconnect_network"):
            params["id"] = self.network
        if operation == "rename_container":
            params["name"] = unique("renamed")
        if operation == "update_container":
            params["Memory"] = "64m"
        return params

    def test_every_operation_that_touches_one(self) -> None:
        for operation in CONTAINERS:
            for target in (self.protected, f"/{self.protected}", self.identity, self.identity[:12], self.identity[:7]):
                with self.subTest(operation, target=target), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                    rule = (
                        f"{self.protected} is protected|protected by protected_containers, which names {self.protected}"
                    )
                    text = self.refusal_with(self.guarding(proxy), operation, **self.params(operation, target))
                    self.assertRegex(text, BLOCKED.format(f"({rule})"))
                    self.assert_untouched(proxy.requests)

    def test_every_way_to_name_one(self) -> None:
        rules = (
            self.protected,
            f"/{self.protected}",
            self.identity,
            self.identity[:12],
            "label=tier",
            "label=tier=db",
            "label:tier=db",
            "label=app.owner=x=y",
            f"nothing-of-that-name, {self.protected}",
            ["nothing-of-that-name", "label=tier=db"],
        )
        for rule in rules:
            for operation in ("stop_container", "disconnect_network"):
                with self.subTest(operation, rule=rule), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                    self.assert_blocked(
                        self.guarding(proxy, rule), operation, "protected", **self.params(operation, self.protected)
                    )
                    self.assert_untouched(proxy.requests)

    def test_what_is_not_named_is_not_protected(self) -> None:
        similar = [
            self.protected[:-1],
            f"/{self.identity[:6]}",
            "label=tier=web",
            "label=tie",
            "tier",
            self.protected + "x",
        ]
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            execute(self.guarding(proxy, similar), "stop_container", id=self.protected, t=0)
            execute(self.guarding(proxy), "pause_container", id=self.other)
            execute(self.guarding(proxy), "unpause_container", id=self.other)
            execute(self.guarding(proxy), "disconnect_network", id=self.network, Container=self.other)
        self.assertFalse(self.inspect()["State"]["Running"])

    def test_the_label_of_a_new_form(self) -> None:
        """F42: it protects because the configuration names it, and only then."""
        name = container(self, Labels={"fortisoar.protect": "true"})
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            config = self.guarding(proxy, "label=fortisoar.protect=true")
            for operation in CONTAINERS:
                with self.subTest(operation):
                    text = self.refusal_with(config, operation, **self.params(operation, name))
                    self.assertRegex(text, BLOCKED.format("fortisoar.protect=true"))
            self.assertEqual({"GET"}, {request.method for request in proxy.requests})
            execute(self.guarding(proxy, ""), "pause_container", id=name)
        self.assertTrue(api("GET", f"/containers/{name}/json")["State"]["Paused"])

    def test_it_may_be_looked_at(self) -> None:
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            config = self.guarding(proxy)
            self.assertEqual(self.identity, execute(config, "inspect_container", id=self.protected)["Id"])
            execute(config, "container_logs", id=self.protected)
            execute(config, "container_stats", id=self.protected)
            execute(config, "remove_container", id=self.protected, dry_run=True)

    def test_prune_spares_one_that_is_stopped(self) -> None:
        """The others are removed, by their full ids, and the result says what was spared and why."""
        for rule in (self.protected, self.identity[:12], "label=tier=db"):
            other = container(self, Labels={"prune": "me"}, start=False)
            identity = api("GET", f"/containers/{other}/json")["Id"]
            api("POST", f"/containers/{self.identity}/stop?t=0")
            self.before = self.fingerprint()
            with self.subTest(rule=rule), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                config = self.guarding(proxy, rule)
                foreseen = execute(config, "prune_containers", dry_run=True)
                self.assert_untouched(proxy.requests)
                done = execute(config, "prune_containers")
                self.assertIn(identity, done["ContainersDeleted"])
                self.assertEqual(set(foreseen["ContainersDeleted"]), set(done["ContainersDeleted"]))
                self.assertGreaterEqual(done["SpaceReclaimed"], 0)
                (spared,) = done["spared"]
                self.assertEqual((self.protected, self.identity), (spared["name"], spared["id"]))
                self.assertIn(rule.removeprefix("label="), spared["rule"])
                self.assertEqual(done["spared"], foreseen["spared"])
                changes = [request for request in proxy.requests if request.method != "GET"]
                self.assertIn(("DELETE", f"/containers/{identity}"), [(one.method, one.path) for one in changes])
                self.assertEqual({"DELETE"}, {one.method for one in changes})
                self.assertFalse(any("force" in one.query or "v" in one.query for one in changes))
                self.assertEqual(self.before, self.fingerprint())

    def test_a_prune_of_networks_spares_that_of_one_that_is_stopped(self) -> None:
        """It would not start again without it."""
        for name in (self.protected, self.other):
            api("POST", f"/containers/{name}/stop?t=0")
        unused = network(self)
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            config = self.guarding(proxy)
            foreseen = execute(config, "prune_networks", dry_run=True)
            done = execute(config, "prune_networks")
        self.assertIn(unused, done["NetworksDeleted"])
        self.assertEqual(sorted(foreseen["NetworksDeleted"]), sorted(done["NetworksDeleted"]))
        self.assertEqual(foreseen["spared"], done["spared"])
        (spared,) = done["spared"]
        self.assertEqual(self.network, spared["name"])
        self.assertIn(f"container {self.protected} in it is protected by", spared["rule"])
        self.assertEqual({"GET", "DELETE"}, {request.method for request in proxy.requests})
        api("POST", f"/containers/{self.protected}/start")

    def test_a_prune_for_others_by_call_api(self) -> None:
        api("POST", f"/containers/{self.identity}/stop?t=0")
        self.before = self.fingerprint()
        for path in ("/containers/prune", "/v1.41/containers/prune"):
            with self.subTest(path), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                self.assert_blocked(self.guarding(proxy), "call_api", "protected", method="POST", path=path)
                self.assert_untouched(proxy.requests)

    def test_a_prune_that_spares_nothing_is_the_engines_own(self) -> None:
        other = container(self, Labels={"prune": "me"}, start=False)
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            execute(self.guarding(proxy), "prune_containers", filters="label=prune=me")
            changes = [request.path for request in proxy.requests if request.method != "GET"]
        self.assertEqual(["/containers/prune"], changes)
        self.assertNotIn(other, [one["Names"][0][1:] for one in api("GET", "/containers/json?all=1")])

    def test_another_containers_pieces_of_it(self) -> None:
        """An exec is found by its own id; it belongs to the container all the same."""
        made: str = api("POST", f"/containers/{self.identity}/exec", {"Cmd": ["touch", "/touched"]})["Id"]
        self.addCleanup(api, "POST", f"/exec/{made}/start", {"Detach": True})
        self.before = self.fingerprint()
        for path in (f"/exec/{made}/start", f"/v1.41/exec/{made}/start", f"/exec/{made}/resize"):
            with self.subTest(path), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                self.assert_blocked(
                    self.guarding(proxy), "call_api", "protected", method="POST", path=path, body={"Detach": True}
                )
                self.assert_untouched(proxy.requests)


class Table(ProtectedTestCase):
    """Each row of the table in the documents, and no operation without one."""

    def test_every_operation_that_changes_a_container_has_a_row(self) -> None:
        entered = {name for row in TABLE for name in row.operations}
        self.assertEqual({name for name in FIELDS if EFFECTS[name] != "read"}, entered)

    def test_every_operation_that_names_a_container_is_known_to(self) -> None:
        """Where the declaration offers a choice of containers, `access.json` must say which parameter that is."""
        picked = {
            operation["operation"]: field["name"]
            for operation in session.PACKAGE.info["operations"]
            for field in operation["parameters"]
            if "pick_container" in json.dumps(field)
        }
        changing = {name: field for name, field in picked.items() if EFFECTS.get(name, "read") != "read"}
        self.assertGreater(len(changing), 12)
        self.assertEqual({}, {name: field for name, field in changing.items() if FIELDS.get(name) != field})

    def test_what_is_allowed_is_done_without_a_look(self) -> None:
        api("POST", f"/containers/{self.identity}/stop?t=0")
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            execute(self.guarding(proxy), "start_container", id=self.protected)
            self.assertEqual(["POST"], [request.method for request in proxy.requests if request.path != "/_ping"])
            self.assertTrue(self.inspect()["State"]["Running"])
            api("POST", f"/containers/{self.identity}/pause")
            execute(self.guarding(proxy), "unpause_container", id=self.identity[:12])
            self.assertFalse(self.inspect()["State"]["Paused"])

    def test_every_request_of_call_api(self) -> None:
        api("POST", f"/containers/{self.other}/stop?t=0")
        made: str = api("POST", f"/containers/{self.identity}/exec", {"Cmd": ["true"]})["Id"]
        names = {"id": self.protected, "network": self.network, "exec": made}
        self.before = self.fingerprint()
        seen = 0
        for row in TABLE:
            for method, template in (request.split(" ") for request in row.requests):
                call: dict[str, Any] = {"method": method, "path": template.format(**names)}
                if template == "/commit":
                    call["query"] = {"container": self.protected}
                elif template.startswith("/networks/"):
                    call["body"] = {"Container": self.protected}
                elif template.endswith("/wait"):
                    call["timeout"] = 1
                for path in (call["path"], f"/v1.41{call['path']}"):
                    with self.subTest(method, path=path), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                        text = ""
                        try:
                            execute(self.guarding(proxy), "call_api", **{**call, "path": path})
                        except ConnectorError as error:
                            text = str(error)
                        if row.is_allowed:
                            self.assertNotIn("blocked_by_policy", text)
                        else:
                            self.assertRegex(text, BLOCKED.format("protected"))
                            self.assert_untouched(proxy.requests)
                        seen += 1
        self.assertGreater(seen, 40)

    def test_a_start_that_does_more(self) -> None:
        """Before API 1.24 a start could bring a new configuration along."""
        one = f"/containers/{self.protected}/start"
        for call in (
            {"path": f"/v1.23{one}", "body": {"Privileged": True}},
            {"path": one, "body": "text"},
            {"path": one, "query": {"checkpoint": "c"}},
            {"path": one, "query": "checkpoint-dir=/tmp"},
        ):
            with self.subTest(**call), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                self.assert_blocked(self.guarding(proxy), "call_api", "protected", method="POST", **call)
                self.assert_untouched(proxy.requests)


class FullIds(OperationTestCase):
    """F39: what is checked is what is acted on. After the look, the name is sent no more."""

    def assert_aimed(self, requests: list[Request], name: str) -> None:
        sent = [request for request in requests if request.path != "/_ping"]
        self.assertEqual("GET", sent[0].method)
        self.assertIn(name, sent[0].target)
        changes = [request for request in sent if request.method != "GET"]
        self.assertTrue(changes, "nothing was changed")
        for request in sent[1:]:
            self.assertNotIn(name, request.target)
            self.assertNotIn(name.encode(), request.body)
        self.assertIn(CONTAINER_ID, changes[0].target + changes[0].body.decode("latin-1"))

    def test_every_operation_sends_the_full_id_and_tells_the_name(self) -> None:
        name = "some-container"
        for rule in ("db", "label=tier"):
            for operation, field in CONTAINERS.items():
                params = {**required(operation), field: name}
                params.update({"name": "renamed"} if operation == "rename_container" else {})
                params.update({"filename": "f"} if operation == "copy_to_container" else {})
                params.update({"disable_restart": True} if operation in ("stop_container", "kill_container") else {})
                with self.subTest(operation, rule=rule), Recorder("1.54", self.answers()) as recorder:
                    config = {**over_unix(recorder.socket), "protected_containers": rule, "timeout": 5}
                    try:
                        told = json.dumps(CONNECTOR.execute(config, operation, params))
                    except ConnectorError as error:
                        told = str(error)
                    self.assertNotIn(CONTAINER_ID, told)
                    if "some-container" not in told:
                        self.assertRegex(told, r"^{\"(Id|Warnings|stdout)|\[failed\]", "the name is not told")
                    self.assert_aimed(recorder.requests, name)

    def answers(self) -> dict[str, Recorded]:
        """A container whose restart policy is not yet no, so that an operation of several requests sends them all."""
        body = {
            "Id": CONTAINER_ID,
            "Name": "/some-container",
            "State": {"Running": True, "Status": "running", "StartedAt": "x"},
            "Config": {"Labels": None},
            "HostConfig": {"RestartPolicy": {"Name": "always"}, "LogConfig": {"Type": "json-file"}},
        }
        answer = Recorded(200, body)
        looks = {f"GET /containers/{name}/json": answer for name in ("some-container", CONTAINER_ID)}
        network = Recorded(200, {"Id": NETWORK_ID, "Name": "n"})
        return {**looks, **{f"GET /networks/{name}": network for name in ("web", "n", NETWORK_ID)}}

    def test_a_network_too(self) -> None:
        for verb in ("connect", "disconnect"):
            for operation, params in (
                (f"{verb}_network", {"id": "n", "Container": "some-container"}),
                (
                    "call_api",
                    {"method": "POST", "path": f"/networks/n/{verb}", "body": {"Container": "some-container"}},
                ),
            ):
                with self.subTest(operation, verb=verb), Recorder("1.41", self.answers()) as recorder:
                    config = {**over_unix(recorder.socket), "protected_containers": "db"}
                    told = json.dumps(CONNECTOR.execute(config, operation, params))
                    (change,) = [request for request in recorder.requests if request.method == "POST"]
                    self.assertEqual(f"/networks/{NETWORK_ID}/{verb}", change.path)
                    self.assertNotIn(NETWORK_ID, told)

    def test_no_rule_is_no_look(self) -> None:
        """What is not protected costs nothing."""
        for operation, field in CONTAINERS.items():
            params = {**required(operation), field: "some-container"}
            params.update({"filename": "f"} if operation == "copy_to_container" else {})
            with self.subTest(operation), Recorder("1.54", self.answers()) as recorder, suppress(ConnectorError):
                CONNECTOR.execute({**over_unix(recorder.socket), "timeout": 5}, operation, params)
                sent = [request for request in recorder.requests if request.path != "/_ping"]
                looks_itself = operation in (
                    "container_attach",
                    "attach_container",
                    "stop_container",
                    "restart_container",
                )
                if not looks_itself:
                    self.assertNotEqual("GET", sent[0].method, sent)

    def test_every_request_of_call_api(self) -> None:
        name = "some-container"
        for row in TABLE:
            for method, template in (request.split(" ") for request in row.requests if not row.is_allowed):
                if "{exec}" in template:
                    continue  # an exec belongs to one container for ever
                call: dict[str, Any] = {"method": method, "path": template.format(id=name, network="n")}
                if template == "/commit":
                    call["query"] = {"container": name, "repo": "x"}
                elif template.startswith("/networks/"):
                    call["body"] = {"container": name}
                for prefix in ("", "/v1.41", "/libpod", "/v4.0.0/libpod"):
                    with self.subTest(method, path=prefix + call["path"]), Recorder("1.41", self.answers()) as recorder:
                        config = {**over_unix(recorder.socket), "protected_containers": "db"}
                        CONNECTOR.execute(config, "call_api", {**call, "path": prefix + call["path"]})
                        self.assert_aimed(recorder.requests, name)

    def test_an_error_tells_the_name(self) -> None:
        name = container(self, start=False)
        identity = api("GET", f"/containers/{name}/json")["Id"]
        config = {**self.config, "protected_containers": "db"}
        text = self.refusal_with(config, "kill_container", id=name)
        self.assertIn(name, text)
        self.assertNotIn(identity, text)
        self.assertEqual(name, execute(config, "remove_container", id=name)["id"])

    def test_a_container_that_is_named_like_the_id_of_another(self) -> None:
        """Docker looks for a full id, then for a name, then for the beginning of an id."""
        victim = container(self)
        identity = api("GET", f"/containers/{victim}/json")["Id"]
        decoy = container(self)
        api("POST", f"/containers/{decoy}/rename?name={identity[:12]}")
        self.addCleanup(remove, f"/containers/{identity[:12]}?force=1")
        config = {**self.config, "protected_containers": victim}
        execute(config, "pause_container", id=identity[:12])
        text = self.refusal_with(config, "pause_container", id=identity[:13])
        self.assertRegex(text, BLOCKED.format(victim))
        self.assertFalse(api("GET", f"/containers/{identity}/json")["State"]["Paused"])
        api("POST", f"/containers/{identity[:12]}/unpause")


class Race(ProtectedTestCase):
    """F39: a container is renamed to and from the beginning of a protected one's id, while calls name just that."""

    ATTEMPTS = 240

    @contextmanager
    def renaming(self, name: str) -> Iterator[None]:
        over = threading.Event()
        decoy = api("GET", f"/containers/{self.other}/json")["Id"]

        def rename() -> None:
            while not over.is_set():
                for new in (name, self.other):
                    with suppress(RefusedError):
                        api("POST", f"/containers/{decoy}/rename?name={new}")

        thread = threading.Thread(target=rename, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            with suppress(RefusedError):
                api("POST", f"/containers/{decoy}/rename?name={self.other}")

    def attempt(self, number: int, name: str) -> str:
        config = {**over_unix(), "protected_containers": "label=tier=db", "retry_attempts": 0}
        calls: list[tuple[str, dict[str, Any]]] = [
            ("kill_container", {"id": name}),
            ("pause_container", {"id": name}),
            ("exec_container", {"id": name, "Cmd": ["touch", "/touched"]}),
            ("update_container", {"id": name, "Memory": "64m", "MemorySwap": "128m"}),
            ("disconnect_network", {"id": self.network, "Container": name}),
            ("call_api", {"method": "POST", "path": f"/containers/{name}/stop", "query": {"t": "0"}}),
        ]
        operation, params = calls[number % len(calls)]
        try:
            execute(config, operation, **params)
        except ConnectorError as error:
            return str(error)
        return "done"

    def test_the_protected_container_survives(self) -> None:
        name, decoy = self.identity[:12], api("GET", f"/containers/{self.other}/json")["Id"]
        outcomes = []
        with self.renaming(name):
            for number in range(self.ATTEMPTS):
                outcomes.append(self.attempt(number, name))
                for path, body in (
                    (f"/containers/{decoy}/unpause", None),
                    (f"/containers/{decoy}/start", None),
                    (f"/networks/{self.network}/connect", {"Container": decoy}),
                ):
                    if outcomes[-1] != "done":
                        break
                    with suppress(RefusedError):
                        api("POST", path, body)
                if number % 12 == 11:
                    self.assertEqual(self.before, self.fingerprint(), f"after attempt {number + 1}")
        self.assertGreater(outcomes.count("done"), 10, "the decoy was hardly ever named so")
        self.assertGreater(sum("blocked_by_policy" in outcome for outcome in outcomes), 10, "and it always was")


HEX = "0123456789abcdef" * 4
PAGE = "<html><h1>404 Not Found</h1></html>"
TEXT, HTML = {"Content-Type": "text/plain"}, {"Content-Type": "text/html"}
# What comes in place of an answer of Docker's, whatever was asked for.
ODD = {
    "a router's page": Answer(404, "404 page not found\n", TEXT),
    "a web page": Answer(404, PAGE, HTML),
    "a web page as JSON": Answer(404, PAGE),
    "a 404 without a word": Answer(404, ""),
    "a 404 with an empty object": Answer(404, {}),
    "a 404 with a list": Answer(404, []),
    "another message": Answer(404, {"message": "page not found"}),
    "another message with the words in it": Answer(404, {"message": "endpoint 3: No such container"}),
    "the words as text": Answer(404, "No such container: web", TEXT),
    "the words in a web page": Answer(404, {"message": "No such container: web"}, HTML),
    "the words under another name": Answer(404, {"error": "No such container: web"}),
    "the words with another status": Answer(410, {"message": "No such container: web"}),
    "the words as a success": Answer(200, {"message": "No such container: web"}),
    "an empty object": Answer(200, {}),
    "an empty answer": Answer(200, ""),
    "no content": Answer(204, ""),
    "a web page as success": Answer(200, "<html>Sign in</html>", HTML),
    "null": Answer(200, "null"),
    "true": Answer(200, "true"),
    "text": Answer(200, '"web"'),
    "broken JSON": Answer(200, '{"Id": "' + HEX),
    "an object of objects": Answer(200, {"data": {"Id": HEX, "Name": "/web"}}),
    "a redirect": Answer(301, "", {"Location": "/elsewhere"}),
    "another redirect": Answer(307, "", {"Location": "/elsewhere"}),
    "not modified": Answer(304, ""),
    "forbidden": Answer(403, PAGE, HTML),
    "unauthorized": Answer(401, {"message": "who are you"}),
    "a failure": Answer(500, {"message": "oops"}),
    "a failed gateway": Answer(502, PAGE, HTML),
    "not now": Answer(503, ""),
}
OF_CONTAINERS = {
    **ODD,
    "an empty list": Answer(200, []),
    "a list with the inspection": Answer(200, [{"Id": HEX, "Name": "/web"}]),
    "a short id": Answer(200, {"Id": "0123456789ab", "Name": "/web"}),
    "a long id": Answer(200, {"Id": HEX + "0", "Name": "/web"}),
    "an id of other letters": Answer(200, {"Id": "g" + HEX[1:], "Name": "/web"}),
    "an id with a path": Answer(200, {"Id": "../" + HEX[3:], "Name": "/web"}),
    "an image's id": Answer(200, {"Id": f"sha256:{HEX}", "Name": "/web"}),
    "a number as id": Answer(200, {"Id": 7, "Name": "/web"}),
    "no id": Answer(200, {"Name": "/web"}),
    "no name": Answer(200, {"Id": HEX}),
    "an empty name": Answer(200, {"Id": HEX, "Name": "/"}),
    "a number as name": Answer(200, {"Id": HEX, "Name": 7}),
    "names": Answer(200, {"Id": HEX, "Name": ["/web"]}),
    "labels that are a list": Answer(200, {"Id": HEX, "Name": "/web", "Config": {"Labels": ["tier=db"]}}),
    "a configuration that is text": Answer(200, {"Id": HEX, "Name": "/web", "Config": "{}"}),
}
OF_EXECS = {
    **ODD,
    "an empty list": Answer(200, []),
    "no container": Answer(200, {"ID": HEX}),
    "a short id": Answer(200, {"ID": HEX, "ContainerID": HEX[:12]}),
    "a name": Answer(200, {"ID": HEX, "ContainerID": "web"}),
}
OF_LISTS = {
    **ODD,
    "an object": Answer(200, {"containers": []}),
    "no objects": Answer(200, ["web"]),
    "empty objects": Answer(200, [{}]),
    "no state": Answer(200, [{"Id": HEX, "Names": ["/web"], "Labels": {}}]),
    "no id": Answer(200, [{"Names": ["/web"], "State": "exited"}]),
}


class Looks(PolicyTestCase):
    """F41: an answer that is not Docker's opens nothing."""

    def assert_closed(
        self,
        look: str,
        answers: dict[str, Answer],
        operation: str,
        rule: str = "db",
        besides: dict[str, Answer] | None = None,
        **params: Any,
    ) -> None:
        for what, answer in answers.items():
            with self.subTest(what, operation=operation), ScriptedServer({**(besides or {}), look: answer}) as server:
                fields = {"protected_containers": rule, "retry_attempts": 0, "timeout": 5}
                text = self.refusal_with({**over_http(server.address), **fields}, operation, **params)
                self.assertIn("Nothing was done", text)
                self.assertNotIn("blocked_by_policy", text)
                changes = [seen for seen in server.seen if not seen.startswith(("GET", "HEAD"))]
                self.assertEqual([], changes)
                self.assertIn(look, server.seen)

    def test_at_containers(self) -> None:
        look = "GET /containers/web/json"
        for operation, field in CONTAINERS.items():
            answers = OF_CONTAINERS if operation in ("stop_container", "disconnect_network") else ODD
            self.assert_closed(look, answers, operation, **{**required(operation), field: "web"})

    def test_at_containers_by_force(self) -> None:
        params: dict[str, Any] = {"id": "n", "Container": "web", "Force": True}
        self.assert_closed("GET /containers/web/json", OF_CONTAINERS, "disconnect_network", **params)

    def test_at_containers_of_call_api(self) -> None:
        look = "GET /containers/web/json"
        self.assert_closed(look, OF_CONTAINERS, "call_api", method="DELETE", path="/containers/web")
        body = {"Container": "web"}
        self.assert_closed(look, ODD, "call_api", method="POST", path="/networks/n/disconnect", body=body)
        self.assert_closed(look, ODD, "call_api", method="POST", path="/commit", query={"container": "web"})

    def test_at_commands(self) -> None:
        look = f"GET /exec/{HEX}/json"
        self.assert_closed(look, OF_EXECS, "call_api", method="POST", path=f"/exec/{HEX}/start", body={"Detach": True})

    def test_at_a_commands_container(self) -> None:
        made = Answer(200, {"ID": HEX, "ContainerID": HEX})
        for what, answer in OF_CONTAINERS.items():
            script = {f"GET /exec/{HEX}/json": made, f"GET /containers/{HEX}/json": answer}
            with self.subTest(what), ScriptedServer(script) as server:
                config = {**over_http(server.address), "protected_containers": "db", "retry_attempts": 0}
                text = self.refusal_with(config, "call_api", method="POST", path=f"/exec/{HEX}/start")
                self.assertIn("Nothing was done", text)
                self.assertEqual([], [seen for seen in server.seen if seen.startswith("POST")])

    def test_at_lists(self) -> None:
        self.assert_closed("GET /containers/json", OF_LISTS, "call_api", method="POST", path="/containers/prune")

    def test_at_networks(self) -> None:
        answers = {**ODD, "no id": Answer(200, {"Name": "n"}), "no name": Answer(200, {"Id": HEX})}
        self.assert_closed("GET /networks/n", answers, "remove_network", id="n")
        self.assert_closed("GET /networks/n", answers, "call_api", method="DELETE", path="/networks/n")
        besides = {"GET /containers/web/json": Answer(200, {"Id": HEX, "Name": "/web", "Config": {}})}
        for operation in ("connect_network", "disconnect_network"):
            self.assert_closed("GET /networks/n", answers, operation, besides=besides, id="n", Container="web")

    def test_at_volumes(self) -> None:
        answers = {**ODD, "no name": Answer(200, {"Driver": "local"}), "a list": Answer(200, [{"Name": "v"}])}
        self.assert_closed("GET /volumes/v", answers, "remove_volume", name="v", force=True)
        self.assert_closed("GET /volumes/v", answers, "call_api", method="DELETE", path="/volumes/v")

    def test_at_images(self) -> None:
        answers = {**ODD, "a short id": Answer(200, {"Id": "sha256:0123456789ab", "RepoTags": []})}
        self.assert_closed("GET /images/app/json", answers, "remove_image", name="app", force=True)
        params: dict[str, Any] = {"method": "DELETE", "path": "/images/app", "query": {"force": "1"}}
        self.assert_closed("GET /images/app/json", answers, "call_api", **params)

    def test_at_services(self) -> None:
        answers = {**ODD, "no specification": Answer(200, {"ID": HEX})}
        self.assert_closed("GET /services/s", answers, "call_api", method="DELETE", path="/services/s")

    def test_at_what_a_protected_container_needs(self) -> None:
        """The list of containers decides, and then the inspection of each that is protected."""
        besides = {
            "GET /networks/n": Answer(200, {"Id": HEX, "Name": "n"}),
            "GET /volumes/v": Answer(200, {"Name": "v"}),
            "GET /images/app/json": Answer(200, {"Id": f"sha256:{HEX}", "RepoTags": ["app:latest"]}),
        }
        listed = {"Id": HEX, "Names": ["/db"], "State": "running", "Labels": {}}
        calls: list[tuple[str, dict[str, Any]]] = [
            ("remove_network", {"id": "n"}),
            ("remove_volume", {"name": "v"}),
            ("remove_image", {"name": "app", "force": True}),
            ("create_container", {"image": "app", "Binds": "v:/data"}),
        ]
        for operation, params in calls:
            self.assert_closed("GET /containers/json", OF_LISTS, operation, besides=besides, **params)
            found = {**besides, "GET /containers/json": Answer(200, [listed])}
            self.assert_closed(f"GET /containers/{HEX}/json", ODD, operation, besides=found, **params)

    def test_at_an_images_labels(self) -> None:
        """An image that cannot be looked at takes no protection away."""
        image = f"sha256:{HEX}"
        inspection = {"Id": HEX, "Name": "/web", "Image": image, "Config": {"Labels": {"tier": "db"}}}
        besides = {"GET /containers/web/json": Answer(200, inspection)}
        look = f"GET /images/{image}/json"
        self.assert_closed(look, ODD, "pause_container", rule="label=tier=db", besides=besides, id="web")
        absent = {look: Answer(404, {"message": f"No such image: {image}"})}
        with ScriptedServer({**besides, **absent}) as server:
            config = {**over_http(server.address), "protected_containers": "label=tier=db"}
            self.assert_blocked(config, "pause_container", "tier=db", id="web")

    def test_labels_must_be_there_where_a_rule_asks_for_them(self) -> None:
        look, bare = "GET /containers/web/json", Answer(200, {"Id": HEX, "Name": "/web"})
        self.assert_closed(look, {"no configuration": bare}, "pause_container", rule="label=tier", id="web")
        with ScriptedServer({look: bare, f"POST /containers/{HEX}/rename": Answer(204)}) as server:
            config = {**over_http(server.address), "protected_containers": "db"}
            execute(config, "rename_container", id="web", name="new")
            self.assertIn(f"POST /containers/{HEX}/rename", server.seen)

    def test_a_body_that_names_no_container(self) -> None:
        """What cannot be told may be a protected one's."""
        for verb in ("connect", "disconnect"):
            for body in (
                None,
                {},
                [],
                "text",
                '{"Container": "web"} and more',
                {"Container": 7},
                [{"Container": "web"}],
            ):
                with self.subTest(verb, body=body), Recorder("1.41", {}) as recorder:
                    call = {"method": "POST", "path": f"/networks/a/{verb}", "body": body}
                    config = {**over_unix(recorder.socket), "protected_containers": "db"}
                    text = self.refusal_with(config, "call_api", **call)
                    self.assertRegex(text, r"^\[(blocked_by_policy|invalid_parameters)\]")
                    self.assertEqual([], [request for request in recorder.requests if request.method == "POST"])

    def test_one_that_is_not_there_is_the_calls_own_error(self) -> None:
        for message in (
            "No such container: web",
            'no container with name or ID "web" found: no such container',
        ):
            for operation in ("stop_container", "remove_container", "exec_container"):
                absent = {"GET /containers/web/json": Answer(404, {"message": message})}
                with self.subTest(operation, message=message), ScriptedServer(absent) as server:
                    config = {**over_http(server.address), "protected_containers": "db"}
                    text = self.refusal_with(config, operation, **{**required(operation), "id": "web"})
                    self.assertRegex(text, rf"^\[not_found 404\] {operation}: {re.escape(message)}")
                    self.assertEqual([], [seen for seen in server.seen if not seen.startswith("GET")])

    def test_a_network_may_keep_what_the_engine_has_forgotten(self) -> None:
        """Force removes what a network still has of a container that is gone: by its name, as there is no id."""
        absent = Answer(404, {"message": "No such container: web"})
        script = {
            "GET /containers/web/json": absent,
            "GET /networks/n": Answer(200, {"Id": HEX, "Name": "n"}),
            f"POST /networks/{HEX}/disconnect": Answer(200, ""),
        }
        with ScriptedServer(script) as server:
            config = {**over_http(server.address), "protected_containers": "db"}
            execute(config, "disconnect_network", id="n", Container="web", Force=True)
            self.assertIn(f"POST /networks/{HEX}/disconnect", server.seen)


class Detours(ProtectedTestCase):
    """`call_api`, in every spelling that the engine might understand."""

    def attempt(self, **call: Any) -> None:
        """Whatever it ends with: nothing may have been done to the container."""
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy, suppress(ConnectorError):
            execute(self.guarding(proxy), "call_api", **call)
        try:
            self.assertEqual(self.before, self.fingerprint())
        finally:
            self.restore()

    def restore(self) -> None:
        """For the next attempt, in case that this one went through."""
        if not self.inspect()["State"]["Running"]:
            api("POST", f"/containers/{self.identity}/start")
            self.before = self.fingerprint()
        if self.network not in self.inspect()["NetworkSettings"]["Networks"]:
            api("POST", f"/networks/{self.network}/connect", {"Container": self.identity})

    def test_paths(self) -> None:
        name, version = self.protected, api("GET", "/version")["ApiVersion"]
        encoded = "".join(f"%{ord(letter):02x}" for letter in name)
        for path in (
            f"/containers/{name}/stop",
            f"/containers/{self.identity}/stop",
            f"/containers/{self.identity[:12]}/stop",
            f"/v{version}/containers/{name}/stop",
            "/v1.40/containers/NAME/stop",
            "/v1.40.9/containers/NAME/stop",
            "/v1.40./containers/NAME/stop",
            "/v1.40.0.0/containers/NAME/stop",
            "/v01.040/containers/NAME/stop",
            "/v1.0040/containers/NAME/stop",
            "/v1.24/containers/NAME/stop",
            "/V1.40/containers/NAME/stop",
            "/v1.40/v1.40/containers/NAME/stop",
            "/v1%2e40/containers/NAME/stop",
            "/v1.40%2fcontainers/NAME/stop",
            f"/containers/{encoded}/stop",
            f"/%63ontainers/{name}/stop",
            f"/containers/{name}/%73top",
            f"/containers/{name}/stop/",
            f"/containers//{name}/stop",
            f"//containers/{name}/stop",
            f"/containers/./{name}/stop",
            f"/images/../containers/{name}/stop",
            f"/images/%2e%2e/containers/{name}/stop",
            f"/containers/{name}%2fstop",
            f"/containers%2f{name}/stop",
            f"/containers/{name}/stop?t=0",
            f"/containers/{name}/stop#x",
            f"/containers/{name}\\stop",
            f"containers/{name}/stop",
            f"/containers/%2f{name}/stop",
            f"/containers/{self.other}/../{name}/stop",
            f"http://localhost/containers/{name}/stop",
        ):
            for unversioned in (False, True):
                with self.subTest(path, unversioned=unversioned):
                    self.attempt(
                        method="POST",
                        path=path.replace("NAME", name),
                        query={"t": "0"},
                        unversioned=unversioned,
                    )

    def test_everything_that_can_be_done_to_one(self) -> None:
        one = f"/containers/{self.protected}"
        for method, path, query in (
            ("POST", f"{one}/kill", {}),
            ("POST", f"{one}/pause", {}),
            ("POST", f"{one}/restart", {"t": "0"}),
            ("POST", f"{one}/rename", {"name": unique("renamed")}),
            ("POST", f"{one}/attach", {"stdin": "1"}),
            ("POST", f"{one}/resize", {"h": "1", "w": "1"}),
            ("DELETE", one, {"force": "1"}),
            ("PUT", f"{one}/archive", {"path": "/"}),
            ("POST", "/commit", {"container": self.protected}),
            ("POST", "/commit/", {"container": self.protected}),
        ):
            with self.subTest(path):
                with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                    text = self.refusal_with(self.guarding(proxy), "call_api", method=method, path=path, query=query)
                self.assertRegex(text, "blocked_by_policy|invalid_parameters")
                self.assert_untouched(proxy.requests)
        for path, body in ((f"{one}/update", {"Memory": 2**26}), (f"{one}/exec", {"Cmd": ["touch", "/touched"]})):
            with self.subTest(path), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                self.assert_blocked(self.guarding(proxy), "call_api", "protected", method="POST", path=path, body=body)
                self.assert_untouched(proxy.requests)

    def test_bodies_that_name_one(self) -> None:
        """Go takes a field's name in any case, and of two the last."""
        path, name, other = f"/networks/{self.network}/disconnect", self.protected, self.other
        for body in (
            {"Container": name},
            {"container": name},
            {"CONTAINER": name},
            {"Container": other, "container": name},
            {"container": name, "Container": other},
            {"Container": f"/{name}"},
            {"Container": self.identity[:12], "Force": True},
            json.dumps({"Container": name}),
            '{"Container": "' + other + '", "Container": "' + name + '"}',
            ' \n{"\\u0043ontainer": "' + name + '"}',
            json.dumps({"Container": name}) + "\x00",
            json.dumps({"Container": name}) + " and more",
        ):
            for headers in ({}, {"Content-Type": "application/json"}):
                with self.subTest(body, **headers):
                    self.attempt(method="POST", path=path, body=body, headers=headers)

    def test_files_that_name_one(self) -> None:
        records = importlib.import_module("integrations.records")
        with tempfile.NamedTemporaryFile("w", suffix=".json") as body:
            json.dump({"Container": self.protected}, body)
            body.flush()
            file = records.create_file(body.name, "body.json")["@id"]
        path = f"/networks/{self.network}/disconnect"
        self.attempt(method="POST", path=path, body_file=file, headers={"Content-Type": "application/json"})

    def test_forms_that_name_one(self) -> None:
        before = {image["Id"] for image in api("GET", "/images/json?all=1")}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        text = self.refusal_with(
            {**over_unix(), "protected_containers": self.protected, "timeout": 10},
            "call_api",
            method="POST",
            path="/commit",
            body=f"container={self.protected}",
            headers=form,
        )
        made = {image["Id"] for image in api("GET", "/images/json?all=1")} - before
        for image in made:
            remove(f"/images/{image}?force=1")
        self.assertEqual(set(), made, text)


if __name__ == "__main__":
    unittest.main()
