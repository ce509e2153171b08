//! Kept output as a result shows it: the streams apart and together, and line by line.

use std::{convert::Infallible, fmt};

use engine::StreamName;
use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};
use serde_json::{Map, Value};

use super::{Capture, Form};
use crate::run::text::{Decoder, without_half_character};

/// A result in the making. Written as it goes: as values, the lines of 50 MB would take ten times that.
pub(super) struct Report {
    pub(super) fields: Map<String, Value>,
    pub(super) capture: Capture,
    pub(super) timed: bool,
    pub(super) form: Form,
}

/// The text of one stream, or of both. Where lines begin with a time, so does each part of a long one.
pub(super) struct Text<'a> {
    pub(super) capture: &'a Capture,
    pub(super) of: fn(StreamName) -> bool,
    pub(super) timed: bool,
}

struct Lines<'a>(&'a Capture, bool);

/// A line of output.
struct Line<'a> {
    stream: &'static str,
    time: Option<&'a str>,
    text: &'a [u8],
}

impl Capture {
    fn stretches(&self) -> impl Iterator<Item = (StreamName, &[u8])> {
        let mut rest = self.output.as_slice();
        self.stretches.iter().map(move |(stream, length)| {
            let (stretch, after) = rest.split_at(*length as usize);
            rest = after;
            (*stream, stretch)
        })
    }

    /// Shows each line with its stream, and the time that it begins with.
    pub(crate) fn each_timed_line(&self, mut show: impl FnMut(&str, Option<&str>, &str)) {
        let shown: Result<(), Infallible> = self.each_line(true, |line| {
            show(line.stream, line.time, String::from_utf8_lossy(line.text).trim_end_matches(['\r', '\n']));
            Ok(())
        });
        match shown {
            Ok(()) => {}
        }
    }

    /// Shows whole lines in the order in which they ended; a line may come in several stretches.
    fn each_line<E>(&self, timed: bool, mut show: impl FnMut(Line<'_>) -> Result<(), E>) -> Result<(), E> {
        let mut line = |stream: &'static str, text: &[u8]| {
            let (time, text) = if timed { split_time(text) } else { (None, text) };
            show(Line { stream, time, text })
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        for (stream, stretch) in self.stretches() {
            let (name, begun) =
                if stream == StreamName::Stderr { ("stderr", &mut err) } else { ("stdout", &mut out) };
            // The engine keeps a long line in parts, and gives each the time.
            let stretch = if timed && !begun.is_empty() { split_time(stretch).1 } else { stretch };
            for piece in stretch.split_inclusive(|byte| *byte == b'\n') {
                if piece.ends_with(b"\n") && begun.is_empty() {
                    line(name, piece)?;
                    continue;
                }
                begun.extend_from_slice(piece);
                if piece.ends_with(b"\n") {
                    line(name, begun)?;
                    begun.clear();
                }
            }
        }
        for (name, begun) in [("stdout", out), ("stderr", err)] {
            let begun = if self.is_cut() { without_half_character(&begun) } else { &begun };
            if !begun.is_empty() {
                line(name, begun)?;
            }
        }
        Ok(())
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let capture = &self.capture;
        let mut report = serializer.serialize_map(None)?;
        for (name, value) in &self.fields {
            report.serialize_entry(name, value)?;
        }
        let text = |of| Text { capture, of, timed: self.timed };
        if self.form == Form::All {
            report.serialize_entry("stdout", &text(|stream| stream != StreamName::Stderr))?;
            report.serialize_entry("stderr", &text(|stream| stream == StreamName::Stderr))?;
        }
        if self.form != Form::Lines {
            report.serialize_entry("output", &text(|_| true))?;
        }
        if self.form != Form::Text {
            report.serialize_entry("lines", &Lines(capture, self.timed))?;
        }
        report.serialize_entry("truncated", &capture.truncated)?;
        report.serialize_entry("timed_out", &capture.timed_out)?;
        report.end()
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut out, mut err) = (Decoder::default(), Decoder::default());
        for (stream, mut stretch) in self.capture.stretches().filter(|(stream, _)| (self.of)(*stream)) {
            let decoder = if stream == StreamName::Stderr { &mut err } else { &mut out };
            if self.timed
                && decoder.is_within_a_character()
                && let (Some(time), rest) = split_time(stretch)
            {
                write!(f, "{time} ")?;
                stretch = rest;
            }
            decoder.add(stretch, f)?;
        }
        if self.capture.is_cut() {
            return Ok(());
        }
        out.finish(f)?;
        err.finish(f)
    }
}

impl Serialize for Lines<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut lines = serializer.serialize_seq(None)?;
        self.0.each_line(self.1, |line| lines.serialize_element(&line))?;
        lines.end()
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("stream", self.stream)?;
        if let Some(time) = self.time {
            line.serialize_entry("time", time)?;
        }
        line.serialize_entry("text", String::from_utf8_lossy(self.text).trim_end_matches(['\r', '\n']))?;
        line.end()
    }
}

/// The time that a line begins with, as the engine writes it, and the rest.
pub(crate) fn split_time(line: &[u8]) -> (Option<&str>, &[u8]) {
    const LONGEST: usize = "2024-01-02T03:04:05.123456789+00:00".len();
    let space = line.iter().take(LONGEST + 1).position(|byte| *byte == b' ');
    let time = space.and_then(|space| std::str::from_utf8(&line[..space]).ok());
    match time.filter(|time| time.parse::<Timestamp>().is_ok()) {
        Some(time) => (Some(time), &line[time.len() + 1..]),
        None => (None, line),
    }
}
