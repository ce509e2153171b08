"""The cases `wire` in `data/operations/`: what an operation must send for the parameters that a playbook gives.

Each is an object:

    as         the name that the call has, if not the operation's own
    params     what the playbook gives; `{file}` in a text stands for the IRI of a file that FortiSOAR keeps,
               `{attachment}` for the id of an attachment, and `{archive}` for that of one that is a tar
    sends      the requests that matter, in their order: `method`, `path` (without the version), `query`, `body` and
               `headers`. A query and a body that are not named must not be there; of headers only those that are named
               count, and null is one that must not be there.
    api        the API version that the engine speaks; 1.41 if absent
    answers    what the engine answers in place of the usual, such as `{"GET /info": {"status": 200, "body": {}}}`; an
               answer may have `headers` too, and `tar`, names with texts, in place of a body
    config     further fields of the configuration
    error      how the text of the error must begin, where the call must fail all the same
    why        what the case is for

A container that was looked at is acted on by its full id. `sends` says the name that `params` gives.

In `sends`, "*" stands for any value, also within a path. Where a name stands several times in a query, its value is a
list; of JSON in a query the order of fields does not matter. A tar's body is an object of its entries' texts, and a
header that is an object is one that holds JSON in base64.
"""

from __future__ import annotations

import base64
import fnmatch
import importlib
import io
import json
import re
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support import operation_data
from support.recorder import CONTAINER_ID, Answer, tar
from support.recording_proxy import Request


@dataclass(frozen=True)
class Sent:
    """A request that must be sent."""

    method: str
    path: str
    query: Any = field(default_factory=dict)
    body: Any = None
    headers: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A case of an operation."""

    of: str
    operation: str
    params: dict[str, Any]
    sends: list[Sent]
    api: str
    answers: dict[str, Answer]
    config: dict[str, Any]
    error: str | None

    def faults(self, requests: list[Request]) -> Iterator[str]:
        """What is missing in, or wrong with, the requests that were sent."""
        rest = iter(by_name(requests))
        for sent in self.sends:
            found = (next((form for form in forms if _is_for(form, sent)), None) for forms in rest)
            request = next(filter(None, found), None)
            if request is None:
                yield f"{sent.method} {sent.path} was not sent, or too early"
                return
            if not request.target.startswith((f"/v{self.api}/", "/_ping")):
                yield f"{request.target} does not speak {self.api}"
            yield from (f"{sent.method} {sent.path}: {fault}" for fault in _differences(sent, request))


def cases() -> list[Case]:
    """All cases."""
    return [_case(of, case) for of, case in operation_data.cases("wire")]


def contents(request: Request) -> Any:
    """A request's body as a case writes it; of an empty one None."""
    if not request.body:
        return None
    kind = request.headers.get("content-type", "")
    if kind == "application/json":
        return json.loads(request.body)
    if kind == "application/x-tar":
        with suppress(tarfile.ReadError), tarfile.open(fileobj=io.BytesIO(request.body)) as archive:
            readers = {entry.name: archive.extractfile(entry) for entry in archive}
            return {name: reader.read().decode() if reader else "" for name, reader in readers.items()}
    return request.body.decode("utf-8", "replace")


def with_files(params: dict[str, Any], contents: bytes = b"text") -> dict[str, Any]:
    """The parameters of a case, with files of FortiSOAR's where it has the place for them."""
    text = json.dumps(params)
    if "{file}" in text:
        text = text.replace("{file}", _file(contents)["@id"])
    for name, its in (("{attachment}", contents), ("{archive}", tar())):
        if name in text:
            record = _records().create_attachment("Note", _file(its))
            text = text.replace(name, record["@id"].rpartition("/")[2])
    filled: dict[str, Any] = json.loads(text)
    return filled


def _file(contents: bytes) -> dict[str, Any]:
    """A file that FortiSOAR keeps."""
    with tempfile.NamedTemporaryFile() as source:
        source.write(contents)
        source.flush()
        record: dict[str, Any] = _records().create_file(source.name, "note.txt")
    return record


def _records() -> Any:
    return importlib.import_module("integrations.records")


def _case(of: str, case: dict[str, Any]) -> Case:
    unknown = set(case) - {"as", "params", "sends", "api", "answers", "config", "error", "why"}
    if unknown:
        raise ValueError(f"{operation_data.place(of)}: a wire case has {unknown}")
    if not case["sends"] and "error" not in case:
        raise ValueError(f"{operation_data.place(of)}: a wire case says neither what is sent nor why nothing is")
    return Case(
        of,
        case.get("as", of),
        case.get("params", {}),
        [Sent(**sent) for sent in case["sends"]],
        case.get("api", "1.41"),
        {what: _answer(answer) for what, answer in case.get("answers", {}).items()},
        case.get("config", {}),
        case.get("error"),
    )


def _answer(answer: dict[str, Any]) -> Answer:
    if "tar" not in answer:
        return Answer(**answer)
    rest = {name: value for name, value in answer.items() if name != "tar"}
    return Answer(**rest, body=tar(answer["tar"]))


def by_name(requests: list[Request]) -> Iterator[tuple[Request, Request]]:
    """Each request with the name that the first look asked for in place of the full id that it found, and as it is."""
    name = CONTAINER_ID
    for request in requests:
        looked = re.fullmatch(r"/containers/([^/]+)/json", request.path)
        if looked and name == CONTAINER_ID:
            name = looked[1]
        target, body = (text.replace(CONTAINER_ID, name) for text in (request.target, request.body.decode("latin-1")))
        yield Request(request.method, target, request.headers, body.encode("latin-1")), request


def _is_for(request: Request, sent: Sent) -> bool:
    return request.method == sent.method and fnmatch.fnmatchcase(request.path, sent.path)


def _differences(sent: Sent, request: Request) -> Iterator[str]:
    query = parse_qs(urlsplit(request.target).query, keep_blank_values=True)
    if not _matches(_decoded(sent.query), _decoded(query)):
        yield f"the query is {query}, not {sent.query}"
    body = contents(request)
    if not _matches(sent.body, body):
        yield f"the body is {body!r}, not {sent.body!r}"
    for name, expected in sent.headers.items():
        value: Any = request.headers.get(name.lower())
        if isinstance(expected, dict) and value is not None:
            value = json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
        if not _matches(expected, value):
            yield f"the header {name} is {value!r}, not {expected!r}"


def _decoded(query: Any) -> Any:
    """A query with what each name stands for: a list of texts, of which those that are JSON are decoded."""
    if not isinstance(query, dict):
        return query
    values = {name: value if isinstance(value, list) else [value] for name, value in query.items()}
    return {name: [_json(text) for text in texts] for name, texts in values.items()}


def _json(text: str) -> Any:
    return json.loads(text) if text.startswith(("{", "[")) else text


def _matches(expected: Any, value: Any) -> bool:
    if expected == "*":
        return value is not None
    if isinstance(expected, dict) and isinstance(value, dict):
        return expected.keys() == value.keys() and all(_matches(expected[name], value[name]) for name in expected)
    if isinstance(expected, list) and isinstance(value, list):
        return len(expected) == len(value) and all(map(_matches, expected, value))
    return type(expected) is type(value) and bool(expected == value)
