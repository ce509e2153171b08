"""The local host's page in a real browser: from an empty host to a playbook, by mouse and by keyboard."""

from __future__ import annotations

import importlib
import json
import unittest
from typing import Any

from support.browser import ELEMENT
from support.engine import container, state
from support.page import PageTestCase
from support.session import ARCHIVE, PACKAGE, given

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"


class StoryTestCase(PageTestCase):
    """After each test, the browser has noted nothing but answers that are failures, which tests ask for."""

    def tearDown(self) -> None:
        super().tearDown()
        self.assertEqual("Local host", self.browser.script("return document.title").split(" \u00b7 ")[-1])
        self.assertEqual([], [said for said in self.browser.complaints() if "the server responded with" not in said])


class Beginning(StoryTestCase):
    """An empty host."""

    def test_a_package_is_installed_and_configured(self) -> None:
        browser = self.browser
        browser.find("h1", "Packages")
        self.install(ARCHIVE)
        browser.find("h1", "A new configuration")
        self.picture("configuration")
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


class Story(StoryTestCase):
    """A host with the package and a configuration: each test is a thing that a playbook's author does there."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        connectors = cls.host.client().connectors
        connectors.install_from_file(str(ARCHIVE), wait=True)
        config = {"protocol": "UNIX", "server_address": given("ENGINE_SOCKET"), "rate_limit": 0}
        connectors.create_configuration(PACKAGE.name, config, name="lab", default=True)

    def setUp(self) -> None:
        script = f'echo "{HOSTILE}"; echo trouble >&2; sleep 600'
        self.container = container(self, "sh", "-c", script, Labels={"owner": HOSTILE})
        self.browser.open(f"{self.host.url}/")
        self.browser.find("h1", "Overview")

    def test_a_path_is_copied_from_a_result_as_a_playbook_writes_it(self) -> None:
        browser, name = self.browser, self.container
        self.go("operations")
        browser.type("#find", "list containers")
        browser.click(".item", "List Containers")
        browser.click("button.primary", "Run")
        browser.find(".badge.Success")
        browser.find("td", name)
        self.picture("table")
        browser.click(".tabs button", "Tree")
        browser.find(".tree details")
        browser.script("document.querySelector('.tree details').open = true")
        browser.click(".tree .path", "Id")
        self.assertEqual("{{ vars.steps.List_Containers.data[0].Id }}", self.copied())

    def test_a_form_offers_what_is_there_and_gives_a_step(self) -> None:
        browser, name = self.browser, self.container
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
        browser.click(".step summary", "elsewhere")
        browser.type("#step-name", "Look at it")
        browser.click(".tabs button", "Tree")
        browser.click(".tree .path", "Created")
        self.assertEqual("{{ vars.steps.Look_at_it.data.Created }}", self.copied())
        browser.click("button", "Copy the step")
        step = json.loads(self.copied())
        self.assertEqual((PACKAGE.name, "inspect_container"), (step["connector"], step["operation"]))
        self.assertEqual(name, step["params"]["id"])

    def test_hostile_logs_are_shown_as_text(self) -> None:
        browser, name = self.browser, self.container
        self.go("operations/container_logs")
        browser.type(self.field("id"), name)
        browser.press("Control", "Enter")
        self.assertIn(HOSTILE, browser.text("pre.output"))
        self.assertEqual("trouble\n", browser.text(".stderr"))
        self.picture("logs")

    def test_text_that_turns_the_writing_is_seen_and_copied_as_it_is(self) -> None:
        """Text that would be shown backwards (U+202E) is seen as what it is, and copied as what it is."""
        browser, name = self.browser, self.container
        self.go("operations/exec_container")
        browser.type(self.field("id"), name)
        browser.type(self.field("Cmd"), "echo '\u202egpj.exe'")
        browser.press("Control", "Enter")
        self.assertEqual("[U+202E]gpj.exe\n", browser.text("pre.output"))
        browser.click("button", "Copy the output")
        self.assertEqual("\u202egpj.exe\n", self.copied())

    def test_long_output_is_shown_in_parts(self) -> None:
        """Many lines, and a long one: what is shown at once is bounded, and the rest is a click away."""
        browser = self.browser
        self.go("operations/exec_container")
        browser.type(self.field("id"), self.container)
        browser.type(self.field("Cmd"), "sh -c 'seq 5000; yes x | tr -d \\\\n | head -c 150000'")
        browser.press("Control", "Enter")
        browser.find("pre.output", "Show more of 3001 further lines")
        browser.click("pre.output button")
        browser.find("pre.output", "Show more of 1001 further lines")
        browser.click(".tabs button", "JSON")
        browser.find("pre.output", "further characters")
        shown = browser.script("return document.querySelector('pre.output').textContent.length")
        self.assertLess(shown, 201_000)

    def test_numbers_are_what_the_engine_said(self) -> None:
        """A number that JavaScript cannot hold stays exact: shown, and copied."""
        browser = self.browser
        self.go("operations/system_events")
        browser.type(self.field("since"), "10m")
        browser.type(self.field("until"), "0s")
        browser.click("button.primary", "Run")
        browser.find(".badge.Success")
        browser.click(".tabs button", "JSON")
        exact = [one["timeNano"] for one in self.events()]
        browser.click("button", "Copy the JSON")
        copied = json.loads(self.copied())
        copied = copied["events"] if isinstance(copied, dict) else copied
        self.assertEqual([], [one["timeNano"] for one in copied if one["timeNano"] not in exact])
        self.assertTrue([number for number in exact if int(float(number)) != number], "every number was a double's")

    def events(self) -> list[dict[str, Any]]:
        params = {"since": "1h", "until": "0s"}
        data = self.host.client().connectors.execute(PACKAGE.name, "system_events", params=params).data
        found: list[dict[str, Any]] = data["events"] if isinstance(data, dict) else data
        return found

    def test_a_refusal_is_shown_with_its_code(self) -> None:
        browser = self.browser
        self.go("operations/inspect_container")
        browser.type(self.field("id"), "no-such-container")
        browser.press("Control", "Enter")
        self.assertIn("CS-INTEGRATION-5", browser.text(".failure"))
        self.assertEqual("[not_found 404]", browser.text(".failure .code"))
        self.picture("error")

    def test_containers_are_a_table_whose_rows_lead_on(self) -> None:
        """A state is a word; a row's button opens the operation, filled in; what only looks is run."""
        browser, name = self.browser, self.container
        self.go("operations/list_containers")
        browser.press("Control", "Enter")
        row = f"[...document.querySelectorAll('tbody tr')].find((row) => row.textContent.includes('{name}'))"
        browser.find("td", name)
        self.assertIn("running", browser.script(f"return {row}.innerText"))
        self.assertEqual("just now", browser.script(f"return {row}.querySelector('time').textContent"))
        browser.script(f"[...{row}.querySelectorAll('button')].find((one) => one.textContent === 'Logs').click()")
        browser.find("h1", "Get Container Logs")
        self.assertIn(HOSTILE, browser.text("pre.output"))

    def test_a_file_goes_into_a_container_and_comes_back(self) -> None:
        browser, name = self.browser, self.container
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

    def test_an_operation_is_found_filled_in_and_run_by_keyboard(self) -> None:
        browser, name = self.browser, self.container
        self.go("operations")
        browser.find("h1", "Overview")
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

    def test_what_cannot_be_undone_is_asked_about_first(self) -> None:
        """Once more, and not where it is a dry run."""
        browser = self.browser
        name = container(self, start=False)
        self.go("operations/remove_container")
        browser.type(self.field("id"), name)
        browser.press("Control", "Enter")
        browser.find(".question", f"Remove container {name} on lab? It cannot be undone.")
        browser.press("Enter")
        self.assertEqual("created", state(name)["Status"], "the safe answer has the focus")
        browser.click(self.field("dry_run"))
        browser.press("Control", "Enter")
        browser.find(".badge.Success")
        self.assertEqual("created", state(name)["Status"])
        browser.click(self.field("dry_run"))
        browser.click("button.primary", "Run")
        browser.click("button.danger", "Remove")
        browser.find(".tree .path", f"Removed container {name}")

    def test_history_becomes_a_playbook_and_a_call_is_run_again(self) -> None:
        connectors, name, browser = self.host.client().connectors, self.container, self.browser
        connectors.execute(PACKAGE.name, "list_containers")
        connectors.execute(PACKAGE.name, "stop_container", params={"id": name})
        self.go("history")
        browser.find("h1", "History")
        self.picture("history")
        for title in ("Stop Container", "List Containers"):
            browser.click(f"input[aria-label='Choose {title} as a step']")
        self.assertEqual([["List Containers", "Stop Container"]], self.exported("Export 2 as a playbook"))
        browser.click("td a", "Stop Container")
        browser.click("button.primary", "Run again")
        browser.find("h1", "Stop Container")
        browser.find(".badge.Success")
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


if __name__ == "__main__":
    unittest.main()
