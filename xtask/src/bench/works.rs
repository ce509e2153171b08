//! What is measured, by whom, how often, and what we aim at.

use super::peers::Peer::{
    self, Aiodocker, Bollard, Client, Connector, Curl, DockerPy, Published, Raw, RawRust,
};

/// A work that all its peers do, in turns.
pub(crate) struct Work {
    /// What `--only` calls it.
    pub(crate) name: &'static str,
    /// As the tables call it.
    pub(crate) title: &'static str,
    /// What the peers call it.
    pub(crate) word: &'static str,
    /// What follows its name, in the whole run and in a quick one.
    pub(crate) argument: [&'static str; 2],
    /// How many rounds, and how many times a peer does it in each; in the whole run and in a quick one.
    pub(crate) amount: [(usize, usize); 2],
    /// What the ratios are to.
    pub(crate) floor: Peer,
    /// Who does it, the floor included.
    pub(crate) peers: &'static [Peer],
    /// Those of them who take so long that two rounds must do.
    pub(crate) slow: &'static [Peer],
    /// What we aim at.
    pub(crate) goals: &'static [Goal],
    /// Whether memory is of interest.
    pub(crate) memory: bool,
}

/// A goal, which one run meets or misses.
pub(crate) enum Goal {
    /// So many times as long as another, at most.
    AtMost(f64, Peer, Peer),
    /// So many times faster than another, at least.
    Faster(f64, Peer, Peer),
    /// So many seconds, at most.
    Within(f64, Peer),
    /// So many bytes of memory above idle, at most; and in words.
    Memory(u64, &'static str, Peer),
}

const MIB: u64 = 1024 * 1024;

const CALLS: &[Peer] = &[Raw, Connector, DockerPy, Aiodocker, Published, RawRust, Client, Bollard];
const OBJECTS: &[Peer] = &[Raw, Connector, DockerPy, Aiodocker, Published, Client, Bollard];
const BULK: &[Peer] = &[Raw, Curl, Connector, DockerPy, Aiodocker, Published, Client, Bollard];

/// What works of small answers have in common.
const SMALL: Work = Work {
    name: "",
    title: "",
    word: "",
    argument: ["", ""],
    amount: [(100, 100), (20, 50)],
    floor: Raw,
    peers: CALLS,
    slow: &[],
    goals: &[],
    memory: false,
};

/// What works of much data have in common.
const LARGE: Work =
    Work { amount: [(5, 1), (3, 1)], floor: Curl, peers: BULK, slow: &[Published], memory: true, ..SMALL };

/// The works, in the order in which they are done.
pub(crate) const WORKS: &[Work] = &[
    Work {
        name: "ping",
        title: "`ping`, unix socket",
        word: "ping",
        goals: &[
            Goal::AtMost(1.3, Connector, Raw),
            Goal::AtMost(1.15, Client, RawRust),
            Goal::Faster(7.0, Connector, DockerPy),
        ],
        ..SMALL
    },
    Work {
        name: "ping-tls",
        title: "`ping`, mutual TLS",
        word: "ping_tls",
        amount: [(60, 50), (12, 20)],
        slow: &[Bollard],
        goals: &[Goal::AtMost(1.3, Connector, Raw), Goal::Faster(15.0, Connector, Published)],
        ..SMALL
    },
    Work {
        name: "list-200",
        title: "list 200 containers",
        word: "list",
        argument: ["200", "200"],
        amount: [(30, 5), (8, 3)],
        peers: OBJECTS,
        goals: &[Goal::AtMost(1.05, Connector, Raw)],
        ..SMALL
    },
    Work {
        name: "list-1000",
        title: "list 1,000 containers",
        word: "list",
        argument: ["1000", "1000"],
        amount: [(15, 3), (0, 0)],
        peers: OBJECTS,
        goals: &[Goal::AtMost(1.05, Connector, Raw)],
        ..SMALL
    },
    Work {
        name: "threads",
        title: "`ping` by 16 threads, time for each call",
        word: "threads",
        argument: ["16", "16"],
        amount: [(12, 1), (4, 1)],
        goals: &[Goal::AtMost(2.0, Connector, Raw), Goal::Faster(15.0, Connector, DockerPy)],
        ..SMALL
    },
    Work {
        name: "exec",
        title: "exec of `true`, three requests",
        word: "exec",
        amount: [(15, 2), (5, 1)],
        peers: OBJECTS,
        goals: &[Goal::AtMost(1.1, Connector, Raw)],
        ..SMALL
    },
    Work {
        name: "export",
        title: "export to an attachment file, hashed",
        word: "export",
        // aiodocker has no export.
        peers: &[Raw, Curl, Connector, DockerPy, Published, Client, Bollard],
        goals: &[Goal::AtMost(1.15, Connector, Curl), Goal::Memory(16 * MIB, "16 MiB", Connector)],
        ..LARGE
    },
    Work {
        name: "copy",
        title: "copy into a container",
        word: "copy",
        goals: &[Goal::AtMost(1.15, Connector, Curl), Goal::Memory(16 * MIB, "16 MiB", Connector)],
        ..LARGE
    },
    Work {
        name: "logs",
        title: "logs, demultiplexed and labeled",
        word: "logs",
        argument: ["67108864", "67108864"],
        amount: [(4, 1), (3, 1)],
        goals: &[
            Goal::AtMost(1.15, Connector, Curl),
            Goal::Memory((64 + 16) * MIB, "the cap (64 MiB) and 16 MiB", Connector),
        ],
        ..LARGE
    },
    Work {
        name: "evidence",
        title: "evidence of 2 GiB, in an archive with hashes",
        word: "evidence",
        floor: Raw,
        peers: &[Raw, Connector],
        slow: &[],
        goals: &[Goal::AtMost(1.15, Connector, Raw), Goal::Memory(16 * MIB, "16 MiB", Connector)],
        ..LARGE
    },
    Work {
        name: "audit",
        title: "audit the posture of everything: 1,000 containers (200 in a quick run), beside its requests, eight at a time",
        word: "audit",
        amount: [(8, 1), (4, 1)],
        peers: &[Raw, Connector],
        goals: &[Goal::AtMost(1.2, Connector, Raw)],
        ..SMALL
    },
    Work {
        name: "freeze",
        title: "pause 20 containers, one after another",
        word: "freeze",
        amount: [(10, 1), (3, 1)],
        peers: &[Raw, Connector],
        goals: &[Goal::Within(1.0, Connector)],
        ..SMALL
    },
    Work {
        name: "isolate",
        title: "isolate 20 containers in 2 networks each, one after another",
        word: "isolate",
        amount: [(5, 1), (2, 1)],
        peers: &[Raw, Connector],
        goals: &[Goal::AtMost(1.5, Connector, Raw)],
        ..SMALL
    },
];
