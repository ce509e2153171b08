"""What the local host says to requests that are not as they should be: always a fault of FortiSOAR's form, in words."""

from __future__ import annotations

import json
import os
import sys
import unittest
from typing import ClassVar

if "PYFSR" not in os.environ:
    raise unittest.SkipTest("there is no pyfsr for this Python")
sys.path.append(os.environ["PYFSR"])

from support.local_host import LocalHost


class Refusals(unittest.TestCase):
    host: ClassVar[LocalHost]

    @classmethod
    def setUpClass(cls) -> None:
        cls.host = LocalHost()
        cls.addClassCleanup(cls.host.close)

    def refused(self, status: int, method: str, path: str, body: object = None, **headers: str) -> str:
        """The message of a refusal with this status."""
        key = f"API-KEY {self.host.api_key}"
        answered, kind, text = self.host.request(method, path, body, Authorization=key, **headers)
        self.assertEqual((status, "application/json"), (answered, kind["content-type"]), text)
        message = json.loads(text)["message"]
        self.assertTrue(message)
        return str(message)

    def test_what_axum_refuses_is_a_fault_like_any_other(self) -> None:
        execute = "/api/integration/execute/"
        self.assertIn("connector", self.refused(422, "POST", execute, {"connector": 5}))
        self.assertIn("Content-Type", self.refused(415, "POST", execute, {}, Content_Type="text/plain"))
        self.refused(400, "GET", "/api/3/attachments/no-uuid")
        self.refused(405, "DELETE", execute)

    def test_a_package_that_is_none(self) -> None:
        none = self.host.folder / "none.tgz"
        none.write_text("no archive")
        with self.assertRaisesRegex(Exception, "cannot be read as a .tgz: not a gzip file") as refused:
            self.host.client().connectors.install_from_file(str(none), wait=True)
        self.assertNotIn(str(self.host.state), str(refused.exception))


if __name__ == "__main__":
    unittest.main()
