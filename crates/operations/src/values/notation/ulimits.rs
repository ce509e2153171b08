//! Limits of processes: `nofile=1024:2048`, the soft one and the hard one (`docker run --ulimit`).

use serde_json::{Value, json};

use super::{comma_items, parsed};
use crate::values::{digits, whole};

/// The API's `Ulimits`.
pub(super) fn ulimits(value: &Value) -> Result<Value, String> {
    match parsed(value)? {
        Value::Object(limits) if !limits.contains_key("Name") => limits
            .iter()
            .map(|(name, bounds)| ulimit(name, &digits(bounds).map_err(|_| expected())?))
            .collect(),
        value => comma_items(value)
            .into_iter()
            .map(|item| match item {
                object @ Value::Object(_) => Ok(object),
                Value::String(text) => {
                    let (name, bounds) = text.split_once('=').ok_or_else(expected)?;
                    ulimit(name, bounds)
                }
                _ => Err(expected()),
            })
            .collect(),
    }
}

fn ulimit(name: &str, bounds: &str) -> Result<Value, String> {
    let bound = |text: &str| match text.trim() {
        "unlimited" => Ok(-1),
        number => whole(&number.into()).filter(|number| *number >= -1).ok_or_else(expected),
    };
    let (soft, hard) = bounds.split_once(':').unwrap_or((bounds, bounds));
    let (name, soft, hard) = (name.trim(), bound(soft)?, bound(hard)?);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
    if !is_name || (hard != -1 && (soft == -1 || soft > hard)) {
        return Err(expected());
    }
    Ok(json!({"Name": name, "Soft": soft, "Hard": hard}))
}

fn expected() -> String {
    "limits such as nofile=1024 or nofile=1024:2048, the soft one not above the hard one".into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_every_form() {
        let sent =
            json!([{"Name": "nofile", "Soft": 1024, "Hard": 2048}, {"Name": "core", "Soft": -1, "Hard": -1}]);
        for written in [
            json!("nofile=1024:2048, core=unlimited"),
            json!(["nofile=1024:2048", "core=-1"]),
            json!({"nofile": "1024:2048", "core": -1.0}),
            json!("nofile=1.024e3:2048.0\ncore=-1"),
            json!("{'nofile': '1024:2048', 'core': -1}"),
            sent.clone(),
        ] {
            assert_eq!(ulimits(&written), Ok(sent.clone()), "{written}");
        }
        for written in [
            json!("nofile"),
            json!("nofile=2:1"),
            json!("=1"),
            json!("nofile=many"),
            json!("core=-1:5"),
            json!("\"nofile=1\""),
            json!(5),
        ] {
            assert!(ulimits(&written).is_err(), "{written}");
        }
    }

    proptest! {
        #[test]
        fn keeps_both_bounds(soft in 0_i64..1000, more in 0_i64..1000) {
            let hard = soft + more;
            let sent = json!([{"Name": "nproc", "Soft": soft, "Hard": hard}]);
            prop_assert_eq!(ulimits(&json!(format!("nproc={soft}:{hard}"))), Ok(sent));
        }
    }
}
