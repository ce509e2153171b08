//! Messages of progress: what the engine says, JSON by JSON, while it pulls, pushes, builds or loads.
//!
//! Its status is 200 from the beginning: a failure is a message like any other, and is told from success only here.

use std::collections::{HashMap, VecDeque};

use engine::{JsonLines, Request};
use serde_json::Value;

use crate::{
    Error, Kind, Param, Progress, Schema,
    declare::{param::integer, result::TEXTS},
    run::{
        call::Call,
        collect::heft,
        progress::{Watch, plain},
    },
};

/// What is said of an image that was moved.
pub(crate) const MOVED: Schema = Schema::All(&[
    Schema::Fields(&["result", "outcome"]),
    Schema::Field("log", &TEXTS),
    Schema::Fields(&["truncated"]),
]);

/// How long what makes or moves something may take.
pub(crate) const PROGRESS_LIMIT: Param = integer("timeout")
    .title("Time Limit (seconds)")
    .about("The call fails after this time and says how far the engine was.")
    .default("1800")
    .local();

/// How much is kept, in bytes of text: the end, which says most.
const MOST_KEPT: usize = 256 * 1024;
/// How much that may take in memory, with what else a message holds.
const MOST_IN_MEMORY: usize = 8 * 1024 * 1024;
/// How many layers are told apart: an image has 127 at most.
const MOST_LAYERS: usize = 4096;
/// What is said of a layer has no more bytes.
const LONGEST_WORDS: usize = 512;
/// How many lines of output an error repeats.
const LINES_IN_ERROR: usize = 5;
/// What is said last of a layer; more may follow, as in `Mounted from team/base`.
const LAST_WORDS: [&str; 5] =
    ["Pull complete", "Already exists", "Pushed", "Layer already exists", "Mounted from "];

/// What the engine said, to its end.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    said: VecDeque<Value>,
    /// The bytes of text in `said`, and what all of it takes in memory.
    size: usize,
    heft: usize,
    truncated: bool,
    /// The last status of each layer: what merely moves is not kept.
    layers: HashMap<String, String>,
}

impl Messages {
    /// Sends a request and reads what the engine says until it is done. A line that tells of an error is one.
    pub(crate) fn of(call: &Call<'_>, request: Request) -> Result<Self, Error> {
        let limit = call.time_limit();
        let mut body = call.stream(request.silence(limit).deadline(limit))?.into_body();
        let mut watch = Watch::of(call);
        let mut messages = Self::default();
        let mut lines = JsonLines::default();
        loop {
            match body.chunk() {
                Ok(Some(chunk)) => lines.push(&chunk),
                Ok(None) => break,
                Err(error) => return Err(messages.broke_off(error.into())),
            }
            while let Some(value) = lines.next_value()? {
                show(&value, watch.as_mut());
                messages.add(value)?;
            }
        }
        match lines.finish() {
            Ok(last) => last.into_iter().try_for_each(|value| messages.add(value))?,
            Err(error) => return Err(messages.broke_off(error.into())),
        }
        Ok(messages)
    }

    /// The same as lines for people.
    pub(crate) fn log(&self) -> Vec<String> {
        let mut log = Vec::new();
        let mut output = String::new();
        for value in &self.said {
            if let Some(text) = value["stream"].as_str() {
                output.push_str(text);
            } else if let Some(status) = value["status"].as_str() {
                log.extend(output.lines().map(str::to_owned));
                output.clear();
                log.push(match value["id"].as_str() {
                    Some(id) => format!("{id}: {status}"),
                    None => status.to_owned(),
                });
            }
        }
        log.extend(output.lines().map(str::to_owned));
        for line in &mut log {
            *line = plain(line);
        }
        log.retain(|line| !line.trim().is_empty());
        log
    }

    /// What is meant for programs, such as a digest: the fields `aux`.
    pub(crate) fn facts(&self) -> impl DoubleEndedIterator<Item = &Value> {
        self.said.iter().filter_map(|value| value.get("aux"))
    }

    /// The rest of the last line that begins so.
    pub(crate) fn after(&self, beginning: &str) -> Option<&str> {
        let mut said =
            self.said.iter().rev().filter_map(|value| value["status"].as_str().or(value["stream"].as_str()));
        said.find_map(|text| text.trim().strip_prefix(beginning))
    }

    /// Whether the beginning was too much to keep.
    pub(crate) fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// What the engine said, as it is.
    pub(crate) fn into_values(self) -> Vec<Value> {
        self.said.into()
    }

