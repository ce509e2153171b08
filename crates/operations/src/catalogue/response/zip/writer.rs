//! Writes an archive of evidence: each member as it comes, hashed on its way, with its sizes written into its header afterwards.

use std::{
    fs::File,
    io::{self, Seek as _, SeekFrom, Write},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use bytes::Bytes;
use flate2::{Compression, Crc, write::DeflateEncoder};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::layout::{Entry, Method, end};
use crate::{
    Error,
    run::files::{Written, cannot, temporary},
};

/// An archive in the making: a private temporary file.
pub(crate) struct Archive {
    file: NamedTempFile,
    entries: Vec<Entry>,
    /// Where the next member begins.
    position: u64,
}

/// What became of a member's contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) method: Method,
    /// The size and hash of the contents.
    pub(crate) size: u64,
    pub(crate) sha256: String,
    /// The same of what is in the archive.
    pub(crate) stored: u64,
    pub(crate) stored_sha256: String,
}

impl Archive {
    pub(crate) fn new() -> Result<Self, Error> {
        Ok(Self { file: temporary()?, entries: Vec::new(), position: 0 })
    }

    /// How many bytes there are so far.
    pub(crate) fn size(&self) -> u64 {
        self.position
    }

    /// Begins a member. What is not [finished](Member::finish) leaves nothing.
    pub(crate) fn begin(&mut self, name: &str, method: Method) -> Result<Member<'_>, Error> {
        let entry =
            Entry { name: name.to_owned(), method, crc: 0, size: 0, stored: 0, offset: self.position };
        let begun = self.begun(&entry);
        let (pieces, thread) = begun.map_err(|error| cannot("written", &error))?;
        Ok(Member { archive: self, entry, pieces: Some(pieces), thread: Some(thread), size: 0 })
    }

    /// Adds a member whose contents are at hand.
    pub(crate) fn add(&mut self, name: &str, method: Method, contents: Bytes) -> Result<Kept, Error> {
        let mut member = self.begin(name, method)?;
        member.write(contents)?;
        member.finish()
    }

    /// Ends the archive.
    pub(crate) fn finish(mut self) -> Result<Written, Error> {
        self.write_directory().map_err(|error| cannot("written", &error))?;
        Ok(Written::of(self.file))
    }

    fn write_directory(&mut self) -> io::Result<()> {
        let file = self.file.as_file_mut();
        file.seek(SeekFrom::Start(self.position))?;
        let directory: Vec<u8> = self.entries.iter().flat_map(Entry::central).collect();
        file.write_all(&directory)?;
        file.write_all(&end(self.entries.len() as u64, self.position, directory.len() as u64))
    }

    fn begun(&mut self, entry: &Entry) -> io::Result<(SyncSender<Bytes>, JoinHandle<io::Result<Packed>>)> {
        let mut file = self.file.as_file().try_clone()?;
        file.seek(SeekFrom::Start(self.position))?;
        file.write_all(&entry.local())?;
        let packer = Packer::new(entry.method, file);
        let (pieces, coming) = sync_channel(4);
        let thread = thread::Builder::new().name("evidence".into()).spawn(move || pack(packer, &coming))?;
        Ok((pieces, thread))
    }

    /// Puts what is known of a member now into its header, and counts it in.
    fn complete(&mut self, mut entry: Entry, packed: &Packed) -> io::Result<()> {
        entry.crc = packed.crc.sum();
        (entry.size, entry.stored) = (packed.size, packed.stored);
        let file = self.file.as_file_mut();
        file.seek(SeekFrom::Start(entry.offset))?;
        file.write_all(&entry.local())?;
        self.position = entry.offset + entry.local_length() + entry.stored;
        self.entries.push(entry);
        Ok(())
    }

    /// Takes what a member has left off again.
    fn cut(&mut self) {
        // What stays is overwritten, and cut off where the archive ends.
        let _best_effort = self.file.as_file_mut().set_len(self.position);
    }
}

/// A member that is being written, by a thread of its own.
pub(crate) struct Member<'a> {
    archive: &'a mut Archive,
    entry: Entry,
    pieces: Option<SyncSender<Bytes>>,
    thread: Option<JoinHandle<io::Result<Packed>>>,
    size: u64,
}

