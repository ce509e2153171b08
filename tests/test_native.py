"""How the native module is loaded: quickly, from a private copy, whole or with a reason."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from collections.abc import Callable
from pathlib import Path

from support import configurations
from support.recording_proxy import RecordingProxy
from support.session import ARCHIVE, CONNECTOR, FOLDER, PACKAGE, ROOT, ConnectorError, given, module

IMPORT = f"""
import contextlib, importlib, logging, re, sys, time  # what a worker has loaded long before
sys.path.insert(0, sys.argv[1])
began = time.perf_counter()
importlib.import_module("connectors.{PACKAGE.folder}.connector")
print(time.perf_counter() - began)
"""
LOAD = f"""
import sys, importlib
sys.path.insert(0, sys.argv[1])
native = importlib.import_module("connectors.{PACKAGE.folder}.native")
print(native.engine.__file__)
"""

# Another machine that a package can be for, and ELF's number of it.
OTHER_MACHINES = {"x86_64": ("aarch64", 183), "aarch64": ("x86_64", 62)}


class Loading(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name) / "host"
        shutil.copytree(ROOT, self.root, ignore=shutil.ignore_patterns(".loaded", "__pycache__"))
        self.folder = self.root / "connectors" / PACKAGE.folder
        self.copies = self.folder / ".loaded"

    def load(self, *within: str) -> subprocess.CompletedProcess[str]:
        """Loads the native module in a process of its own, started by a further program if one is named."""
        command = [*within, sys.executable, "-c", LOAD, str(self.root)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def loaded_from(self) -> Path:
        done = self.load()
        self.assertEqual(0, done.returncode, done.stderr)
        return Path(done.stdout.strip())

    def test_importing_the_connector_is_no_wait(self) -> None:
        """How quick it is, a benchmark says; here only that nothing slow has crept in."""
        command = [sys.executable, "-c", IMPORT, str(self.root)]
        seconds = [float(subprocess.check_output(command, timeout=60)) for _ in range(7)]
        self.assertLess(min(seconds), 1)

    def test_from_a_private_copy(self) -> None:
        copy = self.loaded_from()
        self.assertEqual(self.copies, copy.parent)
        self.assertEqual(0o700, self.copies.stat().st_mode & 0o777)
        self.assertEqual((self.folder / "_engine.so").read_bytes(), copy.read_bytes())

    def test_a_copy_is_used_again(self) -> None:
        before = self.loaded_from().stat()
        self.assertEqual(before.st_ino, self.loaded_from().stat().st_ino)

    def test_a_damaged_copy_is_made_anew(self) -> None:
        copy = self.loaded_from()
        copy.write_bytes(b"damaged")
        self.assertEqual(copy, self.loaded_from())
        self.assertEqual((self.folder / "_engine.so").read_bytes(), copy.read_bytes())

    def test_other_copies_are_removed(self) -> None:
        self.copies.mkdir()
        for name in ("_engine-0123456789abcdef.so", "tmp-of-a-process-that-was-killed"):
            (self.copies / name).write_text("left over")
        copy = self.loaded_from()
        self.assertEqual([copy], list(self.copies.iterdir()))

    def test_a_damaged_package_is_refused(self) -> None:
        with open(self.folder / "_engine.so", "ab") as file:
            file.write(b"more")
        done = self.load()
        self.assertNotEqual(0, done.returncode)
        self.assertRegex(done.stderr, r"ConnectorError: \[internal\] .*is damaged.*Install the connector again")

    def replaced(self, at: int, new: bytes) -> subprocess.CompletedProcess[str]:
        """Loads a module of which these bytes are others."""
        module = (self.folder / "_engine.so").read_bytes()
        module = module[:at] + new + module[at + len(new) :]
        (self.folder / "_engine.so").write_bytes(module)
        (self.folder / "_engine.sha256").write_text(hashlib.sha256(module).hexdigest())
        return self.load()

    def test_a_package_for_another_machine_says_so(self) -> None:
        here, other, number = platform.machine(), *OTHER_MACHINES[platform.machine()]
        self.assertRegex(
            self.replaced(18, number.to_bytes(2, "little")).stderr,
            rf"ConnectorError: \[internal\] This package is for {other}, and this Python runs on {here}\. "
            rf"Install the connector's package for {here}\.",
        )

    def test_a_machine_that_nobody_builds_for_is_refused_too(self) -> None:
        self.assertRegex(self.replaced(18, b"\xf3\x00").stderr, r"is for another machine \(ELF 243\), and this Python")

    def test_a_changed_personality_is_no_other_machine(self) -> None:
        """`linux32` changes what `uname` says, and nothing else."""
        done = self.load("setarch", "i686") if platform.machine() == "x86_64" else self.load()
        self.assertEqual(0, done.returncode, done.stderr)

    def test_a_module_that_does_not_load_says_what_it_needs(self) -> None:
        done = self.replaced(5, b"\x02")  # the other order of bytes
        self.assertRegex(
            done.stderr, r"ConnectorError: \[internal\] .*does not load on .*It needs Linux with glibc 2\.28"
        )

    def test_a_free_threaded_python_is_refused_in_plain_words(self) -> None:
        """No such Python can be had from the registries; what it is told by is set instead."""
        script = f"import sys; sys.abiflags = 't'\n{LOAD}"
        command = [sys.executable, "-c", script, str(self.root)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        version = ".".join(map(str, sys.version_info[:2]))
        self.assertRegex(
            done.stderr,
            rf"ConnectorError: \[internal\] This is a free-threaded Python \({version}t\).*Use the ordinary Python",
        )

    def test_an_installation_under_way_is_waited_for(self) -> None:
        whole = (self.folder / "_engine.so").read_bytes()
        (self.folder / "_engine.so").write_bytes(whole[: len(whole) // 2])

        def finish() -> None:
            time.sleep(1)
            (self.folder / "_engine.so").write_bytes(whole)

        installation = threading.Thread(target=finish)
        installation.start()
        began = time.monotonic()
        self.loaded_from()
        self.assertGreater(time.monotonic() - began, 0.9)
        installation.join()

    def test_a_tree_that_cannot_be_written(self) -> None:
        read_only = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
        done = self.load("unshare", "--mount", "sh", "-c", read_only, str(self.root))
        self.assertRegex(done.stdout, r"^/proc/self/fd/\d+$", done.stderr)
        self.assertIn("loaded without a copy", done.stderr)
        self.assertFalse(self.copies.exists())

    def test_a_disk_that_is_full(self) -> None:
        """Nothing is left of the copy, and what is installed over the shipped file later ends no process."""
        within = 'mkdir -p "$1" && mount -t tmpfs -o size=64k none "$1" && shift && exec "$@"'
        done = self.load("unshare", "--mount", "sh", "-c", within, "sh", str(self.copies))
        self.assertRegex(done.stdout, r"^/proc/self/fd/\d+$", done.stderr)
        self.assertIn("loaded without a copy", done.stderr)
        script = (
            LOAD
            + """
