//! The output of a process, as logs, exec, attach and run read it and keep it; `report.rs` makes their results of it.

mod report;

use std::sync::Arc;

use bytes::Bytes;
use engine::{Body, ErrorKind, FrameDecoder, StreamName};
use serde_json::{Map, Value};

pub(crate) use self::report::split_time;
use self::report::{Report, Text};
use crate::{
    Error, Kind, Output, Param, Schema, Taker,
    declare::{
        arguments::Arguments,
        param::{choice, flag, integer},
    },
    run::{call::Call, progress::Flow, text::without_half_character},
};

/// The output of a process, in every form.
pub(crate) const CAPTURED: Schema = Schema::All(&[
    Schema::Fields(&["stdout", "stderr", "output"]),
    Schema::Field("lines", &Schema::List(&Schema::Fields(&["stream", "text"]))),
    INCOMPLETE,
]);
/// The same as text alone.
pub(crate) const CAPTURED_TEXT: Schema = Schema::All(&[Schema::Fields(&["output"]), INCOMPLETE]);
/// The same as lines alone.
pub(crate) const CAPTURED_LINES: Schema =
    Schema::All(&[Schema::Field("lines", &Schema::List(&Schema::Fields(&["stream", "text"]))), INCOMPLETE]);
/// Whether there was more.
pub(crate) const INCOMPLETE: Schema = Schema::Fields(&["truncated", "timed_out"]);

/// No more is read of what the engine says of a failure.
const LONGEST_FAULT: usize = 2000;

/// What who watches is told.
const OUTPUT: &str = "Reading the output";

/// Which streams are wanted: see [`chosen`].
pub(crate) const STDOUT: Param = flag("stdout")
    .title("Stdout")
    .about("Return standard output. If neither stream is chosen, both are returned.")
    .local();
pub(crate) const STDERR: Param = flag("stderr")
    .title("Stderr")
    .about("Return standard error. If neither stream is chosen, both are returned.")
    .local();

/// How much output is kept.
pub(crate) const MAX_BYTES: Param = integer("max_bytes")
    .title("Most Output (bytes)")
    .about("The maximum size of the output. If output was left out, truncated is true in the result.")
    .default("1048576")
    .local();

/// How often the result repeats the output.
pub(crate) const FORM: Param = choice("form", &[("All", "all"), ("Text", "text"), ("Lines", "lines")])
    .title("Output Form")
    .about("All returns the output three times: stdout and stderr separately, output (both together) and lines. Text returns only output, Lines returns only lines, for a smaller result.")
    .default("All")
    .local();

/// A choice of [`FORM`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Each stream apart, both together, and line by line.
    All,
    /// Both streams together.
    Text,
    /// Line by line.
    Lines,
}

impl Form {
    pub(crate) fn of(arguments: &Arguments) -> Self {
        match arguments.text(FORM) {
            Some("text") => Self::Text,
            Some("lines") => Self::Lines,
            _ => Self::All,
        }
    }
}

/// Which of these two streams are wanted: both, if neither is chosen, as in a form that nobody touched.
pub(crate) fn chosen(arguments: &Arguments, stdout: &str, stderr: &str) -> (bool, bool) {
    let (out, err) = (arguments.is_on(stdout), arguments.is_on(stderr));
    (out || !err, err || !out)
}

/// Output, as it came. Holds no more than was asked for, and eight bytes for each frame at most.
#[derive(Default)]
pub(crate) struct Capture {
    output: Vec<u8>,
    /// Which stream each stretch of `output` came from, and its length. A frame is in one, so that what continues a line is one too
    /// where it comes in a frame of its own: it may begin with a time, see `each_line`.
    stretches: Vec<(StreamName, u32)>,
    truncated: bool,
    timed_out: bool,
    /// What the engine itself said of failures to read on.
    faults: Vec<Vec<u8>>,
    /// Whether that leaves the output of use, as where other tasks have written it.
    keeps_faults: bool,
    /// Who takes the output as it comes, in the place of this; and how much that was.
    taker: Option<Arc<dyn Taker>>,
    hearer: Option<Arc<dyn Taker>>,
    taken: usize,
    /// What broke the connection off, until it is settled: see [`Capture::ended`].
    broken_off: Option<engine::Error>,
}

