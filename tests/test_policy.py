"""What a configuration may do, by its access level and the operations that it allows: no name leads around it."""

from __future__ import annotations

import unittest
from typing import Any

from support.access import ACCESS, BLOCKED, WORST, PolicyTestCase, names, operations, required
from support.configurations import over_unix
from support.recorder import Recorder
from support.session import CONNECTOR, ConnectorError, execute

EFFECTS = {operation: effect for effect, operations in ACCESS.items() for operation in operations}
LEVELS = {
    "Full": {"read", "contain", "change", "destroy"},
    "Respond": {"read", "contain"},
    "Read Only": {"read"},
}
CATEGORIES = {
    "read": {"investigation"},
    "contain": {"containment", "investigation"},
    "change": {"remediation", "miscellaneous"},
    "destroy": {"remediation"},
}


class Levels(PolicyTestCase):
    """Each access level, by every operation."""

    def test_every_operation_is_entered(self) -> None:
        self.assertEqual(set(names()), set(EFFECTS), "to be entered in tests/data/access.json, or taken out")

    def test_categories_tell_the_effect(self) -> None:
        for name, operation in operations().items():
            if name != "call_api":
                self.assertIn(operation["category"], CATEGORIES[EFFECTS[name]], name)

    def test_every_operation_at_every_level(self) -> None:
        for level, allowed in LEVELS.items():
            for operation in names():
                with self.subTest(operation, level=level), Recorder("1.54", {}) as recorder:
                    config = {**over_unix(recorder.socket), "access_level": level, "timeout": 5}
                    text = ""
                    try:
                        CONNECTOR.execute(config, operation, required(operation))
                    except ConnectorError as error:
                        text = str(error)
                    if EFFECTS[operation] in allowed:
                        self.assertNotIn("blocked_by_policy", text)
                    else:
                        self.assertRegex(text, BLOCKED.format(f"access_level {level}"))
                        self.assertEqual([], recorder.requests)

    def test_a_dry_run_only_looks(self) -> None:
        rehearsed = [
            name
            for name, operation in operations().items()
            if any(field["name"] == "dry_run" for field in operation["parameters"])
        ]
        self.assertTrue({name for name, effect in EFFECTS.items() if effect == "destroy"} <= set(rehearsed))
        for operation in rehearsed:
            with self.subTest(operation), Recorder("1.54", {}) as recorder:
                config = {**over_unix(recorder.socket), "access_level": "Read Only"}
                CONNECTOR.execute(config, operation, {**required(operation), "dry_run": True})
                self.assertEqual({"GET"}, {request.method for request in recorder.requests})
                if EFFECTS[operation] != "read":
                    self.assert_blocked(config, operation, "access_level", **required(operation), dry_run=False)

    def test_attaching_without_input_only_looks(self) -> None:
        for operation in WORST:
            with Recorder("1.41", {}) as recorder:
                config = {**over_unix(recorder.socket), "access_level": "Read Only"}
                execute(config, operation, id="web")
                self.assertEqual("false", recorder.requests[-1].query["stdin"])

    def test_any_call_by_its_method(self) -> None:
        calls = (
            ("read", "GET", "/containers/json"),
            ("read", "HEAD", "/_ping"),
            ("change", "POST", "/containers/web/stop"),
            ("change", "post", "/networks/create"),
            ("change", "PUT", "/containers/web/archive"),
            ("destroy", "DELETE", "/containers/web"),
            ("destroy", "POST", "/containers/prune"),
            ("destroy", "POST", "/v1.41/images/prune"),
        )
        for level, allowed in LEVELS.items():
            for effect, method, path in calls:
                with self.subTest(path, level=level), Recorder("1.41", {}) as recorder:
                    config = {**over_unix(recorder.socket), "access_level": level}
                    if effect in allowed:
                        CONNECTOR.execute(config, "call_api", {"method": method, "path": path})
                    else:
                        self.assert_blocked(config, "call_api", f"access_level {level}", method=method, path=path)
                        self.assertEqual([], recorder.requests)

    def test_what_is_no_level_is_refused(self) -> None:
        for level in ("Everything", "full access", "admin", 7, ["Full"]):
            with self.subTest(level), Recorder("1.41", {}) as recorder:
                text = self.refusal_with({**over_unix(recorder.socket), "access_level": level}, "list_containers")
                self.assertRegex(text, r"^\[invalid_configuration\] list_containers: .*access_level")
                self.assertEqual([], recorder.requests)

    def test_the_health_check_is_always_allowed(self) -> None:
        for fields in ({"access_level": "Read Only"}, {"allowed_operations": "list_containers"}):
            self.assertIs(True, CONNECTOR.check_health({**over_unix(), **fields}))


class AllowedOperations(PolicyTestCase):
    """A list of the only operations that may run."""

    def test_only_those(self) -> None:
        for listed in (
            ["ping", "list_containers"],
            "ping, list_containers",
            "ping\nlist_containers",
            '["ping","list_containers"]',
        ):
            for operation in [*names(), "call_api"]:
                with self.subTest(operation, listed=listed), Recorder("1.54", {}) as recorder:
                    config = {**over_unix(recorder.socket), "allowed_operations": listed, "timeout": 5}
                    params = {"method": "GET", "path": "/info"} if operation == "call_api" else required(operation)
                    if operation in ("ping", "list_containers"):
                        CONNECTOR.execute(config, operation, params)
                    else:
                        self.assert_blocked(config, operation, "allowed_operations", **params)
                        self.assertEqual([], recorder.requests)

    def test_the_level_counts_too(self) -> None:
        config = {**over_unix(), "allowed_operations": "stop_container", "access_level": "Read Only"}
        self.assert_blocked(config, "stop_container", "access_level", id="web")

    def test_any_of_its_names(self) -> None:
        for listed in ("container_wait", "wait_container"):
            for operation in ("container_wait", "wait_container"):
                with Recorder("1.41", {}) as recorder:
                    execute({**over_unix(recorder.socket), "allowed_operations": listed}, operation, id="web")

    def test_none_is_all(self) -> None:
        nothing: tuple[Any, ...] = (None, "", [], "[]")
        for listed in nothing:
            self.assertEqual("OK", execute({**over_unix(), "allowed_operations": listed}, "ping")["response"])

    def test_a_slip_is_refused_and_opens_nothing(self) -> None:
        for listed in ("list_container", "ping, no_such", "*", ["ping", ""], " , "):
            with self.subTest(listed), Recorder("1.41", {}) as recorder:
                text = self.refusal_with({**over_unix(recorder.socket), "allowed_operations": listed}, "get_info")
                self.assertRegex(text, r"^\[(invalid_configuration|blocked_by_policy)\] get_info: .*allowed_operations")
                self.assertEqual([], recorder.requests)


if __name__ == "__main__":
    unittest.main()
