//! Hashing what is sent, beside the sending: 1 GiB takes half a second of a processor, which the engine needs not wait for.

use std::{
    io::{self, Read},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
    thread::{self, JoinHandle},
};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What was sent, known when it has been.
#[derive(Default)]
pub(crate) struct Sent(Arc<Mutex<(Sha256, u64)>>);

impl Sent {
    /// `size` in bytes and `sha256` of what was sent.
    pub(crate) fn fields(&self) -> Value {
        let sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        json!({"size": sent.1, "sha256": hex::encode(sent.0.clone().finalize())})
    }
}

/// What a thread beside the sending one reads and hashes: it is a chunk ahead, and ends with the last one, or with this.
pub(super) struct Hashing {
    /// Empty at the end.
    ahead: Option<Receiver<io::Result<Vec<u8>>>>,
    chunk: io::Cursor<Vec<u8>>,
    thread: Option<JoinHandle<()>>,
}

impl Hashing {
    /// Chunks of this size, of which two wait at most.
    const CHUNK: u64 = 256 * 1024;

    /// Begins to read; what was sent is known when all of it has been.
    pub(super) fn begin(mut source: Box<dyn Read + Send>) -> io::Result<(Self, Sent)> {
        let (sender, ahead) = sync_channel(1);
        let sent = Sent::default();
        let so_far = Arc::clone(&sent.0);
        let read = move || {
            loop {
                let mut chunk = Vec::new();
                let outcome = source.by_ref().take(Self::CHUNK).read_to_end(&mut chunk);
                if matches!(outcome, Ok(0)) {
                    return;
                }
                let mut sent = so_far.lock().unwrap_or_else(PoisonError::into_inner);
                sent.0.update(&chunk);
                sent.1 += chunk.len() as u64;
                drop(sent);
                let failed = outcome.is_err();
                if sender.send(outcome.map(|_| chunk)).is_err() || failed {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("hash".into()).spawn(read)?;
        Ok((Self { ahead: Some(ahead), chunk: io::Cursor::default(), thread: Some(thread) }, sent))
    }
}

impl Read for Hashing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let length = self.chunk.read(into)?;
            if length > 0 || into.is_empty() {
                return Ok(length);
            }
            match self.ahead.as_ref().map(Receiver::recv) {
                Some(Ok(chunk)) => self.chunk = io::Cursor::new(chunk?),
                Some(Err(_)) | None => return Ok(0),
            }
        }
    }
}

impl Drop for Hashing {
    /// No thread outlives its call: one that has more to give sees that nobody takes it.
    fn drop(&mut self) {
        self.ahead = None;
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives its bytes in odd pieces, and then fails if it should.
    struct Pieces(Vec<u8>, usize, bool);

    impl Read for Pieces {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = into.len().min(7_777).min(self.0.len() - self.1);
            into[..length].copy_from_slice(&self.0[self.1..self.1 + length]);
            self.1 += length;
            if length == 0 && self.2 { Err(io::Error::other("torn")) } else { Ok(length) }
        }
    }

    #[test]
    fn gives_every_byte_and_its_hash() {
        for size in [0, 1, 262_144, 700_001] {
            let bytes: Vec<u8> = (0..size).map(|at: u32| at.to_le_bytes()[1]).collect();
            let (mut hashing, sent) = Hashing::begin(Box::new(Pieces(bytes.clone(), 0, false))).unwrap();
            let mut read = Vec::new();
            hashing.read_to_end(&mut read).unwrap();
            assert!(read == bytes, "{size}");
            assert_eq!(sent.fields(), json!({"size": size, "sha256": hex::encode(Sha256::digest(&bytes))}));
        }
    }

    #[test]
    fn a_source_that_fails_is_no_end() {
        let (mut hashing, _) = Hashing::begin(Box::new(Pieces(vec![1; 300_000], 0, true))).unwrap();
        let error = hashing.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "torn");
    }

    #[test]
    fn its_thread_ends_with_it() {
        let endless = Box::new(io::repeat(1));
        let (mut hashing, _) = Hashing::begin(endless).unwrap();
        hashing.read_exact(&mut [0; 10]).unwrap();
        drop(hashing);
    }
}
