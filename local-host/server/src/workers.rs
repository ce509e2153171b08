//! The Python workers (`local-host/python/worker.py`): started, renewed, and asked.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex, RwLock};
use tokio::time::timeout;

use crate::error::Error;
use crate::layout::Layout;
use crate::private;
use crate::progress::Watch;

/// So many operations run at once; more wait their turn.
const COUNT: u32 = 4;
/// Long enough for a slow machine to start Python.
const STARTING: Duration = Duration::from_secs(30);
/// No operation has longer. Its own time limit is far below that.
const LONGEST_CALL: Duration = Duration::from_secs(3600);
/// A log of the workers that is larger is begun anew.
const LARGEST_LOG: u64 = 8 * 1024 * 1024;
/// What fits into a socket's address.
const LONGEST_PATH: usize = 107;
/// How often a call that was not begun is made again.
const TRIES: u32 = 3;

/// The workers of this host.
pub(crate) struct Workers {
    python: PathBuf,
    layout: Layout,
    /// Where the workers of now listen.
    socket: RwLock<PathBuf>,
    parent: Mutex<Parent>,
}

/// The process that forks them.
struct Parent {
    _process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    renewals: u32,
}

/// What a worker is asked to do.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Call<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    /// An operation's name, `check_health`, or that of a hook.
    pub(crate) operation: &'a str,
    pub(crate) config: &'a Value,
    pub(crate) params: &'a Value,
    /// Who is told how far it is, if the connector tells.
    #[serde(rename = "watched")]
    pub(crate) watch: Option<&'a Watch>,
}

/// What came of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Reply {
    /// `Success` or `Failed`.
    pub(crate) status: String,
    /// The error's text.
    #[serde(default)]
    pub(crate) message: String,
    /// As the connector answered.
    pub(crate) data: Box<RawValue>,
    /// What the connector logged.
    #[serde(default)]
    pub(crate) log: Vec<String>,
}

impl Reply {
    /// Whether the operation did what it was asked for.
    pub(crate) fn is_success(&self) -> bool {
        self.status == "Success"
    }

    fn failed(message: String) -> Self {
        Self { status: "Failed".into(), message, data: RawValue::NULL.to_owned(), log: Vec::new() }
    }
}

/// How far a try came.
enum Try {
    NotBegun,
    Ended(Option<Reply>),
}

impl Workers {
    /// Starts them.
    pub(crate) async fn start(python: &Path, layout: &Layout) -> Result<Self, Error> {
        let log_file = layout.file("workers.log");
        if std::fs::metadata(&log_file).is_ok_and(|log| log.len() > LARGEST_LOG) {
            std::fs::remove_file(&log_file).map_err(Error::state(&log_file))?;
        }
        let log = private::log(&log_file).map_err(Error::state(&log_file))?;
        let mut process = Command::new(python)
            .arg(layout.python("worker.py"))
            .arg("--root")
            .arg(layout.root())
            .args(["--workers", &COUNT.to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(layout.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|fault| Error::Workers(fault.to_string()))?;
        let (Some(orders), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(Error::Workers("their pipes are missing".into()));
        };
        let answers = BufReader::new(answers).lines();
        let parent = Parent { _process: process, orders, answers, renewals: 0 };
        let workers = Self {
            python: python.to_owned(),
            layout: layout.clone(),
            socket: RwLock::default(),
            parent: Mutex::new(parent),
        };
        workers.renew().await?;
        Ok(workers)
    }

    /// The Python that they run.
    pub(crate) fn python(&self) -> &Path {
        &self.python
    }

    /// New workers for the calls from now on, since a connector was installed again. Calls under way go on to their end.
    pub(crate) async fn renew(&self) -> Result<(), Error> {
        let mut parent = self.parent.lock().await;
        parent.renewals += 1;
        let path = self.layout.root().join(format!("workers-{}.sock", parent.renewals));
        // One that a killed host left.
        let _ = std::fs::remove_file(&path);
        let Some(text) = path.to_str().filter(|text| text.len() <= LONGEST_PATH) else {
            return Err(Error::Workers(format!(
                "{} is no path for a socket, which has at most {LONGEST_PATH} bytes of UTF-8. Choose a shorter --state",
                path.display()
            )));
        };
        let asked = parent.orders.write_all(format!("{text}\n").as_bytes()).await;
        asked.map_err(|fault| Error::Workers(fault.to_string()))?;
        match timeout(STARTING, parent.answers.next_line()).await {
            Ok(Ok(Some(line))) if line == text => {}
            Ok(Ok(_)) => return Err(Error::Workers("their program ended".into())),
            Ok(Err(fault)) => return Err(Error::Workers(fault.to_string())),
            Err(_) => return Err(Error::Workers(format!("no answer in {} seconds", STARTING.as_secs()))),
        }
        *self.socket.write().await = path;
        Ok(())
    }

    /// Makes a call. Whoever drops the future interrupts the call.
    pub(crate) async fn call(&self, call: &Call<'_>) -> Reply {
        let operation = call.operation;
        let Ok(mut request) = serde_json::to_vec(call) else {
            return Reply::failed(format!("{operation}: the call cannot be written as JSON"));
        };
        request.push(b'\n');
        for _ in 0..TRIES {
            match timeout(LONGEST_CALL, self.attempt(&request, call.watch)).await {
                Ok(Try::Ended(Some(reply))) => return reply,
                Ok(Try::Ended(None)) => {
                    return Reply::failed(format!(
                        "The worker that ran {operation} crashed, and a new one is in its place. What the operation did \
                         until then is not known. What it said last is in {}.",
                        self.layout.file("workers.log").display()
                    ));
                }
                Ok(Try::NotBegun) => {}
                Err(_) => {
                    let minutes = LONGEST_CALL.as_secs() / 60;
                    return Reply::failed(format!(
                        "{operation} ran for {minutes} minutes, and was interrupted."
                    ));
                }
            }
        }
        Reply::failed(format!(
            "No worker took {operation}. See {}, and start the local host again.",
            self.layout.file("workers.log").display()
        ))
    }

    async fn attempt(&self, request: &[u8], watch: Option<&Watch>) -> Try {
        let socket = self.socket.read().await.clone();
        let Ok(mut stream) = UnixStream::connect(&socket).await else { return Try::NotBegun };
        if stream.write_all(request).await.is_err() {
            return Try::NotBegun;
        }
        // The stream stays whole until the reply is there: its end is what interrupts the call.
        let mut lines = BufReader::new(&mut stream);
        if line(&mut lines).await.as_deref() != Some("started\n") {
            return Try::NotBegun;
        }
        loop {
            let Some(line) = line(&mut lines).await.filter(|line| line.ends_with('\n')) else {
                return Try::Ended(None);
            };
            match (line.strip_prefix("progress "), watch) {
                (Some(told), Some(watch)) => watch.note(told),
                _ => return Try::Ended(serde_json::from_str(&line).ok()),
            }
        }
    }
}

async fn line(reader: &mut BufReader<impl AsyncRead + Unpin>) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).await.ok().map(|_| line)
}
