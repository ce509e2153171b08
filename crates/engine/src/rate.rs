//! A limit on requests that all processes of this user on this machine keep together: at most N in any 60 seconds.
//!
//! A ring of N times in a small file, one ring for each engine and limit. A caller takes the next slot, and may send a minute
//! after the time that the slot held before; so no minute ever holds more than N, and callers come in order. A process that
//! dies leaves nothing behind but a time. The clock is the time since boot, which no administrator sets, and the boot's id
//! is part of the file's name.
//!
//! Each process also remembers its own times. They hold it to the limit where there is no file, and where a file was lost.

mod file;
mod ring;

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

use self::{file::SharedFile, ring::Ring};
use crate::{Error, ErrorKind, Remedy, Subject, interrupt};

/// The window of the limit, with a margin: between its turn and the wire a request may lag a little.
const WINDOW: u64 = 60_250_000_000;
/// A turn that comes later than this is no longer the one that was noted. The rest of the margin is for the way to the wire.
const LAG: u64 = 100_000_000;
/// A slot that claims a time further ahead was damaged, and counts as free.
const FURTHEST: u64 = 86_400_000_000_000;
/// Larger limits are kept as this one: a thousand requests a second.
const MOST: u32 = 60_000;

/// A limit on requests, kept by all processes of this user together. An [`crate::Engine`] keeps one by itself.
#[derive(Debug)]
pub struct RateLimit {
    /// The times of this process.
    own: Ring,
    /// Those of all processes; none where that cannot be.
    file: Option<SharedFile>,
    slots: usize,
    /// Whether the file could be used the last time.
    shared: AtomicBool,
}

/// A turn: when it is, and the slots that note it.
struct Turn {
    time: u64,
    own: u64,
    shared: Option<u64>,
}

impl RateLimit {
    /// The limit of `most` requests in 60 seconds to what `engine` names. Where no file can be shared, this process keeps
    /// the limit for itself.
    pub fn new(engine: &str, most: u32) -> Self {
        let slots = most.clamp(1, MOST) as usize;
        let file = SharedFile::new(engine, slots);
        let limit = Self { own: Ring::new(slots), slots, shared: AtomicBool::new(true), file: file.ok() };
        limit.file(|file| file.lock().map(drop));
        limit
    }

