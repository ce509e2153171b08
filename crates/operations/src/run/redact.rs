//! The parameter `redact`: masks in a result what may be secret.
//!
//! Results are the engine's own answer, and so hold what it tells: the values of environments, build arguments, labels and
//! driver options, what follows a command's first word, and what signs in somewhere.

use serde_json::{Map, Value};

use crate::{
    Error, Output, Param, Secrecy,
    declare::{arguments::Arguments, param::flag},
    run::secrets::{MASK, after_the_program, fields::of_field},
};

/// For operations whose results may hold secrets.
pub(crate) const REDACT: Param = flag("redact")
    .title("Redact")
    .about("Mask secrets in the result: the values of environment variables, build arguments, labels and driver options, the arguments of commands, and credentials.")
    .local();

/// The result, with its secrets masked if the call asks for that.
pub(crate) fn result(output: Output, arguments: &Arguments) -> Result<Output, Error> {
    if arguments.if_declared(REDACT.name) != Some(&Value::Bool(true)) {
        return Ok(output);
    }
    let mut value = match output {
        Output::Value(value) => value,
        output => engine::parse(&output.into_json()?, engine::MOST_OF_A_LOOK)?,
    };
    mask("", &mut value);
    Ok(Output::Value(value))
}

fn mask(parent: &str, value: &mut Value) {
    match value {
        Value::Object(fields) => mask_fields(parent, fields),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(parent, item)),
        Value::String(text) => {
            if let Some(masked) = instruction(text).or_else(|| exec(text)).or_else(|| address(text)) {
                *text = masked;
            }
        }
        _ => {}
    }
}

fn mask_fields(parent: &str, fields: &mut Map<String, Value>) {
    processes(fields);
    for (name, value) in fields {
        match of_field(parent, name) {
            _ if name == "Attributes" && parent == "Actor" => attributes(value),
            None | Some(Secrecy::Open) => mask(name, value),
            Some(Secrecy::Values) => values(value),
            Some(Secrecy::Words) => words(value),
            Some(_) => all(value),
        }
    }
}

/// Masks the labels among an event's attributes, which stand there with nothing that tells them from the engine's own.
fn attributes(value: &mut Value) {
    const OF_THE_ENGINE: &[&str] = &[
        "container",
        "destination",
        "driver",
        "execDuration",
        "execID",
        "exitCode",
        "image",
        "name",
        "oldName",
        "propagation",
        "read/write",
        "reclaimed",
        "signal",
        "type",
    ];
    let Value::Object(attributes) = value else { return };
    let given = attributes.iter_mut().filter(|(name, _)| !OF_THE_ENGINE.contains(&name.as_str()));
    given.for_each(|(_, value)| all(value));
}

/// Masks the arguments in a list of processes: a table, with the titles of its columns.
fn processes(fields: &mut Map<String, Value>) {
    let titles = fields.get("Titles").and_then(Value::as_array).into_iter().flatten();
    let commands: Vec<usize> = titles
        .enumerate()
        .filter(|(_, title)| title.as_str().is_some_and(|title| ["CMD", "COMMAND", "ARGS"].contains(&title)))
        .map(|(at, _)| at)
        .collect();
    let rows = fields.get_mut("Processes").and_then(Value::as_array_mut).into_iter().flatten();
    for row in rows {
        for at in &commands {
            if let Some(command) = row.get_mut(at) {
                words(command);
            }
        }
    }
}

/// Masks every text and number within.
fn all(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(all),
        Value::Array(items) => items.iter_mut().for_each(all),
        Value::String(text) if !text.is_empty() => MASK.clone_into(text),
        Value::Number(_) => *value = MASK.into(),
        _ => {}
    }
}

/// Masks the values of an environment and the like: `NAME=value`, an object of names, or objects with a `Value` (as plugins have).
fn values(value: &mut Value) {
    match value {
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::String(text) => {
                        if let Some((name, _)) = text.split_once('=') {
                            *text = format!("{name}={MASK}");
                        }
                    }
                    Value::Object(variable) if variable.contains_key("Value") => {
                        if let Some(value) = variable.get_mut("Value") {
                            all(value);
                        }
                    }
                    other => all(other),
                }
            }
        }
        other => all(other),
    }
}

