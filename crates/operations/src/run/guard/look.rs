//! Looks before a change. Their answers decide, so whatever is not Docker's own refuses the change.

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::Value;

use crate::{Error, run::call::Call};

/// A container's full id and its inspection, by a name or id. Rules about labels need the labels to be there.
pub(super) fn container(call: &Call<'_>, named: &str, with_labels: bool) -> Result<(String, Value), Error> {
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
    let request = Request::get(Path::fill(template, |_| Segment::name(id))?);
    let answer = call.send(request).map_err(|error| explained(error, what))?;
    let status = answer.status;
    answer.json().map_err(|_| unchecked(what, "is not JSON", Some(status)))
}

/// An error of a look. What is not there can be neither protected nor changed, and Docker's own words for that are the
/// call's error.
fn explained(error: Error, what: &str) -> Error {
    match error.status() {
        None => error,
        Some(_) if is_absence(&error) || is_absent_command(&error) => error,
        // A router's or a proxy's page: whether there is such a container is not known.
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

fn is_absent_command(error: &Error) -> bool {
    says(error, &["no such exec", "no exec session with id"])
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
    .hint("A proxy in front of the engine must pass GET requests for /containers and /exec, and the engine's answers");
    match status {
        Some(status) => error.with_status(status),
        None => error,
    }
    .into()
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
