//! Secrets within forms: which fields hold one, and how they are kept out of what is sent out.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::secrets::Secrets;

/// What a write is answered with in place of a secret, as `FortiSOAR` does.
const WRITTEN: &str = "NULL";

/// The names of the fields of type `password`, with those that other fields reveal.
pub(crate) fn secret_fields(fields: &Value) -> HashSet<&str> {
    let mut names = HashSet::new();
    collect(fields, &mut names);
    names
}

fn collect<'a>(fields: &'a Value, names: &mut HashSet<&'a str>) {
    for field in fields.as_array().into_iter().flatten() {
        if field["type"] == "password" {
            names.extend(field["name"].as_str());
        }
        for further in field["onchange"].as_object().into_iter().flat_map(Map::values) {
            collect(further, names);
        }
    }
}

/// A configuration as it is read: secrets sealed.
pub(crate) fn sealed(config: &Value, names: &HashSet<&str>, secrets: &Secrets) -> Value {
    replaced(config, names, |secret| secrets.seal(secret))
}

/// A configuration as a write is answered.
pub(crate) fn written(config: &Value, names: &HashSet<&str>) -> Value {
    replaced(config, names, |_| WRITTEN.to_owned())
}

/// A configuration as it was meant: each seal becomes the secret among `known` that it stands for. Fails with the name of
/// a field whose seal stands for none of them.
pub(crate) fn unsealed(
    config: &Value,
    names: &HashSet<&str>,
    known: &[Value],
    secrets: &Secrets,
) -> Result<Value, String> {
    let mut config = config.clone();
    for (name, value) in config.as_object_mut().into_iter().flatten() {
        let Some(seal) = value.as_str().filter(|text| Secrets::is_seal(text)) else { continue };
        let all = known.iter().filter_map(Value::as_object).flatten();
        let mut candidates =
            all.filter(|(name, value)| is_secret(name, value, names)).map(|(_, value)| value);
        let secret = candidates.find(|one| one.as_str().is_some_and(|text| secrets.seal(text) == seal));
        *value = secret.ok_or_else(|| name.clone())?.clone();
    }
    Ok(config)
}

fn replaced(form: &Value, names: &HashSet<&str>, stand_in: impl Fn(&str) -> String) -> Value {
    let mut form = form.clone();
    for (name, value) in form.as_object_mut().into_iter().flatten() {
        if !is_secret(name, value, names) {
            continue;
        }
        *value = stand_in(value.as_str().unwrap_or_default()).into();
    }
    form
}

/// Whether a field's value is one: it has a form that hides it, or it is a private key, which a field for files takes as text.
fn is_secret(name: &str, value: &Value, names: &HashSet<&str>) -> bool {
    let is_key = value.as_str().is_some_and(|text| text.contains("PRIVATE KEY"));
    is_key || names.contains(name) && !value.is_null() && value != ""
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::layout::Layout;

    #[test]
    fn secrets_go_out_sealed_and_come_back_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (secrets, _) = Secrets::open(&Layout::new(folder.path()).unwrap()).unwrap();
        let fields = json!([
            {"name": "server", "type": "text"},
            {"name": "sign_in", "type": "select", "onchange": {"Token": [{"name": "token", "type": "password"}]}},
        ]);
        let names = secret_fields(&fields);
        assert_eq!(names, HashSet::from(["token"]));

        let stored = json!({"server": "engine", "sign_in": "Token", "token": "hunter2"});
        let sent = sealed(&stored, &names, &secrets);
        assert!(!sent.to_string().contains("hunter2"));
        assert_eq!(unsealed(&sent, &names, std::slice::from_ref(&stored), &secrets).unwrap(), stored);
        assert_eq!(unsealed(&sent, &names, &[], &secrets).unwrap_err(), "token");
        assert_eq!(written(&stored, &names)["token"], "NULL");
        assert_eq!(
            sealed(&json!({"token": ""}), &names, &secrets),
            json!({"token": ""}),
            "nothing is no secret"
        );

        let with_key = json!({"key_path": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "ca": "-----BEGIN CERTIFICATE-----"});
        let sent = sealed(&with_key, &names, &secrets);
        assert!(!sent.to_string().contains("MIIE") && sent["ca"] == with_key["ca"]);
        assert_eq!(written(&with_key, &names)["key_path"], "NULL");
        assert_eq!(unsealed(&sent, &names, std::slice::from_ref(&with_key), &secrets).unwrap(), with_key);
    }
}
