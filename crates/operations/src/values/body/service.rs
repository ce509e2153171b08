//! The types of a service's specification, which is the body of its creation and of its updates.

use super::{
    Type::{self, Bytes, Digits, Flag, List, Nanoseconds, Number, Object, Text, Words},
    fields::{FREE_TEXTS, HEALTHCHECK, INTEGER, MODE, MOUNT, NATURAL, OPTIONS, SMALL, TEXTS},
};

/// A service's specification. The maps in it are the user's own; an update replaces them as a whole.
pub(super) const SERVICE: &[(&str, Type)] = &[
    ("Name", Text),
    ("Labels", OPTIONS),
    ("TaskTemplate", Object(TASK)),
    (
        "Mode",
        Object(&[
            ("Replicated", Object(&[("Replicas", NATURAL)])),
            ("Global", Object(&[])),
            ("ReplicatedJob", Object(&[("MaxConcurrent", NATURAL), ("TotalCompletions", NATURAL)])),
            ("GlobalJob", Object(&[])),
        ]),
    ),
    ("UpdateConfig", Object(ROLLOUT)),
    ("RollbackConfig", Object(ROLLOUT)),
    ("Networks", List(&Object(ATTACHMENT))),
    ("EndpointSpec", Object(&[("Mode", Text), ("Ports", List(&Object(SERVICE_PORT)))])),
];

const ROLLOUT: &[(&str, Type)] = &[
    ("Parallelism", NATURAL),
    ("Delay", Nanoseconds),
    ("FailureAction", Text),
    ("Monitor", Nanoseconds),
    ("MaxFailureRatio", Number),
    ("Order", Text),
];

const ATTACHMENT: &[(&str, Type)] = &[("Target", Text), ("Aliases", TEXTS), ("DriverOpts", OPTIONS)];

const SERVICE_PORT: &[(&str, Type)] = &[
    ("Name", Text),
    ("Protocol", Text),
    ("TargetPort", SMALL),
    ("PublishedPort", SMALL),
    ("PublishMode", Text),
];

const TASK: &[(&str, Type)] = &[
    (
        "PluginSpec",
        Object(&[
            ("Name", Text),
            ("Remote", Text),
            ("Disabled", Flag),
            (
                "PluginPrivilege",
                List(&Object(&[("Name", Text), ("Description", Text), ("Value", FREE_TEXTS)])),
            ),
        ]),
    ),
    ("ContainerSpec", Object(SERVICE_CONTAINER)),
    ("NetworkAttachmentSpec", Object(&[("ContainerID", Text)])),
    (
        "Resources",
        Object(&[
            ("Limits", Object(&[("NanoCPUs", INTEGER), ("MemoryBytes", Bytes), ("Pids", INTEGER)])),
            (
                "Reservations",
                Object(&[
                    ("NanoCPUs", INTEGER),
                    ("MemoryBytes", Bytes),
                    (
                        "GenericResources",
                        List(&Object(&[
                            ("NamedResourceSpec", Object(&[("Kind", Text), ("Value", Text)])),
                            ("DiscreteResourceSpec", Object(&[("Kind", Text), ("Value", INTEGER)])),
                        ])),
                    ),
                ]),
            ),
            ("SwapBytes", Bytes),
            ("MemorySwappiness", INTEGER),
        ]),
    ),
    (
        "RestartPolicy",
        Object(&[
            ("Condition", Text),
            ("Delay", Nanoseconds),
            ("MaxAttempts", NATURAL),
            ("Window", Nanoseconds),
        ]),
    ),
    (
        "Placement",
        Object(&[
            ("Constraints", TEXTS),
            ("Preferences", List(&Object(&[("Spread", Object(&[("SpreadDescriptor", Text)]))]))),
            ("MaxReplicas", NATURAL),
            ("Platforms", List(&Object(&[("Architecture", Text), ("OS", Text)]))),
        ]),
    ),
    ("ForceUpdate", NATURAL),
    ("Runtime", Text),
    ("Networks", List(&Object(ATTACHMENT))),
    ("LogDriver", Object(&[("Name", Text), ("Options", OPTIONS)])),
];

const MOUNTED_FILE: Type = Object(&[("Name", Text), ("UID", Digits), ("GID", Digits), ("Mode", MODE)]);

const SERVICE_CONTAINER: &[(&str, Type)] = &[
    ("Image", Text),
    ("Labels", OPTIONS),
    ("Command", Words),
    ("Args", Words),
    ("Hostname", Text),
    ("Env", FREE_TEXTS),
    ("Dir", Text),
    ("User", Text),
    ("Groups", TEXTS),
    (
        "Privileges",
        Object(&[
            ("CredentialSpec", Object(&[("Config", Text), ("File", Text), ("Registry", Text)])),
            (
                "SELinuxContext",
                Object(&[("Disable", Flag), ("User", Text), ("Role", Text), ("Type", Text), ("Level", Text)]),
            ),
            ("Seccomp", Object(&[("Mode", Text), ("Profile", Text)])),
            ("AppArmor", Object(&[("Mode", Text)])),
            ("NoNewPrivileges", Flag),
        ]),
    ),
    ("TTY", Flag),
    ("OpenStdin", Flag),
    ("ReadOnly", Flag),
    ("Mounts", List(&Object(MOUNT))),
    ("StopSignal", Text),
    ("StopGracePeriod", Nanoseconds),
    ("Healthcheck", Object(HEALTHCHECK)),
    ("Hosts", TEXTS),
    ("DNSConfig", Object(&[("Nameservers", TEXTS), ("Search", TEXTS), ("Options", TEXTS)])),
    ("Secrets", List(&Object(&[("File", MOUNTED_FILE), ("SecretID", Text), ("SecretName", Text)]))),
    ("OomScoreAdj", INTEGER),
    (
        "Configs",
        List(&Object(&[
            ("File", MOUNTED_FILE),
            ("Runtime", Object(&[])),
            ("ConfigID", Text),
            ("ConfigName", Text),
        ])),
    ),
    ("Isolation", Text),
    ("Init", Flag),
    ("Sysctls", OPTIONS),
    ("CapabilityAdd", TEXTS),
    ("CapabilityDrop", TEXTS),
    ("Ulimits", List(&Object(&[("Name", Text), ("Soft", INTEGER), ("Hard", INTEGER)]))),
];
