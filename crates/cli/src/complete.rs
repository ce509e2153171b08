//! What a shell offers for the word that somebody types, and the scripts that ask for it.
//!
//! The scripts know nothing: they call `fsr-docker __complete WORDS...`, whose last word is the one that is typed. It answers
//! a candidate a line, with a tab and what it means, or `:files` where files fit. So new operations need no new script.

use std::{collections::HashSet, env};

use clap::{Arg, Command, ValueEnum, ValueHint};
use operations::{Connector, Operation, Param, ValueKind};
use serde_json::{Map, Value};

use crate::{
    address, clean,
    commands::{self, Request},
    connection::Connection,
    contexts::DockerConfig,
    files::Folder,
    out,
};

/// The word that asks.
const COMMAND: &str = "__complete";

/// The longest that somebody who pressed a key waits for the engine, in seconds.
const PATIENCE: &str = "2";

/// The shells that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// The script that completes.
    pub(crate) fn script(self) -> &'static str {
        match self {
            Self::Bash => include_str!("complete/bash.bash"),
            Self::Zsh => include_str!("complete/zsh.zsh"),
            Self::Fish => include_str!("complete/fish.fish"),
        }
    }
}

/// The words so far, where a shell asks. No flag among them is one of this call.
pub(crate) fn asked() -> Option<Vec<String>> {
    let mut words = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    (words.next()? == COMMAND).then(|| words.collect())
}

