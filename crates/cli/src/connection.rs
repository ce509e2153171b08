//! How to reach the engine: the flags and variables of docker, and ours beside them.

use clap::{Arg, ArgMatches, ValueHint, parser::ValueSource};

use crate::contexts::Choice;

/// How to reach the engine: `DOCKER_HOST` and its like, or the flags that stand for them.
pub(crate) struct Connection<'a> {
    pub(crate) host: &'a str,
    /// Which context is meant, and whether the address above is a flag's or a variable's.
    pub(crate) choice: Choice<'a>,
    pub(crate) tls: TlsFlags<'a>,
    /// docker's folder, if it is not the usual one.
    pub(crate) config: Option<&'a str>,
    pub(crate) ssh_key: Option<&'a str>,
    pub(crate) api_version: Option<&'a str>,
    pub(crate) timeout: Option<&'a str>,
}

/// TLS, as docker's own flags say it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct TlsFlags<'a> {
    pub(crate) on: bool,
    pub(crate) verify: bool,
    /// The folder of the files that are not named below.
    pub(crate) folder: Option<&'a str>,
    pub(crate) ca: Option<&'a str>,
    pub(crate) cert: Option<&'a str>,
    pub(crate) key: Option<&'a str>,
}

/// The flags of every command that works with an engine.
pub(crate) fn flags() -> Vec<Arg> {
    vec![
        flag(
            "host",
            "DOCKER_HOST",
            "The engine: unix:///path, tcp://host:port or ssh://user@host:port/path [default: unix:///var/run/docker.sock]",
        )
        .short('H')
        .value_name("ADDRESS"),
        flag(
            "context",
            "DOCKER_CONTEXT",
            "The docker context of the engine, instead of an address [default: currentContext in ~/.docker/config.json]",
        )
        .short('c')
        .value_name("NAME"),
        flag("config", "DOCKER_CONFIG", "docker's folder, with config.json and contexts [default: ~/.docker]")
            .value_name("FOLDER"),
        switch("tls", "DOCKER_TLS", "Use TLS. Without --tlsverify, the engine is not verified"),
        switch("tlsverify", "DOCKER_TLS_VERIFY", "Use TLS, and verify the engine"),
        file("tlscacert", "The CA certificate (PEM) that the engine's must come from [default: ca.pem in the folder below]"),
        file("tlscert", "The client certificate (PEM) [default: cert.pem in the folder below]"),
        file("tlskey", "The client certificate's key (PEM) [default: key.pem in the folder below]"),
        flag("cert-path", "DOCKER_CERT_PATH", "The folder of ca.pem, cert.pem and key.pem [default: ~/.docker, if they are there]").value_name("FOLDER"),
        flag(
            "ssh-key",
            "FSR_DOCKER_SSH_KEY",
            "The private key for ssh://, instead of ~/.ssh/id_ed25519, id_ecdsa or id_rsa; its passphrase is taken from \
             FSR_DOCKER_SSH_PASSPHRASE",
        )
        .value_name("FILE"),
        flag(
            "api-version",
            "DOCKER_API_VERSION",
            "The API version to speak, such as 1.41 [default: the newest that the engine and this program know]",
        )
        .value_name("VERSION"),
        Arg::new("timeout")
            .long("timeout")
            .global(true)
            .value_name("SECONDS")
            .help("The longest wait for an answer, in seconds [default: 60]"),
    ]
}

/// What the words of a command line say of the engine.
pub(crate) fn connection(matches: &ArgMatches) -> Connection<'_> {
    let text = |name| matches.get_one::<String>(name).map(String::as_str).filter(|value| !value.is_empty());
    let from = |name| matches.value_source(name);
    let is_flag = |name| from(name) == Some(ValueSource::CommandLine);
    let (host, context) = (text("host"), text("context"));
    // As for docker, any value of a variable is yes.
    let is_yes = |name| {
        text(name).is_some_and(|value| {
            !is_flag(name) || !["0", "f", "false"].contains(&&*value.to_ascii_lowercase())
        })
    };
    Connection {
        host: host.unwrap_or_default(),
        choice: Choice {
            context_flag: context.filter(|_| is_flag("context")),
            context_variable: context.filter(|_| !is_flag("context")),
            host_flag: host.is_some() && is_flag("host"),
            host_variable: host.is_some() && !is_flag("host"),
        },
        tls: TlsFlags {
            // As for docker, --tlsverify=false is TLS too.
            on: is_yes("tls") || is_yes("tlsverify") || (text("tlsverify").is_some() && is_flag("tlsverify")),
            verify: is_yes("tlsverify"),
            folder: text("cert-path"),
            ca: text("tlscacert"),
            cert: text("tlscert"),
            key: text("tlskey"),
        },
        config: text("config"),
        ssh_key: text("ssh-key"),
        api_version: text("api-version"),
        timeout: text("timeout"),
    }
}

fn flag(name: &'static str, variable: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).env(variable).global(true).value_name("VALUE").help(help)
}

/// A flag that may stand alone.
fn switch(name: &'static str, variable: &'static str, help: &'static str) -> Arg {
    flag(name, variable, help)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_name("true|false")
}

fn file(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).global(true).value_name("FILE").value_hint(ValueHint::FilePath).help(help)
}
