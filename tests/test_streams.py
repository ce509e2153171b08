"""Streams: characters cut between frames, JSON without line ends, figures of what does not run, and events.

The engine's clock is minutes from ours in some: a wrapper shifts the clock of the program that asks it.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
import unittest
from pathlib import Path
from typing import Any, ClassVar

from support import configurations, session
from support.case import OperationTestCase
from support.engine import IMAGE, api, container, network, pause, remove, unique
from support.raw_server import Answer, RawServer, ok, says
from support.scripted_server import Answer as Scripted
from support.scripted_server import ScriptedServer
from support.second_engine import SecondEngine
from support.session import given

EVENT = '{"Type":"container","Action":"start","Actor":{"ID":"1","Attributes":{}},"time":1704240000,"timeNano":%d}'
FIRST, SECOND = (EVENT % number for number in (1704240000000000001, 1704240000000000002))
INFO = ok('{"SystemTime":"2024-01-03T00:00:00.5Z"}')


def begins(*pieces: str) -> Answer:
    """An answer in chunks that has no end, or is cut."""
    chunks = "".join(f"{len(piece):x}\r\n{piece}\r\n" for piece in pieces)
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return says((head + chunks).encode())


def ends(*pieces: str) -> Answer:
    """An answer in chunks."""
    return begins(*pieces, "")


class F36Characters(OperationTestCase):
    """A character that another stream's output cuts is whole in every view."""

    CUT = "; sleep 0.3; ".join(
        (r"printf 'a\303'", r"printf 'E\342\202' >&2", r"printf '\251b\n'", r"printf '\254\n' >&2")
    )

    def whole(self, result: dict[str, Any]) -> None:
        self.assertEqual(("aéb\n", "E€\n"), (result["stdout"], result["stderr"]))
        self.assertEqual("aEéb\n€\n", result["output"])
        lines = [{"stream": "stdout", "text": "aéb"}, {"stream": "stderr", "text": "E€"}]
        self.assertEqual(lines, result["lines"])

    def test_f36_of_a_command(self) -> None:
        self.whole(self.run_operation("exec_container", id=container(self), Cmd=["sh", "-c", self.CUT]))

    def test_f36_of_a_container_that_is_listened_to(self) -> None:
        name = container(self, "sh", "-c", f"sleep 2; {self.CUT}")
        self.whole(self.run_operation("container_attach", id=name, timeout=30))

    def test_f36_of_followed_logs(self) -> None:
        name = container(self, "sh", "-c", f"sleep 1; {self.CUT}")
        result = self.run_operation("container_logs", id=name, follow=True, timeout=30)
        self.assertEqual(("aéb\n", "E€\n"), (result["stdout"], result["stderr"]))
        self.assertEqual("aéb\nE€\n", result["output"], "the log driver keeps whole lines")

    def test_f36_at_the_bounds(self) -> None:
        name = container(self)
        for most, kept in ((3, "€"), (4, "€"), (5, "€"), (6, "€€")):
            result = self.run_operation("exec_container", id=name, Cmd="printf €€", max_bytes=most)
            self.assertEqual([kept] * 2, [result["stdout"], result["output"]], most)
            self.assertEqual([{"stream": "stdout", "text": kept}], result["lines"])
        for tty in (False, True):
            command = ["sh", "-c", r"printf '\342\202\254\342\202'; sleep 30"]
            result = self.run_operation("exec_container", id=name, Cmd=command, Tty=tty, timeout=1)
            self.assertEqual(("€", True), (result["output"], result["timed_out"]))

    def test_f36_what_is_no_character_is_replaced_once(self) -> None:
        name = container(self)
        result = self.run_operation("exec_container", id=name, Cmd=["sh", "-c", r"printf 'a\377b\342\202'"])
        self.assertEqual("a\ufffdb\ufffd", result["output"])


