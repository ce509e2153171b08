//! Secrets within forms: which fields hold one, and how they are kept out of what is sent out or noted.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::secrets::Secrets;

/// What a write is answered with in place of a secret, as `FortiSOAR` does.
const WRITTEN: &str = "NULL";
/// What the history keeps in place of a secret.
const NOTED: &str = "********";

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

/// Parameters as the history keeps them.
pub(crate) fn noted(params: &Value, names: &HashSet<&str>) -> Value {
    replaced(params, names, |_| NOTED.to_owned())
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
        let Some(seal) =
            value.as_str().filter(|text| names.contains(name.as_str()) && Secrets::is_seal(text))
        else {
            continue;
        };
        let mut candidates = known.iter().flat_map(|config| names.iter().map(|name| &config[*name]));
        let secret = candidates.find(|one| one.as_str().is_some_and(|text| secrets.seal(text) == seal));
        *value = secret.ok_or_else(|| name.clone())?.clone();
    }
    Ok(config)
}

fn replaced(form: &Value, names: &HashSet<&str>, stand_in: impl Fn(&str) -> String) -> Value {
    let mut form = form.clone();
    for (name, value) in form.as_object_mut().into_iter().flatten() {
        if !names.contains(name.as_str()) || value.is_null() || value == "" {
            continue;
        }
        *value = stand_in(value.as_str().unwrap_or_default()).into();
    }
    form
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
        assert_eq!(noted(&json!({"token": ""}), &names), json!({"token": ""}), "nothing is no secret");
    }
}
