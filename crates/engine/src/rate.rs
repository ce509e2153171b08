//! A limit on requests that all processes of this user on this machine keep together: at most N in any 60 seconds.
//!
//! A ring of N times in a small mapped file, one ring for each engine and limit. A caller takes the next slot by
//! `fetch_add` and may send a minute after the time that the slot held before; so no minute ever holds more than N, and
//! callers come in order. Nothing is locked: a process that dies leaves nothing behind but a time. The clock is the
//! time since boot, which no administrator sets, and the boot's id is part of the file's name.
#![allow(unsafe_code, reason = "a mapped file seen as atomics has no safe form")]

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use memmap2::{MmapOptions, MmapRaw};
use rustix::{
    process::geteuid,
    time::{ClockId, clock_gettime},
};

use crate::{Error, ErrorKind, interrupt};

/// The window of the limit, with a margin: between its turn and the wire a request may lag a little.
const WINDOW: u64 = 60_250_000_000;
/// A turn that comes later than this is no longer the one that was noted. The rest of the margin is for the way to the wire.
const LAG: u64 = 100_000_000;
/// A slot that claims a time further ahead was damaged, and counts as free.
const FURTHEST: u64 = 86_400_000_000_000;
/// Larger limits are kept as this one: a thousand requests a second.
const MOST: u32 = 60_000;

/// The limit of one engine.
#[derive(Debug)]
pub(crate) struct RateLimit {
    /// The next slot's number, then the ring.
    map: MmapRaw,
    slots: usize,
    /// Whether other processes share it.
    shared: bool,
}

impl RateLimit {
    /// The limit of `most` requests in 60 seconds to what `engine` names. Where no file can be shared, this process keeps
    /// the limit for itself.
    pub(crate) fn new(engine: &str, most: u32) -> Result<Self, Error> {
        let slots = most.clamp(1, MOST) as usize;
        let bytes = (slots + 1) * size_of::<AtomicU64>();
        let shared = open(engine, slots, bytes).and_then(|file| MmapOptions::new().len(bytes).map_raw(&file));
        let (map, shared) = match shared {
            Ok(map) => (map, true),
            Err(error) => {
                tracing::warn!(%error, "the rate limit is kept by this process alone");
                let own = MmapOptions::new().len(bytes).map_anon().map_err(|error| {
                    Error::new(ErrorKind::RateLimited, format!("no memory for the rate limit: {error}"))
                })?;
                (own.into(), false)
            }
        };
        Ok(Self { map, slots, shared })
    }

    /// Whether other processes of this user keep the same limit.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared
    }

    /// Fails if the next turn comes after `until`.
    pub(crate) fn check(&self, until: Instant) -> Result<(), Error> {
        self.latest(now(), until).map(drop)
    }

    /// Waits for this caller's turn, which is for a request that goes at once; answers whether there was a wait. Fails at
    /// once, and takes no turn, if that would come after `until`.
    pub(crate) fn wait(&self, until: Instant) -> Result<bool, Error> {
        let mut waited = false;
        loop {
            let now = now();
            let latest = self.latest(now, until)?;
            let slot = self.slot(self.word(0).fetch_add(1, Ordering::AcqRel));
            let mut former = slot.load(Ordering::Acquire);
            let mine = loop {
                let mine = turn(former, now);
                match slot.compare_exchange(former, mine, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => break mine,
                    Err(changed) => former = changed,
                }
            };
            if mine > latest {
                // Others were faster meanwhile. This turn goes unused.
                return Err(self.no_turn(mine - now));
            }
            if mine > now {
                waited = true;
                interrupt::sleep_until(Instant::now() + Duration::from_nanos(mine - now))?;
            }
            if Self::is_kept(slot, mine, self::now()) {
                return Ok(waited);
            }
        }
    }

    /// Whether a turn may be used now. A thread that was not run in time notes when it really goes; where another
    /// already counts on the former time, its turn is lost.
    fn is_kept(slot: &AtomicU64, mine: u64, now: u64) -> bool {
        now.saturating_sub(mine) < LAG
            || slot.compare_exchange(mine, now, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The last moment for a turn, if the next one comes before it.
    fn latest(&self, now: u64, until: Instant) -> Result<u64, Error> {
        let left =
            u64::try_from(until.saturating_duration_since(Instant::now()).as_nanos()).unwrap_or(u64::MAX);
        let latest = now.saturating_add(left);
        let next = self.word(0).load(Ordering::Acquire);
        let expected = turn(self.slot(next).load(Ordering::Acquire), now);
        if expected > latest { Err(self.no_turn(expected - now)) } else { Ok(latest) }
    }

    fn no_turn(&self, wait: u64) -> Error {
        let seconds = Duration::from_nanos(wait).as_secs_f32();
        let message =
            format!("the limit of {} requests in 60 s leaves no turn for {seconds:.0} s", self.slots);
        Error::new(ErrorKind::RateLimited, message).hint("Raise rate_limit or timeout, or spread the calls")
    }

    fn slot(&self, number: u64) -> &AtomicU64 {
        let slots = self.slots as u64;
        self.word(1 + usize::try_from(number % slots).unwrap_or_default())
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        debug_assert!(index <= self.slots);
        #[allow(clippy::cast_ptr_alignment, reason = "a map begins at a page")]
        // SAFETY: the map holds `slots + 1` words, is page-aligned, lives as long as `self`, and is used as atomics only,
        // for which any content is valid. Nobody but this user can shorten the file: its folder is private.
        unsafe {
            &*self.map.as_ptr().cast::<AtomicU64>().add(index)
        }
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

/// Nanoseconds since boot, sleep included.
fn now() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let (seconds, nanoseconds) =
        (u64::try_from(time.tv_sec).unwrap_or_default(), u64::try_from(time.tv_nsec).unwrap_or_default());
    // Never 0, which means a free slot.
    (seconds * 1_000_000_000 + nanoseconds).max(1)
}

/// The file of a limit, in a folder that only this user can write. A new one is all zeros: every slot free.
fn open(engine: &str, slots: usize, bytes: usize) -> io::Result<File> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    let name = hash(&format!("{engine}\n{slots}\n{}", boot.trim()));
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(folder()?.join(format!("rate-{name:016x}")))?;
    check_owner(&file.metadata()?)?;
    if file.metadata()?.len() != bytes as u64 {
        file.set_len(bytes as u64)?;
    }
    Ok(file)
}

fn folder() -> io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("fsr-docker-{}", geteuid().as_raw()));
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Not followed if it is a link: in a folder that all may write, that could be anyone's.
    let metadata = fs::symlink_metadata(&folder)?;
    if !metadata.is_dir() || metadata.permissions().mode() & 0o077 != 0 {
        return Err(io::Error::other(format!("{} is not a private folder", folder.display())));
    }
    check_owner(&metadata)?;
    Ok(folder)
}

