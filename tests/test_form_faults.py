"""A mistake in a form costs no request: not even one by which the guard looks at what a call would touch."""

from __future__ import annotations

import unittest
from typing import Any

from support.recording_proxy import RecordingProxy
from support.session import execute, given

# Parameters that are right one by one, and not together.
FAULTS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("exec_container", {"id": "web", "Cmd": "ls", "Detach": True, "stdin_text": "x"}, "leave Detach off"),
    (
        "copy_to_container",
        {"id": "web", "path": "/", "input": "Text", "value": "x", "unpack": "Yes", "filename": "a"},
        "filename names",
    ),
    (
        "copy_to_container",
        {"id": "web", "path": "/", "input": "Text", "value": "x", "unpack": "No", "mode": "9"},
        "mode must be octal",
    ),
    ("update_node", {"id": "node"}, "must be given"),
    ("update_swarm", {}, "must be given"),
    ("rotate_join_tokens", {"rotateWorkerToken": False, "rotateManagerToken": False}, "must be on"),
    ("update_secret", {"id": "a"}, "must be given"),
    ("update_config", {"id": "a"}, "must be given"),
    ("update_service", {"id": "web"}, "no setting is given"),
    ("create_service", {"name": "a", "image": "b", "mode": "Global", "replicas": 2}, "mode is global"),
    ("push_image", {"name": "a@sha256:" + "0" * 64}, "a digest is given"),
    ("push_image", {"name": "a:1", "all_tags": True}, "all_tags pushes every tag"),
    ("pull_image", {"fromImage": "a", "fromSrc": "http://b"}, "exactly one of"),
    ("pull_image", {"fromImage": "a:1", "all_tags": True}, "all_tags pulls every tag"),
    ("build_image", {"dockerfile_content": "FROM a", "remote": "http://b"}, "exactly one of"),
    ("build_image", {"dockerfile_content": "FROM a", "version": "2"}, "BuildKit"),
    ("prune_build_cache", {"keep_storage": 1, "reserved_space": 1}, "mean the same"),
    ("create_network", {"Name": "a", "Subnet": "10.0.0.0/8", "Gateway": "192.168.0.1"}, "none of the subnets"),
    ("stop_container", {"id": "web", "t": "soon"}, "t must be a whole number"),
)


class FormFaults(unittest.TestCase):
    """With protected containers, so that every change is looked at before it is made."""

    def test_nothing_is_sent(self) -> None:
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            config = {
                "protocol": "UNIX",
                "server_address": proxy.socket,
                "protected_containers": "label=fortisoar.protect=true",
            }
            for operation, params, said in FAULTS:
                with self.subTest(operation=operation, said=said):
                    with self.assertRaisesRegex(Exception, rf"\[invalid_parameters\] {operation}: .*{said}"):
                        execute(config, operation, **params)
                    self.assertEqual([], [request.target for request in proxy.requests])


if __name__ == "__main__":
    unittest.main()
