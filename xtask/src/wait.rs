//! Waiting, with a bound.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// Asks until the answer is yes. False when the time is over.
pub(crate) fn until(bound: Duration, mut done: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + bound;
    while !done() {
        if Instant::now() > deadline {
            return false;
        }
        sleep(Duration::from_millis(50));
    }
    true
}
