"""The health check: what it says in the log, for an administrator who looks there."""

from __future__ import annotations

import json
import logging
import time
import unittest
from contextlib import suppress

from support.case import OperationTestCase
from support.certificates import server
from support.configurations import Config, over_http, over_tls, over_unix
from support.nginx import Nginx
from support.raw_server import RawServer, says
from support.scripted_server import Answer, ScriptedServer
from support.session import CONNECTOR, PACKAGE, ConnectorError

LOGGER = f"connectors.{PACKAGE.name}"


class Health(OperationTestCase):
    def log(self, config: Config) -> list[str]:
        """What a check writes, at level INFO and above, whether it goes well or not."""
        with self.assertLogs(LOGGER, logging.INFO) as logged, suppress(ConnectorError):
            CONNECTOR.check_health({**config, "timeout": 5})
        return [record.getMessage() for record in logged.records]

    def engine(self, version: str, date: float) -> RawServer:
        """One that speaks up to this version, and believes in this time."""
        when = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(date))
        head = f"HTTP/1.1 200 OK\r\nApi-Version: {version}\r\nDate: {when}\r\nContent-Type: application/json\r\n"
        body = json.dumps({"Version": "99.1", "ApiVersion": version})
        answer = says(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        return RawServer(answer, ping=answer)

    def test_all_is_well(self) -> None:
        (line,) = self.log(over_unix())
        self.assertRegex(line, r"engine_version=\S+ api_version=1\.\d+ round_trip_milliseconds=\d+\.\d outcome=done$")

    def test_it_tells_how_things_are_now(self) -> None:
        """Whoever presses the button waits for no second try."""
        (line,) = self.log({**over_unix(), "server_address": "/nonexistent/docker.sock"})
        self.assertRegex(
            line, r"outcome=unreachable reason=no connection to .* There is no socket /nonexistent/docker.sock"
        )
        self.assertNotIn("tried", line)

    def test_plain_http(self) -> None:
        self.assertIn("protocol is HTTP: everything is sent in plain text", "\n".join(self.log(over_http())))

    def test_no_verification(self) -> None:
        with server("self-signed") as engine:
            config = {**over_tls(engine.address), "authentication_type": "None", "verify_ssl": False}
            self.assertIn("verify_ssl is off", "\n".join(self.log(config)))

    def test_a_version_that_one_side_does_not_know(self) -> None:
        with self.engine("1.77", time.time()) as newer:
            log = "\n".join(self.log(over_http(newer.address)))
            self.assertRegex(log, r"The engine speaks API 1\.77, and this connector was written for 1\.40 to 1\.56")
            self.assertIn("api_version=1.56", log)
            log = "\n".join(self.log({**over_http(newer.address), "api_version": "v1.60"}))
            self.assertRegex(log, r"api_version is 1\.60, and this connector was written for .*set it to Auto")
        log = "\n".join(self.log({**over_unix(), "api_version": "v1.99"}))
        self.assertRegex(
            log, r"outcome=unsupported reason=.*1\.99.*[Mm]aximum supported API version is .*api_version to Auto"
        )
        with ScriptedServer({}, api_version="1.12") as ancient:
            log = "\n".join(self.log(over_http(ancient.address)))
            self.assertRegex(log, r"outcome=unsupported reason=the engine speaks API 1\.12 at most.*Upgrade")

    def test_a_clock_that_is_off(self) -> None:
        for seconds, expected in ((7200, r"7(199|200|198) s ahead of"), (-7200, r"720[0-9] s behind")):
            with self.subTest(seconds), self.engine("1.41", time.time() + seconds) as engine:
                self.assertRegex(
                    "\n".join(self.log(over_http(engine.address))), f"clock .*is {expected} this machine's"
                )
        with self.engine("1.41", time.time() + 5) as engine:
            self.assertNotIn("clock", "\n".join(self.log(over_http(engine.address))))

    def test_a_proxy_stands_in_the_way(self) -> None:
        with Nginx("return 403;") as proxy:
            log = "\n".join(self.log(over_http(proxy.address)))
            self.assertRegex(
                log, r"outcome=forbidden reason=a proxy in front of the engine answered 403.*not the engine's"
            )

    def test_no_line_can_be_forged(self) -> None:
        refusal = Answer(403, {"message": "no\nINFO operation=check_health outcome=done"})
        with ScriptedServer({"GET /version": refusal}) as engine:
            (line,) = self.log(over_http(engine.address))
            self.assertNotIn("\n", line)


if __name__ == "__main__":
    unittest.main()
