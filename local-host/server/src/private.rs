//! Folders and files that only their owner reads.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Makes a folder, and those above it, unless it is there; either way nobody else reads it.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// Puts a whole file in place at once. A disk that is full keeps nothing of it.
pub(crate) fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let unfinished = path.with_added_extension("new");
    let written = write_to(&unfinished, contents).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// The same, unless the file has these contents already: so the disk may be full.
pub(crate) fn renew(path: &Path, contents: &[u8]) -> io::Result<()> {
    match fs::read(path) {
        Ok(present) if present == contents => fs::set_permissions(path, Permissions::from_mode(0o600)),
        _ => write(path, contents),
    }
}

fn write_to(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(contents)
}

/// A file to append to.
pub(crate) fn log(path: &Path) -> io::Result<fs::File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}
