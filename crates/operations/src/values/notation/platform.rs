//! Platforms of multi-platform images: `linux/arm64/v8`, the API's JSON `{"os": ..., "architecture": ..., "variant": ...}`.

use serde_json::{Value, json};

use super::{comma_items, parsed};

/// One platform.
pub(super) fn platform(value: &Value) -> Result<Value, String> {
    match parsed(value)? {
        object @ Value::Object(_) => Ok(object),
        Value::String(text) => {
            let parts: Vec<&str> = text.trim().split('/').collect();
            match parts.as_slice() {
                parts if !parts.iter().all(|part| is_word(part)) => Err(expected()),
                [os, architecture] => Ok(json!({"os": os, "architecture": architecture})),
                [os, architecture, variant] => {
                    Ok(json!({"os": os, "architecture": architecture, "variant": variant}))
                }
                _ => Err(expected()),
            }
        }
        _ => Err(expected()),
    }
}

/// Several platforms.
pub(super) fn platforms(value: &Value) -> Result<Value, String> {
    comma_items(parsed(value)?).iter().map(platform).collect()
}

fn is_word(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-()".contains(c))
}

fn expected() -> String {
    "a platform such as linux/amd64 or linux/arm64/v8, or JSON with os and architecture".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        let arm = json!({"os": "linux", "architecture": "arm64", "variant": "v8"});
        for written in
            [json!("linux/arm64/v8"), json!(" linux/arm64/v8"), json!(arm.to_string()), arm.clone()]
        {
            assert_eq!(platform(&written), Ok(arm.clone()), "{written}");
        }
        let amd = json!({"os": "linux", "architecture": "amd64"});
        let both = json!([arm, amd]);
        for written in [
            json!("linux/arm64/v8, linux/amd64"),
            json!("linux/arm64/v8\nlinux/amd64"),
            json!(["linux/arm64/v8", {"os": "linux", "architecture": "amd64"}]),
            json!(both.to_string()),
        ] {
            assert_eq!(platforms(&written), Ok(both.clone()), "{written}");
        }
        assert_eq!(platforms(&json!("linux/amd64")), Ok(json!([amd])));
    }

    #[test]
    fn refuses_what_is_no_platform() {
        for written in [
            json!("linux"),
            json!("linux/"),
            json!("a/b/c/d"),
            json!(5),
            json!("{\"os\":"),
            json!("\"linux/amd64\""),
        ] {
            assert!(platform(&written).is_err(), "{written}");
        }
    }
}
