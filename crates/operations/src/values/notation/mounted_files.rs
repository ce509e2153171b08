//! Secrets and configs of a service: `db-password`, or `source=db-password,target=key,uid=0,gid=0,mode=0400`
//! (`docker service create --secret`, `--config`).

use serde_json::{Value, json};

use super::{
    comma_items,
    fields::{are_fields, fields},
    items,
    mounts::octal,
    parsed,
};

/// The API's list of secrets. Their ids are for the operation to find.
pub(super) fn secrets(value: &Value) -> Result<Value, String> {
    read(value, "SecretName", "")
}

/// The API's list of configs.
pub(super) fn configs(value: &Value) -> Result<Value, String> {
    read(value, "ConfigName", "/")
}

/// `root` is where a file goes that has no target.
fn read(value: &Value, field: &str, root: &str) -> Result<Value, String> {
    let parsed = parsed(value)?;
    let is_long = parsed.as_str().is_some_and(are_fields);
    let listed = if is_long { items(parsed) } else { comma_items(parsed) };
    let files = listed.into_iter().map(|item| match item {
        Value::Object(file) => Ok(file.into()),
        Value::String(line) => file(&line, field, root),
        _ => Err(expected("")),
    });
    files.collect()
}

fn file(line: &str, field: &str, root: &str) -> Result<Value, String> {
    let mut source = None;
    let mut file = json!({"Name": null, "UID": "0", "GID": "0", "Mode": 0o444});
    let given = if are_fields(line) { fields(line)? } else { vec![("source".into(), Some(line.to_owned()))] };
    for (name, value) in given {
        let value = value.ok_or_else(|| expected(&format!(", and {name} needs a value")))?;
        match name.as_str() {
            "source" | "src" => source = Some(value),
            "target" => file["Name"] = value.into(),
            "uid" => file["UID"] = value.into(),
            "gid" => file["GID"] = value.into(),
            "mode" => file["Mode"] = octal(&value)?,
            other => return Err(expected(&format!(", and {other:?} is no field of one"))),
        }
    }
    let source =
        source.filter(|source| !source.is_empty()).ok_or_else(|| expected(", each with a source"))?;
    if file["Name"].is_null() {
        file["Name"] = format!("{root}{source}").into();
    }
    Ok(json!({field: source, "File": file}))
}

fn expected(why: &str) -> String {
    format!("names, or lines such as source=NAME,target=FILE,mode=0400, or a JSON list{why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_lines_of_fields() {
        let file = |name: &str, mode: u32| json!({"Name": name, "UID": "0", "GID": "0", "Mode": mode});
        assert_eq!(
            secrets(&json!("key, other")),
            Ok(json!([
                {"SecretName": "key", "File": file("key", 0o444)},
                {"SecretName": "other", "File": file("other", 0o444)},
            ]))
        );
        assert_eq!(
            configs(&json!("source=conf,target=/etc/app,mode=0400\nplain")),
            Ok(json!([
                {"ConfigName": "conf", "File": file("/etc/app", 0o400)},
                {"ConfigName": "plain", "File": file("/plain", 0o444)},
            ]))
        );
        let api = json!([{"SecretID": "1", "SecretName": "key", "File": {"Name": "key"}}]);
        assert_eq!(secrets(&api), Ok(api));
        assert!(secrets(&json!("target=x")).is_err() && secrets(&json!("source=a,mode=x")).is_err());
    }
}
