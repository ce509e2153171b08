//! An answer that becomes the result: in memory as far as a result may be that large, and in a file beyond.

use bytes::Bytes;
use engine::{ErrorKind, JsonLines, Reply, Request};
use serde_json::{Value, json};

use crate::{
    Error, Kind, Output,
    run::{call::Call, oversize::Spill, trim},
};

/// No answer that is asked for as data is larger, in bytes: neither in memory, where results have no bound, nor in a file.
pub(crate) const LARGEST_AS_DATA: usize = 256 * 1024 * 1024;
/// What the items of a list that is trimmed may take besides four times the bound of results, in bytes.
const MOST_OF_A_LIST: usize = 36 * 1024 * 1024;

impl Call<'_> {
    /// Sends a request whose answer is the result, as it is.
    pub(crate) fn collect(&self, request: Request) -> Result<Output, Error> {
        self.receive(request, |reply| collected(reply, self.configuration.max_result_size()))
    }

    /// Sends a request whose answer is a list, and keeps of each item what the parameters want. One item at a time is in memory
    /// as a whole.
    pub(crate) fn collect_trimmed(&self, request: Request) -> Result<Output, Error> {
        let most = self.configuration.max_result_size();
        let most = most.map_or(usize::MAX, |most| most.saturating_mul(4).saturating_add(MOST_OF_A_LIST));
        self.receive(request, |reply| trimmed(reply, self, most))
    }

    /// Sends a request and reads its answer as it comes; what fails within, of our own, is not tried again.
    pub(crate) fn receive<T>(
        &self,
        request: Request,
        read: impl Fn(&mut Reply) -> Result<Result<T, Error>, engine::Error>,
    ) -> Result<T, Error> {
        let changes = self.about_to_send(&request);
        let received = self.engine.receive(request, |reply| Ok((reply.status(), read(reply)?)));
        let ((status, read), tries) = received.map_err(|error| self.noted(error))?;
        self.changed.set(changes || self.changed.get());
        self.note(Some(status), tries);
        read
    }
}

fn collected(reply: &mut Reply, most: Option<usize>) -> Result<Result<Output, Error>, engine::Error> {
    let limit = most.unwrap_or(LARGEST_AS_DATA);
    let Some(first) = reply.chunk()? else { return Ok(Err(nothing(reply.status()))) };
    let Some(second) = reply.chunk()? else { return Ok(whole(first, reply)) };
    if !begins_json(&first) {
        return Ok(Err(no_json()));
    }
    let mut spill = Spill::new(limit);
    let mut size = 0;
    let mut next = Some(first);
    let mut after = Some(second);
    while let Some(chunk) = next {
        size += chunk.len();
        if size > LARGEST_AS_DATA {
            let message = "The answer is larger than 256 MiB. Ask for less of it.";
            return Ok(Err(Error::new(Kind::Failed, message)));
        }
        if let Err(error) = spill.add(&chunk) {
            return Ok(Err(error));
        }
        next = match after.take() {
            Some(second) => Some(second),
            None => reply.chunk()?,
        };
    }
    Ok(spill.finish())
}

/// An answer that came in one piece.
fn whole(body: Bytes, reply: &Reply) -> Result<Output, Error> {
    match body.trim_ascii() {
        [] => Err(nothing(reply.status())),
        [b'<', ..] => Err(no_json()),
        _ => Ok(Output::Raw(body)),
    }
}

fn trimmed(reply: &mut Reply, call: &Call<'_>, most: usize) -> Result<Result<Output, Error>, engine::Error> {
    let Some(first) = reply.chunk()? else { return Ok(Err(nothing(reply.status()))) };
    if first.trim_ascii() == b"null" {
        return Ok(Ok(json!([]).into()));
    }
    if !first.trim_ascii_start().starts_with(b"[") {
        return Ok(Err(no_list()));
    }
    let mut lines = JsonLines::default();
    let mut items: Vec<Value> = Vec::new();
    let (mut kept, wanted) = (0, trim::most_items(&call.arguments));
    let paths: Vec<&str> = trim::paths(&call.arguments).collect();
    let mut next = Some(first);
    while let Some(chunk) = next {
        // What is not wanted any more is only read to its end, so that the connection serves the next call.
        if items.len() < wanted {
            lines.push(&chunk);
            while items.len() < wanted
                && let Some(item) = lines.next_value()?
            {
                let item = if paths.is_empty() { item } else { trim::kept(&item, &paths) };
                kept += heft(&item);
                if kept > most {
                    let message = "The list is too large for a playbook's data. Ask for fewer fields, or for fewer items (max_items).";
                    return Ok(Err(Error::new(Kind::Failed, message)));
                }
                items.push(item);
            }
        }
        next = reply.chunk()?;
    }
    if items.len() < wanted {
        lines.finish()?;
    }
    Ok(Ok(Value::from(items).into()))
}

/// What a value takes in memory, in bytes, about.
pub(crate) fn heft(value: &Value) -> usize {
    const SLOT: usize = 160;
    const LEAST: usize = 400;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => SLOT,
        Value::String(text) => SLOT + text.len(),
        Value::Array(items) => SLOT + LEAST + items.iter().map(heft).sum::<usize>(),
        Value::Object(fields) => {
            SLOT + LEAST + fields.iter().map(|(name, value)| name.len() + SLOT + heft(value)).sum::<usize>()
        }
    }
}

fn begins_json(body: &[u8]) -> bool {
    body.trim_ascii_start().first().is_none_or(|first| b"{[\"".contains(first))
}

fn nothing(status: u16) -> Error {
    let message = format!("the engine answered {status} with nothing, where it should answer with JSON");
    engine::Error::new(ErrorKind::Protocol, message)
        .hint("Check any proxy on the way. Podman also answers like this to parameters that it does not support")
        .into()
}

fn no_list() -> Error {
    engine::Error::new(ErrorKind::Protocol, "the answer is not a list")
        .hint("Check that a Docker Engine listens at this address")
        .into()
}

fn no_json() -> Error {
    engine::Error::new(ErrorKind::Protocol, "the answer is not JSON")
        .hint("Check that a Docker Engine listens at this address")
        .into()
}
