"""What nothing may be done to: no name, no id and no detour leads to a protected container."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from support import session
from support.access import BLOCKED, required
from support.case import OperationTestCase
from support.configurations import over_unix
from support.engine import RefusedError, api, container, network, remove, unique
from support.protected import CONTAINERS, EFFECTS, FIELDS, TABLE, ProtectedTestCase
from support.recorder import CONTAINER_ID, Recorder
from support.recorder import Answer as Recorded
from support.recording_proxy import RecordingProxy, Request, is_look_for_isolation
from support.session import CONNECTOR, ConnectorError, execute, given

NETWORK_ID = "beef" + 60 * "2"


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
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            self.assert_blocked(self.guarding(proxy), "resize_exec", "protected", exec_id=made, h=1, w=1)
            self.assert_untouched(proxy.requests)


def is_call(request: Request) -> bool:
    """Whether a request is more than the question for the version, and the look for isolated containers."""
    return request.path != "/_ping" and not is_look_for_isolation(request.target)


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
            self.assertEqual(["POST"], [request.method for request in proxy.requests if is_call(request)])
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


# They find the full id themselves, and take longer than a stand-in can be waited for: test_isolation, test_evidence.
OF_SEVERAL_STEPS = {"isolate_container", "collect_evidence"}


class FullIds(OperationTestCase):
    """F39: what is checked is what is acted on. After the look, the name is sent no more."""

    def assert_aimed(self, requests: list[Request], name: str) -> None:
        sent = [request for request in requests if is_call(request)]
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
                if operation in OF_SEVERAL_STEPS:
                    continue
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
            if operation in OF_SEVERAL_STEPS:
                continue
            params = {**required(operation), field: "some-container"}
            params.update({"filename": "f"} if operation == "copy_to_container" else {})
            with self.subTest(operation), Recorder("1.54", self.answers()) as recorder, suppress(ConnectorError):
                CONNECTOR.execute({**over_unix(recorder.socket), "timeout": 5}, operation, params)
                sent = [request for request in recorder.requests if is_call(request)]
                looks_itself = operation in (
                    "container_attach",
                    "attach_container",
                    "stop_container",
                    "restart_container",
                    # Their results hold the state before.
                    "kill_container",
                    "pause_container",
                    "disconnect_network",
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
    # Which of both has the name is chance: so many more attempts until both had it.
    MOST = 4 * ATTEMPTS

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
        outcomes: list[str] = []
        with self.renaming(name):
            for number in range(self.MOST):
                done, blocked = outcomes.count("done"), sum("blocked_by_policy" in outcome for outcome in outcomes)
                if number >= self.ATTEMPTS and min(done, blocked) > 10:
                    break
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
