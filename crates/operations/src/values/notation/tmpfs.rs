//! Folders within a container: those kept in memory (`/run:rw,size=64m`, `docker run --tmpfs`), and anonymous volumes.

use serde_json::{Map, Value, json};

use super::{comma_items, items, parsed};

/// The API's `Tmpfs`: folders with their mount options.
pub(super) fn tmpfs(value: &Value) -> Result<Value, String> {
    let expected = || "folders in memory, such as /run or /run:rw,size=64m".to_owned();
    let pairs = match parsed(value)? {
        Value::Object(folders) => folders.into_iter().collect(),
        value => items(value)
            .iter()
            .map(|item| {
                let text = item.as_str().ok_or_else(expected)?;
                let (folder, options) = text.split_once(':').unwrap_or((text, ""));
                // It can be a second folder, or belong to the first.
                if folder.contains(',') || options.split(',').any(|option| option.trim().starts_with('/')) {
                    return Err("one folder on each line, such as /run:rw,size=64m, or a JSON object".into());
                }
                Ok((folder.trim().to_owned(), Value::from(options.trim())))
            })
            .collect::<Result<Vec<_>, String>>()?,
    };
    let lawful = |(folder, options): &(String, Value)| folder.starts_with('/') && options.is_string();
    if pairs.iter().all(lawful) { Ok(Value::Object(pairs.into_iter().collect())) } else { Err(expected()) }
}

/// The API's `Volumes`: folders, each with an empty object.
pub(super) fn folders(value: &Value) -> Result<Value, String> {
    let folders = match parsed(value)? {
        Value::Object(folders) => folders.into_iter().map(|(folder, _)| Value::from(folder)).collect(),
        value => comma_items(value),
    };
    let folders = folders.iter().map(|folder| match folder.as_str() {
        Some(folder) if folder.starts_with('/') => Ok((folder.to_owned(), json!({}))),
        _ => Err("absolute paths of folders within the container".to_owned()),
    });
    folders.collect::<Result<Map<_, _>, _>>().map(Value::Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        let sent = json!({"/run": "rw,size=64m", "/tmp": ""});
        for written in [json!("/run:rw,size=64m\n/tmp"), json!(["/run:rw,size=64m", "/tmp"]), sent.clone()] {
            assert_eq!(tmpfs(&written), Ok(sent.clone()), "{written}");
        }
        assert_eq!(folders(&json!("/a, /b")), Ok(json!({"/a": {}, "/b": {}})));
        assert_eq!(folders(&json!({"/a": {}})), Ok(json!({"/a": {}})));
        for written in [json!("run"), json!(5), json!(["a:b"])] {
            assert!(tmpfs(&written).is_err() && folders(&written).is_err(), "{written}");
        }
        for written in [json!({"/run": {}}), json!("/run,/tmp"), json!("/run:rw,size=64m,/tmp")] {
            assert!(tmpfs(&written).is_err(), "{written}");
        }
    }
}
