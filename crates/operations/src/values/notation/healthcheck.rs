//! How the engine tells whether a container is healthy: a command, and how often it runs.

use serde_json::{Value, json};

use super::parsed;
use crate::values::{duration, names::folded, whole};

/// The API's `Healthcheck`. A text is a command for the container's shell; `none` switches the image's check off.
pub(super) fn healthcheck(value: &Value) -> Result<Value, String> {
    let mut check = match parsed(value)? {
        Value::Object(check) => check,
        Value::String(command) => return Ok(json!({"Test": test(&command)})),
        list @ Value::Array(_) => return Ok(json!({"Test": list})),
        _ => return Err("a command, or a JSON object with Test, Interval, Timeout and Retries".into()),
    };
    for (name, field) in &mut check {
        if let Value::String(command) = field
            && folded(name) == "test"
            && !command.trim_start().starts_with('[')
        {
            *field = test(command);
        }
    }
    Ok(check.into())
}

/// Nanoseconds, as the API takes durations: of `1m30s`, or of a number, which is nanoseconds already.
pub(crate) fn nanoseconds(value: &Value) -> Result<Value, String> {
    let read = |text: &str| i64::try_from(duration(text)?.as_nanos()).ok();
    let number = whole(value).or_else(|| value.as_str().and_then(read)).filter(|number| *number >= 0);
    number.map(Value::from).ok_or_else(|| "a duration such as 30s, or whole nanoseconds".into())
}

fn test(command: &str) -> Value {
    let command = command.replace("\r\n", "\n");
    match command.trim() {
        none if none.eq_ignore_ascii_case("none") => json!(["NONE"]),
        command => json!(["CMD-SHELL", command]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_command_and_durations() {
        assert_eq!(healthcheck(&json!("curl -f x")), Ok(json!({"Test": ["CMD-SHELL", "curl -f x"]})));
        assert_eq!(healthcheck(&json!("none")), Ok(json!({"Test": ["NONE"]})));
        assert_eq!(healthcheck(&json!("[\"CMD\", \"true\"]")), Ok(json!({"Test": ["CMD", "true"]})));
        assert_eq!(
            healthcheck(&json!("{'test': 'true', 'Interval': 1e10}")),
            Ok(json!({"test": ["CMD-SHELL", "true"], "Interval": 1e10}))
        );
        assert!(healthcheck(&json!(5)).is_err());
    }

    #[test]
    fn reads_durations() {
        for (written, read) in [
            (json!("1m30s"), 90_000_000_000_i64),
            (json!("1.5s"), 1_500_000_000),
            (json!(5), 5),
            (json!(1e10), 10_000_000_000),
            (json!("1e10"), 10_000_000_000),
        ] {
            assert_eq!(nanoseconds(&written), Ok(json!(read)), "{written}");
        }
        for written in
            [json!("soon"), json!("5x"), json!("s"), json!(0.5), json!(-1), json!(true), json!([1])]
        {
            assert!(nanoseconds(&written).is_err(), "{written}");
        }
    }
}
