"""F24: another loader than FortiSOAR's. What a loader may ordinarily do with the package works, on every Python.

Each case is a process of its own (`scenarios/loader.py`): it loads the package anew, and works a real engine with it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from support import configurations
from support.recording_proxy import RecordingProxy
from support.session import CONNECTOR, PACKAGE, ROOT, given

SCENARIO = Path(__file__).parent / "scenarios" / "loader.py"
USUAL = f"connectors.{PACKAGE.folder}"
# A framework that is nothing but what a connector imports.
BARE = '''"""A loader's own."""
import logging

class ConnectorError(Exception):
    pass

class Connector:
    pass

def get_logger(name=None):
    return logging.getLogger(f"connectors.{name}")
'''


class LoaderTestCase(unittest.TestCase):
    """Has a local host's folder of its own."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.root = self.laid_out(Path(temporary.name) / "host")

    def laid_out(self, root: Path) -> Path:
        shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".loaded", "__pycache__"))
        return root

    @property
    def folder(self) -> Path:
        return self.root / "connectors" / PACKAGE.folder

    def move(self, package: str) -> None:
        """Lays the package out under another dotted name."""
        target = self.root.joinpath(*package.split("."))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(str(self.folder), str(target))

    def load(
        self,
        case: str,
        *packages: str,
        root: str = "",
        within: tuple[str, ...] = (),
        options: tuple[str, ...] = (),
    ) -> str:
        """Runs a case, every warning an error; answers what was logged."""
        command = [*within, sys.executable, "-W", "error", *options, str(SCENARIO), case, root or str(self.root)]
        done = subprocess.run(
            [*command, given("ENGINE_SOCKET"), *(packages or [USUAL])],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": ""},
        )
        self.assertEqual(0, done.returncode, f"{case}: {done.stdout}{done.stderr[-3000:]}")
        return done.stderr


class Cases(LoaderTestCase):
    """What is done within one process, with the framework that the local host plays."""

    def test_names_are_walked(self) -> None:
        self.load("names_are_walked")

    def test_annotations_can_be_evaluated(self) -> None:
        self.load("annotations_can_be_evaluated")

    def test_signatures(self) -> None:
        self.load("signatures_are_the_contracts")

    def test_constructed(self) -> None:
        self.load("constructed")

    def test_calls(self) -> None:
        self.assertNotIn("Traceback", self.load("calls_take_what_loaders_give"))

    def test_hooks(self) -> None:
        self.assertNotIn("TypeError", self.load("hooks_take_anything"))

    def test_reloaded(self) -> None:
        self.load("reloaded_in_any_order")
        self.load("reloaded_with_the_framework")

    def test_imported_anew(self) -> None:
        self.load("imported_anew")

    def test_imported_by_many_threads(self) -> None:
        self.load("imported_by_many_threads")

    def test_copied_and_pickled(self) -> None:
        self.load("copied_and_pickled")

    def test_run_as_a_program(self) -> None:
        self.load("run_as_a_program")

    def test_taken_by_its_path(self) -> None:
        self.load("taken_by_its_path")

    def test_under_two_parents_at_once(self) -> None:
        self.load("under_two_parents")

    def test_installed_over(self) -> None:
        self.load("installed_over")

    def test_with_optimization(self) -> None:
        for option in ("-O", "-OO", "-B"):
            self.load("plain", options=(option,))


class Frameworks(LoaderTestCase):
    """A framework that is none but the names that are imported."""

    def test_a_bare_one(self) -> None:
        (self.root / "connectors" / "core" / "connector.py").write_text(BARE, encoding="utf-8")
        for case in ("names_are_walked", "constructed", "hooks_take_anything", "reloaded_with_the_framework"):
            with self.subTest(case):
                self.load(case)

    def test_one_whose_class_takes_nothing(self) -> None:
        strict = BARE.replace(
            "class Connector:\n    pass", "class Connector:\n    def __init__(self):\n        self.own = 1"
        )
        self.assertNotEqual(BARE, strict)
        (self.root / "connectors" / "core" / "connector.py").write_text(strict, encoding="utf-8")
        self.load("constructed")


class Places(LoaderTestCase):
    """Where the package lies."""

    def test_under_another_parent(self) -> None:
        """At the top, as Fortinet's public library imports it; deeper; and beside other modules of FortiSOAR's."""
        for target in (PACKAGE.name, "vendor.of.connectors.docker_1", f"integrations.{PACKAGE.name}"):
            with self.subTest(target):
                self.root = self.laid_out(self.root.with_name(target))
                self.move(target)
                for case in ("names_are_walked", "reloaded_in_any_order"):
                    self.load(case, target)

    def test_imported_with_a_star(self) -> None:
        """Which no name with a hyphen can be."""
        self.move("connectors.docker_engine_1")
        self.load("imported_with_a_star", "connectors.docker_engine_1")

    def test_on_a_relative_path(self) -> None:
        self.load("found_from_elsewhere", root=".")

    def test_a_path_with_blanks_and_letters(self) -> None:
        self.root = self.laid_out(self.root.with_name("host of \u00dcml\u00e4ut '\u65e5'"))
        for case in ("plain", "taken_by_its_path"):
            self.load(case)

    def test_a_tree_on_which_nothing_may_be_written(self) -> None:
        """A mount that is read-only; and files and folders without write bits, for one whom modes bind."""
        mounted = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
        for case in ("plain", "names_are_walked", "reloaded_in_any_order"):
            with self.subTest(case):
                before = self.files()
                self.load(case, within=("unshare", "--mount", "sh", "-c", mounted, str(self.root)))
                self.assertEqual(before, self.files())
        for path in [self.root, *self.root.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        bound = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner")
        logged = self.load("names_are_walked", within=bound)
        self.assertIn("loaded without a copy", logged)
        self.assertEqual(before, self.files())

    def test_a_tree_that_was_loaded_before_it_was_sealed(self) -> None:
        """The copy that is there serves, also where an older one cannot be removed."""
        self.load("plain")
        (self.folder / ".loaded" / "_engine-0123456789abcdef.so").write_text("an older one")
        mounted = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
        logged = self.load("plain", within=("unshare", "--mount", "sh", "-c", mounted, str(self.root)))
        self.assertNotIn("loaded without a copy", logged)

    def files(self) -> set[Path]:
        return set(self.root.rglob("*"))


class SideBySide(LoaderTestCase):
    """Two in one process."""

    def test_two_names_and_two_versions(self) -> None:
        packages = [USUAL]
        for other in ("connectors.docker_1_0_0", f"connectors.{PACKAGE.name}_2_0_0"):
            target = self.root.joinpath(*other.split("."))
            shutil.copytree(self.folder, target)
            operations = target / "operations.py"
            name, _, version = other.rpartition(".")[2].partition("_")
            text = operations.read_text(encoding="utf-8")
            text = text.replace(f'NAME: str = "{PACKAGE.name}"', f'NAME: str = "{name}"')
            text = text.replace(f'"{PACKAGE.version}"', f'"{version.replace("_", ".")}"')
            operations.write_text(text, encoding="utf-8")
            packages.append(other)
        self.load("side_by_side", *packages)


class Hooks(unittest.TestCase):
    """What a hook does with a list of configurations."""

    def test_each_of_a_list_is_forgotten(self) -> None:
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy, RecordingProxy(given("ENGINE_SOCKET")) as other:
            configs = [configurations.over_unix(proxy.socket), configurations.over_unix(other.socket)]
            odd = {"not": {"JSON"}}
            for expected, name in enumerate(("on_add_config", "on_delete_config", "on_activate"), start=1):
                for config in configs:
                    CONNECTOR.execute(config, "get_version", {})
                self.assertEqual((expected, expected), (proxy.connections, other.connections))
                getattr(CONNECTOR, name)([odd, *configs])


if __name__ == "__main__":
    unittest.main()