impl Capture {
    /// Reads a stream to its end, or until it holds `most` bytes or the request's time is used up: then what had come
    /// is kept, and said to be incomplete. Without frames (a TTY) all is stdout.
    pub(crate) fn read(call: &Call<'_>, body: Body, framed: bool, most: u64) -> Result<Self, Error> {
        let capture =
            Self { taker: call.services.taker(), hearer: call.services.hearer(), ..Self::default() };
        capture.filled(body, framed, most, Flow::of(call, OUTPUT), |capture| !capture.truncated)
    }

    /// As [`Capture::read`], where a failure of the engine to read a part leaves the rest of use: see [`Capture::faults`].
    pub(crate) fn read_what_can_be(
        call: &Call<'_>,
        body: Body,
        framed: bool,
        most: u64,
    ) -> Result<Self, Error> {
        let capture = Self {
            taker: call.services.taker(),
            hearer: call.services.hearer(),
            keeps_faults: true,
            ..Self::default()
        };
        capture.filled(body, framed, most, Flow::of(call, OUTPUT), |capture| !capture.truncated)
    }

    /// As [`Capture::read`], of one of several streams: nobody takes it as it comes.
    pub(crate) fn read_apart(body: Body, framed: bool, most: u64) -> Result<Self, Error> {
        let mut capture = Self::default()
            .filled(body, framed, most, Flow::new(None, OUTPUT), |capture| !capture.truncated)?;
        match capture.broken_off.take() {
            Some(error) => Err(error.into()),
            None => Ok(capture),
        }
    }

    /// How many bytes it has kept.
    pub(crate) fn size(&self) -> u64 {
        self.output.len() as u64
    }

    /// Whether there was more than was asked for.
    pub(crate) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Whether the time was used up before the end.
    pub(crate) fn is_timed_out(&self) -> bool {
        self.timed_out
    }

    /// Nothing came until the time was used up.
    pub(crate) fn of_nothing_in_time() -> Self {
        Self { timed_out: true, ..Self::default() }
    }

    /// As [`Capture::read`], but also waits for the end of what it does not keep, as where an exit code follows.
    pub(crate) fn read_to_end(call: &Call<'_>, body: Body, framed: bool, most: u64) -> Result<Self, Error> {
        let capture =
            Self { taker: call.services.taker(), hearer: call.services.hearer(), ..Self::default() };
        capture.filled(body, framed, most, Flow::of(call, OUTPUT), |_| true)
    }

    /// Whether the connection was broken off, which is an error unless [`Capture::ended`] knows better.
    pub(crate) fn is_broken_off(&self) -> bool {
        self.broken_off.is_some()
    }

