"""What FortiSOAR's public client does with a package on the local host, each thing by itself."""

from __future__ import annotations

import json
import tarfile
import unittest
from typing import Any, ClassVar

from support import packages
from support.engine import container, state
from support.host_case import HostTestCase
from support.local_host import LocalHost
from support.session import ARCHIVE, PACKAGE, given

NAME = PACKAGE.name
CONFIG = {
    "protocol": "UNIX",
    "server_address": given("ENGINE_SOCKET"),
    "registry_password": "hunter2-of-the-registry",
    "rate_limit": 0,
}


class AnEmptyHost(unittest.TestCase):
    """Each test has a host of its own, on which nothing is installed."""

    def setUp(self) -> None:
        self.host = LocalHost()
        self.addCleanup(self.host.close)
        self.connectors = self.host.client().connectors

    def test_says_that_nothing_is_installed(self) -> None:
        self.assertIn("No connector is installed yet", self.host.said)
        self.assertEqual([], self.connectors.list_configured())

    def test_installs_a_package_once_and_again_only_when_told(self) -> None:
        installed = self.connectors.install_from_file(str(ARCHIVE), wait=True)
        self.assertEqual("Import Complete", installed["status"])
        with self.assertRaisesRegex(Exception, "installed already"):
            self.connectors.install_from_file(str(ARCHIVE))
        self.connectors.install_from_file(str(ARCHIVE), replace=True)
        self.assertEqual(PACKAGE.version, self.connectors.resolve_version(NAME))

    def test_keeps_nothing_of_what_is_uninstalled(self) -> None:
        self.connectors.install_from_file(str(ARCHIVE), wait=True)
        self.connectors.create_configuration(NAME, CONFIG, name="lab", default=True)
        package = packages.another_version(self.host.folder / "next.tgz", "99.0.0")
        self.connectors.install_from_file(str(package), wait=True)
        self.connectors.uninstall(NAME, version=PACKAGE.version)
        self.connectors.uninstall(NAME, version="99.0.0")
        self.assertEqual([], self.connectors.list_configured())
        self.assertEqual([], self.connectors.list_configurations())
        left = {path.name for path in (self.host.state / "root" / "connectors").iterdir()}
        self.assertEqual({"__init__.py", "core", "cyops_utilities"}, left)


