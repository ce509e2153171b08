//! Credential helpers: programs that docker's command line asks for credentials.
//!
//! A helper is found by an absolute path of `PATH`. It has a bounded time and answer, and what it says is secret: nothing of it
//! is printed. One that fails is told, once, and the call goes on without it, as docker's does.

use std::{
    cell::RefCell,
    collections::HashSet,
    env,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{interrupt, out};

/// The time that all helpers of a call have together.
const PATIENCE: Duration = Duration::from_secs(30);
const LONGEST_ANSWER: u64 = 1 << 20;
const PAUSE: Duration = Duration::from_millis(10);

/// The helpers of a call.
pub(super) struct Helpers {
    until: Instant,
    told: RefCell<HashSet<String>>,
}

impl Helpers {
    pub(super) fn new() -> Self {
        Self { until: Instant::now() + PATIENCE, told: RefCell::default() }
    }

    /// What a helper has for a registry, as an entry of `registries`.
    pub(super) fn get(&self, helper: &str, server: &str) -> Option<Value> {
        let answer = self.asked(helper, "get", server)?;
        let text = |name: &str| answer[name].as_str();
        match (text("Username"), text("Secret")) {
            (Some(username), Some(secret)) if !username.is_empty() && !secret.is_empty() => {
                Some(json!({"Username": username, "Secret": secret}))
            }
            // A helper may say so that it has none.
            (Some(_), Some(_)) => None,
            _ => self.warn(helper, "get", "gave no Username and Secret"),
        }
    }

    /// The servers that a helper has credentials for.
    pub(super) fn list(&self, helper: &str) -> Vec<String> {
        match self.asked(helper, "list", "") {
            Some(Value::Object(users)) => users.into_iter().map(|(server, _)| server).collect(),
            None | Some(Value::Null) => Vec::new(),
            Some(_) => self.warn(helper, "list", "did not answer with a JSON object").unwrap_or_default(),
        }
    }

    /// A helper's answer. Where it has nothing, there is nothing.
    fn asked(&self, helper: &str, verb: &str, input: &str) -> Option<Value> {
        let name = format!("docker-credential-{helper}");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let Some(program) =
            Some(&name).filter(|name| name.chars().all(is_plain)).and_then(|name| found(name))
        else {
            return self.tell(format!("The credential helper {name:.80} is not in PATH"));
        };
        match answer(&program, verb, input, self.until) {
            Ok(None) => None,
            Ok(Some(text)) => match serde_json::from_str(text.trim()) {
                Ok(answer @ (Value::Object(_) | Value::Null)) => Some(answer),
                _ => self.warn(helper, verb, "did not answer with a JSON object"),
            },
            Err(why) => self.warn(helper, verb, &why),
        }
    }

    fn warn<T>(&self, helper: &str, verb: &str, why: &str) -> Option<T> {
        self.tell(format!("docker-credential-{helper:.60} {verb} {why}"))
    }

    fn tell<T>(&self, what: String) -> Option<T> {
        if !self.told.borrow().contains(&what) {
            out::note(format_args!("Warning: {what}. The call goes on without its credentials."));
            self.told.borrow_mut().insert(what);
        }
        None
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

/// Runs a helper and gives what it writes; `None` where it says that it has no such credentials.
fn answer(program: &Path, verb: &str, input: &str, until: Instant) -> Result<Option<String>, String> {
    let mut command = Command::new(program);
    command.arg(verb).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read has its reasons.
        let _not_read = stdin.write_all(input.as_bytes());
    }
    let read = output(&mut child, until);
    let ended = read.is_some().then(|| ended(&mut child, until)).flatten();
    let (Some(bytes), Some(success)) = (read, ended) else {
        let _it_is_gone = child.kill().and_then(|()| child.wait());
        return Err(match interrupt::is_requested() {
            true => "was interrupted".into(),
            false => format!("did not end in time ({} seconds for all helpers)", PATIENCE.as_secs()),
        });
    };
    let text = String::from_utf8(bytes).map_err(|_| "did not answer in UTF-8".to_owned())?;
    match success {
        true => Ok(Some(text)),
        false if text.contains("credentials not found") => Ok(None),
        false => Err("failed".into()),
    }
}

/// What a helper writes; `None` where that has no end in time.
fn output(child: &mut Child, until: Instant) -> Option<Vec<u8>> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    // It ends with the helper, or with the program.
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.take(LONGEST_ANSWER).read_to_end(&mut bytes);
        let _nobody_waits = sender.send(read.map(|_| bytes).unwrap_or_default());
    });
    before(until, || receiver.try_recv().ok())
}

/// Whether a helper ended with success; `None` where it does not end in time.
fn ended(child: &mut Child, until: Instant) -> Option<bool> {
    before(until, || match child.try_wait() {
        Ok(status) => status.map(|status| status.success()),
        Err(_) => Some(false),
    })
}

/// Asks until there is an answer, the time is over, or somebody interrupts.
fn before<T>(until: Instant, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= until || interrupt::is_requested() {
            return None;
        }
        thread::sleep(PAUSE);
    }
}
