//! `list_isolated`: every container that is isolated by a record on the engine, and what of it is not as it should be.

use serde_json::{Value, json};

use super::{
    evidence::holder::{self, Holder},
    suspect::Suspect,
};
use crate::{
    Error, Operation, Output, Schema, View,
    declare::result::TEXTS,
    run::{
        call::Call,
        isolation::{self, Undo},
        objects::text,
        trim::{FIELDS, MAX_ITEMS, trimmed},
    },
};

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("list_isolated", "/volumes")
    .title("List Isolated Containers")
    .about("Lists the isolated containers, and says where their state differs from their isolation record.")
    .params(&[FIELDS, MAX_ITEMS])
    .gives(Schema::List(&Schema::All(&[
        Schema::Fields(&[
            "id",
            "name",
            "since",
            "method",
            "case_id",
            "reason",
            "status",
            "cut",
            "consistent",
        ]),
        Schema::Field("inconsistent", &TEXTS),
        Schema::Field("undo", &Schema::Object),
    ])))
    .columns(&["id", "name", "since", "method", "status", "consistent"])
    .shows(View::Isolation)
    .run(list)];

fn list(call: &Call<'_>) -> Result<Output, Error> {
    let records = isolation::all(call)?;
    let listed = records.iter().map(|undo| described(call, undo)).collect::<Result<Vec<_>, _>>()?;
    Ok(trimmed(json!(listed).into(), &call.arguments))
}

fn described(call: &Call<'_>, undo: &Undo) -> Result<Value, Error> {
    let suspect = match Suspect::look(call, undo.container()) {
        Ok(suspect) => Some(suspect),
        Err(error) if error.status() == Some(404) => None,
        Err(error) => return Err(error),
    };
    let inconsistent = inconsistent(undo, suspect.as_ref());
    let record = undo.shown();
    Ok(json!({
        "id": undo.container(),
        "name": suspect.as_ref().map_or(undo.name(), Suspect::name),
        "since": undo.at(),
        "method": record["method"],
        "case_id": record["case_id"],
        "reason": record["reason"],
        "status": suspect.as_ref().map_or("removed", Suspect::status),
        "cut": suspect.as_ref().map(Suspect::is_cut),
        "consistent": inconsistent.is_empty(),
        "inconsistent": inconsistent,
        "undo": record,
    }))
}

/// What is not as an isolation leaves it.
fn inconsistent(undo: &Undo, suspect: Option<&Suspect>) -> Vec<String> {
    let Some(suspect) = suspect else {
        return vec![
            "The container is gone. Its record can be removed: remove_volume, with override_isolation."
                .into(),
        ];
    };
    if undo.is_for_evidence() {
        return match holder::of(undo) {
            Holder::Gone => vec!["It was paused for its evidence, and the collection was cut off: release_container lets it run on, and so does collect_evidence, which starts again.".into()],
            Holder::AtWork | Holder::Unknown => Vec::new(),
        };
    }
    let mut found = Vec::new();
    let networks: Vec<&str> = suspect.open_places().map(|place| text(&place.network, "Name")).collect();
    if !networks.is_empty() {
        found.push(format!("It is in {}: isolate it again.", networks.join(", ")));
    }
    if suspect.policy() != "no" && !suspect.is_removed_when_it_ends() {
        found.push(format!("Its restart policy is {}: isolate it again.", suspect.policy()));
    }
    if undo.shown()["method"] == "freeze" && suspect.is_active() {
        found.push("It was frozen and runs: isolate it again.".into());
    }
    if suspect.is_running() && suspect.container["State"]["StartedAt"] != undo.shown()["started_at"] {
        found.push("It was started again since: its memory is lost.".into());
    }
    found
}
