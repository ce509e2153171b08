//! Fields that hold a certificate or a key.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use crate::Services;

/// The contents of a file field: PEM text as it is, a file of FortiSOAR, or a path.
pub(super) fn contents(file: &str, services: &dyn Services) -> Result<Vec<u8>, String> {
    /// No path of a file is longer on a line of its own. What is may be a key without its first line: it is not repeated.
    const LONGEST_PATH: usize = 255;
    let file = file.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    // A template may write each dash for HTML.
    if file.contains("-----BEGIN") || file.contains("&#45;BEGIN") || file.contains("&#x2D;BEGIN") {
        return Ok(file.as_bytes().to_vec());
    }
    if file.starts_with("/api/3/") {
        return services.read(file).map_err(|error| format!("cannot be read from FortiSOAR: {error}"));
    }
    if !file.starts_with('/') || file.contains('\n') || file.len() > LONGEST_PATH {
        return Err(
            "is neither PEM text (-----BEGIN ...), nor a file of FortiSOAR, nor an absolute path".into()
        );
    }
    at_path(Path::new(file)).map_err(|why| format!("{file:?} cannot be read: {why}"))
}

/// A small file. What else a path leads to is not opened: a pipe would be waited for, and a device has no end.
fn at_path(path: &Path) -> Result<Vec<u8>, String> {
    /// No certificate, key or bundle of authorities is larger, in bytes.
    const LARGEST: u64 = 4 * 1024 * 1024;
    let told = |error: io::Error| error.to_string();
    let found = fs::metadata(path).map_err(told)?;
    if !found.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if found.len() > LARGEST {
        return Err("it is larger than 4 MiB".to_owned());
    }
    let mut contents = Vec::new();
    // Some that are made as they are read, as in /proc, are empty by their size and are waited for.
    File::open(path).map_err(told)?.take(found.len()).read_to_end(&mut contents).map_err(told)?;
    Ok(contents)
}
