"""What templates write into fields: understood, or refused by name before anything is sent. FIELD.md F30, F31, F38."""

from __future__ import annotations

import json
import re
import unittest
from typing import Any

from support import configurations
from support.case import OperationTestCase
from support.engine import IMAGE, api, api_version, container, network, remove, unique
from support.recording_proxy import RecordingProxy
from support.session import given

# No engine has it, so nothing is created; but the engine reads the body before it looks for it.
ABSENT = "fsr.test/absent:1"
# What a template can write where the API has another type.
WRONG: tuple[Any, ...] = (
    1.5,
    1e10,
    1e300,
    -1,
    70000,
    2**63,
    True,
    "",
    "None",
    "True",
    "1e3",
    "x,y=z",
    "{'a': None}",
    "['a', 1.0]",
    ["x", 1.0, None],
    [{"a": 1e3}],
    {"a": True, "A": 1.0},
)
OF_GO = re.compile(r"unmarshal|Go (struct|value)|strconv|int64|\bjson:")


class F30Types(OperationTestCase):
    """F30: no field of a body leads to an error of the engine's program."""

    def bodies(self) -> dict[str, list[str]]:
        """The fields that this engine has, as its own inspection tells them."""
        inspected = api("GET", f"/containers/{container(self)}/json")
        settings = inspected["NetworkSettings"]["Networks"]
        return {
            "additional_fields": sorted(inspected["Config"]),
            "HostConfig": sorted(inspected["HostConfig"]),
            "NetworkingConfig": sorted({name for place in settings.values() for name in place}),
        }

    def test_no_error_of_go(self) -> None:
        bodies = self.bodies()
        self.assertGreater(len(bodies["HostConfig"]), 40)
        for parameter, names in bodies.items():
            for name in names:
                for value in WRONG:
                    fields = {name: value}
                    if parameter == "NetworkingConfig":
                        fields = {"EndpointsConfig": {"bridge": fields}}
                    with self.subTest(parameter=parameter, field=name, value=value):
                        text = self.refusal("create_container", image=ABSENT, **{parameter: fields})
                        self.assertNotRegex(text, OF_GO)
                        if text.startswith("[invalid_parameters]"):
                            self.assertIn(name.lower(), text.lower())

    def test_every_parameter_of_a_creation(self) -> None:
        for name in ("Healthcheck", "Ulimits", "ports", "Mounts", "RestartPolicy", "Devices", "Tmpfs", "Env", "Labels"):
            for value in WRONG:
                with self.subTest(parameter=name, value=value):
                    text = self.refusal("create_container", image=ABSENT, **{name: value})
                    self.assertNotRegex(text, OF_GO)

    def test_a_network_and_an_update(self) -> None:
        made, net = container(self), network(self)
        for value in WRONG:
            # The name is taken, so nothing is created.
            for ipam in ({"Config": value}, {"Options": value}, {"Driver": value, "config": [{"Subnet": value}]}):
                with self.subTest(ipam=ipam):
                    self.assertNotRegex(self.refusal("create_network", Name=net, IPAM=ipam), OF_GO)
            for name in ("Memory", "CpuShares", "RestartPolicy", "Ulimits", "PidsLimit"):
                with self.subTest(update=name, value=value):
                    params = {"id": made, "additional_fields": {name: value}}
                    text = self.ending(configurations.over_unix(), "update_container", params)
                    self.assertNotRegex(text, OF_GO)

    def test_all_faults_at_once_and_nothing_is_sent(self) -> None:
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            text = self.refusal_with(
                configurations.over_unix(proxy.socket),
                "create_container",
                image="None",
                Healthcheck={"interval": "soon", "Retries": 1.5},
                HostConfig="{'Memory': 'much', 'memory': 1}",
                StopTimeout="NaN",
                Labels="a=1,b=2",
            )
            self.assertEqual([], proxy.requests)
        for name in (
            "image",
            "Healthcheck.Interval",
            "Healthcheck.Retries",
            "HostConfig.Memory",
            "StopTimeout",
            "Labels",
        ):
            self.assertIn(name, text)

    def test_what_is_no_json_is_named(self) -> None:
        for value in (float("nan"), float("inf"), "\ud800"):
            for params in ({"StopTimeout": value}, {"HostConfig": {"Memory": value}}):
                with self.subTest(params=params):
                    text = self.refusal("create_container", image=ABSENT, **params)
                    self.assertRegex(text, r"^\[invalid_parameters\] .*(StopTimeout|HostConfig) holds NaN")

    def test_what_templates_write_takes_effect(self) -> None:
        name = unique("values")
        self.addCleanup(remove, f"/containers/{name}?force=1")
        self.run_operation(
            "create_container",
            name=name,
            image=IMAGE,
            Cmd="('sleep', '60')",
            Labels="{'a': True, 'b': None, 'c': \"it's\", 'd': '\\x41\\u00e4'}",
            Healthcheck="{'test': 'true', 'interval': 1e10, 'Retries': '3'}",
            HostConfig={"memory": "64m", "pidsLimit": 100.0, "restartPolicy": "{'Name': 'no'}"},
            CpuShares="None",
        )
        made = api("GET", f"/containers/{name}/json")
        self.assertEqual(["sleep", "60"], made["Config"]["Cmd"])
        self.assertEqual({"a": "true", "b": "", "c": "it's", "d": "A\u00e4"}, made["Config"]["Labels"])
        self.assertEqual(10_000_000_000, made["Config"]["Healthcheck"]["Interval"])
        self.assertEqual((64 * 1024**2, 100), (made["HostConfig"]["Memory"], made["HostConfig"]["PidsLimit"]))


class F31OneLine(OperationTestCase):
    """F31: one line is split by one rule, or refused."""

    def test_options_of_a_volume(self) -> None:
        name = unique("values")
        options = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m,uid=1000"}
        for written in (options, json.dumps(options), str(options), "type=tmpfs\r\ndevice=tmpfs\no=size=1m,uid=1000\n"):
            with self.subTest(written=written):
                self.addCleanup(remove, f"/volumes/{name}")
                self.run_operation("create_volume", Name=name, DriverOpts=written)
                self.assertEqual(options, api("GET", f"/volumes/{name}")["Options"])
                remove(f"/volumes/{name}")
        text = self.refusal("create_volume", Name=name, DriverOpts="o=size=1m,uid=1000")
        self.assertRegex(text, r"DriverOpts must be .*line.*JSON")


class F38OneNetwork(OperationTestCase):
    """F38: a field of an endpoint changes the one network that is named."""

    def test_an_address_joins_no_other_network(self) -> None:
        name = unique("values")
        net, address = network(self), "92:d0:c6:0a:29:33"
        self.addCleanup(remove, f"/containers/{name}?force=1")
        params = {
            "name": name,
            "image": IMAGE,
            "Cmd": "sleep 60",
            "MacAddress": address,
            "NetworkingConfig": {"EndpointsConfig": {net: {}}},
        }
        if tuple(map(int, api_version().split("."))) < (1, 44):
            self.assertIn("NetworkMode", self.refusal("create_container", **params))
            params["NetworkMode"] = net
        self.run_operation("create_container", **params)
        self.run_operation("start_container", id=name)
        networks = api("GET", f"/containers/{name}/json")["NetworkSettings"]["Networks"]
        self.assertEqual({net: address}, {joined: its["MacAddress"] for joined, its in networks.items()})


if __name__ == "__main__":
    unittest.main()
