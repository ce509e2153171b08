//! Signing in at registries: which credentials go with which image, as the engine wants them.
//!
//! Credentials go to the registry that they are for, and to no other. The engine takes them with each call that needs
//! them and forgets them: nothing is stored, as `docker login` would.

mod credentials;
mod entry;
mod file;
mod sign_in;

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde_json::Value;

pub(crate) use self::{
    credentials::Credentials,
    file::Registries,
    sign_in::{SignIn, is_refusal},
};
use crate::{
    OfRegistry, Param,
    declare::param::{secret, text},
    values::reference::split_registry,
};

/// The name that Docker uses for its own registry.
pub(crate) const DOCKER_HUB: &str = "docker.io";
/// The addresses by which Docker's own registry is also known.
const DOCKER_HUB_ALIASES: [&str; 4] =
    ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com"];
/// The address under which the engine looks for the credentials of Docker's own registry.
const DOCKER_HUB_ADDRESS: &str = "https://index.docker.io/v1/";

/// The parameters of an operation that may sign in at a registry.
pub(crate) const SIGN_IN: [Param; 3] = [
    text("registry_username")
        .title("Registry Username")
        .about("The user name at the registry. If empty, the configuration's.")
        .local(),
    secret("registry_password")
        .of_registry(OfRegistry::Credentials)
        .title("Registry Password")
        .about("The password or access token that belongs to the user name.")
        .local(),
    secret("registry_token")
        .title("Registry Identity Token")
        .about("An identity token, which some registries issue instead of a password.")
        .local(),
];

/// Base64 for URLs, of JSON: as the API's "Authentication" section has it.
fn encode(fields: &Value) -> String {
    URL_SAFE.encode(fields.to_string())
}

/// The registry that an image's name leads to.
pub fn registry_of(image: &str) -> String {
    split_registry(image).0.map_or_else(|| DOCKER_HUB.into(), host)
}

/// The host of a registry's address, with its port, without scheme and path.
pub fn host(server: &str) -> String {
    let server = server.trim();
    let bare = server.split_once("://").map_or(server, |(_, rest)| rest);
    let host = bare.split('/').next().unwrap_or(bare).to_ascii_lowercase();
    if DOCKER_HUB_ALIASES.contains(&host.as_str()) { DOCKER_HUB.into() } else { host }
}

/// The address under which the engine knows a registry.
fn address(registry: &str) -> &str {
    if registry == DOCKER_HUB { DOCKER_HUB_ADDRESS } else { registry }
}
