//! Lets a program break off a wait, as on Ctrl-C.

use std::{
    cell::RefCell,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{Error, ErrorKind};

/// How often a waiting call asks whether to go on.
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);

static CHECK: OnceLock<fn() -> bool> = OnceLock::new();

thread_local! {
    /// What else breaks off the waits of this thread.
    static ENDED: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Sets the question that every waiting call asks ten times a second, on its own thread: `true` breaks it off with
/// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted). The first call counts; later ones change nothing.
pub fn set_interrupt(check: fn() -> bool) {
    let _first_counts = CHECK.set(check);
}

/// From now on `ended` breaks off the waits of this thread, too: one that helps another thread ends with that one.
pub fn also_interrupted_by(ended: Arc<AtomicBool>) {
    ENDED.set(Some(ended));
}

pub(crate) fn is_interrupted() -> bool {
    let is_ended =
        ENDED.with_borrow(|ended| ended.as_ref().is_some_and(|ended| ended.load(Ordering::Relaxed)));
    is_ended || CHECK.get().is_some_and(|check| check())
}

pub(crate) fn interrupted() -> Error {
    Error::new(ErrorKind::Interrupted, "the call was interrupted")
}

/// Whether to go on with what takes long without waiting for anything. [`ErrorKind::Interrupted`] if not.
pub fn go_on() -> Result<(), Error> {
    if is_interrupted() { Err(interrupted()) } else { Ok(()) }
}

/// Sleeps, as between two looks at the engine. Breaks off with [`ErrorKind::Interrupted`] as any other wait.
pub fn sleep(duration: Duration) -> Result<(), Error> {
    sleep_until(Instant::now() + duration)
}

/// Sleeps until `end`, unless interrupted.
pub(crate) fn sleep_until(end: Instant) -> Result<(), Error> {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(INTERVAL));
        if is_interrupted() {
            return Err(interrupted());
        }
    }
}
