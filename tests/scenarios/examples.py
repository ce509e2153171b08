"""Runs each operation on a real engine and records its result, for the reference.

    python3 tests/scenarios/examples.py FILE

`cargo xtask examples` runs it, on a private engine with a registry. The calls tell one story, in order. Results are
shortened, and what tells of the machine is put away.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support import configurations, registry, results
from support.engine import IMAGE, api
from support.session import PACKAGE, execute

DOCKERFILE = f"FROM {IMAGE}\nCMD echo ready; echo 'no cache yet' >&2; touch /tmp/started; sleep 3600"
REMOTE = f"{registry.ADDRESS}/shop/web"
CONFIG = {
    **configurations.over_unix(),
    "registry_server": registry.ADDRESS,
    "registry_username": registry.USERNAME,
    "registry_password": registry.PASSWORD,
}
# What no engine here can do.
OUT_OF_REACH = {"update_volume"}
LONGEST_TEXT = 160
MOST_ITEMS = 2
MOST_DIGITS = 4
DEEPEST_EMPTY = 1

Given = dict[str, Any]
# An operation and what it is given; a function may use the results before it.
Call = tuple[str, "Given | Callable[[dict[str, Any]], Given]"]

CALLS: list[Call] = [
    ("ping", {}),
    ("get_version", {}),
    ("get_info", {}),
    ("create_network", {"Name": "shop", "Labels": "team=shop"}),
    ("list_networks", {"filters": "name=shop"}),
    ("create_volume", {"Name": "shop-data", "Labels": "team=shop"}),
    ("list_volumes", {"filters": "name=shop-data"}),
    ("inspect_volume", {"name": "shop-data"}),
    ("build_image", {"dockerfile_content": DOCKERFILE, "t": "shop/web:1.0", "labels": "team=shop"}),
    ("list_images", {"filters": "reference=shop/web"}),
    ("inspect_image", {"name": "shop/web:1.0"}),
    ("image_history", {"id": "shop/web:1.0"}),
    ("tag_image", {"name": "shop/web:1.0", "repo": REMOTE, "tag": "1.0"}),
    ("check_registry_credentials", {"registry_server": registry.ADDRESS}),
    ("push_image", {"name": f"{REMOTE}:1.0"}),
    ("inspect_distribution", {"name": f"{REMOTE}:1.0"}),
    ("pull_image", {"fromImage": f"{REMOTE}:1.0"}),
    (
        "create_container",
        {"name": "web", "image": "shop/web:1.0", "Binds": "shop-data:/data", "Labels": "team=shop", "Init": True},
    ),
    ("start_container", {"id": "web"}),
    ("wait_for_state", {"id": "web", "state": "running", "timeout": 30}),
    ("connect_network", {"id": "shop", "Container": "web", "Aliases": "www"}),
    ("inspect_network", {"id": "shop"}),
    ("list_containers", {"filters": "label=team=shop"}),
    ("inspect_container", {"id": "web"}),
    ("container_logs", {"id": "web", "tail": 100}),
    ("container_stats", {"id": "web"}),
    ("list_processes", {"id": "web"}),
    ("exec_container", {"id": "web", "Cmd": "ls -l /data"}),
    ("container_changes", {"id": "web"}),
    ("stat_path", {"id": "web", "path": "/etc/passwd"}),
    ("copy_to_container", {"id": "web", "input": "Text", "value": "on", "filename": "flag", "path": "/data"}),
    ("copy_from_container", {"id": "web", "path": "/data/flag"}),
    ("container_export", {"id": "web"}),
    ("container_attach", {"id": "web", "logs": True, "timeout": 1}),
    ("container_commit", {"id": "web", "repo": "evidence/web", "tag": "1"}),
    ("update_container", {"id": "web", "PidsLimit": 200}),
    ("pause_container", {"id": "web"}),
    ("unpause_container", {"id": "web"}),
    ("restart_container", {"id": "web", "t": 5}),
    ("rename_container", {"id": "web", "name": "web-old"}),
    ("disconnect_network", {"id": "shop", "Container": "web-old"}),
    ("stop_container", {"id": "web-old", "t": 5}),
    ("container_wait", {"id": "web-old"}),
    ("remove_container", {"id": "web-old"}),
    ("run_container", {"image": IMAGE, "Cmd": "sh -c 'echo done; exit 3'"}),
    ("save_images", {"names": "shop/web:1.0"}),
    ("load_images", lambda before: {"attachment": before["save_images"]["@id"].rpartition("/")[2]}),
    ("remove_image", {"name": "evidence/web:1"}),
    ("remove_volume", {"name": "shop-data", "dry_run": True}),
    ("remove_network", {"id": "shop"}),
    ("system_events", {"since": "10m", "filters": "type=network"}),
    ("system_df", {}),
    ("call_api", {"method": "GET", "path": "/containers/json", "query": "all=true"}),
    ("prune_containers", {"dry_run": True}),
    ("prune_images", {"filters": "label=team=shop"}),
    ("prune_networks", {}),
    ("prune_volumes", {"dry_run": True}),
    ("prune_build_cache", {}),
]


def main() -> None:
    shown = [entry["operation"] for entry in PACKAGE.info["operations"] if entry["visible"]]
    recorded: dict[str, Any] = {}
    results_of: dict[str, Any] = {}

    def record(operation: str, given: Given) -> None:
        result = execute({**CONFIG}, operation, **given)
        if found := results.faults(operation, given, result):
            raise AssertionError(f"{operation}: {found}")
        results_of[operation] = result
        recorded[operation] = {"params": given, "result": shortened(result)}

    index = registry.index()
    server = registry.Registry()
    try:
        for operation, given in CALLS:
            record(operation, given(results_of) if callable(given) else given)
            if operation == "start_container":
                time.sleep(1)  # it has something to say by then
        record("search_images", {"term": f"{index.address}/app"})
        console = {"Image": IMAGE, "Tty": True, "Cmd": ["sleep", "600"], "HostConfig": {"Init": True}}
        api("POST", "/containers/create?name=console", console)
        api("POST", "/containers/console/start")
        record("resize_container", {"id": "console", "h": 40, "w": 120})
        record("kill_container", {"id": "console"})
    finally:
        server.close()
        index.close()
    if missing := set(shown) - set(recorded) - OUT_OF_REACH:
        raise AssertionError(f"to be added to CALLS: {sorted(missing)}")
    write(Path(sys.argv[1]), {name: recorded[name] for name in shown if name in recorded})


def shortened(value: Any, depth: int = 0) -> Any:
    """A result with much left out: further items, the ends of long texts, digits that nobody reads, what is empty."""
    if isinstance(value, dict):
        parts = {name: shortened(part, depth + 1) for name, part in value.items()}
        return {name: part for name, part in parts.items() if depth < DEEPEST_EMPTY or part not in (None, "", [], {})}
    if isinstance(value, list):
        return [shortened(part, depth) for part in value[:MOST_ITEMS]]
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[:LONGEST_TEXT]}..."
    return round(value, MOST_DIGITS) if isinstance(value, float) else value


def write(path: Path, examples: dict[str, Any]) -> None:
    """Writes them, without what tells where they were made."""
    info = api("GET", "/info")
    text = json.dumps(examples, indent=1, ensure_ascii=False)
    for own, usual in (
        (info["DockerRootDir"], "/var/lib/docker"),
        (info["Name"], "engine"),
        (platform.node(), "engine"),
        (info["KernelVersion"], "6.1.0-28-amd64"),
        (tempfile.gettempdir() + "/local-host", "/tmp/fortisoar"),
    ):
        text = text.replace(own, usual)
    path.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