class ResultsThatFit(OperationTestCase):
    """A log with the defaults is a usable result; `form` chooses how often a result repeats the output."""

    LINES = 20_000
    PATHS: ClassVar[dict[str, set[str]]] = {
        "": {"stdout", "stderr", "output", "lines"},
        "All": {"stdout", "stderr", "output", "lines"},
        "Text": {"output"},
        "Lines": {"lines"},
    }

    def logged(self, text: str) -> str:
        """A container that has written so many lines, numbered."""
        name = container(self, "sh", "-c", f"seq {self.LINES} | sed 's/^/{text} /'")
        api("POST", f"/containers/{name}/wait")
        return name

    def test_a_log_of_20000_lines(self) -> None:
        text = '2026-11-27T10:00:00Z {"level":"info"} done'
        name = self.logged(text)
        for form, paths in self.PATHS.items():
            result = self.run_operation("container_logs", id=name, form=form)
            self.assertEqual(paths | {"truncated", "timed_out"}, set(result), form)
            self.assertFalse(result["truncated"])
            if "lines" in result:
                self.assertEqual(self.LINES, len(result["lines"]))
                self.assertEqual({"stream": "stdout", "text": f"{text} {self.LINES}"}, result["lines"][-1])
            if "output" in result:
                self.assertEqual(self.LINES, result["output"].count("\n"))

    def test_the_most_output_fits_in_every_form(self) -> None:
        """The default of `max_bytes` in short lines is the largest result of ordinary text."""
        name = container(self, "sh", "-c", "seq 1000000 1200000")
        api("POST", f"/containers/{name}/wait")
        result = self.run_operation("container_logs", id=name)
        self.assertEqual((True, 1024 * 1024), (result["truncated"], len(result["output"])))

    def test_commands_have_the_same_forms(self) -> None:
        name = container(self)
        for form, paths in self.PATHS.items():
            for operation, params in (
                ("exec_container", {"id": name, "Cmd": "echo here"}),
                ("run_container", {"image": IMAGE, "Cmd": "echo here"}),
                ("container_attach", {"id": name, "timeout": 1}),
            ):
                with self.subTest(operation, form=form):
                    result = self.run_operation(operation, **params, form=form)
                    self.assertEqual(paths, set(result) & self.PATHS["All"])
                    if operation != "container_attach":
                        told = result.get("output") or result["lines"][0]["text"]
                        self.assertEqual("here", told.strip())

    def test_an_attachment_says_what_to_set(self) -> None:
        name = self.logged("line")
        config = {**self.config, "max_result_size": 64}
        for operation, params, names in (
            ("container_logs", {"id": name}, ("tail", "since", "form", "max_bytes")),
            ("exec_container", {"id": container(self), "Cmd": "seq 20000"}, ("form", "max_bytes")),
        ):
            result = session.execute(config, operation, **params)
            self.assertIn("attachment", result)
            for word in (*names, "max_result_size (64 KiB)"):
                self.assertIn(word, result["result"])


