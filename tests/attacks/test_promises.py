"""Each row of `docs/security.md` names the test that breaks its promise, and the test is there."""

from __future__ import annotations

import ast
import re
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
PAGE = TESTS.parent / "docs" / "security.md"
# Where no test of this folder is named: the place of the unit tests.
ELSEWHERE = ("unit tests of `", "`fuzz/`", "`data/access.json`")


def names(module: str) -> set[str]:
    """The classes of a module, and their tests: `Secrets`, `Secrets.test_it`."""
    folder, _, name = module.rpartition(".")
    tree = ast.parse((TESTS / folder / f"{name}.py").read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    tests = {f"{one.name}.{node.name}" for one in classes for node in one.body if isinstance(node, ast.FunctionDef)}
    return {one.name for one in classes} | tests


class Promises(unittest.TestCase):
    def test_each_names_a_test_that_is_there(self) -> None:
        text = PAGE.read_text()
        missing = []
        rows = [
            line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| Promise"))
        ]
        promises = [row for row in rows if row.count(" | ") == 1 and not row.startswith("| `")]
        self.assertGreater(len(promises), 50)
        for row in promises:
            told = row.rpartition(" | ")[2]
            if not re.search(r"`(attacks\.)?test_|the same", told) and not any(place in told for place in ELSEWHERE):
                missing.append(f"no test: {row}")
        before = ""
        for found in re.findall(r"`((?:attacks\.)?test_[a-z_]+(?:\.\w+)*|\.test_\w+)`", text):
            # A short form goes on from the class before it.
            whole = before.rpartition(".")[0] + found if found.startswith(".") else found
            module = re.match(r"(?:attacks\.)?test_[a-z_]+", whole)
            assert module is not None
            rest = whole[module.end() :].removeprefix(".")
            before = whole if "." in rest else before
            try:
                if rest and rest not in names(module[0]):
                    missing.append(whole)
            except FileNotFoundError:
                missing.append(whole)
        self.assertEqual([], missing)


if __name__ == "__main__":
    unittest.main()