    fn add(&mut self, value: Value) -> Result<(), Error> {
        if let Some(error) = value["errorDetail"]["message"].as_str().or(value["error"].as_str()) {
            return Err(self.failure(error));
        }
        if let (Some(id), Some(status)) = (value["id"].as_str(), value["status"].as_str()) {
            // Of more layers than any image has, each word is told.
            let is_a_layer = id.len() + status.len() <= LONGEST_WORDS
                && (self.layers.len() < MOST_LAYERS || self.layers.contains_key(id));
            if is_a_layer && self.layers.insert(id.to_owned(), status.to_owned()).as_deref() == Some(status) {
                return Ok(());
            }
        }
        self.size += text_size(&value);
        self.heft += heft(&value);
        self.said.push_back(value);
        while (self.size > MOST_KEPT || self.heft > MOST_IN_MEMORY)
            && let Some(first) = self.said.pop_front()
        {
            self.size -= text_size(&first);
            self.heft -= heft(&first);
            self.truncated = true;
        }
        Ok(())
    }

    /// The error for an error line, with the step of a build, and the end of its output.
    fn failure(&self, error: &str) -> Error {
        let error = error.trim().trim_end_matches('.');
        let log = self.log();
        let Some(step) = log.iter().rposition(|line| begins_a_step(line)) else {
            return Error::new(Kind::Failed, format!("The engine says: {error}."));
        };
        let output = log[step + 1..].iter().filter(|line| !line.starts_with(" --->"));
        let output: Vec<&str> = output.map(String::as_str).collect();
        let output = output[output.len().saturating_sub(LINES_IN_ERROR)..].join(" | ");
        let output =
            if output.is_empty() { String::new() } else { format!(" The end of its output: {output}") };
        Error::new(Kind::Failed, format!("{} failed. The engine says: {error}.{output}", log[step]))
    }

    /// The error for an answer that did not come to its end.
    fn broke_off(&self, error: Error) -> Error {
        let last = self.log().pop();
        let last = last.map_or("Nothing had come.".into(), |line| {
            format!("What came last was: {}.", line.trim_end_matches('.'))
        });
        error.and(&format!(
            "{last} The engine may have stopped or continued. Check the current state before you try again."
        ))
    }
}

/// Shows who watches how far a message says it is: a layer, a step of a build, or the whole.
fn show(message: &Value, watch: Option<&mut Watch>) {
    if let (Some(watch), Some(progress)) = (watch, progress(message)) {
        watch.note(&progress);
    }
}

fn progress(message: &Value) -> Option<Progress<'_>> {
    let Some(status) = message["status"].as_str() else {
        let step = message["stream"].as_str().filter(|line| begins_a_step(line))?;
        return Some(Progress { text: step, ..Progress::default() });
    };
    let detail = &message["progressDetail"];
    // Some engines count seconds, and say so.
    let counts_bytes = detail["units"].as_str().is_none_or(str::is_empty);
    let bytes = |name: &str| detail[name].as_u64().filter(|_| counts_bytes);
    let (moved, total) = (bytes("current"), bytes("total").filter(|total| *total > 0));
    let is_loaded = status == "Loading layer" && total.is_some() && moved >= total;
    Some(Progress {
        // Whose id is the tag.
        part: message["id"].as_str().filter(|_| !status.starts_with("Pulling from ")).unwrap_or_default(),
        text: status,
        bytes: moved,
        total,
        is_done: is_loaded || LAST_WORDS.iter().any(|words| status.starts_with(words)),
    })
}

/// `Step 2/3 : RUN ...`, as Docker has it, or `STEP 2/3: RUN ...`, as Podman does.
fn begins_a_step(line: &str) -> bool {
    line.get(.."Step ".len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case("Step "))
}

