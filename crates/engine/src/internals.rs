//! What the benchmarks measure and no user needs; only with the feature `internals`.

use std::time::{Duration, Instant};

use crate::{Error, rate::RateLimit};

/// Turns under the largest rate limit, 60,000 in 60 seconds.
#[derive(Debug)]
pub struct Turns(RateLimit);

impl Turns {
    /// The limit of an engine of this name, which no process calls.
    pub fn new(name: &str) -> Self {
        Self(RateLimit::new(name, u32::MAX))
    }

    /// Takes a turn, as a request does before it is sent. Fails where there is none at once.
    pub fn take(&self) -> Result<(), Error> {
        self.0.wait(Instant::now() + Duration::from_millis(1)).map(drop)
    }
}
