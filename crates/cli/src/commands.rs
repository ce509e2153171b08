//! The command line, with one command for each operation, derived from the catalogue.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use operations::{Operation, Param, ValueKind};

use crate::exit;

/// What was asked for.
pub(crate) enum Request<'a> {
    /// Which operations there are.
    List,
    /// A health check.
    Check { connection: Connection<'a>, json: bool },
    /// An operation.
    Run { connection: Connection<'a>, operation: &'a str, params: Vec<&'a str>, json: bool },
    /// The local host.
    Serve { connection: Connection<'a>, options: local_host::Options },
}

/// How to reach the engine: `DOCKER_HOST` and its like, or the flags that stand for them.
pub(crate) struct Connection<'a> {
    pub(crate) host: &'a str,
    pub(crate) tls_verify: bool,
    pub(crate) cert_path: Option<&'a str>,
    pub(crate) ssh_key: Option<&'a str>,
    pub(crate) api_version: Option<&'a str>,
    pub(crate) timeout: Option<&'a str>,
}

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new("fsr-docker")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Runs the operations of the FortiSOAR connector for Docker from a shell")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(exit::TABLE)
        .args([
            flag("host", "DOCKER_HOST", "The engine: unix:///path, tcp://host:port or ssh://user@host:port/path")
                .default_value("unix:///var/run/docker.sock"),
            flag("tlsverify", "DOCKER_TLS_VERIFY", "Use TLS, and verify the engine: 1 is yes, empty is no"),
            flag("cert-path", "DOCKER_CERT_PATH", "The folder of ca.pem, cert.pem and key.pem"),
            flag(
                "ssh-key",
                "FSR_DOCKER_SSH_KEY",
                "The private key for ssh://, instead of ~/.ssh/id_ed25519, id_ecdsa or id_rsa; its passphrase is taken from \
                 FSR_DOCKER_SSH_PASSPHRASE",
            ),
            flag(
                "api-version",
                "DOCKER_API_VERSION",
                "The API version to speak, instead of what both sides know",
            ),
            Arg::new("timeout")
                .long("timeout")
                .global(true)
                .value_name("SECONDS")
                .help("The longest wait for an answer"),
            Arg::new("json")
                .long("json")
                .global(true)
                .action(ArgAction::SetTrue)
                .help("Print the result as one line of JSON; progress is shown on standard error, if that is a terminal"),
        ])
        .subcommand(Command::new("list").about("Lists the operations"))
        .subcommand(Command::new("check").about("Checks that the engine can be reached and worked with"))
        .subcommand(serve())
        .subcommand(
            Command::new("run")
                .about("Runs an operation: fsr-docker run list_containers all=true")
                .after_help(exit::TABLE)
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommand_value_name("OPERATION")
                .subcommand_help_heading("Operations")
                .subcommands(operations::operations().filter(|operation| operation.visible).map(operation)),
        )
}

/// What the words of a command line ask for.
pub(crate) fn request(matches: &ArgMatches) -> Request<'_> {
    match matches.subcommand() {
        Some(("run", run)) => {
            let (operation, given) = run.subcommand().unwrap_or(("", run));
            let words = given.try_get_many::<String>("params").ok().flatten();
            let params = words.into_iter().flatten().map(String::as_str).collect();
            Request::Run { connection: connection(given), operation, params, json: given.get_flag("json") }
        }
        Some(("check", check)) => {
            Request::Check { connection: connection(check), json: check.get_flag("json") }
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
        _ => Request::List,
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

/// Where the data of a user's programs goes (XDG Base Directory Specification).
fn usual_state() -> PathBuf {
    let folder = |variable| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")));
    data.unwrap_or_else(|| PathBuf::from(".")).join("fsr-docker")
}

fn connection(matches: &ArgMatches) -> Connection<'_> {
    let text = |name| matches.get_one::<String>(name).map(String::as_str).filter(|value| !value.is_empty());
    Connection {
        host: text("host").unwrap_or_default(),
        tls_verify: text("tlsverify").is_some(),
        cert_path: text("cert-path"),
        ssh_key: text("ssh-key"),
        api_version: text("api-version"),
        timeout: text("timeout"),
    }
}

fn flag(name: &'static str, variable: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).env(variable).global(true).value_name("VALUE").help(help)
}

fn operation(operation: &'static Operation) -> Command {
    let params = Arg::new("params")
        .num_args(0..)
        .value_name("NAME=VALUE")
        .help("Parameters; name=@FILE takes a file's text");
    Command::new(operation.name)
        .about(operation.about)
        .visible_aliases(operation.also.iter().copied())
        .arg(params)
        .after_help(parameters(operation))
}

fn parameters(operation: &Operation) -> String {
    let width = operation.params.iter().map(|param| param.name.len()).max().unwrap_or_default();
    let lines =
        operation.params.iter().map(|param| format!("  {:width$}  {}", param.name, explanation(param)));
    let mut help = vec![format!("Sends {} {}", operation.method.as_str(), operation.path)];
    if !operation.params.is_empty() {
        help.push("\nParameters:".into());
    }
    help.extend(lines);
    help.join("\n")
}

fn explanation(param: &Param) -> String {
    let mut parts = vec![param.about.to_owned()];
    if let ValueKind::Choice(choices) = param.kind {
        let words: Vec<&str> = choices.iter().map(|(_, word)| *word).collect();
        parts.push(format!("One of {}.", words.join(", ")));
    }
    parts.extend(param.required.then(|| "[required]".into()));
    parts.extend(param.default.map(|default| format!("[default: {default}]")));
    parts.extend(param.since.map(|since| format!("[API {since}]")));
    parts.join(" ")
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
        let Request::Run { connection, operation, params, json } = request(&matches) else {
            panic!("not a run")
        };
        assert_eq!(
            (connection.host, operation, params, json),
            ("tcp://a:1", "list_containers", vec!["all=true"], true)
        );
    }
}
