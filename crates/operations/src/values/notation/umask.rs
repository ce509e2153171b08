//! A file mode creation mask in octal, as `umask` and Docker's command line have it: `0027`.

use serde_json::Value;

/// The most that a mask can take away.
const ALL: u32 = 0o777;

/// The API's `Umask`, a number. A JSON number is refused: `22` may be octal, as people write it, or decimal, as the API does.
pub(super) fn umask(value: &Value) -> Result<Value, String> {
    let digits = value.as_str().map(|text| text.trim().trim_start_matches("0o"));
    let mask = digits
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
        .and_then(|digits| u32::from_str_radix(digits, 8).ok())
        .filter(|mask| *mask <= ALL);
    mask.map(Value::from).ok_or_else(|| "text with octal digits, such as \"0027\"".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_octal_text_only() {
        for (written, expected) in
            [("0027", 0o27), ("22", 0o22), ("0o077", 0o77), ("0", 0), (" 0777 ", 0o777)]
        {
            assert_eq!(umask(&json!(written)), Ok(json!(expected)), "{written}");
        }
        for written in [
            json!("18"),
            json!("1000"),
            json!("-1"),
            json!("+1"),
            json!("0o"),
            json!(22),
            json!("u=rwx"),
            json!([]),
        ] {
            assert!(umask(&written).is_err(), "{written}");
        }
    }
}
