//! How a container is to be isolated: the method, what that leaves open, what it destroys, and what an analyst must know.

use serde_json::{Value, json};

use super::suspect::{Place, Suspect, Way};
use crate::{
    Error, Kind,
    run::{call::Call, objects::text},
};

/// How a container is isolated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Network,
    Freeze,
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Freeze => "freeze",
        }
    }
}

/// What is to be done to a container, and why.
pub(super) struct Plan {
    pub(super) method: Method,
    pub(super) not_cut: Vec<Value>,
    pub(super) warnings: Vec<String>,
    pub(super) lost: Vec<String>,
}

impl Plan {
    pub(super) fn of(call: &Call<'_>, suspect: &Suspect) -> Result<Self, Error> {
        if matches!(suspect.status(), "removing" | "dead") {
            let message = format!("The container is {}: there is nothing left to isolate.", suspect.status());
            return Err(Error::new(Kind::Failed, message));
        }
        let ways = suspect.ways();
        let mut warnings = Vec::new();
        let method = match call.arguments.text("method") {
            Some("network") => Method::Network,
            Some("freeze") => Method::Freeze,
            _ => match reason_to_freeze(suspect, &ways) {
                Some(reason) => {
                    warnings.push(format!("It is kept frozen: {reason}"));
                    Method::Freeze
                }
                None => Method::Network,
            },
        };
        if method == Method::Network && !suspect.has_a_network() {
            let mode = suspect.mode();
            return Err(Error::new(
                Kind::Failed,
                format!(
                    "The container has no network of its own that could be cut: its network mode is {mode}. Use the method \
                     freeze, or isolate the container whose network it uses. Nothing was done."
                ),
            ));
        }
        let not_cut = ways.iter().map(|way| json!({"way": way.name, "why": way.why})).collect();
        Ok(Self {
            method,
            not_cut,
            lost: lost(suspect, method),
            warnings: [warnings, cautions(suspect, method)].concat(),
        })
    }
}

/// Why cutting the networks of a container is not enough, if it is not.
fn reason_to_freeze(suspect: &Suspect, ways: &[Way]) -> Option<String> {
    if !suspect.is_running() {
        return None;
    }
    if let Some(way) = ways.iter().find(|way| way.is_wide) {
        return Some(way.why.clone());
    }
    if suspect.is_removed_when_it_ends() {
        return Some(
            "The engine removes it when its process ends, and a process may end when its network is gone."
                .into(),
        );
    }
    let is_replaced = suspect.service().is_some() && suspect.has_a_health_check();
    is_replaced.then(|| "Swarm replaces a task whose health check fails without a network.".into())
}

/// What the analyst must know of the method.
fn cautions(suspect: &Suspect, method: Method) -> Vec<String> {
    let mut cautions = Vec::new();
    if !suspect.is_running() {
        return cautions;
    }
    if suspect.open_places().next().is_some() {
        cautions.push("Established TCP connections stop carrying data, but are not closed. They continue if a release restores the same address.".into());
    }
    match method {
        Method::Network => cautions.push("If a process exits because its network is gone, its memory is lost.".into()),
        Method::Freeze => cautions.push("A paused container's kernel still accepts connections from containers that share its network. Its health check shows unhealthy.".into()),
    }
    if suspect.service().is_some() {
        cautions.push("It is a task of a service. Swarm ends it with drain, scale, update, rollback and forced update. After a release its service's name does not lead to it any more; a new task does (force_update_service).".into());
    }
    cautions
}

/// What this order of steps destroys.
fn lost(suspect: &Suspect, method: Method) -> Vec<String> {
    let mut lost = Vec::new();
    let ports = suspect.container["NetworkSettings"]["Ports"].as_object();
    let published = ports.into_iter().flatten().filter(|(_, hosts)| hosts.is_array()).count();
    if published > 0 {
        lost.push(format!("Connections through its {published} published ports are closed. A port that the engine chose is another one after a release."));
    }
    let is_given = |place: &&Place| text(&place.settings["IPAMConfig"], "IPv4Address").is_empty();
    let given: Vec<&str> =
        suspect.open_places().filter(is_given).map(|place| text(&place.network, "Name")).collect();
    if !given.is_empty() {
        lost.push(format!(
            "Its addresses in {} were given out by the engine and may be others after a release.",
            given.join(", ")
        ));
    }
    if suspect.is_in_a_loop() && method == Method::Network {
        lost.push("It was being started again and again. It stays stopped after its current run.".into());
    }
    lost
}
