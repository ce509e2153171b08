//! What an operation touches. Each operation that changes something declares it, and the guard checks it before the change.

use crate::declare::{
    arguments::{Arguments, Named},
    effect::Effect,
    param::Param,
};

/// How Docker writes that a namespace is another container's.
pub(crate) const NAMESPACE: &str = "container:";

/// What an operation touches, as its declaration says it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Touch {
    /// Nothing that a protected container could need: the operation makes something new.
    Nothing,
    /// The container that this parameter names.
    Container(&'static str),
    /// The container that this parameter names, which leaves a network.
    Member(&'static str),
    /// The container that this parameter names only gets its work back, which protection allows.
    Resumed(&'static str),
    /// The network that this parameter names, with all containers in it.
    Network(&'static str),
    /// The network that this parameter names, for one container in it, which is a target of its own.
    Place(&'static str),
    /// The volume that this parameter names.
    Volume(&'static str),
    /// The image that this parameter names. Its parameter `force` decides: without it the engine keeps what a container uses.
    Image(&'static str),
    /// The plugin that this parameter names. Its parameter `force` decides: without it the engine keeps what is in use.
    Plugin(&'static str),
    /// The service of a swarm that this parameter names, with its tasks.
    Service(&'static str),
    /// The node of a swarm that this parameter names, with the tasks on it.
    Node(&'static str),
    /// The engine's own node, which leaves its swarm.
    OwnNode,
    /// The container whose namespace this parameter names, as `container:NAME`, if it does.
    Namespace(&'static str),
    /// It makes a container. The operation's function hands the body to the guard (`joins::check`).
    Joins,
    /// What nothing uses, of this kind. The operation's function spares what is protected.
    Unused(Unused),
    /// What the operation's function finds, and hands to the guard before the first change.
    Found,
    /// The arguments decide.
    Decided(fn(&mut Arguments) -> Reach),
}

/// What a prune takes where nothing uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unused {
    Containers,
    Networks,
    /// What no release of an isolated container needs, or what the function spares.
    Other,
}

/// What a call would touch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A container.
    Container(Named),
    /// A container that leaves a network. The engine may have forgotten the container, and the network not: then nothing is
    /// left to protect, and the name still removes the entry.
    Member(Named),
    /// A container that only gets its work back, which protection allows, and isolation does not.
    Resumed(Named),
    /// The container that a command runs in, by the command's id.
    Exec(String),
    /// A network, with all containers in it.
    Network(Named),
    /// A network, for one container in it.
    Place(Named),
    /// A volume.
    Volume(Named),
    /// An image, to be removed by force.
    Image(Named),
    /// A plugin, to be disabled or removed by force.
    Plugin(Named),
    /// A service of a swarm, with its tasks.
    Service(Named),
    /// A node of a swarm, with the tasks on it.
    Node(Named),
    /// The engine's own node, with the tasks on it, and with the swarm's services where it is a manager.
    OwnNode,
    /// What a new container or service joins. The parameter `body` is the request's body, and the names lead to the object with the
    /// mounts.
    Joins(&'static [&'static str]),
    /// All containers that are stopped.
    StoppedContainers,
    /// All networks that no running container is in.
    UnusedNetworks,
    /// All volumes that no container uses. They may hold what a release of an isolated container needs.
    UnusedVolumes,
    /// The call does not say what it touches in a form that the connector knows. The text says what is wrong.
    Unclear(&'static str),
}

/// What a call does and touches.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) effect: Effect,
    pub(crate) targets: Vec<Target>,
}

impl Touch {
    /// The parameter whose value names the target.
    const fn param(self) -> Option<&'static str> {
        match self {
            Self::Container(param)
            | Self::Member(param)
            | Self::Resumed(param)
            | Self::Network(param)
            | Self::Place(param)
            | Self::Volume(param)
            | Self::Image(param)
            | Self::Plugin(param)
            | Self::Service(param)
            | Self::Node(param)
            | Self::Namespace(param) => Some(param),
            Self::OwnNode
            | Self::Nothing
            | Self::Joins
            | Self::Unused(_)
            | Self::Found
            | Self::Decided(_) => None,
        }
    }

    fn target(self, arguments: &Arguments) -> Option<Target> {
        let named = |param| Named::by(param, arguments.text(param).unwrap_or_default());
        match self {
            Self::Container(param) => Some(Target::Container(named(param))),
            Self::Member(param) => Some(Target::Member(named(param))),
            Self::Resumed(param) => Some(Target::Resumed(named(param))),
            Self::Network(param) => Some(Target::Network(named(param))),
            Self::Place(param) => Some(Target::Place(named(param))),
            Self::Volume(param) => Some(Target::Volume(named(param))),
            Self::Service(param) => Some(Target::Service(named(param))),
            Self::Node(param) => Some(Target::Node(named(param))),
            Self::OwnNode => Some(Target::OwnNode),
            Self::Image(param) => is_forced(arguments).then(|| Target::Image(named(param))),
            Self::Plugin(param) => is_forced(arguments).then(|| Target::Plugin(named(param))),
            Self::Namespace(param) => {
                Named::by(param, arguments.text(param)?).after(NAMESPACE).map(Target::Container)
            }
            Self::Nothing | Self::Joins | Self::Unused(_) | Self::Found | Self::Decided(_) => None,
        }
    }
}

fn is_forced(arguments: &Arguments) -> bool {
    arguments.if_declared("force").is_some_and(|force| *force == true)
}

/// What a call does and touches, by the declaration of its operation.
pub(crate) fn reach(effect: Effect, touches: &[Touch], arguments: &mut Arguments) -> Reach {
    let decided = touches.iter().find_map(|touch| match touch {
        Touch::Decided(decide) => Some(decide),
        _ => None,
    });
    match decided {
        Some(decide) => decide(arguments),
        None => {
            Reach { effect, targets: touches.iter().filter_map(|touch| touch.target(arguments)).collect() }
        }
    }
}

/// Whether a declaration says what it touches, by parameters that it has. Only an operation that reads can leave it out.
pub(crate) const fn is_declared(effect: Effect, touches: &[Touch], params: &[Param]) -> bool {
    let mut at = 0;
    while at < touches.len() {
        if let Some(name) = touches[at].param()
            && !has(params, name)
        {
            return false;
        }
        at += 1;
    }
    matches!(effect, Effect::Read) || !touches.is_empty()
}

const fn has(params: &[Param], name: &str) -> bool {
    let mut at = 0;
    while at < params.len() {
        if is_same(params[at].name.as_bytes(), name.as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
