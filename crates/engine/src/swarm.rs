//! Why an engine that answers does not let a Swarm call through. The API has no codes for these states, only texts under a 503
//! or a 500. They last until somebody acts, so the same call is not tried again.

use crate::ErrorKind;

/// What stands in the way of a Swarm call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SwarmState {
    /// The node manages no swarm: it is in none, or a worker of one. Both texts begin alike; `GET /info` tells which.
    NotManager,
    /// The node is in no swarm that it could leave.
    InNoSwarm,
    /// The node is in a swarm already.
    InSwarm,
    /// The node has not joined in time, and goes on trying.
    Joining,
    /// The manager's data is encrypted, and the manager waits for the key.
    Locked,
    /// The node's certificates have expired.
    Expired,
    /// A manager is to leave, and the call does not force it.
    ManagerLeaves,
    /// The swarm has no leader: too few managers are there to agree on one.
    NoLeader,
    /// The swarm lost its leader while a change was under way. The change may still be made.
    LostLeader,
    /// Another manager, such as the leader, did not answer this one in time. A change may still be made.
    NoAnswer,
    /// Somebody else changed the object after it was read. Read it again, and apply the change to what it is now.
    OutOfSequence,
    /// Podman answers, and Podman has no Swarm.
    Podman,
}

/// The status, how the message begins, and what that means.
const MESSAGES: [(u16, &str, SwarmState); 14] = [
    (503, "This node is not a swarm manager", SwarmState::NotManager),
    (503, "This node is not part of a swarm", SwarmState::InNoSwarm),
    (503, "This node is already part of a swarm", SwarmState::InSwarm),
    (503, "Timeout was reached before node joined", SwarmState::Joining),
    (503, "Swarm is encrypted and needs to be unlocked", SwarmState::Locked),
    (503, "Swarm is encrypted and locked", SwarmState::Locked),
    (503, "Swarm certificates have expired", SwarmState::Expired),
    (503, "You are attempting to leave the swarm", SwarmState::ManagerLeaves),
    (503, "Podman does not support service", SwarmState::Podman),
    (500, "The swarm does not have a leader", SwarmState::NoLeader),
    (500, "node lost leader status", SwarmState::LostLeader),
    (500, "failed to process the request: node lost leader status", SwarmState::LostLeader),
    (500, NO_ANSWER, SwarmState::NoAnswer),
    (500, "update out of sequence", SwarmState::OutOfSequence),
];

const NO_ANSWER: &str = "context deadline exceeded";

/// How a manager's message begins that has just started. That passes by itself.
const PASSING: &str = "This node is not a swarm manager. Manager is being prepared";

impl SwarmState {
    /// What the `message` of Docker's own JSON means under this status.
    pub(crate) fn of(status: u16, message: &str) -> Option<Self> {
        let bare = without_code(message);
        // Go says so of anything that takes too long; only between managers gRPC does.
        if bare.starts_with(NO_ANSWER) && bare.len() == message.len() {
            return None;
        }
        let message = bare;
        if message.starts_with(PASSING) {
            return None;
        }
        let is_meant = |(under, beginning, _): &&_| status == *under && message.starts_with(beginning);
        MESSAGES.iter().find(is_meant).map(|(_, _, state)| *state)
    }

    pub(crate) fn kind(self) -> ErrorKind {
        match self {
            Self::Podman => ErrorKind::Unsupported,
            Self::Joining | Self::NoAnswer => ErrorKind::TimedOut,
            _ => ErrorKind::Conflict,
        }
    }

    /// Whether a change may have been made all the same, or may yet be.
    pub(crate) fn leaves_open(self) -> bool {
        matches!(self, Self::LostLeader | Self::NoAnswer)
    }

    /// What to do about it.
    pub(crate) fn advice(self) -> &'static str {
        match self {
            Self::NotManager => "Call a manager of the swarm, or create or join a swarm first",
            Self::InNoSwarm => "There is nothing to leave",
            Self::InSwarm => "To join another swarm, leave this one first",
            Self::Joining => {
                "Look at the node's state in the engine's information: if it stays pending, check that the node reaches the \
                 manager's address, let the node leave by force, and join again"
            }
            Self::Locked => "Unlock this manager with the swarm's unlock key, which another manager can show",
            Self::Expired => "Let the node leave the swarm by force, and join again",
            Self::ManagerLeaves => {
                "Demote the node to a worker first, so that the other managers keep a majority; or leave by force"
            }
            Self::NoLeader => {
                "Start the managers that are down: more than half of them must be reachable. Running tasks continue. If the \
                 managers are lost permanently, create a new swarm from this one with force_new_cluster"
            }
            Self::LostLeader => {
                "Look at the present state before you repeat a change, since it may have been made. More than half of the \
                 managers must be there"
            }
            Self::NoAnswer => {
                "Another manager of the swarm did not answer this one in time: check that more than half of the managers are there, \
                 and reach each other"
            }
            Self::OutOfSequence => "Another client changed the object at the same time. Try again",
            Self::Podman => "Swarm needs a Docker Engine",
        }
    }
}

/// A message without what gRPC puts before it, once for each manager on its way.
fn without_code(message: &str) -> &str {
    let mut rest = message;
    while let Some((_, inner)) =
        rest.strip_prefix("rpc error: code = ").and_then(|rest| rest.split_once(" desc = "))
    {
        rest = inner;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_states_of_a_swarm_apart() {
        for (status, message, state) in [
            (
                503,
                r#"This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again."#,
                SwarmState::NotManager,
            ),
            (
                503,
                "This node is not a swarm manager. Worker nodes can't be used to view or modify cluster state. Please run this command on a manager node or promote the current node to a manager.",
                SwarmState::NotManager,
            ),
            (503, "Swarm is encrypted and locked. Please unlock it first", SwarmState::Locked),
            (
                500,
                "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online.",
                SwarmState::NoLeader,
            ),
            (
                500,
                "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
                SwarmState::NoAnswer,
            ),
            (
                500,
                "rpc error: code = Unknown desc = rpc error: code = Unknown desc = update out of sequence",
                SwarmState::OutOfSequence,
            ),
        ] {
            assert_eq!(SwarmState::of(status, message), Some(state), "{message}");
        }
    }

    /// What only quotes such a text, what says it under another status, and what passes.
    #[test]
    fn takes_nothing_else_for_one() {
        for (status, message) in [
            (404, "service This node is not a swarm manager not found"),
            (503, "service update out of sequence"),
            (500, "This node is not a swarm manager"),
            (503, "rpc error: code = Unavailable desc = closing transport"),
            (
                503,
                "This node is not a swarm manager. Manager is being prepared or has trouble connecting to the cluster.",
            ),
            (503, "rpc error: code = "),
            (500, "context deadline exceeded"),
            (503, ""),
        ] {
            assert_eq!(SwarmState::of(status, message), None, "{message}");
        }
    }
}
