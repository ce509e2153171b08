//! The fields that sign in to the engine by headers.

use engine::SignIn;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::fields::{ACCESS_TOKEN, AUTHENTICATION_TYPE, HEADER_NAME, HTTP_HEADERS, PASSWORD, USERNAME};
use crate::{Check, Finding, declare::arguments::Arguments};

/// The header that signs in, unless that is by certificate, by the socket's permissions, or not at all.
pub(super) fn read(
    fields: &Arguments,
    protocol: &str,
    warnings: &mut Vec<Finding>,
    faults: &mut Vec<String>,
) -> Option<SignIn> {
    let how = fields
        .text(AUTHENTICATION_TYPE)
        .filter(|how| protocol.starts_with("http") && ["basic", "token", "header"].contains(how))?;
    if protocol == "http" {
        warnings.push(Finding::warning(
            Check::Encryption,
            "The sign-in goes over plain HTTP: anyone on the network path can read it.",
            "Set protocol to HTTPS.",
        ));
    }
    let secret = |text: &str| SecretString::from(text.to_owned());
    let made = match how {
        "basic" => SignIn::basic(fields.text(USERNAME)?, &secret(fields.text(PASSWORD)?)),
        "token" => SignIn::bearer(&secret(fields.text(ACCESS_TOKEN)?)),
        _ => SignIn::header(fields.text(HEADER_NAME)?, &secret(fields.text(ACCESS_TOKEN)?)),
    };
    made.map_err(|error| faults.push(error.message().to_owned())).ok()
}

/// The further headers. Their values are secret.
pub(super) fn headers(fields: &Arguments, faults: &mut Vec<String>) -> Vec<SignIn> {
    let Some(text) = fields.text(HTTP_HEADERS) else { return Vec::new() };
    let Ok(given) = serde_json::from_str::<Map<String, Value>>(text.trim()) else {
        faults.push("http_headers must be a JSON object such as {\"X-Tenant\": \"blue\"}".to_owned());
        return Vec::new();
    };
    let read = given.iter().map(|(name, value)| header(name, value));
    read.filter_map(|read| read.map_err(|fault| faults.push(fault)).ok()).collect()
}

fn header(name: &str, value: &Value) -> Result<SignIn, String> {
    /// What HTTP itself needs.
    const OURS: [&str; 7] = [
        "host",
        "connection",
        "content-length",
        "content-type",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    ];
    let fault = |why: &str| {
        let shown: String = name.escape_debug().take(60).collect();
        format!("http_headers: the header {shown} {why}")
    };
    if OURS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(fault("cannot be set, as the connector sets it"));
    }
    let value = value.as_str().ok_or_else(|| fault("must have a text as its value"))?;
    SignIn::header(name, &SecretString::from(value.to_owned()))
        .map_err(|_| fault("cannot be sent: its name or its value is not allowed in HTTP"))
}
