"""One page on a container: what it says of each kind, with its facts, and nothing of a secret or of markup."""

from __future__ import annotations

import json
import random
import time
from typing import Any

from support.case import OperationTestCase
from support.engine import IMAGE, api, container, network, unique
from support.session import PACKAGE, execute

SECRET = "s3cr3t-value-of-the-environment"
HOSTILE = "<img src=x onerror=alert(1)> [a](http://evil.test) www.evil.test `x` **b** \u202e\n# h\n| a |"
KEYS = ["what", "since", "rights", "talks_to", "changed", "unusual", "next"]


class Explain(OperationTestCase):
    """On the real engine."""

    def explained(self, name: str) -> Any:
        result = self.run_operation("explain_container", id=name)
        self.assertEqual(KEYS, [section["key"] for section in result["sections"]])
        for section in result["sections"]:
            self.assertIn(f"## {section['title']}\n", result["markdown"])
            for sentence in section["sentences"]:
                self.assertTrue(sentence["facts"], sentence)
                self.assertTrue(all(fact["field"] for fact in sentence["facts"]), sentence)
        known = {entry["operation"] for entry in PACKAGE.info["operations"]}
        self.assertLessEqual({step["operation"] for step in result["next"]}, known)
        self.assertLess(result["requests"], 800)
        return result

    def said(self, result: Any, key: str) -> str:
        sentences = next(section["sentences"] for section in result["sections"] if section["key"] == key)
        return "\n".join(sentence["text"] for sentence in sentences)

    def fact(self, result: Any, field: str) -> str:
        facts = [
            fact["value"]
            for section in result["sections"]
            for sentence in section["sentences"]
            for fact in sentence["facts"]
            if fact["field"] == field
        ]
        self.assertTrue(facts, field)
        return str(facts[0])

    def wait_for_process(self, name: str, text: str) -> None:
        until = time.monotonic() + 10
        while text not in json.dumps(api("GET", f"/containers/{name}/top")["Processes"]):
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)

    def test_a_plain_web_container(self) -> None:
        port, shared = str(random.randrange(20000, 30000)), network(self)
        host = {"Init": True, "NetworkMode": shared, "PortBindings": {"80/tcp": [{"HostPort": port}]}}
        exposed: dict[str, Any] = {"80/tcp": {}}
        name = container(self, "httpd", "-f", "-p", "80", HostConfig=host, ExposedPorts=exposed)
        peer = container(self, HostConfig={"Init": True, "NetworkMode": shared})
        result = self.explained(name)
        self.assertEqual("unremarkable", result["assessment"])
        self.assertIn("Nothing unusual was found.", result["summary"])
        self.assertIn(f"runs image {IMAGE}", self.said(result, "what"))
        self.assertIn("Its main process is: httpd -f -p 80", self.said(result, "what"))
        self.assertIn(f"with container {peer}", self.said(result, "talks_to"))
        self.assertIn(f":{port}->80/tcp", self.said(result, "talks_to"))
        self.assertEqual(1, self.said(result, "talks_to").count(f":{port}->"))
        self.assertEqual(
            api("GET", f"/containers/{name}/json")["State"]["StartedAt"], self.fact(result, "State.StartedAt")
        )
        self.assertIn("No file differs", self.said(result, "changed"))

    def test_a_miner_with_a_foothold(self) -> None:
        miner = "printf '#!/bin/sh\\nsleep 600\\n' > /tmp/xmrig; chmod +x /tmp/xmrig"
        script = f"{miner}; echo x >> /etc/passwd; exec /tmp/xmrig"
        name = container(self, "sh", "-c", script, HostConfig={"Init": True, "RestartPolicy": {"Name": "always"}})
        self.wait_for_process(name, "/bin/sh /tmp/xmrig")
        made = api("POST", f"/containers/{name}/exec", {"Cmd": ["sh", "-c", "id > /tmp/who"]})
        api("POST", f"/exec/{made['Id']}/start", {"Detach": True})
        result = self.explained(name)
        self.assertEqual("suspicious", result["assessment"])
        self.assertIn("crypto miner", result["summary"])
        unusual = self.said(result, "unusual")
        for part in ("/tmp/xmrig", "sh -c id > /tmp/who", "/etc/passwd"):
            self.assertIn(part, unusual)
        self.assertIn("File /etc/passwd was changed: it says who may sign in.", self.said(result, "changed"))
        techniques = json.dumps([section["sentences"] for section in result["sections"]])
        for technique in ("T1496", "T1609", "T1078", "T1105"):
            self.assertIn(technique, techniques)
        self.assertEqual("isolate_container", result["next"][0]["operation"])
        self.assertIn("starts it again", self.said(result, "rights"))

    def test_a_container_that_leads_out(self) -> None:
        binds = ["/var/run/docker.sock:/var/run/docker.sock"]
        name = container(self, start=False, HostConfig={"Privileged": True, "Binds": binds})
        other = container(self)
        result = self.explained(name)
        self.assertEqual("risky", result["assessment"])
        self.assertIn("can take over the host", result["summary"])
        self.assertIn("It has never run.", self.said(result, "since"))
        self.assertIn("engine's socket", self.said(result, "rights"))
        self.assertIn("It can control or alter", self.said(result, "talks_to"))
        self.assertIn(other, self.fact(result, "find_related control"))
        self.assertNotIn("isolate_container", [step["operation"] for step in result["next"]])

    def test_one_that_ended_and_one_that_is_isolated(self) -> None:
        ended = container(self, "sh", "-c", "exit 3")
        api("POST", f"/containers/{ended}/wait")
        result = self.explained(ended)
        self.assertIn("with exit code 3", self.said(result, "since"))
        self.assertEqual("container_logs", result["next"][0]["operation"])
        name = container(self)
        execute(self.config, "isolate_container", id=name, case_id="INC-2041")
        self.addCleanup(execute, self.config, "release_container", id=name)
        result = self.explained(name)
        self.assertIn("isolated", result["summary"])
        self.assertIn("for case INC-2041", self.said(result, "since"))
        self.assertIn("release_container", [step["operation"] for step in result["next"]])

    def test_a_compose_service(self) -> None:
        labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
        result = self.explained(container(self, Labels=labels))
        self.assertIn("It is part of Compose project shop, service web.", self.said(result, "what"))

    def test_no_secret_is_shown(self) -> None:
        env = [f"API_TOKEN={SECRET}", f"OTHER={SECRET}2", "EMPTY=", "MODE=True"]
        command = f"sleep 600; : {SECRET} --password hunter22 https://me:hunter23@host/"
        name = container(self, "sh", "-c", command, Env=env)
        made = api("POST", f"/containers/{name}/exec", {"Cmd": ["true", f"--token={SECRET}", "DB_PASSWORD=hunter24"]})
        api("POST", f"/exec/{made['Id']}/start", {"Detach": True})
        result = self.explained(name)
        text = json.dumps(result)
        for secret in (SECRET, "hunter22", "hunter23", "hunter24"):
            self.assertNotIn(secret, text)
        self.assertIn("API_TOKEN", self.said(result, "rights"))
        self.assertIn("[redacted]", self.said(result, "what"))

    def test_hostile_texts_stay_texts(self) -> None:
        labels = {"com.docker.compose.project": HOSTILE, "com.docker.compose.service": HOSTILE}
        name = container(self, "sh", "-c", f"sleep 600 # {HOSTILE}", Labels=labels)
        page = self.explained(name)["markdown"]
        for line in page.splitlines():
            self.assertRegex(line, r"^($|#+ [A-Z]|- |[A-Za-z0-9])")
        for markup in ("<img", "](http", "http://", "\u202e", "**b**", " `x`", " www.evil"):
            for at in range(len(page)):
                if page.startswith(markup.strip(), at):
                    self.assertEqual("\\", page[at - 1], page[max(0, at - 30) : at + 30])

    def test_the_name_may_be_an_id(self) -> None:
        name = container(self, Labels={unique("label"): ""})
        full = api("GET", f"/containers/{name}/json")["Id"]
        self.assertEqual(full, self.explained(full[:12])["id"])
