//! Looks before a change. Their answers decide, so whatever is not Docker's own refuses the change.

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::Value;

use crate::{Error, run::call::Call};

/// A container's full id and its inspection, by a name or id. Rules about labels need the labels to be there.
pub(super) fn container(call: &Call<'_>, named: &str) -> Result<(String, Value), Error> {
    let with_labels = call.configuration.policy().reads_labels();
    let what = format!("container {}", named.trim_start_matches('/'));
    let container = look(call, "/containers/{id}/json", named, &what)?;
    let id = container["Id"].as_str().filter(|id| is_full_id(id));
    let has_name = container["Name"].as_str().is_some_and(|name| !name.trim_start_matches('/').is_empty());
    let (config, labels) = (&container["Config"], &container["Config"]["Labels"]);
    // Another engine may leave out what no rule asks for.
    let has_config = config.is_object() || config.is_null() && !with_labels;
    let has_labels = labels.is_object() || labels.is_null();
    let Some(id) = id.filter(|_| has_name && has_config && has_labels).map(str::to_owned) else {
        return Err(unchecked(&what, "has no Id and Name of a container", None));
    };
    Ok((id, container))
}

/// A network's id and its inspection.
pub(super) fn network(call: &Call<'_>, named: &str) -> Result<(String, Value), Error> {
    let what = format!("network {named}");
    let network = look(call, "/networks/{id}", named, &what)?;
    match (network["Id"].as_str(), network["Name"].as_str()) {
        (Some(id), Some(name)) if is_an_id(id) && !name.is_empty() => Ok((id.to_owned(), network)),
        _ => Err(unchecked(&what, "has no Id and Name of a network", None)),
    }
}

/// The full name of a volume. Podman takes the beginning of one.
pub(super) fn volume(call: &Call<'_>, named: &str) -> Result<String, Error> {
    let what = format!("volume {named}");
    let volume = look(call, "/volumes/{name}", named, &what)?;
    let name = volume["Name"].as_str().filter(|name| !name.is_empty());
    name.map(str::to_owned).ok_or_else(|| unchecked(&what, "has no Name of a volume", None))
}

/// An image's id and its inspection.
pub(super) fn image(call: &Call<'_>, named: &str) -> Result<(String, Value), Error> {
    let what = format!("image {named}");
    let image = look(call, "/images/{name}/json", named, &what)?;
    match image["Id"].as_str() {
        Some(id) if is_full_id(id.trim_start_matches("sha256:")) => Ok((id.to_owned(), image)),
        _ => Err(unchecked(&what, "has no Id of an image", None)),
    }
}

/// A plugin's id and its name.
pub(super) fn plugin(call: &Call<'_>, named: &str) -> Result<(String, String), Error> {
    let what = format!("plugin {named}");
    let plugin = look(call, "/plugins/{name}/json", named, &what)?;
    match (plugin["Id"].as_str(), plugin["Name"].as_str()) {
        (Some(id), Some(name)) if is_full_id(id) && !name.is_empty() => Ok((id.to_owned(), name.to_owned())),
        _ => Err(unchecked(&what, "has no Id and Name of a plugin", None)),
    }
}

/// The networks of a driver.
pub(super) fn networks_of(call: &Call<'_>, driver: &str) -> Result<Vec<Value>, Error> {
    let what = format!("a network of plugin {driver}");
    let answer =
        call.send(Request::get(Path::fixed("/networks"))).map_err(|error| explained(error, &what))?;
    let status = Some(answer.status);
    match answer.json() {
        Ok(Value::Array(networks)) if networks.iter().all(|network| network["Driver"].is_string()) => {
            Ok(networks.into_iter().filter(|network| network["Driver"] == driver).collect())
        }
        _ => Err(unchecked(&what, "is no list of networks", status)),
    }
}

/// The labels of an image; none where it is gone.
pub(super) fn labels_of_image(call: &Call<'_>, named: &str) -> Result<Value, Error> {
    match image(call, named) {
        Ok((_, image)) => Ok(image["Config"]["Labels"].clone()),
        Err(error) if says(&error, &["no such image"]) => Ok(Value::Null),
        Err(error) => Err(error),
    }
}

/// A service's id and its inspection.
pub(super) fn service(call: &Call<'_>, named: &str) -> Result<(String, Value), Error> {
    let what = format!("service {named}");
    let service = look(call, "/services/{id}", named, &what)?;
    match service["ID"].as_str() {
        Some(id) if is_an_id(id) && service["Spec"]["Name"].is_string() => Ok((id.to_owned(), service)),
        _ => Err(unchecked(&what, "has no ID and Spec of a service", None)),
    }
}

/// A node's id.
pub(super) fn node(call: &Call<'_>, named: &str) -> Result<String, Error> {
    let what = format!("what runs on node {named}");
    let node = look(call, "/nodes/{id}", named, &what)?;
    let id = node["ID"].as_str().filter(|id| is_an_id(id));
    id.map(str::to_owned).ok_or_else(|| unchecked(&what, "has no ID of a node", None))
}

/// The services of a list, or of what a list of tasks names.
pub(super) fn of_swarm(call: &Call<'_>, path: &'static str, filters: &Value) -> Result<Vec<Value>, Error> {
    const WHAT: &str = "a service of the swarm";
    let limit = call.time_limit();
    let request = Request::get(Path::fixed(path)).query("filters", &filters.to_string());
    let answer = call.send(request.silence(limit).deadline(limit)).map_err(|error| explained(error, WHAT))?;
    match answer.json() {
        Ok(Value::Array(listed)) if listed.iter().all(|one| one["ID"].is_string()) => Ok(listed),
        _ => Err(unchecked(WHAT, "is no list", Some(answer.status))),
    }
}

