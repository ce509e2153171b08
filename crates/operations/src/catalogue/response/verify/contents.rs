//! The contents of members: read in pieces, hashed, unpacked. Nothing is held in memory but a manifest.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::unix::fs::FileExt as _,
};

use flate2::{Crc, write::DeflateDecoder};
use sha2::{Digest as _, Sha256};

use crate::{
    Error,
    catalogue::response::zip::layout::{Entry, Method},
    run::files::cannot,
};

const PIECE: usize = 256 * 1024;

/// An archive whose members are read.
pub(super) struct Contents<'f, S> {
    file: &'f File,
    seen: S,
}

/// What a member holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) size: u64,
    pub(super) crc: u32,
    pub(super) sha256: String,
    pub(super) stored_sha256: String,
    /// What is wrong with how it is packed.
    pub(super) fault: Option<&'static str>,
}

impl<'f, S: FnMut(usize)> Contents<'f, S> {
    pub(super) fn new(file: &'f File, seen: S) -> Self {
        Self { file, seen }
    }

    /// The size and hash of the whole file.
    pub(super) fn whole(&mut self) -> Result<(u64, String), Error> {
        let length = self.file.metadata().map_err(|error| cannot("read", &error))?.len();
        let mut hash = Sha256::new();
        self.pieces(0, length, |piece| {
            hash.update(piece);
            Ok(())
        })?;
        Ok((length, hex::encode(hash.finalize())))
    }

    /// Reads a member, and what it unpacks to.
    pub(super) fn of(&mut self, entry: &Entry) -> Result<Held, Error> {
        let (at, length) = (entry.offset + entry.local_length(), entry.stored);
        let mut stored = Sha256::new();
        let mut unpacked = Unpacked { crc: Crc::new(), hash: Sha256::new(), size: 0, most: entry.size };
        let mut fault = None;
        match entry.method {
            Method::Stored => self.pieces(at, length, |piece| {
                stored.update(piece);
                // More than it says cannot come: what is stored is what it holds.
                unpacked.most = u64::MAX;
                unpacked.write_all(piece)
            })?,
            Method::Deflated => {
                let mut decoder = DeflateDecoder::new(&mut unpacked);
                let mut is_broken = false;
                self.pieces(at, length, |piece| {
                    stored.update(piece);
                    is_broken = is_broken || decoder.write_all(piece).is_err();
                    Ok(())
                })?;
                let is_used = decoder.total_in() == length;
                if is_broken || decoder.try_finish().is_err() || !is_used {
                    fault = Some("it cannot be unpacked");
                }
            }
        }
        Ok(Held {
            size: unpacked.size,
            crc: unpacked.crc.sum(),
            sha256: hex::encode(unpacked.hash.finalize()),
            stored_sha256: hex::encode(stored.finalize()),
            fault,
        })
    }

    /// A small member's contents, stored or unpacked. `None` if it is larger than this, or damaged.
    pub(super) fn small(&mut self, entry: &Entry, most: u64) -> Result<Option<Vec<u8>>, Error> {
        if entry.size > most || entry.stored > most {
            return Ok(None);
        }
        let mut stored = Vec::new();
        self.pieces(entry.offset + entry.local_length(), entry.stored, |piece| {
            stored.extend_from_slice(piece);
            Ok(())
        })?;
        if entry.method == Method::Stored {
            return Ok(Some(stored));
        }
        let mut unpacked = Vec::new();
        let read =
            flate2::read::DeflateDecoder::new(stored.as_slice()).take(entry.size).read_to_end(&mut unpacked);
        Ok(read.is_ok().then_some(unpacked))
    }

    /// A stored member's contents, to be read from their beginning.
    pub(super) fn reader(&self, entry: &Entry) -> impl Read + 'f {
        Section { file: self.file, at: entry.offset + entry.local_length(), left: entry.stored }
    }

    fn pieces(
        &mut self,
        mut at: u64,
        mut left: u64,
        mut take: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), Error> {
        let mut piece = vec![0; PIECE];
        while left > 0 {
            let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let piece = &mut piece[..length];
            let read = self.file.read_exact_at(piece, at).and_then(|()| take(piece));
            read.map_err(|error| cannot("read", &error))?;
            engine::go_on()?;
            (self.seen)(length);
            at += length as u64;
            left -= length as u64;
        }
        Ok(())
    }
}

/// What comes out of a packed member: counted and hashed. What is more than it says is refused.
struct Unpacked {
    crc: Crc,
    hash: Sha256,
    size: u64,
    most: u64,
}

impl Write for Unpacked {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.size += piece.len() as u64;
        if self.size > self.most {
            return Err(io::Error::other("it unpacks to more than it says"));
        }
        self.crc.update(piece);
        self.hash.update(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A part of a file.
struct Section<'f> {
    file: &'f File,
    at: u64,
    left: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let length = self.file.read_at(&mut into[..most], self.at)?;
        self.at += length as u64;
        self.left -= length as u64;
        Ok(length)
    }
}
