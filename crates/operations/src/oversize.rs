//! A result that is too large for a playbook's data becomes an attachment, with its beginning in its place.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{Error, Operation, Services, files::Received};

/// How much of the result's text is shown in its place, in bytes.
const PREVIEW: usize = 2000;

/// The result's JSON as it is, if it has at most `most` bytes; else that of an attachment, with a preview.
pub(crate) fn fit(
    json: Bytes,
    operation: &Operation,
    most: Option<usize>,
    services: &dyn Services,
) -> Result<Bytes, Error> {
    if most.is_none_or(|most| json.len() <= most) {
        return Ok(json);
    }
    let filename = format!("{}.json", operation.name);
    let description = format!("Result of {}", operation.title);
    let record = Received::of(&json)?.save(services, &filename, &description)?;
    let preview = String::from_utf8_lossy(&json[..PREVIEW.min(json.len())]).into_owned();
    let result = format!("The result has {} bytes, more than max_result_size: it is attached", json.len());
    Ok(json!({"result": result, "attachment": Value::Object(record), "preview": preview, "truncated": true})
        .to_string()
        .into())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::catalogue::find;

    struct Kept;

    impl Services for Kept {
        fn read(&self, _: &str) -> Result<Vec<u8>, String> {
            Err("unused".into())
        }

        fn fetch(&self, _: &str) -> Result<(PathBuf, String), String> {
            Err("unused".into())
        }

        fn save(&self, path: &Path, filename: &str, _: &str) -> Result<Value, String> {
            Ok(json!({"filename": filename, "contents": std::fs::read_to_string(path).unwrap()}))
        }
    }

    #[test]
    fn a_large_result_is_attached_whole() {
        let listing = find("list_containers").unwrap();
        let large: Value = vec!["é".repeat(10); 200].into();
        let fitted: Value =
            serde_json::from_slice(&fit(large.to_string().into(), listing, Some(100), &Kept).unwrap())
                .unwrap();
        assert_eq!(fitted["attachment"]["filename"], "list_containers.json");
        assert_eq!(
            serde_json::from_str::<Value>(fitted["attachment"]["contents"].as_str().unwrap()).unwrap(),
            large
        );
        assert!(fitted["preview"].as_str().unwrap().starts_with("[\"éé"));
        assert_eq!(fit("[1]".into(), listing, Some(100), &Kept).unwrap(), "[1]");
    }
}
