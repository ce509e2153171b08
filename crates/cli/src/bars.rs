//! How far a call is, on a terminal: a line for the call, and one for each part that is under way. They go when it ends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use operations::{Progress, Watcher};

use crate::clean;

/// What ends sooner shows nothing.
const PATIENCE: Duration = Duration::from_millis(300);
const TICK: Duration = Duration::from_millis(100);

/// The lines of a call, on standard error.
pub(crate) struct Bars {
    all: MultiProgress,
    state: Mutex<State>,
}

struct State {
    /// What the call as a whole does.
    call: ProgressBar,
    text: String,
    /// By their names; `None` is one at its end.
    parts: HashMap<String, Option<ProgressBar>>,
    ended: bool,
}

impl Bars {
    /// `None` where standard error is no terminal that could show them.
    pub(crate) fn begin() -> Option<Arc<Self>> {
        if ProgressDrawTarget::stderr().is_hidden() {
            return None;
        }
        let bars = Arc::new(Self::hidden());
        let shown = Arc::clone(&bars);
        thread::spawn(move || {
            thread::sleep(PATIENCE);
            let state = shown.state();
            if !state.ended {
                shown.all.set_draw_target(ProgressDrawTarget::stderr());
                state.call.enable_steady_tick(TICK);
            }
        });
        Some(bars)
    }

    /// As they begin.
    fn hidden() -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        let call = all.add(ProgressBar::no_length());
        let state = State { call, text: String::new(), parts: HashMap::new(), ended: false };
        Self { all, state: Mutex::new(state) }
    }

    /// Takes them off the screen, for good.
    pub(crate) fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        state.call.finish_and_clear();
        // What cannot be cleared is no terminal any more.
        let _gone = self.all.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher for Bars {
    fn progress(&self, progress: &Progress<'_>) {
        let mut state = self.state();
        let State { call, text, parts, .. } = &mut *state;
        if progress.part.is_empty() {
            *text = clean::line(progress.text);
            show(call, progress);
        } else {
            let begin =
                || Some(self.all.add(ProgressBar::no_length().with_prefix(clean::line(progress.part))));
            let bar = parts.entry(progress.part.to_owned()).or_insert_with(begin);
            match bar.take_if(|_| progress.is_done) {
                Some(done) => done.finish_and_clear(),
                None => bar.iter().for_each(|bar| show(bar, progress)),
            }
        }
        let done = parts.values().filter(|bar| bar.is_none()).count();
        call.set_message(match parts.len() {
            0 => text.clone(),
            count => format!("{text}, {done} of {count} done"),
        });
    }
}

/// Shows on its line how far something is. Without colours, which not every terminal has.
fn show(bar: &ProgressBar, progress: &Progress<'_>) {
    let is_part = !progress.part.is_empty();
    let template = match (progress.bytes, progress.total) {
        (Some(_), Some(_)) if is_part => {
            "  {prefix} {msg:12} [{wide_bar}] {binary_bytes}/{binary_total_bytes}"
        }
        (Some(_), Some(_)) => {
            "{spinner} {msg} [{wide_bar}] {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta}"
        }
        (Some(_), None) if is_part => "  {prefix} {msg:12} {binary_bytes}",
        (Some(_), None) => "{spinner} {msg} {binary_bytes} {binary_bytes_per_sec} {elapsed}",
        (None, _) if is_part => "  {prefix} {msg}",
        (None, _) => "{spinner} {msg} {elapsed}",
    };
    // Templates of our own, which the tests read.
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.progress_chars("=> "));
    match progress.total {
        Some(total) => bar.set_length(total),
        None => bar.unset_length(),
    }
    bar.set_position(progress.bytes.unwrap_or_default());
    bar.set_message(clean::line(progress.text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_goes_when_it_is_done_and_is_counted() {
        let bars = Bars::hidden();
        let layer = |part, is_done| Progress {
            part,
            text: "Downloading",
            bytes: Some(1),
            is_done,
            ..Progress::default()
        };
        bars.progress(&Progress { text: "Pulling from team/app", ..Progress::default() });
        for (part, is_done) in [("a", false), ("b", true), ("a", true), ("c", false), ("a", false)] {
            bars.progress(&layer(part, is_done));
        }
        let state = bars.state();
        assert_eq!(state.call.message(), "Pulling from team/app, 2 of 3 done");
        assert!(state.parts["a"].is_none() && state.parts["c"].is_some());
    }
}
