"""Evidence of real containers: whole, though they fight back; ordinary tools open it; what was changed is found."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import os
import random
import signal
import subprocess
import tarfile
import tempfile
import threading
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

from support import configurations, session
from support.case import OperationTestCase
from support.engine import IMAGE, api, container, is_podman, pause, remove, state, unique
from support.fault_proxy import Fault, FaultProxy
from support.programs import program
from support.session import given

KEY = Path(__file__).parent / "data" / "keys" / "ed25519-key.pem"
RECORDS = importlib.import_module("integrations.records")


class EvidenceTestCase(OperationTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def archive(self, result: dict[str, Any]) -> Path:
        """The attachment of a collection, as a file; as its hash says."""
        contents: bytes = session.module("services").read(result["attachment"]["@id"])
        self.assertEqual((len(contents), hashlib.sha256(contents).hexdigest()), (result["size"], result["sha256"]))
        path = self.folder / "evidence.zip"
        path.write_bytes(contents)
        return path

    def members(self, result: dict[str, Any]) -> dict[str, bytes]:
        with zipfile.ZipFile(self.archive(result)) as opened:
            self.assertIsNone(opened.testzip())
            return {name: opened.read(name) for name in opened.namelist()}

    def manifest(self, result: dict[str, Any]) -> dict[str, Any]:
        text = self.members(result)["manifest.json"]
        self.assertEqual(result["manifest_sha256"], hashlib.sha256(text).hexdigest())
        read: dict[str, Any] = json.loads(text)
        return read

    def item(self, result: dict[str, Any], name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(item for item in result["items"] if item["name"] == name)
        return found

    def await_pause(self, name: str) -> None:
        deadline = time.monotonic() + 20
        while not state(name)["Paused"]:
            self.assertLess(time.monotonic(), deadline, "it was not paused")
            time.sleep(0.01)

    def names(self, tar: bytes) -> list[str]:
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            return archive.getnames()


class Collecting(EvidenceTestCase):
    def test_ordinary_tools_open_and_rehash_it(self) -> None:
        name = container(self, "sh", "-c", "echo out; echo err >&2; echo x > /mark; sleep 600")
        time.sleep(0.5)
        result = self.run_operation(
            "collect_evidence", id=name, case_id="INC-1", reason="a test", operator="ana", paths="/mark"
        )
        path, out = self.archive(result), self.folder / "out"
        subprocess.run([program("unzip"), "-q", path, "-d", out], check=True)
        manifest = json.loads((out / "manifest.json").read_text())
        self.assertEqual(
            ("INC-1", "a test", "ana"), tuple(manifest[name] for name in ("case_id", "reason", "operator"))
        )
        sums = "".join(f"{item['sha256']}  {item['name']}\n" for item in manifest["items"])
        checked = subprocess.run(
            ["sha256sum", "--check", "--strict"], cwd=out, input=sums, capture_output=True, text=True
        )
        self.assertEqual(0, checked.returncode, checked.stdout)
        found = {str(file.relative_to(out)) for file in out.rglob("*") if file.is_file()}
        self.assertEqual({item["name"] for item in manifest["items"]} | {"manifest.json"}, found)
        for item in manifest["items"]:
            self.assertTrue(item["complete"], item)
            self.assertRegex(item["request"], r"^GET /")
            for moment in ("started", "ended"):
                self.assertRegex(item[moment], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        self.assertRegex((out / "logs/stdout.log").read_text(), r"^20\S+Z out\n$")
        self.assertRegex((out / "logs/stderr.log").read_text(), r"^20\S+Z err\n$")
        self.assertIn("mark", self.names((out / "file-system.tar").read_bytes()))
        self.assertEqual(["mark"], self.names((out / "paths/01_mark.tar").read_bytes()))
        self.assertEqual(None if is_podman() else api("GET", "/info")["ID"], manifest["engine"]["id"])
        self.assertLess(abs(manifest["clock"]["engine_ahead_microseconds"]), 1_000_000)
        self.assertGreater(manifest["clock"]["within_microseconds"], 0)
        self.assertTrue(manifest["paused_by_this_collection"]["was_paused"])
        actions = [event["action"] for event in manifest["events_meanwhile"]]
        if not is_podman():  # which may show them only later
            self.assertTrue({"pause", "export"} <= set(actions), actions)

    def test_one_that_cuts_its_files_is_whole_all_the_same(self) -> None:
        """Unpaused, the engine ends the copy where the file shrank, and answers 200."""
        loop = "echo z > /zlast; while :; do head -c 20000000 /dev/zero > /.a; : > /.a; done"
        name = container(self, "sh", "-c", loop)
        time.sleep(0.5)
        for _ in range(4):
            result = self.run_operation("collect_evidence", id=name, kinds="File System")
            self.assertEqual((True, None), (self.item(result, "file-system.tar")["complete"], None))
            self.assertIn("zlast", self.names(self.members(result)["file-system.tar"]))
            self.assertEqual("running", state(name)["Status"])

    def test_what_is_in_memory_is_said_to_be_missing(self) -> None:
        name = container(self, HostConfig={"Init": True, "Tmpfs": {"/scratch": ""}})
        result = self.run_operation(
            "collect_evidence", id=name, paths="/scratch/tool\n/proc/1/maps\n/etc/passwd\n/none"
        )
        missing = {entry["what"]: entry["why"] for entry in result["missing"]}
        for what in ("/scratch/tool", "/proc/1/maps", "/scratch", "/dev/shm"):
            self.assertIn("in memory", missing[what])
        self.assertIn("/none", missing)
        self.assertTrue(self.item(result, "paths/03_etc_passwd.tar")["complete"])

    def test_a_probe_gets_what_is_in_memory(self) -> None:
        script = (
            "cp /bin/busybox /tmp/sleep; /tmp/sleep 600 & sleep 0.2; rm /tmp/sleep; echo x > /scratch/loot; sleep 600"
        )
        host = {"Init": True, "Tmpfs": {"/scratch": "mode=1777"}}
        name = container(self, "sh", "-c", script, HostConfig=host, User="1000", Env=["TOKEN=in-memory"])
        time.sleep(1)
        before = {entry["Id"] for entry in api("GET", "/containers/json?all=1")}
        for probe in ("Helper", "Exec"):
            with self.subTest(probe):
                result = self.run_operation("collect_evidence", id=name, probe=probe, helper_image=IMAGE)
                members = self.members(result)
                tars = [members[found] for found in members if found.startswith("temporary-files/")]
                self.assertTrue(any("./loot" in self.names(tar) for tar in tars), result["items"])
                self.assertIn(b"TOKEN=in-memory", members["programs/processes.txt"])
                self.assertIn(b"local_address", members["sockets.txt"])
                kinds = {entry["kind"] for entry in result["missing"]}
                self.assertTrue(kinds.isdisjoint({"sockets", "programs", "temporary-files"}), result["missing"])
                self.assertEqual([], result["warnings"])
                if probe == "Helper":  # the container's own user cannot read it
                    deleted = next(contents for found, contents in members.items() if found.endswith("_deleted"))
                    self.assertEqual(b"\x7fELF", deleted[:4])
                self.assertEqual("running", state(name)["Status"])
                self.assertEqual(before, {entry["Id"] for entry in api("GET", "/containers/json?all=1")})
                self.assertTrue(self.verified(result)["valid"])

    def test_a_helper_without_its_image_is_told(self) -> None:
        result = self.run_operation(
            "collect_evidence", id=container(self), kinds="Sockets, Changes", probe="Helper", helper_image="none:none"
        )
        [missing] = [entry for entry in result["missing"] if entry["kind"] == "helper"]
        self.assertRegex(missing["why"], "(?i)no such image")
        self.assertTrue(self.item(result, "changes.json")["complete"])

    def test_each_state_is_collected_and_kept(self) -> None:
        paused = container(self)
        pause(paused)
        ended = container(self, "sh", "-c", "echo last")
        api("POST", f"/containers/{ended}/wait")
        for name, expected in ((paused, "paused"), (ended, "exited"), (container(self, start=False), "created")):
            with self.subTest(expected):
                result = self.run_operation("collect_evidence", id=name)
                self.assertEqual((expected, expected), (result["state_before"], result["state_after"]))
                self.assertEqual(expected, state(name)["Status"])
                self.assertTrue(self.item(result, "file-system.tar")["complete"])
                self.assertFalse(self.manifest(result)["paused_by_this_collection"]["was_paused"])

    def test_a_crash_loop_is_paused_or_its_files_are_left(self) -> None:
        policy = {"Init": True, "RestartPolicy": {"Name": "always"}}
        name = container(self, "sh", "-c", "sleep 0.3", HostConfig=policy)
        time.sleep(1)
        result = self.run_operation("collect_evidence", id=name, kinds="File System")
        kept = [item for item in result["items"] if item["kind"] == "file-system"]
        missed = [entry for entry in result["missing"] if entry["kind"] == "file-system"]
        self.assertEqual(1, len(kept) + len(missed), result)
        self.assertTrue(all(item["complete"] for item in kept))
        self.assertFalse(state(name)["Paused"])

    def test_volumes_come_and_folders_of_the_host_do_not(self) -> None:
        volume = unique("volume")
        api("POST", "/volumes/create", {"Name": volume})
        self.addCleanup(remove, f"/volumes/{volume}?force=1")
        host = {"Init": True, "Binds": [f"{volume}:/data", "/tmp:/host:ro"]}
        name = container(self, "sh", "-c", "echo loot > /data/loot; sleep 600", HostConfig=host)
        time.sleep(0.5)
        result = self.run_operation("collect_evidence", id=name, kinds="Volumes")
        members = self.members(result)
        [tar] = [name for name in members if name.startswith("volumes/") and name.endswith(".tar")]
        self.assertTrue(any(name.endswith("/loot") for name in self.names(members[tar])))
        self.assertIn("host-folders", {entry["kind"] for entry in result["missing"]})

    def test_a_log_that_cannot_be_read_is_told(self) -> None:
        name = container(self, HostConfig={"Init": True, "LogConfig": {"Type": "none"}})
        result = self.run_operation("collect_evidence", id=name, kinds="Logs, Inspection")
        [missing] = [entry for entry in result["missing"] if entry["kind"] == "logs"]
        self.assertRegex(missing["why"], "does not support reading|cannot read logs")

    def test_what_is_too_large_is_cut_and_told_and_the_rest_comes(self) -> None:
        name = container(self, "sh", "-c", "head -c 9000000 /dev/urandom > /.big; sleep 600")
        time.sleep(1)
        result = self.run_operation("collect_evidence", id=name, max_size=4)
        cut = self.item(result, "file-system.tar")
        self.assertFalse(cut["complete"])
        self.assertIn("max_size", cut["why"])
        self.assertLessEqual(result["size"], 4 << 20)
        self.assertTrue(self.item(result, "inspection/after.json")["complete"])
        self.assertTrue(self.verified(result)["valid"])

    def verified(self, result: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.run_operation("verify_evidence", attachment=result["attachment"])
        return found

    def test_an_answer_that_breaks_or_stalls_fails_nothing_else(self) -> None:
        name = container(self)
        for fault in (Fault("cut"), Fault("silence"), Fault("status", status=500), Fault("reset after")):
            export = "GET /containers/[0-9a-f]{64}/export"
            with self.subTest(fault.what), FaultProxy(given("ENGINE_SOCKET"), export, fault) as proxy:
                config = {**configurations.over_http(proxy.address), "timeout": 2, "retry_attempts": 0}
                result = session.execute(config, "collect_evidence", id=name)
                told = [item for item in result["items"] if item["kind"] == "file-system" and not item["complete"]]
                told += [entry for entry in result["missing"] if entry["kind"] == "file-system"]
                self.assertEqual(1, len(told), result)
                self.assertEqual("running", state(name)["Status"])
                self.assertTrue(self.item(result, "inspection/after.json")["complete"])
                self.assertTrue(self.verified(result)["valid"])

    def test_one_that_is_isolated_meanwhile_stays_paused(self) -> None:
        """Whoever isolates it finds it paused, and relies on that."""
        name, slow = container(self), Fault("slow")
        with FaultProxy(given("ENGINE_SOCKET"), "GET /containers/[0-9a-f]{64}/export", slow) as proxy:
            results: list[dict[str, Any]] = []
            params = {"id": name, "kinds": "File System"}
            config = configurations.over_http(proxy.address)
            collecting = threading.Thread(
                target=lambda: results.append(session.execute(config, "collect_evidence", **params))
            )
            collecting.start()
            self.await_pause(name)
            if is_podman():  # which cuts no paused container
                self.assertIn("is being collected", self.refusal("isolate_container", id=name))
                collecting.join()
                self.assertEqual("running", state(name)["Status"])
                return
            self.run_operation("isolate_container", id=name)
            collecting.join()
        [result] = results
        self.assertIn("isolated at the same time", result["warnings"][0])
        self.assertTrue(state(name)["Paused"])
        self.assertTrue(self.item(result, "file-system.tar")["complete"])
        self.described("collect_evidence", params, result)
        self.run_operation("release_container", id=name)

    def killed(self, name: str) -> None:
        """A collection whose process is killed while files are copied. It leaves the container paused."""
        if "FSR_DOCKER" not in os.environ:
            self.skipTest("fsr-docker is not built for this Python")
        slow = Fault("slow")
        with FaultProxy(given("ENGINE_SOCKET"), "GET /containers/[0-9a-f]{64}/export", slow) as proxy:
            command = [given("FSR_DOCKER"), "--host", f"tcp://{proxy.address}", "run", "collect_evidence", f"id={name}"]
            running = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.await_pause(name)
            [listed] = self.run_operation("list_isolated")
            self.assertEqual(("evidence", True), (listed["method"], listed["consistent"]))
            self.assertIn("evidence is collected", self.refusal("release_container", id=name))
            self.assertTrue(self.refusal("stop_container", id=name).startswith("[isolated]"))
            running.kill()
            running.wait(timeout=20)
        self.assertTrue(state(name)["Paused"])

    def test_killed_it_is_found_and_finished(self) -> None:
        """Whoever comes next knows that the container ran, and lets it run on."""

        def isolate_and_release(name: str) -> Any:
            isolated = self.run_operation("isolate_container", id=name, method="Network")
            self.assertEqual((False, "running"), (isolated["undo"]["paused"], isolated["undo"]["status"]))
            self.assertFalse(state(name)["Paused"])
            return self.run_operation("release_container", id=name)

        for finish in (
            lambda name: self.run_operation("release_container", id=name),
            lambda name: self.run_operation("collect_evidence", id=name, kinds="File System"),
            isolate_and_release,
        ):
            name = container(self)
            self.killed(name)
            [listed] = self.run_operation("list_isolated")
            self.assertEqual((name, "evidence", False), (listed["name"], listed["method"], listed["consistent"]))
            self.assertIn("was cut off", listed["inconsistent"][0])
            result = finish(name)
            self.assertEqual("running", state(name)["Status"], result)
            self.assertEqual([], self.run_operation("list_isolated"))
            if "items" in result:
                self.assertIn("was cut off", result["warnings"][0])
                paused = self.manifest(result)["paused_by_this_collection"]
                self.assertEqual(
                    (False, listed["since"]), (paused["was_paused"], paused["left_paused_by_one_that_began"])
                )

    def test_one_that_was_unpaused_by_hand_after_a_kill_is_no_riddle(self) -> None:
        name = container(self)
        self.killed(name)
        api("POST", f"/containers/{name}/unpause")
        result = self.run_operation("collect_evidence", id=name, kinds="File System")
        self.assertEqual(("running", []), (state(name)["Status"], self.run_operation("list_isolated")), result)

    def test_one_that_is_unpaused_meanwhile_is_told(self) -> None:
        name, results = container(self), list[Any]()
        with FaultProxy(given("ENGINE_SOCKET"), "GET /containers/[0-9a-f]{64}/export", Fault("slow")) as proxy:
            config = configurations.over_http(proxy.address)
            params = {"id": name, "kinds": "File System"}
            collecting = threading.Thread(
                target=lambda: results.append(session.execute(config, "collect_evidence", **params))
            )
            collecting.start()
            self.await_pause(name)
            while not proxy.seen:  # its files are being copied
                time.sleep(0.01)
            api("POST", f"/containers/{name}/unpause")
            collecting.join()
        self.assertIn("unpaused during the copy", results[0]["warnings"][0])
        self.assertEqual([], self.run_operation("list_isolated"))

    def test_without_a_record_it_is_collected_all_the_same(self) -> None:
        name = container(self)
        with FaultProxy(given("ENGINE_SOCKET"), "POST /volumes/create", Fault("status", status=500)) as proxy:
            result = session.execute(
                {**configurations.over_http(proxy.address), "retry_attempts": 0},
                "collect_evidence",
                id=name,
                kinds="File System",
            )
        self.assertIn("could not keep a record of the pause", result["warnings"][0])
        self.assertEqual("running", state(name)["Status"])
        self.assertTrue(self.item(result, "file-system.tar")["complete"])

    def test_interrupted_it_unpauses_what_it_has_paused(self) -> None:
        if "FSR_DOCKER" not in os.environ:
            self.skipTest("fsr-docker is not built for this Python")
        name, slow = container(self), Fault("slow")
        with FaultProxy(given("ENGINE_SOCKET"), "GET /containers/[0-9a-f]{64}/export", slow) as proxy:
            command = [given("FSR_DOCKER"), "--host", f"tcp://{proxy.address}", "run", "collect_evidence", f"id={name}"]
            running = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.await_pause(name)
            running.send_signal(signal.SIGINT)
            self.assertEqual(130, running.wait(timeout=20))
        self.assertFalse(state(name)["Paused"])
        self.assertEqual([], list(self.folder.iterdir()))


class Verifying(EvidenceTestCase):
    def attach(self, contents: bytes) -> str:
        path = self.folder / "changed.zip"
        path.write_bytes(contents)
        record = RECORDS.create_attachment("Evidence", RECORDS.create_file(str(path), "evidence.zip"))
        return str(record["@id"])

    def test_signed_evidence_is_openssls_to_verify(self) -> None:
        config = {**self.config, "signing_key": KEY.read_text()}
        result = session.execute(config, "collect_evidence", id=container(self), kinds="Inspection")
        self.assertTrue(result["is_signed"])
        members = self.members(result)
        for name in ("manifest.json", "manifest.sig"):
            (self.folder / name).write_bytes(members[name])
        openssl, public = program("openssl"), self.folder / "public.pem"
        subprocess.run([openssl, "pkey", "-in", KEY, "-pubout", "-out", public], check=True)
        verify: list[str | Path] = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin"]
        verify += ["-in", self.folder / "manifest.json", "-sigfile", self.folder / "manifest.sig"]
        subprocess.run(verify, check=True, capture_output=True)
        for given_key, expected in ((public.read_text(), "verified"), ("", "consistent")):
            found = self.run_operation("verify_evidence", attachment=result["attachment"]["@id"], public_key=given_key)
            self.assertTrue(found["valid"], found)
            self.assertTrue(found["signature"].startswith(expected))
        found = session.execute(config, "verify_evidence", attachment=result)
        self.assertEqual((True, "verified"), (found["valid"], found["signature"]))
        # No key, or another one, is no proof for whoever asks for this one.
        unsigned = self.run_operation("collect_evidence", id=container(self), kinds="Inspection")
        found = self.run_operation("verify_evidence", attachment=unsigned["attachment"], public_key=public.read_text())
        self.assertEqual((False, "none"), (found["valid"], found["signature"]))

    def test_what_was_changed_is_named(self) -> None:
        result = self.run_operation("collect_evidence", id=container(self), kinds="File System, Logs, Image Layers")
        whole = self.archive(result).read_bytes()
        draw = random.Random(7)
        with zipfile.ZipFile(io.BytesIO(whole)) as opened:
            places = {entry.filename: entry.header_offset for entry in opened.infolist()}
        for name, offset in places.items():
            changed = bytearray(whole)
            changed[offset + draw.randrange(30)] ^= 1 << draw.randrange(8)
            found = self.run_operation("verify_evidence", attachment=self.attach(bytes(changed)))
            self.assertFalse(found["valid"])
            self.assertIn(name, {finding["item"] for finding in found["findings"]}, found["findings"])
        for _ in range(40):
            changed = bytearray(whole)
            changed[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
            found = self.run_operation("verify_evidence", attachment=self.attach(bytes(changed)))
            self.assertFalse(found["valid"], found)
        found = self.run_operation("verify_evidence", attachment=self.attach(whole[: len(whole) // 2]))
        self.assertIn("cut", {finding["what"] for finding in found["findings"]})
        found = self.run_operation(
            "verify_evidence", attachment=self.attach(whole), manifest_sha256=result["manifest_sha256"]
        )
        self.assertTrue(found["valid"], found)

    def test_rewritten_by_other_tools_it_is_not_the_same(self) -> None:
        result = self.run_operation("collect_evidence", id=container(self), kinds="Inspection")
        members, path = self.members(result), self.folder / "again.zip"
        with zipfile.ZipFile(path, "w") as again:
            for name, contents in {**members, "added.txt": b"x"}.items():
                again.writestr(name, contents)
        found = self.run_operation("verify_evidence", attachment=self.attach(path.read_bytes()))
        self.assertFalse(found["valid"])

    def test_layers_have_their_digests(self) -> None:
        """Who writes a whole archive anew, all hashes with it, still cannot change an image's layers."""
        result = self.run_operation("collect_evidence", id=container(self, start=False), kinds="Image Layers")
        whole, members = self.archive(result).read_bytes(), self.members(result)
        layers, forged = members["image/layers.tar"], bytearray(members["image/layers.tar"])
        with tarfile.open(fileobj=io.BytesIO(layers)) as archive:
            [layer] = [entry for entry in archive if entry.size == max(entry.size for entry in archive)]
            forged[layer.offset_data + layer.size // 2] ^= 1
        whole = whole.replace(layers, bytes(forged))
        for old, new in (
            (hashlib.sha256(layers).hexdigest().encode(), hashlib.sha256(forged).hexdigest().encode()),
            (zlib.crc32(layers).to_bytes(4, "little"), zlib.crc32(forged).to_bytes(4, "little")),
        ):
            whole = whole.replace(old, new)
        manifest = members["manifest.json"]
        changed = manifest.replace(
            hashlib.sha256(layers).hexdigest().encode(), hashlib.sha256(forged).hexdigest().encode()
        )
        old, new = (zlib.crc32(text).to_bytes(4, "little") for text in (manifest, changed))
        whole = whole.replace(old, new)
        found = self.run_operation("verify_evidence", attachment=self.attach(whole))
        self.assertEqual({"image/layers.tar"}, {finding["item"] for finding in found["findings"]}, found)
        self.assertIn("is not the one of digest", found["findings"][0]["why"])

    def test_the_command_line_says_it_by_its_exit_code(self) -> None:
        if "FSR_DOCKER" not in os.environ:
            self.skipTest("fsr-docker is not built for this Python")
        config = {**self.config, "signing_key": KEY.read_text()}
        result = session.execute(config, "collect_evidence", id=container(self), kinds="Inspection")
        path, public = self.archive(result), self.folder / "public.pem"
        subprocess.run([program("openssl"), "pkey", "-in", KEY, "-pubout", "-out", public], check=True)

        def verify(*words: str | Path) -> subprocess.CompletedProcess[str]:
            command = [given("FSR_DOCKER"), "verify", *words]
            return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "DOCKER_HOST": ""})

        done = verify(path, "--public-key", public, "--manifest-sha256", result["manifest_sha256"], "--json")
        self.assertEqual((0, True), (done.returncode, json.loads(done.stdout)["valid"]), done.stderr)
        self.assertEqual(1, verify(path, "--manifest-sha256", "0" * 64).returncode)
        self.assertEqual(2, verify(path, "--manifest-sha256", "abc").returncode)
        self.assertEqual(2, verify(path, "--public-key", KEY).returncode)
        self.assertEqual(1, verify(self.folder / "none.zip").returncode)
        changed = bytearray(path.read_bytes())
        changed[60] ^= 1
        path.write_bytes(changed)
        done = verify(path)
        self.assertEqual(1, done.returncode)
        self.assertIn("Not valid", done.stdout)
