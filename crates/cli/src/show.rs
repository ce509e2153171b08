//! Results on a terminal: sentences and output as they are, all else as JSON.

use operations::{Category, Health, Report};
use serde_json::{Value, json};

use crate::out;

/// Prints the operations, with what they do.
pub(crate) fn list() {
    let width = operations::shown().map(|operation| operation.name.len()).max().unwrap_or_default();
    for operation in operations::shown() {
        let category: Category = operation.category();
        out::line(format_args!("{:width$}  {:13}  {}", operation.name, category.as_str(), operation.about));
    }
}

/// Prints a result: as one line of JSON, or for people.
pub(crate) fn result(result: &Value, json: bool) {
    if json {
        out::line(result);
        return;
    }
    let text = |name: &str| result.get(name).and_then(Value::as_str);
    match (text("output"), text("result")) {
        (Some(output), _) => {
            // In the form Text, both streams are one.
            out::print(text("stdout").unwrap_or(output));
            out::flush();
            out::note_as_it_is(text("stderr").unwrap_or_default());
            if result["truncated"] == true {
                out::note("There was more output than max_bytes.");
            }
        }
        (None, Some(sentence)) if result.get("lines").or(result.get("findings")).is_none() => {
            out::line(sentence);
        }
        (None, _) => out::line(format_args!("{result:#}")),
    }
    if result["timed_out"] == true {
        out::note("The time limit passed.");
    }
}

/// Prints what a health check found.
pub(crate) fn health(health: &Health, json: bool) {
    let Health { engine_version, api_version, round_trip, warnings } = health;
    let milliseconds = round_trip.as_secs_f64() * 1e3;
    if json {
        out::line(
            json!({"engine_version": engine_version, "api_version": api_version, "round_trip_milliseconds": milliseconds, "warnings": warnings}),
        );
        return;
    }
    out::line(format_args!(
        "Docker Engine {engine_version}, API {api_version}, {milliseconds:.1} ms for a round trip."
    ));
    for warning in warnings {
        out::line(format_args!("Warning: {warning}"));
    }
}

/// A call in a line, as the connector logs it.
pub(crate) fn report(report: &Report) -> String {
    let status = report.status.map_or("no status".to_owned(), |status| status.to_string());
    let times = if report.tries == 1 { "request" } else { "requests" };
    let overridden =
        report.overridden.as_ref().map_or(String::new(), |rule| format!(", protection set aside: {rule}"));
    format!(
        "{} on {}: {status}, {} {times}, {:.1} ms{overridden}",
        report.operation,
        report.engine,
        report.tries,
        report.elapsed.as_secs_f64() * 1e3
    )
}
