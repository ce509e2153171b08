//! What the connector's surroundings do for it: FortiSOAR's files and attachments, or a folder on a command line.

use std::path::{Path, PathBuf};

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