    /// Whether other processes of this user keep the same limit.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Relaxed)
    }

    /// Fails if the next turn comes after `until`.
    pub(crate) fn check(&self, until: Instant) -> Result<(), Error> {
        let now = now();
        let former = self.file(SharedFile::glance).unwrap_or_default();
        self.in_time(self.own.expected(now).max(turn(former, now)), now, latest(now, until))
    }

    /// Waits for this caller's turn, which is for a request that goes at once; answers whether there was a wait. Fails at
    /// once, and takes no turn, if that would come after `until`.
    pub fn wait(&self, until: Instant) -> Result<bool, Error> {
        let mut waited = false;
        loop {
            let now = now();
            let turn = self.take(now, latest(now, until))?;
            if turn.time > now {
                waited = true;
                interrupt::sleep_until(Instant::now() + Duration::from_nanos(turn.time - now))?;
            }
            if self.is_kept(&turn, self::now()) {
                return Ok(waited);
            }
        }
    }

    /// Takes the next turn, if it is not after `latest`.
    fn take(&self, now: u64, latest: u64) -> Result<Turn, Error> {
        let shared = self.file(|file| {
            let locked = file.lock()?;
            let (number, former) = locked.next()?;
            let time = self.own.expected(now).max(turn(former, now));
            if let Err(refusal) = self.in_time(time, now, latest) {
                return Ok(Err(refusal));
            }
            locked.take(number, time)?;
            Ok(Ok(Turn { time, own: self.own.note(time), shared: Some(number) }))
        });
        shared.unwrap_or_else(|| {
            self.in_time(self.own.expected(now), now, latest)?;
            let (own, time) = self.own.take(now);
            // Others may have been faster meanwhile. Then this turn goes unused.
            self.in_time(time, now, latest)?;
            Ok(Turn { time, own, shared: None })
        })
    }

    /// Whether a turn may be used now. A thread that was not run in time notes when it really goes; where another
    /// already counts on the former time, its turn is lost.
    fn is_kept(&self, turn: &Turn, now: u64) -> bool {
        if now.saturating_sub(turn.time) < LAG {
            return true;
        }
        if !self.own.replace(turn.own, turn.time, now) {
            return false;
        }
        let Some(number) = turn.shared else { return true };
        let kept = self.file(|file| {
            let locked = file.lock()?;
            let is_ours = locked.time(number)? == turn.time;
            if is_ours {
                locked.set(number, now)?;
            }
            Ok(is_ours)
        });
        kept.unwrap_or(true)
    }

    /// Uses the file, if that can be; it is told when that changes.
    fn file<T>(&self, using: impl FnOnce(&SharedFile) -> io::Result<T>) -> Option<T> {
        let used = match &self.file {
            Some(file) => using(file),
            None => Err(io::ErrorKind::Unsupported.into()),
        };
        let before = self.shared.swap(used.is_ok(), Ordering::Relaxed);
        match used {
            Ok(used) => Some(used),
            Err(error) => {
                if before {
                    tracing::warn!(%error, "the rate limit is kept by this process alone");
                }
                None
            }
        }
    }

    fn in_time(&self, turn: u64, now: u64, latest: u64) -> Result<(), Error> {
        if turn <= latest {
            return Ok(());
        }
        let seconds = Duration::from_nanos(turn - now).as_secs_f32();
        let message = format!(
            "rate limit reached ({} requests per minute): next free slot in {seconds:.0} s",
            self.slots
        );
        Err(Error::new(ErrorKind::RateLimited, message)
            .mend(Remedy::Raise(Subject::RateLimit))
            .hint("Or spread the calls over time"))
    }
}

/// When a slot may be used again that was last used at `former`.
fn turn(former: u64, now: u64) -> u64 {
    if former == 0 || former > now.saturating_add(FURTHEST) {
        now
    } else {
        now.max(former.saturating_add(WINDOW))
    }
}

/// The last moment for a turn.
fn latest(now: u64, until: Instant) -> u64 {
    let left = until.saturating_duration_since(Instant::now());
    now.saturating_add(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX))
}

