//! The lanes of an engine: idle ones wait here, and no more than the limit are open.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    Error, ErrorKind, Remedy, Subject,
    interrupt::{self, INTERVAL},
    lane::Lane,
};

/// An idle lane is closed after this long. There is no thread to do it: whoever comes next does.
const KEEP_IDLE: Duration = Duration::from_secs(300);

pub(crate) struct Lanes {
    state: Mutex<State>,
    freed: Condvar,
    limit: usize,
}

struct State {
    /// The process that opened these lanes.
    pid: u32,
    /// The most recently used last.
    idle: Vec<(Lane, Instant)>,
    open: usize,
    /// How many callers wait for a lane. To wake nobody costs a system call.
    waiting: usize,
}

/// A lane in use. Dropping it closes the lane; [`Lease::give_back`] keeps it for the next call.
pub(crate) struct Lease {
    pub(crate) lane: Lane,
    permit: Permit,
}

/// The right to have one lane open.
struct Permit {
    lanes: Arc<Lanes>,
    pid: u32,
    /// Cleared when the lane stays open without its lease.
    ends: bool,
}

impl Lanes {
    pub(crate) fn new(limit: usize) -> Self {
        let state = State { pid: std::process::id(), idle: Vec::new(), open: 0, waiting: 0 };
        Self { state: Mutex::new(state), freed: Condvar::new(), limit: limit.max(1) }
    }

    /// An idle lane that is still good, or room for a new one, which `open` makes. Waits for its turn until `until`. Where no
    /// lane is at hand, `is_worth_it` may say that none is needed.
    pub(crate) fn lease(
        self: &Arc<Self>,
        until: Instant,
        is_worth_it: impl FnOnce() -> Result<(), Error>,
        open: impl FnOnce() -> Result<Lane, Error>,
    ) -> Result<Lease, Error> {
        let mut is_worth_it = Some(is_worth_it);
        let mut state = self.state();
        state.close_expired();
        loop {
            while let Some((mut lane, _)) = state.idle.pop() {
                if lane.is_usable() {
                    return Ok(Lease { lane, permit: self.permit(state.pid) });
                }
                state.open -= 1;
            }
            if let Some(is_worth_it) = is_worth_it.take() {
                is_worth_it()?;
            }
            if state.open < self.limit {
                state.open += 1;
                let permit = self.permit(state.pid);
                drop(state);
                return Ok(Lease { lane: open()?, permit });
            }
            if Instant::now() >= until {
                return Err(Error::new(
                    ErrorKind::TimedOut,
                    format!("all {} connections stayed busy", self.limit),
                )
                .mend(Remedy::Raise(Subject::MaxConnections))
                .hint("Or make fewer calls at the same time"));
            }
            let wait = INTERVAL.min(until.saturating_duration_since(Instant::now()));
            state.waiting += 1;
            state = self.freed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
            state.waiting = state.waiting.saturating_sub(1);
            if interrupt::is_interrupted() {
                return Err(interrupt::interrupted());
            }
        }
    }

    /// Closes the idle lanes.
    pub(crate) fn close_idle(&self) {
        let mut state = self.state();
        state.open -= state.idle.len();
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        drop(idle);
    }

    /// Gives up what was opened by the process that this one was forked from. Does nothing where another thread of
    /// that process held the lock at that moment: then nobody will ever release it here.
    pub(crate) fn abandon(&self) {
        if let Ok(mut state) = self.state.try_lock() {
            state.leave_to_parent();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.leave_to_parent();
        state
    }

    /// Lets the next caller go on, if one waits.
    fn wake_one(&self, state: MutexGuard<'_, State>) {
        let somebody_waits = state.waiting > 0;
        drop(state);
        if somebody_waits {
            self.freed.notify_one();
        }
    }

    fn permit(self: &Arc<Self>, pid: u32) -> Permit {
        Permit { lanes: Arc::clone(self), pid, ends: true }
    }
}

impl State {
    fn close_expired(&mut self) {
        let expired = self.idle.iter().take_while(|(_, since)| since.elapsed() > KEEP_IDLE).count();
        self.idle.drain(..expired);
        self.open -= expired;
    }

    fn leave_to_parent(&mut self) {
        let pid = std::process::id();
        if self.pid != pid {
            *self = Self { pid, idle: Vec::new(), open: 0, waiting: 0 };
        }
    }
}

impl Lease {
    /// Keeps the lane for the next call.
    pub(crate) fn give_back(self) {
        let Self { lane, mut permit } = self;
        let mut state = permit.lanes.state();
        if permit.pid == state.pid {
            permit.ends = false;
            state.idle.push((lane, Instant::now()));
        }
        permit.lanes.wake_one(state);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.ends {
            let mut state = self.lanes.state();
            if self.pid == state.pid {
                state.open -= 1;
            }
            self.lanes.wake_one(state);
        }
    }
}
