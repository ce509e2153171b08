//! The command line, with one command for each operation, derived from the catalogue.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use clap::{
    Arg, ArgAction, ArgMatches, Command,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
    value_parser,
};
use operations::{Error, Kind, Operation, Param, ValueKind};

use crate::{
    complete::Shell,
    connection::{self, Connection, connection},
    exit,
    format::{Form, Format},
    help, package_file,
};

/// What was asked for.
pub(crate) enum Request<'a> {
    /// Which operations there are.
    List,
    /// A health check.
    Check { connection: Connection<'a>, json: bool },
    /// Which versions are at work.
    Version { connection: Connection<'a>, json: bool },
    /// A script for a shell.
    Completions(Shell),
    /// The manual page.
    Man,
    /// Whether a connector's package is the one that was made and signed.
    VerifyPackage { file: &'a Path, public_key: Option<&'a Path>, json: bool },
    /// Whether an archive of evidence is as it was collected.
    Verify { file: &'a Path, public_key: Option<&'a Path>, manifest_sha256: Option<&'a str>, json: bool },
    /// An operation.
    Run {
        connection: Connection<'a>,
        operation: &'a str,
        words: Vec<Cow<'a, str>>,
        command: Vec<&'a str>,
        format: Format,
    },
    /// A command that there is not.
    Unknown { word: &'a str },
    /// The local host.
    Serve { connection: Connection<'a>, options: local_host::Options },
}

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new("fsr-docker")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Runs the operations of the FortiSOAR connector for Docker from a shell")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(exit::TABLE)
        .args(connection::flags())
        .args([
            Arg::new("json")
                .long("json")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("The same as -o json"),
            Arg::new("output")
                .short('o')
                .long("output")
                .global(true)
                .value_name("FORM")
                .value_parser(value_parser!(Form))
                .help("How to print the result [default: text as it is; a list as a table on a terminal, as JSON elsewhere]"),
            Arg::new("fields")
                .long("fields")
                .global(true)
                .value_name("PATH,...")
                .value_delimiter(',')
                .help("Print only these fields, such as Id,Names,NetworkSettings.Networks"),
            Arg::new("quiet")
                .short('q')
                .long("quiet")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("Print only ids, one a line, and no progress"),
            Arg::new("verbose")
                .short('v')
                .long("verbose")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("Print a line about the call on standard error; on a terminal it is always there"),
        ])
        .allow_external_subcommands(true)
        .subcommand(Command::new("list").about("Lists the operations"))
        .subcommand(Command::new("check").about("Checks that the engine can be reached and worked with"))
        .subcommand(Command::new("version").about("Shows the versions of this program and of the engine"))
        .subcommand(
            Command::new("completions")
                .about("Prints a script that completes commands in a shell: source <(fsr-docker completions bash)")
                .arg(Arg::new("shell").required(true).value_name("SHELL").value_parser(value_parser!(Shell))),
        )
        .subcommand(Command::new("man").about("Prints the manual page: fsr-docker man | man -l -"))
        .subcommand(verify())
        .subcommand(package_file::command())
        .subcommand(serve())
        .subcommand(
            Command::new("run")
                .about("Runs an operation: fsr-docker run list_containers all=true")
                .after_help(format!("{}\n\n{}", help::NOTATION, exit::TABLE))
                .subcommand_required(true)
                .arg_required_else_help(true)
                .allow_external_subcommands(true)
                .subcommand_value_name("OPERATION")
                .subcommand_help_heading("Operations")
                .subcommands(operations::shown().map(operation)),
        )
}

/// What the words of a command line ask for.
pub(crate) fn request(matches: &ArgMatches) -> Request<'_> {
    match matches.subcommand() {
        Some(("run", run)) => {
            let (operation, given) = run.subcommand().unwrap_or(("", run));
            let many = |name| {
                let words = given.try_get_many::<String>(name).ok().flatten();
                words.into_iter().flatten().map(String::as_str)
            };
            // The words of an operation that there is not are not looked at.
            let declared = operations::find(operation);
            let known = if declared.is_some() { given } else { run };
            let short =
                declared.into_iter().flat_map(shortcuts).filter_map(|(_, param)| written(given, param));
            let words = many("params").map(Cow::from).chain(short).collect();
            let command = many("command").collect();
            Request::Run { connection: connection(known), operation, words, command, format: format(known) }
        }
        Some(("check", check)) => {
            Request::Check { connection: connection(check), json: format(check).form.is_some() }
        }
        Some(("version", version)) => {
            Request::Version { connection: connection(version), json: format(version).form.is_some() }
        }
        Some(("completions", of)) => Request::Completions(*of.get_one("shell").unwrap_or(&Shell::Bash)),
        Some(("man", _)) => Request::Man,
        Some(("verify", verify)) => {
            let path = |name| verify.get_one::<PathBuf>(name).map(PathBuf::as_path);
            Request::Verify {
                file: path("file").unwrap_or_else(|| Path::new("")),
                public_key: path("public-key"),
                manifest_sha256: verify.get_one::<String>("manifest-sha256").map(String::as_str),
                json: format(verify).form == Some(Form::Json),
            }
        }
        Some(("verify-package", verify)) => {
            let path = |name| verify.get_one::<PathBuf>(name).map(PathBuf::as_path);
            let file = path("file").unwrap_or_else(|| Path::new(""));
            Request::VerifyPackage {
                file,
                public_key: path("public-key"),
                json: format(verify).form == Some(Form::Json),
            }
        }
        Some(("serve", serve)) => {
            let path = |name| serve.get_one::<PathBuf>(name).cloned();
            let options = local_host::Options {
                state: path("state").unwrap_or_else(usual_state),
                port: serve.get_one("port").copied().unwrap_or_default(),
                package: path("package"),
                python: path("python").unwrap_or_default(),
                first_configuration: None,
            };
            Request::Serve { connection: connection(serve), options }
        }
        Some(("list", _)) | None => Request::List,
        Some((word, _)) => Request::Unknown { word },
    }
}

/// How a result is to be printed.
fn format(matches: &ArgMatches) -> Format {
    let json = matches.get_flag("json").then_some(Form::Json);
    let fields = matches.get_many::<String>("fields").into_iter().flatten();
    Format {
        form: json.or(matches.get_one::<Form>("output").copied()),
        fields: fields.map(|field| field.trim().to_owned()).filter(|field| !field.is_empty()).collect(),
        quiet: matches.get_flag("quiet"),
        verbose: matches.get_flag("verbose"),
    }
}

fn serve() -> Command {
    let path = |name, help| {
        Arg::new(name).long(name).value_name("PATH").value_parser(value_parser!(PathBuf)).help(help)
    };
    Command::new("serve")
        .about("Serves a local host to try connectors in without an appliance: FortiSOAR's API, and a page")
        .args([
            path("package", "A connector's .tgz to install at the start, over the same version if it is there"),
            Arg::new("port")
                .long("port")
                .value_name("PORT")
                .value_parser(value_parser!(u16))
                .default_value("8443")
                .help("The port on 127.0.0.1; 0 takes any that is free"),
            path("state", "Where everything is kept [default: ~/.local/share/fsr-docker]"),
            path("python", "The Python that runs connectors: 3.9 or newer").default_value("python3"),
        ])
        .after_help(
            "The engine that DOCKER_HOST, or a flag, names is the first configuration of a package that has none; more of them \
             are made on the page, or through the API.",
        )
}

fn verify() -> Command {
    let path = |name| Arg::new(name).value_parser(value_parser!(PathBuf));
    Command::new("verify")
        .about("Verifies an archive of evidence, to the last byte, without an engine")
        .args([
            path("file").required(true).value_name("FILE").help("The archive that collect_evidence made"),
            path("public-key")
                .long("public-key")
                .value_name("FILE")
                .help("The public key (PEM) that must have signed it; without one, a signature is held against the key that the archive names"),
            Arg::new("manifest-sha256")
                .long("manifest-sha256")
                .value_name("HASH")
                .help("The manifest's SHA-256, as collect_evidence gave it"),
        ])
        .after_help(
            "Exit codes: 0 the archive is valid; 1 it is not, or could not be read; 2 usage error.\n\nThe same by hand:\n  unzip -p FILE manifest.json | sha256sum\n  openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in manifest.json -sigfile manifest.sig",
        )
}

/// Where the data of a user's programs goes (XDG Base Directory Specification).
fn usual_state() -> PathBuf {
    let folder = |variable| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")));
    data.unwrap_or_else(|| PathBuf::from(".")).join("fsr-docker")
}

/// Flags that users of other tools type, for parameters of these names. Of two for the same letter, the first that an operation has.
const SHORTCUTS: [(char, &str); 4] = [('f', "follow"), ('f', "force"), ('a', "all"), ('n', "tail")];

fn shortcuts(operation: &'static Operation) -> Vec<(char, &'static Param)> {
    let mut found: Vec<(char, &Param)> = Vec::new();
    for (letter, name) in SHORTCUTS {
        if let Some(param) = operation.param(name)
            && found.iter().all(|(other, _)| *other != letter)
        {
            found.push((letter, param));
        }
    }
    found
}

/// A parameter that a shortcut gives, as its word.
fn written(given: &ArgMatches, param: &Param) -> Option<Cow<'static, str>> {
    if given.value_source(param.name) != Some(ValueSource::CommandLine) {
        return None;
    }
    let value = match param.kind {
        ValueKind::Flag => "true",
        _ => given.get_one::<String>(param.name)?,
    };
    Some(format!("{}={value}", param.name).into())
}

fn operation(operation: &'static Operation) -> Command {
    let short = shortcuts(operation).into_iter().map(|(letter, param)| {
        let arg = Arg::new(param.name).short(letter);
        match param.kind {
            ValueKind::Flag => arg.action(ArgAction::SetTrue).help(format!("Short for {}=true", param.name)),
            _ => arg.value_name("VALUE").help(format!("Short for {}=VALUE", param.name)),
        }
    });
    let params = Arg::new("params").num_args(0..).value_name("NAME=VALUE").help("Parameters, as below");
    let command = operation.params.iter().find(|param| param.kind == ValueKind::Command);
    let command = command.map(|param| {
        let help = format!("The command, word for word: the parameter {}", param.name);
        Arg::new("command").num_args(1..).last(true).value_name("COMMAND").help(help)
    });
    Command::new(operation.name)
        .about(operation.about)
        .visible_aliases(operation.also.iter().copied())
        .arg(params)
        .args(command)
        .args(short)
        .after_help(help::of(operation))
}

/// A flag that there is not, as the parameter that may have been meant: `all=true` for `--all`.
pub(crate) fn as_parameter(said: &clap::Error) -> Option<String> {
    let flag = match said.get(ContextKind::InvalidArg)? {
        ContextValue::String(flag) if said.kind() == ErrorKind::UnknownArgument => flag,
        _ => return None,
    };
    let name = flag.trim_start_matches('-').split('=').next()?.replace('-', "_");
    let mut params = operations::shown().flat_map(|operation| operation.params);
    let param = params.find(|param| param.name.eq_ignore_ascii_case(&name))?;
    let value = flag
        .split_once('=')
        .map_or(if param.kind == ValueKind::Flag { "true" } else { "VALUE" }, |(_, value)| value);
    Some(format!("{}={value}", param.name))
}

/// The error for a word that is no command, with what may have been meant.
pub(crate) fn unknown(word: &str) -> Error {
    let shown: String = word.chars().take(60).collect();
    let hint = if operations::find(word).is_some() {
        format!(" It is an operation: fsr-docker run {word}.")
    } else {
        let command = command();
        let commands = command.get_subcommands().map(Command::get_name);
        let operations = operations::shown();
        match operations::closest(word, commands.chain(operations.map(|operation| operation.name))).as_slice()
        {
            [] => " fsr-docker --help shows the commands.".into(),
            alike => {
                let run = |name: &&str| match operations::find(name) {
                    Some(_) => format!("fsr-docker run {name}"),
                    None => format!("fsr-docker {name}"),
                };
                format!(" Similar ones: {}.", alike.iter().map(run).collect::<Vec<_>>().join(", "))
            }
        }
    };
    Error::new(Kind::UnknownOperation, format!("There is no command {shown:?}.{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }

    #[test]
    fn serves_where_it_is_told_to() {
        let matches = command().get_matches_from(["fsr-docker", "serve", "--port", "0", "--state", "/s"]);
        let Request::Serve { options, .. } = request(&matches) else { panic!("not serve") };
        assert_eq!((options.port, options.state), (0, PathBuf::from("/s")));
        assert_eq!((options.package, options.python), (None, PathBuf::from("python3")));
    }

    #[test]
    fn verifies_what_it_is_told_to() {
        let matches = command().get_matches_from([
            "fsr-docker",
            "verify",
            "e.zip",
            "--public-key",
            "k.pem",
            "--manifest-sha256",
            "ab",
            "--json",
        ]);
        let Request::Verify { file, public_key, manifest_sha256, json } = request(&matches) else {
            panic!("not verify")
        };
        assert_eq!((file, public_key), (Path::new("e.zip"), Some(Path::new("k.pem"))));
        assert_eq!((manifest_sha256, json), (Some("ab"), true));
    }

    #[test]
    fn reads_what_was_asked_for() {
        let matches = command().get_matches_from([
            "fsr-docker",
            "--host",
            "tcp://a:1",
            "run",
            "list_containers",
            "all=true",
            "--json",
        ]);
        let Request::Run { connection, operation, words, format, .. } = request(&matches) else {
            panic!("not a run")
        };
        assert_eq!(
            (connection.host, operation, words, format.form),
            ("tcp://a:1", "list_containers", vec![Cow::from("all=true")], Some(Form::Json))
        );
    }
}