import os
shipped = os.path.join(os.path.dirname(native.__file__), "_engine.so")
print(os.listdir(os.path.join(os.path.dirname(native.__file__), ".loaded")))
os.truncate(shipped, 0)
print(len(native.engine.operations()) > 100)
"""
        )
        command = ["unshare", "--mount", "sh", "-c", within, "sh", str(self.copies), sys.executable, "-c", script]
        done = subprocess.run([*command, str(self.root)], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(["[]", "True"], done.stdout.splitlines()[1:], done.stderr)

    def test_many_processes_at_once(self) -> None:
        command = [sys.executable, "-c", LOAD, str(self.root)]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(8)
        ]
        outcomes = [(process.communicate(timeout=60), process.returncode) for process in running]
        self.assertEqual([0] * 8, [code for _, code in outcomes], outcomes)
        self.assertEqual(1, len(list(self.copies.iterdir())))

    def test_the_connector_imported_anew(self) -> None:
        """As after an installation that the importer follows by importing the modules again."""
        script = f"""
import sys, importlib
sys.path.insert(0, sys.argv[1])
for _ in range(3):
    native = importlib.import_module("connectors.{PACKAGE.folder}.native")
    assert "ping" in native.engine.operations()
    for name in [name for name in sys.modules if "{PACKAGE.folder}" in name]:
        del sys.modules[name]
