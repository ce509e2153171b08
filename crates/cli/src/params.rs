//! The words of a command line as an operation's parameters, with what they take from files and from standard input.

use std::{
    fs, io,
    sync::atomic::{AtomicBool, Ordering},
};

use operations::{Comes, Error, Kind, Operation, Param, ValueKind};
use serde_json::{Map, Value, json};

/// Standard input, as a file's name.
pub(crate) const STDIN: &str = "-";
static STDIN_IS_READ: AtomicBool = AtomicBool::new(false);

/// The parameters that words stand for:
///
/// - `name=value`; a name that stands several times makes a list
/// - `name=@FILE` takes a file's text, `name=@-` that of standard input, and `name=@@x` is the text `@x`
/// - `name=-` is standard input too, for what can hold a text of several lines
/// - `@FILE`, `@-` and `-` alone: a JSON object of parameters
/// - a word without an equals sign is the first required parameter that has no value yet, or else an image
///
/// `command` is what follows `--`: the command of an operation that runs one, word for word.
pub(crate) fn given(
    operation: &Operation,
    words: &[impl AsRef<str>],
    command: &[&str],
) -> Result<Map<String, Value>, Error> {
    let mut params = Map::new();
    let mut bare = Vec::new();
    for word in words.iter().map(AsRef::as_ref) {
        match word.split_once('=') {
            _ if word == STDIN || word.starts_with('@') => {
                params.extend(object(word.strip_prefix('@').unwrap_or(STDIN))?);
            }
            Some((name, value)) => add(&mut params, name, value_of(operation, name, value)?),
            None => bare.push(word),
        }
    }
    for word in bare {
        let is_open = |param: &&Param| !params.contains_key(param.name);
        let mut required = operation.params.iter().filter(|param| param.required).filter(is_open);
        // An image may come from elsewhere, so that pull_image requires no name.
        let mut named =
            operation.params.iter().filter(|param| param.kind == ValueKind::Reference).filter(is_open);
        let param = required.next().or_else(|| named.next()).ok_or_else(|| unplaced(operation, word))?;
        params.insert(param.name.to_owned(), word.into());
    }
    if !command.is_empty() {
        let param =
            operation.params.iter().find(|param| param.kind == ValueKind::Command).ok_or_else(|| {
                fault(format!("{} runs no command, so that nothing can follow --", operation.name))
            })?;
        if params.insert(param.name.to_owned(), json!(command)).is_some() {
            return Err(fault(format!("the command is given twice: in {} and after --", param.name)));
        }
    }
    Ok(params)
}

/// Whether a flag is on.
pub(crate) fn is_on(params: &Map<String, Value>, name: &str) -> bool {
    params.get(name).is_some_and(|value| *value == "true" || *value == true)
}

/// What is printed as it comes needs no bounds that are not asked for: it is not kept. What goes on until somebody ends it, goes on for a
/// day, unless a flag `--timeout` says otherwise.
pub(crate) fn without_bounds(operation: &Operation, has_timeout: bool, params: &mut Map<String, Value>) {
    let follows = is_on(params, "follow");
    // Where nothing chooses to follow, the call follows: a command, or an attached container.
    let is_output = matches!(operation.comes, Some(Comes::Output | Comes::Command));
    let goes_on = follows || (is_output && operation.param("follow").is_none());
    let bounds = [
        ("max_bytes", "1099511627776", true),
        ("max_events", "1000000", follows),
        ("timeout", "86400", goes_on && !has_timeout),
    ];
    for (name, most, applies) in bounds {
        if applies && operation.param(name).is_some() && !params.contains_key(name) {
            params.insert(name.to_owned(), most.into());
        }
    }
}

/// Standard input, for the one who reads it first.
pub(crate) fn stdin() -> Result<io::StdinLock<'static>, String> {
    if STDIN_IS_READ.swap(true, Ordering::Relaxed) {
        return Err("standard input can be used once only".into());
    }
    Ok(io::stdin().lock())
}

