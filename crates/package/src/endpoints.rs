//! Each endpoint of the Docker Engine API, with the operations that call it, or the reason why none does.
//!
//! The endpoints are data (`data/endpoints.json`). The operations come from the catalogue. The reasons are here, and nowhere else.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::LazyLock,
};

use operations::{Operation, Param, shown};
use serde::Deserialize;

use crate::schema::{nameless, request};

/// The endpoints that no operation begins with: which one calls them besides its own, or why none does.
const REASONS: &[(&str, &str)] = &[
    (
        "GET /containers/{id}/attach/ws",
        "A WebSocket, for web browsers. `container_attach` does the same over HTTP.",
    ),
    ("HEAD /_ping", "`ping` sends GET, whose answer says the same."),
    ("GET /images/{name}/get", "`save_images` saves one image as it saves several."),
    ("POST /exec/{id}/start", "`exec_container` starts what it has created."),
    (
        "POST /session",
        "BuildKit builds for a client that serves it a session, for as long as it builds. `build_image` uses the classic builder. \
         Engines deprecate this endpoint from API 1.53 on.",
    ),
];

/// Endpoints that engines have and no description of the API does. A reason is missing where an operation calls one.
const UNDESCRIBED: &[(&str, &str)] = &[
    ("GET /containers/{id}/checkpoints", ""),
    ("POST /containers/{id}/checkpoints", ""),
    ("DELETE /containers/{id}/checkpoints/{checkpoint}", ""),
    ("POST /grpc", "As `POST /session`: BuildKit's."),
    ("POST /build/cancel", "It cancels a build of BuildKit. A classic build ends with the call."),
];

/// The parameters of endpoints that no operation offers under their names: what sends them. An empty endpoint is every one.
const SENT_OTHERWISE: &[(&str, &str, &str)] = &[
    ("", "X-Registry-Auth", "made of `registry_username` and the like, or of the configuration"),
    ("", "version", "read from the object right before the change"),
    ("POST /build", "X-Registry-Config", "made of `registries`, here and in the configuration"),
    ("POST /build", "Content-type", "always a tar"),
    ("POST /services/{id}/update", "rollback", "sent by `rollback_service`"),
];

#[derive(Deserialize, Default)]
struct Endpoint {
    /// The first API version that has it; empty for 1.40 and older.
    #[serde(default)]
    since: String,
    /// Its parameters outside of path and body, each with the first version that has it.
    params: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
struct Described {
    endpoints: BTreeMap<String, Endpoint>,
}

static DESCRIBED: LazyLock<Described> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/endpoints.json")).unwrap_or_default());

/// Writes the reference's table: a line for each endpoint.
pub(crate) fn write_table(page: &mut String, link: impl Fn(&Operation) -> String) -> fmt::Result {
    writeln!(
        page,
        "# Endpoints of the API\n\nThe Docker Engine API, 1.40 to 1.56, has {} endpoints. For each, these operations begin with it, or \
         this is why none does. An operation that takes several requests calls further ones.\n",
        DESCRIBED.endpoints.len()
    )?;
    writeln!(page, "| Method | Endpoint | API | Operations | Parameters by another name |")?;
    writeln!(page, "| --- | --- | --- | --- | --- |")?;
    for (name, endpoint) in by_path() {
        let params: Vec<String> = endpoint
            .params
            .keys()
            .filter(|param| offered(name, param).next().is_none())
            .filter_map(|param| Some(format!("`{param}`: {}", sent_otherwise(name, param)?)))
            .collect();
        write_line(page, name, &endpoint.since, &params.join("; "), &link)?;
    }
    writeln!(page, "\nEngines have these too, and no description of the API does:\n")?;
    writeln!(page, "| Method | Endpoint | Operations |\n| --- | --- | --- |")?;
    for (name, reason) in UNDESCRIBED {
        let (method, path) = name.split_once(' ').unwrap_or_default();
        writeln!(page, "| {method} | `{path}` | {} |", operations_or(name, reason, &link))?;
    }
    Ok(())
}

fn write_line(
    page: &mut String,
    name: &str,
    since: &str,
    params: &str,
    link: &impl Fn(&Operation) -> String,
) -> fmt::Result {
    let (method, path) = name.split_once(' ').unwrap_or_default();
    let reason = REASONS.iter().find(|(endpoint, _)| *endpoint == name).map_or("", |(_, reason)| reason);
    let operations = operations_or(name, reason, link);
    writeln!(page, "| {method} | `{path}` | {since} | {operations} | {params} |")
}

fn operations_or(name: &str, reason: &str, link: &impl Fn(&Operation) -> String) -> String {
    let links: Vec<String> = calling(name).map(link).collect();
    if links.is_empty() { reason.to_owned() } else { links.join(", ") }
}

/// Endpoints as one looks for them: by their paths.
fn by_path() -> Vec<(&'static str, &'static Endpoint)> {
    let mut all: Vec<_> = DESCRIBED.endpoints.iter().map(|(name, it)| (name.as_str(), it)).collect();
    all.sort_by_key(|(name, _)| name.split_once(' ').map(|(method, path)| (path, method)));
    all
}

/// The request that an operation begins with. One that changes something can begin with a look, by the path of its declaration.
pub(crate) fn first_request(operation: &Operation) -> String {
    let own = request(operation);
    let look = format!("GET {}", operation.path);
    if !is_known(&own) && is_known(&look) { look } else { own }
}

fn is_known(endpoint: &str) -> bool {
    let wanted = nameless(endpoint);
    let undescribed = UNDESCRIBED.iter().map(|(name, _)| *name);
    DESCRIBED.endpoints.keys().map(String::as_str).chain(undescribed).any(|name| nameless(name) == wanted)
}

/// The operations that begin with this request.
fn calling(endpoint: &str) -> impl Iterator<Item = &'static Operation> {
    let wanted = nameless(endpoint);
    shown().filter(move |operation| nameless(&first_request(operation)) == wanted)
}

