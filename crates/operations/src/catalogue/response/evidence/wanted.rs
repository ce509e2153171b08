//! What is to be collected.

use std::time::Duration;

use crate::declare::arguments::Arguments;

/// What evidence there is, in the order in which it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the engine remembers of late, all containers together: 256 entries, and soon fewer.
    Events,
    Inspection,
    Processes,
    Statistics,
    Networks,
    Logs,
    /// The sockets of its network, by a probe.
    Sockets,
    /// Its processes' environments, maps and programs, by a probe.
    Programs,
    /// What lies in memory only, by a probe.
    TemporaryFiles,
    /// Which files differ from the image.
    Changes,
    /// The contents of its volumes.
    Volumes,
    /// Its own files, those of its image included.
    FileSystem,
    /// The image's description and history.
    Image,
    /// The image itself.
    ImageLayers,
}

/// How to get what the engine cannot show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probe {
    None,
    /// Commands in the container: its own programs run.
    Exec,
    /// A container beside it.
    Helper,
}

/// The kinds by their titles and words.
pub(super) const KINDS: &[(&str, &str)] = &[
    ("Events", "events"),
    ("Inspection", "inspection"),
    ("Processes", "processes"),
    ("Statistics", "statistics"),
    ("Networks", "networks"),
    ("Logs", "logs"),
    ("Sockets", "sockets"),
    ("Programs", "programs"),
    ("Temporary Files", "temporary-files"),
    ("Changes", "changes"),
    ("Volumes", "volumes"),
    ("File System", "file-system"),
    ("Image", "image"),
    ("Image Layers", "image-layers"),
];

pub(super) const PROBES: &[(&str, &str)] = &[("None", "none"), ("Exec", "exec"), ("Helper", "helper")];

impl Kind {
    const ALL: [Self; 14] = [
        Self::Events,
        Self::Inspection,
        Self::Processes,
        Self::Statistics,
        Self::Networks,
        Self::Logs,
        Self::Sockets,
        Self::Programs,
        Self::TemporaryFiles,
        Self::Changes,
        Self::Volumes,
        Self::FileSystem,
        Self::Image,
        Self::ImageLayers,
    ];

    /// What is gone when the container is stopped or cut off, or soon anyway.
    const VOLATILE: &[Self] = &[
        Self::Events,
        Self::Inspection,
        Self::Processes,
        Self::Statistics,
        Self::Networks,
        Self::Logs,
        Self::Sockets,
        Self::Programs,
        Self::TemporaryFiles,
        Self::Changes,
    ];

    /// Its word, in parameters, the manifest and the names of members.
    pub(crate) const fn word(self) -> &'static str {
        KINDS[self as usize].1
    }
}

/// What is to be collected of a container, and within which bounds.
#[derive(Debug, Clone)]
pub(crate) struct Wanted<'a> {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) paths: Vec<&'a str>,
    pub(crate) probe: Probe,
    pub(crate) helper_image: &'a str,
    /// In bytes.
    pub(crate) max_size: u64,
    pub(crate) time_limit: Duration,
    pub(crate) case_id: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    pub(crate) operator: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    /// What the parameters of `collect_evidence` ask for.
    pub(crate) fn of(arguments: &'a Arguments) -> Self {
        let named: Vec<&str> = arguments.texts("kinds").collect();
        let is_named = |kind: &Kind| named.contains(&kind.word());
        let kinds = Kind::ALL.into_iter().filter(|kind| match named.is_empty() {
            true => *kind != Kind::ImageLayers,
            false => is_named(kind),
        });
        Self {
            kinds: kinds.collect(),
            paths: arguments.texts("paths").collect(),
            probe: match arguments.text("probe") {
                Some("exec") => Probe::Exec,
                Some("helper") => Probe::Helper,
                _ => Probe::None,
            },
            helper_image: arguments.text("helper_image").unwrap_or_default(),
            max_size: arguments.integer("max_size").unwrap_or_default().saturating_mul(1024 * 1024),
            time_limit: Duration::from_secs(arguments.integer("time_limit").unwrap_or_default()),
            case_id: arguments.text("case_id"),
            reason: arguments.text("reason"),
            operator: arguments.text("operator"),
        }
    }

    /// What an isolation takes before it goes on: what is volatile, or all but the image's layers. No probe runs.
    pub(crate) fn for_isolation(is_full: bool, arguments: &'a Arguments) -> Self {
        let all = Kind::ALL.into_iter().filter(|kind| *kind != Kind::ImageLayers);
        Self {
            kinds: if is_full { all.collect() } else { Kind::VOLATILE.to_vec() },
            paths: Vec::new(),
            probe: Probe::None,
            helper_image: "",
            max_size: 4 << 30,
            time_limit: Duration::from_mins(30),
            case_id: arguments.text("case_id"),
            reason: arguments.text("reason"),
            operator: arguments.text("operator"),
        }
    }

    /// Whether this kind is wanted.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether files are copied, for which a running container is paused. A helper would be attacked by one that runs.
    pub(crate) fn copies_files(&self) -> bool {
        let copied = [Kind::Volumes, Kind::FileSystem].into_iter().any(|kind| self.has(kind));
        copied || !self.paths.is_empty() || self.probe == Probe::Helper && self.probes()
    }

    /// Whether anything is wanted that takes a probe.
    pub(crate) fn probes(&self) -> bool {
        [Kind::Sockets, Kind::Programs, Kind::TemporaryFiles].into_iter().any(|kind| self.has(kind))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{catalogue::find, run::validate::validated};

    #[test]
    fn each_kind_has_its_word() {
        assert_eq!(Kind::ALL.len(), KINDS.len());
        for (kind, (_, word)) in Kind::ALL.into_iter().zip(KINDS) {
            assert_eq!(kind.word(), *word);
        }
    }

    #[test]
    fn nothing_named_is_everything_but_the_layers() {
        let operation = find("collect_evidence").unwrap();
        let arguments = |given: serde_json::Value| validated(operation, given.as_object().unwrap()).unwrap();
        let all = arguments(json!({"id": "web"}));
        let wanted = Wanted::of(&all);
        assert!(wanted.kinds.len() == 13 && !wanted.has(Kind::ImageLayers) && wanted.copies_files());
        let some = arguments(json!({"id": "web", "kinds": "Logs, Events"}));
        let wanted = Wanted::of(&some);
        assert!(wanted.kinds == [Kind::Events, Kind::Logs] && !wanted.copies_files());
    }
}
