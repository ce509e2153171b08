"""What a real case of an operation needs to be there: made on the private engine when the case names it, gone after it.

In a case's texts, `{running}` stands for the name of a container that runs, and so on: each method of `Scene` that does
not begin with an underscore is such a word. Within a case, a word is always the same thing.
"""

from __future__ import annotations

import importlib
import json
import random
import re
import tempfile
import time
import unittest
from contextlib import suppress
from typing import Any

from support import configurations, engine, plugin, registry, services, swarms
from support.engine import IMAGE, api, remove, unique
from support.second_engine import SecondEngine
from support.session import execute

_RECORDS = importlib.import_module("integrations.records")
_NODE = {"Role": "manager", "Availability": "active"}
_SIGNED_IN = {"registry_username": registry.USERNAME, "registry_password": registry.PASSWORD}


class Scene:
    """The things of one case."""

    def __init__(self, test: unittest.TestCase) -> None:
        self._test = test
        self._made: dict[str, str] = {}

    def fill(self, value: Any) -> Any:
        """A JSON value with the words in its texts replaced, also in names of fields."""
        text = re.sub(r"\{([a-z_]+)\}", lambda word: json.dumps(self[word[1]])[1:-1], json.dumps(value))
        return json.loads(text)

    def __getitem__(self, word: str) -> str:
        if word not in self._made:
            self._made[word] = getattr(self, word)()
        return self._made[word]

    # Containers

    def running(self) -> str:
        name = engine.container(self._test)
        self._test.addCleanup(_forget, name)
        return name

    def created(self) -> str:
        return engine.container(self._test, start=False)

    def secretive(self) -> str:
        """A container that does not run, with a password in its environment."""
        return engine.container(self._test, start=False, Env=["DB_PASSWORD=sup3r-s3cret"])

    def ended(self) -> str:
        """A container that has ended with exit code 3."""
        name = engine.container(self._test, "sh", "-c", "exit 3")
        api("POST", f"/containers/{name}/wait")
        return name

    def paused(self) -> str:
        name = engine.container(self._test)
        engine.pause(name)
        return name

    def writes(self) -> str:
        """A container that has written to both streams, and ended."""
        name = engine.container(self._test, "sh", "-c", "echo out; echo err >&2")
        api("POST", f"/containers/{name}/wait")
        return name

    def listens(self) -> str:
        """A container that repeats what it is told, and ends when that does."""
        return engine.container(self._test, "cat", OpenStdin=True, StdinOnce=True)

    def labelled(self) -> str:
        """A container that does not run, labelled with its own name."""
        name = unique("container")
        api("POST", f"/containers/create?name={name}", {"Image": IMAGE, "Labels": {name: "1"}})
        self._test.addCleanup(remove, f"/containers/{name}?force=1")
        return name

    def comes_back(self) -> str:
        """A running container that starts again when it ends."""
        policy = {"Name": "always"}
        return engine.container(self._test, HostConfig={"Init": True, "RestartPolicy": policy})

    def with_volume(self) -> str:
        """A container that does not run, with a volume that has no name of its own."""
        return engine.container(self._test, start=False, Volumes={"/data": {}})

    def equipped(self) -> str:
        """A running container, healthy soon, that has what a container may have on any engine."""
        in_memory = {"SizeBytes": 1 << 20, "Mode": 0o700}
        kept_in_memory = {"Name": "local", "Options": {"type": "tmpfs", "device": "tmpfs"}}
        alone = {"Propagation": "rprivate", "NonRecursive": True, "CreateMountpoint": True}
        host = {
            "Annotations": {"a": "1"},
            "Binds": [f"{self['memory_volume']}:/data:ro"],
            "CapAdd": ["NET_ADMIN"],
            "CapDrop": ["MKNOD"],
            "DeviceCgroupRules": ["c 1:3 r"],
            "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/none", "CgroupPermissions": "r"}],
            "Dns": ["127.0.0.1"],
            "DnsOptions": ["ndots:1"],
            "DnsSearch": ["test"],
            "ExtraHosts": ["other:127.0.0.1"],
            "GroupAdd": ["9"],
            "Init": True,
            "Links": [f"{self['running']}:linked"],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
            "Memory": 64 << 20,
            "Mounts": [
                {"Type": "tmpfs", "Target": "/memory", "TmpfsOptions": {**in_memory, "Options": [["noexec"]]}},
                {"Type": "bind", "Source": "/tmp", "Target": "/host", "BindOptions": alone},
                {
                    "Type": "volume",
                    "Source": self.new_volume(),
                    "Target": "/named",
                    "ReadOnly": True,
                    "Consistency": "default",
                    "VolumeOptions": {"NoCopy": True, "Labels": {"a": "1"}, "DriverConfig": kept_in_memory},
                },
            ],
            "PidsLimit": 100,
            "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]},
            "SecurityOpt": ["no-new-privileges"],
            "Sysctls": {"net.ipv4.ip_forward": "1"},
            "Tmpfs": {"/scratch": "size=1m"},
            "Ulimits": [{"Name": "nofile", "Soft": 1000, "Hard": 1000}],
            "VolumesFrom": [self["with_volume"]],
        }
        health = {"Test": ["CMD", "true"], "Interval": 1_000_000_000, "Timeout": 10_000_000_000, "Retries": 3}
        name = engine.container(
            self._test,
            *("sh", "-c", "echo 1 > /tmp/file; sleep 600"),
            Image=self["labelled_image"],
            User="0",
            HostConfig=host,
            Healthcheck={**health, "StartPeriod": 1_000_000, "StartInterval": 1_000_000_000},
            Entrypoint=["env"],
            Env=["A=1"],
            ExposedPorts={"80/tcp": {}},
            Hostname="web",
            Domainname="test",
            Labels={"a": "1"},
            OnBuild=["RUN true"],
            Shell=["/bin/sh", "-c"],
            StopSignal="SIGINT",
            StopTimeout=1,
            Volumes={"/other": {}},
            WorkingDir="/tmp",
        )
        while engine.state(name)["Health"]["Status"] == "starting":
            time.sleep(0.1)
        self._run("exec_container", id=name, Cmd="sleep 600", Detach=True)
        return name

    def on_the_host(self) -> str:
        """A running container that uses the host's network."""
        name = engine.container(self._test, HostConfig={"Init": True, "NetworkMode": "host"})
        self._test.addCleanup(_forget, name)
        return name

    def sharer(self) -> str:
        """A running container that uses the network of `running`."""
        return engine.container(self._test, HostConfig={"Init": True, "NetworkMode": f"container:{self['running']}"})

    def isolated(self) -> str:
        """A running container that was cut from its network, and the record of that."""
        return self._isolated(engine.container(self._test))

    def isolated_and_started_again(self) -> str:
        name = self._isolated(engine.container(self._test))
        api("POST", f"/containers/{name}/restart?t=0")
        return name

    def isolated_from_a_lost_network(self) -> str:
        """A running container that was cut from a network, which then was removed."""
        name = self._isolated(self["member"])
        remove(f"/networks/{self['network']}")
        return name

    def _isolated(self, name: str) -> str:
        self._test.addCleanup(_forget, name)
        self._run("isolate_container", id=name, method="Network")
        return name

    def new_container(self) -> str:
        """A name for a container that the case makes."""
        return self._new("container", "/containers/{}?force=1&v=1")

    def command(self) -> str:
        """A command with a terminal that is running in a container, by its id."""
        return self._command(self["running"])

    def ended_command(self) -> str:
        """A command that has ended with exit code 3, by its id."""
        return self._command(self["running"], "sh", "-c", "exit 3")

    # Networks and volumes

    def network(self) -> str:
        return engine.network(self._test)

    def labelled_network(self) -> str:
        """A network that nothing uses, labelled with its own name."""
        name = self._new("network", "/networks/{}")
        api("POST", "/networks/create", {"Name": name, "Labels": {name: "1"}})
        return name

    def member(self) -> str:
        """A running container in the case's network."""
        network, name = self["network"], self["running"]  # which is gone before the network
        api("POST", f"/networks/{network}/connect", {"Container": name})
        return name

    def ended_member(self) -> str:
        """A container that has ended, in the network `labelled_network`."""
        network, name = self["labelled_network"], self["ended"]
        api("POST", f"/networks/{network}/connect", {"Container": name})
        return name

    def addressed_network(self) -> str:
        """A network with addresses and options of its own."""
        name = self._new("network", "/networks/{}")
        subnet = f"10.{random.randrange(200, 250)}.{random.randrange(256)}"
        addresses = {
            "Subnet": f"{subnet}.0/24",
            "IPRange": f"{subnet}.128/25",
            "Gateway": f"{subnet}.1",
            "AuxiliaryAddresses": {"router": f"{subnet}.2"},
        }
        options = {"com.docker.network.bridge.enable_icc": "false"}
        given = {"Name": name, "Labels": {"a": "1"}, "Options": options}
        ipam = {"Driver": "default", "Options": {"a": "1"}, "Config": [addresses]}
        api("POST", "/networks/create", {**given, "Attachable": True, "IPAM": ipam})
        return name

    def new_network(self) -> str:
        """A name for a network that the case makes."""
        return self._new("network", "/networks/{}")

    def volume(self) -> str:
        """A volume, labelled with its own name."""
        name = self.new_volume()
        api("POST", "/volumes/create", {"Name": name, "Labels": {name: "1"}})
        return name

    def used_volume(self) -> str:
        """A volume that a container uses."""
        name = self.new_volume()
        engine.container(self._test, start=False, HostConfig={"Binds": [f"{name}:/data"]})
        return name

    def memory_volume(self) -> str:
        """A volume with options: it is in memory."""
        name = self.new_volume()
        options = {"type": "tmpfs", "device": "tmpfs"}
        api("POST", "/volumes/create", {"Name": name, "Labels": {name: "1"}, "DriverOpts": options})
        return name

    def new_volume(self) -> str:
        """A name for a volume that the case makes."""
        return self._new("volume", "/volumes/{}?force=1")

    # Images

    def image(self) -> str:
        return IMAGE

    def tagged(self) -> str:
        """A further name of the image."""
        return self._tag(f"fsr.test/{unique('image')}")

    def new_image(self) -> str:
        """A repository, for an image that the case makes."""
        repository = f"fsr.test/{unique('image')}"
        self._test.addCleanup(remove, f"/images/{repository}:1?force=1")
        return repository

    def used_image(self) -> str:
        """An image that a container was made from."""
        name = self["labelled_image"]
        engine.container(self._test, start=False, Image=name)
        return name

    def labelled_image(self) -> str:
        """An image that has all that images may have, labelled with its repository."""
        repository = self["new_image"]
        lines = [
            f"FROM {IMAGE}",
            f"LABEL {repository}=1",
            "ENV A=1",
            "EXPOSE 80",
            "VOLUME /data",
            "STOPSIGNAL SIGINT",
            'SHELL ["/bin/sh", "-c"]',
            "ONBUILD RUN true",
            "HEALTHCHECK --interval=1s --timeout=1s --start-period=1s --retries=3 CMD true",
            "USER nobody",
            "WORKDIR /tmp",
            "RUN touch /tmp/file",
            'ENTRYPOINT ["sh"]',
        ]
        name = f"{repository}:1"
        self._run("build_image", dockerfile_content="\n".join(lines), t=name, rm=True)
        return name

    def dangling(self) -> str:
        """An image without a name, labelled with this word."""
        label = unique("image")
        built = {"dockerfile_content": f"FROM {IMAGE}\nLABEL {label}=1", "rm": True}
        self._run("build_image", **built)
        return label

    # Registries

    def registry(self) -> str:
        return registry.ADDRESS

    def username(self) -> str:
        return registry.USERNAME

    def password(self) -> str:
        return registry.PASSWORD

    def to_push(self) -> str:
        """The image, under a name of the registry."""
        return self._tag(f"{registry.ADDRESS}/team/{unique('image')}")

    def pushed(self) -> str:
        """An image that the registry has, and the engine not."""
        name = self["to_push"]
        self._run("push_image", name=name, **_SIGNED_IN)
        remove(f"/images/{name}")
        return name

    def to_push_all(self) -> str:
        """The repository of `to_push`."""
        return self["to_push"].rpartition(":")[0]

    def pushed_all(self) -> str:
        """The repository of `pushed`."""
        return self["pushed"].rpartition(":")[0]

    def pulled(self) -> str:
        """An image that the engine has from the registry."""
        name = self["pushed"]
        self._run("pull_image", fromImage=name, **_SIGNED_IN)
        return name

    def index(self) -> str:
        """The address of an index that can be searched."""
        server = registry.index()
        self._test.addCleanup(server.close)
        return server.address

    # Other engines

    def experimental_engine(self) -> str:
        """The socket of another engine, with experimental features, that has a container `web`."""
        other = SecondEngine("--experimental").__enter__()
        self._test.addCleanup(other.stop)
        host = {"NetworkMode": "none", "Init": True}
        other.api("POST", "/containers/create?name=web", {"Image": IMAGE, "Cmd": ["sleep", "600"], "HostConfig": host})
        other.api("POST", "/containers/web/start")
        return other.socket

    # Swarm

    def swarm(self) -> str:
        """The engine is the only manager of a swarm, until `leave_swarm`: its node's id."""
        with suppress(engine.RefusedError):  # It is one already.
            api("POST", "/swarm/init", {"AdvertiseAddr": "127.0.0.1", "ListenAddr": "127.0.0.1:2477"})
        return str(api("GET", "/info")["Swarm"]["NodeID"])

    def lone_engine(self) -> str:
        """The socket of another engine, which is in no swarm."""
        other = SecondEngine().__enter__()
        self._test.addCleanup(other.stop)
        return other.socket

    def manager(self) -> str:
        """The socket of another engine, the only manager of a swarm without services."""
        self._swarm = swarms.Founded(self._test)
        return self._swarm.manager.socket

    def manager_node(self) -> str:
        """The node of `manager`."""
        self["manager"]
        return self._swarm.node

    def manager_address(self) -> str:
        """Where other engines reach `manager`."""
        self["manager"]
        return swarms.MANAGER_ADDRESS

    def join_token(self) -> str:
        """The token by which workers join the swarm of `manager`."""
        self["manager"]
        return self._swarm.worker_token

    def neighbor(self) -> str:
        """The socket of another engine, which is in no swarm and reaches `manager`."""
        self["manager"]
        return self._swarm.neighbor().socket

    def lost_node(self) -> str:
        """A node of the swarm of `manager` whose engine has left."""
        self["neighbor"]
        return self._swarm.lost()

    def locked_engine(self) -> str:
        """The socket of another engine, a manager that waits for `unlock_key`."""
        self._locked = swarms.Locked(self._test)
        return self._locked.engine.socket

    def unlock_key(self) -> str:
        """The key of `locked_engine`."""
        self["locked_engine"]
        return self._locked.key

    def node(self) -> str:
        """The node of `swarm`, which is active again after the case."""
        node = self["swarm"]
        self._test.addCleanup(swarms.set_availability, node, "active")
        return node

    def drained_service(self) -> str:
        """A service that has no task, since the node of `swarm` is drained."""
        name, node = self["service"], self["node"]
        swarms.set_availability(node, "drain")
        return name

    def service(self) -> str:
        """A service of the swarm whose one task runs."""
        self["swarm"]
        name = self.new_service()
        services.create({**services.spec(name), "Labels": {name: "1"}})
        services.wait_until_it_runs(name)
        return name

    def scaled_service(self) -> str:
        """The service `service`, which was scaled to two tasks since."""
        found = services.inspect(self["service"])
        spec = {**found["Spec"], "Mode": {"Replicated": {"Replicas": 2}}}
        api("POST", f"/services/{self['service']}/update?version={found['Version']['Index']}", spec)
        return self["service"]

    def stopped_service(self) -> str:
        """The service `service`, which was stopped since."""
        self._run("stop_service", id=self["service"])
        return self["service"]

    def writing_service(self) -> str:
        """A service whose one task has written to both streams."""
        name = self.new_service()
        services.create(services.spec(name, Command=["sh", "-c", "echo out; echo err >&2; sleep 600"]))
        services.wait_until_it_runs(name)
        time.sleep(1)  # until the engine has kept what it wrote
        return name

    def broken_service(self) -> str:
        """A service whose image nobody has."""
        name = self.new_service()
        services.create(services.spec(name, Image="fsr.test/nobody-has-this:1"))
        while not any(task["Status"]["State"] == "rejected" for task in services.tasks(name)):
            time.sleep(0.1)
        return name

    def updated_service(self) -> str:
        """A service with a virtual address whose update has ended."""
        self["swarm"]
        return services.updated(self._test)

    def job_service(self) -> str:
        """A job that has ended well."""
        self["swarm"]
        return services.job(self._test)

    def broken_task(self) -> str:
        """A task of `broken_service` that was rejected."""
        broken = self["broken_service"]
        return str(next(task["ID"] for task in services.tasks(broken) if task["Status"]["State"] == "rejected"))

    def job_task(self) -> str:
        """The task of `job_service`."""
        return str(services.tasks(self["job_service"])[0]["ID"])

    def writing_task(self) -> str:
        """The task of `writing_service`."""
        return str(services.running(self["writing_service"])[0]["ID"])

    def equipped_service(self) -> str:
        """A service that has all that services may have on this engine. Its one task runs."""
        node = self["swarm"]
        api("POST", f"/nodes/{node}/update?version={_version(f'/nodes/{node}')}", {**_NODE, "Labels": {"zone": "a"}})
        return services.equipped(self._test)

    def task(self) -> str:
        """The task of `service`, which runs."""
        return str(services.running(self["service"])[0]["ID"])

    def equipped_task(self) -> str:
        """The task of `equipped_service`."""
        return str(services.running(self["equipped_service"])[0]["ID"])

    def new_service(self) -> str:
        """A name for a service that the case makes."""
        self["swarm"]
        return self._new("service", "/services/{}")

    # Compose projects and stacks

    def project(self) -> str:
        """A Compose project: `web` depends on `db`, and `migrate` has ended."""
        name = unique("project")
        self._part(name, "db", "echo ready; exec sleep 600")
        self._part(name, "migrate", "echo migrated", depends_on="db:service_started:false")
        self._part(name, "web", "echo oops >&2; exec sleep 600", depends_on="db:service_started:false")
        time.sleep(1)
        return name

    def stopped_project(self) -> str:
        """A Compose project that does not run: `web` waits until `db` is healthy."""
        name = unique("project")
        self._part(name, "web", "sleep 600", depends_on="db:service_healthy:false", start=False)
        self._part(name, "db", "sleep 600", start=False, Healthcheck={"Test": ["CMD", "true"], "Interval": 10**9})
        return name

    def broken_project(self) -> str:
        """A Compose project that does not run, and whose `web` cannot."""
        name = unique("project")
        self._part(name, "db", "sleep 600", start=False)
        broken = {"Entrypoint": ["/no-such-program"], "HostConfig": {}}  # an init would start, and fail after that
        self._part(name, "web", "", depends_on="db:service_started:false", start=False, **broken)
        return name

    def silent_project(self) -> str:
        """A Compose project: `web` has written to its log, and `db` has a log that cannot be read."""
        name = unique("project")
        self._part(name, "web", "echo out; exec sleep 600")
        self._part(name, "db", "sleep 600", HostConfig={"Init": True, "LogConfig": {"Type": "none"}})
        time.sleep(1)
        return name

    def stack(self) -> str:
        """A stack of the swarm: one service, which runs."""
        self["swarm"]
        name = unique("stack")
        labels = {"com.docker.stack.namespace": name}
        self._test.addCleanup(remove, f"/services/{name}_web")
        services.create({**services.spec(f"{name}_web", Labels=labels), "Labels": labels})
        services.wait_until_it_runs(f"{name}_web")
        return name

    def stopped_stack(self) -> str:
        """A stack whose service was stopped."""
        self._run("stop_project", name=self["stack"])
        return self["stack"]

    def example_project(self) -> str:
        """The Compose project `shop`, with names as Compose gives them."""
        for service, depends_on in (("db", ""), ("web", "db:service_started:false")):
            made = self._part("shop", service, f"echo {service} is ready; exec sleep 600", depends_on=depends_on)
            api("POST", f"/containers/{made}/rename?name=shop-{service}-1")
            self._test.addCleanup(remove, f"/containers/shop-{service}-1?force=1")
        time.sleep(1)
        return "shop"

    def _part(
        self, project: str, service: str, script: str, *, depends_on: str = "", start: bool = True, **config: Any
    ) -> str:
        compose = "com.docker.compose"
        labels = {
            f"{compose}.project": project,
            f"{compose}.service": service,
            f"{compose}.container-number": "1",
            f"{compose}.oneoff": "False",
            f"{compose}.depends_on": depends_on,
            f"{compose}.project.config_files": "/srv/shop/compose.yml,/srv/shop/override.yml",
            f"{compose}.project.working_dir": "/srv/shop",
        }
        return engine.container(self._test, "sh", "-c", script, start=start, Labels=labels, **config)

    # Secrets and configs

    def secret(self) -> str:
        """A secret, labelled with its own name."""
        return self._data("secret")

    def config(self) -> str:
        """A config of the text `hello, world`, labelled with its own name."""
        return self._data("config")

    def binary_config(self) -> str:
        """A config whose data is no text."""
        return self._data("config", Data="AAH/")

    def templated_secret(self) -> str:
        """A secret in which the engine fills in placeholders."""
        return self._data("secret", Templating={"Name": "golang", "Options": {"a": "1"}})

    def templated_config(self) -> str:
        """A config in which the engine fills in placeholders."""
        return self._data("config", Templating={"Name": "golang", "Options": {"a": "1"}})

    def used_secret(self) -> str:
        """A secret that the case's service mounts as the file `key`."""
        return self._used("secret")

    def used_config(self) -> str:
        """A config that the case's service mounts as the file `key`."""
        return self._used("config")

    def new_secret(self) -> str:
        """A name for a secret that the case makes."""
        self["swarm"]
        return self._new("secret", "/secrets/{}")

    def new_config(self) -> str:
        """A name for a config that the case makes."""
        self["swarm"]
        return self._new("config", "/configs/{}")

    def _data(self, noun: str, **fields: Any) -> str:
        name: str = getattr(self, f"new_{noun}")()
        given = {"Name": name, "Labels": {name: "1"}, "Data": "aGVsbG8sIHdvcmxkCg==", **fields}
        api("POST", f"/{noun}s/create", given)
        return name

    def _used(self, noun: str) -> str:
        name = self._data(noun)  # which is gone after the service
        self._test.addCleanup(remove, f"/{noun}s/{name}-v2")
        service = api("GET", f"/services/{self['service']}")
        file = {"Name": "key", "UID": "0", "GID": "0", "Mode": 0o444}
        title = noun.capitalize()
        used = {"File": file, f"{title}ID": api("GET", f"/{noun}s/{name}")["ID"], f"{title}Name": name}
        spec = service["Spec"]
        spec["TaskTemplate"]["ContainerSpec"][f"{title}s"] = [used]
        api("POST", f"/services/{self['service']}/update?version={service['Version']['Index']}", spec)
        return name

    # Plugins

    def plugin(self) -> str:
        """A plugin that is disabled, and has all that plugins can have. Its name leads to the registry."""
        return self._plugin(plugin.equipped())

    def plain_plugin(self) -> str:
        """A plugin that is disabled, and can be enabled."""
        return self._plugin(plugin.tar())

    def enabled_plugin(self) -> str:
        """A plugin that is enabled."""
        name = self["plain_plugin"]
        api("POST", f"/plugins/{name}/enable?timeout=30")
        return name

    def plugin_volume(self) -> str:
        """A volume of an enabled plugin."""
        name, driver = unique("volume"), self["enabled_plugin"]
        self._test.addCleanup(remove, f"/volumes/{name}?force=1")
        api("POST", "/volumes/create", {"Name": name, "Driver": driver})
        return name

    def pushed_plugin(self) -> str:
        """A plugin that the registry has, and the engine not."""
        name = self["plain_plugin"]
        self._run("push_plugin", name=name, **_SIGNED_IN)
        remove(f"/plugins/{name}")
        return name

    def new_plugin(self) -> str:
        """A name for a plugin that the case makes."""
        return self._new("plugin", "/plugins/{}?force=1")

    def plugin_tar(self) -> str:
        """An attachment: a plugin."""
        return self._attached(plugin.tar(), "plugin.tar")

    # Files

    def exported(self) -> str:
        """An attachment: a container's files."""
        record = self._run("container_export", id=self["created"])
        return str(record["@id"])

    def saved(self) -> str:
        """An attachment: the image, under the name `tagged`."""
        return str(self._run("save_images", names=self["tagged"])["@id"])

    def evidence(self) -> str:
        """An attachment: evidence of a container."""
        record = self._run("collect_evidence", id=self["created"])["attachment"]
        return str(record["@id"])

    def text_file(self) -> str:
        """An attachment that is no archive."""
        return self._attached(b"text", "note.txt")

    def _plugin(self, tar: bytes) -> str:
        name = f"{registry.ADDRESS}/team/{unique('plugin')}:1"
        self._test.addCleanup(remove, f"/plugins/{name}?force=1")
        self._run("create_plugin", name=name, attachment=self._attached(tar, "plugin.tar"))
        return name

    def _attached(self, contents: bytes, filename: str) -> str:
        with tempfile.NamedTemporaryFile() as source:
            source.write(contents)
            source.flush()
            file = _RECORDS.create_file(source.name, filename)
        return str(_RECORDS.create_attachment(filename, file)["@id"])

    def _command(self, container: str, *command: str) -> str:
        given = {"Cmd": list(command or ("sleep", "600")), "Tty": True, "AttachStdin": True, "User": "0"}
        made: str = api("POST", f"/containers/{container}/exec", {**given, "DetachKeys": "ctrl-p"})["Id"]
        api("POST", f"/exec/{made}/start", {"Detach": True, "Tty": True})
        while command and api("GET", f"/exec/{made}/json")["Running"]:
            time.sleep(0.05)
        return made

    def _tag(self, repository: str) -> str:
        api("POST", f"/images/{IMAGE}/tag?repo={repository}&tag=1")
        self._test.addCleanup(remove, f"/images/{repository}:1")
        return f"{repository}:1"

    def _new(self, what: str, path: str) -> str:
        name = unique(what)
        self._test.addCleanup(remove, path.format(name))
        return name

    def _run(self, operation: str, **params: Any) -> Any:
        return execute(configurations.over_unix(), operation, **params)


def _forget(container: str) -> None:
    """Removes the record of a container's isolation, if there is one."""
    with suppress(engine.RefusedError):  # It has gone with its record.
        remove(f"/volumes/fortisoar-isolation-{api('GET', f'/containers/{container}/json')['Id']}")


def leave_swarm() -> None:
    """The engine is in no swarm any more, for the tests that follow."""
    with suppress(engine.RefusedError):
        api("POST", "/swarm/leave?force=1")


def _version(path: str) -> int:
    return int(api("GET", path)["Version"]["Index"])
