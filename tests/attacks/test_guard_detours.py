"""Detours to a protected container through Call API and forms, in every spelling that an engine might understand."""

from __future__ import annotations

import importlib
import json
import tempfile
import unittest
from contextlib import suppress
from typing import Any

from support.configurations import over_unix
from support.engine import api, remove, unique
from support.protected import ProtectedTestCase
from support.recording_proxy import RecordingProxy
from support.session import ConnectorError, execute, given


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
