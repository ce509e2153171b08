"""None of our former words (docs/style.md) is in a form, a document, the page, a help text or an error."""

from __future__ import annotations

import json
import os
import re
import subprocess
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support.session import FOLDER, given

REPOSITORY = Path(__file__).parent.parent
STYLE = (REPOSITORY / "docs" / "style.md").read_text(encoding="utf-8")
FORMER = re.findall(r"^- `(.+)`$", STYLE.partition("## Former words")[2], re.MULTILINE)
WORDS = re.compile("|".join(rf"(?<![\w-]){re.escape(word)}(?!\w)" for word in FORMER), re.IGNORECASE)

# Examples hold what containers and engines wrote; a licence's name is its own.
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


def in_json(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from in_json(each)
    elif isinstance(value, list):
        for each in value:
            yield from in_json(each)
    elif isinstance(value, str):
        yield value


def sentences(path: Path) -> Iterator[str]:
    """The texts of a source that are more than a name: its literals with spaces, without tests and comments."""
    source = path.read_text(encoding="utf-8").partition("#[cfg(test)]")[0]
    source = re.sub(r"^\s*//.*$", "", source, flags=re.MULTILINE)
    for literal in LITERAL.findall(source):
        text = re.sub(r"\\\n\s*", "", literal)
        if " " in text and "\n" not in text:
            yield text


class Style(unittest.TestCase):
    def assert_plain(self, where: str, text: str) -> None:
        found = WORDS.search(text)
        if found:
            self.fail(f"{where}: {found[0]!r} in: {text[max(0, found.start() - 60) : found.end() + 60]}")

    def test_the_list_is_read(self) -> None:
        self.assertGreater(len(FORMER), 20)
        self.assertRegex("The volume was so already", WORDS)
        self.assertNotRegex("It recommends an amendment", WORDS)

    def test_forms_and_results(self) -> None:
        for text in in_json(json.loads((FOLDER / "info.json").read_text(encoding="utf-8"))):
            self.assert_plain("info.json", text)

    def test_documents(self) -> None:
        for page in (*REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("*.md"), *REPOSITORY.glob("connector/*.md")):
            if page.name in ("style.md", "ARCHITECTURE.md"):
                continue
            for line in CODE.sub("", page.read_text(encoding="utf-8")).splitlines():
                self.assert_plain(page.name, line)

    def test_errors_and_help(self) -> None:
        for source in REPOSITORY.glob("crates/*/src/**/*.rs"):
            if "test" in source.name:
                continue
            for text in sentences(source):
                self.assert_plain(str(source.relative_to(REPOSITORY)), text)

    def test_the_page(self) -> None:
        for source in REPOSITORY.glob("local-host/page/**/*.js"):
            for text in sentences(source):
                self.assert_plain(source.name, text)

    def test_the_command_line(self) -> None:
        if "FSR_DOCKER" not in os.environ:
            self.skipTest("fsr-docker is not built for this Python")
        for command in ([], ["run"], ["list"], ["check"], ["serve"], ["verify"]):
            help_text = subprocess.run(
                [given("FSR_DOCKER"), *command, "--help"], capture_output=True, text=True, timeout=60, check=True
            ).stdout
            self.assert_plain(f"fsr-docker {' '.join(command)} --help", help_text)
