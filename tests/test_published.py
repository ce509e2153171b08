"""Configurations that the published connector `docker` 1.0.0 has stored load as they are.

`data/published_configurations.json` holds two, with every field that it stores and FortiSOAR's bookkeeping beside. The
tests put the files and ports of this run in their places, and change nothing else.
"""

from __future__ import annotations

import json
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support import configurations
from support.case import OperationTestCase
from support.session import CONNECTOR, PACKAGE, execute, given

STORED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "published_configurations.json").read_text(encoding="utf-8")
)
ENGINES = {"HTTPS": "ENGINE_TLS", "HTTP": "ENGINE_TCP"}


def here(stored: dict[str, Any]) -> dict[str, Any]:
    """A stored configuration, for the engine of this run."""
    address, _, port = given(ENGINES[stored["protocol"]]).rpartition(":")
    files = ("cert_path", "key_path", "ca_cert_path")
    uploaded = {name: {**stored[name], **configurations.stored(stored[name]["filename"])} for name in files}
    return {**stored, **uploaded, "server_address": address, "port": port}


def fields(declared: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The fields of a form, with those that appear when another is set."""
    for field in declared:
        yield field
        for further in field.get("onchange", {}).values():
            yield from fields(further)


class Stored(OperationTestCase):
    def test_they_load_and_work(self) -> None:
        for stored in STORED:
            with self.subTest(stored["name"]):
                config = here(stored)
                self.assertIs(True, CONNECTOR.check_health(config))
                self.assertIn("ApiVersion", execute(config, "get_version"))
                self.assertIsInstance(execute(config, "list_containers", all="true", filters=""), list)

    def test_what_they_chose_is_obeyed(self) -> None:
        for stored in STORED:
            with self.subTest(stored["name"]), self.assertLogs(f"connectors.{PACKAGE.name}", "WARNING") as log:
                CONNECTOR.check_health(here(stored))
            warned = "verify_ssl is off" if stored["protocol"] == "HTTPS" else "plain text"
            self.assertIn(warned, "\n".join(log.output))

    def test_a_version_that_was_the_default_there_is_refused_with_what_to_do(self) -> None:
        config = {**here(STORED[0]), "api_version": "v1.55"}
        text = self.refusal_with(config, "get_version")
        self.assertIn("1.55", text)
        self.assertRegex(text, r"(?i)auto|too new")

    def test_every_stored_field_is_in_the_form_or_has_no_effect(self) -> None:
        offered = {field["name"]: field for field in fields(PACKAGE.info["configuration"]["fields"])}
        for stored in STORED:
            for name, value in stored.items():
                if name in ("name", "config_id", "default"):
                    continue
                self.assertIn(name, offered)
                if options := offered[name].get("options"):
                    self.assertIn(value, options, name)


if __name__ == "__main__":
    unittest.main()
