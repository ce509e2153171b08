//! What it means that a request has no answer, and whether it may be sent again.

use std::{error::Error as _, io, time::Duration};

use crate::{
    Address, Error, ErrorKind, Remedy,
    connect::{handshake_failed, tls_error},
    driver::Stopped,
    interrupt,
    lane::SendError,
    meter::Flood,
    reply::timed_out,
    retry::{Again, Failure},
};

/// What was tried, and how.
#[derive(Clone, Copy)]
pub(crate) struct Try<'a> {
    pub(crate) address: &'a Address,
    pub(crate) tls: bool,
    /// Whether sending twice does what sending once does.
    pub(crate) repeatable: bool,
    /// Whether the connection was made for this request.
    pub(crate) fresh: bool,
    pub(crate) waited: Duration,
}

impl Try<'_> {
    pub(crate) fn failed(self, failed: SendError) -> Failure {
        match failed {
            SendError::Stopped(Stopped::Interrupted) => Failure::never(interrupt::interrupted()),
            SendError::Stopped(Stopped::Elapsed) => {
                let error = timed_out("the engine did not answer", self.waited);
                Failure::never(if self.repeatable { error } else { unknown_outcome(error) })
            }
            SendError::NotSent(_, ended_by) => match ended_by.as_ref().and_then(|error| self.told(error)) {
                Some(told) => Failure::connecting(told),
                None => Failure { error: self.closed(), again: self.again(), lost: false },
            },
            SendError::Broken(error) if is_flood(&error) => {
                let message = format!("the service at {} sent more than 1 MiB, but no answer", self.address);
                let error = Error::new(ErrorKind::Protocol, message)
                    .mend(Remedy::CheckAddress)
                    .hint(IS_THERE_AN_ENGINE);
                Failure::never(if self.repeatable { error } else { unknown_outcome(error) })
            }
            SendError::Broken(error) => match self.told(&error) {
                Some(told) => Failure::connecting(told),
                None if error.is_parse() => {
                    let message = format!("the service at {} does not speak HTTP", self.address);
                    Failure::never(
                        Error::new(ErrorKind::Protocol, message)
                            .mend(Remedy::CheckAddress)
                            .hint(IS_THERE_AN_ENGINE)
                            .with_source(error),
                    )
                }
                None if self.repeatable => Failure::lost(self.closed().with_source(error), self.again()),
                None => Failure::never(unknown_outcome(self.closed().with_source(error))),
            },
        }
    }

    /// What carries the connection says why it ended, before the engine said anything: TLS by an alert (with TLS 1.3 a refused
    /// client certificate shows only here), an SSH server by a command that failed.
    fn told(self, error: &hyper::Error) -> Option<Error> {
        let io: &io::Error = error.source()?.downcast_ref()?;
        if let Some(told) = io.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            return Some(told.repeat());
        }
        let alert = tls_error(io)?.clone();
        Some(handshake_failed(self.address, io::Error::new(io.kind(), alert)))
    }

    /// A kept-alive connection that is gone says nothing of the engine; a new one that breaks does.
    fn again(self) -> Again {
        if self.fresh { Again::Later } else { Again::Now }
    }

    /// The connection was closed before an answer came. Right after a TLS handshake, that is how TLS 1.3 refuses a client
    /// certificate; whether the alert that says so is seen is a matter of luck.
    fn closed(self) -> Error {
        let address = self.address;
        if self.fresh && self.tls {
            return Error::new(
                ErrorKind::Tls,
                format!("{address} closed the connection right after the TLS handshake"),
            )
            .mend(Remedy::OfferClientCertificate);
        }
        Error::new(ErrorKind::Unreachable, format!("{address} closed the connection"))
            .mend(Remedy::CheckAddress)
            .hint(IS_THERE_AN_ENGINE)
    }
}

/// Whether the connection was given up since more came than any head has.
fn is_flood(error: &hyper::Error) -> bool {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    io.and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref::<Flood>()).is_some()
}

const IS_THERE_AN_ENGINE: &str = "Check that a Docker Engine listens there";

const LOOK: &str = "Check the current state before you try again. The connector did not repeat the call";

/// A request that changes something has no answer: whether it was applied is not known.
pub(crate) fn unknown_outcome(error: Error) -> Error {
    Error::new(ErrorKind::UnknownOutcome, format!("{}; the engine may have done it anyway", error.message()))
        .hint(match (error.status(), error.advice()) {
            // A proxy's own limit can be raised.
            (Some(504), Some(advice)) => format!("{LOOK}. {advice}"),
            _ => LOOK.to_owned(),
        })
        .with_source(error)
}