/// About how many bytes a value takes: of its texts, and a little for the rest.
fn text_size(value: &Value) -> usize {
    const REST: usize = 32;
    let text = |name: &str| value[name].as_str().map_or(0, str::len);
    REST + text("stream") + text("status") + text("id")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn messages(values: &[Value]) -> Result<Messages, Error> {
        let mut messages = Messages::default();
        values.iter().try_for_each(|value| messages.add(value.clone()))?;
        Ok(messages)
    }

    #[test]
    fn keeps_changes_of_state_and_not_every_byte() {
        let moving = |id: &str, current: u64| json!({"id": id, "status": "Downloading", "progressDetail": {"current": current}});
        let read = messages(&[
            json!({"status": "Pulling from app", "id": "1"}),
            moving("a", 1),
            moving("b", 1),
            moving("a", 2),
            moving("b", 2),
            json!({"id": "a", "status": "Pull complete"}),
            json!({"status": "Digest: sha256:1"}),
            json!({"aux": {"Tag": "1"}, "progressDetail": {}}),
        ])
        .unwrap();
        assert_eq!(
            read.log(),
            [
                "1: Pulling from app",
                "a: Downloading",
                "b: Downloading",
                "a: Pull complete",
                "Digest: sha256:1"
            ]
        );
        assert_eq!(read.after("Digest: "), Some("sha256:1"));
        assert_eq!(read.facts().collect::<Vec<_>>(), [&json!({"Tag": "1"})]);
        assert_eq!(read.into_values().len(), 6);
    }

    #[test]
    fn a_message_says_how_far_a_layer_is() {
        let layer = |status, detail: Value| json!({"id": "a", "status": status, "progressDetail": detail});
        let of = |part, text, bytes, total, is_done| Some(Progress { part, text, bytes, total, is_done });
        let moving = json!({"current": 5, "total": 10});
        for (message, expected) in [
            (layer("Downloading", moving.clone()), of("a", "Downloading", Some(5), Some(10), false)),
            (
                layer("Extracting", json!({"current": 3, "units": "s"})),
                of("a", "Extracting", None, None, false),
            ),
            (
                layer("Downloading", json!({"current": 5, "total": -1})),
                of("a", "Downloading", Some(5), None, false),
            ),
            (layer("Pull complete", json!({})), of("a", "Pull complete", None, None, true)),
            (
                layer("Mounted from team/base", Value::Null),
                of("a", "Mounted from team/base", None, None, true),
            ),
            (layer("Loading layer", moving), of("a", "Loading layer", Some(5), Some(10), false)),
            (
                layer("Loading layer", json!({"current": 10, "total": 10})),
                of("a", "Loading layer", Some(10), Some(10), true),
            ),
            (json!({"status": "Pulling from app", "id": "1"}), of("", "Pulling from app", None, None, false)),
            (json!({"stream": "STEP 1/2: FROM x\n"}), of("", "STEP 1/2: FROM x\n", None, None, false)),
            (json!({"stream": "its output"}), None),
            (json!({"aux": {"Tag": "1"}}), None),
            (json!([]), None),
        ] {
            assert_eq!(progress(&message), expected, "{message}");
        }
    }

    #[test]
    fn lines_may_come_in_pieces() {
        let texts = ["Step 1/2 : FROM scratch\n", "\n", "hel", "lo\nwor", "ld", "\u{1b}[91m!\n\u{1b}[0m"];
        let read = messages(&texts.map(|text| json!({"stream": text}))).unwrap();
        assert_eq!(read.log(), ["Step 1/2 : FROM scratch", "hello", "world!"]);
    }

    #[test]
    fn an_error_line_is_a_failure() {
        let detail = json!({"errorDetail": {"message": "no such host"}, "error": "x"});
        let error = messages(&[json!({"status": "Pulling"}), detail]).unwrap_err();
        assert_eq!(error.to_string(), "[failed] The engine says: no such host.");
        let error = messages(&[
            json!({"stream": "Step 1/2 : FROM scratch\n"}),
            json!({"stream": "Step 2/2 : RUN false\n"}),
            json!({"stream": " ---> Running in 1\n"}),
            json!({"stream": "oh\nno\n"}),
            json!({"error": "returned a non-zero code: 1"}),
        ]);
        assert_eq!(
            error.unwrap_err().message(),
            "Step 2/2 : RUN false failed. The engine says: returned a non-zero code: 1. The end of its output: oh | no"
        );
    }

    #[test]
    fn podman_shouts_its_steps() {
        let error = messages(&[
            json!({"stream": "STEP 1/2: FROM scratch\n"}),
            json!({"stream": "STEP 2/2: RUN false\n"}),
            json!({"stream": "oh no\n"}),
            json!({"error": "building at STEP \"RUN false\": exit status 1\n"}),
        ]);
        let error = error.unwrap_err();
        let message = error.message();
        assert!(message.starts_with("STEP 2/2: RUN false failed. The engine says: building"), "{message}");
        assert!(message.ends_with("The end of its output: oh no"), "{message}");
    }

    #[test]
    fn keeps_the_end_of_very_much() {
        let line = json!({"stream": format!("{}\n", "x".repeat(10_000))});
        let mut values = vec![line; 300];
        values.push(json!({"stream": "the end\n"}));
        let read = messages(&values).unwrap();
        assert!(read.is_truncated() && read.size <= MOST_KEPT);
        assert_eq!(read.log().last().unwrap(), "the end");
    }
}