/// Masks what follows the program of a command.
fn words(value: &mut Value) {
    fn after(text: &mut String) {
        if let Some(at) = after_the_program(text) {
            *text = format!("{}{MASK}", &text[..at]);
        }
    }
    match value {
        Value::Array(words) => {
            for (at, word) in words.iter_mut().enumerate() {
                match word {
                    Value::String(text) if at == 0 => after(text),
                    word => all(word),
                }
            }
        }
        Value::String(line) => after(line),
        other => all(other),
    }
}

/// An instruction of a Dockerfile in an image's history, without the values that it sets: `ENV A=1`, and a `RUN` with build
/// arguments, `|1 A=1 /bin/sh -c ...`. Values stand there without quotes, so all that follows goes too.
fn instruction(text: &str) -> Option<String> {
    let begun = text.rsplit_once("#(nop)").map_or(text, |(_, instruction)| instruction).trim_start();
    let begun = begun.strip_prefix("RUN ").unwrap_or(begun);
    let begins_with = |words: &[&str]| words.iter().any(|word| begun.starts_with(word));
    if begins_with(&["CMD ", "ENTRYPOINT ", "HEALTHCHECK "]) {
        let kept = text.len() - begun.len() + begun.find(' ')? + 1;
        return Some(format!("{}{MASK}", &text[..kept]));
    }
    let with_arguments =
        begun.strip_prefix('|').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if !(with_arguments || begins_with(&["ENV ", "ARG ", "LABEL "])) {
        return None;
    }
    let kept = text.len() - begun.len() + begun.find('=')? + 1;
    let command = if with_arguments { begun.rfind(" /bin/sh -c ").map_or("", |at| &begun[at..]) } else { "" };
    Some(format!("{}{MASK}{command}", &text[..kept]))
}

/// What an event says of a command that was executed in a container: `exec_create: sh -c ...`.
fn exec(text: &str) -> Option<String> {
    let command = text.strip_prefix("exec_create: ").or_else(|| text.strip_prefix("exec_start: "))?;
    let kept = text.len() - command.len() + after_the_program(command)?;
    Some(format!("{}{MASK}", &text[..kept]))
}