/// The parameters of operations that are this one of the endpoint.
fn offered(endpoint: &str, param: &str) -> impl Iterator<Item = (&'static Operation, &'static Param)> {
    let param = param.to_owned();
    calling(endpoint).flat_map(move |operation| {
        let param = param.clone();
        let is_it = move |own: &&Param| {
            own.wire_name() == param || own.name.replace('_', "-") == param || own.name == param
        };
        operation.params.iter().filter(is_it).map(move |own| (operation, own))
    })
}

fn sent_otherwise(endpoint: &str, param: &str) -> Option<&'static str> {
    let is_it = |entry: &&(&str, &str, &str)| (entry.0.is_empty() || entry.0 == endpoint) && entry.1 == param;
    SENT_OTHERWISE.iter().find(is_it).map(|(_, _, how)| *how)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn is_called(endpoint: &str) -> bool {
        calling(endpoint).next().is_some()
    }

    #[test]
    fn every_endpoint_has_its_operation_or_a_reason() {
        assert_eq!(DESCRIBED.endpoints.len(), 108);
        for name in DESCRIBED.endpoints.keys() {
            let has_reason = REASONS.iter().any(|(endpoint, _)| endpoint == name);
            assert!(
                is_called(name) != has_reason,
                "{name}: no operation begins with it, and REASONS does not say why; or both"
            );
        }
    }

    #[test]
    fn every_operation_calls_an_endpoint_that_there_is() {
        for operation in shown().filter(|operation| !operation.is_offline() && operation.path != "/") {
            let own = first_request(operation);
            assert!(is_known(&own), "{}: {own} is no endpoint of the API", operation.name);
        }
    }

    #[test]
    fn every_parameter_is_offered_or_sent_otherwise() {
        let mut used = HashSet::new();
        for (name, endpoint) in by_path().into_iter().filter(|(name, _)| is_called(name)) {
            for param in endpoint.params.keys() {
                let how = sent_otherwise(name, param);
                let is_offered = offered(name, param).next().is_some();
                used.extend(how.filter(|_| !is_offered));
                assert!(is_offered || how.is_some(), "{name}: {param} is not offered, and nothing says why");
            }
        }
        let idle: Vec<&str> =
            SENT_OTHERWISE.iter().map(|(_, _, how)| *how).filter(|how| !used.contains(how)).collect();
        assert!(idle.is_empty(), "of no endpoint: {idle:?}");
    }

    #[test]
    fn what_is_newer_says_so() {
        for (name, endpoint) in by_path() {
            let text = |version: Option<operations::ApiVersion>| version.map(|version| version.to_string());
            for operation in calling(name) {
                let own = text(operation.since).unwrap_or_default();
                assert!(
                    endpoint.since.is_empty() || own == endpoint.since,
                    "{}: since {own:?}",
                    operation.name
                );
            }
            for (param, since) in endpoint.params.iter().filter(|(_, since)| !since.is_empty()) {
                for (operation, own) in offered(name, param) {
                    let said = text(own.since.or(operation.since)).unwrap_or_default();
                    assert_eq!(&said, since, "{}.{}", operation.name, own.name);
                }
            }
        }
    }

    #[test]
    fn reasons_are_sentences_of_endpoints_that_no_operation_calls() {
        for (name, reason) in REASONS.iter().chain(UNDESCRIBED) {
            assert_eq!(reason.is_empty(), is_called(name), "{name}");
            assert!(reason.is_empty() || reason.ends_with('.'), "{name}: {reason}");
        }
        for (name, _) in REASONS {
            assert!(DESCRIBED.endpoints.contains_key(*name), "{name}");
        }
    }
}
