//! `release_container`: brings an isolated container back to what its undo record says it was.
//!
//! Only configuration is replayed, by network id, while the container is paused: it never sees a network missing. What cannot be
//! had is found out before, since an engine that refuses half-way leaves interfaces that nobody can take off again. The record
//! goes last of all.

use std::time::Instant;

use engine::{Path, Request, Segment};
use serde_json::{Map, Value, json};

use super::{
    evidence::holder::{self, Holder},
    isolate::{LIMIT, check_time, named},
    pause::{of, pause, tolerate, unpause},
    restoration::{Restoration, compare, compare_ports},
    suspect::Suspect,
};
use crate::{
    Effect, Error, Kind, Operation, Output, Param, Schema, Secrecy, View,
    declare::{
        param::{CONTAINER, DRY_RUN, flag, object},
        result::{TEXTS, case},
        states::CONTAINER_STATE,
        target::Touch,
    },
    run::{
        call::Call,
        isolation::{self, Found, UNTRUSTED, Undo},
        objects::text,
    },
};

const UNDO: Param = object("undo")
    .secret(Secrecy::Within)
    .title("Undo Record")
    .about(
        "The undo record from the result of isolate_container. If empty, the record on the engine is used.",
    )
    .local();
const RESUME_PARTIAL: Param = flag("resume_partial")
    .title("Resume if Partial")
    .about("Unpause the container even if not everything could be restored. Otherwise it stays paused.")
    .local();

const FOUND: Schema = Schema::All(&[
    Schema::Fields(&["result", "id", "outcome"]),
    Schema::Field("before", &CONTAINER_STATE),
    Schema::Field("restored", &TEXTS),
    Schema::Field("differs", &Schema::List(&Schema::Fields(&["what", "was", "is", "why", "conflict"]))),
    Schema::Field("warnings", &TEXTS),
]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("release_container", "/containers/{id}/unpause")
    .title("Release Container")
    .about("Undoes an isolation: reconnects the container to its networks, restores its restart policy, and unpauses it.")
    .effect(Effect::Contain)
    .touches(&[Touch::Resumed("id")])
    .params(&[CONTAINER, UNDO, RESUME_PARTIAL, LIMIT, DRY_RUN])
    .gives(Schema::All(&[FOUND, Schema::Field("after", &CONTAINER_STATE)]))
    .gives_for(&[case("dry_run", "true", Schema::All(&[FOUND, Schema::Fields(&["dry_run"])]))])
    .dry_run(preview)
    .shows(View::Isolation)
    .run(release)];

fn preview(call: &Call<'_>) -> Result<Output, Error> {
    let suspect = named(call)?;
    let Some(undo) = undo(call, &suspect)? else { return nothing_to_do(call, &suspect, true) };
    let plan = Restoration::of(call, &suspect, &undo)?;
    let sentence = match plan.has_conflicts() {
        true => "Could release container {id} in part only",
        false => "Would release container {id}",
    };
    Ok(json!({
        "result": call.arguments.fill(sentence),
        "id": call.arguments.shown("id"),
        "outcome": "preview",
        "dry_run": true,
        "before": suspect.summary(),
        "restored": plan.connect.iter().map(|place| format!("network {}", text(place, "name"))).collect::<Vec<_>>(),
        "differs": plan.differs,
        "warnings": plan.warnings,
    })
    .into())
}