class F36JsonStreams(OperationTestCase):
    """Values of JSON are there with their last byte, whatever stands between them."""

    def read(self, answer: Answer, operation: str, **params: Any) -> Any:
        with RawServer(INFO, answer) as engine:
            config = configurations.over_http(engine.address)
            return self.checked(configured(config, operation, params))

    def test_followed_events_need_no_line_ends(self) -> None:
        half = len(SECOND) // 2
        for pieces in (
            (FIRST, SECOND),
            (FIRST + SECOND,),
            (FIRST + SECOND[:half], SECOND[half:]),
            (f"{FIRST}\r\n{SECOND}",),
            (f"\x1e{FIRST}\n\x1e{SECOND}",),
            (f"  {FIRST}  ", f"  {SECOND}"),
            (f"[{FIRST}", f",{SECOND}"),
        ):
            result = self.read(begins(*pieces), "system_events", follow=True, timeout=1)
            self.assertEqual([json.loads(FIRST), json.loads(SECOND)], result["events"], pieces)
            self.assertEqual((True, "1704240000.000000003"), (result["timed_out"], result["next_since"]))

    def test_half_an_event_is_not_lost_in_silence(self) -> None:
        for answer in (begins(FIRST, SECOND[:40]), ends(FIRST, SECOND[:40])):
            result = self.read(answer, "system_events", follow=True, timeout=1)
            self.assertEqual(([json.loads(FIRST)], True), (result["events"], result["may_be_incomplete"]))
            self.assertIn("within an event", result["incomplete_reason"])
            self.assertEqual("1704240000.000000002", result["next_since"])

    def test_samples_need_no_line_ends(self) -> None:
        sample = json.dumps({"read": "2024-01-03T00:00:00Z", "memory_stats": {"usage": 5}})
        with RawServer(begins(sample, sample)) as engine:
            config = configurations.over_http(engine.address)
            result = configured(config, "container_stats", {"id": "web", "samples": 2, "timeout": 30})
        self.assertEqual([5, 5], [one["memory_usage"] for one in result["samples"]])

    def test_progress_needs_no_line_ends(self) -> None:
        said = [{"status": "Pulling from app", "id": "1"}, {"status": "Digest: sha256:" + "1" * 64}]
        for separator in ("", "\n", "\r\n", " "):
            body = separator.join(map(json.dumps, said))
            there = {"GET /images/app:1/json": Scripted(200, {"Id": "sha256:2", "RepoDigests": []})}
            with ScriptedServer({"POST /images/create": Scripted(200, body), **there}) as engine:
                config = configurations.over_http(engine.address)
                result = configured(config, "pull_image", {"fromImage": "app", "tag": "1"})
            self.assertIn("1: Pulling from app", json.dumps(result))
            with ScriptedServer({"POST /images/create": Scripted(200, body[:-5])}) as engine:
                config = configurations.over_http(engine.address)
                error = self.refusal_with(config, "pull_image", fromImage="app", tag="1")
            self.assertRegex(error, r"ended within a value.*What came last was: 1: Pulling from app")


class F37Figures(OperationTestCase):
    """What does not run has no figures."""

    def assert_not_running(self, result: dict[str, Any], state: str) -> None:
        self.assertIs(False, result["running"])
        self.assertIn(f"its state is {state}", result["note"])
        self.assert_no_figures(result["computed"])

    def assert_no_figures(self, figures: dict[str, Any]) -> None:
        reason = figures["cpu_percent_reason"]
        self.assertEqual("The container did not run.", reason)
        names = set(figures) - {"cpu_percent_reason", "running"}
        self.assertEqual({None}, {figures[name] for name in names}, figures)

    def test_f37_of_what_never_ran_and_what_has_ended(self) -> None:
        ended = container(self, "true")
        api("POST", f"/containers/{ended}/wait")
        for name, state in ((container(self, start=False), "created"), (ended, "exited")):
            for form in ({}, {"oneshot": True}, {"samples": 2}):
                result = self.run_operation("container_stats", id=name, timeout=30, **form)
                self.assert_not_running(result, state)
                self.assertEqual(f"/{name}", result["name"], "Docker's own fields stay")
                for sample in result.get("samples", []):
                    self.assert_no_figures(sample)

    def test_f37_of_what_stops_meanwhile(self) -> None:
        name = container(self)
        stopping = threading.Timer(1.5, api, ("POST", f"/containers/{name}/kill"))
        stopping.start()
        result = self.run_operation("container_stats", id=name, samples=5, timeout=30)
        stopping.join()
        self.assertEqual({True, False}, {sample["running"] for sample in result["samples"]})
        self.assert_not_running(result, "exited")
        for sample in result["samples"]:
            if sample["running"]:
                self.assertGreater(sample["memory_usage"], 0)
            else:
                self.assert_no_figures(sample)

    def test_f37_of_what_is_restarted_again_and_again(self) -> None:
        host = {"RestartPolicy": {"Name": "always"}}
        name = container(self, "false", HostConfig=host)
        until = time.monotonic() + 60
        while api("GET", f"/containers/{name}/json")["State"]["Status"] != "restarting":
            self.assertLess(time.monotonic(), until)
        result = self.run_operation("container_stats", id=name, oneshot=True)
        if not result["running"]:
            self.assert_no_figures(result["computed"])
            self.assertIn("did not run", result["note"])

    def test_f37_what_is_paused_runs(self) -> None:
        name = container(self)
        pause(name)
        result = self.run_operation("container_stats", id=name)
        api("POST", f"/containers/{name}/unpause")
        self.assertEqual((True, ""), (result["running"], result["note"]))
        self.assertGreater(result["computed"]["memory_usage"], 0)