    /// Settles a connection that was broken off, by whether the process still runs: so does an engine to that of one which
    /// ended without reading all its input, and the last of the output may go with it. Gives what to say of that.
    pub(crate) fn ended(&mut self, running: bool) -> Result<&'static str, Error> {
        match self.broken_off.take() {
            None => Ok(""),
            Some(error) if running => Err(error.into()),
            Some(_) => {
                self.truncated = true;
                Ok("; its connection broke off, and the end of its output may be missing")
            }
        }
    }

    fn filled(
        mut self,
        mut body: Body,
        framed: bool,
        most: u64,
        mut flow: Flow,
        goes_on: impl Fn(&Self) -> bool,
    ) -> Result<Self, Error> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let capture = &mut self;
        let mut decoder = FrameDecoder::default();
        while goes_on(capture) {
            let chunk = match body.chunk() {
                Ok(Some(chunk)) => chunk,
                Ok(None) if framed && !decoder.is_complete() => {
                    capture.broken_off =
                        Some(engine::Error::new(ErrorKind::Protocol, "the output broke off within a piece"));
                    break;
                }
                Ok(None) => break,
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    capture.timed_out = true;
                    break;
                }
                Err(error) if error.is_reset() => {
                    capture.broken_off = Some(error);
                    break;
                }
                Err(error) => return Err(error.into()),
            };
            flow.add(chunk.len());
            if framed {
                capture.keep_frames(&mut decoder, chunk, most)?;
            } else {
                capture.keep(StreamName::Stdout, &chunk, true, most);
            }
        }
        match self.faults.first() {
            Some(fault) if !self.keeps_faults => {
                let fault = shown(fault);
                Err(Error::new(
                    Kind::Failed,
                    format!("The engine could not read the output to its end: {fault}."),
                ))
            }
            _ => Ok(self),
        }
    }

    /// What the engine itself said of failures to read on, in the order in which it did.
    pub(crate) fn faults(&self) -> Vec<String> {
        self.faults.iter().map(|fault| shown(fault)).filter(|fault| !fault.is_empty()).collect()
    }

    /// Says that the time was used up, though not by the stream.
    pub(crate) fn time_out(&mut self) {
        self.timed_out = true;
    }

    /// Whether more was to come: what ends it may be half a character.
    fn is_cut(&self) -> bool {
        self.truncated || self.timed_out
    }

    /// The last of the output, as a sentence for an error.
    pub(crate) fn ending(&self) -> String {
        const MOST: usize = 500;
        if self.taken > 0 {
            return "Its output is above.".to_owned();
        }
        let text = Text { capture: self, of: |_| true, timed: false }.to_string();
        let begin = text.char_indices().nth_back(MOST - 1).map_or(0, |(begin, _)| begin);
        match text[begin..].trim() {
            "" => "It wrote nothing.".to_owned(),
            ending => format!("The end of its output: {ending}"),
        }
    }

    /// The result: these fields, then `stdout`, `stderr`, `output` (both; each character where its last byte arrived), `lines` (each with its stream;
    /// `timed` ones also with the time that they begin with), `truncated` and `timed_out`. The parameter [`FORM`] chooses among
    /// the first four. Bytes that are not UTF-8 become U+FFFD; half a character at the end of what is incomplete is left out.
    pub(crate) fn into_output(
        mut self,
        fields: &Map<String, Value>,
        timed: bool,
        form: Form,
    ) -> Result<Output, Error> {
        if let Some(error) = self.broken_off.take() {
            return Err(error.into());
        }
        Ok(Output::Written(Box::new(Report { fields: fields.clone(), capture: self, timed, form })))
    }

    fn keep_frames(
        &mut self,
        decoder: &mut FrameDecoder,
        chunk: Bytes,
        most: usize,
    ) -> Result<(), engine::Error> {
        decoder.push(chunk);
        while let Some(frame) = decoder.next_frame()? {
            self.keep(frame.stream, &frame.data, frame.begins, most);
        }
        Ok(())
    }

    /// Keeps a piece of output; `begins` says whether it is the first of its frame.
    fn keep(&mut self, stream: StreamName, data: &[u8], begins: bool, most: usize) {
        if stream == StreamName::System {
            if begins || self.faults.is_empty() {
                self.faults.push(Vec::new());
            }
            let room = LONGEST_FAULT.saturating_sub(self.faults.iter().map(Vec::len).sum());
            if let Some(fault) = self.faults.last_mut() {
                fault.extend_from_slice(&data[..room.min(data.len())]);
            }
            // However many there are, they take no more than what they say.
            if room == 0 {
                self.faults.pop();
            }
            return;
        }
        let room = most.saturating_sub(self.output.len().saturating_add(self.taken));
        let data = if data.len() > room {
            self.truncated = true;
            &data[..room]
        } else {
            data
        };
        if let Some(hearer) = self.hearer.as_ref().filter(|_| !data.is_empty()) {
            hearer.output(if stream == StreamName::Stderr { "stderr" } else { "stdout" }, data);
        }
        if let Some(taker) = self.taker.as_ref().filter(|_| !data.is_empty()) {
            taker.output(if stream == StreamName::Stderr { "stderr" } else { "stdout" }, data);
            self.taken += data.len();
            return;
        }
        let goes_on = !begins || self.output.last().is_none_or(|last| *last == b'\n');
        self.output.extend_from_slice(data);
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        match self.stretches.last_mut() {
            Some((last, sum)) if *last == stream && goes_on && sum.checked_add(length).is_some() => {
                *sum += length;
            }
            _ if length > 0 => self.stretches.push((stream, length)),
            _ => {}
        }
    }
}

