//! Networks of a service: `backend`, or `name=backend,alias=web,driver-opt=a=1` (`docker service create --network`).

use serde_json::{Value, json};

use super::{
    comma_items,
    fields::{are_fields, fields},
    items, parsed,
};

/// The API's list of networks.
pub(super) fn attachments(value: &Value) -> Result<Value, String> {
    let parsed = parsed(value)?;
    let is_long = parsed.as_str().is_some_and(are_fields);
    let listed = if is_long { items(parsed) } else { comma_items(parsed) };
    let attachments = listed.into_iter().map(|item| match item {
        Value::Object(attachment) => Ok(attachment.into()),
        Value::String(line) if are_fields(&line) => attachment(&line),
        Value::String(name) => Ok(json!({"Target": name})),
        _ => Err(expected("")),
    });
    attachments.collect()
}

fn attachment(line: &str) -> Result<Value, String> {
    let mut attachment = json!({});
    let mut aliases: Vec<Value> = Vec::new();
    for (name, value) in fields(line)? {
        let value = value.ok_or_else(|| expected(&format!(", and {name} needs a value")))?;
        match name.as_str() {
            "name" => attachment["Target"] = value.into(),
            "alias" => aliases.push(value.into()),
            "driver-opt" => {
                let (option, value) = value.split_once('=').unwrap_or((&value, ""));
                attachment["DriverOpts"][option] = value.into();
            }
            other => return Err(expected(&format!(", and {other:?} is no field of one"))),
        }
    }
    if !aliases.is_empty() {
        attachment["Aliases"] = aliases.into();
    }
    match attachment["Target"].as_str() {
        Some(_) => Ok(attachment),
        None => Err(expected(", each with a name")),
    }
}

fn expected(why: &str) -> String {
    format!("names of networks, or lines such as name=backend,alias=web, or a JSON list{why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_lines_of_fields() {
        assert_eq!(attachments(&json!("a, b")), Ok(json!([{"Target": "a"}, {"Target": "b"}])));
        assert_eq!(
            attachments(&json!("name=a,alias=x,alias=y,driver-opt=k=v\nb")),
            Ok(json!([{"Target": "a", "Aliases": ["x", "y"], "DriverOpts": {"k": "v"}}, {"Target": "b"}]))
        );
        let api = json!([{"Target": "a", "Aliases": ["x"]}]);
        assert_eq!(attachments(&api), Ok(api));
        assert!(attachments(&json!("alias=x")).is_err() && attachments(&json!("name=a,ip=1")).is_err());
    }
}
