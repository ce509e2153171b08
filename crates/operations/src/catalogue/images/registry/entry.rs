//! One entry of a file of credentials, in the forms in which programs write them.

use std::collections::BTreeMap;

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{Credentials, DOCKER_HUB, DOCKER_HUB_ADDRESS, credentials::Secret, host};

/// What to do about an entry that has no credentials.
pub(super) const ENTER: &str = "Enter username and password, or a token";
/// What Docker Desktop keeps beside its entry for Docker Hub.
const KEPT_BY_DESKTOP: [&str; 2] = ["access-token", "refresh-token"];

/// The credentials of one entry; or what is wrong with it, to follow its name.
pub(super) fn usable(server: &str, entry: &Value) -> Result<Credentials, String> {
    let Value::Object(fields) = entry else { return Err(format!("is not an object. {ENTER}")) };
    check_server(server)?;
    let entry = lowered(fields);
    let decoded = entry.text("auth").map(decoded);
    let (auth_username, auth_password) =
        match decoded.as_ref().and_then(|auth| auth.as_ref()?.split_once(':')) {
            // Docker's own reader takes zeros off the end.
            Some((username, password)) => (Some(username), Some(password.trim_matches('\0'))),
            None => (None, None),
        };
    let username = entry.text("username").or(auth_username.filter(|username| !username.is_empty()));
    let own_password = entry.text("password").or(entry.text("secret"));
    let password = own_password.or(auth_password.filter(|password| !password.is_empty()));
    let token = entry.text("token").or(entry.text("identitytoken"));
    let registry_id = entry.number("registryid").transpose()?;
    let secret = |text: &str| SecretString::from(text.to_owned());
    let found = match (username, password, token, entry.text("registrytoken")) {
        // What a credential helper answers for a token.
        (Some("<token>"), Some(token), None, _) => {
            return Ok(Credentials {
                registry: host(server),
                username: None,
                secret: Some(Secret::IdentityToken(secret(token))),
                registry_id,
            });
        }
        (_, _, Some(_), _) if own_password.is_some() => {
            return Err("has both a password and a token. Remove one of them".into());
        }
        (_, _, Some(token), _) => Some(Secret::IdentityToken(secret(token))),
        (Some(_), Some(password), None, _) => Some(Secret::Password(secret(password))),
        (_, _, None, Some(token)) => Some(Secret::RegistryToken(secret(token))),
        (None, Some(_), None, None) => return Err("has a password without a username. Enter both".into()),
        _ if registry_id.is_some() => None,
        (Some(_), None, None, None) => return Err("has a username without a password. Enter both".into()),
        (None, None, None, None) if decoded.is_some() => {
            return Err(format!("has an auth that is not base64 of user:password. {ENTER}"));
        }
        (None, None, None, None) => return Err(format!("has no credentials. {ENTER}, or remove it")),
    };
    Ok(Credentials {
        registry: host(server),
        username: username.map(str::to_owned),
        secret: found,
        registry_id,
    })
}

/// Whether a name is one of a registry.
fn check_server(server: &str) -> Result<(), String> {
    let path = server.trim().trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if host(server) == DOCKER_HUB && KEPT_BY_DESKTOP.contains(&path) {
        return Err(format!(
            "({path}) is a token that Docker Desktop keeps for itself, and is not used. {DOCKER_HUB_ADDRESS} needs an entry of its own"
        ));
    }
    let host = host(server);
    let is_host = |c: char| c.is_alphanumeric() || "._-:[]".contains(c);
    match host.is_empty() || !host.chars().all(is_host) {
        true => Err("does not name a registry. Enter its host, perhaps with a port".into()),
        false => Ok(()),
    }
}

/// A registry's name for people: without what may be a secret before an `@`, in one line, and short.
pub(super) fn shown(server: &str) -> String {
    let host = host(server);
    let host = host.rsplit('@').next().unwrap_or_default();
    let shown: String = host.escape_debug().take(80).collect();
    if shown.is_empty() { "(no name)".into() } else { shown }
}

/// An entry, its fields' names in lower case: programs disagree on them.
pub(super) struct Lowered<'a>(pub(super) BTreeMap<String, &'a Value>);

pub(super) fn lowered(fields: &Map<String, Value>) -> Lowered<'_> {
    Lowered(fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect())
}

impl Lowered<'_> {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    fn number(&self, name: &str) -> Option<Result<u64, String>> {
        let value = self.0.get(name).filter(|value| !value.is_null())?;
        let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
        Some(number.ok_or_else(|| "has a registryId that is not a whole number".to_owned()))
    }
}

/// `user:password`, from base64 of either alphabet, with or without its padding.
fn decoded(auth: &str) -> Option<String> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bare: String = auth.split_whitespace().collect();
    let of = |alphabet| GeneralPurpose::new(alphabet, config).decode(&bare).ok();
    String::from_utf8(of(&alphabet::STANDARD).or_else(|| of(&alphabet::URL_SAFE))?).ok()
}
