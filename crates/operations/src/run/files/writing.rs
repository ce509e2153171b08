//! Writing what is received, and hashing it, beside the receiving: whoever makes the bytes waits for neither.

use std::{
    io::{self, Write as _},
    sync::mpsc::{SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::{Received, cannot, temporary};
use crate::{Error, Kind};

/// A temporary file in the making. Dropped before its end, nothing of it is kept.
pub(crate) struct Writer {
    /// Where pieces go; one waits at most. `None` once there are no more.
    pieces: Option<SyncSender<Bytes>>,
    thread: Option<JoinHandle<io::Result<(NamedTempFile, Sha256)>>>,
    size: u64,
    most: u64,
}

impl Writer {
    /// `most` is in MiB.
    pub(crate) fn new(most: u64) -> Result<Self, Error> {
        let mut file = temporary()?;
        let (pieces, coming) = sync_channel::<Bytes>(1);
        let write = move || {
            let mut hash = Sha256::new();
            for piece in coming {
                hash.update(&piece);
                file.write_all(&piece)?;
            }
            Ok((file, hash))
        };
        let thread = thread::Builder::new().name("write".into()).spawn(write);
        let thread = thread.map_err(|error| cannot("written", &error))?;
        Ok(Self {
            pieces: Some(pieces),
            thread: Some(thread),
            size: 0,
            most: most.saturating_mul(1024 * 1024),
        })
    }

    /// Adds what came.
    pub(crate) fn add(&mut self, piece: Bytes) -> Result<(), Error> {
        self.size += piece.len() as u64;
        if self.size > self.most {
            let message =
                format!("The file is larger than max_size ({} bytes). Nothing of it was kept.", self.most);
            return Err(Error::new(Kind::Failed, message));
        }
        match self.pieces.as_ref().map(|pieces| pieces.send(piece)) {
            Some(Ok(())) => Ok(()),
            // Nobody takes it any more: the writing failed.
            _ => self.end().map(drop),
        }
    }

    /// The whole file.
    pub(crate) fn finish(mut self) -> Result<Received, Error> {
        let (file, hash) = self.end()?;
        Ok(Received { file, size: self.size, sha256: hex::encode(hash.finalize()) })
    }

    fn end(&mut self) -> Result<(NamedTempFile, Sha256), Error> {
        self.pieces = None;
        let gone = || Err(io::Error::other("its writer is gone"));
        let ended = self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_else(gone);
        ended.map_err(|error| cannot("written", &error))
    }
}

impl Drop for Writer {
    /// No thread outlives its call.
    fn drop(&mut self) {
        let _ended_or_not_wanted = self.end();
    }
}
