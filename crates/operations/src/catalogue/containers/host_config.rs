//! Parameters of a container's `HostConfig`: its ties to the host, and what it may do there.

use crate::{
    Notation, Param, Secrecy,
    catalogue::containers::resources,
    declare::param::{all_within, choice, flag, lines, list, map, notation, objects, signed, text},
};

/// The object of the body that holds them.
pub(crate) const HOST_CONFIG: &str = "HostConfig";

/// What most containers set.
pub(crate) const COMMON: &[Param] = &all_within(
    HOST_CONFIG,
    [
        notation("ports", Notation::Ports)
            .title("Ports")
            .about("Ports to publish, such as 8080:80/tcp or 127.0.0.1:5353:53/udp. Ranges and JSON are accepted, too.")
            .wire("PortBindings"),
        lines("Binds").open()
            .title("Binds")
            .about("Folders or volumes to mount, one on each line, such as /host:/container:ro or volume:/container."),
        objects("Mounts").secret(Secrecy::Within)
            .title("Mounts")
            .about("Mounts, as a JSON list such as [{\"Type\": \"volume\", \"Source\": \"data\", \"Target\": \"/data\"}]."),
        text("NetworkMode")
            .title("Network")
            .about("The network to join: a network's name, bridge, host, none, or container:NAME."),
        flag("Privileged").title("Privileged").about("Give the container all capabilities and devices of the host."),
        flag("ReadonlyRootfs").title("Read-Only").about("Mount the root filesystem read-only. Only mounts can be written to."),
        list("CapAdd").title("Add Capabilities").about("Linux capabilities to add, such as NET_ADMIN, or ALL."),
        list("CapDrop").title("Drop Capabilities").about("Linux capabilities to drop, such as NET_RAW, or ALL."),
        lines("SecurityOpt").open()
            .title("Security Options")
            .about("Security options, one on each line, such as no-new-privileges, seccomp=unconfined or apparmor=PROFILE."),
    ],
);

/// What it may use.
pub(crate) const PUBLISHED_RESOURCES: &[Param] = &all_within(HOST_CONFIG, resources::PUBLISHED);
pub(crate) const FURTHER_RESOURCES: &[Param] = &all_within(HOST_CONFIG, resources::FURTHER);

/// What only a container has that is kept.
pub(crate) const KEPT: &[Param] = &all_within(
    HOST_CONFIG,
    [
        resources::RESTART_POLICY,
        flag("AutoRemove").title("Auto Remove").about("Let the engine remove the container when it exits."),
    ],
);

const CGROUP_NAMESPACES: &[(&str, &str)] = &[("Private", "private"), ("Host", "host")];

/// What few containers set.
pub(crate) const RARE: &[Param] = &all_within(
    HOST_CONFIG,
    [
        notation("Tmpfs", Notation::Tmpfs)
            .title("Tmpfs")
            .about("Folders in memory (tmpfs), one on each line, such as /run:rw,size=64m."),
        notation("Ulimits", Notation::Ulimits)
            .title("Ulimits")
            .about("Limits for the container's processes, such as nofile=1024:2048."),
        notation("Devices", Notation::Devices)
            .title("Devices")
            .about("Devices of the host, such as /dev/fuse or /dev/sda:/dev/xvda:r."),
        lines("DeviceCgroupRules")
            .open()
            .title("Device Rules")
            .about("Cgroup rules for devices, one on each line, such as c 13:* rwm."),
        objects("DeviceRequests").secret(Secrecy::Within).title("Device Requests").about(
            "Devices that drivers provide, such as GPUs: [{\"Count\": -1, \"Capabilities\": [[\"gpu\"]]}].",
        ),
        text("log_driver")
            .title("Log Driver")
            .about("The log driver for the container's output, such as json-file or none.")
            .wire("LogConfig.Type"),
        map("log_options")
            .secret(Secrecy::Values)
            .title("Log Options")
            .about("Options of the log driver, such as max-size=10m.")
            .wire("LogConfig.Config"),
        flag("PublishAllPorts")
            .title("Publish All Ports")
            .about("Publish each exposed port on a free port of the host."),
        list("Dns").title("DNS Servers").about("IP addresses of DNS servers."),
        list("DnsOptions").title("DNS Options").about("Options of the resolver, such as ndots:2."),
        list("DnsSearch").title("DNS Search Domains").about("DNS search domains, such as example.com."),
        lines("ExtraHosts")
            .open()
            .title("Extra Hosts")
            .about("Entries for the container's hosts file, such as name:10.0.0.1."),
        lines("Links").open().title("Links").about("Other containers to link to, such as name:alias."),
        list("VolumesFrom")
            .title("Volumes From")
            .about("Containers whose volumes this one mounts, such as name:ro."),
        text("VolumeDriver").title("Volume Driver").about("The driver that creates the container's volumes."),
        list("GroupAdd").title("Add Groups").about("Additional groups of the container's user."),
        flag("Init")
            .title("Init")
            .about("Run a small init as the first process. It forwards signals and reaps processes."),
        notation("ShmSize", Notation::Size)
            .title("Shared Memory")
            .about("The size of /dev/shm, such as 64m."),
        map("Sysctls")
            .open()
            .title("Sysctls")
            .about("Kernel parameters of the container's namespaces, such as net.core.somaxconn=1024."),
        map("StorageOpt")
            .open()
            .title("Storage Options")
            .about("Options of the storage driver, such as size=10G."),
        text("Runtime").title("Runtime").about("The OCI runtime, such as runc."),
        text("PidMode").title("PID Namespace").about("host, or container:NAME."),
        text("IpcMode").title("IPC Namespace").about("none, private, shareable, host, or container:NAME."),
        text("UTSMode").title("UTS Namespace").about("The UTS namespace: host shares the host's name."),
        text("UsernsMode")
            .title("User Namespace")
            .about("The user namespace: host turns off the engine's remapping of users."),
        choice("CgroupnsMode", CGROUP_NAMESPACES)
            .title("Cgroup Namespace")
            .about("The cgroup namespace: private, or the host's.")
            .since(1, 41),
        text("CgroupParent").title("Cgroup Parent").about("The parent cgroup of the container's own."),
        signed("MemorySwappiness")
            .title("Memory Swappiness")
            .about("How readily the kernel swaps out the container's memory, from 0 to 100."),
        flag("OomKillDisable")
            .title("OOM Kill Disable")
            .about("Do not let the kernel kill the container when memory runs out."),
        signed("OomScoreAdj")
            .title("OOM Score")
            .about("How readily the kernel kills the container when memory runs out, from -1000 to 1000."),
        map("Annotations")
            .secret(Secrecy::Values)
            .title("Annotations")
            .about("Metadata for the runtime: lines of name=value, or JSON.")
            .since(1, 43),
        notation("Umask", Notation::Umask)
            .title("Umask")
            .about("The umask, in octal, such as 0027. It also applies to exec and health checks.")
            .since(1, 56),
    ],
);

/// Weights and limits by device.
pub(crate) const BY_DEVICE: &[Param] = &all_within(HOST_CONFIG, resources::BY_DEVICE);
