"""F29 and F32: a filter without a value is refused where something is destroyed, and a dry run is what happens.

Random filters, from a fixed seed, in a dry run and then for real, on an engine of the test's own. 15 forms for each
kind; with FSR_TEST_ALL set, 250.
"""

from __future__ import annotations

import io
import json
import os
import random
import tarfile
import unittest
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

from support import engine
from support.case import OperationTestCase
from support.configurations import Config, over_unix
from support.second_engine import SecondEngine
from support.session import CONNECTOR, ConnectorError

FORMS = 250 if os.environ.get("FSR_TEST_ALL") else 15
LABELS = [{}, {"env": "test"}, {"env": "prod"}, {"env": "test", "keep": ""}, {"keep": "1", "team": "a=b"}]
#: Things of a world that are alike but for what decides.
KINDS = ("containers", "images", "networks", "volumes")

NOTHING: list[Any] = [
    *([], [""], "", "  ", None, [None], {}, {"x": False}, {"": True}, "None", "null", "[]", "{}", ["a", ""], "['a']"),
    *("{{ vars.label }}", " env=test", [" "]),
]


class Prune(OperationTestCase):
    """What is refused by name, before anything is sent, in a dry run and for real with the same words."""

    def both(self, operation: str, **params: Any) -> str:
        real = self.refusal(operation, **params)
        self.assertEqual(real, self.refusal(operation, dry_run=True, **params))
        self.assertEqual([], [request for request in self.wire(operation, **params) if request.method != "GET"])
        return real

    def test_a_filter_without_a_value(self) -> None:
        for kind in (*KINDS, "build_cache"):
            name = "type" if kind == "build_cache" else "label"
            written: list[Any] = [{name: nothing} for nothing in NOTHING]
            written += [json.dumps(one) for one in written]
            written += [f"{name}=", f"{name}= ", [f"{name}="], [""], [None], name, "None", "null", f'["{name}="]']
            written += [f"{name}=a\n{name}=", {name: "a", "until": []}]
            for filters in written:
                with self.subTest(kind, filters=filters):
                    text = self.both(f"prune_{kind}", filters=filters)
                    self.assertRegex(text, rf"^\[invalid_parameters\] prune_{kind}: .*filters must be ")

    def test_what_would_spare_nothing(self) -> None:
        for filters in ({"label!": "keep="}, {"label!": ["keep=None"]}, "label!==x", {"label": "=x"}):
            self.assertIn("filters must be", self.both("prune_containers", filters=filters))

    def test_a_name_that_the_engine_does_not_know(self) -> None:
        for kind in (*KINDS, "build_cache"):
            for name in ("labels", "Label", "nonsense", "name", ""):
                text = self.both(f"prune_{kind}", filters={name: ["x"]})
                self.assertIn("the engine knows", text)
                self.assertIn("until" if kind != "volumes" else "label!", text)

    def test_a_form_that_is_not_filled_in(self) -> None:
        nothing: list[Any] = ["", "  ", None, {}, [], "{}", "[]"]
        for empty in nothing:
            with self.subTest(empty=empty):
                self.assertIn("count", self.run_operation("prune_volumes", filters=empty, dry_run=True))
                for operation in ("prune_volumes", "prune_containers", "prune_build_cache"):
                    text = self.both(operation, filters=empty, require_filter=True)
                    self.assertIn("require_filter is on", text)
        self.run_operation("prune_volumes", filters="label=nobody-has-this", require_filter=True)

    def test_values_that_the_engine_reads_otherwise(self) -> None:
        for operation, filters, says in (
            ("prune_containers", "until=3d", "no days"),
            ("prune_containers", {"until": ["1h", "2h"]}, "one value"),
            ("prune_networks", "until=2024-01-02 03:04:05", "until must be"),
            ("prune_images", "until=1704164645250", "milliseconds"),
            ("prune_images", "dangling=False", "dangling must be true, false, 1 or 0"),
            ("prune_images", {"dangling": ["true", "false"]}, "both true and false"),
            ("prune_images", {"dangling": "no"}, "dangling must be"),
            ("prune_volumes", "until=1h", "the engine knows"),
        ):
            with self.subTest(operation, filters=filters):
                self.assertIn(says, self.both(operation, filters=filters))

    def test_call_api_is_no_way_around(self) -> None:
        for path, query in (
            ("/containers/prune", {"filters": {"label": []}}),
            ("/v1.41/volumes/prune", {"filters": '{"label": [""]}'}),
            ("/images/prune", "filters=label="),
            ("/images/create", {"fromImage": "127.0.0.1:1/app:"}),
            ("/images/create", {"fromImage": "127.0.0.1:1/app", "tag": ""}),
            ("/images/127.0.0.1:1/app/push", {"tag": " "}),
        ):
            with self.subTest(path, query=query):
                params: dict[str, Any] = {"method": "POST", "path": path, "query": query}
                self.assertRegex(
                    self.refusal("call_api", **params), r"^\[invalid_parameters\] call_api: .* in query must"
                )
                self.assertEqual([], [one for one in self.wire("call_api", **params) if one.method != "GET"])

    def test_all_is_of_its_version(self) -> None:
        if tuple(map(int, engine.api_version().split("."))) < (1, 42):
            self.assertIn("all needs API 1.42", self.both("prune_volumes", filters="all=true"))
        else:
            for refused in ("yes", "tRUE", ["true", "1"], ["true", "false"]):
                self.both("prune_volumes", filters={"all": refused})


