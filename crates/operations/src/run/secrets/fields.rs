//! The fields of Docker's JSON that hold secrets, whatever they stand in. One table for both ways: `redact` masks them in
//! results, and no text repeats what was given in them.

use crate::Secrecy;

/// Fields by the name of the field that they stand in (empty for any) and their own name.
const FIELDS: &[(&str, &str, Secrecy)] = &[
    ("", "auth", Secrecy::Whole),
    ("", "password", Secrecy::Whole),
    ("", "token", Secrecy::Whole),
    ("", "identitytoken", Secrecy::Whole),
    ("", "registrytoken", Secrecy::Whole),
    ("", "jointoken", Secrecy::Whole),
    ("", "jointokens", Secrecy::Whole),
    ("", "unlockkey", Secrecy::Whole),
    ("", "signingcakey", Secrecy::Whole),
    ("", "x-registry-auth", Secrecy::Whole),
    ("", "x-registry-config", Secrecy::Whole),
    ("Spec", "data", Secrecy::Whole),
    ("", "env", Secrecy::Values),
    ("", "environment", Secrecy::Values),
    ("", "buildargs", Secrecy::Values),
    ("", "labels", Secrecy::Values),
    ("", "annotations", Secrecy::Values),
    ("", "driveropts", Secrecy::Values),
    ("", "options", Secrecy::Values),
    ("LogConfig", "config", Secrecy::Values),
    ("", "cmd", Secrecy::Words),
    ("", "entrypoint", Secrecy::Words),
    ("", "command", Secrecy::Words),
    ("", "test", Secrecy::Words),
    ("", "createcommand", Secrecy::Words),
    ("", "args", Secrecy::Whole),
    ("", "arguments", Secrecy::Whole),
    ("Log", "output", Secrecy::Whole),
];

/// What of a field is secret; `None` where the field itself says nothing, but what stands in it may.
pub(crate) fn of_field(parent: &str, name: &str) -> Option<Secrecy> {
    let is_it = |field: &&(&str, &str, Secrecy)| {
        field.1.eq_ignore_ascii_case(name) && (field.0.is_empty() || field.0.eq_ignore_ascii_case(parent))
    };
    FIELDS.iter().find(is_it).map(|(_, _, secrecy)| *secrecy)
}
