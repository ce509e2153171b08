//! Bringing a container into a network and taking it out: `POST /networks/{id}/connect` and `/disconnect`, and where the
//! engine refuses, a look at why.

use serde_json::Value;

use crate::{Error, Kind, Output, run::call::Call};

/// Connects. A container that is in the network already is left as it is, unless its place there is to be another.
pub(crate) fn connect(call: &Call<'_>) -> Result<Output, Error> {
    let Err(refusal) = call.send(call.request()?) else {
        return Ok(call.done("Connected container {Container} to network {id}", false));
    };
    let asks_for_a_place = call.arguments.iter().any(|(param, _)| !matches!(param.name, "id" | "Container"));
    match Membership::look(call, &refusal) {
        Some(Membership::Member) if !asks_for_a_place => {
            Ok(call.done("Container {Container} was already in network {id}", true))
        }
        _ => Err(refusal),
    }
}

/// Disconnects. A container that is not in the network is left as it is; one without a network of its own cannot be
/// contained this way, and the error says how else.
pub(crate) fn disconnect(call: &Call<'_>) -> Result<Output, Error> {
    let Err(refusal) = call.send(call.request()?) else {
        return Ok(call.done("Disconnected container {Container} from network {id}", false));
    };
    match Membership::look(call, &refusal) {
        Some(Membership::Other) => Ok(call.done("Container {Container} was not in network {id}", true)),
        Some(Membership::Shares(owner)) => Err(Error::new(
            Kind::Failed,
            call.arguments.fill(&format!(
                "Container {{Container}} cannot be disconnected: it uses the network of {owner} and has none of its own. \
                 To contain it, pause it (pause_container) or stop it (stop_container)."
            )),
        )),
        Some(Membership::Member) | None => Err(refusal),
    }
}

/// How a container stands to a network.
enum Membership {
    Member,
    Other,
    /// It uses another's network altogether, of which the engine takes it to be no member.
    Shares(String),
}

impl Membership {
    /// Looks, where the engine refused. `None` where a look tells nothing, as when there is no such container.
    fn look(call: &Call<'_>, refusal: &Error) -> Option<Self> {
        refusal.status()?;
        let container = call.look("/containers/{Container}/json").ok()?;
        // Podman has no network of the name host to look at.
        if let Some(owner) = lender(&container) {
            return Some(Self::Shares(owner));
        }
        Some(Self::of(&container, &call.look("/networks/{id}").ok()?))
    }

    fn of(container: &Value, network: &Value) -> Self {
        // A container that has not run since it was connected knows the network by its name only.
        let is_this = |(name, settings): (&String, &Value)| {
            network["Name"] == name.as_str() || network["Id"] == settings["NetworkID"]
        };
        let networks = container["NetworkSettings"]["Networks"].as_object();
        if networks.into_iter().flatten().any(is_this) { Self::Member } else { Self::Other }
    }
}

/// Whose network a container uses altogether, if it has none of its own.
fn lender(container: &Value) -> Option<String> {
    let mode = container["HostConfig"]["NetworkMode"].as_str().unwrap_or_default();
    match mode {
        "host" => Some("the host".into()),
        _ => mode.starts_with("container:").then(|| mode.replacen(':', " ", 1)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn knows_a_member_by_id_and_by_name() {
        let network = json!({"Name": "dmz", "Id": "ab12"});
        let container = |mode: &str, networks: Value| json!({"HostConfig": {"NetworkMode": mode}, "NetworkSettings": {"Networks": networks}});
        let membership = |container| Membership::of(&container, &network);
        let connected = json!({"alias": {"NetworkID": "ab12"}});
        assert!(matches!(membership(container("default", connected)), Membership::Member));
        assert!(matches!(
            membership(container("dmz", json!({"dmz": {"NetworkID": ""}}))),
            Membership::Member
        ));
        assert!(matches!(
            membership(container("none", json!({"none": {"NetworkID": "cd34"}}))),
            Membership::Other
        ));
        assert!(matches!(membership(container("default", Value::Null)), Membership::Other));
        for (mode, owner) in
            [("container:ef56", Some("container ef56")), ("host", Some("the host")), ("dmz", None)]
        {
            assert_eq!(lender(&container(mode, json!({}))).as_deref(), owner, "{mode}");
        }
    }
}
