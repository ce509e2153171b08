//! Calls that belong to the host and not to the tab that made them: they go on when the tab is closed, any tab finds them, and
//! any tab cancels them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::AbortHandle;
use uuid::Uuid;

/// A tab that is hidden asks once a minute: whoever has not asked for longer is gone.
const GONE: Duration = Duration::from_secs(90);

/// What a tab is told of a call.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct About {
    pub(crate) name: Uuid,
    /// Its number in the history.
    pub(crate) call: i64,
    pub(crate) connector: String,
    pub(crate) version: String,
    pub(crate) operation: String,
    pub(crate) title: String,
    pub(crate) config_id: String,
    pub(crate) began: f64,
}

/// The calls that run.
#[derive(Debug, Clone)]
pub(crate) struct Jobs(Arc<Mutex<Known>>);

#[derive(Debug)]
struct Known {
    running: HashMap<Uuid, (About, AbortHandle)>,
    asked: Instant,
}

impl Default for Jobs {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Known { running: HashMap::new(), asked: Instant::now() })))
    }
}

impl Jobs {
    /// Takes note of a call that begins.
    pub(crate) fn begin(&self, about: About, handle: AbortHandle) {
        self.known().running.insert(about.name, (about, handle));
    }

    /// Forgets one that has ended.
    pub(crate) fn end(&self, name: Uuid) {
        self.known().running.remove(&name);
    }

    /// All of them, the earliest first. Whoever asks is there.
    pub(crate) fn list(&self) -> Vec<About> {
        let mut known = self.known();
        known.asked = Instant::now();
        let mut all: Vec<About> = known.running.values().map(|(about, _)| about.clone()).collect();
        all.sort_by_key(|about| about.call);
        all
    }

    /// Cancels one, and says whether it ran.
    pub(crate) fn cancel(&self, name: Uuid) -> bool {
        self.known().running.get(&name).map(|(_, handle)| handle.abort()).is_some()
    }

    /// A tab of a user who wants that is closed: if no other asks any more, everything is cancelled.
    pub(crate) async fn left(self) {
        let before = Instant::now();
        tokio::time::sleep(GONE).await;
        let known = self.known();
        if known.asked < before {
            known.running.values().for_each(|(_, handle)| handle.abort());
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
