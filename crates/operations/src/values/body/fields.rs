//! The types of the fields of request bodies, from the Docker Engine API's description. What is not here passes as it is:
//! a newer engine, or Podman, can have further fields.

use super::{
    Type::{self, Bytes, Digits, Flag, Free, List, Map, Nanoseconds, Object, Text, Whole, Words},
    service::SERVICE,
};

pub(super) const INTEGER: Type = Whole(i64::MIN, i64::MAX);
pub(super) const NATURAL: Type = Whole(0, i64::MAX);
pub(super) const SMALL: Type = Whole(0, u16::MAX as i64);
pub(super) const MODE: Type = Whole(0, u32::MAX as i64);
pub(super) const TEXTS: Type = List(&Text);
/// Texts of the user's own, in which `None` can mean itself.
pub(super) const FREE_TEXTS: Type = List(&Free);
pub(super) const OPTIONS: Type = Map(&Free);
const SET: Type = Map(&Object(&[]));

/// The type of the body of a request to this path.
pub(super) fn of(path: &str) -> &'static Type {
    match path {
        "/containers/create" => &Object(CONTAINER),
        "/containers/{id}/update" => &Object(HOST_CONFIG),
        "/containers/{id}/exec" => &Object(EXEC),
        "/commit" => &Object(CONFIG),
        "/networks/create" => &Object(NETWORK),
        "/networks/{id}/connect" | "/networks/{id}/disconnect" => &Object(CONNECTION),
        "/volumes/create" => &Object(VOLUME),
        "/swarm/init" => &Object(SWARM_INIT),
        "/swarm/join" => &Object(SWARM_JOIN),
        "/swarm/update" => &Object(SWARM),
        "/nodes/{id}/update" => &Object(NODE),
        "/services/create" | "/services/{id}/update" => &Object(SERVICE),
        _ => &Type::Any,
    }
}

const CONTAINER: &[(&str, Type)] = &[
    ("HostConfig", Object(HOST_CONFIG)),
    ("NetworkingConfig", Object(&[("EndpointsConfig", Map(&Object(ENDPOINT)))])),
    ("Hostname", Text),
    ("Domainname", Text),
    ("User", Text),
    ("AttachStdin", Flag),
    ("AttachStdout", Flag),
    ("AttachStderr", Flag),
    ("ExposedPorts", SET),
    ("Tty", Flag),
    ("OpenStdin", Flag),
    ("StdinOnce", Flag),
    ("Env", FREE_TEXTS),
    ("Cmd", Words),
    ("Healthcheck", Object(HEALTHCHECK)),
    ("ArgsEscaped", Flag),
    ("Image", Text),
    ("Volumes", SET),
    ("WorkingDir", Text),
    ("Entrypoint", Words),
    ("NetworkDisabled", Flag),
    ("MacAddress", Text),
    ("OnBuild", FREE_TEXTS),
    ("Labels", OPTIONS),
    ("StopSignal", Text),
    ("StopTimeout", INTEGER),
    ("Shell", Words),
];

/// What an image keeps of a container's configuration: the same, without the host's part.
const CONFIG: &[(&str, Type)] = CONTAINER.split_at(2).1;

pub(super) const HEALTHCHECK: &[(&str, Type)] = &[
    ("Test", FREE_TEXTS),
    ("Interval", Nanoseconds),
    ("Timeout", Nanoseconds),
    ("StartPeriod", Nanoseconds),
    ("StartInterval", Nanoseconds),
    ("Retries", INTEGER),
];

const RATES: Type = List(&Object(&[("Path", Text), ("Rate", NATURAL)]));

