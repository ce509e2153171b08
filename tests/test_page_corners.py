"""The corners of the local host's page: many choices, a server that is down, cancelling, other sizes and colors.

Takes minutes, so only `cargo xtask test --all` runs it whole.
"""

from __future__ import annotations

import json
import unittest

from support.local_host import sample
from support.page import PageTestCase


class Corners(PageTestCase):
    """Many choices, a server that is down, hostile texts, long output, cancelling, other sizes and colours."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        client = cls.host.client()
        client.connectors.install_from_file(str(sample(cls.host.folder)), wait=True)
        for name, server in (("up", "up"), ("down", "down")):
            client.connectors.create_configuration("sample", {"server": server}, name=name, default=name == "up")

    def setUp(self) -> None:
        self.browser.open(f"{self.host.url}/")
        self.browser.find("h1", "Overview")

    def test_many_choices_of_which_one_is_hostile(self) -> None:
        browser = self.browser
        self.go("operations/echo")
        browser.click(self.field("id"))
        self.assertIn("<script>", browser.text("[role=option]"))
        self.assertEqual(100, browser.script("return document.querySelectorAll('[role=option]').length"))
        self.assertIn("401 more", browser.text(".remark"))
        self.picture("choices")
        browser.type(self.field("id"), "ner-499")
        browser.press("ArrowDown")
        browser.press("Enter")
        browser.press("Control", "Enter")
        browser.find(".badge.Success")
        browser.find(".tree .path", "container-499")
        browser.type(self.field("id"), "<img")
        browser.press("ArrowDown")
        browser.press("Enter")
        browser.press("Control", "Enter")
        browser.find(".tree .path", "<img src=x onerror=alert(1)>")
        self.assertNotIn("taken", browser.script("return document.title"))
        self.assertEqual(0, browser.script("return document.querySelectorAll('main script, main img[src=x]').length"))

    def test_choices_are_those_of_the_configuration(self) -> None:
        browser = self.browser
        self.go("operations/echo")
        browser.click(self.field("id"))
        browser.find("[role=option]", "container-000")
        configurations = self.host.client().connectors.configurations("sample")
        browser.choose("#config", next(one.config_id for one in configurations if one.name == "down"))
        browser.click("h1")
        browser.click(self.field("id"))
        browser.find(".remark.bad", "the server is down")

    def test_a_call_is_found_again_and_cancelled(self) -> None:
        browser = self.browser
        self.go("operations/wait")
        client = self.host.client()
        browser.script("window.began = Date.now()")
        folder = self.host.folder
        # The operation's parameters that no form shows come by the form's own state: the sample's wait needs two paths.
        browser.find("h1", "Wait")
        browser.script(
            """
            const send = window.fetch;
            window.fetch = (path, options) => {
              if (String(path).startsWith("/api/integration/execute/")) {
                const body = JSON.parse(options.body);
                body.params = arguments_;
                options = {...options, body: JSON.stringify(body)};
              }
              return send(path, options);
            };
            """.replace(
                "arguments_",
                json.dumps({"began": str(folder / "page-began"), "interrupted": str(folder / "page-interrupted")}),
            )
        )
        browser.click("button.primary", "Run")
        browser.until((folder / "page-began").exists, "it did not begin")
        self.assertIn("1 running", browser.text("#busy"))
        # The call belongs to the host: the page finds it again.
        browser.script("location.reload()")
        browser.find(".progress")
        browser.click("button.danger", "Cancel")
        browser.find(".badge.Cancelled")
        browser.until((folder / "page-interrupted").exists, "it was not interrupted")
        self.assertTrue(client.connectors.execute("sample", "echo").ok)

    def test_a_narrow_dark_window(self) -> None:
        browser = self.browser
        self.addCleanup(browser.resize, 1440, 900)
        for width in (900, 360):
            browser.resize(width, 800, dark=True)
            self.go("operations/echo")
            browser.click("button.primary", "Run")
            browser.find(".badge.Success")
            self.picture(f"narrow-{width}")
            for place in ("operations", "operations/echo", "configurations/new", "history", "files", "packages"):
                self.go(place)
                browser.find(f"nav [aria-current='page'][href='#/{place.partition('/')[0]}']")
                browser.find("h1")
                wide = "return Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) > innerWidth"
                self.assertFalse(browser.script(wide), f"{place} is wider than {width} pixels")
        colour = browser.script("return getComputedStyle(document.body).backgroundColor")
        self.assertEqual("rgb(16, 18, 21)", colour)

    def test_a_host_that_is_gone_says_so(self) -> None:
        browser = self.browser
        self.go("operations/echo")
        browser.find("h1", "Echo")
        self.host.stop()
        try:
            browser.click("button.primary", "Run")
            self.assertIn("The local host does not answer", browser.text(".failure"))
        finally:
            self.host.start()
        browser.open(self.host.link)

    def test_who_is_not_signed_in_is_asked_for_the_key(self) -> None:
        browser = self.browser
        browser.click("button", "Sign out")
        browser.type("#key", "guess")
        browser.press("Enter")
        browser.find(".trouble", "not the API key")
        browser.type("#key", self.host.api_key)
        browser.press("Enter")
        browser.find("h1", "Overview")


if __name__ == "__main__":
    unittest.main()