class S16Events(OperationTestCase):
    """What is asked again and again, from next_since on, misses nothing in silence, and gives nothing twice."""

    def first(self, **params: Any) -> str:
        """Where to go on from, behind an event that is remembered."""
        api("DELETE", f"/networks/{network(self)}")
        cursor: str = self.events(**params)["next_since"]
        return cursor

    def events(self, **params: Any) -> Any:
        return self.run_operation("system_events", **params)

    def test_s16_each_event_once(self) -> None:
        name, cursor = unique("network"), self.first()
        self.addCleanup(remove, f"/networks/{name}")
        seen = []
        for _ in range(3):
            api("POST", "/networks/create", {"Name": name})
            api("DELETE", f"/networks/{name}")
            result = self.events(since=cursor, filters={"type": ["network"]})
            self.assertEqual((False, ""), (result["may_be_incomplete"], result["incomplete_reason"]))
            cursor = result["next_since"]
            seen += [event["Action"] for event in result["events"] if event["Actor"]["Attributes"]["name"] == name]
        self.assertEqual(["create", "destroy"] * 3, seen)
        result = self.events(since=cursor)
        self.assertEqual((0, False), (result["count"], result["may_be_incomplete"]))

    def test_s16_a_page_at_a_time(self) -> None:
        cursor, names = self.first(), [network(self) for _ in range(3)]
        seen = []
        while True:
            result = self.events(since=cursor, filters="type=network\nevent=create", max_events=1)
            seen += [event["Actor"]["Attributes"]["name"] for event in result["events"]]
            cursor = result["next_since"]
            if not result["truncated"]:
                break
        self.assertEqual(names, [name for name in seen if name in names])
        self.assertEqual(len(set(seen)), len(seen))

    def test_s16_what_was_pushed_out_is_told_though_the_filter_hides_it(self) -> None:
        cursor = self.first()
        for _ in range(150):
            name = network(self)
            api("DELETE", f"/networks/{name}")
        for filters in ({}, {"type": ["plugin"]}):
            result = self.events(since=cursor, filters=filters)
            self.assertTrue(result["may_be_incomplete"])
            self.assertIn("its last 256 events only", result["incomplete_reason"])
            self.assertGreater(float(result["oldest_remembered"]), float(cursor))
        again = self.events(since=result["next_since"])
        self.assertEqual((0, False), (again["count"], again["may_be_incomplete"]))

    def test_s16_an_engine_that_was_started_anew_has_forgotten(self) -> None:
        with SecondEngine() as second:
            config = configurations.over_unix(second.socket)
            image = given("ENGINE_IMAGE")
            # Something is remembered for certain: the event of the image that it loaded may come later than the answer.
            second.api("POST", f"/containers/create?name={unique('container')}", {"Image": image})
            first = configured(config, "system_events", {})
            self.assertTrue(first["may_be_incomplete"], "what was before its start nobody knows")
            cursor = first["next_since"]
            self.assertFalse(configured(config, "system_events", {"since": cursor})["may_be_incomplete"])
            second.kill()
            second.start()
            second.api("POST", f"/containers/create?name={unique('container')}", {"Image": image})
            result = configured(config, "system_events", {"since": cursor})
            self.assertTrue(result["may_be_incomplete"])
            self.assertIn("restarted", result["incomplete_reason"])
            self.assertIn("create", [event["Action"] for event in result["events"]])

    def test_s16_following_ends_in_time_and_goes_on_without_a_gap(self) -> None:
        cursor = self.first()
        name = unique("network")
        self.addCleanup(remove, f"/networks/{name}")
        making = threading.Timer(1, api, ("POST", "/networks/create", {"Name": name}))
        making.start()
        began = time.monotonic()
        result = self.events(since=cursor, follow=True, timeout=3, filters={"type": ["network"]})
        self.assertLess(abs(time.monotonic() - began - 3), 1.5)
        making.join()
        self.assertEqual((True, False), (result["timed_out"], result["may_be_incomplete"]))
        self.assertIn(name, [event["Actor"]["Attributes"]["name"] for event in result["events"]])
        remove(f"/networks/{name}")
        result = self.events(since=result["next_since"], filters={"network": [name]})
        self.assertEqual(["destroy"], [event["Action"] for event in result["events"]])

    def test_s16_following_with_one_connection(self) -> None:
        config = {**self.config, "max_connections": 1}
        result = configured(config, "system_events", {"since": "10m", "follow": True, "timeout": 1})
        self.assertTrue(result["timed_out"])


