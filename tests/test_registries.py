"""F33: a file of credentials that another program wrote is used as far as it can be; nothing else fails for the rest.

What each form is read as, and what is sent, is in the unit tests of `images/registry/` and in
the wire cases of `data/operations/`.
"""

from __future__ import annotations

import base64
import json
import logging
import unittest
from typing import Any

from support import registry
from support.case import OperationTestCase
from support.configurations import Config, over_unix
from support.engine import IMAGE, remove, unique
from support.session import CONNECTOR, execute


def auth(text: str) -> dict[str, Any]:
    """An entry as `docker login` writes it."""
    return {"auth": base64.b64encode(text.encode()).decode().rstrip("=")}


SIGN_IN = auth(f"{registry.USERNAME}:{registry.PASSWORD}")
SECRET = "s3cret-of-another"
# Files with something odd in them: what the health check must say of it.
ODD: list[tuple[Any, str]] = [
    ({"auths": {"https://index.docker.io/v1/access-token": auth(f"u:{SECRET}")}}, "access-token"),
    ({"auths": {"https://index.docker.io/v1/refresh-token": auth(f"u:{SECRET}")}}, "refresh-token"),
    (
        {"auths": {"a.test": auth(f"u:{SECRET}"), "https://a.test/v1/": auth("u:other-word")}},
        "a.test is there more than",
    ),
    ({"auths": {"a.test": {}}}, "a.test has no credentials"),
    ({"auths": {"a.test": {}}, "credsStore": "desktop"}, "a.test is empty.*desktop"),
    ({"auths": {}, "credHelpers": {"a.test": "ecr-login"}}, "a.test .*docker-credential-ecr-login"),
    ({"auths": {}, "credsStore": "secretservice"}, "secretservice"),
    ({"auths": {}, "HttpHeaders": {"X-Token": SECRET}}, "HttpHeaders"),
    ({"auths": {"a.test": SECRET}}, "a.test is not an object"),
    ({"auths": {"a.test": None}}, "a.test is not an object"),
    ({"auths": {"a.test": {"auth": SECRET + "!"}}}, "a.test has an auth"),
    ({"a.test": {"username": "u"}}, "a.test has a username without"),
    ([{"server": "a.test", "password": SECRET}], "a.test has a password without"),
    ([SECRET], "not an object"),
    (f"{{broken {SECRET}", "must be JSON"),
    (SECRET, "must be JSON"),
]


class Odd(OperationTestCase):
    def warnings(self, config: Config) -> str:
        with self.assertLogs("connectors", logging.WARNING) as log:
            self.assertIs(True, CONNECTOR.check_health(config))
        return "\n".join(log.output)

    def test_nothing_else_fails_and_the_health_check_names_it(self) -> None:
        for file, expected in ODD:
            for given in (file, json.dumps(file)) if not isinstance(file, str) else (file,):
                with self.subTest(given):
                    config = {**over_unix(), "registries": given}
                    self.assertIn("ApiVersion", execute(config, "get_version"))
                    told = self.warnings(config)
                    self.assertRegex(told, f"registries.*{expected}")
                    self.assertNotIn(SECRET, told)
                    CONNECTOR.on_delete_config(config)

    def test_a_file_in_order_is_not_warned_of(self) -> None:
        config = {**over_unix(), "registries": {"auths": {"a.test": SIGN_IN}, "currentContext": "lab", "psFormat": "x"}}
        with self.assertLogs("connectors", logging.WARNING) as log:
            logging.getLogger("connectors").warning("the only one")  # Python 3.9 cannot assert that there is none
            self.assertIs(True, CONNECTOR.check_health(config))
        self.assertEqual(1, len(log.output), log.output)
        CONNECTOR.on_delete_config(config)

    def test_a_registry_beside_odd_entries_is_signed_in_to(self) -> None:
        server = registry.Registry()
        self.addCleanup(server.close)
        name = f"{registry.ADDRESS}/odd/{unique('image')}"
        self.run_operation("tag_image", name=IMAGE, repo=name, tag="1")
        self.addCleanup(remove, f"/images/{name}:1")
        odd: dict[str, Any] = {"a.test": {}, "b.test": SECRET, "https://index.docker.io/v1/access-token": SIGN_IN}
        for spelling in (registry.ADDRESS, f"http://{registry.ADDRESS}", f"https://{registry.ADDRESS}/v2/"):
            with self.subTest(spelling):
                config = {**over_unix(), "registries": {"auths": {**odd, spelling: SIGN_IN}, "credsStore": "x"}}
                self.assertEqual("done", execute(config, "push_image", name=f"{name}:1")["outcome"])
                CONNECTOR.on_delete_config(config)
        # No engine minds a number that is for a proxy, nor a registry that is only named.
        signed_in = {"server": registry.ADDRESS, "username": registry.USERNAME, "password": registry.PASSWORD}
        config = {**over_unix(), "registries": [{**signed_in, "registryId": 3}]}
        self.assertEqual("done", execute(config, "push_image", name=f"{name}:1")["outcome"])
        for registries, expected in (
            ({"auths": {registry.ADDRESS: {}}}, f"the entry for {registry.ADDRESS} has no credentials"),
            ({"auths": {registry.ADDRESS: auth("no-colon")}}, "an auth that is not base64"),
            ([{"server": registry.ADDRESS, "registryId": 3}], "named a registryId"),
            ({}, f"did not sign in at {registry.ADDRESS}: give registry_username"),
        ):
            with self.subTest(registries):
                for operation, params in (
                    ("push_image", {"name": f"{name}:1"}),
                    ("pull_image", {"fromImage": f"{name}:1"}),
                ):
                    text = self.refusal_with({**over_unix(), "registries": registries}, operation, **params)
                    self.assertRegex(text, rf"^\[unauthorized.*{expected}")


if __name__ == "__main__":
    unittest.main()
