"""Files between the connector and FortiSOAR: read, fetched and made attachments, with nothing left behind."""

from __future__ import annotations

import importlib
import os
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from support.session import TEMPORARY, ConnectorError, module

services = module("services")
records = importlib.import_module("integrations.records")
builtins = importlib.import_module("connectors.cyops_utilities.builtins")


class Services(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "evidence.bin"
        self.contents = os.urandom(100_000)
        self.path.write_bytes(self.contents)
        self.addCleanup(lambda: self.assertEqual([], os.listdir(TEMPORARY), "something was left behind"))

    def file(self) -> str:
        """A file that FortiSOAR keeps."""
        iri: str = records.create_file(str(self.path), "evidence.bin")["@id"]
        return iri

    def attachment(self) -> str:
        """An attachment that FortiSOAR keeps."""
        record: dict[str, Any] = records.create_attachment("Evidence", records.read(self.file()))
        return str(record["@id"])

    def test_read(self) -> None:
        attachment = self.attachment()
        for reference in (self.file(), attachment, attachment.rpartition("/")[2]):
            self.assertEqual(self.contents, services.read(reference))

    def test_fetch(self) -> None:
        for reference in (self.file(), self.attachment()):
            path, filename = services.fetch(reference)
            try:
                self.assertEqual(self.contents, Path(path).read_bytes())
                self.assertEqual(0o600, os.stat(path).st_mode & 0o777)
                self.assertEqual("evidence.bin", filename)
            finally:
                os.unlink(path)

    def test_save(self) -> None:
        record = services.save(str(self.path), "logs.txt", "Logs of web")
        self.assertRegex(record["@id"], "^/api/3/attachments/")
        self.assertEqual(("Logs of web", "logs.txt"), (record["name"], record["file"]["filename"]))
        self.assertEqual(self.contents, services.read(record["@id"]))
        self.assertEqual(self.contents, self.path.read_bytes(), "the file is its caller's")

    def test_save_is_private_while_it_lasts(self) -> None:
        seen: dict[str, Any] = {}

        def upload(file_path: str, **more: Any) -> dict[str, Any]:
            path = TEMPORARY / file_path
            seen.update(more, mode=path.parent.stat().st_mode & 0o777, relative=not os.path.isabs(file_path))
            return {}

        with mock.patch.object(builtins, "upload_file_to_cyops", upload):
            services.save(str(self.path), "logs.txt", "Logs")
        self.assertEqual((0o700, True, True), (seen["mode"], seen["relative"], seen["create_attachment"]))

    def test_what_is_not_there(self) -> None:
        gone = "00000000-0000-4000-8000-000000000000"
        for call in (services.read, services.fetch):
            with self.assertRaisesRegex(ConnectorError, rf"^FortiSOAR did not hand over {gone}: HTTP 404"):
                call(gone)
            with self.assertRaisesRegex(ConnectorError, rf"^FortiSOAR did not hand over /api/3/files/{gone}: "):
                call(f"/api/3/files/{gone}")

    def test_what_is_no_reference(self) -> None:
        for reference in (
            "",
            "../../etc/passwd",
            "/api/3/alerts/1",
            "/api/3/files/../attachments/1",
            "a b",
            "/etc/passwd",
        ):
            with self.subTest(reference), self.assertRaisesRegex(ConnectorError, "is neither a file"):
                services.read(reference)

    def test_failures_leave_nothing_and_tell_no_secret(self) -> None:
        fail = mock.Mock(side_effect=RuntimeError("a secret"))
        with (
            mock.patch.object(builtins, "upload_file_to_cyops", fail),
            self.assertRaisesRegex(ConnectorError, "^FortiSOAR did not take the file logs.txt: RuntimeError") as caught,
        ):
            services.save(str(self.path), "logs.txt", "Logs")
        self.assertNotIn("a secret", str(caught.exception))
        with mock.patch.object(services, "open", fail, create=True), self.assertRaises(ConnectorError):
            services.read(self.file())
        with mock.patch.object(services.os, "rename", fail), self.assertRaises(ConnectorError):
            services.fetch(self.file())

    def test_two_at_once_do_not_meet(self) -> None:
        first, second = services.fetch(self.file())[0], services.fetch(self.file())[0]
        self.assertNotEqual(first, second)
        for path in (first, second):
            os.unlink(path)


class Unforeseen(unittest.TestCase):
    """Exceptions that nobody expected."""

    def test_become_connector_errors_without_their_text(self) -> None:
        errors = module("errors")
        with (
            self.assertLogs(services.logger, "ERROR") as logged,
            self.assertRaisesRegex(ConnectorError, r"^\[internal\] ping: KeyError .*test_services\.py:\d+") as caught,
            errors.as_connector_error("ping"),
        ):
            raise KeyError("a secret")
        self.assertNotIn("a secret", f"{caught.exception} {logged.output}")

    def test_interruptions_pass(self) -> None:
        errors = module("errors")
        for interruption in (KeyboardInterrupt, SystemExit, GeneratorExit):
            with self.assertRaises(interruption), errors.as_connector_error("ping"):
                raise interruption

    def test_a_panic_ends_no_worker(self) -> None:
        errors = module("errors")
        panic = type("PanicException", (BaseException,), {})
        with (
            self.assertLogs(services.logger, "ERROR"),
            self.assertRaises(ConnectorError),
            errors.as_connector_error("ping"),
        ):
            raise panic


if __name__ == "__main__":
    unittest.main()
