//! The size of a terminal: `24x80`, its height and its width in characters.

use serde_json::{Value, json};

use super::parsed;
use crate::values::{digits, whole};

/// The API's `ConsoleSize`: height, then width.
pub(super) fn console_size(value: &Value) -> Result<Value, String> {
    let expected = || "a height and a width, such as 24x80".to_owned();
    let sides: Vec<String> = match parsed(value)? {
        Value::Array(sides) => sides.iter().map(digits).collect::<Result<_, _>>().map_err(|_| expected())?,
        value => {
            let text = digits(&value).map_err(|_| expected())?.to_ascii_lowercase();
            text.split(['x', ',']).map(str::to_owned).collect()
        }
    };
    let side = |side: &String| whole(&Value::from(side.as_str())).and_then(|side| u16::try_from(side).ok());
    let sides: Option<Vec<u16>> = sides.iter().map(side).collect();
    match sides.as_deref() {
        Some([height, width]) => Ok(json!([height, width])),
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_form() {
        for written in [
            json!("24x80"),
            json!("24, 80"),
            json!([24.0, "80.0"]),
            json!("(24, 80)"),
            json!([24, 80]),
            json!(["24", "80"]),
            json!("[24, 80]"),
        ] {
            assert_eq!(console_size(&written), Ok(json!([24, 80])), "{written}");
        }
        for written in [json!("24"), json!("24x80x2"), json!([24]), json!("-1x80"), json!({})] {
            assert!(console_size(&written).is_err(), "{written}");
        }
    }
}
