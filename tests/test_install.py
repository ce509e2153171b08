"""The local host's importer: what it refuses, how it lays a package out, and how it installs over one."""

from __future__ import annotations

import gzip
import io
import json
import os
import resource
import tarfile
import tempfile
import unittest
from pathlib import Path
from typing import Any

from importer_rules import PackageRefusedError

import support  # noqa: F401 (makes the host's programs importable)
from install import install

INFO: dict[str, Any] = {
    "name": "sample",
    "version": "1.2.3",
    "label": "Sample",
    "configuration": {"fields": []},
    "operations": [{"operation": "ping", "title": "Ping"}],
}
FILES = {"__init__.py": "", "connector.py": "", "operations.py": "", "docs/readme.md": "read me\n"}


class ImporterTestCase(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "host"
        self.archive = Path(folder.name) / "sample.tgz"

    def pack(self, info: Any = INFO, entries: tuple[tarfile.TarInfo, ...] = (), connector: str = "# 1\n") -> None:
        """Writes the package, with further entries."""
        description = info if isinstance(info, str) else json.dumps(info)
        with tarfile.open(self.archive, "w:gz") as archive:
            for name, text in {"info.json": description, **FILES, "connector.py": connector}.items():
                entry = tarfile.TarInfo(f"sample/{name}")
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
            for entry in entries:
                archive.addfile(entry)

    def faults(self) -> str:
        """What the importer refuses the package for; it must leave nothing behind."""
        with self.assertRaises(PackageRefusedError) as caught:
            install(self.archive, self.root)
        self.assertFalse(self.root.exists(), "something was installed")
        return str(caught.exception)


class Description(ImporterTestCase):
    """The rules for info.json."""

    def test_each_fault_is_named(self) -> None:
        for change, expected in (
            ({"name": ""}, "name is missing or empty"),
            ({"name": "other"}, "the top folder is 'sample'"),
            ({"name": "Sample"}, "lower-case"),
            ({"version": None}, "version is missing or empty"),
            ({"version": "1.0"}, "three numeric parts"),
            ({"version": "1.0.0-beta"}, "three numeric parts"),
            ({"version": 1}, "three numeric parts"),
            ({"label": ""}, "label is missing or empty"),
            ({"configuration": None}, "configuration is null"),
            ({"operations": None}, "operations is absent or null"),
            ({"operations": [{"title": "Ping"}]}, "operations[0] has no operation"),
            ({"operations": [{"operation": "ping"}]}, "operations[0] has no title"),
            ({"operations": INFO["operations"] * 2}, "operation 'ping' is there 2 times"),
        ):
            with self.subTest(change):
                self.pack({**INFO, **change})
                self.assertIn(expected, self.faults())

    def test_operations_must_be_there(self) -> None:
        self.pack({key: value for key, value in INFO.items() if key != "operations"})
        self.assertIn("operations is absent", self.faults())

    def test_all_faults_at_once(self) -> None:
        self.pack({**INFO, "version": "1", "label": "", "operations": None})
        faults = self.faults()
        for expected in ("version", "label", "operations"):
            self.assertIn(expected, faults)

    def test_must_be_json(self) -> None:
        self.pack("{")
        self.assertIn("info.json is not JSON", self.faults())
        self.pack("[]")
        self.assertIn("info.json is not an object", self.faults())

    def test_what_parsers_disagree_about_is_refused(self) -> None:
        """A description that Python reads and the host does not would be refused after it was extracted."""
        text = json.dumps({**INFO, "odd": "VALUE"})
        for odd in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, '"\\ud800"', '"\\udc00\\ud800"'):
            with self.subTest(odd[:20]):
                self.pack(text.replace('"VALUE"', odd))
                self.assertIn("info.json is not JSON", self.faults())
        self.pack("\ufeff" + json.dumps(INFO))
        self.assertIn("info.json is not JSON", self.faults())
        self.pack(text.replace('"VALUE"', 100_000 * "[" + 100_000 * "]"))
        self.assertIn("info.json is not JSON", self.faults())

    def test_who_asks_for_it_may_refuse(self) -> None:
        self.pack()
        with self.assertRaises(PackageRefusedError):
            install(self.archive, self.root, may=lambda package: json.loads(package.text) != INFO)
        self.assertFalse(self.root.exists(), "something was installed")


