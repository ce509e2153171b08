//! How far calls are, for the page that makes them: in memory, for as long as they run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// What a connector tells beyond these bounds is not kept: further parts, and the rest of a text, in characters.
const MOST_PARTS: usize = 200;
const LONGEST_TEXT: usize = 200;

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

/// The calls that are watched, by the names that their watchers gave them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watches(Arc<Mutex<HashMap<Uuid, Vec<Progress>>>>);

impl Watches {
    /// Begins to watch a call.
    pub(crate) fn begin(&self, name: Uuid) -> Watch {
        self.calls().insert(name, Vec::new());
        Watch { all: self.clone(), name }
    }

    /// The latest of each of its parts, in the order in which they began; nothing of a call that does not run.
    pub(crate) fn look(&self, name: Uuid) -> Vec<Progress> {
        self.calls().get(&name).cloned().unwrap_or_default()
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Uuid, Vec<Progress>>> {
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
        let Ok(mut told) = serde_json::from_str::<Progress>(told) else { return };
        for text in [&mut told.part, &mut told.text] {
            if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
                text.truncate(end);
            }
        }
        let mut calls = self.all.calls();
        let Some(parts) = calls.get_mut(&self.name) else { return };
        match parts.iter().position(|known| known.part == told.part) {
            Some(at) => parts[at] = told,
            None if parts.len() < MOST_PARTS => parts.push(told),
            None => {}
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
        let seen = watches.look(Uuid::from_u128(1));
        assert_eq!(seen.iter().map(|part| part.text.as_str()).collect::<Vec<_>>(), ["Pulling", "Extracting"]);
        assert_eq!((seen[1].bytes, seen[1].total), (Some(6), Some(10)));
        assert_eq!(watches.look(Uuid::from_u128(2)), []);
        drop(watch);
        assert_eq!(watches.look(Uuid::from_u128(1)), []);
    }

    #[test]
    fn what_never_ends_is_bounded() {
        let watches = Watches::default();
        let watch = watches.begin(Uuid::nil());
        for number in 0..1000 {
            watch.note(&json!({"part": number.to_string(), "text": "é".repeat(1000)}).to_string());
        }
        let seen = watches.look(Uuid::nil());
        assert!(
            seen.len() == MOST_PARTS && seen.iter().all(|part| part.text.chars().count() == LONGEST_TEXT)
        );
    }
}
