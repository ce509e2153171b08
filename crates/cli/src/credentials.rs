//! The credentials at registries that docker's own command line would use: `config.json`, credential helpers, and
//! `DOCKER_AUTH_CONFIG`.
//!
//! On a command line and its local host alone: an appliance runs no helper programs. A helper is found by an absolute path of
//! `PATH`, has a bounded time and answer, and what it says is secret: nothing of it is printed.

use std::{
    env,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use operations::{Operation, ValueKind};
use serde_json::{Map, Value, json};

use crate::{contexts::DockerConfig, out};

const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST_ANSWER: u64 = 1 << 20;
const MOST_REGISTRIES: usize = 50;
/// How helpers know Docker's own registry.
const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_ADDRESS: &str = "https://index.docker.io/v1/";

/// The field `registries` of a configuration for this call: JSON, or nothing.
pub(crate) fn registries(
    config: &DockerConfig,
    operation: &Operation,
    params: &Map<String, Value>,
) -> Option<String> {
    let takes_credentials =
        operation.params.iter().any(|param| ["registry_password", "registries"].contains(&param.name));
    if !takes_credentials {
        return None;
    }
    let mut auths = Map::new();
    let own = config.file.get("auths").and_then(Value::as_object).into_iter().flatten();
    // Where a store has the credentials, docker leaves empty entries.
    auths.extend(
        own.filter(|(_, entry)| is_filled(entry)).map(|(server, entry)| (server.clone(), entry.clone())),
    );
    let wanted = match operation.param("registries") {
        Some(_) => all(config),
        None => images(operation, params).map(|image| operations::registry_of(&image)).collect(),
    };
    for server in wanted.into_iter().take(MOST_REGISTRIES) {
        if let Some(helper) = helper_for(config, &server)
            && let Some(entry) = ask(helper, &server)
        {
            auths.retain(|name, _| operations::registry_of(&format!("{name}/x")) != server);
            auths.insert(server, entry);
        }
    }
    for (server, entry) in of_environment() {
        auths.insert(server, entry);
    }
    (!auths.is_empty()).then(|| json!({"auths": auths}).to_string())
}

fn is_filled(entry: &Value) -> bool {
    entry.as_object().is_some_and(|fields| {
        fields.values().any(|value| value.as_str().is_some_and(|text| !text.is_empty()))
    })
}

/// The images that a call names.
fn images(operation: &Operation, params: &Map<String, Value>) -> impl Iterator<Item = String> {
    let named =
        operation.params.iter().filter(|param| param.kind == ValueKind::Reference || param.name == "term");
    named.filter_map(|param| Some(params.get(param.name)?.as_str()?.to_owned()))
}

/// Every registry that a helper has credentials for: a build may need any.
fn all(config: &DockerConfig) -> Vec<String> {
    let helpers = config.file.get("credHelpers").and_then(Value::as_object).into_iter().flatten();
    let mut servers: Vec<String> = helpers.map(|(server, _)| server.clone()).collect();
    if let Some(store) =
        config.file.get("credsStore").and_then(Value::as_str).filter(|store| !store.is_empty())
    {
        let listed =
            run(store, "list", "").and_then(|text| serde_json::from_str::<Map<String, Value>>(&text).ok());
        servers.extend(listed.unwrap_or_default().into_iter().map(|(server, _)| server));
    }
    servers
}

/// The helper of a registry: its own, or the store for all.
fn helper_for<'a>(config: &'a DockerConfig, server: &str) -> Option<&'a str> {
    let helpers = config.file.get("credHelpers").and_then(Value::as_object);
    let own = helpers.and_then(|helpers| {
        let names = [server, address(server)];
        names.iter().find_map(|name| helpers.get(*name)).and_then(Value::as_str)
    });
    own.or(config.file.get("credsStore").and_then(Value::as_str)).filter(|name| !name.is_empty())
}

fn address(server: &str) -> &str {
    if server == DOCKER_HUB { DOCKER_HUB_ADDRESS } else { server }
}

/// What a helper has for a registry: an entry as `registries` takes it.
fn ask(helper: &str, server: &str) -> Option<Value> {
    let answer: Value = serde_json::from_str(&run(helper, "get", address(server))?).unwrap_or_default();
    let text = |name: &str| answer[name].as_str().filter(|text| !text.is_empty());
    let (username, secret) = (text("Username")?, text("Secret")?);
    Some(json!({"Username": username, "Secret": secret}))
}

/// Runs a helper. Where it has nothing there is nothing; where it fails, that is told and the call goes on without it, as docker's.
fn run(helper: &str, verb: &str, input: &str) -> Option<String> {
    let name = format!("docker-credential-{helper}");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let Some(program) = Some(&name).filter(|name| name.chars().all(is_plain)).and_then(|name| found(name))
    else {
        out::note(format_args!(
            "Warning: The credential helper {name:.80} is not in PATH: its credentials are not used."
        ));
        return None;
    };
    match answer(&program, verb, input) {
        Ok(Some(text)) => Some(text),
        Ok(None) => None,
        Err(why) => {
            out::note(format_args!("Warning: {name} {verb} {why}: its credentials are not used."));
            None
        }
    }
}

/// A program by an absolute path of `PATH`, so that the current folder never offers one.
fn found(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let is_program = |path: &Path| {
        path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|path| is_program(path))
}

fn answer(program: &Path, verb: &str, input: &str) -> Result<Option<String>, String> {
    let mut command = Command::new(program);
    command.arg(verb).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read has its reasons.
        let _not_read = stdin.write_all(input.as_bytes());
    }
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stdout.take(LONGEST_ANSWER).read_to_end(&mut bytes);
            let _nobody_waits = sender.send(read.map(|_| bytes));
        });
    }
    let until = Instant::now() + PATIENCE;
    let bytes = receiver.recv_timeout(PATIENCE);
    while child.try_wait().is_ok_and(|status| status.is_none()) {
        if bytes.is_err() || Instant::now() > until {
            let _it_is_gone = child.kill().and_then(|()| child.wait());
            return Err(format!("did not end within {} seconds", PATIENCE.as_secs()));
        }
        thread::sleep(Duration::from_millis(10));
    }
    let status = child.wait().map_err(|error| format!("was lost: {error}"))?;
    let bytes = bytes
        .map_err(|_| "gave no answer".to_owned())?
        .map_err(|error| format!("cannot be read: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| "did not answer in UTF-8".to_owned())?;
    match status.success() {
        true => Ok(Some(text)),
        false if text.contains("credentials not found") => Ok(None),
        false => Err(format!("failed ({status})")),
    }
}

/// `DOCKER_AUTH_CONFIG`: `auths` as in `config.json`, of `auth` alone.
fn of_environment() -> Map<String, Value> {
    let text = env::var("DOCKER_AUTH_CONFIG").unwrap_or_default();
    if text.trim().is_empty() {
        return Map::new();
    }
    let read: Value = serde_json::from_str(&text).unwrap_or_default();
    match &read["auths"] {
        Value::Object(auths) => auths.clone(),
        _ => {
            out::note("Warning: DOCKER_AUTH_CONFIG is not used: it is not JSON with auths.");
            Map::new()
        }
    }
}