class Whole(ImporterTestCase):
    """A package is replaced as a whole or not at all."""

    def test_one_that_breaks_off_changes_nothing(self) -> None:
        self.pack(connector="# the first\n")
        folder = self.root / "connectors" / install(self.archive, self.root).folder
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        large = tarfile.TarInfo("sample/large")
        large.size = 3_000_000
        with tarfile.open(self.archive, "w:gz") as archive:
            for name, text in {"info.json": json.dumps(INFO), **FILES, "connector.py": "# the second\n"}.items():
                entry = tarfile.TarInfo(f"sample/{name}")
                entry.size = len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
            archive.addfile(large, io.BytesIO(os.urandom(large.size)))
        whole = self.archive.read_bytes()
        for part in (0.5, 0.99):
            self.archive.write_bytes(whole[: int(len(whole) * part)])
            with self.assertRaises(PackageRefusedError):
                install(self.archive, self.root, replace=True)
            self.assertEqual(before, {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()})

    def test_a_small_upload_takes_little_memory(self) -> None:
        """Attributes of an entry (pax) are read whole, and a gibibyte of them packs into one mebibyte."""
        size = 1024**3
        entry = tarfile.TarInfo("sample/pax")
        entry.type, entry.size = tarfile.XHDTYPE, size
        header = bytearray(entry.tobuf(tarfile.USTAR_FORMAT))
        with gzip.open(self.archive, "wb", compresslevel=1) as packed:
            packed.write(header)
            for _ in range(64):
                packed.write(bytes(1024**2))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self.assertIn("bytes of attributes", self.faults())
        self.assertLess(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, 64 * 1024)


class Archive(ImporterTestCase):
    """The rules for the archive's entries."""

    def test_paths_that_lead_out(self) -> None:
        for name in ("/etc/sample", "sample/../../outside", "../outside"):
            with self.subTest(name):
                self.pack(entries=(tarfile.TarInfo(name),))
                self.assertIn("leads out of the package", self.faults())

    def test_entries_that_are_no_files(self) -> None:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE):
            with self.subTest(kind):
                entry = tarfile.TarInfo("sample/odd")
                entry.type, entry.linkname = kind, "sample/info.json"
                self.pack(entries=(entry,))
                self.assertIn("neither a file nor a folder", self.faults())

    def test_one_top_folder(self) -> None:
        self.pack(entries=(tarfile.TarInfo("second/file"),))
        self.assertIn("2 top folders", self.faults())
        self.pack(entries=(tarfile.TarInfo("stray"),))
        self.assertIn("outside of the top folder", self.faults())

    def test_no_archive(self) -> None:
        self.archive.write_text("no archive")
        self.assertIn("not a gzip file", self.faults())


class Layout(ImporterTestCase):
    """Where things lie afterwards."""

    def test_the_version_is_in_the_folder(self) -> None:
        self.pack()
        install(self.archive, self.root)
        folder = self.root / "connectors" / "sample_1_2_3"
        self.assertEqual({*FILES, "info.json"}, {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()})
        self.assertEqual("read me\n", (folder / "docs" / "readme.md").read_text())
        self.assertEqual(["sample_1_2_3"], [p.name for p in folder.parent.iterdir() if "sample" in p.name])

    def test_the_framework_lies_beside_it(self) -> None:
        self.pack()
        install(self.archive, self.root)
        for module in ("connectors/core/connector", "connectors/cyops_utilities/builtins", "integrations/crudhub"):
            self.assertTrue((self.root / f"{module}.py").is_file(), module)
        self.assertEqual(0o700, (self.root / "tmp").stat().st_mode & 0o777)

    def test_a_second_time_needs_replace(self) -> None:
        self.pack()
        install(self.archive, self.root)
        with self.assertRaisesRegex(PackageRefusedError, "installed already"):
            install(self.archive, self.root)

    def test_replace_writes_into_the_same_files(self) -> None:
        self.pack()
        install(self.archive, self.root)
        connector = self.root / "connectors" / "sample_1_2_3" / "connector.py"
        inode = connector.stat().st_ino
        self.pack(connector="# 2\n")
        install(self.archive, self.root, replace=True)
        self.assertEqual("# 2\n", connector.read_text())
        self.assertEqual(inode, connector.stat().st_ino)

    def test_replace_follows_no_link(self) -> None:
        self.pack()
        install(self.archive, self.root)
        connector = self.root / "connectors" / "sample_1_2_3" / "connector.py"
        outside = self.root / "outside"
        outside.write_text("keep")
        connector.unlink()
        connector.symlink_to(outside)
        with self.assertRaises(PackageRefusedError):
            install(self.archive, self.root, replace=True)
        self.assertEqual("keep", outside.read_text())


if __name__ == "__main__":
    unittest.main()
