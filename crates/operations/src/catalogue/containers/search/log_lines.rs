//! The lines of a container's log while it streams by: each with its stream and time, and none longer than can be held.

use bytes::Bytes;
use engine::{FrameDecoder, StreamName};

use crate::catalogue::containers::capture::split_time;

/// Of a longer line, the rest is passed over, in bytes.
const LONGEST: usize = 64 * 1024;
/// The longest time that a line begins with, in bytes.
const LONGEST_TIME: usize = 36;
/// No more is kept of what the engine says of a failure to read.
const LONGEST_FAULT: usize = 2000;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) stream: &'static str,
    pub(super) time: Option<String>,
    pub(super) text: Vec<u8>,
}

/// Takes what comes of a log with times, and gives its lines in the order in which they end.
#[derive(Default)]
pub(super) struct LogLines {
    decoder: Option<FrameDecoder>,
    out: Begun,
    err: Begun,
    fault: Vec<u8>,
}

#[derive(Default)]
struct Begun {
    is_open: bool,
    text: Vec<u8>,
    /// The beginning of a further part, until its time is whole.
    part: Option<Vec<u8>>,
}

impl LogLines {
    pub(super) fn new(framed: bool) -> Self {
        Self { decoder: framed.then(FrameDecoder::default), ..Self::default() }
    }

    /// Gives each line that ends in this piece.
    pub(super) fn add(&mut self, piece: Bytes, each: &mut dyn FnMut(Line)) -> Result<(), engine::Error> {
        let Some(mut decoder) = self.decoder.take() else {
            self.out.add("stdout", &piece, false, each);
            return Ok(());
        };
        decoder.push(piece);
        while let Some(frame) = decoder.next_frame()? {
            match frame.stream {
                StreamName::Stderr => self.err.add("stderr", &frame.data, frame.begins, each),
                StreamName::System => {
                    let room = LONGEST_FAULT.saturating_sub(self.fault.len());
                    self.fault.extend_from_slice(&frame.data[..room.min(frame.data.len())]);
                }
                StreamName::Stdout | StreamName::Stdin => {
                    self.out.add("stdout", &frame.data, frame.begins, each);
                }
            }
        }
        self.decoder = Some(decoder);
        Ok(())
    }

    /// Gives what has begun and has no end.
    pub(super) fn finish(mut self, each: &mut dyn FnMut(Line)) {
        for (stream, begun) in [("stdout", &mut self.out), ("stderr", &mut self.err)] {
            begun.add_part_so_far(stream, each);
            begun.end(stream, each);
        }
    }

    /// What the engine itself said of a failure to read on.
    pub(super) fn fault(&self) -> Option<String> {
        let fault = String::from_utf8_lossy(&self.fault).trim().to_owned();
        (!fault.is_empty()).then_some(fault)
    }
}

impl Begun {
    fn add(&mut self, stream: &'static str, piece: &[u8], begins: bool, each: &mut dyn FnMut(Line)) {
        // The engine keeps a long line in parts, and gives each the time, which may itself come in pieces.
        if begins && self.is_open {
            self.add_part_so_far(stream, each);
            self.part = Some(Vec::new());
        }
        match &mut self.part {
            Some(part) => {
                part.extend_from_slice(piece);
                if part.len() > LONGEST_TIME || part.contains(&b' ') {
                    self.add_part_so_far(stream, each);
                }
            }
            None => self.add_text(stream, piece, each),
        }
    }

    fn add_part_so_far(&mut self, stream: &'static str, each: &mut dyn FnMut(Line)) {
        if let Some(part) = self.part.take() {
            self.add_text(stream, split_time(&part).1, each);
        }
    }

    fn add_text(&mut self, stream: &'static str, text: &[u8], each: &mut dyn FnMut(Line)) {
        for part in text.split_inclusive(|byte| *byte == b'\n') {
            self.is_open = true;
            let room = LONGEST.saturating_sub(self.text.len());
            self.text.extend_from_slice(&part[..room.min(part.len())]);
            if part.ends_with(b"\n") {
                self.end(stream, each);
            }
        }
    }

    fn end(&mut self, stream: &'static str, each: &mut dyn FnMut(Line)) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        let whole = std::mem::take(&mut self.text);
        let (time, text) = split_time(&whole);
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        each(Line { stream, time: time.map(str::to_owned), text: text.to_vec() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2024-01-02T03:04:05.123456789Z";

    fn frame(stream: u8, text: &str) -> Vec<u8> {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[stream, 0, 0, 0], length.as_slice(), text.as_bytes()].concat()
    }

    fn lines(bytes: &[u8], framed: bool, piece: usize) -> Vec<(&'static str, bool, String)> {
        let (mut lines, mut found) = (LogLines::new(framed), Vec::new());
        let mut each = |line: Line| {
            found.push((line.stream, line.time.is_some(), String::from_utf8(line.text).unwrap()));
        };
        for piece in bytes.chunks(piece) {
            lines.add(Bytes::copy_from_slice(piece), &mut each).unwrap();
        }
        lines.finish(&mut each);
        found
    }

    #[test]
    fn streams_and_parts_are_put_together() {
        let wire = [
            frame(1, &format!("{TIME} begin")),
            frame(2, &format!("{TIME} oops\r\n")),
            frame(1, &format!("{TIME} end\n")),
            frame(3, "Error grabbing logs"),
            frame(1, &format!("{TIME} last")),
        ]
        .concat();
        for piece in [1, 9, 1000] {
            assert_eq!(
                lines(&wire, true, piece),
                [
                    ("stderr", true, "oops".into()),
                    ("stdout", true, "beginend".into()),
                    ("stdout", true, "last".into())
                ],
                "{piece}"
            );
        }
        let raw = format!("{TIME} one\r\n{TIME} two\r\n");
        assert_eq!(
            lines(raw.as_bytes(), false, 7),
            [("stdout", true, "one".into()), ("stdout", true, "two".into())]
        );
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let text = "x".repeat(LONGEST * 3);
        let found = lines(&frame(1, &text), true, 1000);
        assert_eq!((found.len(), found[0].2.len()), (1, LONGEST));
    }
}