const HOST_CONFIG: &[(&str, Type)] = &[
    ("CpuShares", INTEGER),
    ("Memory", Bytes),
    ("CgroupParent", Text),
    ("BlkioWeight", SMALL),
    ("BlkioWeightDevice", List(&Object(&[("Path", Text), ("Weight", SMALL)]))),
    ("BlkioDeviceReadBps", RATES),
    ("BlkioDeviceWriteBps", RATES),
    ("BlkioDeviceReadIOps", RATES),
    ("BlkioDeviceWriteIOps", RATES),
    ("CpuPeriod", INTEGER),
    ("CpuQuota", INTEGER),
    ("CpuRealtimePeriod", INTEGER),
    ("CpuRealtimeRuntime", INTEGER),
    ("CpusetCpus", Text),
    ("CpusetMems", Text),
    (
        "Devices",
        List(&Object(&[("PathOnHost", Text), ("PathInContainer", Text), ("CgroupPermissions", Text)])),
    ),
    ("DeviceCgroupRules", TEXTS),
    ("DeviceRequests", List(&Object(DEVICE_REQUEST))),
    ("KernelMemory", Bytes),
    ("KernelMemoryTCP", Bytes),
    ("MemoryReservation", Bytes),
    ("MemorySwap", Bytes),
    ("MemorySwappiness", INTEGER),
    ("NanoCpus", INTEGER),
    ("OomKillDisable", Flag),
    ("Init", Flag),
    ("PidsLimit", INTEGER),
    ("Ulimits", List(&Object(&[("Name", Text), ("Soft", INTEGER), ("Hard", INTEGER)]))),
    ("CpuCount", INTEGER),
    ("CpuPercent", INTEGER),
    ("IOMaximumIOps", NATURAL),
    ("IOMaximumBandwidth", NATURAL),
    ("Binds", TEXTS),
    ("ContainerIDFile", Text),
    ("LogConfig", Object(&[("Type", Text), ("Config", OPTIONS)])),
    ("NetworkMode", Text),
    ("PortBindings", Map(&List(&Object(&[("HostIp", Text), ("HostPort", Digits)])))),
    ("RestartPolicy", Object(&[("Name", Text), ("MaximumRetryCount", INTEGER)])),
    ("AutoRemove", Flag),
    ("VolumeDriver", Text),
    ("VolumesFrom", TEXTS),
    ("Mounts", List(&Object(MOUNT))),
    ("ConsoleSize", List(&NATURAL)),
    ("Annotations", OPTIONS),
    ("CapAdd", TEXTS),
    ("CapDrop", TEXTS),
    ("CgroupnsMode", Text),
    ("Dns", TEXTS),
    ("DnsOptions", TEXTS),
    ("DnsSearch", TEXTS),
    ("ExtraHosts", TEXTS),
    ("GroupAdd", TEXTS),
    ("IpcMode", Text),
    ("Cgroup", Text),
    ("Links", TEXTS),
    ("OomScoreAdj", INTEGER),
    ("PidMode", Text),
    ("Privileged", Flag),
    ("PublishAllPorts", Flag),
    ("ReadonlyRootfs", Flag),
    ("SecurityOpt", TEXTS),
    ("StorageOpt", OPTIONS),
    ("Tmpfs", OPTIONS),
    ("UTSMode", Text),
    ("UsernsMode", Text),
    ("ShmSize", Bytes),
    ("Sysctls", OPTIONS),
    ("Runtime", Text),
    ("Isolation", Text),
    ("MaskedPaths", TEXTS),
    ("ReadonlyPaths", TEXTS),
    ("Umask", MODE),
];

const DEVICE_REQUEST: &[(&str, Type)] = &[
    ("Driver", Text),
    ("Count", INTEGER),
    ("DeviceIDs", TEXTS),
    ("Capabilities", List(&TEXTS)),
    ("Options", OPTIONS),
];

pub(super) const MOUNT: &[(&str, Type)] = &[
    ("Target", Text),
    ("Source", Text),
    ("Type", Text),
    ("ReadOnly", Flag),
    ("Consistency", Text),
    (
        "BindOptions",
        Object(&[
            ("Propagation", Text),
            ("NonRecursive", Flag),
            ("CreateMountpoint", Flag),
            ("ReadOnlyNonRecursive", Flag),
            ("ReadOnlyForceRecursive", Flag),
        ]),
    ),
    (
        "VolumeOptions",
        Object(&[
            ("NoCopy", Flag),
            ("Labels", OPTIONS),
            ("DriverConfig", Object(&[("Name", Text), ("Options", OPTIONS)])),
            ("Subpath", Text),
        ]),
    ),
    ("ImageOptions", Object(&[("Subpath", Text)])),
    ("TmpfsOptions", Object(&[("SizeBytes", Bytes), ("Mode", MODE), ("Options", List(&FREE_TEXTS))])),
];

