"""What playbooks send by mistake or malice: found before anything is sent, never on its way to another endpoint."""

from __future__ import annotations

import json
import re
import unittest
from typing import Any
from urllib.parse import unquote

from support import configurations
from support.case import OperationTestCase
from support.engine import IMAGE, api, container, network, remove, state, unique
from support.recording_proxy import RecordingProxy
from support.session import given

HOSTILE = (
    "..",
    ".",
    "/",
    "x/../../images/json",
    "../images/json",
    "../../containers/json?x=",
    "%2e%2e",
    "%2e%2e/images/json",
    "%2E%2E%2Fimages%2Fjson",
    "a?b",
    "a#b",
    "a b",
    "a\r\nX-Injected: yes",
    "a HTTP/1.1\r\nHost: x\r\n\r\nGET /info",
    "\N{FULLWIDTH FULL STOP}\N{FULLWIDTH FULL STOP}",
    "\u2025",
    "x" * 100_000,
)
# Each operation that takes an identifier, its method, and what its path must be.
BY_IDENTIFIER: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("inspect_container", "GET", "/containers/{}/json", {}),
    ("start_container", "POST", "/containers/{}/start", {}),
    ("stop_container", "POST", "/containers/{}/stop", {}),
    ("restart_container", "POST", "/containers/{}/restart", {}),
    ("kill_container", "POST", "/containers/{}/kill", {}),
    ("rename_container", "POST", "/containers/{}/rename", {"name": "renamed"}),
    ("remove_container", "DELETE", "/containers/{}", {}),
    ("container_logs", "GET", "/containers/{}/logs", {}),
    ("container_stats", "GET", "/containers/{}/stats", {}),
    ("exec_container", "POST", "/containers/{}/exec", {"Cmd": ["true"]}),
    ("inspect_network", "GET", "/networks/{}", {}),
    ("connect_network", "POST", "/networks/{}/connect", {"Container": "nobody"}),
    ("disconnect_network", "POST", "/networks/{}/disconnect", {"Container": "nobody"}),
)
LOOK = "/containers/{}/json"
BY_IMAGE: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("inspect_image", "GET", "/images/{}/json", {}),
    ("tag_image", "POST", "/images/{}/tag", {"repo": "fsr.test/never"}),
    ("remove_image", "DELETE", "/images/{}", {}),
)


class Faults(OperationTestCase):
    """Missing and ill-typed parameters."""

    def assert_all_named(self, operation: str, faulty: set[str], /, **params: Any) -> None:
        """One error names every faulty parameter, and nothing was sent."""
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            text = self.refusal_with(configurations.over_unix(proxy.socket), operation, **params)
            self.assertEqual([], proxy.requests)
        self.assertRegex(text, rf"^\[invalid_[a-z]+\] {operation}: ")
        for name in faulty:
            self.assertRegex(text, rf"(?<![A-Za-z_]){name}(?![A-Za-z_])", f"{name} is not named")

    def test_missing(self) -> None:
        self.assert_all_named("inspect_container", {"id"})
        self.assert_all_named("rename_container", {"id", "name"})
        self.assert_all_named("exec_container", {"id", "Cmd"})
        self.assert_all_named("create_container", {"image"}, name="x")
        self.assert_all_named("connect_network", {"id", "Container"})

    def test_empty_is_missing(self) -> None:
        for nothing in (None, "", "   "):
            with self.subTest(nothing):
                self.assert_all_named("rename_container", {"id", "name"}, id=nothing, name=nothing)

    def test_ill_typed(self) -> None:
        self.assert_all_named(
            "list_containers",
            {"all", "limit", "size", "filters"},
            all="perhaps",
            limit="many",
            size=7,
            filters="[broken",
        )
        self.assert_all_named("stop_container", {"id", "t"}, id={"Id": "x"}, t=[1])
        self.assert_all_named("stop_container", {"t"}, id="x", t="1.5")
        self.assert_all_named("stop_container", {"t"}, id="x", t=10**30)
        self.assert_all_named(
            "create_container", {"HostConfig", "additional_fields"}, image=IMAGE, HostConfig="no", additional_fields=[1]
        )
        self.assert_all_named("container_logs", {"tail", "since"}, id="x", tail="last", since="yesterday-ish")
        self.assert_all_named("system_df", {"type"}, type="Plugins")

    def test_missing_and_ill_typed_together(self) -> None:
        self.assert_all_named("inspect_container", {"id", "size"}, size="perhaps")
        self.assert_all_named("exec_container", {"id", "Cmd", "Privileged"}, Privileged="maybe")

    def test_a_clash_of_field_and_additional_field(self) -> None:
        clash = {"Hostname": "b"}
        self.assert_all_named("create_container", {"Hostname"}, image=IMAGE, Hostname="a", additional_fields=clash)

    def test_unknown_operation(self) -> None:
        text = self.refusal("format_disk")
        self.assertRegex(text, r"^\[unknown_operation\] .*format_disk")

    def test_nul(self) -> None:
        self.assert_all_named("inspect_container", {"id"}, id="a\0b")
        self.assert_all_named("inspect_image", {"name"}, name="a\0b")

    def test_no_configuration(self) -> None:
        nothings: tuple[Any, ...] = (None, {})
        for nothing in nothings:
            text = self.refusal_with(nothing, "ping")
            self.assertRegex(text, r"^\[invalid_configuration\] ping: no configuration")

    def test_a_faulty_configuration(self) -> None:
        config = {**configurations.over_tls(), "protocol": "GOPHER", "port": "many", "timeout": "soon"}
        text = self.refusal_with(config, "ping")
        for name in ("protocol", "port", "timeout"):
            self.assertIn(name, text)


