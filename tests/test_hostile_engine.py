"""An engine that means harm: each answer ends in a clear error or a storable result, soon, and in little memory.

What random bytes do is for the fuzz targets; what never ends is in `test_retries.py`.
"""

from __future__ import annotations

import io
import json
import resource
import tarfile
import time
import unittest
from typing import Any

from support.case import OperationTestCase
from support.configurations import Config, over_http
from support.engine import container
from support.raw_server import Answer, RawServer, says
from support.session import CONNECTOR, ConnectorError, module

OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
STREAM = OK + b"Content-Type: application/vnd.docker.raw-stream\r\n\r\n"
# What the last answer of a call is for, with what is looked at before.
READS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_info", {}),
    ("list_containers", {}),
    ("call_api", {"method": "GET", "path": "/info"}),
)
MOST_SECONDS, MOST_MEBIBYTES = 8, 100


def whole(body: bytes, head: bytes = JSON) -> bytes:
    """An answer with its length."""
    return head + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def patience(server: RawServer) -> Config:
    """Of two seconds, and one try."""
    return {
        **over_http(server.address),
        "timeout": 2,
        "retry_attempts": 0,
        "api_version": "v1.41",
        "max_result_size": 0,
    }


class HostileEngine(OperationTestCase):
    def setUp(self) -> None:
        self._peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def tearDown(self) -> None:
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - self._peak) // 1024
        self.assertLess(grown, MOST_MEBIBYTES, "MiB of memory")

    def told(self, answer: bytes, operation: str, params: dict[str, Any], *before: bytes) -> Any:
        """The error's text, or the result, which must be one that FortiSOAR's database can store."""
        answers: list[Answer] = [says(one) for one in before]
        with RawServer(*answers, says(answer, close=True)) as server:
            began = time.monotonic()
            try:
                result = CONNECTOR.execute(patience(server), operation, params)
            except ConnectorError as error:
                self.assertRegex(str(error), rf"^\[[a-z_]+( \d+)?\] {operation}: \S")
                self.assertLess(len(str(error)), 3000)
                return str(error)
            finally:
                self.assertLess(time.monotonic() - began, MOST_SECONDS)
                CONNECTOR.on_delete_config(patience(server))
        text = json.dumps(result, allow_nan=False, ensure_ascii=False)
        self.assertNotRegex(text, r"(?<!\\)\\u0000")
        text.encode()  # no lone surrogate
        return result

    def assert_refused(self, answer: bytes, code: str) -> None:
        for operation, params in READS:
            with self.subTest(operation, answer=answer[:80]):
                text = self.told(answer, operation, params)
                self.assertIsInstance(text, str, f"it was taken for a result: {str(text)[:200]}")
                self.assertRegex(text, rf"^\[({code})( \d+)?\]")

    def test_heads(self) -> None:
        for head in (
            OK + b"X: " + b"x" * 2_000_000 + b"\r\n\r\n{}",
            OK + b"".join(b"X-%d: y\r\n" % number for number in range(20_000)) + b"\r\n{}",
            OK + b"no colon\r\n\r\n{}",
            OK + b"Bad Name: x\r\n\r\n{}",
            OK + b"X: a\0b\r\n\r\n{}",
            b"HTTP/1.1 999999 OK\r\n\r\n{}",
            b"HTTP/9.9 200 OK\r\n\r\n{}",
            b"ICY 200 OK\r\n\r\n{}",
            b"\x16\x03\x01\x02\x00" * 100,
            b"\0" * 10_000,
        ):
            self.assert_refused(head, "protocol|unreachable|bad_request")

    def test_lengths(self) -> None:
        for head in (
            b"Content-Length: 99999999999999999999999\r\n\r\n{}",
            b"Content-Length: -1\r\n\r\n{}",
            b"Content-Length: 0x2\r\n\r\n{}",
            b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            b"Content-Length: 18446744073709551615\r\n\r\n{}",
            b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
            b"Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n{}",
            b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}oops\r\n0\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n2;" + b"x" * 100_000 + b"\r\n{}\r\n0\r\n\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 100_000,
        ):
            self.assert_refused(JSON + head, "protocol|timed_out")

    def test_json(self) -> None:
        for body in (
            b"[" * 200_000 + b"]" * 200_000,
            b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
            b'{"a": 1e999}',
            b'{"a": -1e999}',
            b'{"a": NaN}',
            b'{"a": Infinity}',
            b"{'a': 1}",
            b"\xff\xfe{}",
        ):
            for operation, params in READS[:2]:
                with self.subTest(operation, body=body[:30]):
                    text = self.told(whole(body), operation, params)
                    self.assertRegex(str(text), r"^\[protocol\]")
            self.told(whole(body), *READS[2])  # any text will do there

    def test_what_cannot_be_stored_is_made_so(self) -> None:
        for body in (
            b'{"ID": "a\\u0000b\\ud800c\\udc00\\ud800"}',
            b'{"ID": "\xed\xa0\x80 \xc3\x28 \xff"}',
            b'{"ID": "\\ud83d\\ude00", "\\u0000": 1}',
        ):
            for operation, params in READS:
                with self.subTest(operation, body=body):
                    self.assertNotIsInstance(self.told(whole(body), operation, params), str)

    def test_gigantic_numbers(self) -> None:
        exact = self.told(whole(b'{"a": %d}' % 2**200), "get_info", {})
        self.assertEqual({"a": 2**200}, exact)
        for body in (b'{"a": ' + b"9" * 100_000 + b"}", b"[1" + b"0" * 1_000_000 + b"]"):
            self.told(whole(body), "get_info", {})

    def test_frames(self) -> None:
        look = whole(b'{"Id": "x", "State": {"Running": true}, "Config": {}, "HostConfig": {"LogConfig": {}}}')
        for frames in (
            b"\x01\0\0\0\xff\xff\xff\xff" + b"x" * 1000,
            b"\x09\0\0\0\0\0\0\x01x",
            b"\x01\x02\x03\x04\0\0\0\x01x",
            b"\x01\0\0",
            b"<html>",
        ):
            with self.subTest(frames):
                text = self.told(STREAM + frames, "container_logs", {"id": "x"}, look)
                self.assertRegex(str(text), r"^\[protocol\] container_logs: ")

    def test_progress(self) -> None:
        for lines in (
            b"x" * 10_000_000,
            b'{"status": "' + b"x" * 9_000_000,
            b"<html>\n",
            b"[" * 100_000 + b"\n",
            b"1e999\n",
        ):
            with self.subTest(lines[:20]):
                text = self.told(JSON + b"\r\n" + lines, "pull_image", {"fromImage": "x", "timeout": 3})
                self.assertRegex(str(text), r"^\[(protocol|failed)\] pull_image: ")

    def test_wrong_content_types(self) -> None:
        for kind in (b"text/html", b"image/png", b"application/x-tar", b"", b"\xff"):
            with self.subTest(kind):
                head = OK + b"Content-Type: " + kind + b"\r\n"
                self.assertEqual({"ID": "x"}, self.told(whole(b'{"ID": "x"}', head), "get_info", {}))
                self.assertRegex(str(self.told(whole(b"<html>", head), "get_info", {})), r"^\[protocol\]")

    def test_tars(self) -> None:
        """Bombs, and names that lead elsewhere: an attachment has a plain name, and nothing is written beside it."""
        for entry, contents in (
            (tarfile.TarInfo("../../../etc/passwd"), b"x"),
            (tarfile.TarInfo("/etc/passwd"), b"x"),
            (_special("link", tarfile.SYMTYPE, "/etc/passwd"), b""),
            (_special("device", tarfile.CHRTYPE), b""),
            (_special("hard", tarfile.LNKTYPE, "/etc/passwd"), b""),
        ):
            for params in ({"unpack": True}, {"output": "Text"}, {}):
                with self.subTest(entry.name, **params):
                    told = self.told(
                        whole(_tar(entry, contents)), "copy_from_container", {"id": "x", "path": "/f", **params}
                    )
                    if isinstance(told, dict) and "@id" in told:
                        self.assertRegex(told["file"]["filename"], r"^[\w.-]+$")
                        self.assertEqual(told["size"], len(module("services").read(told["@id"])))
                    elif isinstance(told, dict):
                        self.assertEqual("x", told["content"])
        name = tarfile.TarInfo("x")
        name.type, name.size = tarfile.GNUTYPE_LONGNAME, 300_000_000
        claim = name.tobuf() + b"a" * 2_000_000 + bytes(1024)
        for bomb in (claim, b"x" * 2048, _tar(tarfile.TarInfo("f"), b"x")[:600]):
            with self.subTest(bomb[:10]):
                told = self.told(whole(bomb), "copy_from_container", {"id": "x", "path": "/f", "unpack": True})
                self.assertRegex(str(told), r"^\[failed\] copy_from_container: ")

    def test_a_file_beyond_the_bound_is_not_kept(self) -> None:
        endless = OK + b"Transfer-Encoding: chunked\r\n\r\n" + (b"100000\r\n" + bytes(0x100000) + b"\r\n") * 3
        told = self.told(endless, "container_export", {"id": "x", "max_size": 2})
        self.assertRegex(told, r"^\[failed\] container_export: .*max_size")

    def test_a_thousand_filters(self) -> None:
        """They reach a real engine, or the error says that it is too much."""
        name = container(self)
        filters = {"name": [name], "label": [f"no-such-label-{number}=x" for number in range(1000)]}
        self.assertEqual([], self.run_operation("list_containers", filters=filters))
        many = {"name": [name, *(f"no-such-container-{number}" for number in range(1000))]}
        self.assertEqual(1, len(self.run_operation("list_containers", filters=many)))
        text = self.refusal("list_containers", filters={"label": ["x" * 2_000_000]})
        self.assertRegex(text, r"^\[[a-z_]+( \d+)?\] list_containers: ")


def _special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def _tar(entry: tarfile.TarInfo, contents: bytes) -> bytes:
    entry.size = len(contents)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(contents))
    return buffer.getvalue()


if __name__ == "__main__":
    unittest.main()
