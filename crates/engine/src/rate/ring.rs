//! When each of the last N requests was sent, as this process knows it. Nothing is locked, so that a `fork()` cannot leave a
//! lock behind.

use std::sync::atomic::{AtomicU64, Ordering};

use super::turn;

/// A ring of N times, and the number of the next slot.
#[derive(Debug)]
pub(super) struct Ring {
    next: AtomicU64,
    slots: Box<[AtomicU64]>,
}

impl Ring {
    pub(super) fn new(slots: usize) -> Self {
        Self { next: AtomicU64::new(0), slots: (0..slots.max(1)).map(|_| AtomicU64::new(0)).collect() }
    }

    /// When the next slot is free.
    pub(super) fn expected(&self, now: u64) -> u64 {
        loop {
            let number = self.next.load(Ordering::Acquire);
            let former = self.slot(number).load(Ordering::Acquire);
            // Another thread that took this slot in between has written its own time there.
            if self.next.load(Ordering::Acquire) == number {
                return turn(former, now);
            }
        }
    }

    /// Takes the next slot: its number, and when it is free.
    pub(super) fn take(&self, now: u64) -> (u64, u64) {
        let number = self.next.fetch_add(1, Ordering::AcqRel);
        let slot = self.slot(number);
        let mut former = slot.load(Ordering::Acquire);
        loop {
            let mine = turn(former, now);
            match slot.compare_exchange(former, mine, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return (number, mine),
                Err(changed) => former = changed,
            }
        }
    }

    /// Takes the next slot for a time that was agreed on elsewhere: its number.
    pub(super) fn note(&self, time: u64) -> u64 {
        let number = self.next.fetch_add(1, Ordering::AcqRel);
        self.slot(number).store(time, Ordering::Release);
        number
    }

    /// Changes the time of a slot, unless somebody has taken the slot since.
    pub(super) fn replace(&self, number: u64, former: u64, time: u64) -> bool {
        self.slot(number).compare_exchange(former, time, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn slot(&self, number: u64) -> &AtomicU64 {
        let index = number % self.slots.len() as u64;
        &self.slots[usize::try_from(index).unwrap_or_default()]
    }

    #[cfg(test)]
    pub(super) fn taken(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }
}
