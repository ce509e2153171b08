//! How much a connection may read at a time, and before an answer's head: an engine that never stops must not keep the thread
//! from its clock, nor send informational answers (1xx) for ever.

use std::{
    fmt, io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connect::Stream;

/// After so many reads that need not wait, whoever drives the connection looks at the clock.
const AT_A_TIME: u32 = 64;

/// No head of an answer has more bytes, with all that comes before it. hyper's own bound on one head is lower.
const MOST_BEFORE_HEAD: usize = 1024 * 1024;

/// What the reads of a connection are counted with. One thread at a time uses it.
#[derive(Debug)]
pub(crate) struct Meter {
    in_a_row: AtomicU32,
    before_head: AtomicUsize,
}

impl Default for Meter {
    fn default() -> Self {
        Self { in_a_row: AtomicU32::new(0), before_head: AtomicUsize::new(usize::MAX) }
    }
}

impl Meter {
    /// From here on a head is waited for, or no longer.
    pub(crate) fn expect_head(&self, expected: bool) {
        self.before_head.store(if expected { MOST_BEFORE_HEAD } else { usize::MAX }, Relaxed);
    }
}

/// A stream whose reads are counted.
pub(crate) struct Metered {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) meter: Arc<Meter>,
}

/// Why such a stream ends: more came than any head has.
#[derive(Debug)]
pub(crate) struct Flood;

impl fmt::Display for Flood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the headers of the answer are too large")
    }
}

impl std::error::Error for Flood {}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let in_a_row = self.meter.in_a_row.load(Relaxed);
        if in_a_row >= AT_A_TIME {
            self.meter.in_a_row.store(0, Relaxed);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = room.filled().len();
        let Poll::Ready(read) = Pin::new(&mut self.stream).poll_read(context, room) else {
            self.meter.in_a_row.store(0, Relaxed);
            return Poll::Pending;
        };
        self.meter.in_a_row.store(in_a_row + 1, Relaxed);
        let left = self.meter.before_head.load(Relaxed);
        if left != usize::MAX {
            match left.checked_sub(room.filled().len() - before) {
                Some(left) => self.meter.before_head.store(left, Relaxed),
                None => return Poll::Ready(Err(io::Error::other(Flood))),
            }
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
