//! The section of one operation in the reference: what it does, its parameters, its result, and a real call.

use std::fmt::{self, Write as _};

use operations::{Effect, Operation, Param, Shape};
use serde_json::{Value, json};

use crate::{
    endpoints,
    examples::{Example, example},
    kind::Appearance,
    schema,
};

/// Writes the section of an operation.
pub(super) fn write_operation(page: &mut String, operation: &Operation) -> fmt::Result {
    writeln!(page, "\n## {}\n\n{}\n", operation.title, operation.about)?;
    write!(page, "- Operation: `{}`", operation.name)?;
    if !operation.also.is_empty() {
        write!(page, ", also as {}", codes(operation.also.iter().copied()))?;
    }
    let first = if matches!(operation.shape, Shape::Run(_)) { "Begins with" } else { "Request" };
    match operation.is_offline() {
        true => writeln!(page, "\n- Needs no engine")?,
        false => writeln!(page, "\n- {first}: `{}`", endpoints::first_request(operation))?,
    }
    writeln!(page, "- Effect: {}; category {}", effect(operation.effect), operation.category().as_str())?;
    if let Some(since) = operation.since {
        writeln!(page, "- Needs API {since} or newer")?;
    }
    writeln!(page)?;
    write_params(page, operation.params)?;
    write_result(page, operation)?;
    write_example(page, operation)
}

/// A real call, as it was recorded: for a shell, for a playbook's step, and what came of it.
fn write_example(page: &mut String, operation: &Operation) -> fmt::Result {
    let Some(Example { params, result }) = example(operation.name) else { return Ok(()) };
    writeln!(page, "\n<details><summary>Example</summary>\n\nIn a shell:\n")?;
    writeln!(page, "```sh\n{}\n```\n", command_line(operation.name, params))?;
    if params != &json!({}) {
        writeln!(page, "In a playbook, the step's parameters:\n\n```json\n{params:#}\n```\n")?;
    }
    writeln!(page, "Result:\n\n```json\n{result:#}\n```\n\n</details>")
}

/// The call as a line for a shell.
fn command_line(name: &str, params: &Value) -> String {
    let given = params.as_object().into_iter().flatten().map(|(param, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // A leading `@` would name a file.
        let value = if value.starts_with('@') { format!("@{value}") } else { value };
        format!(" {param}={}", quoted(&value))
    });
    format!("fsr-docker run {name}{}", given.collect::<String>())
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The parameters, grouped as the form groups them: those that it always shows, then those that it shows for a choice.
fn write_params(page: &mut String, params: &[Param]) -> fmt::Result {
    let always: Vec<&Param> = params.iter().filter(|param| param.shown_for.is_none()).collect();
    if always.is_empty() {
        return writeln!(page, "No parameters.\n");
    }
    write_table(page, &always)?;
    let mut choices: Vec<(&str, &[&str])> = Vec::new();
    for shown in params.iter().filter_map(|param| param.shown_for) {
        if !choices.contains(&(shown.param, shown.options)) {
            choices.push((shown.param, shown.options));
        }
    }
    for (name, options) in choices {
        let is_of_it = |param: &&Param| {
            param.shown_for.is_some_and(|shown| (shown.param, shown.options) == (name, options))
        };
        writeln!(page, "If `{name}` is {}:\n", options.join(" or "))?;
        write_table(page, &params.iter().filter(is_of_it).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn write_table(page: &mut String, params: &[&Param]) -> fmt::Result {
    writeln!(
        page,
        "| Parameter | Title | Type | Required | Default | API | Meaning |\n| --- | --- | --- | --- | --- | --- | --- |"
    )?;
    for param in params {
        let is_needed = param.required || param.shown_for.is_some_and(|shown| shown.needed);
        writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            param.name,
            cell(&param.title_text()),
            cell(&Appearance::of(param.kind).name),
            if is_needed { "yes" } else { "" },
            param.default.map(|default| format!("`{default}`")).unwrap_or_default(),
            param.since.map(|since| since.to_string()).unwrap_or_default(),
            cell(param.about),
        )?;
    }
    writeln!(page)
}

fn write_result(page: &mut String, operation: &Operation) -> fmt::Result {
    let skeleton = schema::of(operation);
    match operation.shape {
        Shape::Done { done, already } => writeln!(
            page,
            "Result: {}. `result` says \"{done}\", with `outcome` `done`; or \"{already}\", with `outcome` `already`.",
            fields(&skeleton)
        )?,
        Shape::Run(_) => writeln!(page, "Result: {}.", fields(&skeleton))?,
        Shape::List | Shape::Json => {
            writeln!(page, "Result: what the engine answers, {}.", fields(&skeleton))?;
        }
    }
    for case in operation.gives_for {
        writeln!(
            page,
            "\nWith `{}` {}: {}.",
            case.param,
            case.option,
            fields(&schema::skeleton(&case.schema))
        )?;
    }
    Ok(())
}

/// The names of a result's fields.
fn fields(skeleton: &Value) -> String {
    match skeleton {
        Value::Object(fields) if !fields.is_empty() => codes(fields.keys().map(String::as_str)),
        Value::Object(_) => "an object".into(),
        Value::Array(items) => {
            format!("a list, each with {}", fields(items.first().unwrap_or(&Value::Null)))
        }
        _ => "text".into(),
    }
}

fn codes<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

pub(super) const fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "reads",
        Effect::Contain => "contains; it can be undone",
        Effect::Change => "changes",
        Effect::Destroy => "**destroys; it cannot be undone**",
    }
}

/// Text within a table.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "\\<").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_a_line_that_a_shell_reads() {
        let params = json!({"id": "web", "all": true, "filters": {"label": ["a=b"]}, "text": "it's", "at": "@x", "none": ""});
        assert_eq!(
            command_line("do_it", &params),
            r#"fsr-docker run do_it id=web all=true filters='{"label":["a=b"]}' text='it'\''s' at=@@x none=''"#
        );
    }
}
