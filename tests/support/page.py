"""The local host's page in a real browser: one host and one browser for all tests of a class.

Needs CHROMIUM and CHROMEDRIVER beside what `test_host` needs; without them the tests are skipped. With PAGE_SCREENSHOTS
set to a folder, they leave pictures there.
"""

from __future__ import annotations

import os
import sys
import unittest
from pathlib import Path
from typing import ClassVar

if "CHROMEDRIVER" not in os.environ or "FSR_DOCKER" not in os.environ:
    raise unittest.SkipTest("there is no browser")

sys.path.append(os.environ["PYFSR"])

from support.browser import Browser
from support.local_host import LocalHost


class PageTestCase(unittest.TestCase):
    """One host and one browser for all tests of a class."""

    host: ClassVar[LocalHost]
    browser: ClassVar[Browser]

    @classmethod
    def setUpClass(cls) -> None:
        cls.host = LocalHost()
        cls.addClassCleanup(cls.host.close)
        cls.browser = Browser(os.environ["CHROMEDRIVER"], os.environ["CHROMIUM"])
        cls.addClassCleanup(cls.browser.close)
        grant = {"origin": cls.host.url, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
        cls.browser.devtools("Browser.grantPermissions", grant)
        cls.browser.open(cls.host.link)

    def picture(self, name: str) -> None:
        if folder := os.environ.get("PAGE_SCREENSHOTS"):
            self.browser.screenshot(Path(folder) / f"{name}.png")

    def go(self, place: str) -> None:
        """To another place of the page, as one who has its address."""
        self.browser.script("location.hash = arguments[0]", f"#/{place}")

    def field(self, name: str) -> str:
        """The selector of a field's control."""
        return f"[data-field='{name}'] :is(input, textarea, select)"

    def copied(self) -> str:
        text: str = self.browser.script("return navigator.clipboard.readText()")
        return text

    def install(self, package: Path) -> None:
        """Through the page, as the file dialog would."""
        self.go("packages")
        self.browser.script("document.querySelector('input[type=file]').hidden = false")
        self.browser.type("main input[type=file]", str(package), clear=False)

    def assert_accessible(self, what: str, without: str = ".side .list") -> None:
        """axe finds nothing that keeps people out of what is shown now. The long list of operations is judged once."""
        script = Path(os.environ["AXE"]).read_text()
        run = """
            const exclude = arguments[0] ? [[arguments[0]]] : [];
            return axe.run({exclude}, {resultTypes: ["violations"], preload: false})
                .then(({violations}) => violations.map((one) =>
                    one.id + ": " + one.nodes.slice(0, 3).map((node) => node.html).join(" | ")))"""
        self.browser.patience(180)
        self.assertEqual([], self.browser.script(f"{script};{run}", without), what)
