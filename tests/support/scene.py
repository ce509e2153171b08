"""What a real case of an operation needs to be there: made on the private engine when the case names it, gone after it.

In a case's texts, `{running}` stands for the name of a container that runs, and so on: each method of `Scene` that does
not begin with an underscore is such a word. Within a case, a word is always the same thing.
"""

from __future__ import annotations

import importlib
import json
import re
import tempfile
import unittest
from typing import Any

from support import configurations, engine, registry
from support.engine import IMAGE, api, remove, unique
from support.session import execute

_RECORDS = importlib.import_module("integrations.records")
_SIGNED_IN = {"registry_username": registry.USERNAME, "registry_password": registry.PASSWORD}


class Scene:
    """The things of one case."""

    def __init__(self, test: unittest.TestCase) -> None:
        self._test = test
        self._made: dict[str, str] = {}

    def fill(self, value: Any) -> Any:
        """A JSON value with the words in its texts replaced, also in names of fields."""
        text = re.sub(r"\{([a-z_]+)\}", lambda word: json.dumps(self[word[1]])[1:-1], json.dumps(value))
        return json.loads(text)

    def __getitem__(self, word: str) -> str:
        if word not in self._made:
            self._made[word] = getattr(self, word)()
        return self._made[word]

    # Containers

    def running(self) -> str:
        return engine.container(self._test)

    def created(self) -> str:
        return engine.container(self._test, start=False)

    def ended(self) -> str:
        """A container that has ended with exit code 3."""
        name = engine.container(self._test, "sh", "-c", "exit 3")
        api("POST", f"/containers/{name}/wait")
        return name

    def paused(self) -> str:
        name = engine.container(self._test)
        api("POST", f"/containers/{name}/pause")
        return name

    def writes(self) -> str:
        """A container that has written to both streams, and ended."""
        name = engine.container(self._test, "sh", "-c", "echo out; echo err >&2")
        api("POST", f"/containers/{name}/wait")
        return name

    def listens(self) -> str:
        """A container that repeats what it is told, and ends when that does."""
        return engine.container(self._test, "cat", OpenStdin=True, StdinOnce=True)

    def labelled(self) -> str:
        """A container that does not run, labelled with its own name."""
        name = unique("container")
        api("POST", f"/containers/create?name={name}", {"Image": IMAGE, "Labels": {name: "1"}})
        self._test.addCleanup(remove, f"/containers/{name}?force=1")
        return name

    def new_container(self) -> str:
        """A name for a container that the case makes."""
        return self._new("container", "/containers/{}?force=1&v=1")

    # Networks and volumes

    def network(self) -> str:
        return engine.network(self._test)

    def labelled_network(self) -> str:
        """A network that nothing uses, labelled with its own name."""
        name = self._new("network", "/networks/{}")
        api("POST", "/networks/create", {"Name": name, "Labels": {name: "1"}})
        return name

    def member(self) -> str:
        """A running container in the case's network."""
        name = self["running"]
        api("POST", f"/networks/{self['network']}/connect", {"Container": name})
        return name

    def new_network(self) -> str:
        """A name for a network that the case makes."""
        return self._new("network", "/networks/{}")

    def volume(self) -> str:
        """A volume, labelled with its own name."""
        name = self.new_volume()
        api("POST", "/volumes/create", {"Name": name, "Labels": {name: "1"}})
        return name

    def used_volume(self) -> str:
        """A volume that a container uses."""
        name = self.new_volume()
        engine.container(self._test, start=False, HostConfig={"Binds": [f"{name}:/data"]})
        return name

    def new_volume(self) -> str:
        """A name for a volume that the case makes."""
        return self._new("volume", "/volumes/{}?force=1")

    # Images

    def image(self) -> str:
        return IMAGE

    def tagged(self) -> str:
        """A further name of the image."""
        return self._tag(f"fsr.test/{unique('image')}")

    def new_image(self) -> str:
        """A repository, for an image that the case makes."""
        repository = f"fsr.test/{unique('image')}"
        self._test.addCleanup(remove, f"/images/{repository}:1?force=1")
        return repository

    def dangling(self) -> str:
        """An image without a name, labelled with this word."""
        label = unique("image")
        built = {"dockerfile_content": f"FROM {IMAGE}\nLABEL {label}=1", "rm": True}
        self._run("build_image", **built)
        return label

    # Registries

    def registry(self) -> str:
        return registry.ADDRESS

    def username(self) -> str:
        return registry.USERNAME

    def password(self) -> str:
        return registry.PASSWORD

    def to_push(self) -> str:
        """The image, under a name of the registry."""
        return self._tag(f"{registry.ADDRESS}/team/{unique('image')}")

    def pushed(self) -> str:
        """An image that the registry has, and the engine not."""
        name = self["to_push"]
        self._run("push_image", name=name, **_SIGNED_IN)
        remove(f"/images/{name}")
        return name

    def index(self) -> str:
        """The address of an index that can be searched."""
        server = registry.index()
        self._test.addCleanup(server.close)
        return server.address

    # Files

    def exported(self) -> str:
        """An attachment: a container's files."""
        record = self._run("container_export", id=self["created"])
        return str(record["@id"])

    def saved(self) -> str:
        """An attachment: the image, under the name `tagged`."""
        return str(self._run("save_images", names=self["tagged"])["@id"])

    def text_file(self) -> str:
        """An attachment that is no archive."""
        with tempfile.NamedTemporaryFile() as source:
            source.write(b"text")
            source.flush()
            file = _RECORDS.create_file(source.name, "note.txt")
        return str(_RECORDS.create_attachment("Note", file)["@id"])

    def _tag(self, repository: str) -> str:
        api("POST", f"/images/{IMAGE}/tag?repo={repository}&tag=1")
        self._test.addCleanup(remove, f"/images/{repository}:1")
        return f"{repository}:1"

    def _new(self, what: str, path: str) -> str:
        name = unique(what)
        self._test.addCleanup(remove, path.format(name))
        return name

    def _run(self, operation: str, **params: Any) -> Any:
        return execute(configurations.over_unix(), operation, **params)