fn release(call: &Call<'_>) -> Result<Output, Error> {
    let until = Instant::now() + call.time_limit();
    let before = named(call)?;
    let id = before.id().to_owned();
    let Some(undo) = undo(call, &before)? else { return nothing_to_do(call, &before, false) };
    let mut plan = Restoration::of(call, &before, &undo)?;
    // A record that is still there is something to be done with.
    let is_recorded = given(call).is_none();
    let is_already =
        !is_recorded && plan.connect.is_empty() && plan.differs.is_empty() && is_as_it_was(&before, &undo);
    let found = before.summary();
    let after = replay(call, before, &undo, &mut plan, until).map_err(|error| {
        error.and("The container may be released in part. Make the same call again to continue. The record still exists.")
    })?;
    let outcome = match (plan.has_conflicts(), is_already) {
        (true, _) => "partial",
        (false, true) => "already",
        (false, false) => "done",
    };
    if outcome != "partial" {
        isolation::remove(call, &id).map_err(|error| {
            error.and("The container is released. Only its record on the engine could not be removed.")
        })?;
    }
    let sentence = match outcome {
        "partial" => "Released container {id} in part: differs says what is missing and why",
        "already" => "Container {id} was already released",
        _ => "Released container {id}",
    };
    Ok(json!({
        "result": call.arguments.fill(sentence),
        "id": call.arguments.shown("id"),
        "outcome": outcome,
        "before": found,
        "after": after.summary(),
        "restored": plan.restored,
        "differs": plan.differs,
        "warnings": plan.warnings,
    })
    .into())
}

/// The record that the call brings along, if it does.
pub(super) fn given<'c>(call: &'c Call<'_>) -> Option<&'c Value> {
    call.arguments.get(UNDO).filter(|given| given.as_object().is_some_and(|fields| !fields.is_empty()))
}

/// The record to follow: the one that was given, or else the one on the engine.
fn undo(call: &Call<'_>, suspect: &Suspect) -> Result<Option<Undo>, Error> {
    match given(call) {
        Some(given) => Undo::read(given, suspect.id()).map(Some),
        None => match isolation::find(call, suspect.id())? {
            Found::Nothing => Ok(None),
            Found::Record(undo) if undo.is_for_evidence() && holder::of(&undo) == Holder::AtWork => {
                Err(Error::new(
                    Kind::Isolated,
                    format!(
                        "The container is paused since {} while its evidence is collected, and runs on when that has ended. Nothing was done. To let it run on before, use unpause_container with override_isolation.",
                        undo.at()
                    ),
                ))
            }
            Found::Record(undo) => Ok(Some(undo)),
            Found::Untrusted => Err(Error::new(
                Kind::Failed,
                format!("{UNTRUSTED} Give the undo of isolate_container's result. Nothing was done."),
            )),
        },
    }
}

/// Without a record: the container is free already, or nobody knows what it was.
fn nothing_to_do(call: &Call<'_>, suspect: &Suspect, is_preview: bool) -> Result<Output, Error> {
    let is_cut = suspect.has_a_network() && suspect.mode() != "none" && suspect.places.is_empty();
    if is_cut || !suspect.has_a_network() && suspect.is_paused() {
        if is_preview {
            return Ok(json!({
                "result": call.arguments.fill("Could not release container {id}: there is no record of what it was"),
                "id": call.arguments.shown("id"),
                "outcome": "preview",
                "dry_run": true,
                "before": suspect.summary(),
                "restored": [],
                "differs": [],
                "warnings": ["Give the undo of isolate_container's result, or connect and unpause it by hand."],
            })
            .into());
        }
        return Err(Error::new(
            Kind::Failed,
            "The container is isolated, and the engine keeps no record of what it was before. Give the undo of isolate_container's \
             result, or connect and unpause it by hand (connect_network, unpause_container). Nothing was done.",
        ));
    }
    let mut result = json!({
        "result": call.arguments.fill("Container {id} was not isolated"),
        "id": call.arguments.shown("id"),
        "outcome": "already",
        "before": suspect.summary(),
        "restored": [],
        "differs": [],
        "warnings": [],
    });
    match is_preview {
        true => result["dry_run"] = true.into(),
        false => result["after"] = suspect.summary(),
    }
    Ok(result.into())
}

