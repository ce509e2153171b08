//! How a page shows a result: the kind of picture or table that fits it. An operation declares it, or it follows from the endpoint.

use super::{
    endpoint::Method,
    operation::{Comes, Operation, Shape},
};

/// What a result is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum View {
    /// Containers in a table, with what can be done to each.
    Containers,
    /// One container: state, networks, mounts, environment, rights.
    Container,
    /// Lines over time.
    Statistics,
    /// A timeline of what happened, and a table of it.
    Events,
    /// Images in a table, by size.
    Images,
    /// Bars of an image's history, by size.
    History,
    /// Bars of an image's layers, and its configuration.
    Image,
    /// Bars of disk use by kind, and what can be reclaimed.
    Disk,
    /// A drawing of networks, containers and addresses.
    Networks,
    /// Volumes in a table.
    Volumes,
    /// A tree of processes with their command lines.
    Processes,
    /// A tree of folders with what has changed in them.
    Changes,
    /// What a process wrote, line by line.
    Output,
    /// Services in a table, with their tasks.
    Services,
    /// Tasks in a table, with their states.
    Tasks,
    /// Evidence: its members with their hashes, and whether they are whole.
    Evidence,
    /// Isolated containers, and what an isolation has changed.
    Isolation,
    /// Findings by severity.
    Posture,
    /// A graph of what belongs together.
    Relations,
    /// What happened to one container, in its order.
    Timeline,
    /// An explanation of one container.
    Explanation,
    /// What a hunt has found, by container.
    Hunt,
    /// Nothing but a sentence.
    Sentence,
    /// What it is: a tree, or a table where it is a list.
    Plain,
}

impl View {
    /// Its word, which is the name of the page's module.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Containers => "containers",
            Self::Container => "container",
            Self::Statistics => "statistics",
            Self::Events => "events",
            Self::Images => "images",
            Self::History => "history",
            Self::Image => "image",
            Self::Disk => "disk",
            Self::Networks => "networks",
            Self::Volumes => "volumes",
            Self::Processes => "processes",
            Self::Changes => "changes",
            Self::Output => "output",
            Self::Services => "services",
            Self::Tasks => "tasks",
            Self::Evidence => "evidence",
            Self::Isolation => "isolation",
            Self::Posture => "posture",
            Self::Relations => "relations",
            Self::Timeline => "timeline",
            Self::Explanation => "explanation",
            Self::Hunt => "hunt",
            Self::Sentence => "sentence",
            Self::Plain => "plain",
        }
    }

    /// What follows from an operation's endpoint and shape, where it declares nothing.
    pub(super) fn of(operation: &Operation) -> Self {
        let answers = matches!(operation.shape, Shape::Json | Shape::List);
        match (operation.method, operation.path) {
            _ if matches!(operation.shape, Shape::Done { .. }) => Self::Sentence,
            _ if matches!(operation.comes, Some(Comes::Output | Comes::Command)) => Self::Output,
            (Method::Get, "/containers/{id}/stats") => Self::Statistics,
            (Method::Get, "/events") => Self::Events,
            // A function may make anything of the answer.
            _ if !answers => Self::Plain,
            (Method::Get, "/containers/json") => Self::Containers,
            (Method::Get, "/containers/{id}/json") => Self::Container,
            (Method::Get, "/containers/{id}/top") => Self::Processes,
            (Method::Get, "/containers/{id}/changes") => Self::Changes,
            (Method::Get, "/images/json") => Self::Images,
            (Method::Get, "/images/{name}/json") => Self::Image,
            (Method::Get, "/images/{id}/history" | "/images/{name}/history") => Self::History,
            (Method::Get, "/networks" | "/networks/{id}") => Self::Networks,
            (Method::Get, "/system/df") => Self::Disk,
            (Method::Get, "/services") => Self::Services,
            (Method::Get, "/tasks") => Self::Tasks,
            _ => Self::Plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_declared_or_follows_from_the_endpoint() {
        let view = |name| crate::find(name).unwrap().view();
        assert_eq!(view("list_containers"), View::Containers);
        assert_eq!(view("inspect_container"), View::Container);
        assert_eq!(view("list_networks"), View::Networks);
        assert_eq!(view("rename_container"), View::Sentence);
        assert_eq!(view("container_stats"), View::Statistics);
        assert_eq!(view("system_events"), View::Events);
        assert_eq!(view("container_logs"), View::Output);
        assert_eq!(view("list_isolated"), View::Isolation);
    }
}