@unittest.skipUnless("FSR_DOCKER" in os.environ, "fsr-docker is not built for this Python")
class S16Clocks(unittest.TestCase):
    """An engine whose clock differs from ours by minutes."""

    FAKETIME: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        within = "usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
        cls.FAKETIME = Path(os.environ.get("ENGINE_TOOLS") or "/", within)
        if not cls.FAKETIME.exists():
            raise unittest.SkipTest("there is no libfaketime here")

    def events(self, shift: str, *params: str) -> Any:
        shifted = {
            **os.environ,
            "LD_PRELOAD": str(self.FAKETIME),
            "FAKETIME": shift,
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        engine = f"unix://{given('ENGINE_SOCKET')}"
        command = [given("FSR_DOCKER"), "--host", engine, "run", "system_events", "--json", *params]
        done = subprocess.run(command, env=shifted, capture_output=True, text=True, timeout=100)
        self.assertIn(done.returncode, (0, 124), done.stderr)
        return json.loads(done.stdout)

    def test_s16_nothing_hangs_and_nothing_is_lost(self) -> None:
        for shift in ("+5m", "-5m", "+1d"):
            with self.subTest(shift):
                remove(f"/networks/{network(self)}")
                cursor = self.events(shift)["next_since"]
                self.assertLess(abs(float(cursor) - time.time()), 60, "it is of the engine's clock")
                seen = []
                for _ in range(2):
                    name = network(self)
                    began = time.monotonic()
                    result = self.events(shift, f"since={cursor}", "filters=type=network\nevent=create")
                    self.assertLess(time.monotonic() - began, 20)
                    self.assertEqual((False, False), (result["may_be_incomplete"], result["timed_out"]), result)
                    seen.append([event["Actor"]["Attributes"]["name"] for event in result["events"]] == [name])
                    cursor = result["next_since"]
                self.assertEqual([True, True], seen)

    def test_s16_how_long_ago_is_by_the_engines_clock(self) -> None:
        name = network(self)
        for shift in ("+10m", "-10m"):
            result = self.events(shift, "since=1m", "filters=type=network\nevent=create")
            self.assertIn(name, [event["Actor"]["Attributes"]["name"] for event in result["events"]])
            self.assertLess(abs(float(result["since"]) - time.time() + 60), 30)

    def test_s16_following_ends_when_it_should(self) -> None:
        for shift in ("+5m", "-5m"):
            began = time.monotonic()
            result = self.events(shift, "follow=true", "timeout=2")
            self.assertLess(time.monotonic() - began, 20)
            self.assertTrue(result["timed_out"])
            self.assertLess(abs(float(result["next_since"]) - time.time()), 60)

    def test_s16_a_time_that_the_engine_has_not_reached_is_said(self) -> None:
        began = time.monotonic()
        result = self.events("+1h", f"since={time.time() + 3000:.3f}", f"until={time.time() + 3600:.3f}")
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual((0, True), (result["count"], result["may_be_incomplete"]))
        self.assertRegex(result["incomplete_reason"], "^The engine's clock has not reached since")
        self.assertLess(float(result["next_since"]), time.time())


def configured(config: configurations.Config, operation: str, params: dict[str, Any]) -> Any:
    """A result for a configuration of its own."""
    return session.execute(config, operation, **params)


if __name__ == "__main__":
    unittest.main()
