//! Devices of the host: `/dev/sda[:/dev/xvda][:rwm]` (`docker run --device`).

use serde_json::{Value, json};

use super::{comma_items, parsed};

/// The API's `Devices`.
pub(super) fn devices(value: &Value) -> Result<Value, String> {
    comma_items(parsed(value)?).into_iter().map(device).collect()
}

fn device(item: Value) -> Result<Value, String> {
    let text = match item {
        object @ Value::Object(_) => return Ok(object),
        Value::String(text) => text,
        _ => return Err(expected()),
    };
    let is_mode = |text: &str| !text.is_empty() && text.chars().all(|c| "rwm".contains(c));
    let (host, container, mode) = match text.trim().split(':').collect::<Vec<_>>()[..] {
        [host] => (host, host, "rwm"),
        [host, mode] if is_mode(mode) => (host, host, mode),
        [host, container] => (host, container, "rwm"),
        [host, container, mode] if is_mode(mode) => (host, container, mode),
        _ => return Err(expected()),
    };
    if !host.starts_with('/') || !container.starts_with('/') {
        return Err(expected());
    }
    Ok(json!({"PathOnHost": host, "PathInContainer": container, "CgroupPermissions": mode}))
}

fn expected() -> String {
    "devices such as /dev/sda, /dev/sda:/dev/xvda or /dev/sda:/dev/xvda:r".into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_docker_run_takes() {
        let sent = |host: &str, container: &str, mode: &str| json!([{"PathOnHost": host, "PathInContainer": container, "CgroupPermissions": mode}]);
        for (written, device) in [
            (json!("/dev/null"), sent("/dev/null", "/dev/null", "rwm")),
            (json!("/dev/null:r"), sent("/dev/null", "/dev/null", "r")),
            (json!(["/dev/null:/dev/x"]), sent("/dev/null", "/dev/x", "rwm")),
            (json!("/dev/null:/dev/x:rw"), sent("/dev/null", "/dev/x", "rw")),
            (sent("/dev/null", "/dev/x", "r"), sent("/dev/null", "/dev/x", "r")),
        ] {
            assert_eq!(devices(&written), Ok(device), "{written}");
        }
        for written in
            [json!("null"), json!("/dev/null:/dev/x:q"), json!("/a:/b:r:w"), json!(5), json!("/dev/null:x")]
        {
            assert!(devices(&written).is_err(), "{written}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,30}") {
            let _either = devices(&json!(text));
        }
    }
}
