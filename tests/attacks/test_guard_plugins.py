"""Attacks on the guard through a plugin: without its driver, a protected container's volume is gone."""

from __future__ import annotations

import unittest
from typing import Any

from support.access import BLOCKED, PolicyTestCase
from support.configurations import over_unix
from support.engine import api, container
from support.recording_proxy import RecordingProxy
from support.scene import Scene
from support.session import execute, given

IS_PODMAN = "Podman" in api("GET", "/version")["Components"][0]["Name"]


@unittest.skipIf(IS_PODMAN, "Podman has no plugins of this kind")
class Plugins(PolicyTestCase):
    def setUp(self) -> None:
        scene = Scene(self)
        self.plugin, self.volume = scene["enabled_plugin"], scene["plugin_volume"]
        mounts = [{"Type": "volume", "Source": self.volume, "Target": "/data"}]
        self.victim = container(self, start=False, HostConfig={"Mounts": mounts})

    def attacks(self) -> list[tuple[str, dict[str, Any]]]:
        path, force = f"/plugins/{self.plugin}", {"force": "1"}
        identity = api("GET", f"{path}/json")["Id"]
        return [
            ("disable_plugin", {"name": self.plugin, "force": True}),
            ("disable_plugin", {"name": identity[:12], "force": True}),
            ("remove_plugin", {"name": self.plugin, "force": True}),
            ("call_api", {"method": "POST", "path": f"{path}/disable", "query": force}),
            ("call_api", {"method": "DELETE", "path": path, "query": force}),
        ]

    def test_by_force(self) -> None:
        for operation, params in self.attacks():
            with self.subTest(operation, **params), RecordingProxy(given("ENGINE_SOCKET")) as proxy:
                config = {**over_unix(proxy.socket), "protected_containers": self.victim}
                text = self.refusal_with(config, operation, **params)
                self.assertRegex(text, BLOCKED.format(f"Container {self.victim} needs plugin {self.plugin}"))
                self.assertEqual({"GET"}, {request.method for request in proxy.requests})
        self.assertTrue(api("GET", f"/plugins/{self.plugin}/json")["Enabled"])

    def test_without_force_the_engine_keeps_it(self) -> None:
        config = {**over_unix(), "protected_containers": self.victim}
        for operation in ("disable_plugin", "remove_plugin"):
            self.assertRegex(self.refusal_with(config, operation, name=self.plugin), r"^\[conflict 409\] ")

    def test_one_that_nobody_protected_uses(self) -> None:
        other = Scene(self)["enabled_plugin"]
        config = {**over_unix(), "protected_containers": self.victim}
        execute(config, "disable_plugin", name=other, force=True)
        execute(config, "remove_plugin", name=other, force=True)


if __name__ == "__main__":
    unittest.main()
