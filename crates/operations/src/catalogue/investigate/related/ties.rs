//! What ties two containers to each other, and a container to its host: each tie with who controls whom, and how bad that is.

use std::cmp::Reverse;

use serde_json::{Value, json};

use super::shares;
use crate::{
    catalogue::{
        investigate::{
            attack::{self, Technique},
            plain::{plain, short},
            survey::{Seen, Survey},
        },
        response::suspect::Way,
    },
    declare::target::NAMESPACE,
    run::objects::text,
};

/// The longest name in a sentence.
pub(super) const LONG: usize = 80;

/// How bad a tie is, if one of the two is in an attacker's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Risk {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Risk {
    pub(crate) const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Who controls whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    None,
    /// The container that is asked about controls the other.
    Controls,
    /// The other controls it.
    ControlledBy,
    Both,
}

impl Control {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Controls => "controls",
            Self::ControlledBy => "controlled_by",
            Self::Both => "both",
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, control) | (control, Self::None) => control,
            (one, two) if one == two => one,
            _ => Self::Both,
        }
    }
}

/// What ties two things.
pub(crate) struct Tie {
    pub(crate) kind: &'static str,
    /// What they have in common, or what the one has of the other: a network's name, a folder.
    pub(crate) through: String,
    /// Tells two of one name apart.
    pub(crate) key: String,
    pub(crate) what: String,
    pub(crate) risk: Risk,
    pub(crate) control: Control,
    pub(crate) technique: Option<Technique>,
    pub(crate) addresses: [String; 2],
    pub(crate) access: [&'static str; 2],
}

impl Tie {
    pub(super) fn new(kind: &'static str, through: &str, risk: Risk, what: String) -> Self {
        Self {
            kind,
            through: through.to_owned(),
            key: through.to_owned(),
            what,
            risk,
            control: Control::None,
            technique: None,
            addresses: Default::default(),
            access: [""; 2],
        }
    }

    pub(super) fn control(mut self, control: Control) -> Self {
        self.control = control;
        self
    }

    pub(super) fn technique(mut self, technique: Technique) -> Self {
        self.technique = Some(technique);
        self
    }

    pub(crate) fn shown(&self) -> Value {
        let or_null = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
        json!({
            "kind": self.kind,
            "through": self.through,
            "what": self.what,
            "control": self.control.name(),
            "risk": self.risk.name(),
            "subject_address": or_null(&self.addresses[0]),
            "address": or_null(&self.addresses[1]),
            "subject_access": or_null(self.access[0]),
            "access": or_null(self.access[1]),
            "technique": self.technique.map(Technique::shown),
        })
    }
}

/// Every tie of the subject to another container.
pub(crate) fn between(survey: &Survey, other: &Seen) -> Vec<Tie> {
    let one = &survey.subject;
    let mut ties = Vec::new();
    powers(one, other, &mut ties);
    namespaces(survey, one, other, &mut ties);
    shares::mounts(one, other, &mut ties);
    shares::volumes_from(one, other, &mut ties);
    shares::networks(survey, one, other, &mut ties);
    shares::links(one, other, &mut ties);
    shares::origins(one, other, &mut ties);
    shares::images(survey, one, other, &mut ties);
    if !ties.iter().any(|tie| matches!(tie.kind, "network" | "namespace")) {
        shares::published(survey, one, other, &mut ties);
    }
    ties.sort_by_key(|tie| Reverse(tie.risk));
    ties
}

/// Every tie of the subject to the host itself.
pub(crate) fn to_the_host(survey: &Survey) -> Vec<Tie> {
    let one = &survey.subject;
    let mut ties: Vec<Tie> = one
        .ways_out
        .iter()
        .filter(|way| way.name != "shared namespace" && !is_socket(way))
        .map(|way| {
            let (risk, control) = match (reaches_the_host(way), way.is_wide) {
                (true, _) => (Risk::Critical, Control::Controls),
                (false, true) => (Risk::High, Control::None),
                (false, false) => (Risk::Medium, Control::None),
            };
            let tie = Tie::new(kind(way), way.name, risk, plain(&way.why, 300)).control(control);
            if risk == Risk::Critical { tie.technique(attack::ESCAPE_TO_HOST) } else { tie }
        })
        .collect();
    for place in survey.places(one) {
        let Some(network) = survey.network(&place.network).filter(|_| !place.gateway.is_empty()) else {
            continue;
        };
        let what = format!(
            "It reaches the host at {}, the gateway of network {}.",
            place.gateway,
            plain(&network.name, LONG)
        );
        ties.push(Tie::new("gateway", &network.name, Risk::Low, what));
    }
    for port in &one.ports {
        let what = format!("The host publishes it: {}.", plain(port, LONG));
        ties.push(
            Tie::new("published_port", port, Risk::Low, what).technique(attack::EXTERNAL_REMOTE_SERVICES),
        );
    }
    ties.sort_by_key(|tie| Reverse(tie.risk));
    ties
}

/// The ties to the engine: whoever has its socket controls all containers.
pub(crate) fn to_the_engine(survey: &Survey) -> Vec<Tie> {
    let sockets = survey.subject.ways_out.iter().filter(|way| is_socket(way));
    sockets
        .map(|way| {
            let what = format!(
                "{} So it controls every container of the engine, and the host.",
                plain(&way.why, 300)
            );
            Tie::new("engine_socket", "engine socket", Risk::Critical, what)
                .control(Control::Controls)
                .technique(attack::ESCAPE_TO_HOST)
        })
        .collect()
}

/// What controls the engine or the host controls each of its containers.
fn powers(one: &Seen, other: &Seen, ties: &mut Vec<Tie>) {
    for (holder, held, control, risk) in
        [(one, other, Control::Controls, Risk::Critical), (other, one, Control::ControlledBy, Risk::High)]
    {
        let (holds, held) = (plain(&holder.name, LONG), plain(&held.name, LONG));
        if let Some(way) = holder.ways_out.iter().find(|way| is_socket(way)) {
            let what = format!("{holds} can control the engine, and so {held}: {}", told(way));
            let tie = Tie::new("engine_socket", "engine socket", risk, what);
            ties.push(tie.control(control).technique(attack::ESCAPE_TO_HOST));
        } else if let Some(way) = holder.ways_out.iter().find(|way| reaches_the_host(way)) {
            let what = format!("{holds} can control the host, and so {held}: {}", told(way));
            let tie = Tie::new("host", "host", risk, what);
            ties.push(tie.control(control).technique(attack::ESCAPE_TO_HOST));
        }
    }
}

/// What a way is, after a colon.
fn told(way: &Way) -> String {
    let why = plain(&way.why, 300);
    why.strip_prefix("It ").map_or(why.clone(), |rest| format!("it {rest}"))
}

fn is_socket(way: &Way) -> bool {
    way.name == "engine socket"
}

/// Whether a way leads to the whole host.
pub(crate) fn reaches_the_host(way: &Way) -> bool {
    way.is_wide
        && match way.name {
            "host namespace" => way.why.contains("processes"),
            "shared namespace" => false,
            _ => true,
        }
}

fn kind(way: &Way) -> &'static str {
    match way.name {
        "host namespace" => "host_namespace",
        "privileged" => "privileged",
        "capability" => "capability",
        "host folder" => "host_folder",
        _ => "host",
    }
}

