//! When a failed try is followed by another, and after how long.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder as _, ExponentialBuilder};

use crate::{Error, ErrorKind, Settings, interrupt};

/// No wait between two tries is longer, unless the engine asks for it.
const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// A try that failed.
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) again: Again,
    /// Whether the request went out and its answer was lost: the engine may have done what it asks.
    pub(crate) lost: bool,
}

/// Whether a failed try may be followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// At once and uncounted: a kept-alive connection turned out to be gone, which says nothing of the engine.
    Now,
    /// After a wait, as long as tries and time are left.
    Later,
    /// Not: it would fail again, or might do twice what should be done once.
    Never,
}

impl Failure {
    pub(crate) fn never(error: Error) -> Self {
        Self { error, again: Again::Never, lost: false }
    }

    /// The request went out, and its answer was lost; sending it twice does what sending it once does.
    pub(crate) fn lost(error: Error, again: Again) -> Self {
        Self { error, again, lost: true }
    }

    /// Whether a failure to connect may be tried again: nothing was sent, so the method does not matter.
    pub(crate) fn connecting(error: Error) -> Self {
        let transient =
            matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::Unavailable | ErrorKind::RateLimited);
        Self { again: if transient { Again::Later } else { Again::Never }, error, lost: false }
    }
}

/// Runs `attempt` until it succeeds, may not be repeated, or tries or time are used up. Waits double, with jitter;
/// a `Retry-After` counts as it is. Gives the result with the number of tries.
pub(crate) fn retrying<T>(
    settings: &Settings,
    until: Instant,
    mut attempt: impl FnMut() -> Result<T, Failure>,
) -> Result<(T, u32), Error> {
    let mut waits = None;
    let mut tries = 1;
    let mut lost_before = false;
    loop {
        let Failure { error, again, lost } = match attempt() {
            Ok(done) => return Ok((done, tries)),
            Err(failure) => failure,
        };
        let error = error.with_tries(tries).after_a_lost_answer(lost_before);
        lost_before |= lost;
        match again {
            Again::Never => return Err(error),
            Again::Now => {}
            Again::Later => {
                let waits = waits.get_or_insert_with(|| {
                    ExponentialBuilder::default()
                        .with_min_delay(settings.retry_delay)
                        .with_max_delay(LONGEST_DELAY)
                        .with_max_times(settings.retry_attempts as usize)
                        .with_jitter()
                        .build()
                });
                let Some(wait) = waits.next() else { return Err(error) };
                let wait = error.retry_after().unwrap_or(wait);
                if Instant::now() + wait >= until {
                    return Err(error);
                }
                // The code only: the error's text may quote what was sent in secret, and nothing here knows what that is.
                let reason = error.kind().code();
                tracing::debug!(
                    tries,
                    wait_ms = wait.as_millis(),
                    reason,
                    status = error.status(),
                    "trying again"
                );
                interrupt::sleep_until(Instant::now() + wait)?;
                tries += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            retry_delay: Duration::from_millis(1),
            ..Settings::new("tcp://127.0.0.1:1".parse().unwrap())
        }
    }

    fn failing(again: Again, retry_after: Option<Duration>) -> (u32, Error) {
        let mut calls = 0;
        let until = Instant::now() + Duration::from_secs(5);
        let error = retrying(&settings(), until, || {
            calls += 1;
            let error = Error::new(ErrorKind::Unavailable, "no").with_retry_after(retry_after);
            Err::<(), _>(Failure { error, again, lost: false })
        });
        (calls, error.unwrap_err())
    }

    #[test]
    fn tries_as_often_as_it_may_and_says_so() {
        let (calls, error) = failing(Again::Later, None);
        assert_eq!((calls, error.tries()), (4, 4));
        let (calls, error) = failing(Again::Never, None);
        assert_eq!((calls, error.tries()), (1, 1));
    }

    #[test]
    fn does_not_begin_a_wait_that_would_pass_the_deadline() {
        let (calls, _) = failing(Again::Later, Some(Duration::from_secs(60)));
        assert_eq!(calls, 1);
    }

    #[test]
    fn a_stale_connection_is_not_a_try() {
        let mut calls = 0;
        let done = retrying(&settings(), Instant::now() + Duration::from_secs(5), || {
            calls += 1;
            let error = Error::new(ErrorKind::Unreachable, "stale");
            if calls < 3 { Err(Failure { error, again: Again::Now, lost: false }) } else { Ok(calls) }
        });
        assert_eq!(done.unwrap(), (3, 1));
    }

    #[test]
    fn an_error_tells_that_an_earlier_answer_was_lost() {
        for lost in [true, false] {
            let mut calls = 0;
            let failed = retrying(&settings(), Instant::now() + Duration::from_secs(5), || {
                calls += 1;
                let (again, lost) = if calls == 1 { (Again::Later, lost) } else { (Again::Never, false) };
                Err::<(), _>(Failure { error: Error::new(ErrorKind::NotFound, "no"), again, lost })
            });
            assert_eq!(failed.unwrap_err().is_after_a_lost_answer(), lost);
        }
    }
}