/// What the engine said, as text for people.
fn shown(fault: &[u8]) -> String {
    String::from_utf8_lossy(without_half_character(fault)).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use StreamName::{Stderr, Stdout, System};
    use proptest::prelude::*;

    use super::*;

    fn capture(pieces: &[(StreamName, &[u8])], most: usize) -> Capture {
        let mut capture = Capture::default();
        for (stream, text) in pieces {
            capture.keep(*stream, text, true, most);
        }
        capture
    }

    fn report(pieces: &[(StreamName, &str)], most: usize, timed: bool) -> Value {
        let pieces: Vec<_> = pieces.iter().map(|(stream, text)| (*stream, text.as_bytes())).collect();
        shown(capture(&pieces, most), timed)
    }

    fn shown(capture: Capture, timed: bool) -> Value {
        let output = capture.into_output(&Map::new(), timed, Form::All).unwrap();
        serde_json::from_slice(&output.into_json().unwrap()).unwrap()
    }

    #[test]
    fn keeps_order_and_tells_streams_apart() {
        let report = report(&[(Stdout, "a\nb"), (Stderr, "oops\n"), (Stdout, "c\nd")], 100, false);
        assert_eq!(report["stdout"], "a\nbc\nd");
        assert_eq!(report["stderr"], "oops\n");
        assert_eq!(report["output"], "a\nboops\nc\nd");
        assert_eq!(
            report["lines"],
            serde_json::json!([
                {"stream": "stdout", "text": "a"}, {"stream": "stderr", "text": "oops"},
                {"stream": "stdout", "text": "bc"}, {"stream": "stdout", "text": "d"},
            ])
        );
        assert_eq!(report["truncated"], false);
    }

    #[test]
    fn a_character_may_be_cut_between_frames() {
        let pieces: [(StreamName, &[u8]); 5] = [
            (Stdout, b"a\xc3"),
            (Stderr, b"\xe2\x82"),
            (Stdout, b"\xa9b\xff"),
            (Stderr, b"\xac\xe2"),
            (Stdout, b"\xc3"),
        ];
        let report = shown(capture(&pieces, 100), false);
        assert_eq!(
            (&report["stdout"], &report["stderr"], &report["output"]),
            (&"aéb\u{fffd}\u{fffd}".into(), &"€\u{fffd}".into(), &"aéb\u{fffd}€\u{fffd}\u{fffd}".into())
        );
    }

    #[test]
    fn f36_what_is_cut_ends_before_half_a_character() {
        for (most, kept) in [(0, ""), (1, "a"), (2, "a"), (3, "a"), (4, "a€"), (5, "a€b")] {
            let report = report(&[(Stdout, "a€b")], most, false);
            assert_eq!((&report["stdout"], &report["output"]), (&kept.into(), &kept.into()), "{most}");
            let last = report["lines"].get(0).map_or("", |line| line["text"].as_str().unwrap());
            assert_eq!(last, kept, "{most}");
        }
        let mut timed_out = capture(&[(Stderr, b"\xe2\x82")], 9);
        timed_out.time_out();
        assert_eq!(shown(timed_out, false)["stderr"], "");
        assert_eq!(shown(capture(&[(Stderr, b"\xe2\x82")], 9), false)["stderr"], "\u{fffd}");
    }

    #[test]
    fn f36_a_time_may_stand_within_a_character() {
        let time = "2024-01-02T03:04:05.123456789Z";
        let begun = [time.as_bytes(), b" a\xe2\x82"].concat();
        let ended = [time.as_bytes(), b" \xacb\n"].concat();
        let report = shown(capture(&[(Stdout, &begun), (Stderr, b"x\n"), (Stdout, &ended)], 100), true);
        assert_eq!(report["stdout"], format!("{time} a{time} €b\n"));
        assert_eq!(report["lines"][1], serde_json::json!({"stream": "stdout", "time": time, "text": "a€b"}));
    }

    #[test]
    fn f36_an_error_shows_whole_characters() {
        let capture = capture(
            &[(Stdout, "€".repeat(600).as_bytes()), (Stderr, b"\xc3"), (Stdout, b"!"), (Stderr, b"\xa9")],
            9999,
        );
        assert_eq!(capture.ending(), format!("The end of its output: {}!é", "€".repeat(498)));
    }

    #[test]
    fn stops_at_the_bound() {
        let report = report(&[(Stdout, "abc"), (Stderr, "def"), (Stdout, "g")], 4, false);
        assert_eq!((&report["output"], &report["truncated"]), (&"abcd".into(), &true.into()));
    }

    #[test]
    fn takes_times_from_lines() {
        let time = "2024-01-02T03:04:05.123456789Z";
        let long = [
            (Stdout, format!("{time} long")),
            (Stderr, format!("{time} err\n")),
            (Stdout, format!("{time} line\n")),
        ];
        let plain = [(Stdout, "no time\n".to_owned()), (Stdout, format!("{time} \n"))];
        let pieces: Vec<_> =
            long.iter().chain(&plain).map(|(stream, text)| (*stream, text.as_str())).collect();
        let report = report(&pieces, 1000, true);
        assert_eq!(
            report["lines"],
            serde_json::json!([
                {"stream": "stderr", "time": time, "text": "err"},
                {"stream": "stdout", "time": time, "text": "longline"},
                {"stream": "stdout", "text": "no time"},
                {"stream": "stdout", "time": time, "text": ""},
            ])
        );
    }

    #[test]
    fn the_engines_own_fault_is_no_output() {
        let capture = capture(&[(Stdout, b"a"), (System, b"Error grabbing logs")], 100);
        assert_eq!(
            (capture.output.as_slice(), capture.faults()),
            (&b"a"[..], vec!["Error grabbing logs".to_owned()])
        );
    }

    #[test]
    fn many_faults_take_no_more_than_they_say() {
        let fault = vec![b'x'; LONGEST_FAULT - 3];
        let pieces: Vec<(StreamName, &[u8])> =
            (0..5000).map(|number| (System, if number == 0 { &fault[..] } else { b"lost" })).collect();
        let capture = capture(&pieces, 100);
        assert_eq!((capture.faults.len(), capture.faults()[1].as_str()), (2, "los"));
    }

    /// The pieces of two streams as an engine sends them: frames.
    fn wire(pieces: &[(StreamName, &[u8])]) -> Vec<u8> {
        let frame = |(stream, data): &(StreamName, &[u8])| {
            let head = [if *stream == Stderr { 2 } else { 1 }, 0, 0, 0];
            [&head, &u32::try_from(data.len()).unwrap().to_be_bytes(), *data].concat()
        };
        pieces.iter().flat_map(frame).collect()
    }

    /// Each character of two streams, where its last byte arrives.
    fn in_order_of_arrival(pieces: &[(StreamName, &[u8])]) -> String {
        let (mut out, mut err, mut text) = (Vec::new(), Vec::new(), String::new());
        for (stream, byte) in
            pieces.iter().flat_map(|(stream, data)| data.iter().map(move |byte| (stream, byte)))
        {
            let begun = if *stream == Stderr { &mut err } else { &mut out };
            begun.push(*byte);
            if let Ok(character) = std::str::from_utf8(begun) {
                text.push_str(character);
                begun.clear();
            }
        }
        text
    }

    proptest! {
        #[test]
        fn f36_every_view_has_whole_characters(
            texts in ("[^\\x00]{0,30}", "[^\\x00]{0,30}"), // of which storable.rs makes something else
            order in prop::collection::vec((any::<bool>(), 1_usize..5), 0..80),
            cut in 1_usize..40,
            most in 0_usize..200,
        ) {
            let (mut out, mut err) = (texts.0.as_bytes(), texts.1.as_bytes());
            let mut pieces = Vec::new();
            let rest = [(false, usize::MAX), (true, usize::MAX)];
            for (is_err, length) in order.into_iter().chain(rest) {
                let (name, left) = if is_err { (Stderr, &mut err) } else { (Stdout, &mut out) };
                let (piece, after) = left.split_at(length.min(left.len()));
                *left = after;
                pieces.push((name, piece));
            }
            let wire = wire(&pieces);
            let read = |most: usize| {
                let (mut capture, mut decoder) = (Capture::default(), FrameDecoder::default());
                for chunk in wire.chunks(cut) {
                    capture.keep_frames(&mut decoder, Bytes::copy_from_slice(chunk), most).unwrap();
                }
                shown(capture, false)
            };
            let whole = read(usize::MAX);
            prop_assert_eq!(whole["stdout"].as_str().unwrap(), &texts.0);
            prop_assert_eq!(whole["stderr"].as_str().unwrap(), &texts.1);
            prop_assert_eq!(whole["output"].as_str().unwrap(), in_order_of_arrival(&pieces));
            for (stream, text) in [("stdout", &texts.0), ("stderr", &texts.1)] {
                let lines = whole["lines"].as_array().unwrap().iter().filter(|line| line["stream"] == stream);
                let lines: Vec<_> = lines.map(|line| line["text"].as_str().unwrap()).collect();
                let expected: Vec<_> = text.split_inclusive('\n').map(|line| line.trim_end_matches(['\r', '\n'])).collect();
                prop_assert_eq!(lines, expected);
            }
            let bounded = read(most);
            prop_assert!(texts.0.starts_with(bounded["stdout"].as_str().unwrap()));
            prop_assert!(texts.1.starts_with(bounded["stderr"].as_str().unwrap()));
            let output = bounded["output"].as_str().unwrap();
            let least = most.min(texts.0.len() + texts.1.len()).saturating_sub(6);
            prop_assert!(output.len() <= most && output.len() >= least);
            prop_assert!(whole["output"].as_str().unwrap().starts_with(output));
        }

        #[test]
        fn no_byte_is_lost(pieces in prop::collection::vec((any::<bool>(), "[ab\n]{0,6}"), 0..20), most in 0_usize..60) {
            let name = |is_err: bool| if is_err { Stderr } else { Stdout };
            let pieces: Vec<_> = pieces.iter().map(|(is_err, text)| (name(*is_err), text.as_str())).collect();
            let whole: String = pieces.iter().map(|(_, text)| *text).collect();
            let report = report(&pieces, most, false);
            let kept = &whole[..whole.len().min(most)];
            prop_assert_eq!(report["output"].as_str(), Some(kept));
            prop_assert_eq!(report["truncated"].as_bool(), Some(whole.len() > most));
            let sum = report["stdout"].as_str().unwrap().len() + report["stderr"].as_str().unwrap().len();
            prop_assert_eq!(sum, kept.len());
            for stream in ["stdout", "stderr"] {
                let lines = report["lines"].as_array().unwrap().iter().filter(|line| line["stream"] == stream);
                let joined: Vec<_> = lines.map(|line| line["text"].as_str().unwrap()).collect();
                let text = report[stream].as_str().unwrap();
                prop_assert_eq!(joined, text.lines().collect::<Vec<_>>());
            }
        }
    }
}
