//! The engine's answer: its head, and its body as a stream or as a whole.

use std::{
    error::Error as StdError,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header::SERVER, response::Parts};
use http_body_util::BodyExt as _;
use hyper::{
    body::{Body as _, Frame, Incoming},
    upgrade::OnUpgrade,
};

use crate::{
    ApiVersion, Error, ErrorKind, Remedy, Subject,
    conversation::{Conversation, Input},
    driver::Stopped,
    interrupt,
    lanes::Lease,
};

/// The most that [`Reply::bytes`] holds in memory.
const MOST_IN_MEMORY: usize = 16 * 1024 * 1024;

/// No more room than this is made for what has not come yet.
const ROOM: usize = 256 * 1024;

/// An answer whose body is still to be read.
#[derive(Debug)]
pub struct Reply {
    head: Parts,
    body: Body,
    version: ApiVersion,
    tries: u32,
}

impl Reply {
    pub(crate) fn new(
        response: http::Response<Incoming>,
        lease: Lease,
        version: ApiVersion,
        silence: Duration,
        until: Instant,
    ) -> Self {
        let (head, incoming) = response.into_parts();
        let body = Body { source: Source::Answer(incoming), lease: Some(lease), silence, until, asked: None };
        Self { head, body, version, tries: 1 }
    }

    pub(crate) fn with_tries(mut self, tries: u32) -> Self {
        self.tries = tries;
        self
    }

    /// Makes the body what comes on the connection that the engine took over, while `input` is sent on it.
    pub(crate) fn converse(mut self, input: Input) -> Result<Self, Error> {
        match self.head.extensions.remove::<OnUpgrade>() {
            Some(handover) if self.head.status == StatusCode::SWITCHING_PROTOCOLS => {
                let cuts = input.is_cut_by(self.head.headers.get(SERVER));
                self.body.source = Source::Conversation(Conversation::Beginning(handover, input, cuts));
                Ok(self)
            }
            _ => Err(Error::new(
                ErrorKind::Protocol,
                format!("no input can be sent: the engine answered {}", self.head.status),
            )
            .hint(
                "A proxy in front of the engine may not let the connection be taken over; call without input",
            )),
        }
    }

    /// The HTTP status: 2xx, 101 or 304. Others are errors.
    pub fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    pub(crate) fn status_code(&self) -> StatusCode {
        self.head.status
    }

    /// Whether the status says that there was nothing to do (304).
    pub fn is_already_so(&self) -> bool {
        self.head.status == StatusCode::NOT_MODIFIED
    }

    /// A header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Takes all headers out.
    pub(crate) fn take_headers(&mut self) -> HeaderMap {
        std::mem::take(&mut self.head.headers)
    }

    /// The next piece of the body: see [`Body::chunk`].
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.body.chunk()
    }

    /// The API version that the request spoke.
    pub fn api_version(&self) -> ApiVersion {
        self.version
    }

    /// How often the request was tried.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// The whole body. More than 16 MiB is an error: read it piece by piece.
    pub fn bytes(&mut self) -> Result<Bytes, Error> {
        let Some(first) = self.body.chunk()? else { return Ok(Bytes::new()) };
        let Some(second) = self.body.chunk()? else { return Ok(first) };
        let mut whole = BytesMut::from(first);
        whole.reserve(second.len() + self.body.still_to_come().min(ROOM));
        whole.extend_from_slice(&second);
        while let Some(chunk) = self.body.chunk()? {
            if whole.len() + chunk.len() > MOST_IN_MEMORY {
                return Err(Error::new(ErrorKind::Protocol, "the answer is larger than 16 MiB").for_good());
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// The body, to be read piece by piece.
    pub fn into_body(self) -> Body {
        self.body
    }
}

/// The body of an answer. Read to its end, its connection serves the next call; dropped before, it is closed.
pub struct Body {
    source: Source,
    lease: Option<Lease>,
    silence: Duration,
    until: Instant,
    /// When it was last asked whether to go on.
    asked: Option<Instant>,
}

enum Source {
    Answer(Incoming),
    Conversation(Conversation),
}

impl Source {
    /// The next piece that is not empty; `None` at the end.
    async fn chunk(&mut self) -> Result<Option<Bytes>, Box<dyn StdError + Send + Sync>> {
        match self {
            Self::Conversation(conversation) => Ok(conversation.chunk().await?),
            Self::Answer(incoming) => loop {
                match incoming.frame().await.transpose()?.map(Frame::into_data) {
                    None => return Ok(None),
                    Some(Ok(data)) if !data.is_empty() => return Ok(Some(data)),
                    Some(_) => {}
                }
            },
        }
    }
}

impl Body {
    /// The next piece, or `None` at the end. [`ErrorKind::TimedOut`] when the request's `deadline` or `silence` passes;
    /// what had come until then was given, and nothing more can be read.
    pub fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let Some(lease) = &mut self.lease else { return Ok(None) };
        let now = Instant::now();
        let silent_until = now + self.silence;
        // A stream that always has more is never waited for, so neither the bound nor an interruption would be noticed.
        let asks = now.duration_since(*self.asked.get_or_insert(now)) >= interrupt::INTERVAL;
        if asks {
            self.asked = Some(now);
        }
        let next = if now >= self.until {
            Err(Stopped::Elapsed)
        } else if asks && interrupt::is_interrupted() {
            Err(Stopped::Interrupted)
        } else {
            lease.lane.drive(self.until.min(silent_until), self.source.chunk())
        };
        match next {
            Ok(Ok(Some(chunk))) => Ok(Some(chunk)),
            Ok(Ok(None)) => {
                // A connection that was taken over serves no further call.
                if let (Some(lease), Source::Answer(_)) = (self.lease.take(), &self.source) {
                    lease.give_back();
                }
                Ok(None)
            }
            Ok(Err(error)) => {
                self.lease = None;
                Err(Error::new(ErrorKind::Protocol, "the answer broke off before its end")
                    .hint("The engine, or a proxy in front of it, closed the connection. Where it had been quiet for long, raise the proxy's time limit for answers")
                    .with_source(error))
            }
            Err(stopped) => {
                self.lease = None;
                Err(match stopped {
                    Stopped::Interrupted => interrupt::interrupted(),
                    Stopped::Elapsed if silent_until < self.until => {
                        timed_out("the engine stopped sending data", self.silence)
                    }
                    Stopped::Elapsed => {
                        Error::new(ErrorKind::TimedOut, "the time limit of this call has passed")
                    }
                })
            }
        }
    }
}

impl Body {
    /// How many bytes are still to come, as far as the engine has said.
    fn still_to_come(&self) -> usize {
        match &self.source {
            Source::Answer(incoming) => usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX),
            Source::Conversation(_) => 0,
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("open", &self.lease.is_some()).finish_non_exhaustive()
    }
}

pub(crate) fn timed_out(what: &str, bound: Duration) -> Error {
    Error::new(ErrorKind::TimedOut, format!("{what} for {} s", (bound.as_secs_f64() * 10.0).round() / 10.0))
        .mend(Remedy::Raise(Subject::Timeout))
        .hint("Check the load of the engine, too")
}
