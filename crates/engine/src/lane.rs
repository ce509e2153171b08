//! A lane: one kept-alive connection, driven by the thread that calls.
//!
//! The connection moves only while a call waits on it, in turns with the call itself: no task is woken, and no question
//! put to the system, for what has come already. An idle lane costs no thread and can wait in a pool, or be left behind
//! by `fork()`, without anyone noticing.
#![allow(
    unsafe_code,
    reason = "a lane inherited by fork() must not be dropped, and ManuallyDrop::drop is unsafe"
)]

use std::{
    future::{Future, poll_fn},
    mem::ManuallyDrop,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::time::sleep;

use crate::{
    ApiVersion, Error, ErrorKind, Payload, Settings,
    connect::{Carrier, Connection, Way, connect},
    driver::{Driver, Stopped},
    meter::{Meter, Metered},
    socket, ssh,
};

/// The longest that an idle lane is listened to before its next request.
const SETTLE: Duration = Duration::from_millis(50);

pub(crate) struct Lane {
    open: ManuallyDrop<Open>,
    carrier: Carrier,
    /// The process that opened it.
    pid: u32,
    pub(crate) version: ApiVersion,
}

struct Open {
    sender: SendRequest<Payload>,
    traffic: Traffic,
    driver: Driver,
    meter: Arc<Meter>,
}

/// What moves bytes between the stream and the calls.
#[derive(Default)]
struct Traffic {
    /// Until the connection has ended.
    running: Option<Pin<Box<Running>>>,
    /// What ended it, if that is a fault.
    fault: Option<hyper::Error>,
}

type Running = dyn Future<Output = Result<(), hyper::Error>> + Send;

/// Why a request has no answer.
pub(crate) enum SendError {
    Stopped(Stopped),
    /// The connection was gone before anything was sent: here is the request again, and what ended the connection.
    NotSent(Box<http::Request<Payload>>, Option<hyper::Error>),
    /// It may have reached the engine.
    Broken(hyper::Error),
}

impl SendError {
    /// The body of a request that was not sent.
    pub(crate) fn take_payload(&mut self) -> Option<Payload> {
        match self {
            Self::NotSent(request, _) => Some(std::mem::take(request.body_mut())),
            Self::Stopped(_) | Self::Broken(_) => None,
        }
    }
}

impl Lane {
    /// Connects within `until`. The version is what the settings say, or the oldest until [`Lane::version`] is set.
    pub(crate) fn open(settings: &Settings, way: &Way, until: Instant) -> Result<Self, Error> {
        let bound = until.min(Instant::now() + settings.connect_timeout);
        let Connection { stream, carrier, driver } = connect(settings, way, bound)?;
        let mut traffic = Traffic::default();
        let meter = Arc::<Meter>::default();
        let stream = Metered { stream, meter: Arc::clone(&meter) };
        let handshake = http1::Builder::new().handshake::<_, Payload>(TokioIo::new(stream));
        let Ok(Ok((sender, begun))) = driver.drive(bound, handshake) else {
            return Err(Error::new(ErrorKind::Protocol, "HTTP could not begin"));
        };
        traffic.running = Some(Box::pin(begun.with_upgrades()));
        Ok(Self {
            open: ManuallyDrop::new(Open { sender, traffic, driver, meter }),
            carrier,
            pid: std::process::id(),
            version: settings.api_version.unwrap_or(ApiVersion::OLDEST),
        })
    }

    /// Whether the engine itself was reached when it was opened, and not only what leads to it.
    pub(crate) fn is_proven(&self) -> bool {
        self.carrier.is_proven
    }

    /// Whether an idle lane can take a request: the other side has neither closed it nor said anything.
    pub(crate) fn is_usable(&mut self) -> bool {
        if self.carrier.is_talkative {
            self.settle();
        }
        !self.open.sender.is_closed() && socket::is_quiet(self.carrier.socket)
    }

    /// Lets what carries the connection hear what has come since the last request: a wider window, new keys, a question
    /// whether we are alive, or the end. Rarely is there anything.
    fn settle(&mut self) {
        // Whoever uses the lane next may be another thread than the one that opened it.
        if ssh::take_own_randomness().is_err() {
            return;
        }
        let Open { sender, traffic, driver, .. } = &mut *self.open;
        let has_news = || !sender.is_closed() && !socket::is_quiet(self.carrier.socket);
        if has_news() {
            let _or_not_usable = drive(driver, traffic, Instant::now() + SETTLE, async {
                while has_news() {
                    sleep(Duration::from_millis(1)).await;
                }
            });
        }
    }

    /// Whether the other side keeps the connection open after an answer that was read to its end.
    pub(crate) fn is_kept_alive(&mut self, until: Instant) -> bool {
        let Open { sender, traffic, driver, .. } = &mut *self.open;
        matches!(drive(driver, traffic, until, sender.ready()), Ok(Ok(())))
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) fn send(
        &mut self,
        request: http::Request<Payload>,
        until: Instant,
    ) -> Result<http::Response<Incoming>, SendError> {
        let Open { sender, traffic, driver, meter } = &mut *self.open;
        meter.expect_head(true);
        let sent = drive(driver, traffic, until, async {
            match sender.ready().await {
                Err(_) => Err(Ok(request)),
                Ok(()) => {
                    sender.try_send_request(request).await.map_err(|mut error| match error.take_message() {
                        Some(unsent) => Ok(unsent),
                        None => Err(error.into_error()),
                    })
                }
            }
        });
        meter.expect_head(false);
        match sent {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(Err(error))) => Err(SendError::Broken(error)),
            Ok(Err(Ok(unsent))) => {
                // The connection may be one step short of saying what ended it.
                let mut stepped = false;
                let step = poll_fn(|_| match std::mem::replace(&mut stepped, true) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                });
                drive(driver, traffic, until, step).map_err(SendError::Stopped)?;
                Err(SendError::NotSent(Box::new(unsent), traffic.fault.take()))
            }
            Err(stopped) => Err(SendError::Stopped(stopped)),
        }
    }

    /// Drives the connection until the future is ready, the bound passes, or the program interrupts.
    pub(crate) fn drive<F: Future>(&mut self, until: Instant, future: F) -> Result<F::Output, Stopped> {
        let Open { traffic, driver, .. } = &mut *self.open;
        drive(driver, traffic, until, future)
    }
}

impl Drop for Lane {
    /// Closes the connection. In a process forked from the one that opened it, the socket, the TLS session and the
    /// poller are still the parent's: nothing is shut down, sent or deregistered, only this copy of the socket closed.
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            // SAFETY: dropped here and nowhere else, and not used again.
            unsafe { ManuallyDrop::drop(&mut self.open) }
        } else if !self.open.sender.is_closed() {
            // A connection that has ended has closed its socket itself; the number may be another's by now.
            socket::close_copy(self.carrier.socket);
        }
    }
}

impl Traffic {
    /// Moves what can be moved now.
    fn advance(&mut self, context: &mut Context<'_>) {
        if let Some(running) = &mut self.running
            && let Poll::Ready(outcome) = running.as_mut().poll(context)
        {
            self.running = None;
            self.fault = outcome.err();
        }
    }
}

/// Drives the connection until the future is ready, the bound passes, or the program interrupts.
fn drive<F: Future>(
    driver: &Driver,
    traffic: &mut Traffic,
    until: Instant,
    future: F,
) -> Result<F::Output, Stopped> {
    let mut future = pin!(future);
    let turns = poll_fn(move |context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(output);
        }
        traffic.advance(context);
        // It may have brought what was waited for.
        future.as_mut().poll(context)
    });
    driver.drive(until, turns)
}