fn add(params: &mut Map<String, Value>, name: &str, value: Value) {
    match params.get_mut(name) {
        None => {
            params.insert(name.to_owned(), value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = json!([first, value]),
    }
}

fn value_of(operation: &Operation, name: &str, value: &str) -> Result<Value, Error> {
    let param = operation.param(name);
    let read = match value.strip_prefix('@') {
        Some(literal) if literal.starts_with('@') => return Ok(literal.into()),
        Some(path) => text_of(path),
        None if value == STDIN && param.is_some_and(takes_a_text) => text_of(STDIN),
        None => return Ok(value.into()),
    };
    let mut text = read.map_err(|why| fault(format!("{name}: {why}")))?;
    if param.is_some_and(|param| param.kind == ValueKind::Secret) {
        // A password's file ends with the end of a line, which is no part of it.
        text.truncate(text.trim_end_matches(['\r', '\n']).len());
    }
    Ok(text.into())
}

/// Whether a single dash can be no value of its own.
fn takes_a_text(param: &Param) -> bool {
    let is_text = matches!(
        param.kind,
        ValueKind::LongText
            | ValueKind::Secret
            | ValueKind::Object
            | ValueKind::Objects
            | ValueKind::Json
            | ValueKind::Map
            | ValueKind::Filters
            | ValueKind::PruneFilters
    );
    is_text && !param.names_a_file
}

/// The text of a file, or of standard input.
fn text_of(path: &str) -> Result<String, String> {
    if path == STDIN {
        return io::read_to_string(stdin()?)
            .map_err(|error| format!("standard input cannot be read: {error}"));
    }
    fs::read_to_string(path).map_err(|error| format!("the file {path:?} cannot be read: {error}"))
}

fn object(path: &str) -> Result<Map<String, Value>, Error> {
    let text = text_of(path).map_err(fault)?;
    serde_json::from_str(&text).map_err(|error| {
        let what = if path == STDIN { "standard input".into() } else { format!("the file {path:?}") };
        fault(format!("{what} must hold a JSON object of parameters: {error}"))
    })
}

fn unplaced(operation: &Operation, word: &str) -> Error {
    let runs = operation.params.iter().any(|param| param.kind == ValueKind::Command);
    let advice = if runs { ". A command follows two dashes: -- ls /" } else { "" };
    fault(format!(
        "Parameters are given as name=value, and {word:?} has no equals sign. Every required parameter has a value already{advice}"
    ))
}

fn fault(text: impl Into<String>) -> Error {
    Error::new(Kind::InvalidParameters, format!("{}. Nothing was sent.", text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(operation: &str, words: &[&str], command: &[&str]) -> Result<Value, Error> {
        given(operations::find(operation).unwrap(), words, command).map(Value::Object)
    }

    #[test]
    fn words_become_parameters() {
        assert_eq!(
            read("exec_container", &["id=web", "Cmd=a=b", "label=x", "label=y", "empty=", "at=@@x"], &[])
                .unwrap(),
            json!({"id": "web", "Cmd": "a=b", "label": ["x", "y"], "empty": "", "at": "@x"})
        );
    }

    #[test]
    fn bare_words_are_the_required_parameters_in_order() {
        assert_eq!(read("stop_container", &["web", "t=5"], &[]).unwrap(), json!({"id": "web", "t": "5"}));
        assert_eq!(
            read("rename_container", &["web", "db"], &[]).unwrap(),
            json!({"id": "web", "name": "db"})
        );
        assert_eq!(
            read("exec_container", &["web"], &["sh", "-c", "a b=c"]).unwrap(),
            json!({"id": "web", "Cmd": ["sh", "-c", "a b=c"]})
        );
        for (operation, words, command) in [
            ("stop_container", &["web", "db"][..], &[][..]),
            ("ping", &["word"], &[]),
            ("stop_container", &["web"], &["sh"]),
            ("exec_container", &["web", "Cmd=ls"], &["sh"]),
            ("ping", &["@/no/such/file"], &[]),
            ("ping", &["a=@/no/such/file"], &[]),
        ] {
            let error = read(operation, words, command).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidParameters, "{operation} {words:?} {command:?}");
        }
    }
}
