"""The package's description: what FortiSOAR's importer, its forms and its playbooks rely on."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from support import operation_data, results
from support.session import ARCHIVE, FOLDER, PACKAGE, module

INFO = PACKAGE.info
OPERATIONS: dict[str, dict[str, Any]] = {operation["operation"]: operation for operation in INFO["operations"]}
PUBLISHED: dict[str, dict[str, Any]] = {
    operation["operation"]: operation
    for operation in json.loads((Path(__file__).parent / "data" / "published_operations.json").read_text())[
        "operations"
    ]
}

EXAMPLES: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "crates" / "package" / "data" / "examples.json").read_text(encoding="utf-8")
)
# Those that Fortinet's checker of connectors knows, of those that FortiSOAR has.
CATEGORIES = {"investigation", "containment", "remediation", "miscellaneous"}
TYPES = {
    "text",
    "textarea",
    "richtext",
    "password",
    "integer",
    "decimal",
    "checkbox",
    "select",
    "multiselect",
    "json",
    "datetime",
    "file",
    "email",
    "phone",
    "domain",
    "ipv4",
}
CONNECTOR_STEP = "/api/3/workflow_step_types/0bfed618-0316-11e7-93ae-92361f002671"
START_STEP = "/api/3/workflow_step_types/f414d039-bb0d-4e59-9c39-a8f1e880b18a"


def fields(declared: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The fields of a form, with those that appear when another is set."""
    for field in declared:
        yield field
        for further in field.get("onchange", {}).values():
            yield from fields(further)


class Description(unittest.TestCase):
    """info.json as a whole; what the importer itself refuses, the installation has passed already."""

    def test_top_keys(self) -> None:
        for key in ("description", "publisher", "category", "help_online", "icon_small_name", "icon_large_name"):
            self.assertTrue(INFO.get(key), key)
        self.assertIs(False, INFO["cs_approved"], "Fortinet has not certified it")
        self.assertIsInstance(INFO["cs_compatible"], bool)
        self.assertIsInstance(INFO["ingestion_supported"], bool)
        self.assertIsInstance(INFO["tags"], list)

    def test_configuration_fields(self) -> None:
        names = {field["name"] for field in fields(INFO["configuration"]["fields"])}
        for name in (
            "protocol",
            "server_address",
            "port",
            "authentication_type",
            "cert_path",
            "key_path",
            "ca_cert_path",
        ):
            self.assertIn(name, names)
        for name in ("api_version", "verify_ssl", "timeout", "connect_timeout"):
            self.assertIn(name, names)

    def test_every_field_is_one_that_forms_know(self) -> None:
        forms = {"configuration": INFO["configuration"]["fields"]}
        forms.update((name, operation["parameters"]) for name, operation in OPERATIONS.items())
        for form, declared in forms.items():
            for field in fields(declared):
                with self.subTest(form=form, field=field.get("name")):
                    self.assertTrue(field["name"] and field["title"])
                    self.assertIn(field["type"], TYPES)
                    for flag in ("required", "visible", "editable"):
                        self.assertIsInstance(field[flag], bool, flag)
                    if field["type"] in ("select", "multiselect"):
                        self.assertTrue(field.get("options") or field.get("apiOperation"))
                    if field["type"] == "select" and field.get("options") and field.get("value"):
                        self.assertIn(field["value"], field["options"])
                    if field["type"] == "json":  # its input takes nothing else
                        self.assertNotRegex(field["description"], "or lines")
                        self.assertIsInstance(json.loads(field.get("placeholder", "{}")), (dict, list))
                    options = ["true", "false"] if field["type"] == "checkbox" else field.get("options", [])
                    self.assertLessEqual(set(field.get("onchange", {})), set(map(str, options)))

    def test_live_dropdowns_ask_hidden_operations(self) -> None:
        asked = set()
        for name, operation in OPERATIONS.items():
            for field in fields(operation["parameters"]):
                if source := field.get("apiOperation"):
                    asked.add(source)
                    self.assertEqual("select", field["type"], f"{name}.{field['name']}")
                    self.assertIs(False, OPERATIONS[source]["visible"], f"{name}.{field['name']}")
                    self.assertEqual([], OPERATIONS[source]["parameters"], source)
        of = ("config", "container", "image", "network", "node", "project", "secret", "service", "volume")
        self.assertEqual({f"pick_{what}" for what in of}, asked)

    def test_nested_fields_are_reached_by_a_name_each(self) -> None:
        for name, operation in OPERATIONS.items():
            by_name: dict[str, list[dict[str, Any]]] = {}
            for field in fields(operation["parameters"]):
                by_name.setdefault(field["name"], []).append(field)
            for field_name, its in by_name.items():
                self.assertEqual(1, len({json.dumps(field, sort_keys=True) for field in its}), f"{name}.{field_name}")

    def test_icons(self) -> None:
        for key, size in (("icon_small_name", 32), ("icon_large_name", 80)):
            image = (FOLDER / "images" / INFO[key]).read_bytes()
            self.assertEqual(b"\x89PNG\r\n\x1a\n", image[:8])
            self.assertEqual((size, size), struct.unpack(">II", image[16:24]))


