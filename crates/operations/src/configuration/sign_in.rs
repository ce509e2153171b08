//! The fields that sign in to the engine by a header.

use engine::SignIn;
use secrecy::SecretString;

use super::fields::{ACCESS_TOKEN, AUTHENTICATION_TYPE, HEADER_NAME, PASSWORD, USERNAME};
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
