"""The views of results on the local host's page, each of a real engine's data: what it shows, and what axe says of it.

Takes minutes, so only `cargo xtask test --all` runs it whole; `test_page` has the story of one view.
"""

from __future__ import annotations

import unittest
from typing import ClassVar

from support.engine import container
from support.page import PageTestCase
from support.session import ARCHIVE, PACKAGE, given

HOSTILE = "<img src=x onerror=alert(1)>"
# In order: the operation, its parameters, the view's tab, and what the view has.
VIEWS: tuple[tuple[str, dict[str, str], str, str], ...] = (
    ("list_containers", {}, "Containers", "running"),
    ("inspect_container", {"id": "{container}"}, "Container", "Rights and risks"),
    ("container_stats", {"id": "{container}"}, "Statistics", "Network received"),
    ("system_events", {"since": "10m"}, "Events", "started"),
    ("list_processes", {"id": "{container}"}, "Processes", "sleep 600"),
    ("container_changes", {"id": "{container}"}, "Changed files", "added"),
    ("list_images", {}, "Images", "busybox"),
    ("inspect_image", {"name": "busybox:test"}, "Image", "What a container of it does"),
    ("image_history", {"id": "busybox:test"}, "Layers", "in all"),
    ("system_df", {}, "Disk use", "Build cache"),
    ("list_networks", {}, "Drawing", "bridge"),
    ("list_volumes", {}, "Volumes", "volume"),
    ("container_logs", {"id": "{container}"}, "Output", "GET /"),
    ("ping", {}, "Tree", "status_code"),
)


class Views(PageTestCase):
    """A container that has done a little of everything."""

    container: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        connectors = cls.host.client().connectors
        connectors.install_from_file(str(ARCHIVE), wait=True)
        config = {"protocol": "UNIX", "server_address": given("ENGINE_SOCKET"), "rate_limit": 0}
        connectors.create_configuration(PACKAGE.name, config, name="lab", default=True)
        connectors.create_configuration(
            PACKAGE.name, {**config, "access_level": "Read Only"}, name="watch", default=False
        )

    def setUp(self) -> None:
        script = f"echo 'GET / {HOSTILE}'; echo trouble >&2; touch '/tmp/{HOSTILE[:20]}'; sleep 600"
        labels = {"owner": HOSTILE}
        self.name = container(self, "sh", "-c", script, Labels=labels, Env=["TOKEN=hunter2", "PATH=/bin"])

    def run_operation(self, operation: str, params: dict[str, str]) -> None:
        browser = self.browser
        browser.open(f"{self.host.url}/#/operations/{operation}")
        browser.script("location.reload()")
        browser.find(".facts code", operation)
        for name, value in params.items():
            browser.type(self.field(name), value.replace("{container}", self.name))
        browser.press("Control", "Enter")
        browser.find(".badge.Success")

    def test_each_result_has_its_view_which_all_can_use(self) -> None:
        """In both themes, on a desk and on a telephone; what is hostile is text; nothing shows as [object Object]."""
        browser = self.browser
        self.addCleanup(browser.resize, 1440, 900)
        for operation, params, tab, holds in VIEWS:
            with self.subTest(operation):
                browser.resize(1440, 900)
                self.run_operation(operation, params)
                self.assertTrue(browser.text(".tabs button[aria-selected=true]").startswith(tab))
                browser.find(".view", holds)
                self.assertNotIn("[object", browser.text("body"))
                self.assertEqual(0, browser.script("return document.querySelectorAll('main img[src=x]').length"))
                self.assert_accessible(f"{operation}, light")
                self.picture(f"view-{operation}")
                browser.resize(390, 800, dark=True)
                wide = "return document.documentElement.scrollWidth > innerWidth"
                self.assertFalse(browser.script(wide), f"{operation} is wider than a telephone")
                self.assert_accessible(f"{operation}, dark and narrow")
                self.picture(f"view-{operation}-narrow")

    def test_an_environment_is_masked_until_one_asks(self) -> None:
        self.run_operation("inspect_container", {"id": self.name})
        self.assertNotIn("hunter2", self.browser.text(".view"))
        self.browser.click(".view button", "Show the values")
        self.assertIn("hunter2", self.browser.text(".view"))

    def test_what_is_not_allowed_is_marked_before_one_tries(self) -> None:
        browser = self.browser
        browser.open(f"{self.host.url}/#/operations/remove_container")
        browser.script("location.reload()")
        browser.find("h1", "Remove Container")
        self.assertEqual("destroys", browser.text(".chip.effect"))
        configurations = self.host.client().connectors.configurations(PACKAGE.name)
        browser.choose("#config", next(one.config_id for one in configurations if one.name == "watch"))
        browser.find(".state.warn", "Read Only")

    def test_the_overview_tells_how_engines_are(self) -> None:
        browser = self.browser
        browser.open(f"{self.host.url}/")
        browser.find(".card", "reachable")
        browser.find(".card .tag", "running")
        self.assertEqual(3, browser.script("return document.querySelectorAll('.next button, .next a').length"))
        self.assert_accessible("the overview", without="")
        for place in ("configurations/new", "history", "files", "packages", "operations/pull_image"):
            self.go(place)
            browser.find("h1")
            self.assert_accessible(place)

    def test_a_search_knows_the_words_of_docker_and_shells(self) -> None:
        browser = self.browser
        for word, title in (
            ("ps", "List Containers"),
            ("top", "List Processes"),
            ("rm", "Remove Container"),
            ("kill", "Kill Container"),
            ("shell", "Execute Command in Container"),
            ("quarantine", "Isolate Container"),
        ):
            with self.subTest(word):
                browser.open(f"{self.host.url}/#/operations")
                browser.script("location.reload()")
                browser.find(".list a")
                browser.type("#find", word)
                self.assertTrue(browser.text(".item.first").startswith(title))
                browser.press("Enter")
                browser.find("h1", title)


if __name__ == "__main__":
    unittest.main()