/// An address without the password in it, as of a proxy: `http://user:password@host`.
fn address(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (user, host) = rest.split(['/', '?', ' ']).next()?.rsplit_once('@')?;
    let (name, _) = user.split_once(':')?;
    let after = &rest[user.len() + 1 + host.len()..];
    Some(format!("{scheme}://{name}:{MASK}@{host}{after}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(mut value: Value) -> Value {
        mask("", &mut value);
        value
    }

    #[test]
    fn names_stay_and_values_go() {
        assert_eq!(
            masked(
                json!({"Config": {"Env": ["A=s3cret", "B=", "C"], "Image": "app", "Labels": {"a": "b"}}, "Id": "1"})
            ),
            json!({"Config": {"Env": ["A=[redacted]", "B=[redacted]", "C"], "Image": "app", "Labels": {"a": "[redacted]"}}, "Id": "1"})
        );
        assert_eq!(
            masked(json!([{"Spec": {"TaskTemplate": {"ContainerSpec": {"Env": ["A=b"]}}}}])),
            json!([{"Spec": {"TaskTemplate": {"ContainerSpec": {"Env": ["A=[redacted]"]}}}}])
        );
        assert_eq!(
            masked(json!({"Env": [{"Name": "DEBUG", "Value": "s3cret", "Settable": ["value"]}]})),
            json!({"Env": [{"Name": "DEBUG", "Value": "[redacted]", "Settable": ["value"]}]})
        );
        assert_eq!(masked(json!({"env": {"A": "b"}})), json!({"env": {"A": "[redacted]"}}));
    }

    #[test]
    fn what_signs_in_goes() {
        assert_eq!(
            masked(
                json!({"IdentityToken": "s3cret", "JoinTokens": {"Worker": "SWMTKN"}, "Status": "Login Succeeded"})
            ),
            json!({"IdentityToken": "[redacted]", "JoinTokens": {"Worker": "[redacted]"}, "Status": "Login Succeeded"})
        );
        assert_eq!(
            masked(json!({"HttpProxy": "http://me:s3cret@proxy:3128/x", "Name": "a@b", "Url": "http://a/b"})),
            json!({"HttpProxy": "http://me:[redacted]@proxy:3128/x", "Name": "a@b", "Url": "http://a/b"})
        );
    }

    #[test]
    fn commands_labels_checks_and_options_go() {
        assert_eq!(
            masked(json!({
                "Path": "sh", "Args": ["-c", "s3cret"],
                "Config": {
                    "Cmd": ["login", "-p", "s3cret"], "Entrypoint": ["sh -c s3cret"],
                    "Healthcheck": {"Test": ["CMD-SHELL", "curl -u me:s3cret"], "Interval": 3},
                },
                "HostConfig": {"LogConfig": {"Type": "splunk", "Config": {"splunk-token": "s3cret"}}},
                "State": {"Health": {"Status": "healthy", "Log": [{"ExitCode": 0, "Output": "s3cret"}]}},
            })),
            json!({
                "Path": "sh", "Args": ["[redacted]", "[redacted]"],
                "Config": {
                    "Cmd": ["login", "[redacted]", "[redacted]"], "Entrypoint": ["sh [redacted]"],
                    "Healthcheck": {"Test": ["CMD-SHELL", "[redacted]"], "Interval": 3},
                },
                "HostConfig": {"LogConfig": {"Type": "splunk", "Config": {"splunk-token": "[redacted]"}}},
                "State": {"Health": {"Status": "healthy", "Log": [{"ExitCode": 0, "Output": "[redacted]"}]}},
            })
        );
        assert_eq!(
            masked(
                json!([{"Command": "sh -c s3cret", "Labels": ["a=s3cret"], "Options": {"o": "password=s3cret"}}])
            ),
            json!([{"Command": "sh [redacted]", "Labels": ["a=[redacted]"], "Options": {"o": "[redacted]"}}])
        );
    }

    #[test]
    fn an_argument_in_the_programs_place_goes() {
        assert_eq!(
            masked(
                json!([{"Cmd": ["--password=s3cret", "-v"]}, {"Command": "--password s3cret"}, {"Cmd": ["A=s3cret run"]}, {"Cmd": ["redis"]}])
            ),
            json!([{"Cmd": ["[redacted]", "[redacted]"]}, {"Command": "[redacted]"}, {"Cmd": ["[redacted]"]}, {"Cmd": ["redis"]}])
        );
    }

    #[test]
    fn labels_in_events_and_arguments_of_processes_go() {
        assert_eq!(
            masked(json!({
                "status": "exec_create: sh -c s3cret", "Action": "exec_start: sh",
                "Actor": {"ID": "1", "Attributes": {"image": "app", "name": "web", "exitCode": "0", "team": "s3cret"}},
            })),
            json!({
                "status": "exec_create: sh [redacted]", "Action": "exec_start: sh",
                "Actor": {"ID": "1", "Attributes": {"image": "app", "name": "web", "exitCode": "0", "team": "[redacted]"}},
            })
        );
        assert_eq!(
            masked(
                json!({"Titles": ["PID", "CMD"], "Processes": [["1", "login -p s3cret"], ["2"], ["3", "sh"]]})
            ),
            json!({"Titles": ["PID", "CMD"], "Processes": [["1", "login [redacted]"], ["2"], ["3", "sh"]]})
        );
    }

    #[test]
    fn instructions_lose_their_values() {
        for (text, expected) in [
            ("/bin/sh -c #(nop)  ENV A=s3cret B=two words", "/bin/sh -c #(nop)  ENV A=[redacted]"),
            ("ENV A=s3cret", "ENV A=[redacted]"),
            ("|1 A=s3cret /bin/sh -c echo $A", "|1 A=[redacted] /bin/sh -c echo $A"),
            ("RUN |1 A=s3cret /bin/sh -c echo # buildkit", "RUN |1 A=[redacted] /bin/sh -c echo # buildkit"),
            ("RUN |1 A=s3cret /bin/bash -c echo", "RUN |1 A=[redacted]"),
            ("/bin/sh -c #(nop)  CMD [\"login\" \"s3cret\"]", "/bin/sh -c #(nop)  CMD [redacted]"),
            ("LABEL a=s3cret", "LABEL a=[redacted]"),
            ("ARG A", "ARG A"),
            ("RUN make A=1", "RUN make A=1"),
        ] {
            assert_eq!(masked(json!([{"CreatedBy": text}])), json!([{"CreatedBy": expected}]), "{text}");
        }
    }
}
