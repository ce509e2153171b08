//! `fsr-docker`: any operation of the connector from a shell.
//!
//! `exit.rs` has its exit codes.
#![deny(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "these panic where a pipe is closed: see out.rs"
)]

mod address;
mod bars;
mod commands;
mod exit;
mod files;
mod help;
mod interrupt;
mod out;
mod params;
mod show;
mod wording;

use std::process::ExitCode;

use operations::{Connector, Error, Kind};
use serde_json::Value;

use crate::{bars::Bars, commands::Request, files::Folder};

fn main() -> ExitCode {
    operations::set_wording(&wording::Flags);
    let matches = match commands::command().try_get_matches() {
        Ok(matches) => matches,
        Err(said) if said.use_stderr() => {
            let _nobody_reads_it = said.print();
            return ExitCode::from(exit::USAGE);
        }
        Err(help) => {
            out::done(help.print());
            out::flush();
            return ExitCode::SUCCESS;
        }
    };
    let code = run(&commands::request(&matches)).unwrap_or_else(|error| {
        out::note(&error);
        exit::of_error(&error)
    });
    out::flush();
    code
}

fn serve(options: &local_host::Options) -> ExitCode {
    match local_host::serve(options, |line| out::line(line)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out::note(error);
            ExitCode::FAILURE
        }
    }
}

fn run(request: &Request<'_>) -> Result<ExitCode, Error> {
    match request {
        Request::Serve { connection, options } => {
            let first = Value::Object(address::fields(connection)?);
            Ok(serve(&local_host::Options { first_configuration: Some(first), ..options.clone() }))
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
        Request::Unknown { word } => Err(commands::unknown(word)),
        Request::Run { connection, operation, words, command, json } => {
            interrupt::watch()?;
            let declared = operations::find(operation).ok_or_else(|| operations::unknown(operation))?;
            let params = params::given(declared, words, command).map_err(|error| error.within(operation))?;
            let folder = Folder { bars: Bars::begin() };
            let connector = Connector::new(&address::configuration(connection)?, &folder)?;
            let (result, report) = connector.execute(operation, &params, &folder);
            if let Some(bars) = &folder.bars {
                bars.end();
            }
            let result = read(&result?.into_json())?;
            out::note(show::report(&report));
            show::result(&result, *json);
            Ok(exit::of_result(Some(declared), &result))
        }
    }
}

fn read(json: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(json).map_err(|error| {
        Error::new(
            Kind::Failed,
            format!("The engine's answer cannot be shown, as it cannot be read as JSON: {error}."),
        )
    })
}