/// A namespace: its name, the mode that says whose a container uses, and the risk of sharing it.
type Namespace = (&'static str, fn(&Seen) -> &str, Risk);

const NAMESPACES: [Namespace; 3] = [
    ("network", |seen| &seen.network_mode, Risk::High),
    ("processes", |seen| &seen.pid_mode, Risk::High),
    ("shared memory", |seen| &seen.ipc_mode, Risk::Medium),
];

fn namespaces(survey: &Survey, one: &Seen, other: &Seen, ties: &mut Vec<Tie>) {
    for (name, mode, risk) in NAMESPACES {
        let owner = |seen: &Seen| -> Option<String> {
            let named = mode(seen).strip_prefix(NAMESPACE)?;
            Some(survey.named(named).map_or_else(|| named.to_owned(), |owner| owner.id.clone()))
        };
        let (of_one, of_other) = (owner(one), owner(other));
        let (first, second) = (plain(&one.name, LONG), plain(&other.name, LONG));
        let what = if of_one.as_deref() == Some(&other.id) {
            format!("{first} uses the {name} of {second}.")
        } else if of_other.as_deref() == Some(&one.id) {
            format!("{second} uses the {name} of {first}.")
        } else if of_one.is_some() && of_one == of_other {
            format!("Both use the {name} of container {}.", short(of_one.as_deref().unwrap_or_default()))
        } else if mode(one) == "host" && mode(other) == "host" {
            format!("Both use the host's own {name}.")
        } else {
            continue;
        };
        let consequence = match name {
            "network" => " Each reaches what the other offers on 127.0.0.1, and hears its traffic.",
            "processes" => " Each sees the other's processes, and can end those of the same user.",
            _ => " Each can read and write what the other keeps there.",
        };
        let tie = Tie::new("namespace", name, risk, format!("{what}{consequence}"));
        ties.push(tie.control(Control::Both));
    }
}

/// What of a survey's networks leads further than this engine.
pub(crate) fn beyond(survey: &Survey) -> Vec<String> {
    let places = survey.places(&survey.subject).iter();
    let networks = places.filter_map(|place| survey.network(&place.network));
    networks
        .filter(|network| matches!(network.driver.as_str(), "overlay" | "macvlan" | "ipvlan"))
        .map(|network| {
            format!(
                "Network {} ({}) leads beyond this host. What is there is not shown.",
                plain(&network.name, LONG),
                plain(&network.driver, LONG)
            )
        })
        .collect()
}

/// The names of the engine in `GET /info`: its id and its host's name.
pub(crate) fn host(info: &Value) -> (&str, &str) {
    (text(info, "ID"), text(info, "Name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_adds_up() {
        assert_eq!(Control::None.and(Control::Controls), Control::Controls);
        assert_eq!(Control::Controls.and(Control::ControlledBy), Control::Both);
        assert_eq!(Control::ControlledBy.and(Control::None), Control::ControlledBy);
    }
}