/// The steps: pause, connect, look, restart policy, unpause.
fn replay(
    call: &Call<'_>,
    before: Suspect,
    undo: &Undo,
    plan: &mut Restoration,
    until: Instant,
) -> Result<Suspect, Error> {
    let id = &before.id().to_owned();
    let had_processes = before.is_running();
    let mut now = before;
    let is_to_change = plan.has_conflicts() || !plan.connect.is_empty();
    // Podman makes no interface for a paused container.
    let pauses_first = !is_to_change || !call.is_podman();
    if is_to_change && pauses_first && now.is_active() {
        pause(call, id)?;
    } else if !pauses_first && now.is_paused() && undo.was_running() {
        unpause(call, id)?;
    }
    for place in std::mem::take(&mut plan.connect) {
        check_time(until, "not every network is connected yet")?;
        let at_its_addresses = if pauses_first { None } else { at_its_addresses(&place) };
        let mut why = None;
        for endpoint in at_its_addresses.iter().chain([&place["endpoint"]]) {
            let body = json!({"Container": id, "EndpointConfig": endpoint});
            let path = Path::fill("/networks/{id}/connect", |_| Segment::name(text(&place, "id")))?;
            let answer = call.send(Request::post(path).json(&body));
            why = answer.as_ref().err().map(|error| error.came_back().to_owned());
            tolerate(answer)?;
            now = Suspect::look(call, id)?;
            if now.open_place(text(&place, "id")).is_some() {
                break;
            }
        }
        let name = format!("network {}", text(&place, "name"));
        match now.open_place(text(&place, "id")) {
            Some(there) => {
                compare(&place, there, plan);
                plan.restored.push(name);
            }
            None => {
                let why = why.unwrap_or_else(|| {
                    "the engine answered that it had done it, and no interface is there".into()
                });
                plan.conflict(
                    &name,
                    place["observed"]["IPAddress"].clone(),
                    Value::Null,
                    &format!("The engine did not connect it: {why}."),
                );
            }
        }
    }
    let policy = undo.policy();
    if now.policy() != text(policy, "Name") && !now.is_removed_when_it_ends() {
        tolerate(
            call.send(
                Request::post(of(id, "/containers/{id}/update")?)
                    .json(&json!({"RestartPolicy": counted(policy)})),
            ),
        )?;
        now = Suspect::look(call, id)?;
        match now.policy() == text(policy, "Name") {
            true => plan.restored.push(format!("restart policy {}", text(policy, "Name"))),
            false => plan.conflict(
                "restart policy",
                policy["Name"].clone(),
                now.policy().into(),
                "The engine did not set it.",
            ),
        }
    }
    compare_ports(&now, undo, plan);
    let may_run = !plan.has_conflicts() || call.arguments.is_on(RESUME_PARTIAL);
    if may_run && now.is_paused() && undo.ran() {
        unpause(call, id)?;
        now = Suspect::look(call, id)?;
        if now.is_paused() {
            plan.conflict("state", "running".into(), "paused".into(), "The engine did not unpause it.");
        } else {
            plan.restored.push("it runs on".into());
        }
    } else if (undo.was_paused() || !may_run) && had_processes && !now.is_paused() {
        pause(call, id)?;
        now = Suspect::look(call, id)?;
    }
    Ok(now)
}

/// A place with the addresses that it had. Podman does not say which of them were chosen, so there all are asked for.
fn at_its_addresses(place: &Value) -> Option<Value> {
    let mut endpoint = place["endpoint"].clone();
    let mut addresses = Map::new();
    for (observed, chosen) in [("IPAddress", "IPv4Address"), ("GlobalIPv6Address", "IPv6Address")] {
        if let Some(address) = place["observed"][observed].as_str() {
            addresses.insert(chosen.into(), address.into());
        }
    }
    if addresses.is_empty() || endpoint["IPAMConfig"].is_object() {
        return None;
    }
    endpoint["IPAMConfig"] = addresses.into();
    Some(endpoint)
}

/// A restart policy as the engine takes it: a count only where it is one of on-failure.
fn counted(policy: &Value) -> Value {
    let mut fields = Map::from_iter([("Name".to_owned(), policy["Name"].clone())]);
    if policy["Name"] == "on-failure" {
        fields.insert("MaximumRetryCount".into(), policy["MaximumRetryCount"].clone());
    }
    fields.into()
}

/// Whether the container's state, but for its networks, is what the record says.
fn is_as_it_was(suspect: &Suspect, undo: &Undo) -> bool {
    let is_same_policy = suspect.policy() == text(undo.policy(), "Name") || suspect.is_removed_when_it_ends();
    is_same_policy && suspect.is_paused() == undo.was_paused()
}
