//! The manifest: what each member of the archive is, where it came from and when, and what is missing.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    clock::utc,
    collection::{Asked, Item, Missing},
};

/// The name of the archive's one list of contents, and of its signature.
pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const SIGNATURE: &str = "manifest.sig";
/// What a manifest says it is.
pub(crate) const FORMAT: &str = "fortisoar-docker-evidence/1";

/// A manifest's text: whoever verifies it writes it anew, so that it has one form.
pub(crate) fn text(manifest: &Value) -> Vec<u8> {
    let mut text = format!("{manifest:#}").into_bytes();
    text.push(b'\n');
    text
}

pub(super) fn item(item: &Item) -> Value {
    let mut fields = Map::new();
    let mut say = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    say("name", item.name.as_str().into());
    say("kind", item.kind.into());
    asked(&mut say, &item.asked, Some(item.status));
    say("bytes", item.kept.size.into());
    say("sha256", item.kept.sha256.as_str().into());
    say("method", item.kept.method.word().into());
    say("stored_bytes", item.kept.stored.into());
    say("stored_sha256", item.kept.stored_sha256.as_str().into());
    say("complete", item.why.is_none().into());
    say("why", item.why.as_deref().into());
    item.more.iter().for_each(|(name, value)| say(name, value.clone()));
    fields.into()
}

pub(super) fn missing(missing: &Missing) -> Value {
    let mut fields = Map::new();
    let mut say = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    say("kind", missing.kind.into());
    say("what", missing.what.as_str().into());
    say("why", missing.why.as_str().into());
    if let Some((sent, status)) = &missing.asked {
        asked(&mut say, sent, *status);
    }
    fields.into()
}

fn asked(say: &mut impl FnMut(&str, Value), asked: &Asked, status: Option<u16>) {
    say("request", asked.request.as_str().into());
    say("status", status.into());
    say("started", utc(asked.started).into());
    say("ended", utc(asked.ended).into());
    say("container_state", asked.state.as_str().into());
}

/// The events of the container in what the engine remembers since the collection began; those that the collection itself makes
/// are told apart, as far as their kind tells it.
pub(super) fn events(log: &[Value], id: &str) -> Value {
    /// What the requests of a collection leave in the engine's memory.
    const OWN: &[&str] = &[
        "top",
        "pause",
        "unpause",
        "archive-path",
        "export",
        "mount",
        "unmount",
        "exec_create",
        "exec_start",
        "exec_die",
    ];
    let is_its = |event: &&Value| {
        event["Actor"]["ID"] == id || event["Actor"]["Attributes"]["container"] == id || event["id"] == id
    };
    let told = |event: &Value| {
        let action = event["Action"].as_str().unwrap_or_default();
        let nanoseconds = event["timeNano"].as_i64().unwrap_or_default();
        json!({
            "time": Timestamp::from_nanosecond(nanoseconds.into()).ok().map(utc),
            "type": event["Type"],
            "action": action,
            "of_a_kind_that_collecting_makes": OWN.contains(&action.split(':').next().unwrap_or_default()),
        })
    };
    log.iter().filter(is_its).map(told).collect()
}
