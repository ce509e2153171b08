//! What the connector's surroundings do for it: FortiSOAR's files and attachments, or a folder on a command line; and who
//! watches there how far a call is.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value;

/// Files and attachments. Errors are texts for people.
pub trait Services {
    /// The contents of a file that a configuration names, such as `/api/3/files/<id>`. Leaves nothing on disk.
    fn read(&self, reference: &str) -> Result<Vec<u8>, String>;

    /// Puts an attachment's or file's contents into a private temporary file, which the caller removes. Also gives the
    /// file's own name, empty if that is not known.
    fn fetch(&self, reference: &str) -> Result<(PathBuf, String), String>;

    /// Makes an attachment of a file, under this name and with this description, and gives its record.
    fn save(&self, path: &Path, filename: &str, description: &str) -> Result<Value, String>;

    /// Who is told how far a call is. Asked by what takes long, once; where nobody watches, nothing more is done for it.
    fn watcher(&self) -> Option<Arc<dyn Watcher>> {
        None
    }

    /// Who takes logs, events and samples as they come. Asked once by each call that has such.
    fn taker(&self) -> Option<Arc<dyn Taker>> {
        None
    }

    /// Who is told what a process writes while it writes, and takes nothing away: the result has all of it.
    fn hearer(&self) -> Option<Arc<dyn Taker>> {
        None
    }
}

/// Who takes output and values as they come, and not with the result. What is taken is not in the result again, but for the
/// events and samples that it lists anyway.
pub trait Taker: Send + Sync {
    /// A piece of a process's output, from `stdout` or `stderr`, byte for byte.
    fn output(&self, stream: &'static str, piece: &[u8]);

    /// An event, or a sample of statistics.
    fn value(&self, value: &Value);
}

/// Who watches a call.
pub trait Watcher: Send + Sync {
    /// How far it is: a few times a second, on the call's own thread. It should take no time, and cannot fail the call.
    fn progress(&self, progress: &Progress<'_>);
}

/// How far a call is, or one of its parts. The latest of each part counts.
///
/// Texts are one short line each, without control characters and without what is secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Which of the parts that go on side by side, such as a layer's id; empty is the call as a whole.
    pub part: &'a str,
    /// What goes on, such as `Downloading`.
    pub text: &'a str,
    /// The bytes so far, where something is moved.
    pub bytes: Option<u64>,
    /// The bytes in all, where that is known.
    pub total: Option<u64>,
    /// Whether the part is at its end.
    pub is_done: bool,
}

/// Surroundings without files, as for checks that need none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoServices;

impl Services for NoServices {
    fn read(&self, reference: &str) -> Result<Vec<u8>, String> {
        Err(format!("{reference} cannot be read here"))
    }

    fn fetch(&self, reference: &str) -> Result<(PathBuf, String), String> {
        Err(format!("{reference} cannot be fetched here"))
    }

    fn save(&self, _: &Path, filename: &str, _: &str) -> Result<Value, String> {
        Err(format!("{filename} cannot be saved here"))
    }
}