class Installed(HostTestCase):
    """The package is installed, and has the configuration `lab`."""

    connectors: ClassVar[Any]
    made: ClassVar[Any]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.connectors = cls.client.connectors
        cls.connectors.install_from_file(str(ARCHIVE), wait=True)
        cls.made = cls.connectors.create_configuration(NAME, CONFIG, name="lab", default=True)

    # What the client is told of the connector

    def test_offers_the_operations_of_the_package(self) -> None:
        operations = {operation.operation for operation in self.connectors.operations(NAME)}
        self.assertEqual({operation["operation"] for operation in PACKAGE.info["operations"]}, operations)

    def test_describes_the_connector(self) -> None:
        self.assertEqual(NAME, self.connectors.connector_detail(NAME)["name"])
        self.assertTrue(self.connectors.dependencies_status(NAME).dependencies_installed)
        self.assertEqual(PACKAGE.info["ingestion_supported"], bool(self.connectors.ingestion_sources()))

    def test_tells_the_schema_of_each_result(self) -> None:
        for shown in PACKAGE.info["operations"]:
            with self.subTest(shown["operation"]):
                # Where the schema depends on the parameters, the last one is for all other cases.
                otherwise = shown.get("conditional_output_schema", [shown])[-1]["output_schema"]
                self.assertEqual(otherwise, self.connectors.output_schema(NAME, shown["operation"]))

    def test_lists_the_playbooks_of_the_package(self) -> None:
        with tarfile.open(ARCHIVE) as archive:
            file = archive.extractfile(f"{NAME}/playbooks/playbooks.json")
            assert file is not None
            packed = json.load(file)["data"]
        names = [workflow["name"] for collection in packed for workflow in collection["workflows"]]
        collections = self.client.workflow_collections.list()
        self.assertEqual([one["name"] for one in packed], [one.name for one in collections])
        listed = self.client.playbooks.list(limit=1000)
        self.assertEqual(sorted(names), sorted(one["name"] for one in listed))
        self.assertEqual(listed[0]["name"], self.client.get(listed[0]["@id"])["name"])

    def test_says_what_it_offers_where_it_lacks_something(self) -> None:
        with self.assertRaisesRegex(Exception, "does not offer GET /api/3/alerts.*/api/3/workflows"):
            self.client.get("/api/3/alerts")

    # Configurations

    def test_answers_a_new_configuration_without_its_secret(self) -> None:
        self.assertEqual("NULL", self.made.config["registry_password"], "as FortiSOAR answers a write")

    def test_checks_a_configurations_health(self) -> None:
        self.assertEqual("Available", self.connectors.healthcheck(NAME).status)

    def test_refuses_a_second_configuration_of_the_same_name(self) -> None:
        with self.assertRaisesRegex(Exception, "already exists"):
            self.connectors.create_configuration(NAME, CONFIG, name="lab")

    def test_says_why_an_engine_is_not_reached_until_it_is(self) -> None:
        down = {**CONFIG, "server_address": "/nowhere.sock", "retry_attempts": 0}
        made = self.connectors.create_configuration(NAME, down, name="down")
        self.addCleanup(self.connectors.delete_configuration, made.config_id)
        health = self.connectors.healthcheck(NAME, config="down")
        self.assertEqual("Disconnected", health.status)
        self.assertIn("[unreachable] check_health", health.message)
        self.assertIn("[unreachable]", self.failure(NAME, "get_version", config="down"))
        self.connectors.update_configuration(NAME, made.config_id, CONFIG, name="up again")
        self.assertEqual("Available", self.connectors.healthcheck(NAME, config="up again").status)

    def test_forgets_a_configuration_that_is_deleted(self) -> None:
        made = self.connectors.create_configuration(NAME, CONFIG, name="for a moment")
        self.assertIn("for a moment", [one.name for one in self.connectors.configurations(NAME)])
        self.connectors.delete_configuration(made.config_id)
        self.assertEqual(["lab"], [one.name for one in self.connectors.configurations(NAME)])

    def test_keeps_a_secret_when_a_configuration_is_read_and_written_back(self) -> None:
        read = self.connectors.list_configurations()[0]
        self.assertTrue(read.config["registry_password"].startswith("sealed:"))
        # Reads the record and writes it back whole.
        self.connectors.set_default_configuration(NAME, name="lab")
        self.assertEqual(read.config, self.connectors.list_configurations()[0].config)

    # Operations

    def test_runs_an_operation(self) -> None:
        version = self.connectors.execute(NAME, "get_version")
        self.assertTrue(version.ok and version.data["ApiVersion"])

    def test_tells_the_connectors_error(self) -> None:
        self.assertIn("[not_found 404]", self.failure(NAME, "inspect_container", params={"id": "no-such-container"}))

    def test_stops_a_container(self) -> None:
        web = container(self)
        self.assertTrue(self.connectors.execute(NAME, "stop_container", params={"id": web, "t": 1}).ok)
        self.assertFalse(state(web)["Running"])

    def test_brings_an_attachment_into_a_container_and_back(self) -> None:
        web = container(self)
        upload = self.host.folder / "note.txt"
        upload.write_text("from FortiSOAR")
        attachment = self.client.attachments.create_from_file(str(upload), description="evidence")
        sent = {"id": web, "input": "Attachment ID", "value": attachment["@id"], "path": "/tmp"}
        self.assertTrue(self.connectors.execute(NAME, "copy_to_container", params=sent).ok)
        wanted = {"id": web, "path": "/tmp/note.txt", "unpack": True}
        back = self.connectors.execute(NAME, "copy_from_container", params=wanted)
        made = self.client.attachments.get(back.data["@id"])
        contents = self.client.get(made["file"]["@id"], headers={"Accept": "application/octet-stream"})
        self.assertEqual(b"from FortiSOAR", contents)

    def test_forgets_an_attachment_that_is_deleted(self) -> None:
        upload = self.host.folder / "passing.txt"
        upload.write_text("for a moment")
        attachment = self.client.attachments.create_from_file(str(upload), description="passing")
        self.client.attachments.delete(attachment["@id"])
        with self.assertRaisesRegex(Exception, "There is no"):
            self.client.attachments.get(attachment["@id"])


class Upgraded(HostTestCase):
    """Another version is installed beside the package, which workers have loaded."""

    connectors: ClassVar[Any]
    before: ClassVar[Any]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.connectors = cls.client.connectors
        cls.connectors.install_from_file(str(ARCHIVE), wait=True)
        cls.connectors.create_configuration(NAME, CONFIG, name="lab", default=True)
        cls.before = cls.connectors.configurations(NAME)
        cls.connectors.execute(NAME, "get_version")
        package = packages.another_version(cls.host.folder / "next.tgz", "99.0.0")
        cls.connectors.install_from_file(str(package), wait=True)

    def test_the_newer_version_is_the_one_that_counts(self) -> None:
        self.assertEqual("99.0.0", self.connectors.resolve_version(NAME))

    def test_both_versions_have_the_same_configurations(self) -> None:
        after = self.connectors.configurations(NAME)
        self.assertEqual([one.config_id for one in self.before], [one.config_id for one in after])

    def test_both_versions_work(self) -> None:
        self.assertTrue(self.connectors.execute(NAME, "get_version").ok)
        self.assertTrue(self.connectors.execute(NAME, "get_version", version=PACKAGE.version).ok)

    def test_a_version_that_is_loaded_is_installed_over(self) -> None:
        other = packages.other_bytes(self.host.folder / "other.tgz", b"another ending")
        self.connectors.install_from_file(str(other), replace=True)
        self.assertTrue(self.connectors.execute(NAME, "get_version", version=PACKAGE.version).ok)


if __name__ == "__main__":
    unittest.main()
