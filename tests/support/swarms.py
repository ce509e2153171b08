"""Swarms of engines beside the private one, for what must not happen to that one's own."""

from __future__ import annotations

import time
import unittest
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from support import programs
from support.engine import RefusedError, api
from support.second_engine import SecondEngine

MANAGER = "10.77.1.1"
NEIGHBOR = "10.77.1.2"
MANAGER_ADDRESS = f"{MANAGER}:2377"


class Founded:
    """A swarm whose only manager is an engine with an address of its own, and which may have a neighbor."""

    def __init__(self, test: unittest.TestCase) -> None:
        self._test = test
        self.manager = _started(test)
        _ip(self.manager, "link add wire type veth peer name far")
        _address(self.manager, "wire", MANAGER)
        self.node: str = self.manager.api(
            "POST", "/swarm/init", {"AdvertiseAddr": MANAGER, "ListenAddr": MANAGER_ADDRESS}
        )
        self._neighbor: SecondEngine | None = None

    @property
    def worker_token(self) -> str:
        """By which workers join it."""
        return str(self.manager.api("GET", "/swarm")["JoinTokens"]["Worker"])

    def neighbor(self) -> SecondEngine:
        """Another engine, which reaches the manager."""
        other = self._neighbor = _started(self._test)
        _ip(self.manager, f"link set far netns {other.pid}")
        _address(other, "far", NEIGHBOR)
        return other

    def lost(self) -> str:
        """The node of the neighbor, which has joined and left."""
        assert self._neighbor is not None
        addresses = {"RemoteAddrs": [MANAGER_ADDRESS], "AdvertiseAddr": NEIGHBOR, "ListenAddr": "0.0.0.0:2377"}
        with suppress(RefusedError):  # It has joined already.
            self._neighbor.api("POST", "/swarm/join", {**addresses, "JoinToken": self.worker_token})
        node = str(self._neighbor.api("GET", "/info")["Swarm"]["NodeID"])
        self._neighbor.api("POST", "/swarm/leave")
        return node


class Locked:
    """A manager that has started again and waits for its key."""

    def __init__(self, test: unittest.TestCase) -> None:
        self.engine = _started(test)
        spec = {"EncryptionConfig": {"AutoLockManagers": True}}
        body = {"AdvertiseAddr": "127.0.0.1", "ListenAddr": "127.0.0.1:2577", "Spec": spec}
        self.engine.api("POST", "/swarm/init", body)
        self.key: str = self.engine.api("GET", "/swarm/unlockkey")["UnlockKey"]
        self.engine.kill()
        self.engine.start()
        until = time.monotonic() + 20
        while self.engine.api("GET", "/info")["Swarm"]["LocalNodeState"] != "locked":
            if time.monotonic() > until:
                raise RuntimeError("the engine is not locked")
            time.sleep(0.05)


class Cluster:
    """Three managers, node1 to node3, each with an address in one network. Its bridge is in node1's."""

    def __init__(self, clean_up: Callable[..., Any]) -> None:
        self.engines = [SecondEngine(hostname=f"node{number}") for number in (1, 2, 3)]
        for engine in self.engines:
            engine.__enter__()
            clean_up(engine.stop)
        _ip(self.engines[0], "link add br0 type bridge")
        _ip(self.engines[0], "link set br0 up")
        for number in (1, 2, 3):
            self._connect(number)
        addresses = {"AdvertiseAddr": self.address(1), "ListenAddr": "0.0.0.0:2377"}
        self.engines[0].api("POST", "/swarm/init", addresses)
        token = self.engines[0].api("GET", "/swarm")["JoinTokens"]["Manager"]
        joining = {"RemoteAddrs": [f"{self.address(1)}:2377"], "JoinToken": token}
        for number in (2, 3):
            self.engine(number).api(
                "POST", "/swarm/join", {**addresses, "AdvertiseAddr": self.address(number), **joining}
            )

    def engine(self, number: int) -> SecondEngine:
        """An engine, counted from 1."""
        return self.engines[number - 1]

    def address(self, number: int) -> str:
        """An engine's address in the network."""
        return f"10.77.0.{number}"

    def _connect(self, number: int) -> None:
        """Puts an engine into the network."""
        hub, engine, link = self.engines[0], self.engine(number), f"link{number}"
        _ip(hub, f"link add {link} type veth peer name far{number}")
        _ip(hub, f"link set {link} master br0 up")
        if engine is not hub:
            _ip(hub, f"link set far{number} netns {engine.pid}")
        _ip(engine, "link set lo up")
        _ip(engine, f"address add {self.address(number)}/24 dev far{number}")
        _ip(engine, f"link set far{number} up")


def set_availability(node: str, availability: str) -> None:
    """Sets the availability of a node of the private engine's swarm."""
    found: dict[str, Any] = api("GET", f"/nodes/{node}")
    spec = {**found["Spec"], "Availability": availability}
    api("POST", f"/nodes/{node}/update?version={found['Version']['Index']}", spec)


def _started(test: unittest.TestCase) -> SecondEngine:
    engine = SecondEngine().__enter__()
    test.addCleanup(engine.stop)
    _ip(engine, "link set lo up")
    return engine


def _address(engine: SecondEngine, link: str, address: str) -> None:
    _ip(engine, f"address add {address}/24 dev {link}")
    _ip(engine, f"link set {link} up")


def _ip(engine: SecondEngine, command: str) -> None:
    """Runs `ip` in the network of an engine."""
    programs.run("nsenter", "--net", "--target", str(engine.pid), programs.program("ip"), *command.split())