"""
        subprocess.run([sys.executable, "-c", script, str(self.root)], timeout=60, check=True)


class Module(unittest.TestCase):
    """The loaded module in this process."""

    def test_what_it_offers(self) -> None:
        engine = module("native").engine
        self.assertEqual(f"connectors.{PACKAGE.folder}._engine", engine.__name__)
        self.assertEqual(PACKAGE.version, engine.__version__)
        self.assertTrue(callable(engine.execute) and callable(engine.check_health) and callable(engine.forget))

    def test_it_is_not_mapped_in_place(self) -> None:
        module("native")
        maps = Path("/proc/self/maps").read_text()
        self.assertIn(str(FOLDER / ".loaded"), maps)
        self.assertNotIn(str(FOLDER / "_engine.so"), maps)

    def test_a_hook_drops_the_connections_of_its_configuration_alone(self) -> None:
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy, RecordingProxy(given("ENGINE_SOCKET")) as other:
            config, others = configurations.over_unix(proxy.socket), configurations.over_unix(other.socket)
            hooks: dict[str, Callable[[], None]] = {
                "on_add_config": lambda: CONNECTOR.on_add_config(config, True),
                "on_update_config": lambda: CONNECTOR.on_update_config(config, config, True),
                "on_update_config, from another": lambda: CONNECTOR.on_update_config({}, config, True),
                "on_deactivate": lambda: CONNECTOR.on_deactivate(config),
                "on_activate": lambda: CONNECTOR.on_activate(config),
                "on_delete_config": lambda: CONNECTOR.on_delete_config(config),
                "teardown": lambda: CONNECTOR.teardown(config),
            }
            for expected, (name, hook) in enumerate(hooks.items(), start=1):
                with self.subTest(name):
                    for _ in range(2):
                        CONNECTOR.execute(config, "get_version", {})
                        CONNECTOR.execute(others, "get_version", {})
                    self.assertEqual((expected, 1), (proxy.connections, other.connections))
                    hook()
            self.assertIs(True, CONNECTOR.check_health(config), "all goes on afterwards")

    def test_the_start_of_the_application_loads_the_module(self) -> None:
        script = f"""
import importlib, sys, threading
sys.path.insert(0, {str(ROOT)!r})
connector = importlib.import_module("connectors.{PACKAGE.folder}.connector").DockerEngine()
name = "connectors.{PACKAGE.folder}._engine"
assert name not in sys.modules, "loaded with the class"
connector.on_app_start({{}}, True)
assert name in sys.modules
assert threading.active_count() == 1, "a worker may be forked from here"
"""
        subprocess.run([sys.executable, "-c", script], timeout=60, check=True)

    def test_hooks_do_not_stand_in_the_way(self) -> None:
        for config in ({"protocol": "GOPHER"}, {}, None):
            CONNECTOR.on_add_config(config, False)  # type: ignore[arg-type]
            CONNECTOR.on_update_config(config, config, False)  # type: ignore[arg-type]
            CONNECTOR.on_activate(config)  # type: ignore[arg-type]
            CONNECTOR.on_deactivate(config)  # type: ignore[arg-type]
            CONNECTOR.on_delete_config(config)  # type: ignore[arg-type]
            CONNECTOR.teardown(config)  # type: ignore[arg-type]

    def test_a_call_without_configuration(self) -> None:
        with self.assertRaises(ConnectorError):
            CONNECTOR.check_health()


class ThroughTheHost(unittest.TestCase):
    """The host's own commands."""

    def test_one_operation(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            host = Path(__file__).resolve().parents[1] / "local-host" / "python"
            install = [sys.executable, str(host / "install.py"), str(ARCHIVE), "--root", folder]
            subprocess.run(install, check=True, capture_output=True, timeout=60)
            execute = [sys.executable, str(host / "execute.py"), PACKAGE.name, PACKAGE.version]
            for operation, params, code, status in (
                ("list_containers", '{"all": true}', 0, "Success"),
                ("check_health", "{}", 0, "Success"),
                ("inspect_container", '{"id": "nope"}', 1, "Failed"),
            ):
                done = subprocess.run(
                    [*execute, operation, "--root", folder, "--params", params],
                    input=json.dumps(configurations.over_unix()),
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                self.assertEqual(code, done.returncode, done.stderr)
                answer = json.loads(done.stdout)
                self.assertEqual({"operation", "status", "message", "data", "env"}, set(answer))
                self.assertEqual((operation, status), (answer["operation"], answer["status"]))


if __name__ == "__main__":
    unittest.main()