class Operations(unittest.TestCase):
    """What is said of each operation."""

    def test_texts(self) -> None:
        for name, operation in OPERATIONS.items():
            with self.subTest(name):
                self.assertTrue(operation["title"] and operation["description"])
                self.assertIn(operation["category"], CATEGORIES)
                self.assertRegex(operation["annotation"], r"^[a-z][a-z0-9_]*$")
                self.assertIsInstance(operation["parameters"], list)
                self.assertIs(True, operation["enabled"])
                self.assertIsInstance(operation["visible"], bool)

    def test_parameters_have_a_name_each(self) -> None:
        for name, operation in OPERATIONS.items():
            names = [field["name"] for field in operation["parameters"]]
            self.assertEqual(sorted(set(names)), sorted(names), name)

    def test_operations_py_names_every_one(self) -> None:
        operations = module("operations")
        self.assertEqual((PACKAGE.name, PACKAGE.version), (operations.NAME, operations.VERSION))
        self.assertLessEqual(set(OPERATIONS), set(operations.OPERATIONS))

    def test_the_native_module_answers_to_every_one(self) -> None:
        self.assertLessEqual(set(OPERATIONS), set(module("native").engine.operations()))

    def test_published_operations(self) -> None:
        answered = set(module("native").engine.operations())
        self.assertEqual(set(), set(PUBLISHED) - answered)

    def test_published_parameters(self) -> None:
        for name in set(PUBLISHED) & set(OPERATIONS):
            offered = {field["name"] for field in fields(OPERATIONS[name]["parameters"])}
            with self.subTest(name):
                published = {parameter["name"] for parameter in PUBLISHED[name]["published_parameters"]}
                self.assertEqual(set(), published - offered)

    def test_what_destroys_is_no_investigation(self) -> None:
        for name, operation in OPERATIONS.items():
            if re.match("(remove|kill|stop|prune|create|rename|disconnect)_", name):
                self.assertNotEqual("investigation", operation["category"], name)


