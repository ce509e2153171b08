//! The one error type of this crate: what kind it is, what was tried, what came back, what to do.

use std::{
    error::Error as StdError,
    fmt::{self, Write as _},
    io,
    time::Duration,
};

use crate::{Remedy, Subject, SwarmState, Wording};

/// What went wrong, for code to match on. [`ErrorKind::code`] is the same as stable text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The caller's own fault, found before anything was sent.
    InvalidRequest,
    /// 400: the engine did not understand the request.
    BadRequest,
    /// 401, or 407 from a proxy, or an SSH server's refusal: signing in failed.
    Unauthorized,
    /// 403: signed in, but not allowed.
    Forbidden,
    /// 404: there is no such object.
    NotFound,
    /// 409, or a state of the swarm ([`crate::SwarmState`]): the object's state does not allow it.
    Conflict,
    /// 429, or the limit that the caller set.
    RateLimited,
    /// A bound on time passed.
    TimedOut,
    /// No connection could be made.
    Unreachable,
    /// 502, 503 or 504: the engine, or what stands before it, cannot answer now. It passes.
    Unavailable,
    /// A certificate, a key or the TLS handshake.
    Tls,
    /// A host key, a key, or what an SSH server does not allow.
    Ssh,
    /// 500, or a failure that the engine reports within an answer.
    EngineError,
    /// What came back is not what the Docker Engine API answers.
    Protocol,
    /// Not in the API version that the engine speaks.
    Unsupported,
    /// A request that changes something was sent, and its answer was lost: it may have been applied.
    UnknownOutcome,
    /// The program asked to stop waiting (see [`crate::set_interrupt`]).
    Interrupted,
}

impl ErrorKind {
    /// The kind as stable text, such as `not_found`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::BadRequest => "bad_request",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Unavailable => "unavailable",
            Self::Tls => "tls",
            Self::Ssh => "ssh",
            Self::EngineError => "engine_error",
            Self::Protocol => "protocol",
            Self::Unsupported => "unsupported",
            Self::UnknownOutcome => "unknown_outcome",
            Self::Interrupted => "interrupted",
        }
    }
}

