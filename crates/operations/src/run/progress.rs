//! How far a call is, told to who watches: in few words, without secrets, and seldom enough to cost nothing.

use std::{
    io::{self, Read},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    Progress, Watcher,
    run::{call::Call, secrets::Secrets},
};

/// What only moves is told so often; what is new is told at once.
const TURN: Duration = Duration::from_millis(100);
/// No more that is new is told within a turn. The rest waits for the next.
const MOST_AT_ONCE: u32 = 50;
/// Further parts are not told of.
const MOST_PARTS: usize = 200;
/// In characters.
const LONGEST_TEXT: usize = 160;
const LONGEST_PART: usize = 64;

/// A call that somebody watches.
pub(crate) struct Watch {
    watcher: Arc<dyn Watcher>,
    /// What no text may repeat.
    secrets: Secrets,
    parts: Vec<Part>,
    turn: Instant,
    /// How much more may be told within this turn.
    left: u32,
}

/// What is known of a part.
struct Part {
    name: String,
    text: String,
    bytes: Option<u64>,
    total: Option<u64>,
    is_done: bool,
    is_told: bool,
}

impl Watch {
    /// `None` where nobody watches the call.
    pub(crate) fn of(call: &Call<'_>) -> Option<Self> {
        let watcher = call.services.watcher()?;
        Some(Self::new(watcher, call.secrets()))
    }

    fn new(watcher: Arc<dyn Watcher>, secrets: Secrets) -> Self {
        Self { watcher, secrets, parts: Vec::new(), turn: Instant::now(), left: MOST_AT_ONCE }
    }

    /// Takes note of how far a part is. It is told at once if it is new, and else in its turn.
    pub(crate) fn note(&mut self, progress: &Progress<'_>) {
        let name = self.shown(progress.part, LONGEST_PART);
        let text = self.shown(progress.text, LONGEST_TEXT);
        let Progress { bytes, total, is_done, .. } = *progress;
        let part = Part { name, text, bytes, total, is_done, is_told: false };
        let found = self.parts.iter().position(|known| known.name == part.name);
        let is_new = found.is_none_or(|at| self.parts[at].becomes_new_as(&part));
        let at = match found {
            Some(at) => at,
            None if self.parts.len() < MOST_PARTS => self.parts.len(),
            None => return,
        };
        self.parts.splice(at..self.parts.len().min(at + 1), [part]);
        if self.is_due() {
            self.tell_all();
        } else if is_new && self.left > 0 {
            self.left -= 1;
            self.parts[at].tell(&*self.watcher);
        }
    }

    /// Whether it is time to tell of what moves.
    fn is_due(&self) -> bool {
        self.turn.elapsed() >= TURN
    }

    fn tell_all(&mut self) {
        let untold = self.parts.iter_mut().filter(|part| !part.is_told);
        untold.for_each(|part| part.tell(&*self.watcher));
        (self.turn, self.left) = (Instant::now(), MOST_AT_ONCE);
    }

    /// A text as it may be shown.
    fn shown(&self, text: &str, longest: usize) -> String {
        // Cut first, since an engine may say very much.
        const ENOUGH: usize = 4096;
        let enough = &text[..text.floor_char_boundary(ENOUGH)];
        let hidden = if enough.len() < text.len() {
            self.secrets.hidden_in_cut(enough)
        } else {
            self.secrets.hidden_in(enough)
        };
        let text = plain(hidden.trim());
        text.chars().take(longest).map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

impl Drop for Watch {
    /// The last of each part is told in any case.
    fn drop(&mut self) {
        self.tell_all();
    }
}

impl Part {
    /// Whether more than bytes have moved, or the last of them.
    fn becomes_new_as(&self, later: &Self) -> bool {
        let is_whole = |part: &Self| part.total.is_some() && part.bytes == part.total;
        self.text != later.text || self.is_done != later.is_done || !is_whole(self) && is_whole(later)
    }

    fn tell(&mut self, watcher: &dyn Watcher) {
        self.is_told = true;
        let Self { name, text, bytes, total, is_done, .. } = self;
        watcher.progress(&Progress { part: name, text, bytes: *bytes, total: *total, is_done: *is_done });
    }
}

/// Bytes on their way, counted for who watches.
pub(crate) struct Flow {
    watch: Option<Watch>,
    text: String,
    bytes: u64,
    total: Option<u64>,
    told: u64,
}

impl Flow {
    /// Begins to count; `text` says what goes on. Tells so at once.
    pub(crate) fn of(call: &Call<'_>, text: &str) -> Self {
        let mut flow = Self::new(Watch::of(call), text);
        flow.tell();
        flow
    }

    pub(crate) fn new(watch: Option<Watch>, text: &str) -> Self {
        Self { watch, text: text.to_owned(), bytes: 0, total: None, told: 0 }
    }

    /// The same, with so many bytes to come.
    pub(crate) fn to(mut self, total: u64) -> Self {
        self.total = Some(total);
        self
    }

    /// So many more have come, or gone.
    pub(crate) fn add(&mut self, length: usize) {
        if length == 0 {
            return;
        }
        self.bytes += length as u64;
        let is_whole = Some(self.bytes) == self.total;
        if self.watch.as_ref().is_some_and(|watch| is_whole || watch.is_due()) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        if let Some(watch) = &mut self.watch {
            self.told = self.bytes;
            let (text, bytes, total) = (self.text.as_str(), Some(self.bytes), self.total);
            watch.note(&Progress { text, bytes, total, ..Progress::default() });
        }
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        if self.told != self.bytes {
            self.tell();
        }
    }
}

/// A source whose bytes are counted as they are read.
pub(crate) struct Counted<R>(pub(crate) R, pub(crate) Flow);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.0.read(into)?;
        self.1.add(length);
        Ok(length)
    }
}

