//! A container that stands still while its files are copied, and gets its former state back.
//!
//! Before the pause the engine keeps a record of what the container was, as for an isolation. So a process that is killed in
//! between leaves no riddle: `list_isolated` shows the container, and a release, an isolation or the next collection finishes it.

use std::time::{Duration, Instant};

use engine::{ErrorKind, Method};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    ask::Ask,
    collection::{Actions, Collection},
    holder::{self, Holder},
};
use crate::{
    Error, Kind,
    catalogue::response::{
        pause::{pause, unpause},
        record,
        suspect::{Suspect, inspect},
    },
    run::{
        call::Call,
        isolation::{self, Found, Kept, Undo, VOLUME},
        objects::text,
    },
};

/// A container in a crash loop can be paused only while it runs: so long it is tried.
const PATIENCE: Duration = Duration::from_secs(5);
const TURN: Duration = Duration::from_millis(50);
/// A collection is over so long after its time limit at the latest.
const LATE: Duration = Duration::from_mins(2);

/// A container that this call has paused. Dropped, it is unpaused.
pub(super) struct Frozen<'c, 'a> {
    call: &'c Call<'a>,
    id: String,
    /// Whether it is to be unpaused.
    ours: bool,
    /// Whether it stood still when its files were to be copied.
    still: bool,
    /// The record that stands as long as nobody has isolated or released the container meanwhile.
    record: Option<Undo>,
    /// Whether that record goes with the pause.
    recorded: bool,
    /// When an earlier collection began that was cut off and has left the container paused.
    left_since: Option<String>,
}

/// What the container was at the end of the copying.
pub(super) enum Ended {
    AsItWas,
    /// Somebody has isolated it meanwhile: it stays as it is.
    Isolated,
    /// Somebody has unpaused it meanwhile.
    Unpaused,
}

impl<'c, 'a> Frozen<'c, 'a> {
    /// Pauses the container, if it runs. The error says why it could not be paused.
    pub(super) fn begin(collection: &mut Collection<'c, 'a>, id: &str) -> Result<Self, Error> {
        let call = collection.call;
        let mut frozen = Self {
            call,
            id: id.to_owned(),
            ours: false,
            still: false,
            record: None,
            recorded: false,
            left_since: None,
        };
        let state = collection.state.clone();
        match state.as_str() {
            "paused" => frozen.take_over(collection),
            "running" | "restarting" => frozen.write_down(collection)?,
            _ => return Ok(frozen),
        }
        frozen.still = state == "paused";
        let until = Instant::now() + PATIENCE;
        while !frozen.still {
            let started = Timestamp::now();
            let ask = Ask::new(Method::POST, "/containers/{id}/pause", id)?;
            // It may be paused: whoever fails leaves it as it was.
            frozen.ours = true;
            let refusal = pause(call, id)?;
            collection.actions.note(ask.to_string(), started, call.status.get());
            let found = inspect(call, id)?;
            frozen.still = found["State"]["Paused"] == true;
            frozen.ours = frozen.still && refusal.as_ref().is_none_or(is_lost);
            let status = text(&found["State"], "Status");
            if frozen.still || !matches!(status, "running" | "restarting") {
                break;
            }
            let may_run_again = [state.as_str(), status].contains(&"restarting");
            if !may_run_again || Instant::now() >= until {
                let silent =
                    || Error::new(Kind::Failed, "the engine answered that it had paused it, and it runs");
                return Err(refusal.unwrap_or_else(silent));
            }
            engine::sleep(TURN)?;
        }
        Ok(frozen)
    }

    /// Whether this call has paused it, or takes an earlier one's place.
    pub(super) fn is_ours(&self) -> bool {
        self.ours
    }

    /// When an earlier collection began that was cut off and has left it paused.
    pub(super) fn left_since(&self) -> Option<&str> {
        self.left_since.as_deref()
    }

    /// What a paused container is paused for. A collection that was cut off is ended by this one.
    fn take_over(&mut self, collection: &mut Collection<'_, '_>) {
        let Ok(Found::Record(record)) = isolation::find(self.call, &self.id) else { return };
        let at = record.at().to_owned();
        let is_left = record.is_for_evidence() && holder::of(&record) == Holder::Gone;
        if is_left {
            collection.warnings.push(format!(
                "A collection of evidence that began at {at} was cut off, and left the container paused. It runs on after this one."
            ));
            self.left_since = Some(at);
        } else if record.is_for_evidence() {
            collection.warnings.push(format!(
                "Another collection of evidence, which began at {at}, holds the container paused, and lets it run on at its end."
            ));
        }
        (self.ours, self.recorded) = (is_left, is_left);
        self.record = Some(record);
    }

