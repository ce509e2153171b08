"""The demo's story: the connector's main job, told step by step, through the connector's own `execute`.

    PYTHONPATH=local-host/python python3 demo/story.py FOLDER --engine URL (--image NAME | --context FILE)

FOLDER is where local-host/python/install.py put the connector. The story makes one container, and its image if it is
given what to build one from, of a name that nobody else uses, and always removes them. It ends with status 0 only if
every step came back as it should.
"""
# ruff: noqa: T201 (it tells)

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from execute import execute, load

GREETING = "The container says hello."
COMMAND = f"trap 'exit 0' TERM; echo '{GREETING}'; touch /tmp/ready; while :; do sleep 1; done"
LOOK_AROUND = "until [ -e /tmp/ready ]; do sleep 1; done; echo all is quiet; echo but for this >&2; exit 3"
ELSEWHERE = "x/../../images/json"


class StoryEndsError(Exception):
    """A step did not come back as it should."""


class Story:
    """Takes steps, tells each, and remembers what it made."""

    def __init__(self, folder: Path, config: dict[str, Any], image: str, context: Path | None) -> None:
        info = json.loads((folder / "info.json").read_text())
        self._connector = load(folder.parent.parent, info["name"], info["version"])
        self._config = config
        self._name = f"docker-engine-demo-{uuid.uuid4().hex[:12]}"
        self._image = image or self._name
        self._context = context
        self._steps = 0
        self._made: list[str] = []

    def tell(self) -> int:
        """Tells the story and answers its number of steps. What it made is gone afterwards, however it ends."""
        try:
            self._engine()
            if self._context:
                self._build(self._context)
            self._life_of_a_container({"id": self._name})
        finally:
            if "container" in self._made:
                self._step("Clean up", "remove_container", {"id": self._name, "force": True}, _sentence)
            if "image" in self._made:
                self._step("Leave no image behind", "remove_image", {"name": self._image, "force": True}, _removed)
        return self._steps

    def _engine(self) -> None:
        self._step("Is the engine there?", "check_health", {}, lambda answer: _expect(answer is True, "Available"))
        self._step("What is it?", "get_version", {}, _version)

    def _build(self, context: Path) -> None:
        """Builds the image from an archive, handed over as FortiSOAR hands a file to a connector."""
        file = importlib.import_module("integrations.records").create_file(str(context), context.name)
        params = {"context": file["@id"], "t": self._image}
        self._step("Build an image for it", "build_image", params, _sentence)
        self._made.append("image")

    def _life_of_a_container(self, container: dict[str, Any]) -> None:
        look = {**container, "Cmd": ["sh", "-c", LOOK_AROUND]}
        params: dict[str, Any] = {"name": self._name, "image": self._image, "Cmd": ["sh", "-c", COMMAND]}
        self._step("Create a container", "create_container", params, _created)
        self._made.append("container")
        self._step("Start it", "start_container", container, _sentence)
        self._step("Run a command in it that fails", "exec_container", look, _ran)
        self._step("Read its log", "container_logs", {**container, "stdout": True, "stderr": True}, _log)
        self._step("See what it uses", "container_stats", {**container, "stream": False}, _stats)
        self._refused("Try an id that leads elsewhere", "inspect_container", {"id": ELSEWHERE})
        self._refused("Forget the id", "stop_container", {"t": 1})
        self._step("Stop it", "stop_container", {**container, "t": 5}, _sentence)
        self._step("Remove it", "remove_container", container, _sentence)
        self._made.remove("container")
        self._refused("Look for it once more", "inspect_container", container)

    def _step(self, title: str, operation: str, params: dict[str, Any], read: Callable[[Any], str]) -> None:
        answer = self._take(title, operation, params)
        if answer["status"] != "Success":
            raise StoryEndsError(answer["message"])
        try:
            _say(read(answer["data"]))
        except (KeyError, TypeError, ValueError) as fault:
            raise StoryEndsError(f"{type(fault).__name__} {fault} in what came back: {answer['data']!r}") from fault

    def _refused(self, title: str, operation: str, params: dict[str, Any]) -> None:
        """A step that must end with an error."""
        answer = self._take(title, operation, params)
        if answer["status"] != "Failed":
            raise StoryEndsError(f"it should have been refused, and came back with {answer['data']!r}")
        _say(f"refused, as it should be: {answer['message']}")

    def _take(self, title: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        self._steps += 1
        print(f"\n{self._steps:2}. {title:<42} {operation:<18}", end=" ", flush=True)
        began = time.monotonic()
        answer = execute(self._connector, self._config, operation, params)
        print(f"{(time.monotonic() - began) * 1000:7.1f} ms", flush=True)
        return answer


def _say(text: str) -> None:
    print("    " + "\n    ".join(text.splitlines()), flush=True)


def _expect(condition: bool, text: str) -> str:
    """The text, which is told if it is as it should be."""
    if not condition:
        raise ValueError(f"({text})")
    return text


def _version(answer: dict[str, Any]) -> str:
    text = f"Docker {answer['Version']}, API {answer['ApiVersion']} (oldest {answer['MinAPIVersion']})"
    return f"{text}, on Linux {answer['KernelVersion']}"


def _created(answer: dict[str, Any]) -> str:
    return _expect(len(answer["Id"]) == 64, f"id {answer['Id'][:12]}, warnings: {answer['Warnings'] or 'none'}")


def _sentence(answer: dict[str, Any]) -> str:
    return str(answer["result"])


def _removed(answer: list[dict[str, str]]) -> str:
    return _expect(any("Untagged" in layer for layer in answer), "untagged, and its layer deleted")


def _ran(answer: dict[str, Any]) -> str:
    text = f"exit code {answer['exit_code']}, stdout {answer['stdout']!r}, stderr {answer['stderr']!r}"
    came = (answer["exit_code"], answer["stdout"], answer["stderr"])
    return _expect(came == (3, "all is quiet\n", "but for this\n"), text)


def _log(answer: dict[str, Any]) -> str:
    return _expect(answer["stdout"] == GREETING + "\n" and not answer["stderr"], f"stdout {answer['stdout']!r}")


def _stats(answer: dict[str, Any]) -> str:
    memory, processes = answer["memory_stats"]["usage"], answer["pids_stats"]["current"]
    return _expect(memory > 0 and processes > 0, f"{memory / 1024:.0f} KiB of memory, {processes} processes")


def configuration(engine: str) -> dict[str, Any]:
    """The connector's configuration for an engine's URL, with the variables that Docker's own client obeys."""
    url = urlsplit(engine)
    if url.scheme == "unix":
        return {"protocol": "UNIX", "server_address": url.path, "authentication_type": "None"}
    folder = os.environ.get("DOCKER_CERT_PATH", "")
    tls = url.scheme == "https" or bool(os.environ.get("DOCKER_TLS_VERIFY"))
    if url.scheme not in ("tcp", "http", "https") or not url.hostname:
        raise StoryEndsError(
            f"{engine!r} is not an engine's URL, such as unix:///var/run/docker.sock or https://host:2376"
        )
    config = {
        "protocol": "HTTPS" if tls else "HTTP",
        "server_address": url.hostname,
        "port": url.port or "",
        "authentication_type": "None",
    }
    if tls and folder:
        config["authentication_type"] = "Certificate"
        names = {"ca_cert_path": "ca.pem", "cert_path": "cert.pem", "key_path": "key.pem"}
        config.update({field: os.path.join(folder, name) for field, name in names.items()})
    return config


def main() -> int:
    parser = argparse.ArgumentParser(description="Tells the demo's story.")
    parser.add_argument("folder", type=Path, help="the installed connector's folder")
    parser.add_argument("--engine", required=True, help="as in DOCKER_HOST")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--image", default="", help="an image of that engine that has a shell")
    what.add_argument("--context", type=Path, help="an archive to build one from, which is removed at the end")
    arguments = parser.parse_args()
    logging.getLogger("connectors").addHandler(logging.NullHandler())  # the story tells what matters
    began = time.monotonic()
    try:
        steps = Story(arguments.folder, configuration(arguments.engine), arguments.image, arguments.context).tell()
    except StoryEndsError as end:
        print(f"\nThe story ends here: {end}")
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What the story made is gone.")
        return 130
    print(f"\nAll went well: {steps} steps in {time.monotonic() - began:.1f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
