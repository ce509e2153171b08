"""Nothing that an engine, a proxy or a disk does costs more than a stated amount of memory, of time, or a process.

Each attack runs in a child process, whose peak memory and time are measured. `docs/security.md` has the figures.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from support.case import OperationTestCase
from support.configurations import CERTIFICATES, Config, over_http, over_tls
from support.measured import Cost, cost
from support.raw_server import Answer, RawServer, says
from support.session import CONNECTOR, ConnectorError

HERE = Path(__file__).resolve().parent
ALL = bool(os.environ.get("FSR_TEST_ALL"))
OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
PAGE = b"<!DOCTYPE html><html><title>Sign in</title><form action=/login></form></html>"

MEBIBYTE = 1024 * 1024
TIMEOUT = 4
# Of each figure in docs/security.md: what is measured has the allocator's own and the machine's noise in it.
HEADROOM_MEBIBYTES = 8
HEADROOM_SECONDS = 2
LOOK = DATA_BASE = STREAM = OTHER = 64


def endless(head: bytes, piece: bytes) -> Answer:
    """An answer without an end, as fast as it is read."""

    def answering(client: socket.socket) -> None:
        client.sendall(head)
        whole = piece * max(1, 256 * 1024 // len(piece))
        while True:
            client.sendall(whole)

    return answering


def whole(body: bytes, head: bytes = JSON) -> Answer:
    return says(head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body, close=True)


class BoundsTestCase(OperationTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        with suppress(ConnectorError):
            # The native module is loaded now, and not in each child.
            CONNECTOR.execute({**over_http("127.0.0.1:1"), "retry_attempts": 0}, "ping", {})

    def reaching(self, server: RawServer, **fields: Any) -> Config:
        return {
            **over_http(server.address),
            "timeout": TIMEOUT,
            "retry_attempts": 0,
            "api_version": "v1.41",
            "max_result_size": 1024,
            **fields,
        }

    def call(self, config: Config, operation: str, **params: Any) -> Cost:
        spent = cost(lambda: CONNECTOR.execute(config, operation, params))
        self.assertNotIn("[invalid_parameters]", spent.outcome, "nothing was sent, so this shows nothing")
        return spent

    def assert_bounded(self, spent: Cost, mebibytes: float, seconds: float = TIMEOUT, outcome: str = "") -> None:
        self.assertNotIn("it did not end", spent.outcome)
        self.assertNotIn("ended by", spent.outcome)
        self.assertLess(spent.mebibytes, mebibytes + HEADROOM_MEBIBYTES, spent)
        self.assertLess(spent.seconds, seconds + HEADROOM_SECONDS, spent)
        if outcome:
            self.assertRegex(spent.outcome, outcome)

    def attack(self, answer: Answer, operation: str, mebibytes: float, outcome: str = "", **params: Any) -> Cost:
        with RawServer(answer) as server:
            spent = self.call(self.reaching(server), operation, **params)
            self.assert_bounded(spent, mebibytes, outcome=outcome)
            return spent


# JSON that is small on the wire and large once it is parsed.
EXPANDING: tuple[tuple[str, bytes, bytes, bytes], ...] = (
    ("objects", b"[{}", b",{}", b"]"),
    ("lists", b"[[]", b",[]", b"]"),
    ("numbers", b"[0", b",0", b"]"),
    ("small objects", b'[{"a":1}', b',{"a":1}', b"]"),
    ("names", b'{"a":0', b',"a":0', b"}"),
    ("text", b'"', b"x", b'"'),
)

READS: tuple[tuple[str, dict[str, Any], int], ...] = (
    ("inspect_container", {"id": "a"}, DATA_BASE + 4),
    ("list_containers", {}, DATA_BASE + 4),
    ("list_containers", {"fields": "Id"}, DATA_BASE + 4),
    ("list_volumes", {}, DATA_BASE + 4),
    ("get_container_stats", {"id": "a"}, LOOK),
    ("prune_containers", {"dry_run": True}, LOOK),
    ("stop_container", {"id": "a"}, LOOK),
    ("call_api", {"method": "GET", "path": "/info"}, DATA_BASE + 4),
    ("call_api", {"method": "POST", "path": "/x"}, DATA_BASE + 4),
    ("get_version", {}, DATA_BASE + 4),
    ("list_services", {}, DATA_BASE + 4),
    ("list_tasks", {"fields": "ID"}, DATA_BASE + 4),
    ("list_nodes", {}, DATA_BASE + 4),
    ("wait_for_service", {"id": "a", "timeout": TIMEOUT}, LOOK),
    ("scale_service", {"id": "a", "replicas": 2, "timeout": TIMEOUT}, LOOK),
    ("drain_node", {"id": "a", "timeout": TIMEOUT}, LOOK),
    ("list_service_containers", {"id": "a"}, LOOK),
    ("list_projects", {}, LOOK),
    ("list_isolated", {}, LOOK),
    ("isolate_container", {"id": "a"}, LOOK),
    ("list_plugins", {}, DATA_BASE + 4),
)


class Answers(BoundsTestCase):
    """One answer, to everything that is asked."""

    def test_json_that_grows_when_it_is_read(self) -> None:
        shapes = EXPANDING if ALL else EXPANDING[:1] + EXPANDING[3:4]
        reads = READS if ALL else READS[1:3] + READS[6:8]
        for name, first, more, last in shapes:
            body = first + more * ((60 * MEBIBYTE) // len(more)) + last
            for operation, params, mebibytes in reads:
                with self.subTest(name, operation=operation, **params):
                    self.attack(whole(body), operation, mebibytes, **params)

    def test_less_of_it_than_any_bound_of_bytes(self) -> None:
        for size in (1, 4, 12):
            for name, first, more, last in EXPANDING:
                body = first + more * ((size * MEBIBYTE) // len(more)) + last
                for operation, params, mebibytes in READS if ALL else READS[6:8]:
                    with self.subTest(name, size=size, operation=operation):
                        self.attack(whole(body), operation, mebibytes, **params)

    def test_an_answer_without_an_end(self) -> None:
        for operation, params, mebibytes in READS if ALL else READS[:2] + READS[7:]:
            with self.subTest(operation, **params):
                self.attack(endless(JSON + b"\r\n[", b'{"a":[1,2,3]},\n'), operation, mebibytes, **params)

    def test_a_length_that_does_not_come(self) -> None:
        head = JSON + b"Content-Length: 250000000\r\n\r\n[1,"
        for operation, params, _ in READS if ALL else READS[1:2] + READS[6:8]:
            with self.subTest(operation, **params):
                spent = self.attack(says(head + b"2" * 1000, close=True), operation, 16, **params)
                self.assertRegex(spent.outcome, r"^\[")

    def test_a_refusal_without_an_end(self) -> None:
        for status in (b"404 Not Found", b"500 No", b"401 No"):
            head = b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json\r\n\r\n"
            with self.subTest(status):
                self.attack(endless(head + b'{"message":"', b"x"), "list_containers", 16, r"^\[")

    def test_what_is_large_and_honest_is_attached_or_given(self) -> None:
        items = b",".join(b'{"Id":"%064d","Names":["/a"]}' % number for number in range(30_000))
        with RawServer(whole(b"[" + items + b"]")) as server:
            spent = self.call(self.reaching(server), "list_containers")
            self.assert_bounded(spent, OTHER, seconds=30, outcome="attachment.*sha256")
            self.assert_bounded(
                self.call(self.reaching(server), "list_containers", fields="Names", max_items=3),
                DATA_BASE + 4,
                seconds=30,
                outcome=r"^\[\{'Names': \['/a'\]\}, .*\]$",
            )
            spent = self.call(self.reaching(server), "call_api", method="GET", path="/containers/json")
            self.assert_bounded(spent, OTHER, seconds=30, outcome="attachment.*sha256")


class Heads(BoundsTestCase):
    """What comes before an answer, for ever."""

    def test_informational_answers_without_an_end(self) -> None:
        for line in (b"100 Continue", b"102 Processing", b"103 Early Hints\r\nLink: </x>"):
            for operation in ("get_version", "start_container"):
                with self.subTest(line, operation=operation):
                    answer = endless(b"", b"HTTP/1.1 " + line + b"\r\n\r\n")
                    params = {"id": "a"} if operation == "start_container" else {}
                    self.attack(answer, operation, 16, r"^\[(protocol|timed_out|unknown_outcome)", **params)

    def test_informational_answers_now_and_then(self) -> None:
        def answering(client: socket.socket) -> None:
            while True:
                client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                time.sleep(0.05)

        self.attack(answering, "get_version", 16, r"^\[(protocol|timed_out)")

    def test_some_informational_answers_do_no_harm(self) -> None:
        some = b"HTTP/1.1 100 Continue\r\n\r\n" * 20 + b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        body = b'{"Version": "1", "ApiVersion": "1.41"}'
        answer = says(some + JSON + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        with RawServer(answer) as server:
            self.assertEqual("1", CONNECTOR.execute(self.reaching(server), "get_version", {})["Version"])

    def test_heads_without_an_end(self) -> None:
        for piece in (b"X: y\r\n", b"x"):
            with self.subTest(piece):
                self.attack(endless(OK, piece), "get_version", 16, r"^\[(protocol|timed_out)")


class Streams(BoundsTestCase):
    """Progress of pull, push, build and load."""

    MOVES: tuple[tuple[str, dict[str, Any]], ...] = (
        ("pull_image", {"fromImage": "a:1"}),
        ("push_image", {"name": "a:1"}),
    )

    def attack_moves(self, piece: Callable[[int], bytes], **fields: Any) -> None:
        def answering(client: socket.socket) -> None:
            client.sendall(JSON + b"\r\n")
            number = 0
            while True:
                client.sendall(b"".join(piece(number + step) for step in range(1000)))
                number += 1000

        for operation, params in self.MOVES if ALL else self.MOVES[:1]:
            with self.subTest(operation), RawServer(answering) as server:
                spent = self.call(self.reaching(server), operation, timeout=TIMEOUT, **params, **fields)
                self.assert_bounded(spent, STREAM, outcome=r"^\[")

    def test_ids_without_number(self) -> None:
        self.attack_moves(lambda number: b'{"status":"Pulling","id":"%032d"}\n' % number)

    def test_fields_that_nobody_knows(self) -> None:
        filler = b"x" * 2000
        self.attack_moves(lambda number: b'{"status":"s%d","other":"%s"}\n' % (number, filler))
        self.attack_moves(lambda number: b'{"o%d":[%s0]}\n' % (number, b"{}," * 1000))

    def test_one_value_that_grows_when_it_is_read(self) -> None:
        self.attack_moves(lambda _: b'{"aux":[' + b"{}," * 2_000_000 + b"0]}\n")

    def test_an_id_without_an_end(self) -> None:
        filler = b"x" * 100_000
        self.attack_moves(lambda number: b'{"status":"Pulling","id":"%d%s"}\n' % (number, filler))

    def test_nothing_was_pushed(self) -> None:
        for body in (b"", b"\n", b"{}", b'{"status":"The push refers to repository [a]"}\n'):
            with self.subTest(body), RawServer(whole(body)) as server:
                spent = self.call(self.reaching(server), "push_image", name="a:1")
                self.assertRegex(spent.outcome, r"^\[protocol\] push_image: ")


class Pages(BoundsTestCase):
    """A sign-in page with a 200 is no success, whatever it is an answer to."""

    ACTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
        ("start_container", {"id": "a"}),
        ("unpause_container", {"id": "a"}),
        ("remove_network", {"id": "a"}),
        ("remove_volume", {"name": "a"}),
        ("tag_image", {"name": "a", "repo": "b", "tag": "c"}),
        ("create_volume", {"Name": "a"}),
        ("create_network", {"Name": "a"}),
        ("call_api", {"method": "POST", "path": "/containers/a/start"}),
    )

    def test_no_action_is_done(self) -> None:
        for head in (
            OK + b"Content-Type: text/html; charset=utf-8\r\n",
            OK,
            OK + b"Content-Type: application/json\r\n",
        ):
            for operation, params in self.ACTIONS:
                with self.subTest(operation, head=head), RawServer(whole(PAGE, head)) as server:
                    spent = self.call(self.reaching(server), operation, **params)
                    self.assertRegex(spent.outcome, rf"^\[[a-z_]+( \d+)?\] {operation}: ")
                    self.assertNotIn("'outcome': 'done'", spent.outcome)


class Files(BoundsTestCase):
    """Paths in a configuration that lead to something other than a small file."""

    def test_a_path_that_is_no_file(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            fifo, large, link = Path(folder, "fifo"), Path(folder, "large"), Path(folder, "link")
            os.mkfifo(fifo)
            with large.open("wb") as file:
                file.truncate(8 * 1024 * MEBIBYTE)
            link.symlink_to("/dev/zero")
            for path in (str(fifo), "/dev/zero", str(link), "/dev/stdin", folder, str(large), "/proc/kmsg"):
                for field in ("ca_cert_path", "cert_path", "key_path"):
                    with self.subTest(path, field=field):
                        config = {
                            **over_tls("127.0.0.1:1"),
                            "cert_path": str(CERTIFICATES / "cert.pem"),
                            "key_path": str(CERTIFICATES / "key.pem"),
                            "ca_cert_path": str(CERTIFICATES / "ca.pem"),
                            field: path,
                        }
                        spent = cost(lambda config=config: CONNECTOR.execute(config, "get_version", {}))  # type: ignore[misc]
                        self.assert_bounded(spent, 8, seconds=0, outcome=rf"^\[(invalid_configuration|tls)\].*{field}")


class Disks(unittest.TestCase):
    """A temporary folder that is full or cannot be written to: an error that says so, and never a signal."""

    def child(self, options: str, how: str, *, own_folder: bool = True) -> str:
        with tempfile.TemporaryDirectory() as folder:
            command = [
                sys.executable,
                str(HERE / "scenarios/full_disk.py"),
                folder if own_folder else f"{folder}/none",
                how,
            ]
            run = subprocess.run(
                [
                    "unshare",
                    "--mount",
                    "sh",
                    "-c",
                    f'mount -t tmpfs {options} none {folder} && exec "$@"',
                    "sh",
                    *command,
                ],
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            self.assertEqual(0, run.returncode, run.stdout + run.stderr)
            return run.stdout

    def test_each_operation_ends_with_an_error(self) -> None:
        for options, how, own_folder in (
            ("-o size=64k", "fill", True),
            ("-o size=1m", "", True),
            ("-o ro", "", True),
            ("-o nr_inodes=1", "", True),
            ("-o size=64k", "", False),
        ):
            with self.subTest(options, how=how, own_folder=own_folder):
                lines = self.child(options, how, own_folder=own_folder).splitlines()
                self.assertGreater(len(lines), 7)
                for line in lines:
                    self.assertRegex(line, r"^[a-z_]+: \[[a-z_]+\] [a-z_]+: .*temporary file could not be|: gave ")


if __name__ == "__main__":
    unittest.main()
