//! How far calls are and what they write, for the page that makes them: in memory, for as long as they run.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// What a connector tells beyond these bounds is not kept: further parts, and the rest of a text, in characters.
const MOST_PARTS: usize = 200;
const LONGEST_TEXT: usize = 200;
/// So many bytes of a call's output are kept while it runs, the latest; its result has what is to be had of it.
const MOST_OUTPUT: usize = 256 * 1024;

/// How far a call is, or one of the parts of it that go on side by side: what a connector gives `on_progress`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    /// Its name; empty is the call as a whole.
    part: String,
    /// What goes on.
    text: String,
    /// The bytes so far, and in all.
    bytes: Option<u64>,
    total: Option<u64>,
    is_done: bool,
}

/// What a process has written: what a connector gives `on_progress` beside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Piece {
    stream: String,
    output: String,
}

/// What is known of a call.
#[derive(Debug, Default)]
struct Known {
    parts: Vec<Progress>,
    output: VecDeque<Piece>,
    bytes: usize,
    /// How many pieces were dropped from the front.
    dropped: usize,
}

/// What the page is told: the parts, and the output from a piece on.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Seen {
    pub(crate) parts: Vec<Progress>,
    pub(crate) output: Vec<Piece>,
    /// The number of the first piece that was not told.
    pub(crate) next: usize,
}

/// The calls that are watched, by the names that their watchers gave them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watches(Arc<Mutex<HashMap<Uuid, Known>>>);

impl Watches {
    /// Begins to watch a call.
    pub(crate) fn begin(&self, name: Uuid) -> Watch {
        self.calls().insert(name, Known::default());
        Watch { all: self.clone(), name }
    }

    /// The latest of each of its parts, in the order in which they began, and its output from this piece on; nothing of a call
    /// that does not run.
    pub(crate) fn look(&self, name: Uuid, from: usize) -> Seen {
        let calls = self.calls();
        let Some(known) = calls.get(&name) else { return Seen::default() };
        let output = known.output.iter().skip(from.saturating_sub(known.dropped)).cloned().collect();
        Seen { parts: known.parts.clone(), output, next: known.dropped + known.output.len() }
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Uuid, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call that is watched. It is forgotten with this.
#[derive(Debug)]
pub(crate) struct Watch {
    all: Watches,
    name: Uuid,
}

impl Watch {
    /// Takes note of what the connector tells, JSON. What is none of a [`Progress`] is left out.
    pub(crate) fn note(&self, told: &str) {
        if let Ok(piece) = serde_json::from_str::<Piece>(told) {
            return self.take(piece);
        }
        let Ok(mut told) = serde_json::from_str::<Progress>(told) else { return };
        for text in [&mut told.part, &mut told.text] {
            if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
                text.truncate(end);
            }
        }
        let mut calls = self.all.calls();
        let Some(Known { parts, .. }) = calls.get_mut(&self.name) else { return };
        let at = parts.iter().position(|known| known.part == told.part);
        let is_a_step = told.part.is_empty() && at.is_none_or(|at| parts[at].text != told.text);
        let step = Piece { stream: "step".to_owned(), output: format!("{}\n", told.text) };
        match at {
            Some(at) => parts[at] = told,
            None if parts.len() < MOST_PARTS => parts.push(told),
            None => {}
        }
        drop(calls);
        // What the call as a whole did one after the other is what one wants to see where it fails.
        if is_a_step && step.output.len() > 1 {
            self.take(step);
        }
    }

    fn take(&self, mut piece: Piece) {
        let mut calls = self.all.calls();
        let Some(known) = calls.get_mut(&self.name) else { return };
        if let Some((end, _)) = piece.output.char_indices().nth(MOST_OUTPUT / 4) {
            piece.output.truncate(end);
        }
        known.bytes += piece.output.len();
        known.output.push_back(piece);
        while known.bytes > MOST_OUTPUT && known.output.len() > 1 {
            known.dropped += 1;
            known.bytes -= known.output.pop_front().map_or(0, |gone| gone.output.len());
        }
    }
}

/// For the worker: that there is one.
impl Serialize for Watch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(true)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.all.calls().remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_latest_of_each_part_is_kept_while_the_call_runs() {
        let watches = Watches::default();
        let watch = watches.begin(Uuid::from_u128(1));
        for told in [
            json!({"part": "", "text": "Pulling"}),
            json!({"part": "a", "text": "Downloading", "bytes": 5, "total": 10}),
            json!({"part": "a", "text": "Extracting", "bytes": 6, "total": 10, "is_done": false, "more": 1}),
            json!("Pulling"),
            json!({"part": "a", "text": 5}),
            json!({"part": "a", "text": "Downloading", "bytes": -1}),
        ] {
            watch.note(&told.to_string());
        }
        watch.note("no JSON");
        let seen = watches.look(Uuid::from_u128(1), 0).parts;
        assert_eq!(seen.iter().map(|part| part.text.as_str()).collect::<Vec<_>>(), ["Pulling", "Extracting"]);
        assert_eq!((seen[1].bytes, seen[1].total), (Some(6), Some(10)));
        assert_eq!(watches.look(Uuid::from_u128(2), 0).parts, []);
        drop(watch);
        assert_eq!(watches.look(Uuid::from_u128(1), 0).parts, []);
    }

    #[test]
    fn what_never_ends_is_bounded() {
        let watches = Watches::default();
        let watch = watches.begin(Uuid::nil());
        for number in 0..1000 {
            watch.note(&json!({"part": number.to_string(), "text": "é".repeat(1000)}).to_string());
        }
        let seen = watches.look(Uuid::nil(), 0).parts;
        assert!(
            seen.len() == MOST_PARTS && seen.iter().all(|part| part.text.chars().count() == LONGEST_TEXT)
        );
    }

    #[test]
    fn output_is_told_from_where_one_was_and_its_beginning_is_forgotten() {
        let watches = Watches::default();
        let watch = watches.begin(Uuid::nil());
        let write = |text: &str| watch.note(&json!({"stream": "stdout", "output": text}).to_string());
        write("one");
        write("two");
        let seen = watches.look(Uuid::nil(), 1);
        assert_eq!((seen.output.len(), seen.output[0].output.as_str(), seen.next), (1, "two", 2));
        (0..100).for_each(|_| write(&"x".repeat(8192)));
        let seen = watches.look(Uuid::nil(), 0);
        assert!(seen.output.len() * 8192 <= MOST_OUTPUT, "{}", seen.output.len());
        assert_eq!(seen.next, 102);
        assert_eq!(watches.look(Uuid::nil(), 102).output, []);
    }
}