/// A line without what colours it on a terminal (`ESC [ ... m`): the builder writes errors in red.
pub(crate) fn plain(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest = rest.strip_prefix('m').unwrap_or(rest);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// Keeps what it is told.
    #[derive(Default)]
    struct Kept(Mutex<Vec<(String, String, Option<u64>)>>);

    impl Kept {
        fn take(&self) -> Vec<(String, String, Option<u64>)> {
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }

    impl Watcher for Kept {
        fn progress(&self, progress: &Progress<'_>) {
            let told = (progress.part.to_owned(), progress.text.to_owned(), progress.bytes);
            self.0.lock().unwrap().push(told);
        }
    }

    fn watch() -> (Watch, Arc<Kept>) {
        let kept = Arc::new(Kept::default());
        let mut watch = Watch::new(kept.clone(), Secrets::default());
        // A turn that does not end while a test runs.
        watch.turn += Duration::from_secs(3600);
        (watch, kept)
    }

    fn layer<'a>(part: &'a str, text: &'a str, bytes: u64) -> Progress<'a> {
        Progress { part, text, bytes: Some(bytes), ..Progress::default() }
    }

    fn told(part: &str, text: &str, bytes: u64) -> (String, String, Option<u64>) {
        (part.into(), text.into(), Some(bytes))
    }

    #[test]
    fn what_is_new_is_told_at_once_and_what_moves_in_its_turn() {
        let (mut watch, kept) = watch();
        for bytes in 0..1000 {
            watch.note(&layer("a", "Downloading", bytes));
            watch.note(&layer("b", "Downloading", bytes));
        }
        assert_eq!(kept.take(), [told("a", "Downloading", 0), told("b", "Downloading", 0)]);
        watch.turn = Instant::now().checked_sub(TURN).unwrap();
        watch.note(&layer("a", "Downloading", 1000));
        assert_eq!(kept.take(), [told("a", "Downloading", 1000), told("b", "Downloading", 999)]);
        watch.note(&layer("a", "Extracting", 1));
        watch.note(&layer("b", "Downloading", 1001));
        drop(watch);
        assert_eq!(kept.take(), [told("a", "Extracting", 1), told("b", "Downloading", 1001)]);
    }

    #[test]
    fn an_engine_that_never_stops_is_not_followed_everywhere() {
        let (mut watch, kept) = watch();
        for number in 0..5_000 {
            watch.note(&layer(&number.to_string(), &"x".repeat(1000), 0));
            watch.note(&layer("a", &number.to_string(), 0));
        }
        assert_eq!(kept.take().len(), MOST_AT_ONCE as usize);
        drop(watch);
        let rest = kept.take();
        assert!(rest.len() <= MOST_PARTS && rest.iter().all(|(_, text, _)| text.len() <= LONGEST_TEXT));
    }

    #[test]
    fn texts_are_one_line_without_colours_and_secrets() {
        let (mut watch, kept) = watch();
        watch.secrets = Secrets::default().and_text(Some("hunter2"));
        watch.note(&layer("a\tb", " \u{1b}[91mRUN login\n-p hunter2\u{1b}[0m\u{7} ", 0));
        assert_eq!(kept.take(), [told("a b", "RUN login -p [redacted] ", 0)]);
    }

    #[test]
    fn bytes_are_told_to_their_end() {
        let (watch, kept) = watch();
        let flow = Flow::new(Some(watch), "Sending it").to(600);
        let mut counted = Counted(io::repeat(1).take(600), flow);
        counted.read_exact(&mut [0; 100]).unwrap();
        counted.1.tell();
        io::copy(&mut counted, &mut io::sink()).unwrap();
        assert_eq!(kept.take(), [told("", "Sending it", 100), told("", "Sending it", 600)]);
        drop(counted);
        assert_eq!(kept.take(), []);
        let (watch, kept) = self::watch();
        let mut flow = Flow::new(Some(watch), "Exporting it");
        for _ in 0..10 {
            flow.add(10);
        }
        drop(flow);
        assert_eq!(kept.take(), [told("", "Exporting it", 100)]);
    }
}
