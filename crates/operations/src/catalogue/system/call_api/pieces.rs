//! The pieces of a call's path: what leads to an endpoint, and the names in it.

use engine::Path;

use crate::declare::arguments::Named;

/// A path in its pieces: version, `libpod`, and the segments after them.
pub(super) struct Route {
    /// The path in its one form, encoded.
    pub(super) path: String,
    /// How many segments only lead to an endpoint.
    prefix: usize,
    pub(super) is_libpod: bool,
    /// Decoded, without the prefix.
    pub(super) segments: Vec<String>,
}

impl Route {
    pub(super) fn read(path: &str) -> Option<Self> {
        let path = Path::checked(path).ok()?;
        let mut segments: Vec<String> = path.segments().collect();
        let mut prefix = usize::from(segments.first().is_some_and(|first| leads_on(first)));
        let is_libpod = segments.get(prefix).is_some_and(|first| first == "libpod");
        prefix += usize::from(is_libpod);
        segments.drain(..prefix);
        Some(Self { path: path.to_string(), prefix, is_libpod, segments })
    }

    /// The name that stands in these segments.
    pub(super) fn name(&self, from: usize, to: usize) -> Named {
        let encoded: Vec<&str> = self.path.split('/').skip(1).collect();
        let (from_path, to_path) = (from + self.prefix, to + self.prefix);
        let before = format!("/{}/", encoded[..from_path].join("/"));
        let after =
            encoded[to_path..].iter().fold(String::new(), |after, segment| format!("{after}/{segment}"));
        Named::by("path", &self.segments[from..to].join("/")).between(&before, &after)
    }
}

/// The reads of libpod's own API. Others are changes, though they are GETs.
pub(super) fn is_read_of_libpod(segments: &[&str]) -> bool {
    match segments {
        ["_ping" | "info" | "version" | "events"] | ["system", "df"] => true,
        ["containers" | "pods", "json" | "stats"] | ["containers", "showmounted"] => true,
        ["images" | "networks" | "volumes" | "secrets", "json"] | ["images", "search" | "export"] => true,
        ["containers", _, .., last] => {
            matches!(*last, "json" | "logs" | "stats" | "top" | "changes" | "exists" | "export" | "archive")
        }
        ["images", _, .., last] => {
            matches!(*last, "json" | "history" | "tree" | "exists" | "get" | "changes" | "resolve")
        }
        ["networks" | "volumes" | "secrets" | "manifests" | "exec", _, .., last] => {
            matches!(*last, "json" | "exists")
        }
        ["pods", _, .., last] => matches!(*last, "json" | "exists" | "top" | "stats"),
        ["generate", "kube"] | ["generate", _, "systemd"] => true,
        _ => false,
    }
}

/// Whether a first segment only leads to an endpoint: an API version in any form that an engine takes. Podman takes letters too.
fn leads_on(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
}

/// Whether the engine takes a path's first segment for an API version: `v1.41`, and `v1.41.0` or `v1.041` as well.
pub(super) fn is_version(segment: &str) -> bool {
    segment.strip_prefix('v').is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}
