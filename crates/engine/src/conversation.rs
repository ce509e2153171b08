//! A connection that the engine has taken over (101, `Upgrade: tcp`): input goes one way, output comes the other.
//!
//! The input's end is told by closing our half only: over TLS that is a `close_notify`, and output still comes.

use std::{
    fmt,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::{Buf as _, Bytes};
use http::HeaderValue;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

/// How much output is read at a time.
const CHUNK: usize = 64 * 1024;

/// How long output is silent before our half is closed where that closes the whole: see [`Input::is_cut_by`].
const SILENCE: Duration = Duration::from_secs(1);

/// Servers that take the end of one half for the end of both, so that what the process says afterwards is lost. lighttpd does
/// so as well, but passes the engine's own name on, as Apache does, which cuts nothing.
const CUTTERS: &[&str] = &["nginx", "openresty", "caddy"];

/// What is sent on a connection that the engine takes over.
#[derive(Clone, PartialEq, Eq)]
pub struct Input {
    bytes: Bytes,
    ends: bool,
}

impl Input {
    /// All there is: our half of the connection is closed after it, which a process sees as the end of its input.
    pub fn ending(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), ends: true }
    }

    /// The connection stays open after it, for as long as the answer is read. An engine that does not hand the end on to
    /// the process takes a closed half for a wish to leave.
    pub fn open(bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), ends: false }
    }

    /// Whether its end loses output behind this server.
    pub(crate) fn is_cut_by(&self, server: Option<&HeaderValue>) -> bool {
        let server = server.and_then(|server| server.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        self.ends && CUTTERS.iter().any(|cutter| server.starts_with(cutter))
    }
}

/// Shows how much there is and not what: it may be a password.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("bytes", &self.bytes.len()).field("ends", &self.ends).finish()
    }
}

pub(crate) enum Conversation {
    /// The connection is about to be handed over; here is what to say, and whether its end cuts off what is answered.
    Beginning(OnUpgrade, Input, bool),
    /// What is still to say, whether all is said, and whether its end cuts off what is answered.
    Open { connection: TokioIo<Upgraded>, input: Input, said: bool, cuts: bool, heard: Instant },
}

impl Conversation {
    /// The next piece of output, or `None` at its end. Sends input meanwhile.
    pub(crate) async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        if let Self::Beginning(handover, input, cuts) = self {
            let connection = TokioIo::new(handover.await.map_err(io::Error::other)?);
            let (input, cuts) = (input.clone(), *cuts);
            *self = Self::Open { connection, input, said: false, cuts, heard: Instant::now() };
        }
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        let Self::Open { connection, input: Input { bytes, ends }, said, cuts, heard } = self else {
            return Poll::Ready(Ok(None));
        };
        while !*said {
            // Whoever drives this polls it ten times a second.
            if *cuts && bytes.is_empty() && heard.elapsed() < SILENCE {
                break;
            }
            let ours = Pin::new(&mut *connection);
            let step = match (bytes.is_empty(), *ends) {
                (false, _) => ours.poll_write(context, bytes).map_ok(|written| bytes.advance(written)),
                (true, true) => ours.poll_shutdown(context).map_ok(|()| *said = true),
                (true, false) => ours.poll_flush(context).map_ok(|()| *said = true),
            };
            match step {
                Poll::Pending => break,
                Poll::Ready(Ok(())) => {}
                // The other side reads no more; what it still says counts.
                Poll::Ready(Err(_)) => *said = true,
            }
        }
        let mut chunk = vec![0; CHUNK];
        let mut room = ReadBuf::new(&mut chunk);
        ready!(Pin::new(connection).poll_read(context, &mut room))?;
        let length = room.filled().len();
        chunk.truncate(length);
        *heard = Instant::now();
        if length == 0 && *cuts && *said {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Poll::Ready(Ok((length > 0).then(|| chunk.into())))
    }
}