impl Member<'_> {
    /// How many bytes of contents came so far.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds what came.
    pub(crate) fn write(&mut self, piece: Bytes) -> Result<(), Error> {
        self.size += piece.len() as u64;
        match self.pieces.as_ref().map(|pieces| pieces.send(piece)) {
            Some(Ok(())) => Ok(()),
            // Nobody takes it any more: the writing failed.
            _ => self.end().map(drop),
        }
    }

    /// Ends it, and says what became of it.
    pub(crate) fn finish(mut self) -> Result<Kept, Error> {
        let packed = self.end()?;
        let completed = self.archive.complete(self.entry.clone(), &packed);
        completed.map_err(|error| cannot("written", &error))?;
        let stored_sha256 = hex::encode(packed.stored_hash.finalize());
        let sha256 = packed.hash.map_or_else(|| stored_sha256.clone(), |hash| hex::encode(hash.finalize()));
        Ok(Kept {
            method: self.entry.method,
            size: packed.size,
            sha256,
            stored: packed.stored,
            stored_sha256,
        })
    }

    fn end(&mut self) -> Result<Packed, Error> {
        self.pieces = None;
        let gone = || Err(io::Error::other("its writer is gone"));
        let ended = self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_else(gone);
        ended.map_err(|error| cannot("written", &error))
    }
}

impl Drop for Member<'_> {
    /// No thread outlives its call, and what was not finished leaves nothing.
    fn drop(&mut self) {
        if self.thread.is_some() {
            let _not_wanted = self.end();
        }
        self.archive.cut();
    }
}

/// A member's contents, packed.
struct Packed {
    crc: Crc,
    size: u64,
    /// None where the contents are stored as they are.
    hash: Option<Sha256>,
    stored: u64,
    stored_hash: Sha256,
}

fn pack(mut packer: Packer, coming: &Receiver<Bytes>) -> io::Result<Packed> {
    let mut crc = Crc::new();
    let mut hash = matches!(packer, Packer::Deflated(_)).then(Sha256::new);
    let mut size = 0;
    for piece in coming {
        crc.update(&piece);
        size += piece.len() as u64;
        if let Some(hash) = &mut hash {
            hash.update(&piece);
        }
        packer.write_all(&piece)?;
    }
    let Sink { hash: stored_hash, size: stored, .. } = packer.finish()?;
    Ok(Packed { crc, size, hash, stored, stored_hash })
}

enum Packer {
    Stored(Sink),
    Deflated(DeflateEncoder<Sink>),
}

impl Packer {
    fn new(method: Method, file: File) -> Self {
        let sink = Sink { file, hash: Sha256::new(), size: 0 };
        match method {
            Method::Stored => Self::Stored(sink),
            Method::Deflated => Self::Deflated(DeflateEncoder::new(sink, Compression::fast())),
        }
    }

    fn write_all(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Self::Stored(sink) => sink.write_all(piece),
            Self::Deflated(encoder) => encoder.write_all(piece),
        }
    }

    fn finish(self) -> io::Result<Sink> {
        match self {
            Self::Stored(sink) => Ok(sink),
            Self::Deflated(encoder) => encoder.finish(),
        }
    }
}

/// Where the bytes of the archive go, hashed.
struct Sink {
    file: File,
    hash: Sha256,
    size: u64,
}

impl Write for Sink {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let length = self.file.write(piece)?;
        self.hash.update(&piece[..length]);
        self.size += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_is_not_finished_leaves_nothing() {
        let mut archive = Archive::new().unwrap();
        archive.add("a", Method::Stored, Bytes::from_static(b"first")).unwrap();
        let before = archive.size();
        let mut member = archive.begin("b", Method::Stored).unwrap();
        member.write(Bytes::from(vec![1; 1_000_000])).unwrap();
        drop(member);
        assert_eq!((archive.size(), archive.file.as_file().metadata().unwrap().len()), (before, before));
        let kept = archive.add("c", Method::Deflated, Bytes::from(vec![b'x'; 100_000])).unwrap();
        assert!(kept.size == 100_000 && kept.stored < 1000 && kept.sha256 != kept.stored_sha256);
        let whole = archive.finish().unwrap();
        assert!(whole.open().unwrap().metadata().unwrap().len() > before);
    }
}