class World:
    """Things of each kind on an engine of one's own, which are made again when they are gone."""

    def __init__(self, second: SecondEngine) -> None:
        self.second = second
        self.api = second.api
        self.created: dict[str, datetime] = {}
        #: The ids of images without a name.
        self.unnamed: dict[str, str] = {}

    def fill(self, kind: str) -> None:
        present = self.names(kind)
        for number, labels in enumerate(LABELS):
            for name in (f"{kind[:-1]}-{number}", *([f"{number:064x}"] if kind == "volumes" else [])):
                if name not in present and f"{name}:1" not in present and self.unnamed.get(name) not in present:
                    getattr(self, f"_{kind}")(name, labels)
        if kind == "images":
            used = {one["Image"] for one in self.api("GET", "/containers/json?all=1")}
            for image in (engine.IMAGE, "image-1:1", self.unnamed["image-2"]):
                if image not in used:
                    self.api("POST", "/containers/create", {"Image": image, "Cmd": ["true"]})
        if kind == "networks" and "used" not in present:
            self._networks("used", {"env": "test"})
            body = {"Image": engine.IMAGE, "Cmd": ["sleep", "600"], "HostConfig": {"NetworkMode": "used"}}
            made = self.api("POST", "/containers/create", body)
            self.api("POST", f"/containers/{made['Id']}/start")
        if kind == "volumes" and "tmpfs" not in present:
            self.api("POST", "/volumes/create", {"Name": "tmpfs", "DriverOpts": {"type": "tmpfs", "device": "tmpfs"}})

    def names(self, kind: str) -> set[str]:
        """Of all that is there; of images, ids too."""
        if kind == "containers":
            return {one["Names"][0][1:] for one in self.api("GET", "/containers/json?all=1")}
        if kind == "networks":
            return {one["Name"] for one in self.api("GET", "/networks")}
        if kind == "volumes":
            return {one["Name"] for one in self.api("GET", "/volumes")["Volumes"] or []}
        return {one for image in self.api("GET", "/images/json?all=1") for one in [image["Id"], *self._refs(image)]}

    def _refs(self, image: dict[str, Any]) -> list[str]:
        tags: list[str] = [tag for tag in image["RepoTags"] or [] if tag != "<none>:<none>"]
        return tags

    def _containers(self, name: str, labels: dict[str, str]) -> None:
        body = {"Image": engine.IMAGE, "Cmd": ["true"], "Labels": labels, "HostConfig": {"NetworkMode": "none"}}
        made = self.api("POST", f"/containers/create?name={name}", body)
        self._note(self.api("GET", f"/containers/{made['Id']}/json")["Created"])

    def _networks(self, name: str, labels: dict[str, str]) -> None:
        made = self.api("POST", "/networks/create", {"Name": name, "Labels": labels, "Internal": True})
        self._note(self.api("GET", f"/networks/{made['Id']}")["Created"])

    def _volumes(self, name: str, labels: dict[str, str]) -> None:
        # Newer engines mark a volume whose name they made up.
        anonymous = {"com.docker.volume.anonymous": ""} if len(name) == 64 else {}
        self.api("POST", "/volumes/create", {"Name": name, "Labels": {**labels, **anonymous}})

    def _images(self, name: str, labels: dict[str, str]) -> None:
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            data = f"{name} {random.random()}".encode()
            member = tarfile.TarInfo("file")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        changes = "".join(f"&changes=LABEL%20{label}%3D%22{value}%22" for label, value in labels.items())
        # Some have no name.
        named = f"&repo={name}&tag=1" if int(name[-1]) % 2 else ""
        with engine.connection(self.second.socket) as way:
            way.request("POST", f"/images/create?fromSrc=-{named}{changes}", tar.getvalue())
            told = way.getresponse().read().decode()
        identity = json.loads(told.strip().splitlines()[-1])["status"]
        if not named:
            self.unnamed[name] = identity
        if name == "image-3":
            self.api("POST", f"/images/{name}:1/tag?repo=second&tag=2")
        self._note(self.api("GET", f"/images/{identity}/json")["Created"])

    def _note(self, created: str) -> None:
        self.created[created] = datetime.fromisoformat(created[:26].rstrip("Z") + "+00:00")


