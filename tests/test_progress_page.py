"""How far a call is, on the local host's page: a row with a bar for each layer, bytes and their rate.

Needs what `test_page` needs.
"""

from __future__ import annotations

from typing import ClassVar

from support import layers
from support.engine import container
from support.page import PageTestCase
from support.session import ARCHIVE, PACKAGE, given

# A file's name, which has no slash.
HOSTILE = "<img src=x onerror=alert(1)>"


class Progress(PageTestCase):
    """Calls that take a while, since what is behind them is slow."""

    slow: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        engine = layers.slow_engine("3m")
        cls.addClassCleanup(engine.__exit__)
        connectors = cls.host.client().connectors
        connectors.install_from_file(str(ARCHIVE), wait=True)
        direct = {"protocol": "UNIX", "server_address": given("ENGINE_SOCKET"), "rate_limit": 0}
        connectors.create_configuration(PACKAGE.name, direct, name="direct", default=True)
        cls.slow = cls.configuration("slow", engine.address)

    @classmethod
    def configuration(cls, name: str, address: str) -> str:
        """One of plain HTTP. Answers its id."""
        host, _, port = address.partition(":")
        config = {"protocol": "HTTP", "server_address": host, "port": port, "rate_limit": 0, "retry_attempts": 0}
        made = cls.host.client().connectors.create_configuration(PACKAGE.name, config, name=name)
        return str(made.config_id)

    def start(self, operation: str, config: str = "", **params: str) -> None:
        """Runs an operation as a user does."""
        browser = self.browser
        browser.open(f"{self.host.url}/#/operations/{operation}")
        browser.script("location.reload()")
        browser.find(".facts code", operation)
        browser.script("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        if config:
            browser.choose("#config", config)
        for name, value in params.items():
            browser.type(self.field(name), value)
        browser.click("button.primary", "Run")

    def assert_nothing_is_left(self) -> None:
        left = self.browser.script("return document.querySelectorAll('.progress, [role=progressbar]').length")
        self.assertEqual(0, left)

    def test_a_pull_has_a_row_for_each_layer(self) -> None:
        browser = self.browser
        repository = layers.pushed(self, layers=4, mebibytes=3)
        with layers.slow(self, repository, "1m") as image:
            self.start("pull_image", fromImage=image, **layers.SIGNED_IN)
            browser.find(".parts li", "Downloading")
            browser.find(".parts li", " of 3.0 MiB")
            browser.until(lambda: self.bars() >= 2, "no two bars move")
            self.picture("progress-pull")
            browser.resize(900, 800, dark=True)
            browser.script("document.querySelector('.outcome').scrollIntoView()")
            self.picture("progress-pull-dark")
            for size in ("Width", "Height"):
                grows = browser.script(f"return document.documentElement.scroll{size} > inner{size}")
                self.assertFalse(grows, f"the page's {size} is more than the window's")
            browser.resize(1440, 900)
            browser.find(".parts .done", "Pull complete")
            self.assertRegex(browser.text(".progress p"), rf"^Pulling from {repository}.*, [1-5] of 5 done$")
            said = browser.script("return document.querySelector('.progress [aria-live]').textContent")
            self.assertIn("Pulling from", said)
            browser.find(".badge.Success")
        self.assert_nothing_is_left()

    def bars(self) -> int:
        """How many are under way."""
        bars = "[...document.querySelectorAll('.parts [role=progressbar]')]"
        values: list[float] = self.browser.script(f"return {bars}.map((bar) => Number(bar.ariaValueNow))")
        return sum(0 < value < 100 for value in values)

    def test_an_export_is_counted_and_cancelled(self) -> None:
        browser = self.browser
        name = self.large()
        self.start("container_export", self.slow, id=name)
        browser.find(".progress p", "MiB/s")
        self.assertRegex(browser.text(".progress p"), rf"^Exporting {name}, [0-9.]+ [KM]iB, [0-9.]+ [KM]iB/s$")
        self.assertTrue(browser.script("return document.querySelector('.progress > .bar-of').hidden"))
        self.picture("progress-export")
        self.go("history")
        browser.find(".state.busy", f"Exporting {name}")
        self.picture("progress-history")
        browser.click("button.danger", "Cancel")
        browser.find(".badge.Cancelled")
        self.assertIsNone(browser.script("return document.querySelector('.state.busy')"))

    def test_what_an_engine_has_is_text(self) -> None:
        browser = self.browser
        name = self.large(f"/{HOSTILE}")
        self.start("copy_from_container", self.slow, id=name, path=f"/{HOSTILE}")
        browser.find(".progress p", f"Copying /{HOSTILE} from {name}")
        self.assertEqual(0, browser.script("return document.querySelectorAll('main img').length"))
        browser.click("button.danger", "Cancel")
        browser.find(".badge.Cancelled")
        self.assert_nothing_is_left()

    def test_an_engine_that_goes_away(self) -> None:
        browser = self.browser
        name = self.large()
        with layers.slow_engine("3m") as engine:
            config = self.configuration("going", engine.address)
            self.start("container_export", config, id=name)
            browser.find(".progress p", "MiB/s")
        self.assertIn("broke off", browser.text(".failure"))
        self.assert_nothing_is_left()

    def large(self, path: str = "/zeros") -> str:
        """A container with a file of 60 MiB."""
        name = container(self)
        layers.run("exec_container", id=name, Cmd=["dd", "if=/dev/zero", f"of={path}", "bs=1M", "count=60"])
        return name