    /// Has the engine keep what the container was.
    fn write_down(&mut self, collection: &mut Collection<'_, '_>) -> Result<(), Error> {
        let left = collection.left().saturating_add(LATE);
        let until = Timestamp::now().checked_add(left).unwrap_or(Timestamp::MAX);
        let suspect = Suspect::look(self.call, &self.id)?;
        let engine = json!({"ID": collection.described["id"]});
        let undo = record::of_evidence(self.call, &suspect, &engine, &holder::this_process(), until);
        let mut kept = self.keep(&undo, &mut collection.actions);
        if let Kept::Theirs(theirs) = &kept
            && theirs.is_for_evidence()
            && holder::of(theirs) == Holder::Gone
        {
            // It runs again, and only the record is left.
            isolation::remove(self.call, &self.id)?;
            kept = self.keep(&undo, &mut collection.actions);
        }
        match kept {
            Kept::Here => (self.record, self.recorded) = (Some(undo), true),
            Kept::Theirs(theirs) => self.record = Some(theirs),
            Kept::Not(why) => collection.warnings.push(format!(
                "The engine could not keep a record of the pause: {why} If this call is killed before its end, the container stays \
                 paused, and unpause_container lets it run on."
            )),
        }
        Ok(())
    }

    fn keep(&self, undo: &Undo, actions: &mut Actions) -> Kept {
        let started = Timestamp::now();
        let kept = isolation::keep(self.call, undo);
        actions.note(format!("POST /volumes/create {VOLUME}{}", self.id), started, self.call.status.get());
        kept
    }

    /// Unpauses it, if this call has paused it and nobody has isolated it meanwhile.
    pub(super) fn end(mut self, actions: &mut Actions) -> Result<Ended, Error> {
        let ours = self.ours;
        let found = inspect(self.call, &self.id)?;
        let was_unpaused = self.still && found["State"]["Paused"] != true;
        let is_still_ours = self.is_untouched();
        if ours && is_still_ours && !was_unpaused {
            let started = Timestamp::now();
            let ask = Ask::new(Method::POST, "/containers/{id}/unpause", &self.id)?;
            let refusal = unpause(self.call, &self.id)?;
            actions.note(ask.to_string(), started, self.call.status.get());
            if inspect(self.call, &self.id)?["State"]["Paused"] == true {
                // The record tells what is left to do.
                (self.ours, self.recorded) = (false, false);
                let silent = || Error::new(Kind::Failed, "The engine answered that it had done it.");
                return Err(refusal.unwrap_or_else(silent));
            }
        }
        self.ours = false;
        if self.recorded && is_still_ours {
            let started = Timestamp::now();
            isolation::remove(self.call, &self.id)?;
            actions.note(format!("DELETE /volumes/{VOLUME}{}", self.id), started, self.call.status.get());
        }
        self.recorded = false;
        Ok(match (was_unpaused, ours && !is_still_ours) {
            (true, _) => Ended::Unpaused,
            (false, true) => Ended::Isolated,
            (false, false) => Ended::AsItWas,
        })
    }

    /// Whether nobody has isolated or released the container since its pause. Where the record is gone, as by a prune of all
    /// volumes, the container itself tells.
    fn is_untouched(&self) -> bool {
        match (isolation::find(self.call, &self.id), &self.record) {
            (Ok(Found::Record(now)), record) => record.as_ref().is_some_and(|record| record.is_same(&now)),
            (Ok(Found::Nothing), Some(record)) => Suspect::look(self.call, &self.id).is_ok_and(|now| {
                let is_in = |place: &Value| now.open_place(text(place, "id")).is_some();
                now.policy() == text(record.policy(), "Name") && record.networks().all(is_in)
            }),
            _ => true,
        }
    }
}

impl Drop for Frozen<'_, '_> {
    fn drop(&mut self) {
        // Whatever ended the call, its container goes on.
        if !(self.ours || self.recorded) || !self.is_untouched() {
            return;
        }
        let mut requests = Vec::new();
        if self.ours {
            requests.push(Ask::new(Method::POST, "/containers/{id}/unpause", &self.id));
        }
        if self.recorded {
            requests.push(Ask::new(Method::DELETE, "/volumes/{id}", &format!("{VOLUME}{}", self.id)));
        }
        for ask in requests.into_iter().flatten() {
            // Without the first, the record tells what is left to do.
            if self.call.engine.call(ask.request()).is_err_and(|error| error.status().is_none()) {
                return;
            }
        }
    }
}

/// Whether the engine may have done it all the same.
fn is_lost(error: &Error) -> bool {
    matches!(error.kind(), Kind::Engine(ErrorKind::UnknownOutcome | ErrorKind::TimedOut))
}
