"""How far a call is: told to who runs the connector, on the local host's page, and on a terminal.

What shows it is slowed down by nginx, so that there is something to see; no test depends on how fast anything is.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

from support import configurations, layers, registry, session
from support.case import OperationTestCase
from support.engine import container
from support.local_host import LocalHost, sample
from support.scripted_server import Answer, ScriptedServer
from support.session import ARCHIVE, PACKAGE, given
from support.terminal import Terminal

MEBIBYTE = 1024 * 1024
# What the page gets of a call that is not under way.
NOTHING: dict[str, Any] = {"parts": [], "output": [], "next": 0}


class Told(OperationTestCase):
    """What the packaged connector tells a listener."""

    def setUp(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.listen(self.told.append)

    def listen(self, listener: Any) -> None:
        vars(session.CONNECTOR)["on_progress"] = listener
        self.addCleanup(vars(session.CONNECTOR).pop, "on_progress", None)

    def of(self, part: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["part"] == part]

    def test_a_pull_of_several_layers(self) -> None:
        repository = layers.pushed(self, layers=3, mebibytes=1)
        pushed = [one for one in self.told if one["text"] == "Pushed"]
        self.assertEqual(4, len(pushed), "with that of its base")
        self.assertTrue(all(one["is_done"] for one in pushed))
        self.assertTrue(any(one["text"].startswith("Step 2/4 : RUN dd") for one in self.of("")))
        self.told.clear()
        self.run_operation("pull_image", fromImage=f"{registry.ADDRESS}/{repository}", tag="1", **layers.SIGNED_IN)
        self.assertEqual(f"Pulling from {repository}", self.told[0]["text"])
        done = {one["part"] for one in self.told if one["text"] == "Pull complete" and one["is_done"]}
        self.assertEqual(3, len(done))
        for part in done:
            whole = [one for one in self.of(part) if one["total"] is not None]
            self.assertTrue(whole and all(0 < one["bytes"] <= one["total"] for one in whole), self.of(part))
            self.assertTrue(any(one["total"] > MEBIBYTE for one in whole))
        self.assertEqual({"part", "text", "bytes", "total", "is_done"}, set(self.told[0]))

    def test_files_on_their_way(self) -> None:
        name = container(self)
        self.run_operation("exec_container", id=name, Cmd="dd if=/dev/zero of=/zeros bs=1M count=8")
        self.told.clear()
        record = self.run_operation("container_export", id=name)
        self.assertEqual({f"Exporting {name}"}, {one["text"] for one in self.told})
        self.assertEqual((0, record["size"]), (self.told[0]["bytes"], self.told[-1]["bytes"]))
        counts = [one["bytes"] for one in self.told]
        self.assertEqual(sorted(counts), counts)
        self.told.clear()
        params = {"id": name, "input": "Attachment ID", "value": record["@id"], "path": "/tmp"}
        self.run_operation("copy_to_container", **params)
        last = self.told[-1]
        self.assertEqual((record["size"], record["size"]), (last["bytes"], last["total"]))

    def test_what_takes_no_time_tells_nothing(self) -> None:
        self.run_operation("ping")
        self.run_operation("list_containers")
        self.assertEqual([], self.told)

    def test_who_listens_badly_harms_nothing(self) -> None:
        name = container(self)

        def fail(_: dict[str, Any]) -> None:
            self.told.append({})
            raise ValueError("no more, please")

        for listener in (fail, "no callable"):
            self.listen(listener)
            self.assertEqual(0, self.run_operation("exec_container", id=name, Cmd="true")["exit_code"])
        self.assertTrue(self.told)

    def test_an_interruption_of_the_listener_is_one_of_the_call(self) -> None:
        name = container(self)

        def interrupt(_: dict[str, Any]) -> None:
            raise KeyboardInterrupt

        self.listen(interrupt)
        with self.assertRaises(KeyboardInterrupt):
            session.execute(self.config, "exec_container", id=name, Cmd="sleep 30")

    def test_an_engine_that_says_too_much(self) -> None:
        hostile = "\x1b[31m<script>alert(1)</script>\r\n\x00" + "x" * 10_000 + "hunter2-of-the-registry"
        said = [{"status": "hunter2-of-the-registry", "id": "a"}, {"status": hostile, "id": hostile}]
        said += [{"status": str(number), "id": str(number % 500)} for number in range(20_000)]
        body = "".join(json.dumps(one) + "\r\n" for one in said)
        began = time.monotonic()
        with ScriptedServer({"POST /images/create": Answer(200, body)}) as engine:
            self.refusal_with(
                configurations.over_http(engine.address),
                "pull_image",
                fromImage="app",
                registry_username="soc",
                registry_password="hunter2-of-the-registry",
            )
        # What moves is told ten times a second: each of 200 parts, and 50 reports that are told at once.
        turns = (time.monotonic() - began) * 10 + 2
        self.assertLessEqual(len(self.told), turns * (200 + 50))
        self.assertLessEqual(len({one["part"] for one in self.told}), 200)
        texts = [one[name] for one in self.told for name in ("part", "text")]
        self.assertTrue(any("<script>" in text for text in texts), "what it says is told as text")
        for text in texts:
            self.assertTrue(text.isprintable() and len(text) <= 160, text)
            self.assertNotIn("hunter2", text)


@unittest.skipUnless("FSR_DOCKER" in os.environ, "fsr-docker is not built for this Python")
class OnTheLocalHost(unittest.TestCase):
    """What the local host tells its page."""

    host: ClassVar[LocalHost]

    @classmethod
    def setUpClass(cls) -> None:
        engine = layers.slow_engine("4m")
        cls.addClassCleanup(engine.__exit__)
        cls.host = LocalHost("--package", str(ARCHIVE), "--host", f"tcp://{engine.address}")
        cls.addClassCleanup(cls.host.close)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        key = f"API-KEY {self.host.api_key}"
        status, headers, text = self.host.request(method, path, body, Authorization=key)
        return status, json.loads(text) if headers["content-type"] == "application/json" else text

    def execute(self, operation: str, how: str = "", **params: Any) -> tuple[int, Any]:
        body = {"connector": PACKAGE.name, "version": PACKAGE.version, "operation": operation, "params": params}
        return self.ask("POST", f"/api/integration/execute/{how}", body)

    def test_an_export_is_seen_while_it_runs(self) -> None:
        name = container(self)
        layers.run("exec_container", id=name, Cmd="dd if=/dev/zero of=/zeros bs=1M count=8")
        place = f"/page/progress/{uuid.uuid4()}"
        seen: list[dict[str, Any]] = []
        with ThreadPoolExecutor() as threads:
            how = f"?progress={place.rpartition('/')[2]}"
            call = threads.submit(self.execute, "container_export", how, id=name)
            while not call.done():
                seen += self.ask("GET", place)[1]["parts"]
                time.sleep(0.05)
        status, answer = call.result()
        self.assertEqual((200, "Success"), (status, answer["status"]))
        self.assertEqual(
            {("", f"Exporting {name}", False)}, {(one["part"], one["text"], one["is_done"]) for one in seen}
        )
        counts = [one["bytes"] for one in seen]
        self.assertTrue(0 < counts[-1] <= answer["data"]["size"] and counts == sorted(counts), counts)
        self.assertEqual((200, NOTHING), self.ask("GET", place), "it is forgotten with the call")
        self.assertNotIn("Exporting", json.dumps(self.ask("GET", "/page/history")), "and the history has none of it")

    def test_nobody_else_sees_it(self) -> None:
        self.assertEqual(401, self.host.request("GET", f"/page/progress/{uuid.uuid4()}")[0])
        self.assertEqual((200, NOTHING), self.ask("GET", f"/page/progress/{uuid.uuid4()}"))
        self.assertEqual(400, self.ask("GET", "/page/progress/no-name")[0])
        self.assertEqual(400, self.execute("ping", "?progress=no-name")[0])

    def test_a_connector_that_tells_nothing_is_called_as_ever(self) -> None:
        sys.path.append(os.environ["PYFSR"])
        self.host.client().connectors.install_from_file(str(sample(self.host.folder)), wait=True)
        body = {"connector": "sample", "operation": "echo"}
        status, answer = self.ask("POST", f"/api/integration/execute/?progress={uuid.uuid4()}", body)
        self.assertEqual((200, "Success"), (status, answer["status"]))


@unittest.skipUnless("FSR_DOCKER" in os.environ, "fsr-docker is not built for this Python")
class OnATerminal(unittest.TestCase):
    """What fsr-docker shows."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, *words: str, engine: str = "", kind: str = "xterm") -> Terminal:
        host = (engine and f"tcp://{engine}") or f"unix://{given('ENGINE_SOCKET')}"
        return Terminal([given("FSR_DOCKER"), "--host", host, "run", *words], self.folder, kind)

    def test_a_bar_for_each_layer(self) -> None:
        repository = layers.pushed(self, layers=3, mebibytes=2)
        with layers.slow(self, repository, "1m") as image:
            signed_in = [f"{name}={value}" for name, value in layers.SIGNED_IN.items()]
            terminal = self.start("pull_image", f"fromImage={image}", *signed_in, "--json")
            code, output = terminal.end()
        self.assertEqual(0, code, terminal.written)
        self.assertEqual(image, json.loads(output)["image"])
        self.assertIn(f"Pulling from {repository}", terminal.written)
        self.assertRegex(terminal.written, r"  [0-9a-f]{12} Downloading +\[=*>? *\] [0-9.]+ [KM]iB/2[.]00 MiB")
        self.assertRegex(terminal.written, r", [1-4] of 4 done")
        self.assertRegex("\n".join(terminal.left), r"\Apull_image on unix://[^\n]*\Z", "nothing else is left on it")

    def test_ctrl_c_in_the_middle(self) -> None:
        name = container(self)
        layers.run("exec_container", id=name, Cmd="dd if=/dev/zero of=/zeros bs=1M count=60")
        with layers.slow_engine("2m") as engine:
            terminal = self.start("container_export", f"id={name}", engine=engine.address)
            terminal.wait_for("MiB")
            terminal.press("\x03")
            code, output = terminal.end()
        self.assertEqual((130, ""), (code, output))
        self.assertIn("[interrupted] container_export", terminal.left[-1])
        self.assertEqual([], list(self.folder.iterdir()), "nothing of it is kept")

    def test_ctrl_c_in_what_never_pauses(self) -> None:
        terminal = self.start("exec_container", f"id={container(self)}", "Cmd=yes", "timeout=60", "-o", "json")
        terminal.wait_for("Reading the output")
        terminal.wait_for("MiB/s")
        began = time.monotonic()
        terminal.press("\x03")
        self.assertEqual((130, ""), terminal.end())
        self.assertLess(time.monotonic() - began, 20, "it waited for the time limit")

    def test_where_nothing_can_be_shown_nothing_is(self) -> None:
        name = container(self)
        for kind, command in (("dumb", "sleep 1"), ("xterm", "true")):
            terminal = self.start("exec_container", f"id={name}", f"Cmd={command}", kind=kind)
            code, output = terminal.end()
            self.assertEqual((0, ""), (code, output))
            self.assertRegex(terminal.written, r"\Aexec_container on [^\n]*\n\Z")


if __name__ == "__main__":
    unittest.main()
