//! How the engine tells whether a container is healthy: a command, and how often it runs.

use serde_json::{Value, json};

use super::parsed;
use crate::values::duration;

/// The durations of a health check, which the API takes in nanoseconds.
const DURATIONS: [&str; 4] = ["Interval", "Timeout", "StartPeriod", "StartInterval"];

/// The API's `Healthcheck`. A text is a command for the container's shell; `none` switches the image's check off.
pub(super) fn healthcheck(value: &Value) -> Result<Value, String> {
    let mut check = match parsed(value)? {
        Value::Object(check) => check,
        Value::String(command) => return Ok(json!({"Test": test(&command)})),
        list @ Value::Array(_) => return Ok(json!({"Test": list})),
        _ => return Err("a command, or a JSON object with Test, Interval, Timeout and Retries".into()),
    };
    if let Some(Value::String(command)) = check.get("Test") {
        check["Test"] = test(command);
    }
    for name in DURATIONS {
        if let Some(Value::String(text)) = check.get(name) {
            let nanoseconds = nanoseconds(text)
                .ok_or_else(|| format!("an object whose {name} is a duration such as 30s, or nanoseconds"))?;
            check[name] = nanoseconds.into();
        }
    }
    Ok(check.into())
}

fn test(command: &str) -> Value {
    match command.trim() {
        none if none.eq_ignore_ascii_case("none") => json!(["NONE"]),
        command => json!(["CMD-SHELL", command]),
    }
}

/// Nanoseconds of `1m30s`, or of a number, which is nanoseconds already.
fn nanoseconds(text: &str) -> Option<i64> {
    text.trim().parse().ok().or_else(|| i64::try_from(duration(text)?.as_nanos()).ok())
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
            healthcheck(
                &json!({"Test": "true", "Interval": "1m30s", "Timeout": 5, "StartPeriod": "1.5s", "Retries": 3})
            ),
            Ok(json!({
                "Test": ["CMD-SHELL", "true"], "Interval": 90_000_000_000_i64, "Timeout": 5,
                "StartPeriod": 1_500_000_000, "Retries": 3,
            }))
        );
        for written in
            [json!({"Interval": "soon"}), json!({"Interval": "5x"}), json!({"Timeout": "s"}), json!(5)]
        {
            assert!(healthcheck(&written).is_err(), "{written}");
        }
    }
}
