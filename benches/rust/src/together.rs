//! Calls of many threads at once.

use std::{sync::Barrier, thread, time::Instant};

use crate::{Outcome, PINGS_OF_A_THREAD};

/// The seconds of all calls, divided by their number. Each thread has called once before.
pub fn together<Work: FnMut() -> Outcome<()>>(
    threads: usize,
    work_of_a_thread: impl Fn() -> Outcome<Work> + Sync,
) -> Outcome<f64> {
    let barrier = Barrier::new(threads + 1);
    thread::scope(|scope| {
        let run = || -> Outcome<()> {
            let begun = work_of_a_thread().and_then(|mut work| work().map(|()| work));
            barrier.wait();
            let mut work = begun?;
            (0..PINGS_OF_A_THREAD).try_for_each(|_| work())
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        barrier.wait();
        let began = Instant::now();
        for thread in running {
            thread.join().map_err(|_| "a thread panicked")??;
        }
        Ok(began.elapsed().as_secs_f64() / (threads * PINGS_OF_A_THREAD) as f64)
    })
}