const ENDPOINT: &[(&str, Type)] = &[
    ("IPAMConfig", Object(&[("IPv4Address", Text), ("IPv6Address", Text), ("LinkLocalIPs", TEXTS)])),
    ("Links", TEXTS),
    ("MacAddress", Text),
    ("Aliases", TEXTS),
    ("DriverOpts", OPTIONS),
    ("GwPriority", INTEGER),
    ("NetworkID", Text),
    ("EndpointID", Text),
    ("Gateway", Text),
    ("IPAddress", Text),
    ("IPPrefixLen", INTEGER),
    ("IPv6Gateway", Text),
    ("GlobalIPv6Address", Text),
    ("GlobalIPv6PrefixLen", INTEGER),
    ("DNSNames", TEXTS),
];

const EXEC: &[(&str, Type)] = &[
    ("AttachStdin", Flag),
    ("AttachStdout", Flag),
    ("AttachStderr", Flag),
    ("ConsoleSize", List(&NATURAL)),
    ("DetachKeys", Text),
    ("Detach", Flag),
    ("Tty", Flag),
    ("Env", FREE_TEXTS),
    ("Cmd", FREE_TEXTS),
    ("Privileged", Flag),
    ("User", Text),
    ("WorkingDir", Text),
];

const NETWORK: &[(&str, Type)] = &[
    ("Name", Text),
    ("CheckDuplicate", Flag),
    ("Driver", Text),
    ("Scope", Text),
    ("EnableIPv4", Flag),
    ("EnableIPv6", Flag),
    (
        "IPAM",
        Object(&[
            ("Driver", Text),
            (
                "Config",
                List(&Object(&[
                    ("Subnet", Text),
                    ("IPRange", Text),
                    ("Gateway", Text),
                    ("AuxiliaryAddresses", OPTIONS),
                ])),
            ),
            ("Options", OPTIONS),
        ]),
    ),
    ("Internal", Flag),
    ("Attachable", Flag),
    ("Ingress", Flag),
    ("ConfigOnly", Flag),
    ("ConfigFrom", Object(&[("Network", Text)])),
    ("Options", OPTIONS),
    ("Labels", OPTIONS),
];

const CONNECTION: &[(&str, Type)] =
    &[("Container", Text), ("EndpointConfig", Object(ENDPOINT)), ("Force", Flag)];

const VOLUME: &[(&str, Type)] =
    &[("Name", Text), ("Driver", Text), ("DriverOpts", OPTIONS), ("Labels", OPTIONS)];

const SWARM_INIT: &[(&str, Type)] = &[
    ("ListenAddr", Text),
    ("AdvertiseAddr", Text),
    ("DataPathAddr", Text),
    ("DataPathPort", NATURAL),
    ("DefaultAddrPool", TEXTS),
    ("ForceNewCluster", Flag),
    ("SubnetSize", NATURAL),
    ("Availability", Text),
    ("Spec", Object(SWARM)),
];

const SWARM_JOIN: &[(&str, Type)] = &[
    ("ListenAddr", Text),
    ("AdvertiseAddr", Text),
    ("DataPathAddr", Text),
    ("RemoteAddrs", TEXTS),
    ("JoinToken", Free),
    ("Availability", Text),
];

