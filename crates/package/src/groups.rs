//! The operations as people look for them: by what they work on.

use operations::Operation;

/// A group's name, and the first segments of the paths that belong to it. In the order in which people see them.
const GROUPS: &[(&str, &[&str])] = &[
    ("Containers", &["containers", "exec", "commit"]),
    ("Images", &["images", "build", "distribution", "auth"]),
    ("Networks", &["networks"]),
    ("Volumes", &["volumes"]),
    ("Swarm", &["swarm", "nodes", "services", "tasks"]),
    ("Secrets and Configs", &["secrets", "configs"]),
    ("Plugins", &["plugins"]),
    (SYSTEM, &[]),
];
/// All that belongs to no other group.
const SYSTEM: &str = "System";

/// The operations that people see, by group.
pub(crate) fn groups() -> impl Iterator<Item = (&'static str, Vec<&'static Operation>)> {
    let of = |name: &str| {
        let shown = operations::operations().filter(|operation| operation.visible);
        shown.filter(|operation| group(operation.path) == name).collect::<Vec<_>>()
    };
    GROUPS.iter().map(move |(name, _)| (*name, of(name))).filter(|(_, operations)| !operations.is_empty())
}

/// The operations that people see, in the order of the groups.
pub(crate) fn shown() -> impl Iterator<Item = &'static Operation> {
    groups().flat_map(|(_, operations)| operations)
}

/// The group of what works on a path.
fn group(path: &str) -> &'static str {
    let first = path.split('/').nth(1).unwrap_or_default();
    GROUPS.iter().find(|(_, segments)| segments.contains(&first)).map_or(SYSTEM, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn paths_are_grouped_by_what_they_are_about() {
        assert_eq!(group("/containers/{id}/json"), "Containers");
        assert_eq!((group("/_ping"), group("/")), (SYSTEM, SYSTEM));
    }

    #[test]
    fn every_operation_is_in_one_group() {
        let names: Vec<_> = shown().map(|operation| operation.name).collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        let visible = operations::operations().filter(|operation| operation.visible).count();
        assert_eq!(names.len(), visible);
    }
}