class F24FortinetsTools(unittest.TestCase):
    """What Fortinet's checker of connectors and its public library ask of info.json and of the sample playbooks."""

    def test_descriptions_are_long_enough(self) -> None:
        """Three times as long as the name at least."""
        self.assertGreaterEqual(len(INFO["description"]), 3 * len(INFO["label"]))
        described = [(name, name, operation["description"]) for name, operation in OPERATIONS.items()]
        forms = {"configuration": INFO["configuration"]["fields"]}
        forms.update((name, operation["parameters"]) for name, operation in OPERATIONS.items())
        for form, declared in forms.items():
            described += [(form, field["name"], field["description"]) for field in fields(declared)]
        self.assertEqual([], [one for one in described if len(one[2]) < 3 * len(one[1])])

    def test_the_documentation_is_where_it_looks(self) -> None:
        self.assertRegex(
            INFO["help_online"], "^https://(docs.fortinet.com/document/fortisoar|github.com/fortinet-fortisoar)/"
        )

    def test_who_made_it(self) -> None:
        self.assertEqual("Community", INFO["publisher"], "that of a connector which is not certified")
        self.assertEqual("Container Services", INFO["category"])
        self.assertRegex(INFO["version"], r"^[1-9]\d*\.(0|[1-9]\d*)\.(0|[1-9]\d*)$")

    def test_every_result_is_described(self) -> None:
        for name, operation in OPERATIONS.items():
            keys = [key for key in ("output_schema", "conditional_output_schema") if key in operation]
            with self.subTest(name):
                self.assertEqual(1, len(keys))
                for schema in self.schemas(operation):
                    self.assertIsInstance(schema, (dict, list))
                    self.assertTrue(schema)

    def schemas(self, operation: dict[str, Any]) -> list[Any]:
        cases = operation.get("conditional_output_schema")
        return [operation["output_schema"]] if cases is None else [case["output_schema"] for case in cases]

    def test_conditions_of_results(self) -> None:
        """A field beside a quoted text, a checkbox beside true or false, and at last what always holds."""
        text = re.compile(r"\{\{(?P<field>\w+) === '(?P<value>[^']+)'\}\}")
        box = re.compile(r"\{\{this\['(?P<field>\w+)'\] === (?P<value>true|false)\}\}")
        conditional = 0
        for name, operation in OPERATIONS.items():
            *cases, last = operation.get("conditional_output_schema", [{"condition": "{{true}}"}])
            shown = {field["name"]: field for field in operation["parameters"]}
            with self.subTest(name):
                self.assertEqual("{{true}}", last["condition"])
                conditional += len(cases)
                for case in cases:
                    found = text.fullmatch(case["condition"]) or box.fullmatch(case["condition"])
                    assert found is not None, case["condition"]
                    field = shown[found["field"]]  # whose title Fortinet's library looks up
                    is_box = found["value"] in ("true", "false")
                    self.assertEqual("checkbox" if is_box else "select", field["type"])
                    self.assertTrue(is_box or found["value"] in field["options"], case["condition"])
        self.assertGreater(conditional, 10)

    def test_the_file_of_playbooks(self) -> None:
        """The collection says what it is; every tag within is exported; nothing runs by itself."""
        envelope = json.loads((FOLDER / "playbooks" / "playbooks.json").read_text(encoding="utf-8"))
        tags = set()
        for collection in envelope["data"]:
            self.assertEqual("/api/3/contexts/WorkflowCollection", collection["@context"])
            tags.update(collection["recordTags"])
            for workflow in collection["workflows"]:
                tags.update(workflow["recordTags"])
                self.assertEqual((False, False), (workflow["isActive"], workflow["debug"]), workflow["name"])
        self.assertEqual({PACKAGE.name}, tags)
        self.assertEqual(sorted(tags), sorted(envelope["exported_tags"]))


