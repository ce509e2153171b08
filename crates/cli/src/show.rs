//! Results on a terminal: sentences and output as they are, all else as JSON.

use operations::{Category, Error, Health, Operation, Report};
use serde_json::{Map, Value, json};

use crate::{
    clean,
    format::{self, Form, Format},
    out, table,
};

/// Prints the operations by group, with what they do.
pub(crate) fn list() {
    let width = operations::shown().map(|operation| operation.name.len()).max().unwrap_or_default();
    for (number, group) in operations::groups().enumerate() {
        let break_before = if number == 0 { "" } else { "\n" };
        out::line(format_args!("{break_before}{}", group.title));
        for operation in group.shown() {
            let category: Category = operation.category();
            out::line(format_args!(
                "  {:width$}  {:13}  {}",
                operation.name,
                category.as_str(),
                operation.about
            ));
        }
    }
}

/// Prints what verifying an archive has found, a line for each finding. `is_known` is whether its manifest's hash was given.
pub(crate) fn verified(found: &Map<String, Value>, is_known: bool, as_json: bool) {
    if as_json {
        json(&Value::Object(found.clone()));
        return;
    }
    let say = |text: String| out::line(clean::line(&text));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    say(text(&found["summary"]));
    let items = |name: &str| found[name].as_array().cloned().unwrap_or_default();
    for finding in items("findings") {
        let place = Some(text(&finding["item"])).filter(|item| !item.is_empty());
        let place = place.unwrap_or_else(|| "the archive itself".to_owned());
        say(format!("{}: {place}: {}", text(&finding["what"]), text(&finding["why"])));
    }
    for item in items("incomplete") {
        say(format!("incomplete: {}: {}", text(&item["name"]), text(&item["why"])));
    }
    if found["valid"] == true && found["signature"] == "none" && !is_known {
        out::note(
            "It is not signed. Anyone who changed it could have made it consistent again: compare manifest_sha256 with the one \
             that was noted when it was collected (--manifest-sha256).",
        );
    }
    for missing in items("missing") {
        say(format!("not collected: {}: {}", text(&missing["what"]), text(&missing["why"])));
    }
}

/// What is asked for where a result has such a field, and not the sentence.
const IN_FULL: [&str; 3] = ["lines", "findings", "JoinTokens"];

/// Prints a result, in the form that was asked for or that people expect: a text as it is, a sentence, a table of a list on a
/// terminal, and else JSON.
pub(crate) fn result(result: &Value, operation: &Operation, format: &Format, fields: &[String]) {
    let rows = || table::rows(result, operation.table);
    let text = |name: &str| result.get(name).and_then(Value::as_str);
    let is_list = operation.table.is_some() || result.is_array();
    match format.form {
        _ if format.quiet && format.form.is_none() && text("output").is_none() => {
            rows().into_iter().filter_map(table::id).for_each(out::line);
        }
        Some(Form::Json) => json(&selected(result, operation, fields)),
        Some(Form::Jsonl) => {
            let selected = selected(result, operation, fields);
            for row in table::rows(&selected, operation.table) {
                out::line(clean::json(&row.to_string()));
            }
        }
        Some(Form::Table) => out::line(table::of(result, operation.table, fields)),
        Some(Form::Name) => rows().into_iter().filter_map(table::name).for_each(out::line),
        None => match (text("output"), text("result")) {
            _ if !fields.is_empty() && !format::is_terminal() => {
                indented(&selected(result, operation, fields));
            }
            _ if !fields.is_empty() => out::line(table::of(result, operation.table, fields)),
            // In the form Text, both streams are one.
            (Some(both), _) => output(text("stdout").unwrap_or(both), text("stderr").unwrap_or_default()),
            (None, Some(sentence)) if IN_FULL.iter().all(|name| result.get(*name).is_none()) => {
                out::line(clean::line(sentence));
                remarks(result);
            }
            (None, _) if is_list && format::is_terminal() => {
                out::line(table::of(result, operation.table, fields));
            }
            (None, _) => indented(result),
        },
    }
    notes(result);
}

/// What there is to say after what was printed as it came.
pub(crate) fn rest(result: &Value) {
    for error in result["errors"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        out::note(format_args!("Not read: {}", clean::line(error)));
    }
    remarks(result);
    if result["timed_out"] == true
        && let Some(sentence) = result["result"].as_str()
    {
        out::note(clean::line(sentence));
    }
    notes(result);
}

