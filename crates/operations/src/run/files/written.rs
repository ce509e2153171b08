//! A file that was written here, not in one go: its hash is that of what can be read again from the disk.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    thread,
};

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::{cannot, received::attachment};
use crate::{Error, Services};

/// A file that was written here. It is removed when this is dropped.
pub(crate) struct Written(NamedTempFile);

impl Written {
    pub(crate) fn of(file: NamedTempFile) -> Self {
        Self(file)
    }

    /// The file, to be read from its beginning.
    #[cfg(test)]
    pub(crate) fn open(&self) -> Result<File, Error> {
        File::open(self.0.path()).map_err(|error| cannot("read", &error))
    }

    /// Makes it an attachment: FortiSOAR's record, with `size` in bytes and `sha256`. It is hashed while it is saved.
    pub(crate) fn save(
        self,
        services: &dyn Services,
        filename: &str,
        description: &str,
    ) -> Result<Map<String, Value>, Error> {
        let path = self.0.path();
        let (record, hashed) = thread::scope(|scope| {
            let hashing = thread::Builder::new().name("hash".into()).spawn_scoped(scope, || hashed(path));
            let record = services.save(path, filename, description);
            let gone = || io::Error::other("its reader is gone");
            (record, hashing.and_then(|hashing| hashing.join().unwrap_or_else(|_| Err(gone()))))
        });
        let (size, sha256) = hashed.map_err(|error| cannot("read", &error))?;
        attachment(record, size, sha256)
    }
}

fn hashed(path: &Path) -> io::Result<(u64, String)> {
    let (mut source, mut hash, mut size) = (File::open(path)?, Sha256::new(), 0);
    let mut piece = vec![0; 256 * 1024];
    loop {
        let length = source.read(&mut piece)?;
        if length == 0 {
            return Ok((size, hex::encode(hash.finalize())));
        }
        hash.update(&piece[..length]);
        size += length as u64;
    }
}
