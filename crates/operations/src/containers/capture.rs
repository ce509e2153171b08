//! The output of a process, as logs, exec, attach and run read it and keep it; `report.rs` makes their results of it.

mod report;

use engine::{Body, ErrorKind, FrameDecoder, StreamName};
use serde_json::{Map, Value};

use self::report::Report;
use crate::{
    Error, Kind, Output, Param, Schema,
    arguments::Arguments,
    param::{flag, integer},
    progress::Flow,
};

/// The output of a process.
pub(crate) const CAPTURED: Schema = Schema::All(&[
    Schema::Fields(&["stdout", "stderr", "output"]),
    Schema::Field("lines", &Schema::List(&Schema::Fields(&["stream", "text"]))),
    Schema::Fields(&["truncated", "timed_out"]),
]);

/// No more is read of what the engine says of a failure.
const LONGEST_FAULT: usize = 2000;

/// What who watches is told.
pub(crate) const OUTPUT: &str = "Reading the output";

/// Which streams are wanted: see [`chosen`].
pub(crate) const STDOUT: Param =
    flag("stdout").title("Stdout").about("Standard output. Both streams, if neither is chosen.").local();
pub(crate) const STDERR: Param =
    flag("stderr").title("Stderr").about("Standard error. Both streams, if neither is chosen.").local();

/// How much output is kept.
pub(crate) const MAX_BYTES: Param = integer("max_bytes")
    .title("Most Output (bytes)")
    .about("The most output that is kept. What lies beyond is left out, and the result says truncated.")
    .default("1048576")
    .local();

/// Which of these two streams are wanted: both, if neither is chosen, as in a form that nobody touched.
pub(crate) fn chosen(arguments: &Arguments, stdout: &str, stderr: &str) -> (bool, bool) {
    let (out, err) = (arguments.is_on(stdout), arguments.is_on(stderr));
    (out || !err, err || !out)
}

/// Output, as it came. Holds no more than was asked for, and eight bytes for each frame at most.
#[derive(Debug, Default)]
pub(crate) struct Capture {
    output: Vec<u8>,
    /// Which stream each stretch of `output` came from, and its length.
    stretches: Vec<(StreamName, u32)>,
    truncated: bool,
    timed_out: bool,
    /// What the engine itself said of a failure to read on.
    fault: Vec<u8>,
    /// What broke the connection off, until it is settled: see [`Capture::ended`].
    broken_off: Option<engine::Error>,
}

impl Capture {
    /// Reads a stream to its end, or until it holds `most` bytes or the request's time is used up: then what had come
    /// is kept, and said to be incomplete. Without frames (a TTY) all is stdout.
    pub(crate) fn read(body: Body, framed: bool, most: u64, flow: Flow) -> Result<Self, Error> {
        Self::read_while(body, framed, most, flow, |capture| !capture.truncated)
    }

    /// As [`Capture::read`], but also waits for the end of what it does not keep, as where an exit code follows.
    pub(crate) fn read_to_end(body: Body, framed: bool, most: u64, flow: Flow) -> Result<Self, Error> {
        Self::read_while(body, framed, most, flow, |_| true)
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

    fn read_while(
        mut body: Body,
        framed: bool,
        most: u64,
        mut flow: Flow,
        goes_on: impl Fn(&Self) -> bool,
    ) -> Result<Self, Error> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut capture = Self::default();
        let mut decoder = FrameDecoder::default();
        while goes_on(&capture) {
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
                decoder.push(chunk);
                while let Some(frame) = decoder.next_frame()? {
                    capture.keep(frame.stream, &frame.data, most);
                }
            } else {
                capture.keep(StreamName::Stdout, &chunk, most);
            }
        }
        if capture.fault.is_empty() {
            return Ok(capture);
        }
        let fault = String::from_utf8_lossy(&capture.fault);
        Err(Error::new(
            Kind::Failed,
            format!("The engine could not read the output to its end: {}.", fault.trim()),
        ))
    }

    /// Says that the time was used up, though not by the stream.
    pub(crate) fn time_out(&mut self) {
        self.timed_out = true;
    }

    /// The last of the output, as a sentence for an error.
    pub(crate) fn ending(&self) -> String {
        const MOST: usize = 500;
        let ending = &self.output[self.output.len().saturating_sub(MOST)..];
        match String::from_utf8_lossy(ending).trim() {
            "" => "It wrote nothing.".to_owned(),
            ending => format!("The end of its output: {ending}"),
        }
    }

    /// The result: these fields, then `stdout`, `stderr`, `output` (both, in order of arrival), `lines` (each with its stream;
    /// `timed` ones also with the time that they begin with), `truncated` and `timed_out`. Bytes that are not UTF-8
    /// become U+FFFD.
    pub(crate) fn into_output(mut self, fields: &Map<String, Value>, timed: bool) -> Result<Output, Error> {
        if let Some(error) = self.broken_off.take() {
            return Err(error.into());
        }
        Ok(Output::Written(Box::new(Report { fields: fields.clone(), capture: self, timed })))
    }

    fn keep(&mut self, stream: StreamName, data: &[u8], most: usize) {
        if stream == StreamName::System {
            let room = LONGEST_FAULT.saturating_sub(self.fault.len());
            self.fault.extend_from_slice(&data[..room.min(data.len())]);
            return;
        }
        let room = most - self.output.len();
        let data = if data.len() > room {
            self.truncated = true;
            &data[..room]
        } else {
            data
        };
        // What continues a line is a stretch of its own, as it may begin with a time: see `each_line`.
        let goes_on = self.output.last().is_none_or(|last| *last == b'\n');
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

#[cfg(test)]
mod tests {
    use StreamName::{Stderr, Stdout, System};
    use proptest::prelude::*;

    use super::*;

    fn capture(pieces: &[(StreamName, &[u8])], most: usize) -> Capture {
        let mut capture = Capture::default();
        for (stream, text) in pieces {
            capture.keep(*stream, text, most);
        }
        capture
    }

    fn report(pieces: &[(StreamName, &str)], most: usize, timed: bool) -> Value {
        let pieces: Vec<_> = pieces.iter().map(|(stream, text)| (*stream, text.as_bytes())).collect();
        let output = capture(&pieces, most).into_output(&Map::new(), timed).unwrap();
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
        let output = capture(&pieces, 100).into_output(&Map::new(), false).unwrap();
        let report: Value = serde_json::from_slice(&output.into_json().unwrap()).unwrap();
        assert_eq!(
            (&report["stdout"], &report["stderr"]),
            (&"aéb\u{fffd}\u{fffd}".into(), &"€\u{fffd}".into())
        );
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
            (capture.output.as_slice(), capture.fault.as_slice()),
            (&b"a"[..], &b"Error grabbing logs"[..])
        );
    }

    proptest! {
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