/// What a person must know beside the sentence: what stays open, what was lost, what differs, and why.
fn remarks(result: &Value) {
    let items = |name: &str| result[name].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let open = items("not_cut").map(|way| format!("Still open: {}", text(&way["why"])));
    let lost = items("lost").map(|lost| format!("Lost: {}", text(lost)));
    let differs = items("differs").map(|it| format!("Differs: {}: {}", text(&it["what"]), text(&it["why"])));
    let warnings =
        items("warnings").chain(items("Warnings")).map(|warning| format!("Warning: {}", text(warning)));
    let evidence = &result["evidence"];
    let evidence = evidence["attachment"]["file"]["filename"]
        .as_str()
        .map(|file| format!("Evidence: {file}, manifest SHA-256 {}", text(&evidence["manifest_sha256"])));
    for remark in open.chain(lost).chain(differs).chain(warnings).chain(evidence) {
        out::note(clean::line(&remark));
    }
}

/// What a result says of itself.
fn notes(result: &Value) {
    if result["truncated"] == true {
        out::note("There was more output than max_bytes, or there were more events than max_events.");
    }
    if result["timed_out"] == true {
        out::note("The time limit passed.");
    }
}

fn selected(result: &Value, operation: &Operation, fields: &[String]) -> Value {
    let paths: Vec<&str> = fields.iter().map(String::as_str).collect();
    let mut result = result.clone();
    if paths.is_empty() {
        return result;
    }
    match operation.table.filter(|table| result[table.rows].is_array()) {
        Some(table) => {
            result[table.rows] = operations::selected(&result[table.rows], &paths);
            result
        }
        None => operations::selected(&result, &paths),
    }
}

fn output(stdout: &str, stderr: &str) {
    let shown =
        |text: &str, on_terminal: bool| if on_terminal { clean::output(text) } else { text.to_owned() };
    out::print(shown(stdout, format::is_terminal()));
    out::flush();
    out::note_as_it_is(&shown(stderr, stderr_is_terminal()));
}

/// JSON for programs, and for people who asked for it.
pub(crate) fn json(value: &Value) {
    if format::is_terminal() { indented(value) } else { out::line(clean::json(&value.to_string())) }
}

fn indented(value: &Value) {
    out::line(clean::json(&format!("{value:#}")));
}

fn stderr_is_terminal() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr())
}

/// Prints which versions are at work. The engine's may be an error.
pub(crate) fn version(engine: Result<&Value, &Error>, as_json: bool) {
    let own = json!({"Version": env!("CARGO_PKG_VERSION"), "ApiVersion": operations::ApiVersion::NEWEST.to_string()});
    if as_json {
        json(&json!({"Client": own, "Server": engine.ok()}));
        return;
    }
    out::line(format_args!(
        "fsr-docker {}, written for API {} to {}",
        env!("CARGO_PKG_VERSION"),
        operations::ApiVersion::OLDEST,
        operations::ApiVersion::NEWEST
    ));
    if let Ok(version) = engine {
        let text = |name: &str| clean::line(version[name].as_str().unwrap_or("unknown"));
        let name = version["Platform"]["Name"].as_str().filter(|name| !name.is_empty());
        let name = name.map_or_else(|| "Docker Engine".to_owned(), clean::line);
        let (os, kernel) = (text("Os"), text("KernelVersion"));
        out::line(format_args!(
            "{name} {}, API {}, {os}/{}, kernel {kernel}",
            text("Version"),
            text("ApiVersion"),
            text("Arch")
        ));
    }
}

/// Prints what a health check found.
pub(crate) fn health(health: &Health, as_json: bool) {
    let Health { engine_version, api_version, round_trip, warnings } = health;
    let milliseconds = round_trip.as_secs_f64() * 1e3;
    if as_json {
        json(
            &json!({"engine_version": engine_version, "api_version": api_version, "round_trip_milliseconds": milliseconds, "warnings": warnings}),
        );
        return;
    }
    out::line(format_args!(
        "Docker Engine {engine_version}, API {api_version}, {milliseconds:.1} ms for a round trip."
    ));
    for warning in warnings {
        out::line(format_args!("Warning: {}", clean::line(warning)));
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