class Examples(unittest.TestCase):
    """The recorded results that the reference shows."""

    def test_each_is_as_the_schema_says(self) -> None:
        for name, example in EXAMPLES.items():
            with self.subTest(name):
                self.assertEqual([], results.faults(name, example["params"], example["result"]))

    def test_every_operation_has_one(self) -> None:
        shown = {name for name, operation in OPERATIONS.items() if operation["visible"]}
        self.assertEqual(shown - operation_data.out_of_reach(), set(EXAMPLES), "`cargo xtask examples` records them")

    def test_the_reference_has_them(self) -> None:
        pages = (FOLDER / "docs" / "operations").glob("*.md")
        reference = "\n".join(page.read_text(encoding="utf-8") for page in pages)
        shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)\n```", reference, re.DOTALL)]
        for name, example in EXAMPLES.items():
            self.assertTrue(example["result"] in shown, name)


class Documents(unittest.TestCase):
    """The pages in the package, as whoever has only that reads them."""

    def test_links_lead_somewhere_within_the_package(self) -> None:
        for page in (*FOLDER.glob("*.md"), *FOLDER.glob("docs/**/*.md")):
            for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
                path, _, anchor = link.partition("#")
                if "://" in link:
                    continue
                target = (page.parent / path) if path else page
                with self.subTest(page=page.name, link=link):
                    self.assertTrue(target.is_file())
                    if anchor:
                        self.assertIn(anchor, anchors(target.read_text(encoding="utf-8")))

    def test_the_bill_of_materials(self) -> None:
        bill = json.loads((FOLDER / "docs" / "sbom.cdx.json").read_text(encoding="utf-8"))
        self.assertEqual(("CycloneDX", "1.5"), (bill["bomFormat"], bill["specVersion"]))
        about = bill["metadata"]["component"]
        self.assertEqual((PACKAGE.name, PACKAGE.version), (about["name"], about["version"]))
        references = {component["bom-ref"] for component in bill["components"]}
        self.assertEqual(len(bill["components"]), len(references))
        names = {component["name"] for component in bill["components"]}
        self.assertLessEqual({"hyper", "rustls", "pyo3", "rust-std"}, names)
        self.assertEqual(set(), names & {"proptest", "clap", "resvg"}, "these are not in the native module")
        for component in bill["components"]:
            self.assertTrue(component["version"] and component["licenses"], component["name"])
        for dependency in bill["dependencies"]:
            self.assertLessEqual(set(dependency["dependsOn"]), references)

    def test_digests_beside_the_package(self) -> None:
        lines = ARCHIVE.with_suffix(".sha256").read_text().splitlines()
        for line in lines:
            digest, name = line.split("  ")
            self.assertEqual(hashlib.sha256((ARCHIVE.parent / name).read_bytes()).hexdigest(), digest, name)
        self.assertEqual(2, len(lines))


def anchors(page: str) -> set[str]:
    """Where the headings of a page are found."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


class Playbooks(unittest.TestCase):
    """The sample playbooks."""

    def setUp(self) -> None:
        envelope = json.loads((FOLDER / "playbooks" / "playbooks.json").read_text())
        self.assertEqual("workflow_collections", envelope["type"])
        self.collections = envelope["data"]
        self.workflows = [workflow for collection in self.collections for workflow in collection["workflows"]]

    def test_the_collection(self) -> None:
        self.assertEqual(
            [f"Sample - {INFO['label']} - {INFO['version']}"], [collection["name"] for collection in self.collections]
        )
        self.assertEqual(["WorkflowCollection"], [collection["@type"] for collection in self.collections])

    def test_every_visible_operation_has_one(self) -> None:
        shown = {
            step["arguments"]["operation"]
            for workflow in self.workflows
            for step in workflow["steps"]
            if step["stepType"] == CONNECTOR_STEP
        }
        self.assertEqual({name for name, operation in OPERATIONS.items() if operation["visible"]}, shown)

    def test_steps_name_this_connector_and_its_parameters(self) -> None:
        for workflow in self.workflows:
            self.assertEqual(f"#{INFO['label']}", workflow["tag"])
            self.assertEqual(START_STEP, workflow["steps"][0]["stepType"])
            for step in workflow["steps"]:
                if step["stepType"] == CONNECTOR_STEP:
                    arguments = step["arguments"]
                    operation = OPERATIONS[arguments["operation"]]
                    offered = {field["name"] for field in fields(operation["parameters"])}
                    with self.subTest(workflow["name"]):
                        self.assertEqual(
                            (INFO["name"], INFO["version"]), (arguments["connector"], arguments["version"])
                        )
                        self.assertEqual(operation["title"], arguments["operationTitle"])
                        self.assertLessEqual(set(arguments["params"]), offered)

    def test_identifiers_are_unique(self) -> None:
        identifiers = [collection["uuid"] for collection in self.collections]
        for workflow in self.workflows:
            identifiers.append(workflow["uuid"])
            identifiers += [step["uuid"] for step in workflow["steps"]]
            identifiers += [route["uuid"] for route in workflow["routes"]]
        self.assertEqual(len(identifiers), len(set(identifiers)))


if __name__ == "__main__":
    unittest.main()
