//! How far back the engine remembers.
//!
//! It keeps its last 256 events, of all kinds, in memory; a restart empties it. So a memory that is not full does not say that nothing
//! was forgotten. What proves it is an event from before the time that is asked for: as the oldest go first, all since are there.

use engine::Request;

use super::clock::Point;
use crate::{
    Error,
    run::{call::Call, stream::Values},
};

/// The engine remembers so many events, whatever they are about.
pub(crate) const REMEMBERED: usize = 256;

/// What it remembered at a moment.
#[derive(Debug, Default)]
pub(super) struct Memory {
    oldest: Option<Point>,
    is_full: bool,
}

impl Memory {
    /// Looks, without any filter. Only what was asked before this look is told by it, as the engine forgets meanwhile.
    pub(super) fn look(call: &Call<'_>, now: Point) -> Result<Self, Error> {
        let everything =
            Request::get(call.path("/events")?).query("since", "1").query("until", &now.to_string());
        let remembered = Values::read(call, everything, REMEMBERED, |_| ())?.items;
        Ok(Self {
            oldest: remembered.first().and_then(Point::of_event),
            is_full: remembered.len() >= REMEMBERED,
        })
    }

    /// When the oldest event happened.
    pub(super) fn oldest(&self) -> Option<Point> {
        self.oldest
    }

    /// Why it cannot be told that all since then are there, or nothing.
    pub(super) fn cannot_tell(&self, since: Option<Point>) -> String {
        let is_proven = self.oldest.zip(since).is_some_and(|(oldest, since)| oldest <= since);
        if is_proven {
            return String::new();
        }
        match self.oldest {
            Some(oldest) if self.is_full => format!(
                "The engine remembers its last {REMEMBERED} events only, and the oldest is of {oldest}: what was before is forgotten. \
                 Ask more often, or follow."
            ),
            Some(oldest) => format!(
                "The oldest event that the engine remembers is of {oldest}. Nothing may have happened before, or the engine \
                 was restarted and has forgotten it."
            ),
            None => "The engine remembers no event: none may have happened, or the engine was restarted and has forgotten them.".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_s16_only_an_event_from_before_proves_that_none_is_missing() {
        let point = |text| Point::read(text);
        let memory = |oldest, is_full| Memory { oldest: point(oldest), is_full };
        for is_full in [true, false] {
            let memory = memory("1700000000.5", is_full);
            for (since, proven) in [
                ("1700000000", false),
                ("1700000000.499999999", false),
                ("1700000000.5", true),
                ("1700000000.6", true),
                ("1800000000", true),
            ] {
                assert_eq!(memory.cannot_tell(point(since)).is_empty(), proven, "{since}");
            }
            assert!(!memory.cannot_tell(None).is_empty());
        }
        let forgotten = memory("1700000000.5", true).cannot_tell(point("1"));
        assert!(forgotten.contains("256"), "{forgotten}");
        let unknown = memory("1700000000.5", false).cannot_tell(point("1"));
        assert!(unknown.contains("restarted") && !unknown.contains("256"), "{unknown}");
        assert!(!Memory::default().cannot_tell(point("1")).is_empty());
    }
}
