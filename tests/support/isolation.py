"""Isolated containers as tests see them: made with all that a caller can choose, looked at without the connector."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from support import engine
from support.case import OperationTestCase
from support.engine import IMAGE, RefusedError, api, remove, unique

RECORDS = "/volumes?filters=%7B%22label%22%3A%5B%22fortisoar.isolation%22%5D%7D"
# Each network of a test has a subnet that no other one has.
NUMBERS = itertools.count(random.randrange(1, 9999))

# What no release can bring back: the engine makes these anew.
NEW = {"EndpointID", "MacAddress", "SandboxID", "SandboxKey", "ResolvConfPath", "Pid", "FinishedAt"}


class IsolationTestCase(OperationTestCase):
    """On the real engine, looked at without the connector."""

    def setUp(self) -> None:
        self.addCleanup(forget_records)

    def until(self, is_so: Callable[[], bool], seconds: float = 20) -> None:
        """Waits until something is so."""
        deadline = time.monotonic() + seconds
        while not is_so():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def addressed(self) -> str:
        """A network with addresses of its own, of both families."""
        name, number = unique("network"), next(NUMBERS)
        subnets = [
            {"Subnet": f"10.{200 + number // 250 % 50}.{number % 250}.0/24"},
            {"Subnet": f"fd00:{number:x}::/64"},
        ]
        api("POST", "/networks/create", {"Name": name, "EnableIPv6": True, "IPAM": {"Config": subnets}})
        self.addCleanup(remove, f"/networks/{name}")
        return name

    def member(self, *command: str, networks: int = 2, start: bool = True, **host: Any) -> str:
        """A container in networks with static addresses, aliases and options, that publishes a port and comes back."""
        names = [self.addressed() for _ in range(networks)]
        policy = {"Name": "on-failure", "MaximumRetryCount": 7}
        name = unique("container")
        config = {
            "Image": IMAGE,
            "Cmd": list(command or ("sleep", "600")),
            "ExposedPorts": {"80/tcp": {}},
            "HostConfig": {"Init": True, "RestartPolicy": policy, "NetworkMode": names[0], **host},
            "NetworkingConfig": {"EndpointsConfig": {names[0]: place(names[0])}},
        }
        api("POST", f"/containers/create?name={name}", config)
        self.addCleanup(remove, f"/containers/{name}?force=1&v=1")
        for further in names[1:]:
            api("POST", f"/networks/{further}/connect", {"Container": name, "EndpointConfig": place(further)})
        if start:
            api("POST", f"/containers/{name}/start")
        return name

    def isolated(self, name: str, **params: Any) -> Any:
        """Isolates a container, which no network has afterwards."""
        result = self.run_operation("isolate_container", id=name, **params)
        self.assertEqual([], networks_of(name))
        return result

    def released(self, name: str, before: dict[str, Any]) -> Any:
        """Releases a container, which afterwards is what it was."""
        result = self.run_operation("release_container", id=name)
        self.assertEqual("done", result["outcome"], result)
        self.assertEqual([], list(differences(before, inspect(name))))
        self.assertEqual([], api("GET", RECORDS)["Volumes"] or [])
        return result


def place(name: str) -> dict[str, Any]:
    """A place in a network of both address families: `EndpointConfig` with all that a caller can choose."""
    four, six = (config["Subnet"] for config in api("GET", f"/networks/{name}")["IPAM"]["Config"])
    last = random.randrange(20, 200)
    return {
        "IPAMConfig": {"IPv4Address": four.replace("0/24", str(last)), "IPv6Address": six.replace("/64", f"{last:x}")},
        "Aliases": [unique("alias")],
        "Links": [],
        "DriverOpts": {"test.option": str(last)},
    }


def inspect(name: str) -> dict[str, Any]:
    """A container as the engine shows it, without what the engine adds by itself when it connects or starts it."""
    found: dict[str, Any] = api("GET", f"/containers/{name}/json")
    for settings in found["NetworkSettings"]["Networks"].values():
        settings["Aliases"] = [alias for alias in settings["Aliases"] or [] if alias != found["Id"][:12]]
        if not found["State"]["Running"]:
            settings["NetworkID"], settings["DNSNames"] = "", None
    return found


def networks_of(name: str) -> list[str]:
    """The networks that list a container, as `docker network inspect` shows them."""
    identity = inspect(name)["Id"]
    every = (api("GET", f"/networks/{listed['Id']}") for listed in api("GET", "/networks"))
    return [
        one["Name"]
        for one in every
        if identity in (one.get("Containers") or {}) and one["Driver"] not in ("null", "host")
    ]


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Where two inspections differ, but for what an engine makes anew."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            if name not in NEW:
                yield from differences(before.get(name), after.get(name), f"{path}.{name}")
    elif before != after and (before or after) and (before, after) not in (("", "no"), (None, "no")):
        yield f"{path}: {before} -> {after}"


def paused(name: str) -> str:
    engine.pause(name)
    return name


def ended(name: str) -> str:
    api("POST", f"/containers/{name}/wait")
    return name


def forget_records() -> None:
    """Removes the records that a test has left."""
    for volume in api("GET", RECORDS)["Volumes"] or []:
        with suppress(RefusedError):
            remove(f"/volumes/{volume['Name']}")
