"""Judges an unpacked package by FortiSOAR's outside tools: `pyfsr` as the importer, `fsr-playbooks` as the compiler.

    python3 judge.py FOLDER

Says every fault, and ends with 1 if there is one.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsr_playbooks
from fsr_playbooks.compiler.decompiler import decompile_to_yaml
from fsr_playbooks.compiler.pipeline import compile_yaml
from fsr_playbooks.compiler.roundtrip import roundtrip
from pyfsr.api.connectors import validate_connector_source
from pyfsr.jinja_validate import validate_jinja_expressions
from pyfsr.playbook_lint import connector_refs

CATALOGUE = Path(fsr_playbooks.__file__).parent / "_data" / "fsr_reference.db"
# The compiler knows the connectors that Fortinet publishes, and not this one.
NOT_OURS = {"unknown_connector"}


def faults(package: Path) -> Iterator[str]:
    """Everything that a tool has against the package."""
    yield from map(str, validate_connector_source(str(package)))
    info = json.loads((package / "info.json").read_text())
    envelope = json.loads((package / "playbooks" / "playbooks.json").read_text())
    yield from faults_of_references(info, envelope)
    for workflow in (workflow for collection in envelope["data"] for workflow in collection["workflows"]):
        for fault in validate_jinja_expressions(workflow["steps"]):
            yield f"{workflow['name']}: {fault}"
    yield from roundtrip(envelope, CATALOGUE)[1]
    compiled = compile_yaml(decompile_to_yaml(envelope, CATALOGUE), CATALOGUE, lax_codes=NOT_OURS)
    for fault in compiled.errors:
        if fault.code.value not in NOT_OURS:
            yield f"{fault.severity}: {fault.path}: {fault.message}"
    if compiled.fsr_json is None:
        yield "the playbooks do not compile"


def faults_of_references(info: dict[str, Any], envelope: dict[str, Any]) -> Iterator[str]:
    """Steps that would find no operation."""
    known = {operation["operation"] for operation in info["operations"] if operation["visible"]}
    references = connector_refs(envelope)
    if not references:
        yield "no playbook has a step of a connector"
    for reference in references:
        if (reference.connector, reference.version) != (info["name"], info["version"]):
            yield f"{reference.workflow}: {reference.step} is of {reference.connector} {reference.version}"
        if reference.operation not in known:
            yield f"{reference.workflow}: {reference.step} runs {reference.operation}, which is no operation"


if __name__ == "__main__":
    found = list(faults(Path(sys.argv[1])))
    sys.exit("\n".join(found) if found else 0)