class Identifiers(OperationTestCase):
    """Identifiers that try to reach another endpoint."""

    def assert_no_other_endpoint(self, operation: str, method: str, path: str, **params: Any) -> None:
        """Whatever is sent goes to the operation's own path, or looks whether the container is a protected one."""
        allowed = ((method, path, params["id"]), *(("GET", LOOK, params.get(name)) for name in ("id", "Container")))
        for request in self.wire(operation, **params):
            reached = (
                request.method == method
                and (found := re.fullmatch(path.replace("{}", "(?P<given>[^/]+)"), request.path))
                and unquote(found["given"]) == identifier
                for method, path, identifier in allowed
            )
            self.assertTrue(any(reached), f"{request.method} {request.target[:200]}")
            self.assertNotIn("x-injected", request.headers)

    def test_no_identifier_reaches_another_endpoint(self) -> None:
        for operation, method, path, more in BY_IDENTIFIER:
            for hostile in HOSTILE:
                with self.subTest(operation, id=hostile[:40]):
                    self.refusal(operation, id=hostile, **more)
                    self.assert_no_other_endpoint(operation, method, path, id=hostile, **more)

    def test_no_image_name_reaches_another_endpoint(self) -> None:
        for operation, method, path, more in BY_IMAGE:
            for hostile in HOSTILE:
                with self.subTest(operation, name=hostile[:40]):
                    self.refusal(operation, name=hostile, **more)
                    for request in self.wire(operation, name=hostile, **more):
                        before, after = path.split("{}")
                        self.assertEqual(method, request.method)
                        self.assertTrue(
                            request.path.startswith(before) and request.path.endswith(after), request.target
                        )
                        segments = unquote(request.path).split("/")
                        self.assertFalse({".", "..", ""} & set(segments[1:]), request.target)

    def test_the_trick_that_killed(self) -> None:
        name = container(self)
        for operation in ("start_container", "restart_container", "stop_container"):
            self.refusal(operation, id=f"{name}/kill?signal=KILL&x=")
            self.refusal(operation, id=f"{name}%2Fkill%3Fsignal=KILL&x=")
        self.assertTrue(state(name)["Running"])

    def test_a_parameter_cannot_add_another(self) -> None:
        name = container(self)
        for request in self.wire("remove_container", id=name, v="false&force=true"):
            self.assertNotEqual("true", request.query.get("force"))
        sent = self.wire("kill_container", id=name, signal="USR1&signal=KILL")[-1]
        self.assertEqual(("POST", "USR1&signal=KILL"), (sent.method, sent.query["signal"]))
        self.assertTrue(state(name)["Running"])

    def test_lawful_names_arrive_whole(self) -> None:
        for name in ("a.b", "a_b-c", "sha256:" + "0" * 64):
            self.assertEqual([f"/networks/{name}"], [unquote(r.path) for r in self.wire("inspect_network", id=name)])
        image = "registry.test:5000/team/web-app:v1.2"
        self.assertEqual([f"/images/{image}/json"], [unquote(r.path) for r in self.wire("inspect_image", name=image)])


