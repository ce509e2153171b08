//! The credentials at registries that docker's own command line would use: `config.json`, credential helpers, and
//! `DOCKER_AUTH_CONFIG`.
//!
//! On a command line and its local host alone: an appliance runs no helper programs.

mod helper;

use std::env;

use operations::{OfRegistry, Operation, registry_host, registry_of};
use serde_json::{Map, Value, json};

use self::helper::Helpers;
use crate::{contexts::DockerConfig, out};

const MOST_REGISTRIES: usize = 50;
/// How helpers know Docker's own registry.
const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_ADDRESS: &str = "https://index.docker.io/v1/";

/// The field `registries` of a configuration for this call: JSON, or nothing.
pub(crate) fn registries(
    config: &DockerConfig,
    operation: &Operation,
    params: &Map<String, Value>,
) -> Option<String> {
    let helpers = Helpers::new();
    let roles = || operation.params.iter().filter_map(|param| Some((param, param.registry()?)));
    let takes = |wanted| roles().any(|(_, role)| role == wanted);
    let named = roles().filter_map(|(param, role)| {
        let value = params.get(param.name)?.as_str().filter(|value| !value.is_empty())?;
        match role {
            OfRegistry::Image => Some(registry_of(value)),
            OfRegistry::Server => Some(registry_host(value)),
            OfRegistry::Credentials | OfRegistry::AllCredentials => None,
        }
    });
    let servers = match takes(OfRegistry::AllCredentials) {
        false if takes(OfRegistry::Credentials) => named.collect(),
        false => return None,
        true => Vec::new(),
    };
    // Where the call names none, as a build does not, it may need any.
    let servers = if servers.is_empty() { every_server(config, &helpers) } else { servers };
    auths(config, servers, &helpers)
}

/// The same for whatever call: the credentials at every registry that is known here.
pub(crate) fn every_registry(config: &DockerConfig) -> Option<String> {
    let helpers = Helpers::new();
    auths(config, every_server(config, &helpers), &helpers)
}

fn auths(config: &DockerConfig, servers: Vec<String>, helpers: &Helpers) -> Option<String> {
    let mut auths = Map::new();
    let own = config.file.get("auths").and_then(Value::as_object).into_iter().flatten();
    // Where a store has the credentials, docker leaves empty entries.
    auths.extend(
        own.filter(|(_, entry)| is_filled(entry)).map(|(server, entry)| (server.clone(), entry.clone())),
    );
    let asked = servers.into_iter().take(MOST_REGISTRIES).filter_map(|server| {
        let entry = helpers.get(helper_for(config, &server)?, address(&server))?;
        Some((server, entry))
    });
    for (server, entry) in asked.chain(of_environment()) {
        auths.retain(|name, _| registry_host(name) != registry_host(&server));
        auths.insert(server, entry);
    }
    (!auths.is_empty()).then(|| json!({"auths": auths}).to_string())
}

fn is_filled(entry: &Value) -> bool {
    entry.as_object().is_some_and(|fields| {
        fields.values().any(|value| value.as_str().is_some_and(|text| !text.is_empty()))
    })
}

/// Every registry that a helper has credentials for.
fn every_server(config: &DockerConfig, helpers: &Helpers) -> Vec<String> {
    let own = config.file.get("credHelpers").and_then(Value::as_object).into_iter().flatten();
    let mut servers: Vec<String> = own.map(|(server, _)| server.clone()).collect();
    if let Some(store) = store(config) {
        servers.extend(helpers.list(store));
    }
    servers
}

/// The helper of a registry: its own, or the store for all.
fn helper_for<'a>(config: &'a DockerConfig, server: &str) -> Option<&'a str> {
    let own = config.file.get("credHelpers").and_then(Value::as_object).into_iter().flatten();
    let own = own.filter(|(name, _)| registry_host(name) == registry_host(server));
    own.filter_map(|(_, helper)| helper.as_str()).find(|helper| !helper.is_empty()).or_else(|| store(config))
}

fn store(config: &DockerConfig) -> Option<&str> {
    config.file.get("credsStore").and_then(Value::as_str).filter(|name| !name.is_empty())
}

fn address(server: &str) -> &str {
    if server == DOCKER_HUB { DOCKER_HUB_ADDRESS } else { server }
}

/// `DOCKER_AUTH_CONFIG`: `auths` as in `config.json`, of `auth` alone.
fn of_environment() -> Map<String, Value> {
    let text = env::var("DOCKER_AUTH_CONFIG").unwrap_or_default();
    if text.trim().is_empty() {
        return Map::new();
    }
    let read: Value = serde_json::from_str(&text).unwrap_or_default();
    match &read["auths"] {
        Value::Object(auths) => auths.clone(),
        _ => {
            out::note("Warning: DOCKER_AUTH_CONFIG is not used: it is not JSON with auths.");
            Map::new()
        }
    }
}
