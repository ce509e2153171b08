//! The body of a request: nothing, bytes, or what a reader gives, streamed.

use std::{
    fmt,
    io::{self, Read},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// How much of a reader is sent at a time.
const CHUNK: usize = 256 * 1024;

/// The body of a request.
#[derive(Default)]
pub enum Payload {
    /// No body.
    #[default]
    Empty,
    /// Bytes, sent as they are.
    Bytes(Bytes),
    /// What the reader gives, in chunks of 256 KiB: constant memory, whatever the size. Cannot be sent twice.
    Reader {
        /// The source.
        source: Box<dyn Read + Send>,
        /// Its length in bytes, if known; else the body is sent chunked.
        length: Option<u64>,
    },
}

impl Payload {
    /// The same body once more, where that can be had.
    pub(crate) fn again(&self) -> Option<Self> {
        match self {
            Self::Empty => Some(Self::Empty),
            Self::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            Self::Reader { .. } => None,
        }
    }
}

impl fmt::Debug for Payload {
    /// Shows the size only: a body may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Reader { length, .. } => write!(f, "Reader({length:?})"),
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    /// Reads on the calling thread, which has nothing else to do meanwhile.
    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let chunk = match &mut *self {
            Self::Empty => None,
            Self::Bytes(bytes) if bytes.is_empty() => None,
            Self::Bytes(bytes) => Some(Ok(std::mem::take(bytes))),
            Self::Reader { source, .. } => read_chunk(source).transpose(),
        };
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Reader { .. } => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Reader { length: Some(length), .. } => SizeHint::with_exact(*length),
            Self::Reader { length: None, .. } => SizeHint::default(),
        }
    }
}

fn read_chunk(source: &mut dyn Read) -> io::Result<Option<Bytes>> {
    let mut chunk = Vec::with_capacity(CHUNK);
    source.take(CHUNK as u64).read_to_end(&mut chunk)?;
    Ok((!chunk.is_empty()).then(|| chunk.into()))
}
