//! A container that stands still while its files are copied, and gets its former state back.

use std::time::{Duration, Instant};

use engine::{ErrorKind, Method};
use jiff::Timestamp;

use super::{ask::Ask, collection::Actions};
use crate::{
    Error, Kind,
    run::{
        call::Call,
        isolation::{self, Found},
    },
};

/// A container in a crash loop can be paused only while it runs: so long it is tried.
const PATIENCE: Duration = Duration::from_secs(5);
const TURN: Duration = Duration::from_millis(50);

/// A container that this call has paused. Dropped, it is unpaused.
pub(super) struct Frozen<'c, 'a> {
    call: &'c Call<'a>,
    id: String,
    /// Whether it is to be unpaused.
    ours: bool,
    began: Timestamp,
}

impl<'c, 'a> Frozen<'c, 'a> {
    /// Pauses a container in this state, if it runs. The error says why it could not be paused.
    pub(super) fn begin(
        call: &'c Call<'a>,
        id: &str,
        state: &str,
        actions: &mut Actions,
    ) -> Result<Self, Error> {
        let mut frozen = Self { call, id: id.to_owned(), ours: false, began: Timestamp::now() };
        if !matches!(state, "running" | "restarting") {
            return Ok(frozen);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let ask = Ask::new(Method::POST, "/containers/{id}/pause", id)?;
            let error = match actions.send(call, &ask) {
                Ok(()) => {
                    frozen.ours = true;
                    return Ok(frozen);
                }
                Err(error) => error,
            };
            let said = error.message().to_lowercase();
            if said.contains("already paused") {
                return Ok(frozen);
            }
            if matches!(error.kind(), Kind::Engine(ErrorKind::UnknownOutcome | ErrorKind::Interrupted)) {
                // It may be paused: whoever fails leaves it as it was.
                frozen.ours = true;
                return Err(error);
            }
            let may_run_again = state == "restarting" || said.contains("restarting");
            if !may_run_again || Instant::now() >= until {
                return Err(error);
            }
            engine::sleep(TURN)?;
        }
    }

    /// Whether this call has paused it.
    pub(super) fn is_ours(&self) -> bool {
        self.ours
    }

    /// Unpauses it, if this call has paused it. `false` where somebody has isolated it meanwhile: then it stays as it is.
    pub(super) fn end(mut self, actions: &mut Actions) -> Result<bool, Error> {
        if !std::mem::take(&mut self.ours) {
            return Ok(true);
        }
        if self.is_isolated_since() {
            return Ok(false);
        }
        let ask = Ask::new(Method::POST, "/containers/{id}/unpause", &self.id)?;
        match actions.send(self.call, &ask) {
            Err(error) if error.message().to_lowercase().contains("not paused") => Ok(true),
            ended => ended.map(|()| true),
        }
    }

    /// Whether the engine keeps the record of an isolation that began after this pause.
    fn is_isolated_since(&self) -> bool {
        let found = isolation::find(self.call, &self.id);
        let Ok(Found::Record(record)) = found else { return false };
        record.at().parse::<Timestamp>().is_ok_and(|at| at >= self.began)
    }
}

impl Drop for Frozen<'_, '_> {
    fn drop(&mut self) {
        if self.ours
            && !self.is_isolated_since()
            && let Ok(ask) = Ask::new(Method::POST, "/containers/{id}/unpause", &self.id)
        {
            // Whatever ended the call, its container goes on.
            let _best_effort = self.call.engine.call(ask.request());
        }
    }
}