/// Nanoseconds since boot, sleep included.
fn now() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let (seconds, nanoseconds) =
        (u64::try_from(time.tv_sec).unwrap_or_default(), u64::try_from(time.tv_nsec).unwrap_or_default());
    // Never 0, which means a free slot.
    (seconds * 1_000_000_000 + nanoseconds).max(1)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::FileExt as _, sync::Arc, thread};

    use super::*;

    fn fresh(most: u32) -> (String, RateLimit) {
        let name = format!("test-{}-{}", std::process::id(), now());
        let limit = RateLimit::new(&name, most);
        (name, limit)
    }

    /// One without a file.
    fn alone(most: u32) -> RateLimit {
        RateLimit { file: None, ..fresh(most).1 }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(200)
    }

    #[test]
    fn the_first_ones_go_at_once_and_the_next_must_wait() {
        for limit in [fresh(5).1, alone(5)] {
            for _ in 0..5 {
                limit.check(soon()).unwrap();
                limit.wait(soon()).unwrap();
            }
            assert_eq!(limit.check(soon()).unwrap_err().kind(), ErrorKind::RateLimited);
            let error = limit.wait(soon()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::RateLimited);
            assert!(error.message().contains("rate limit reached (5 requests per minute)"), "{error}");
        }
    }

    #[test]
    fn a_slot_that_another_takes_meanwhile_refuses_nobody() {
        for limit in [fresh(50_000).1, alone(50_000)] {
            thread::scope(|scope| {
                let taking: Vec<_> = (0..2)
                    .map(|_| scope.spawn(|| (0..10_000).for_each(|_| assert!(limit.wait(soon()).is_ok()))))
                    .collect();
                while !taking.iter().all(thread::ScopedJoinHandle::is_finished) {
                    limit.check(soon()).unwrap();
                }
            });
        }
    }

    #[test]
    fn a_refused_caller_takes_no_turn() {
        for limit in [fresh(2).1, alone(2)] {
            limit.wait(soon()).unwrap();
            limit.wait(soon()).unwrap();
            let shared = |limit: &RateLimit| limit.file(|file| Ok(file.lock()?.next()?.0));
            let taken = (limit.own.taken(), shared(&limit));
            for _ in 0..10 {
                limit.wait(soon()).unwrap_err();
            }
            assert_eq!((limit.own.taken(), shared(&limit)), taken);
        }
    }

    #[test]
    fn a_late_turn_is_noted_again_or_lost() {
        for limit in [fresh(3).1, alone(3)] {
            let turn = limit.take(1_000, u64::MAX).unwrap();
            assert!(limit.is_kept(&turn, turn.time + LAG - 1));
            assert!(limit.is_kept(&turn, turn.time + LAG));
            let noted = Turn { time: turn.time + LAG, ..turn };
            assert!(limit.own.replace(noted.own, noted.time, noted.time));
            assert!(!limit.is_kept(&turn, turn.time + 2 * LAG), "somebody counts on the slot");
        }
    }

    #[test]
    fn two_handles_share_one_limit_and_another_engine_has_its_own() {
        let (name, first) = fresh(2);
        let second = RateLimit::new(&name, 2);
        assert!(first.is_shared() && second.is_shared());
        first.wait(soon()).unwrap();
        second.wait(soon()).unwrap();
        first.wait(soon()).unwrap_err();
        second.check(soon()).unwrap_err();
        fresh(2).1.wait(soon()).unwrap();
    }

    #[test]
    fn many_threads_take_each_turn_once() {
        for limit in [fresh(64).1, alone(64)] {
            let limit = Arc::new(limit);
            let threads = (0..8).map(|_| {
                let limit = Arc::clone(&limit);
                thread::spawn(move || (0..20).filter(|_| limit.wait(soon()).is_ok()).count())
            });
            let threads: Vec<_> = threads.collect();
            let sent: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
            assert_eq!(sent, 64);
        }
    }

    #[test]
    fn a_file_that_is_lost_or_spoilt_opens_nothing() {
        type Spoil = fn(&std::path::Path);
        let spoils: [Spoil; 4] = [
            |path| fs::remove_file(path).unwrap(),
            |path| fs::File::options().write(true).open(path).unwrap().set_len(0).unwrap(),
            |path| fs::File::options().write(true).open(path).unwrap().set_len(13).unwrap(),
            |path| fs::File::options().write(true).open(path).unwrap().write_all_at(&[0; 24], 0).unwrap(),
        ];
        for spoil in spoils {
            let (_, limit) = fresh(2);
            limit.wait(soon()).unwrap();
            spoil(limit.file.as_ref().unwrap().path());
            limit.wait(soon()).unwrap();
            limit.wait(soon()).unwrap_err();
            assert!(limit.is_shared(), "it is made again");
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_is_done_without() {
        let (_, limit) = fresh(2);
        let path = limit.file.as_ref().unwrap().path().to_owned();
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        limit.wait(soon()).unwrap();
        assert!(!limit.is_shared());
        limit.wait(soon()).unwrap();
        limit.wait(soon()).unwrap_err();
        fs::remove_dir(&path).unwrap();
        limit.wait(soon()).unwrap_err();
        assert!(limit.is_shared(), "and used again when that is possible");
    }

    #[test]
    fn a_slot_is_free_again_after_a_minute() {
        assert_eq!(turn(0, 5), 5);
        assert_eq!(turn(1_000, 2_000), 1_000 + WINDOW);
        assert_eq!(turn(1_000, 1_000 + WINDOW + 7), 1_000 + WINDOW + 7);
        assert_eq!(turn(u64::MAX, 5), 5);
    }
}