class Normalisation(OperationTestCase):
    """What a playbook's Jinja makes of values, as it arrives on the wire."""

    def query(self, operation: str, /, **params: Any) -> dict[str, str]:
        """What the request asks that does the work: others look, before and after."""
        sent = self.wire(operation, **params)
        return next((request for request in sent if request.method not in ("GET", "HEAD")), sent[-1]).query

    def test_booleans(self) -> None:
        for given_, expected in (
            (True, "true"),
            ("true", "true"),
            ("True", "true"),
            (False, "false"),
            ("false", "false"),
        ):
            with self.subTest(given_):
                sent = self.query("list_containers", all=given_, size=given_)
                meaning = {"1": "true", "0": "false"}
                self.assertEqual([expected] * 2, [meaning.get(sent[name], sent[name]) for name in ("all", "size")])

    def test_numbers(self) -> None:
        name = container(self)
        for given_, expected in ((2, "2"), ("2", "2"), (" 2 ", "2"), (2.0, "2"), (0, "0"), ("0", "0"), (-1, "-1")):
            with self.subTest(given_):
                self.assertEqual(expected, self.query("stop_container", id=name, t=given_)["t"])

    def test_nothing_is_absent(self) -> None:
        for nothing in (None, ""):
            self.assertEqual({}, self.query("stop_container", id=container(self), t=nothing, signal=nothing))
            self.assertEqual(
                {}, self.query("list_containers", all=nothing, limit=nothing, filters=nothing, size=nothing)
            )

    def test_filters(self) -> None:
        for given_ in ({"status": ["running"]}, '{"status": ["running"]}', {"status": "running"}):
            with self.subTest(given_):
                self.assertEqual(
                    {"status": ["running"]}, json.loads(self.query("list_containers", filters=given_)["filters"])
                )

    def test_numbers_as_names(self) -> None:
        self.assertEqual("/containers/12/json", self.wire("inspect_container", id=12)[0].path)

    def test_commands(self) -> None:
        for given_ in (["ls", "-l", "/tmp"], '["ls", "-l", "/tmp"]', "ls -l /tmp", "'ls' -l \"/tmp\""):
            with self.subTest(given_):
                sent = self.wire("create_container", name="", image="nobody/has:this", Cmd=given_)
                self.assertEqual(["ls", "-l", "/tmp"], json.loads(sent[0].body)["Cmd"])

    def test_additional_fields_are_merged_deep(self) -> None:
        sent = self.wire(
            "create_container",
            image="nobody/has:this",
            HostConfig={"Memory": 1},
            additional_fields='{"HostConfig": {"NanoCpus": 2}, "StopTimeout": 0}',
        )
        body = json.loads(sent[0].body)
        self.assertEqual({"Memory": 1, "NanoCpus": 2}, {key: body["HostConfig"][key] for key in ("Memory", "NanoCpus")})
        self.assertEqual(0, body["StopTimeout"])

    def test_false_in_a_body(self) -> None:
        name = container(self)
        sent = self.wire("disconnect_network", id=network(self), Container=name, Force="false")
        self.assertIs(False, next(json.loads(request.body)["Force"] for request in sent if request.method == "POST"))

    def test_every_published_parameter_reaches_the_engine(self) -> None:
        name, another, renamed = container(self), container(self), unique("renamed")
        self.addCleanup(remove, f"/containers/{renamed}?force=1")
        for operation, params, expected in (
            ("inspect_container", {"id": name, "size": True}, {"size"}),
            ("start_container", {"id": name, "detachKeys": "ctrl-x"}, {"detachKeys"}),
            ("restart_container", {"id": name, "t": 1}, {"t"}),
            ("kill_container", {"id": name, "signal": "HUP"}, {"signal"}),
            ("remove_container", {"id": another, "force": True, "v": True, "link": True}, {"force", "v", "link"}),
            ("rename_container", {"id": another, "name": renamed}, {"name"}),
            (
                "container_logs",
                {
                    "id": name,
                    "stdout": True,
                    "stderr": True,
                    "since": "1700000000",
                    "until": 1700000001,
                    "tail": 5,
                    "timestamps": True,
                },
                {"stdout", "stderr", "since", "until", "tail", "timestamps"},
            ),
            (
                "list_images",
                {"all": True, "digests": True, "filters": {"dangling": ["true"]}},
                {"all", "digests", "filters"},
            ),
            ("remove_image", {"name": "x", "force": True, "noprune": True}, {"force", "noprune"}),
            ("tag_image", {"name": "x", "repo": "a/b", "tag": "c"}, {"repo", "tag"}),
            ("inspect_network", {"id": "x", "verbose": True, "scope": "local"}, {"verbose", "scope"}),
            ("list_networks", {"filters": {"driver": ["bridge"]}}, {"filters"}),
        ):
            with self.subTest(operation):
                self.assertLessEqual(expected, set(self.query(operation, **params)))

    def test_the_version_is_in_every_path(self) -> None:
        spoken = api("GET", "/version")["ApiVersion"]
        for operation in ("list_containers", "list_images", "list_networks", "get_info"):
            for request in self.wire(operation):
                self.assertTrue(request.target.startswith(f"/v{spoken}/"), request.target)


if __name__ == "__main__":
    unittest.main()
