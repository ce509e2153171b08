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
mod clean;
mod commands;
mod complete;
mod connection;
mod contexts;
mod credentials;
mod exit;
mod files;
mod format;
mod help;
mod interrupt;
mod out;
mod package_file;
mod params;
mod show;
mod table;
mod taker;
mod wording;

use std::{fs, io::IsTerminal as _, process::ExitCode, sync::Arc};

use operations::{Connector, Error, Kind, Operation};
use serde_json::{Map, Value};

use crate::{
    bars::Bars, commands::Request, connection::Connection, contexts::DockerConfig, files::Folder,
    format::Format, taker::Printer,
};

fn main() -> ExitCode {
    operations::set_wording(&wording::Flags);
    if let Some(words) = complete::asked() {
        complete::print(&words);
        out::flush();
        return ExitCode::SUCCESS;
    }
    let matches = match commands::command().try_get_matches() {
        Ok(matches) => matches,
        Err(said) if said.use_stderr() => {
            let _nobody_reads_it = said.print();
            if let Some(written) = commands::as_parameter(&said) {
                out::note(format_args!("\nParameters of an operation are written without dashes: {written}"));
            }
            return ExitCode::from(exit::USAGE);
        }
        Err(help) => {
            out::done(help.print());
            out::flush();
            return ExitCode::SUCCESS;
        }
    };
    let code = run(&commands::request(&matches)).unwrap_or_else(|error| {
        out::error(&error);
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
            let config = DockerConfig::read(connection.config);
            let mut first = address::fields(connection, &config)?;
            // The local host's calls run no helpers, so it begins with what they have now.
            if let Some(registries) = credentials::every_registry(&config) {
                first.insert("registries".into(), registries.into());
            }
            let first_configuration = Some(Value::Object(first));
            Ok(serve(&local_host::Options { first_configuration, ..options.clone() }))
        }
        Request::List => {
            show::list();
            Ok(ExitCode::SUCCESS)
        }
        Request::Check { connection, json } => {
            interrupt::watch()?;
            let health = connector(connection, &Folder::default())?.check_health()?;
            show::health(&health, *json);
            Ok(ExitCode::SUCCESS)
        }
        Request::Unknown { word } => Err(commands::unknown(word)),
        Request::Version { connection, json } => {
            interrupt::watch()?;
            let version = version(connection);
            show::version(version.as_ref(), *json);
            version.map(|_| ExitCode::SUCCESS)
        }
        Request::Completions(shell) => {
            out::print(shell.script());
            Ok(ExitCode::SUCCESS)
        }
        Request::Man => {
            let mut page = Vec::new();
            out::done(clap_mangen::Man::new(commands::command()).render(&mut page));
            out::print(String::from_utf8_lossy(&page));
            Ok(ExitCode::SUCCESS)
        }
        Request::Verify { file, public_key, manifest_sha256, json } => {
            interrupt::watch()?;
            let key = public_key.map(|path| {
                fs::read(path).map_err(|error| {
                    Error::new(Kind::InvalidParameters, format!("{}: {error}.", path.display()))
                })
            });
            let found = operations::verify_file(file, key.transpose()?.as_deref(), *manifest_sha256)?;
            show::verified(&found, manifest_sha256.is_some(), *json);
            Ok(if found["valid"] == true { ExitCode::SUCCESS } else { ExitCode::from(exit::FAILURE) })
        }
        Request::VerifyPackage { file, public_key, json } => {
            let found = package_file::verify(file, *public_key)?;
            match json {
                true => show::json(&found),
                false => out::line(clean::line(found["summary"].as_str().unwrap_or_default())),
            }
            Ok(if found["valid"] == true { ExitCode::SUCCESS } else { ExitCode::from(exit::FAILURE) })
        }
        Request::Run { connection, operation, words, command, format } => {
            interrupt::watch()?;
            let declared = operations::find(operation).ok_or_else(|| operations::unknown(operation))?;
            let params = params::given(declared, words, command).map_err(|error| error.within(operation))?;
            call(connection, declared, operation, params, format)
        }
    }
}

/// Runs an operation and prints what comes of it.
fn call(
    connection: &Connection<'_>,
    declared: &Operation,
    operation: &str,
    mut params: Map<String, Value>,
    format: &Format,
) -> Result<ExitCode, Error> {
    let takes = format.takes(declared, &params);
    let fields = shown_fields(format, &params);
    let printer = takes.then(|| Arc::new(Printer::new(format.form, declared.table, &fields)));
    if takes {
        params::without_bounds(declared, connection.timeout.is_some(), &mut params);
    }
    // Bars would stand among what is printed as it comes.
    let bars = if format.quiet || takes { None } else { Bars::begin() };
    let folder = Folder { bars, printer };
    let config = DockerConfig::read(connection.config);
    let mut configuration = address::configuration(connection, &config)?;
    if let Some(registries) = credentials::registries(&config, declared, &params) {
        configuration.insert("registries".into(), registries.into());
    }
    interrupt::check()?;
    let connector = Connector::new(&configuration, &folder)?;
    let (result, report) = connector.execute(operation, &params, &folder);
    if let Some(bars) = &folder.bars {
        bars.end();
    }
    if let Some(printer) = &folder.printer {
        printer.finish();
    }
    let result = read(&result?.into_json())?;
    if !format.quiet && (format.verbose || std::io::stderr().is_terminal()) {
        out::note(show::report(&report));
    }
    match folder.printer.is_some_and(|printer| printer.was_asked()) {
        true => show::rest(&result),
        false => show::result(&result, declared, format, &fields),
    }
    Ok(exit::of_result(declared, &result))
}

/// The columns that were asked for, by `--fields` or by the operation's own parameter.
fn shown_fields(format: &Format, params: &Map<String, Value>) -> Vec<String> {
    let own = params.get("fields").and_then(Value::as_str).filter(|_| format.fields.is_empty());
    let own = own.into_iter().flat_map(|own| own.split(',')).map(|field| field.trim().to_owned());
    own.filter(|field| !field.is_empty()).chain(format.fields.iter().cloned()).collect()
}

fn connector(connection: &Connection<'_>, folder: &Folder) -> Result<Connector, Error> {
    Connector::new(&address::configuration(connection, &DockerConfig::read(connection.config))?, folder)
}

fn version(connection: &Connection<'_>) -> Result<Value, Error> {
    let folder = Folder::default();
    let connector = connector(connection, &folder)?;
    let (result, _) = connector.execute("get_version", &Map::new(), &folder);
    read(&result?.into_json())
}

fn read(json: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(json).map_err(|error| {
        Error::new(
            Kind::Failed,
            format!("The engine's answer cannot be shown, as it cannot be read as JSON: {error}."),
        )
    })
}