const SWARM: &[(&str, Type)] = &[
    ("Name", Text),
    ("Labels", OPTIONS),
    ("Orchestration", Object(&[("TaskHistoryRetentionLimit", INTEGER)])),
    (
        "Raft",
        Object(&[
            ("SnapshotInterval", NATURAL),
            ("KeepOldSnapshots", NATURAL),
            ("LogEntriesForSlowFollowers", NATURAL),
            ("ElectionTick", INTEGER),
            ("HeartbeatTick", INTEGER),
        ]),
    ),
    ("Dispatcher", Object(&[("HeartbeatPeriod", Nanoseconds)])),
    (
        "CAConfig",
        Object(&[
            ("NodeCertExpiry", Nanoseconds),
            (
                "ExternalCAs",
                List(&Object(&[("Protocol", Text), ("URL", Text), ("Options", OPTIONS), ("CACert", Text)])),
            ),
            ("SigningCACert", Text),
            ("SigningCAKey", Free),
            ("ForceRotate", NATURAL),
        ]),
    ),
    ("EncryptionConfig", Object(&[("AutoLockManagers", Flag)])),
    ("TaskDefaults", Object(&[("LogDriver", Object(&[("Name", Text), ("Options", OPTIONS)]))])),
];

const NODE: &[(&str, Type)] = &[("Name", Text), ("Labels", OPTIONS), ("Role", Text), ("Availability", Text)];

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Whether each field of the description is in the table, with that type.
    fn agree(described: &Value, kind: &Type, at: &str) {
        match (described, kind) {
            (Value::String(word), _) if word == "any" => {}
            (Value::String(word), kind) => {
                let alike = match word.as_str() {
                    "string" => matches!(kind, Text | Free | Digits),
                    "boolean" => matches!(kind, Flag),
                    "integer" => matches!(kind, Whole(..) | Bytes | Nanoseconds),
                    "number" => matches!(kind, Type::Number),
                    "object" => matches!(kind, Object(_)),
                    other => panic!("{at} is {other}"),
                };
                assert!(alike, "{at} is {word}, not {kind:?}");
            }
            (Value::Array(_), Words) => {}
            (Value::Array(items), List(item)) => agree(&items[0], item, at),
            (Value::Object(fields), Map(item)) => agree(&fields["<key>"], item, at),
            (Value::Object(fields), Object(types)) => {
                for (name, field) in fields {
                    let known = types.iter().find(|(known, _)| known == name);
                    let (_, kind) = known.unwrap_or_else(|| panic!("{at}.{name} is missing"));
                    agree(field, kind, &format!("{at}.{name}"));
                }
            }
            // What the description leaves open.
            (Value::Object(fields), Text) if fields.is_empty() => {}
            (described, kind) => panic!("{at} is {described}, not {kind:?}"),
        }
    }

    #[test]
    fn the_table_agrees_with_the_api() {
        let description = include_str!("../../../../package/data/responses.json");
        let description: Value = serde_json::from_str(description).unwrap();
        let answer = |endpoint: &str| &description["responses"][endpoint]["200"];
        let container = answer("GET /containers/{id}/json");
        agree(&answer("GET /swarm")["Spec"], &Object(SWARM), "Spec of a swarm");
        agree(&answer("GET /nodes/{id}")["Spec"], &Object(NODE), "Spec of a node");
        agree(&container["Config"], &Object(CONFIG), "Config");
        agree(&container["HostConfig"], &Object(HOST_CONFIG), "HostConfig");
        agree(&container["NetworkSettings"]["Networks"], &Map(&Object(ENDPOINT)), "Networks");
        let mut service = answer("GET /services/{id}")["Spec"].clone();
        if let Some(container) = service["TaskTemplate"]["ContainerSpec"].as_object_mut() {
            // The description has it in another case than engines give it.
            let health = container.remove("HealthCheck").unwrap_or_default();
            container.insert("Healthcheck".into(), health);
        }
        agree(&service, &Object(SERVICE), "Spec");
        agree(
            &answer("GET /networks/{id}")["IPAM"],
            &Object(&[
                ("Driver", Text),
                (
                    "Config",
                    List(&Object(&[
                        ("Subnet", Text),
                        ("IPRange", Text),
                        ("Gateway", Text),
                        ("AuxiliaryAddresses", OPTIONS),
                    ])),
                ),
                ("Options", OPTIONS),
            ]),
            "IPAM",
        );
    }
}
