//! Reads a stream of JSON that may never end: so many values, or what had come at the time limit.

use engine::{ErrorKind, JsonLines, Request};
use serde_json::Value;

use crate::{Error, call::Call};

/// What a stream has given.
#[derive(Debug, Default)]
pub(crate) struct Values {
    pub(crate) values: Vec<Value>,
    /// Whether the time limit ended it.
    pub(crate) timed_out: bool,
}

impl Values {
    /// Sends a request and reads its answer to the end, or until there are `most` values or the call's time is used up.
    pub(crate) fn read(call: &Call<'_>, request: Request, most: usize) -> Result<Self, Error> {
        let limit = call.time_limit();
        let mut body = call.stream(request.silence(limit).deadline(limit))?.into_body();
        let mut lines = JsonLines::default();
        let mut read = Self::default();
        while read.values.len() < most {
            match body.chunk() {
                Ok(Some(chunk)) => lines.push(&chunk),
                Ok(None) => {
                    read.values.extend(lines.finish()?);
                    break;
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    read.timed_out = true;
                    break;
                }
                Err(error) => return Err(error.into()),
            }
            while let Some(value) = lines.next_value()? {
                read.values.push(value);
            }
        }
        read.values.truncate(most);
        Ok(read)
    }
}
