"""The package says how it was built, so that no one takes one that was made for tests for one to upload."""

from __future__ import annotations

import json
import platform
import re
import unittest
from pathlib import Path

from support.session import FOLDER, PACKAGE, given


class BuildInfo(unittest.TestCase):
    def setUp(self) -> None:
        self.info = json.loads((FOLDER / "build.json").read_text())

    def test_only_a_release_calls_itself_one(self) -> None:
        profile = given("FSR_PROFILE")
        self.assertEqual(profile, self.info["profile"])
        self.assertEqual(profile == "release", self.info["kind"] == "release")

    def test_says_what_it_was_built_from(self) -> None:
        self.assertEqual(PACKAGE.version, self.info["version"])
        self.assertTrue(self.info["rustc"].startswith("rustc "))
        # None where files differ from the commit.
        self.assertRegex(self.info["commit"] or "0" * 40, r"^[0-9a-f]{40}$")

    def test_says_which_machine_it_is_for(self) -> None:
        self.assertEqual(platform.machine(), self.info["machine"])

    def test_notices_ship_for_every_library_of_the_bill(self) -> None:
        bill = json.loads((FOLDER / "docs/sbom.cdx.json").read_text())
        notices = (FOLDER / "THIRD-PARTY-NOTICES").read_text()
        names = [component["name"] for component in bill["components"]]
        self.assertGreater(len(names), 100)
        for name in names:
            self.assertRegex(notices, rf"(?m)^  {re.escape(name)} ", name)
        for text in ("Permission is hereby granted", "Redistribution and use in source and binary forms"):
            self.assertIn(text, notices)

    def test_a_release_says_where_it_runs(self) -> None:
        if given("FSR_PROFILE") == "release":
            self.assertEqual(("x86_64-unknown-linux-gnu", "2.28"), (self.info["target"], self.info["glibc"]))
            self.assertNotIn(b"/root/", (FOLDER / "_engine.so").read_bytes())
            self.assertNotIn(str(Path.home()).encode() + b"/", (FOLDER / "_engine.so").read_bytes())
        else:
            self.assertNotIn("glibc", self.info)


if __name__ == "__main__":
    unittest.main()
