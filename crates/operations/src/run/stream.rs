//! Reads a stream of JSON that may never end: so many values, or what had come at the time limit.

use engine::{Body, ErrorKind, JsonLines, Request};
use serde_json::Value;

use crate::{Error, Kind, run::call::Call};

/// What a stream has given.
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(crate) items: Vec<Value>,
    /// Whether the time limit ended it.
    pub(crate) timed_out: bool,
    /// Whether it ended within a value, which is left out.
    pub(crate) cut: bool,
}

impl Values {
    /// Sends a request and reads its answer to the end, or until there are `most` values or the call's time is used up. Each
    /// is shown as it comes.
    pub(crate) fn read(
        call: &Call<'_>,
        request: Request,
        most: usize,
        shown: impl FnMut(&Value),
    ) -> Result<Self, Error> {
        let limit = call.time_limit();
        Self::of(call.stream(request.silence(limit).deadline(limit))?.into_body(), most, shown)
    }

    /// Reads an answer so.
    pub(crate) fn of(mut body: Body, most: usize, mut shown: impl FnMut(&Value)) -> Result<Self, Error> {
        let mut lines = JsonLines::default();
        let mut read = Self::default();
        while read.items.len() < most {
            match body.chunk() {
                Ok(Some(chunk)) => lines.push(&chunk),
                Ok(None) => {
                    read.cut = lines.is_within_a_value();
                    let last = lines.finish().ok().flatten();
                    read.items.extend(last.inspect(&mut shown));
                    break;
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    read.timed_out = true;
                    read.cut = lines.is_within_a_value();
                    break;
                }
                Err(error) => return Err(error.into()),
            }
            while read.items.len() < most
                && let Some(value) = lines.next_value()?
            {
                shown(&value);
                read.items.push(value);
            }
            if lines.taken() > engine::MOST_OF_A_LOOK {
                let message = "The engine says more than can be held in memory. Ask for less: for fewer events, or for a shorter time.";
                return Err(Error::new(Kind::Failed, message));
            }
        }
        Ok(read)
    }
}