/// An error of this crate. Its text says what came back and, where something can be done, what. Where that is to change a
/// setting, [`Error::remedy`] says which, and [`Error::worded`] puts it into the words of a program.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    subject: Option<Subject>,
    message: String,
    remedy: Option<Remedy>,
    hint: Option<String>,
    status: Option<u16>,
    said: Option<String>,
    tries: u32,
    is_final: bool,
    is_too_much: bool,
    after_a_lost_answer: bool,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of a kind, with what happened as a sentence without its full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            subject: None,
            message: message.into(),
            remedy: None,
            hint: None,
            status: None,
            said: None,
            tries: 0,
            is_final: false,
            is_too_much: false,
            after_a_lost_answer: false,
            retry_after: None,
            source: None,
        }))
    }

    /// Says which setting the error is about. The message follows its name.
    #[must_use]
    pub(crate) fn about(mut self, subject: Subject) -> Self {
        self.0.subject = Some(subject);
        self
    }

    /// Adds what the reader can do about it with a setting.
    #[must_use]
    pub(crate) fn mend(mut self, remedy: Remedy) -> Self {
        self.0.remedy = Some(remedy);
        self
    }

    /// Adds more of what happened.
    #[must_use]
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.0.message.push_str(": ");
        self.0.message.push_str(more);
        self
    }

    /// Adds what the reader can do about it, in a sentence without its full stop. It names no setting.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the HTTP status that came back.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    pub(crate) fn with_said(mut self, said: Option<String>) -> Self {
        self.0.said = said;
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says that another try would end the same.
    #[must_use]
    pub(crate) fn for_good(mut self) -> Self {
        self.0.is_final = true;
        self
    }

    /// Says that it is about memory.
    #[must_use]
    pub(crate) fn too_much(mut self) -> Self {
        self.0.is_too_much = true;
        self
    }

    /// Whether an answer was refused since it would take too much memory.
    pub fn is_too_much(&self) -> bool {
        self.0.is_too_much
    }

    pub(crate) fn may_be_tried_again(&self) -> bool {
        !self.0.is_final
    }

    pub(crate) fn with_tries(mut self, tries: u32) -> Self {
        self.0.tries = tries;
        self
    }

    pub(crate) fn after_a_lost_answer(mut self, lost: bool) -> Self {
        self.0.after_a_lost_answer = lost;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// Its kind, message and advice once more.
    pub(crate) fn repeat(&self) -> Self {
        let Inner { kind, subject, message, remedy, hint, .. } = &*self.0;
        let mut told = Self::new(*kind, message.as_str());
        (told.0.subject, told.0.remedy, told.0.hint) = (*subject, *remedy, hint.clone());
        told
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The HTTP status, if an answer came.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The `message` of Docker's own JSON, if that is what came back. Pages, text and other JSON are somebody else's words.
    pub fn said(&self) -> Option<&str> {
        self.0.said.as_deref()
    }

    /// What stands in the way of a Swarm call, if that is what Docker's own JSON says.
    pub fn swarm_state(&self) -> Option<SwarmState> {
        SwarmState::of(self.status()?, self.said()?)
    }

    /// Whether somebody else changed the object of an update after it was read: it is to be read again, and the change to be
    /// applied to what it is then. The same request would fail again.
    pub fn is_out_of_sequence(&self) -> bool {
        self.swarm_state() == Some(SwarmState::OutOfSequence)
    }

    /// How often the request was sent, or its connection tried; 0 if it did not come to that.
    pub fn tries(&self) -> u32 {
        self.0.tries
    }

    /// Whether the same request went out before, and its answer was lost: a DELETE that now finds nothing may have done its
    /// work then.
    pub fn is_after_a_lost_answer(&self) -> bool {
        self.0.after_a_lost_answer
    }

    /// How long the engine asked to wait before another try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the other side broke the connection off. So does an engine that closes one with input unread, as where a
    /// process ended without reading all of it.
    pub fn is_reset(&self) -> bool {
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe);
            }
            cause = error.source();
        }
        false
    }

    /// What happened, without the advice. Where there is a [`Error::subject`], its name goes before this.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The setting that the error is about.
    pub fn subject(&self) -> Option<Subject> {
        self.0.subject
    }

    /// What to do about it with a setting, if anything.
    pub fn remedy(&self) -> Option<Remedy> {
        self.0.remedy
    }

    /// What else to do about it, if anything.
    pub fn advice(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The whole text, with the settings as a program's users know them.
    pub fn worded(&self, wording: &dyn Wording) -> String {
        let subject = self.0.subject.map(|subject| wording.subject(subject));
        self.text(subject.as_deref(), self.0.remedy.map(|remedy| wording.remedy(remedy)))
    }

    fn text(&self, subject: Option<&str>, remedy: Option<String>) -> String {
        let mut text = subject.map_or(String::new(), |subject| format!("{subject} "));
        text.push_str(self.0.message.trim_end_matches('.'));
        if self.0.tries > 1 {
            let _infallible = write!(text, " (tried {} times)", self.0.tries);
        }
        for advice in [remedy.as_deref(), self.0.hint.as_deref()].into_iter().flatten() {
            text.push_str(". ");
            text.push_str(advice.trim_end_matches('.'));
        }
        text.push('.');
        text
    }
}

/// Without the remedy: only a program can word that.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(self.0.subject.map(|subject| subject.to_string()).as_deref(), None))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, message, status, tries, source, .. } = &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("status", status)
            .field("message", message)
            .field("tries", tries)
            .field("source", source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_sentences() {
        let error = Error::new(ErrorKind::NotFound, "No such container: web.").with_status(404);
        assert_eq!(error.to_string(), "No such container: web.");
        let error = error.hint("Look at list_containers").with_tries(3);
        assert_eq!(error.to_string(), "No such container: web (tried 3 times). Look at list_containers.");
    }

    #[test]
    fn is_small_and_can_cross_threads() {
        fn crosses<T: Send + Sync>() {}
        crosses::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
