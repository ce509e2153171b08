"""The local host's page in a real browser: the main story, by mouse and by keyboard, and what must not happen.

Needs CHROMIUM and CHROMEDRIVER beside what `test_host` needs. With PAGE_SCREENSHOTS set to a folder, it leaves pictures
there.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import unittest
from pathlib import Path
from typing import Any, ClassVar

if "CHROMEDRIVER" not in os.environ or "FSR_DOCKER" not in os.environ:
    raise unittest.SkipTest("there is no browser: cargo xtask test --all fetches one")

sys.path.append(os.environ["PYFSR"])

from support.browser import ELEMENT, Browser
from support.engine import container, state
from support.local_host import LocalHost, sample
from support.session import ARCHIVE, PACKAGE, given

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"


class PageTestCase(unittest.TestCase):
    """One host and one browser for all tests of a class."""

    package: ClassVar[Path] = ARCHIVE
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


class Story(PageTestCase):
    """From an empty host to a playbook."""

    def test_the_main_story(self) -> None:
        browser = self.browser
        browser.find("h1", "Packages")
        self.install(ARCHIVE)
        browser.find("h1", "A new configuration")
        self.picture("configuration")
        self.configure()
        name = container(self, "sh", "-c", f'echo "{HOSTILE}"; echo trouble >&2; sleep 600', Labels={"owner": HOSTILE})
        self.list_and_copy(name)
        self.inspect(name)
        self.read_logs(name)
        self.be_refused()
        self.see_what_turns_the_writing(name)
        self.read_much(name)
        self.bring_a_file(name)
        self.stop_by_keyboard(name)
        self.remove_after_a_question()
        self.go_back_in_history(name)
        self.assertEqual("Local host", browser.script("return document.title").split(" \u00b7 ")[-1])
        # A refused sign-in and a failed operation are answers that the browser notes, and nothing else is.
        self.assertEqual([], [said for said in browser.complaints() if "the server responded with" not in said])

    def configure(self) -> None:
        browser = self.browser
        browser.click("button.primary", "Save")
        self.assertIn("needed", browser.text(".trouble"))
        browser.type("#config-name", "lab")
        browser.find(self.field("port"))
        browser.choose(self.field("protocol"), "UNIX")
        self.assertFalse(browser.script("return document.querySelector(\"[data-field='port']\") !== null"))
        browser.type(self.field("server_address"), "/nowhere.sock")
        browser.type(self.field("retry_attempts"), "0")
        browser.click("button", "Test")
        self.assertIn("[unreachable]", browser.text(".state.bad", "Disconnected"))
        browser.type(self.field("server_address"), given("ENGINE_SOCKET"))
        browser.type(self.field("registry_password"), "hunter2")
        browser.click("button", "Test")
        browser.find(".state.good", "Available")
        browser.click("button.primary", "Save")
        browser.find(".side .item[aria-current] .dot.good")
        self.assertEqual(
            "", browser.script(f'return document.querySelector("{self.field("registry_password")}").value')
        )
        self.assertNotIn("hunter2", browser.script("return document.documentElement.outerHTML"))

    def list_and_copy(self, name: str) -> None:
        browser = self.browser
        self.go("operations")
        browser.type("#find", "list containers")
        browser.click(".item", "List Containers")
        browser.click("button.primary", "Run")
        browser.find(".badge.Success")
        browser.click(".tabs button", "Table")
        browser.find("td", name)
        self.picture("table")
        browser.click(".tabs button", "Tree")
        browser.find(".tree details")
        browser.script("document.querySelector('.tree details').open = true")
        browser.click(".tree .path", "Id")
        self.assertEqual("{{ vars.steps.List_Containers.data[0].Id }}", self.copied())

    def inspect(self, name: str) -> None:
        browser = self.browser
        self.go("operations/inspect_container")
        browser.click("button.primary", "Run")
        self.assertIn("needed", browser.text(".trouble"))
        # The form's boxes go along when it asks for choices.
        browser.type(self.field("id"), name[:-1])
        browser.find("[role=option]", f"{name} (running")
        browser.press("ArrowDown")
        browser.press("Enter")
        browser.click("button.primary", "Run")
        browser.find(".badge.Success")
        browser.click(".tabs button", "JSON")
        self.assertIn(HOSTILE, browser.text("pre.output"))
        browser.click(".step summary")
        browser.type("#step-name", "Look at it")
        browser.click(".tabs button", "Tree")
        browser.click(".tree .path", "Created")
        self.assertEqual("{{ vars.steps.Look_at_it.data.Created }}", self.copied())
        browser.click("button", "Copy the step")
        step = json.loads(self.copied())
        self.assertEqual((PACKAGE.name, "inspect_container"), (step["connector"], step["operation"]))
        self.assertEqual(name, step["params"]["id"])

    def read_logs(self, name: str) -> None:
        browser = self.browser
        self.go("operations/container_logs")
        browser.type(self.field("id"), name)
        browser.press("Control", "Enter")
        self.assertIn(HOSTILE, browser.text("pre.output"))
        self.assertEqual("trouble\n", browser.text(".stderr"))
        self.picture("logs")

    def see_what_turns_the_writing(self, name: str) -> None:
        """Text that would be shown backwards (U+202E) is seen as what it is, and copied as what it is."""
        browser = self.browser
        self.go("operations/exec_container")
        browser.type(self.field("id"), name)
        browser.type(self.field("Cmd"), "echo '\u202egpj.exe'")
        browser.press("Control", "Enter")
        self.assertEqual("[U+202E]gpj.exe\n", browser.text("pre.output"))
        browser.click("button", "Copy the output")
        self.assertEqual("\u202egpj.exe\n", self.copied())

    def read_much(self, name: str) -> None:
        """Many lines, and a long one: what is shown at once is bounded, and the rest is a click away."""
        browser = self.browser
        self.go("operations/exec_container")
        browser.type(self.field("Cmd"), "sh -c 'seq 5000; yes x | tr -d \\\\n | head -c 150000'")
        browser.press("Control", "Enter")
        browser.find("pre.output", "Show more of 3001 further lines")
        browser.click("pre.output button")
        browser.find("pre.output", "Show more of 1001 further lines")
        browser.click(".tabs button", "JSON")
        browser.find("pre.output", "further characters")
        shown = browser.script("return document.querySelector('pre.output').textContent.length")
        self.assertLess(shown, 201_000)

    def be_refused(self) -> None:
        browser = self.browser
        self.go("operations/inspect_container")
        browser.type(self.field("id"), "no-such-container")
        browser.press("Control", "Enter")
        self.assertIn("CS-INTEGRATION-5", browser.text(".failure"))
        self.assertEqual("[not_found 404]", browser.text(".failure .code"))
        self.picture("error")

    def bring_a_file(self, name: str) -> None:
        browser = self.browser
        note = self.host.folder / "note.txt"
        note.write_text("from the page")
        self.go("files")
        browser.find("h1", "Files")
        browser.script("document.querySelector('main input[type=file]').hidden = false")
        browser.type("main input[type=file]", str(note), clear=False)
        browser.click("td .path", "/api/3/attachments/")
        self.go("operations/copy_to_container")
        browser.type(self.field("id"), name)
        browser.choose(self.field("input"), "Attachment ID")
        browser.type(self.field("value"), self.copied())
        browser.type(self.field("path"), "/tmp")
        browser.press("Control", "Enter")
        browser.find(".badge.Success")
        self.go("operations/copy_from_container")
        browser.type(self.field("id"), name)
        browser.type(self.field("path"), "/tmp/note.txt")
        browser.press("Control", "Enter")
        link = browser.find("a.download", "note.txt")
        address = browser.script("return arguments[0].href", {ELEMENT: link})
        contents = browser.script("return fetch(arguments[0]).then((answer) => answer.text())", address)
        self.assertIn("from the page", contents)

    def stop_by_keyboard(self, name: str) -> None:
        """Found, opened, filled in and run without the mouse."""
        browser = self.browser
        self.go("operations")
        browser.find("h1", "Choose an operation")
        browser.script("document.activeElement.blur()")
        browser.press("/")
        for key in "stop container":
            browser.press(key)
        browser.press("Enter")
        browser.find("h1", "Stop Container")
        browser.press("Tab")
        for key in name:
            browser.press(key)
        browser.press("Control", "Enter")
        browser.find(".badge.Success")
        self.assertFalse(state(name)["Running"])

    def remove_after_a_question(self) -> None:
        """What cannot be undone is asked about once more, unless it is a dry run."""
        browser = self.browser
        name = container(self, start=False)
        self.go("operations/remove_container")
        browser.type(self.field("id"), name)
        browser.press("Control", "Enter")
        browser.find(".question", "cannot be undone")
        browser.press("Enter")
        self.assertEqual("created", state(name)["Status"], "the safe answer has the focus")
        browser.click(self.field("dry_run"))
        browser.press("Control", "Enter")
        browser.find(".badge.Success")
        self.assertEqual("created", state(name)["Status"])
        browser.click(self.field("dry_run"))
        browser.click("button.primary", "Run")
        browser.click("button.danger", "Run")
        browser.find(".tree .path", f"Removed container {name}")

    def go_back_in_history(self, name: str) -> None:
        browser = self.browser
        self.go("history")
        browser.find("h1", "History")
        self.picture("history")
        for title in ("Stop Container", "List Containers"):
            browser.click(f"input[aria-label='Choose {title} as a step']")
        self.assertEqual([["List Containers", "Stop Container"]], self.exported("Export 2 as a playbook"))
        browser.click("td a", "Stop Container")
        browser.click("button.primary", "Run again")
        browser.find("h1", "Stop Container")
        self.assertEqual(name, browser.script(f'return document.querySelector("{self.field("id")}").value'))

    def exported(self, button: str) -> list[list[str]]:
        """The connector steps of each playbook in the file that a button offers; every rule of the client is kept."""
        self.browser.script(
            """
            window.offered = null;
            const make = URL.createObjectURL;
            URL.createObjectURL = (blob) => (blob.text().then((text) => (window.offered = text)), make.call(URL, blob));
            """
        )
        self.browser.click("button", button)
        text = self.browser.until(lambda: self.browser.script("return window.offered"), "no file was offered")
        envelope: dict[str, Any] = json.loads(text)
        self.assertEqual("workflow_collections", envelope["type"])
        # FortiSOAR's client finds every step, and nothing that this host has not.
        lint = importlib.import_module("pyfsr.playbook_lint")
        references = lint.connector_refs(envelope)
        self.assertEqual([], lint.check_connector_configs(self.host.client(), references))
        playbooks = [workflow for one in envelope["data"] for workflow in one["workflows"]]
        for playbook in playbooks:
            self.assertEqual(len(playbook["steps"]) - 1, len(playbook["routes"]))
        self.assertEqual(sum(len(playbook["steps"]) - 1 for playbook in playbooks), len(references))
        return [[step["name"] for step in playbook["steps"][1:]] for playbook in playbooks]


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
        self.browser.find("h1", "Choose an operation")

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

    def test_a_call_is_cancelled(self) -> None:
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
        browser.find("h1", "Choose an operation")


if __name__ == "__main__":
    unittest.main()
