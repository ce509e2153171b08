//! `fsr-docker`: any operation of the connector from a shell.
//!
//! Exit codes: 0 it went well; 1 the operation failed; 2 it was asked for wrongly, and nothing was sent; 130 Ctrl-C broke it
//! off.
#![allow(clippy::print_stdout, reason = "the result goes to standard output")]

mod address;
mod bars;
mod commands;
mod files;
mod interrupt;
mod show;

use std::process::ExitCode;

use engine::ErrorKind;
use operations::{Connector, Error, Kind};
use serde_json::{Map, Value, json};

use crate::{bars::Bars, commands::Request, files::Folder};

fn main() -> ExitCode {
    let matches = commands::command().get_matches();
    match run(&commands::request(&matches)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(match error.kind() {
                Kind::InvalidParameters | Kind::InvalidConfiguration | Kind::UnknownOperation => 2,
                Kind::Engine(ErrorKind::Interrupted) => interrupt::EXIT_CODE,
                _ => 1,
            })
        }
    }
}

fn serve(options: &host::Options) -> ExitCode {
    match host::serve(options, |line| println!("{line}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(request: &Request<'_>) -> Result<ExitCode, Error> {
    match request {
        Request::Serve { connection, options } => {
            let first = Value::Object(address::fields(connection)?);
            Ok(serve(&host::Options { first_configuration: Some(first), ..options.clone() }))
        }
        Request::List => {
            show::list();
            Ok(ExitCode::SUCCESS)
        }
        Request::Check { connection, json } => {
            interrupt::watch()?;
            let health =
                Connector::new(&address::configuration(connection)?, &Folder::default())?.check_health()?;
            show::health(&health, *json);
            Ok(ExitCode::SUCCESS)
        }
        Request::Run { connection, operation, params, json } => {
            interrupt::watch()?;
            let folder = Folder { bars: Bars::begin() };
            let connector = Connector::new(&address::configuration(connection)?, &folder)?;
            let (result, report) = connector.execute(operation, &given(params)?, &folder);
            if let Some(bars) = &folder.bars {
                bars.end();
            }
            let result: Value = serde_json::from_slice(&result?.into_json()).unwrap_or_default();
            eprintln!("{}", show::report(&report));
            show::result(&result, *json);
            // A command's own exit code is passed on, as a shell would.
            let code =
                result.get("exit_code").and_then(Value::as_u64).and_then(|code| u8::try_from(code).ok());
            Ok(ExitCode::from(code.unwrap_or_default()))
        }
    }
}

/// `name=value` words as parameters. A name that stands several times makes a list; `name=@FILE` takes a file's text.
fn given(words: &[&str]) -> Result<Map<String, Value>, Error> {
    let fault = |text: String| Error::new(Kind::InvalidParameters, text);
    let mut params = Map::new();
    for word in words {
        let (name, value) = word.split_once('=').ok_or_else(|| {
            fault(format!("Parameters are given as name=value, and {word:?} has no equals sign."))
        })?;
        let value: Value = match value.strip_prefix('@') {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|error| fault(format!("{name}: the file {path:?} cannot be read: {error}.")))?
                .into(),
            None => value.into(),
        };
        match params.get_mut(name) {
            None => {
                params.insert(name.to_owned(), value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = json!([first, value]),
        }
    }
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_parameters() {
        let params = given(&["id=web", "Cmd=a=b", "label=x", "label=y", "empty="]).unwrap();
        assert_eq!(
            Value::Object(params),
            json!({"id": "web", "Cmd": "a=b", "label": ["x", "y"], "empty": ""})
        );
        assert_eq!(given(&["web"]).unwrap_err().kind(), Kind::InvalidParameters);
    }
}
