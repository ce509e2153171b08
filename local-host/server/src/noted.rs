//! What the history keeps of a call's parameters. The host knows no connector, so it goes by what a form says of a field, by
//! names, and by what values look like; where it cannot tell, it keeps less.

use serde_json::{Map, Value};

/// What the history keeps in place of a secret.
const NOTED: &str = "********";
/// Words in the names of what signs in somewhere.
const SECRETS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "privatekey",
    "unlockkey",
    "registryauth",
    "registryconfig",
];
/// Names of what holds values for a program, whose names may be told.
const ENVIRONMENTS: [&str; 7] =
    ["env", "environment", "buildargs", "headers", "labels", "options", "driveropts"];
/// Words in the names of what a program is given to read.
const INPUTS: [&str; 9] = ["stdin", "input", "value", "text", "content", "body", "data", "script", "note"];

/// Parameters as the history keeps them; `fields` are those of the operation's form.
pub(crate) fn noted(params: &Value, fields: &Value) -> Value {
    let mut params = params.clone();
    for (name, value) in params.as_object_mut().into_iter().flatten() {
        match kind(fields, name) {
            Some("password") => hide(value),
            Some("textarea") if value.is_string() => hide_text(name, value),
            _ => hide_within(name, value),
        }
    }
    params
}

/// The type of a field, also of one that another field reveals.
fn kind<'a>(fields: &'a Value, name: &str) -> Option<&'a str> {
    fields.as_array().into_iter().flatten().find_map(|field| {
        if field["name"] == name {
            return field["type"].as_str();
        }
        field["onchange"]
            .as_object()
            .into_iter()
            .flat_map(Map::values)
            .find_map(|further| kind(further, name))
    })
}

/// Hides every text and number within. What is empty is no secret.
fn hide(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(hide),
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::String(text) if !text.is_empty() => NOTED.clone_into(text),
        Value::Number(_) => *value = NOTED.into(),
        _ => {}
    }
}

/// Text of several lines: names stay, values go; of a list of words, the words stay.
fn hide_text(name: &str, value: &mut Value) {
    let text = value.as_str().unwrap_or_default();
    if text.is_empty() || within_json(name, text).is_some() {
        return hide_within(name, value);
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || "._-/:@, \n\r".contains(c);
    let is_input = INPUTS.iter().any(|word| name.to_ascii_lowercase().contains(word));
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let kept = if !is_input && lines.iter().all(|line| line.contains('=')) {
        lines.iter().map(|line| assigned(line)).collect::<Vec<_>>().join("\n")
    } else if !is_input && !is_secret(name) && text.chars().all(is_word) && !text.contains("://") {
        return;
    } else {
        NOTED.to_owned()
    };
    *value = kept.into();
}

/// Hides what names and values show to be secret, however deep it stands.
fn hide_within(name: &str, value: &mut Value) {
    let is_environment = ENVIRONMENTS.iter().any(|known| name.eq_ignore_ascii_case(known));
    match value {
        value if is_secret(name) => hide(value),
        Value::Object(fields) if is_environment => fields.values_mut().for_each(hide),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| hide_within(name, value)),
        Value::Array(items) => items.iter_mut().for_each(|item| match item {
            Value::String(text) if is_environment => *text = assigned(text),
            item => hide_within(name, item),
        }),
        Value::String(text) => {
            if let Some(within) = within_json(name, text) {
                *text = within;
            } else if text.contains("PRIVATE KEY")
                || text.split_once("://").is_some_and(|(_, rest)| rest.contains('@'))
            {
                NOTED.clone_into(text);
            } else if is_environment {
                *text = text.lines().map(assigned).collect::<Vec<_>>().join("\n");
            }
        }
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    plain == "auth" || SECRETS.iter().any(|word| plain.contains(word))
}

/// JSON that is given as text, with what is secret hidden; as text again.
fn within_json(name: &str, text: &str) -> Option<String> {
    let mut json: Value =
        text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok())??;
    hide_within(name, &mut json);
    Some(json.to_string())
}

fn assigned(line: &str) -> String {
    line.split_once('=').map_or_else(|| line.to_owned(), |(name, _)| format!("{name}={NOTED}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_stay_and_secrets_go() {
        let fields = json!([
            {"name": "registry_token", "type": "password"},
            {"name": "Env", "type": "textarea"},
            {"name": "stdin_text", "type": "textarea"},
            {"name": "names", "type": "textarea"},
            {"name": "input", "type": "select", "onchange": {"Text": [{"name": "value", "type": "textarea"}]}},
            {"name": "body", "type": "json"},
            {"name": "headers", "type": "textarea"},
            {"name": "id", "type": "text"},
        ]);
        let given = json!({
            "id": "web", "registry_token": "s3cret", "Env": "A=s3cret\nB=s3cret two", "stdin_text": "s3cret",
            "names": "alpine:3, busybox", "input": "Text", "value": "s3cret\n",
            "body": "{\"username\": \"me\", \"password\": \"s3cret\", \"HostConfig\": {\"Env\": [\"A=s3cret\"]}}",
            "headers": {"X-Registry-Auth": "s3cret"}, "additional_fields": {"Env": {"A": "s3cret"}, "pem": "-----BEGIN PRIVATE KEY-----s3cret"},
            "remote": "https://me:s3cret@host/x", "query": {"buildargs": "{\"A\": \"s3cret\"}"},
        });
        let kept = noted(&given, &fields);
        assert!(!kept.to_string().contains("s3cret"), "{kept}");
        assert_eq!(
            (&kept["id"], &kept["Env"], &kept["names"]),
            (&json!("web"), &json!("A=********\nB=********"), &given["names"])
        );
        assert_eq!(serde_json::from_str::<Value>(kept["body"].as_str().unwrap()).unwrap()["username"], "me");
        assert_eq!(
            noted(&json!({"registry_token": ""}), &fields),
            json!({"registry_token": ""}),
            "nothing is no secret"
        );
    }
}