fn check_owner(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.uid() == geteuid().as_raw() { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

/// FNV-1a: the same in every process and version, unlike the standard library's.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(most: u32) -> (String, RateLimit) {
        let name = format!("test-{}-{}", std::process::id(), now());
        let limit = RateLimit::new(&name, most).unwrap();
        (name, limit)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(200)
    }

    #[test]
    fn the_first_ones_go_at_once_and_the_next_must_wait() {
        let (_, limit) = fresh(5);
        for _ in 0..5 {
            limit.wait(soon()).unwrap();
        }
        let error = limit.wait(soon()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert!(error.message().contains("the limit of 5 requests in 60 s"), "{error}");
    }

    #[test]
    fn a_refused_caller_takes_no_turn() {
        let (_, limit) = fresh(2);
        limit.wait(soon()).unwrap();
        limit.wait(soon()).unwrap();
        let taken = limit.word(0).load(Ordering::Acquire);
        for _ in 0..10 {
            limit.wait(soon()).unwrap_err();
        }
        assert_eq!(limit.word(0).load(Ordering::Acquire), taken);
    }

    #[test]
    fn a_late_turn_is_noted_again_or_lost() {
        let slot = AtomicU64::new(1_000);
        assert!(RateLimit::is_kept(&slot, 1_000, 1_000 + LAG - 1));
        assert_eq!(slot.load(Ordering::Acquire), 1_000);
        assert!(RateLimit::is_kept(&slot, 1_000, 1_000 + LAG));
        assert_eq!(slot.load(Ordering::Acquire), 1_000 + LAG);
        assert!(!RateLimit::is_kept(&slot, 1_000, 1_000 + 2 * LAG), "somebody counts on the slot");
    }

    #[test]
    fn two_handles_share_one_limit_and_another_engine_has_its_own() {
        let (name, first) = fresh(2);
        let second = RateLimit::new(&name, 2).unwrap();
        assert!(first.is_shared() && second.is_shared());
        first.wait(soon()).unwrap();
        second.wait(soon()).unwrap();
        first.wait(soon()).unwrap_err();
        fresh(2).1.wait(soon()).unwrap();
    }

    #[test]
    fn a_slot_is_free_again_after_a_minute() {
        assert_eq!(turn(0, 5), 5);
        assert_eq!(turn(1_000, 2_000), 1_000 + WINDOW);
        assert_eq!(turn(1_000, 1_000 + WINDOW + 7), 1_000 + WINDOW + 7);
        assert_eq!(turn(u64::MAX, 5), 5);
    }
}