/// What the engine says of its place in a swarm: `Swarm` of its information.
pub(super) fn swarm(call: &Call<'_>) -> Result<Value, Error> {
    const WHAT: &str = "what runs on this node";
    let answer = call.send(Request::get(Path::fixed("/info"))).map_err(|error| explained(error, WHAT))?;
    let swarm = answer.json().ok().map(|mut info| info["Swarm"].take());
    swarm.filter(Value::is_object).ok_or_else(|| unchecked(WHAT, "has no Swarm", Some(answer.status)))
}

/// The full id of the container that a command runs in.
pub(super) fn container_of(call: &Call<'_>, exec: &str) -> Result<String, Error> {
    let what = format!("the container of command {exec}");
    let found = look(call, "/exec/{id}/json", exec, &what)?;
    let container = found["ContainerID"].as_str().filter(|id| is_full_id(id));
    container.map(str::to_owned).ok_or_else(|| unchecked(&what, "has no ContainerID", None))
}

/// A list of containers that decides what may go. An answer that is none, or has entries that are none, decides nothing.
pub(crate) fn listed(call: &Call<'_>, request: Request) -> Result<Vec<Value>, Error> {
    const WHAT: &str = "a stopped container";
    let answer = call.send(request).map_err(|error| explained(error, WHAT))?;
    let status = Some(answer.status);
    let Ok(Value::Array(listed)) = answer.json() else {
        return Err(unchecked(WHAT, "is no list", status));
    };
    let is_understood = |container: &Value| {
        container["Id"].as_str().is_some_and(is_full_id)
            && container["State"].is_string()
            && (container["Labels"].is_object() || container["Labels"].is_null())
    };
    if !listed.iter().all(is_understood) {
        return Err(unchecked(WHAT, "has an entry that is no container", status));
    }
    Ok(listed)
}

/// A look before a change. Its answer decides, so one that is not Docker's refuses the change.
fn look(call: &Call<'_>, template: &str, id: &str, what: &str) -> Result<Value, Error> {
    // A name can hold slashes: that of an image, of a network, and that by which a container links to another.
    let name = id.strip_prefix('/').unwrap_or(id);
    let request = Request::get(Path::fill(template, |_| Segment::reference(name))?);
    let answer = call.send(request).map_err(|error| explained(error, what))?;
    let status = answer.status;
    answer.json().map_err(|_| unchecked(what, "is not JSON", Some(status)))
}

/// An error of a look. What is not there can be neither protected nor changed, and Docker's own words for that are the
/// call's error.
fn explained(error: Error, what: &str) -> Error {
    match error.status() {
        None => error,
        Some(_) if is_absent(&error) => error,
        // A router's or a proxy's page: whether there is such a thing is not known.
        Some(404) => unchecked(what, &format!("is not the engine's ({})", error.came_back()), Some(404)),
        Some(_) => error.and(&format!(
            "The connector first checks whether {what} is protected, and this was the answer. Nothing was done."
        )),
    }
}

/// How Docker (`No such container: web`) and Podman (`no container with name or ID "web" found: ...`) begin to say so.
const ABSENCE: &[&str] = &["no such container", "no container with name or id"];

/// Whether the engine says that there is no such container. Whoever else answers 404 does not know.
pub(super) fn is_absence(error: &Error) -> bool {
    says(error, ABSENCE)
}

/// Whether the engine says that there is none of what was looked for.
fn is_absent(error: &Error) -> bool {
    // `network web not found`
    let is_named = |said: &str| {
        begins(said, &["network ", "plugin ", "service ", "node "]) && said.ends_with(" not found")
    };
    is_absence(error)
        || is_absent_volume(error)
        || says(error, &["no such exec", "no exec session with id", "no such image", "no such network"])
        || says(error, &["unable to find network with name or id"])
        || error.status() == Some(404) && error.said().is_some_and(is_named)
}

/// Whether the engine says that there is no such volume.
pub(super) fn is_absent_volume(error: &Error) -> bool {
    let said = error.said().filter(|_| error.status() == Some(404));
    said.is_some_and(|said| said.to_ascii_lowercase().contains("no such volume"))
}

fn says(error: &Error, beginnings: &[&str]) -> bool {
    error.status() == Some(404) && error.said().is_some_and(|said| begins(said, beginnings))
}

fn begins(said: &str, beginnings: &[&str]) -> bool {
    let said = said.to_ascii_lowercase();
    beginnings.iter().any(|beginning| said.starts_with(beginning))
}

/// The error where a look told nothing.
fn unchecked(what: &str, why: &str, status: Option<u16>) -> Error {
    let error = engine::Error::new(
        ErrorKind::Protocol,
        format!("the connector cannot check whether {what} is protected: the answer {why}. Nothing was done"),
    )
    .hint("A proxy in front of the engine must pass GET requests and the engine's answers");
    match status {
        Some(status) => error.with_status(status),
        None => error,
    }
    .into()
}

/// Whether a text can be the id of a network or a service: those of a swarm are not hexadecimal.
fn is_an_id(id: &str) -> bool {
    id.len() >= 12 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_full_id(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_dockers_own_words_say_that_there_is_none() {
        let absence = |said: &str| begins(said, ABSENCE);
        assert!(absence("No such container: web"));
        assert!(absence("no container with name or ID \"web\" found: no such container"));
        assert!(!absence("page not found") && !absence("network web: no such container"));
    }
}
