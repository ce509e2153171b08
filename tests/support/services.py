"""Services of the private engine's swarm: what they may have set, and what their tasks do."""

from __future__ import annotations

import json
import time
import unittest
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from support.engine import IMAGE, RefusedError, api, api_version, remove, unique

SECOND = 1_000_000_000


def spec(name: str, **changes: Any) -> dict[str, Any]:
    """A service of one task that ends at once when it is told to. `changes` are fields of its containers."""
    container = {"Image": IMAGE, "Command": ["sleep", "600"], "Init": True, "StopGracePeriod": SECOND, **changes}
    task = {"ContainerSpec": container, "RestartPolicy": {"Delay": SECOND // 10}}
    return {"Name": name, "TaskTemplate": task}


def full_spec(name: str, version: tuple[int, ...], *, network: str, secret: str, config: str) -> dict[str, Any]:
    """A service with every field that an engine of this API version takes. The others are ids of what it uses."""
    file = {"UID": "0", "GID": "0", "Mode": 0o444}
    privileges: dict[str, Any] = {
        "SELinuxContext": {"Disable": False, "User": "u", "Role": "r", "Type": "t", "Level": "l"}
    }
    mount_options = {
        "NoCopy": True,
        "Labels": {"a": "1"},
        "DriverConfig": {"Name": "local", "Options": {"type": "tmpfs", "device": "tmpfs"}},
    }
    container: dict[str, Any] = {
        "Image": IMAGE,
        "Labels": {"own": "1"},
        "Command": ["sleep"],
        "Args": ["600"],
        "Hostname": "web",
        "Env": ["A=1", "B=2"],
        "Dir": "/tmp",
        "User": "0",
        "Groups": ["9"],
        "Privileges": privileges,
        "TTY": True,
        "OpenStdin": True,
        "ReadOnly": True,
        "Mounts": [
            {"Type": "volume", "Source": f"{name}-data", "Target": "/data", "VolumeOptions": mount_options},
            {"Type": "tmpfs", "Target": "/memory", "TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o700}},
            {
                "Type": "bind",
                "Source": "/tmp",
                "Target": "/host",
                "ReadOnly": True,
                "Consistency": "default",
                "BindOptions": {"Propagation": "rprivate", "NonRecursive": True},
            },
        ],
        "StopSignal": "SIGKILL",
        "StopGracePeriod": SECOND,
        "Healthcheck": {
            "Test": ["CMD", "true"],
            "Interval": SECOND,
            "Timeout": SECOND,
            "Retries": 3,
            "StartPeriod": SECOND,
        },
        "Hosts": ["127.0.0.1 other"],
        "DNSConfig": {"Nameservers": ["127.0.0.1"], "Search": ["test"], "Options": ["ndots:1"]},
        "Secrets": [{"SecretID": secret, "SecretName": f"{name}-secret", "File": {"Name": "key", **file}}],
        "Configs": [{"ConfigID": config, "ConfigName": f"{name}-config", "File": {"Name": "/conf", **file}}],
        "Isolation": "default",
        "Init": True,
        "Sysctls": {"net.ipv4.ip_forward": "1"},
    }
    resources: dict[str, Any] = {
        "Limits": {"NanoCPUs": 500_000_000, "MemoryBytes": 64 << 20},
        "Reservations": {"NanoCPUs": 1_000_000, "MemoryBytes": 8 << 20},
    }
    if version >= (1, 41):
        container |= {"CapabilityAdd": ["CAP_NET_ADMIN"], "CapabilityDrop": ["CAP_MKNOD"]}
        container["Ulimits"] = [{"Name": "nofile", "Soft": 1000, "Hard": 1000}]
        resources["Limits"]["Pids"] = 100
    if version >= (1, 44):
        privileges |= {"NoNewPrivileges": True, "Seccomp": {"Mode": "unconfined"}, "AppArmor": {"Mode": "disabled"}}
        container["Healthcheck"]["StartInterval"] = SECOND
    if version >= (1, 46):
        container["OomScoreAdj"] = 100
        container["Mounts"][1]["TmpfsOptions"]["Options"] = [["noexec"]]
    if version >= (1, 52):
        resources |= {"SwapBytes": 128 << 20, "MemorySwappiness": 10}
    rollout = {
        "Parallelism": 1,
        "Delay": 1_000_000,
        "FailureAction": "pause",
        "Monitor": SECOND,
        "MaxFailureRatio": 0.5,
    }
    return {
        "Name": name,
        "Labels": {name: "1"},
        "TaskTemplate": {
            "ContainerSpec": container,
            "Resources": resources,
            "RestartPolicy": {"Condition": "any", "Delay": SECOND // 10, "MaxAttempts": 9, "Window": SECOND},
            "Placement": {
                "Constraints": ["node.role==manager"],
                "Preferences": [{"Spread": {"SpreadDescriptor": "node.labels.zone"}}],
                "MaxReplicas": 4,
            },
            "Networks": [{"Target": network, "Aliases": ["www"]}],
            "LogDriver": {"Name": "json-file", "Options": {"max-size": "1m"}},
            "ForceUpdate": 1,
            "Runtime": "container",
        },
        "Mode": {"Replicated": {"Replicas": 1}},
        "UpdateConfig": {**rollout, "Order": "stop-first"},
        "RollbackConfig": {**rollout, "Order": "start-first"},
        "EndpointSpec": {
            "Mode": "dnsrr",
            "Ports": [
                {"Name": "web", "Protocol": "tcp", "TargetPort": 80, "PublishedPort": 18080, "PublishMode": "host"}
            ],
        },
    }


def create(body: dict[str, Any]) -> str:
    """Makes a service, without waiting for its tasks. Answers its id."""
    return str(api("POST", "/services/create", body)["ID"])


def equipped(test: unittest.TestCase) -> str:
    """A service with all that this engine takes, and what that uses. Its one task runs."""
    name = unique("service")
    for path in (
        f"/volumes/{name}-data",
        f"/networks/{name}-net",
        f"/secrets/{name}-secret",
        f"/configs/{name}-config",
    ):
        test.addCleanup(remove_when_free, path)
    test.addCleanup(remove, f"/services/{name}")
    network = api("POST", "/networks/create", {"Name": f"{name}-net", "Driver": "overlay"})["Id"]
    secret = api("POST", "/secrets/create", {"Name": f"{name}-secret", "Data": "eA=="})["ID"]
    config = api("POST", "/configs/create", {"Name": f"{name}-config", "Data": "eA=="})["ID"]
    version = tuple(map(int, api_version().split(".")))
    create(full_spec(name, version, network=network, secret=secret, config=config))
    wait_until_it_runs(name)
    deadline = time.monotonic() + 30
    while "PreviousSpec" not in (found := inspect(name)):  # which has all that it has now
        labels = {**found["Spec"]["Labels"], "updated": "1"}
        with suppress(RefusedError):
            change = f"/services/{name}/update?version={found['Version']['Index']}"
            api("POST", change, {**found["Spec"], "Labels": labels})
        if time.monotonic() > deadline:
            raise AssertionError(found)
    return name


def updated(test: unittest.TestCase) -> str:
    """A service with a virtual address whose update has ended, with what it had before."""
    name = unique("service")
    test.addCleanup(remove_when_free, f"/networks/{name}-net")
    test.addCleanup(remove, f"/services/{name}")
    network = api("POST", "/networks/create", {"Name": f"{name}-net", "Driver": "overlay"})["Id"]
    body = spec(name)
    body["TaskTemplate"]["Networks"] = [{"Target": network}]
    create({**body, "UpdateConfig": {"Parallelism": 1, "Monitor": 1_000_000}})
    wait_until_it_runs(name)
    deadline = time.monotonic() + 60
    while inspect(name).get("UpdateStatus", {}).get("State") != "completed":
        if time.monotonic() > deadline:
            raise AssertionError(inspect(name))
        force(name)
        time.sleep(2)
    return name


def force(service: str) -> None:
    """Replaces its tasks, if nothing else changes it right now."""
    found = inspect(service)
    if found.get("UpdateStatus", {}).get("State") == "updating":
        return
    found["Spec"]["TaskTemplate"]["ForceUpdate"] += 1
    with suppress(RefusedError):
        api("POST", f"/services/{service}/update?version={found['Version']['Index']}", found["Spec"])


def job(test: unittest.TestCase) -> str:
    """A job that has ended well."""
    name = unique("service")
    test.addCleanup(remove, f"/services/{name}")
    body = spec(name, Command=["true"])
    body["TaskTemplate"]["RestartPolicy"] = {"Condition": "none"}
    create({**body, "Mode": {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}})
    while not any(task["Status"]["State"] == "complete" for task in tasks(name)):
        time.sleep(0.1)
    return name


def remove_when_free(path: str) -> None:
    """Removes what tasks use that are about to end."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return remove(path)
        except RefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def inspect(service: str) -> dict[str, Any]:
    """A service as the engine has it."""
    found: dict[str, Any] = api("GET", f"/services/{service}")
    return found


def tasks(service: str) -> list[dict[str, Any]]:
    """Its tasks, also those that have ended."""
    found: list[dict[str, Any]] = api("GET", "/tasks?filters=" + quote(json.dumps({"service": [service]})))
    return found


def running(service: str) -> list[dict[str, Any]]:
    """Its tasks that run."""
    return [task for task in tasks(service) if task["Status"]["State"] == "running"]


def wait_until_it_runs(service: str, count: int = 1) -> None:
    """Waits until so many of its tasks run."""
    deadline = time.monotonic() + 60
    while len(running(service)) != count:
        if time.monotonic() > deadline:
            raise AssertionError(json.dumps([task["Status"] for task in tasks(service)]))
        time.sleep(0.1)