class F32DryRunIsWhatHappens(unittest.TestCase):
    """The same filters, in a dry run and for real: the same is removed, or refused with the same words."""

    second: ClassVar[SecondEngine]

    @classmethod
    def setUpClass(cls) -> None:
        cls.second = SecondEngine()
        cls.second.__enter__()
        cls.addClassCleanup(cls.second.stop)

    def test_containers(self) -> None:
        self.compare("containers", lambda one: set(one["ContainersDeleted"] or []))

    def test_images(self) -> None:
        def removed(result: dict[str, Any]) -> set[str]:
            # Docker also tells the layers.
            entries = result["ImagesDeleted"] or []
            untagged = {entry["Untagged"] for entry in entries if "Untagged" in entry}
            return untagged | {entry["Deleted"] for entry in entries if entry.get("Deleted") in self.before}

        self.compare("images", removed)

    def test_networks(self) -> None:
        self.compare("networks", lambda one: set(one["NetworksDeleted"] or []))

    def test_volumes(self) -> None:
        self.compare("volumes", lambda one: set(one["VolumesDeleted"] or []))

    def compare(self, kind: str, removed: Any) -> None:
        world = World(self.second)
        chance = random.Random(f"prune {kind}")
        outcomes = {"refused": 0, "nothing": 0, "something": 0}
        for number in range(FORMS):
            world.fill(kind)
            filters = form(chance, kind, world.created)
            config: Config = {**over_unix(self.second.socket), "retry_attempts": 0}
            if kind == "containers" and number % 3 == 0:
                config["protected_containers"] = chance.choice(["label=keep", "container-1", "label=env=test"])
            with self.subTest(kind, number=number, filters=filters, rule=config.get("protected_containers")):
                self.before = world.names(kind)
                dry = outcome(config, f"prune_{kind}", filters, dry_run=True)
                self.assertEqual(self.before, world.names(kind), "a dry run removed something")
                real = outcome(config, f"prune_{kind}", filters)
                if isinstance(real, str) or isinstance(dry, str):
                    self.assertEqual(dry, real)
                    self.assertTrue(str(real).startswith("[invalid_parameters]"), real)
                    self.assertEqual(self.before, world.names(kind))
                    outcomes["refused"] += 1
                    continue
                self.assertEqual(removed(dry), removed(real), dry.get("notes"))
                self.assertEqual(dry.get("spared", []), real.get("spared", dry.get("spared", [])))
                gone = self.before - world.names(kind)
                if kind in ("networks", "volumes"):
                    self.assertEqual(removed(real), gone)
                else:
                    self.assertEqual(bool(removed(real)), bool(gone))
                outcomes["something" if gone else "nothing"] += 1
        self.assertTrue(all(outcomes.values()), f"the forms do not reach everything: {outcomes}")


def outcome(config: Config, operation: str, filters: Any, **params: Any) -> dict[str, Any] | str:
    """The result, or the text of the error."""
    try:
        result: dict[str, Any] = CONNECTOR.execute(config, operation, {"filters": filters, **params})
    except ConnectorError as error:
        return str(error)
    return result


def form(chance: random.Random, kind: str, created: dict[str, datetime]) -> Any:
    """Filters as playbooks write them: right, odd or wrong."""
    labels = ["env", "env=test", "env=prod", "env=", "keep", "keep=", "keep=1", "team=a=b", "nobody", "=x", "env=None"]
    made = chance.choice(list(created)) if created else "2024-01-01T00:00:00Z"
    about = created.get(made, datetime.now(timezone.utc)) + timedelta(milliseconds=chance.randint(-1500, 1500))
    untils: list[Any] = [
        *("1h", "10m", "-1h", "1h30m", "1.5h", "+10m", "24h0m0s", "0", "3d", "1w", "yesterday", "10 m", "1H", ""),
        *(1704164645, 4102444800, "1704164645.5", "1704164645250", "2024-01-02", "2024-01-02Z", "2099-01-02T03"),
        *("2099-01-02T03:04+01:00", "2024-01-02 03:04:05", "2024-01-02T03:04:05.678-07:00", "2024-02-30", True),
        *(made, made, about.isoformat().replace("+00:00", "Z"), f"{about.timestamp():.6f}", int(about.timestamp())),
    ]
    booleans = ["true", "false", "True", "False", "TRUE", "t", "f", "1", "0", 1, 0, True, False, "yes", "no", "on", ""]
    pools: dict[str, list[Any]] = {"label": labels, "label!": labels}
    if kind != "volumes":
        pools["until"] = untils
    if kind == "images":
        pools["dangling"] = booleans
    if kind == "volumes":
        pools["all"] = booleans
    if chance.random() < 0.08:
        pools[chance.choice(["until", "dangling", "all", "name", "Label", "id"])] = ["x", "true", "1h"]
    filters: dict[str, Any] = {}
    for name in chance.sample(list(pools), k=min(len(pools), chance.choice([0, 1, 1, 1, 1, 2, 2, 3]))):
        values = [chance.choice(pools[name]) for _ in range(chance.choice([1, 1, 1, 1, 1, 2, 0]))]
        shape = chance.random()
        if shape < 0.25 and len(values) == 1:
            filters[name] = values[0]
        elif shape < 0.4:
            filters[name] = {str(value): chance.random() < 0.95 for value in values}
        else:
            filters[name] = values
    shape = chance.random()
    if shape < 0.2:
        return json.dumps(filters)
    if shape < 0.4 and all(isinstance(values, list) for values in filters.values()):
        lines = [f"{name}={value}" for name, values in filters.items() for value in values]
        return chance.choice([lines, "\n".join(lines)])
    return filters