/// Prints what fits the last of these words.
pub(crate) fn print(words: &[String]) {
    let (typed, before) =
        words.split_last().map_or(("", &[][..]), |(typed, before)| (typed.as_str(), before));
    match offers(before, typed) {
        Offers::Files => out::line(":files"),
        Offers::Words(offers) => {
            for (word, text) in offers.into_iter().filter(|(word, _)| word.starts_with(typed)) {
                out::line(format_args!("{}\t{}", clean::line(&word), clean::line(&first_sentence(&text))));
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Offers {
    Files,
    /// Words with what they mean.
    Words(Vec<(String, String)>),
}

fn offers(before: &[String], typed: &str) -> Offers {
    let mut root = commands::command();
    root.build();
    let mut command = &root;
    let mut option: Option<&Arg> = None;
    let mut given: Vec<&str> = Vec::new();
    for word in before {
        if option.take().is_some() {
        } else if word == "--" {
            // A command of the user's own.
            return Offers::Words(Vec::new());
        } else if word.starts_with('-') {
            option = flag(command, word).filter(|arg| !word.contains('=') && wants_a_word(arg));
        } else if let Some(next) = command.find_subcommand(word) {
            command = next;
        } else {
            given.push(word);
        }
    }
    if let Some(option) = option {
        return values_of(option, "");
    }
    if let Some((name, _)) = typed.split_once('=').filter(|_| typed.starts_with('-')) {
        return flag(command, name)
            .map_or(Offers::Words(Vec::new()), |arg| values_of(arg, &format!("{name}=")));
    }
    if typed.starts_with('-') {
        return Offers::Words(flags(command));
    }
    if command.has_subcommands() {
        // After a word that is no command, none fits.
        let shown = command.get_subcommands().filter(|command| given.is_empty() && !command.is_hide_set());
        return Offers::Words(shown.map(|it| (it.get_name().to_owned(), about(it.get_about()))).collect());
    }
    match operations::find(command.get_name()) {
        Some(operation) => of_operation(operation, &given, before, typed),
        None => command.get_positionals().next().map_or(Offers::Words(Vec::new()), |arg| values_of(arg, "")),
    }
}

/// The parameters of an operation that are not given yet, or the values of the one that is typed.
fn of_operation(operation: &Operation, given: &[&str], before: &[String], typed: &str) -> Offers {
    if let Some((name, value)) = typed.split_once('=') {
        return match operation.param(name) {
            Some(param) => values(param, value, before),
            None => Offers::Words(Vec::new()),
        };
    }
    let given: HashSet<&str> = given.iter().filter_map(|word| Some(word.split_once('=')?.0)).collect();
    let open = operation.params.iter().filter(|param| !given.contains(param.name));
    let (required, others): (Vec<&Param>, Vec<&Param>) = open.partition(|param| param.required);
    let offer = |param: &Param| (format!("{}=", param.name), param.about.to_owned());
    Offers::Words(required.into_iter().chain(others).map(offer).collect())
}

fn values(param: &Param, value: &str, before: &[String]) -> Offers {
    let all = |words: &mut dyn Iterator<Item = (String, String)>| {
        Offers::Words(words.map(|(word, text)| (format!("{}={word}", param.name), text)).collect())
    };
    let titled = |(title, word): &(&str, &str)| ((*word).to_owned(), (*title).to_owned());
    match param.kind {
        _ if param.names_a_file || value.starts_with('@') => Offers::Files,
        ValueKind::Flag => {
            all(&mut ["true", "false"].map(|word| (word.to_owned(), String::new())).into_iter())
        }
        ValueKind::Choice(choices) => all(&mut choices.iter().map(titled)),
        // Of several, what is typed last.
        ValueKind::Choices(choices) => {
            let begun = value.rfind(',').map_or("", |end| &value[..=end]);
            all(&mut choices.iter().map(titled).map(|(word, text)| (format!("{begun}{word}"), text)))
        }
        ValueKind::Count(word) => all(&mut [(word.to_owned(), String::new())].into_iter()),
        _ => all(&mut param.picked_from.map(|pick| picked(pick, before)).unwrap_or_default().into_iter()),
    }
}

/// What is there on the engine that the words name. Without an answer there is nothing to offer.
fn picked(pick: &str, before: &[String]) -> Vec<(String, String)> {
    let words = ["fsr-docker".to_owned()].into_iter().chain(before.iter().cloned());
    let Ok(matches) = commands::command().ignore_errors(true).try_get_matches_from(words) else {
        return Vec::new();
    };
    let Request::Run { connection, .. } = commands::request(&matches) else { return Vec::new() };
    answered(pick, &Connection { timeout: Some(PATIENCE), ..connection }).unwrap_or_default()
}

fn answered(pick: &str, connection: &Connection<'_>) -> Option<Vec<(String, String)>> {
    let folder = Folder::default();
    let mut configuration =
        address::configuration(connection, &DockerConfig::read(connection.config)).ok()?;
    configuration.insert("retry_attempts".into(), "0".into());
    let connector = Connector::new(&configuration, &folder).ok()?;
    let result = connector.execute(pick, &Map::new(), &folder).0.ok()?;
    let choices: Vec<Value> = serde_json::from_slice(&result.into_json()).ok()?;
    let choice = |choice: &Value| match choice {
        Value::String(word) => Some((word.clone(), String::new())),
        other => Some((other["value"].as_str()?.to_owned(), other["title"].as_str()?.to_owned())),
    };
    Some(choices.iter().filter_map(choice).collect())
}

fn flags(command: &Command) -> Vec<(String, String)> {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    shown.filter_map(|arg| Some((format!("--{}", arg.get_long()?), about(arg.get_help())))).collect()
}

/// The flag of a word such as `--host`, `--host=x` or `-H`.
fn flag<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let name = word.split('=').next().unwrap_or(word);
    command.get_arguments().find(|arg| {
        arg.get_long().is_some_and(|long| name.strip_prefix("--") == Some(long))
            || arg.get_short().is_some_and(|short| name == format!("-{short}"))
    })
}

/// Whether the next word is its value.
fn wants_a_word(arg: &Arg) -> bool {
    arg.get_action().takes_values() && !arg.is_require_equals_set()
}

fn values_of(arg: &Arg, prefix: &str) -> Offers {
    if matches!(arg.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath) {
        return Offers::Files;
    }
    let possible = arg.get_possible_values();
    let named =
        possible.iter().map(|value| (format!("{prefix}{}", value.get_name()), about(value.get_help())));
    Offers::Words(named.collect())
}

fn about(text: Option<&clap::builder::StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

fn first_sentence(text: &str) -> String {
    let end = text.find(". ").map_or(text.trim_end_matches('.').len(), |end| end);
    text[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(before: &[&str], typed: &str) -> Vec<String> {
        let before: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
        match offers(&before, typed) {
            Offers::Files => vec![":files".to_owned()],
            Offers::Words(offers) => {
                offers.into_iter().map(|(word, _)| word).filter(|word| word.starts_with(typed)).collect()
            }
        }
    }

    #[test]
    fn every_operation_offers_each_of_its_parameters() {
        for operation in operations::shown() {
            let offered = words(&["-H", "unix:///x", "run", operation.name], "");
            let declared: HashSet<String> =
                operation.params.iter().map(|param| format!("{}=", param.name)).collect();
            assert_eq!(offered.iter().cloned().collect::<HashSet<_>>(), declared, "{}", operation.name);
            for param in operation.params {
                if let ValueKind::Choice(choices) = param.kind {
                    let offered = match of_operation(operation, &[], &[], &format!("{}=", param.name)) {
                        Offers::Words(offers) => offers.into_iter().map(|(word, _)| word).collect(),
                        Offers::Files => Vec::new(),
                    };
                    let declared: Vec<_> =
                        choices.iter().map(|(_, word)| format!("{}={word}", param.name)).collect();
                    assert_eq!(offered, declared, "{}.{}", operation.name, param.name);
                }
            }
        }
    }

    #[test]
    fn words_are_offered_where_they_fit() {
        for (before, typed, offered) in [
            (&["run"][..], "stop_c", &["stop_container"][..]),
            (&[], "comp", &["completions"]),
            (&["completions"], "", &["bash", "zsh", "fish"]),
            (&["run", "stop_container"], "i", &["id="]),
            (&["run", "stop_container", "id=web"], "i", &[]),
            (&["run", "list_containers"], "all=", &["all=true", "all=false"]),
            (&["run", "list_containers"], "all=f", &["all=false"]),
            (&["run", "list_containers", "-o"], "j", &["json", "jsonl"]),
            (&["run", "list_containers"], "--output=t", &["--output=table"]),
            (&["run", "exec_container", "web", "--"], "i", &[]),
            (&["run", "load_images"], "attachment=", &[":files"]),
            (&["run", "exec_container"], "stdin_text=@", &[":files"]),
            (&["verify"], "", &[":files"]),
            (&["run", "ping"], "--quie", &["--quiet"]),
            (&["run", "no_such"], "", &[]),
        ] {
            assert_eq!(words(before, typed), offered, "{before:?} {typed}");
        }
    }
}
