//! What `fsr-docker run OPERATION --help` says, all of it from the operation's declaration.

use operations::{Operation, Param, Schema, ValueKind};

/// How parameters are written.
pub(crate) const NOTATION: &str = "\
Parameters are words: name=value. A name that stands several times makes a list.
  WORD          without an equals sign: the next required parameter, as in stop_container web
  name=@FILE    the text of a file; name=@- that of standard input; name=@@x is the text @x
  name=-        standard input, where a file, a secret, JSON or a text of several lines is expected
  @FILE, -      a JSON object of parameters, from a file or from standard input
  -- COMMAND    the command of exec_container, run_container and create_container";

/// What follows the options of an operation's help.
pub(crate) fn of(operation: &Operation) -> String {
    let since = operation.since.map_or(String::new(), |since| format!(" It needs API {since}."));
    let sends = match operation.is_offline() {
        true => "Needs no engine.".to_owned(),
        false => format!("Sends {} {}.{since}", operation.method.as_str(), operation.path),
    };
    let mut help = vec![sends];
    if operation.params.iter().any(|param| param.names_a_file) {
        help.push("Reads files of this machine by their paths; - is standard input.".into());
    }
    if writes_a_file(operation) {
        help.push(
            "Writes its file into the current folder, never over one that is there (web.tar, web.1.tar)."
                .into(),
        );
    }
    if !operation.params.is_empty() {
        help.push("\nParameters:".into());
    }
    let forms: Vec<String> =
        operation.params.iter().map(|param| format!("{}={}", param.name, form(param))).collect();
    let width = forms.iter().map(String::len).filter(|length| *length <= 30).max().unwrap_or_default();
    let lines = forms.iter().zip(operation.params);
    help.extend(lines.map(|(form, param)| format!("  {form:width$}  {}", explanation(param))));
    help.push(format!("\n{NOTATION}"));
    help.join("\n")
}

/// Whether a result names a file that was made.
pub(crate) fn writes_a_file(operation: &Operation) -> bool {
    let cases = operation.gives_for.iter().map(|case| &case.schema);
    operation.gives.iter().chain(cases).any(holds_a_file)
}

fn holds_a_file(schema: &Schema) -> bool {
    match schema {
        Schema::Field("file", _) => true,
        Schema::Field(_, inner) | Schema::List(inner) => holds_a_file(inner),
        Schema::All(parts) => parts.iter().any(holds_a_file),
        _ => false,
    }
}

/// How a value is written, in a word.
fn form(param: &Param) -> String {
    match param.kind {
        _ if param.names_a_file => "FILE".into(),
        ValueKind::Flag => "true|false".into(),
        ValueKind::Integer(_) => "NUMBER".into(),
        ValueKind::Count(word) => format!("NUMBER|{word}"),
        ValueKind::Choice(choices) | ValueKind::Choices(choices) => {
            let words: Vec<&str> = choices.iter().map(|(_, word)| *word).collect();
            let several = if matches!(param.kind, ValueKind::Choices(_)) { ",..." } else { "" };
            format!("{}{several}", words.join("|"))
        }
        ValueKind::List | ValueKind::Lines | ValueKind::Notation(_) => "VALUE,...".into(),
        ValueKind::Map => "NAME=VALUE,...".into(),
        ValueKind::Filters | ValueKind::PruneFilters => "NAME=VALUE|JSON".into(),
        ValueKind::Object | ValueKind::Objects | ValueKind::Json => "JSON".into(),
        ValueKind::Time => "TIME".into(),
        ValueKind::Command => "COMMAND".into(),
        ValueKind::Id => "ID|NAME".into(),
        ValueKind::Reference => "IMAGE".into(),
        ValueKind::Secret => "SECRET".into(),
        ValueKind::File => "FILE".into(),
        ValueKind::Text | ValueKind::LongText => "TEXT".into(),
    }
}

fn explanation(param: &Param) -> String {
    let mut parts = vec![param.about.to_owned()];
    parts.extend(param.required.then(|| "[required]".into()));
    parts.extend(unit(param).map(|unit| format!("[unit: {unit}]")));
    parts.extend(param.default.map(|default| format!("[default: {}]", written(param, default))));
    parts.extend(param.since.map(|since| format!("[API {since}]")));
    parts.join(" ")
}

/// The unit of a number, which its title names in parentheses.
fn unit(param: &Param) -> Option<String> {
    let title = param.title_text();
    let (_, unit) = title.strip_suffix(')')?.rsplit_once('(')?;
    Some(unit.to_owned())
}

/// A default as a person would write it here: a choice by its word, and not by its title.
fn written(param: &Param, default: &'static str) -> &'static str {
    let (ValueKind::Choice(choices) | ValueKind::Choices(choices)) = param.kind else { return default };
    choices.iter().find(|(title, _)| *title == default).map_or(default, |(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_defaults_and_files_are_said() {
        for (operation, said) in [
            ("stop_container", "t=NUMBER"),
            ("stop_container", "[unit: seconds]"),
            ("container_logs", "max_bytes=NUMBER"),
            ("container_logs", "[unit: bytes] [default: 1048576]"),
            ("container_logs", "tail=NUMBER|all"),
            ("container_export", "Writes its file into the current folder"),
            ("save_images", "Writes its file into the current folder"),
            ("load_images", "attachment=FILE"),
            ("load_images", "Reads files of this machine"),
            ("copy_to_container", "[default: auto]"),
            ("list_containers", "all=true|false"),
        ] {
            let help = of(operations::find(operation).unwrap());
            assert!(help.contains(said), "{operation}: {said}: {help}");
        }
        for operation in ["list_containers", "inspect_container", "stop_container"] {
            assert!(!of(operations::find(operation).unwrap()).contains("current folder"), "{operation}");
        }
    }

    #[test]
    fn whatever_takes_time_or_bytes_names_its_unit() {
        for operation in operations::operations() {
            for param in operation.params.iter().filter(|param| matches!(param.kind, ValueKind::Integer(_))) {
                let name = param.name.to_ascii_lowercase();
                if ["timeout", "bytes", "size", "seconds"].iter().any(|word| name.contains(word)) {
                    let is_said = unit(param).is_some() || param.about.contains("byte");
                    assert!(is_said, "{}.{}: {}", operation.name, param.name, param.title_text());
                }
            }
        }
    }
}
