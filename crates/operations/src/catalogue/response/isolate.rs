//! `isolate_container`: records what a container is, freezes it, cuts it from every network, and proves it.
//!
//! The order is that of the rules in `docs/response.md`: look, record, pause, restart policy, networks, proof. Every step can be
//! repeated, so a call that was cut off is finished by the same call made again. What an answer's status says is not the result:
//! each step is followed by a look.

use std::time::{Duration, Instant};

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::{Map, Value, json};

use super::{
    evidence::{
        CASE_ID, COLLECTED, OPERATOR, REASON, Wanted, collect,
        holder::{self, Holder},
    },
    pause::{of, pause, tolerate, unpause},
    plan::{Method, Plan},
    record::record,
    suspect::{Suspect, everyone},
};
use crate::{
    Effect, Error, Kind, Operation, Output, Param, Schema, View,
    declare::{
        param::{CONTAINER, DRY_RUN, OVERRIDE_PROTECTION, choice, flag, integer},
        result::{OVERRIDDEN, TEXTS, case},
        states::CONTAINER_STATE,
        target::Touch,
    },
    run::{
        call::Call,
        isolation::{self, Found, Kept, UNTRUSTED, Undo},
        objects::text,
    },
};

const METHOD: Param = choice("method", &[("Auto", "auto"), ("Network", "network"), ("Freeze", "freeze")])
    .title("Method")
    .about("Network disconnects the container from every network and lets it run. Freeze disconnects it and keeps it paused. Auto chooses Freeze if the network is not the only way out, and Network otherwise.")
    .default("Auto")
    .local();
const RECORD: Param = flag("record_on_engine")
    .title("Record on Engine")
    .about(
        "Also store the undo record on the engine, as an empty volume, so that release_container finds it.",
    )
    .default("true")
    .local();
const EVIDENCE: Param = choice("evidence", &[("None", "none"), ("Volatile", "volatile"), ("Full", "full")])
    .title("Evidence")
    .about("What to collect while the container is paused: nothing, what is lost first (volatile), or everything that collect_evidence collects.")
    .default("None")
    .local();
pub(super) const LIMIT: Param = integer("timeout")
    .title("Time Limit (seconds)")
    .about("The call fails after this time. Make the same call again to continue.")
    .default("120")
    .local();

const FOUND: Schema = Schema::All(&[
    Schema::Fields(&["result", "id", "outcome", "method"]),
    Schema::Field("before", &CONTAINER_STATE),
    Schema::Field("not_cut", &Schema::List(&Schema::Fields(&["way", "why"]))),
    Schema::Field(
        "sharers",
        &Schema::List(&Schema::All(&[Schema::Fields(&["id", "name"]), Schema::Field("shares", &TEXTS)])),
    ),
    Schema::Field("lost", &TEXTS),
    Schema::Field("warnings", &TEXTS),
]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("isolate_container", "/containers/{id}/pause")
    .title("Isolate Container")
    .about("Disconnects a container from every network, freezes it if that is not enough, verifies the isolation, and records how to undo it.")
    .effect(Effect::Contain)
    .touches(&[Touch::Container("id")])
    .params(&[CONTAINER, METHOD, EVIDENCE, CASE_ID, REASON, OPERATOR, RECORD, LIMIT, DRY_RUN, OVERRIDE_PROTECTION])
    .gives(Schema::All(&[
        FOUND,
        Schema::Fields(&["recorded"]),
        Schema::Field("after", &CONTAINER_STATE),
        Schema::Field("proof", &Schema::Fields(&["own_network", "listed_by_no_network", "no_live_endpoint"])),
        Schema::Field("undo", &Schema::Object),
        Schema::Field("evidence", &COLLECTED),
        OVERRIDDEN,
    ]))
    .gives_for(&[case("dry_run", "true", Schema::All(&[FOUND, Schema::Fields(&["dry_run"])]))])
    .dry_run(preview)
    .shows(View::Isolation)
    .run(isolate)];

/// So long a step may take to be seen, and so often it is looked for.
const PAUSE: Duration = Duration::from_millis(100);
const SETTLING: Duration = Duration::from_secs(2);

/// `dry_run`: what would be done, and nothing is changed.
fn preview(call: &Call<'_>) -> Result<Output, Error> {
    let suspect = named(call)?;
    let plan = Plan::of(call, &suspect)?;
    let sharers = suspect.sharers(&everyone(call)?);
    let is_done = is_isolated(&suspect, plan.method);
    let sentence = match is_done {
        true => "Container {id} is already isolated",
        false => "Would isolate container {id}",
    };
    Ok(json!({
        "result": call.arguments.fill(sentence),
        "id": call.arguments.shown("id"),
        "outcome": "preview",
        "dry_run": true,
        "method": plan.method.name(),
        "before": suspect.summary(),
        "not_cut": plan.not_cut,
        "sharers": sharers,
        "lost": plan.lost,
        "warnings": plan.warnings,
    })
    .into())
}

fn isolate(call: &Call<'_>) -> Result<Output, Error> {
    let until = Instant::now() + call.time_limit();
    let mut suspect = named(call)?;
    let id = suspect.id().to_owned();
    let mut plan = Plan::of(call, &suspect)?;
    // It may be paused for its evidence only, and ran before.
    let mut held = None;
    let mut has_to_run = false;
    let standing = match isolation::find(call, &id)? {
        Found::Nothing => None,
        Found::Record(undo) if undo.is_for_evidence() => {
            // Podman cuts no paused container.
            has_to_run = suspect.is_paused() && call.is_podman();
            let is_left = holder::of(&undo) == Holder::Gone;
            if has_to_run && !is_left {
                let message = "The evidence of the container is being collected, so it is paused, and Podman cannot cut a paused container \
                               from its networks. Nothing was done. Isolate it when collect_evidence has ended.";
                return Err(Error::new(Kind::Failed, message));
            }
            if !is_left {
                plan.method = Method::Freeze;
                plan.warnings.push("Its evidence is being collected, so it stays frozen. To let it run on without a network, isolate it again when that has ended.".into());
            }
            held = Some(undo);
            None
        }
        Found::Record(undo) => Some(undo),
        Found::Untrusted => {
            plan.warnings.push(UNTRUSTED.into());
            None
        }
    };
    // A container whose mode is none was never in a network: that alone is no isolation.
    if standing.is_none() && held.is_none() && suspect.mode() != "none" && is_isolated(&suspect, plan.method)
    {
        return already_unknown(call, &suspect, plan);
    }
    let runs_on = |undo: &Undo| plan.method == Method::Network && undo.ran();
    let is_already = standing
        .as_ref()
        .is_some_and(|undo| is_isolated(&suspect, plan.method) && !(runs_on(undo) && suspect.is_paused()));
    let (undo, recorded) = match standing {
        Some(undo) => (undo, true),
        None => record_of(call, &suspect, held.as_ref(), &mut plan)?,
    };
    if has_to_run {
        unpause(call, &id)?;
        suspect = Suspect::look(call, &id)?;
    }
    let in_part = |error: Error| {
        error.and("The container may be isolated in part. Make the same call again to continue, or undo it with release_container.")
    };
    let is_asked_for_more = call.arguments.text(EVIDENCE) != Some("none");
    let mut collected = None;
    if !is_already || is_asked_for_more {
        suspect = cut(call, &id, &suspect, until).map_err(in_part)?;
        collected = evidence(call, &id, &mut plan);
        suspect = come_to_rest(call, suspect, &undo, plan.method).map_err(in_part)?;
    }
    let sharers = suspect.sharers(&everyone(call)?);
    if !sharers.is_empty() && plan.method == Method::Freeze {
        plan.warnings
            .push("The containers named in sharers use its namespaces. They are not frozen with it.".into());
    }
    let sentence = match (is_already, plan.method) {
        (true, _) => "Container {id} was already isolated",
        (false, Method::Network) => "Cut container {id} from every network",
        (false, Method::Freeze) => "Froze container {id} and cut it from every network",
    };
    let before = json!({
        "status": undo.shown()["status"],
        "running": undo.was_running(),
        "paused": undo.was_paused(),
        "restart_policy": undo.policy()["Name"],
        "network_mode": undo.shown()["network_mode"],
        "networks": undo.networks().map(|place| text(place, "name")).collect::<Vec<_>>(),
    });
    Ok(json!({
        "result": call.arguments.fill(sentence),
        "id": call.arguments.shown("id"),
        "outcome": if is_already { "already" } else { "done" },
        "method": plan.method.name(),
        "recorded": recorded,
        "before": before,
        "after": suspect.summary(),
        "proof": proof(&suspect),
        "not_cut": plan.not_cut,
        "sharers": sharers,
        "lost": if is_already { Vec::new() } else { plan.lost },
        "warnings": plan.warnings,
        "undo": undo.shown(),
        "evidence": collected,
    })
    .into())
}

/// The result for a container that is isolated, and no record says what it was before. None is invented.
fn already_unknown(call: &Call<'_>, suspect: &Suspect, mut plan: Plan) -> Result<Output, Error> {
    plan.warnings.push(
        "There is no record of its former state. To restore it, connect it with connect_network.".into(),
    );
    Ok(json!({
        "result": call.arguments.fill("Container {id} is cut from every network already, and there is no record of its former state"),
        "id": call.arguments.shown("id"),
        "outcome": "already",
        "method": plan.method.name(),
        "recorded": false,
        "before": null,
        "after": suspect.summary(),
        "proof": proof(suspect),
        "not_cut": plan.not_cut,
        "sharers": suspect.sharers(&everyone(call)?),
        "lost": [],
        "warnings": plan.warnings,
        "undo": null,
        "evidence": null,
    })
    .into())
}

/// Writes the record, before anything is changed. Where it cannot be kept, the container is contained all the same.
fn record_of(
    call: &Call<'_>,
    suspect: &Suspect,
    held: Option<&Undo>,
    plan: &mut Plan,
) -> Result<(Undo, bool), Error> {
    let mut engine: Value = call.send(Request::get(Path::fixed("/info")))?.json()?;
    if call.is_podman() {
        // It makes up another id for each answer.
        engine["ID"] = Value::Null;
    }
    let undo = record(call, suspect, &engine, plan.method.name(), held);
    if held.is_some() {
        // From here on the collection leaves the container as it is.
        isolation::remove(call, suspect.id())?;
    }
    if !call.arguments.is_on(RECORD) {
        return Ok((undo, false));
    }
    Ok(match isolation::keep(call, &undo) {
        Kept::Here => (undo, true),
        Kept::Theirs(theirs) => (theirs, true),
        Kept::Not(why) => {
            plan.warnings.push(format!("The record could not be kept on the engine: {why} Keep the undo of this result: release_container takes it."));
            (undo, false)
        }
    })
}

/// Whether everything that a method wants is so.
fn is_isolated(suspect: &Suspect, method: Method) -> bool {
    let is_cut = suspect.is_cut() || !suspect.has_a_network() && method == Method::Freeze;
    let is_still = !suspect.is_active();
    is_cut && !suspect.is_in_a_loop() && suspect.policy() == "no" && (method == Method::Network || is_still)
}

/// The steps: pause, restart policy, networks. Gives the container as it is then: cut, and standing still.
fn cut(call: &Call<'_>, id: &str, suspect: &Suspect, until: Instant) -> Result<Suspect, Error> {
    // Podman forgets the network of a paused container and leaves the interface: there the pause comes last.
    let pauses_first = !call.is_podman();
    if !pauses_first && suspect.is_paused() && !suspect.is_cut() {
        let message = "Podman cannot cut a container from its networks while it is paused. It stays paused. Unpause it \
                       (unpause_container), and isolate it at once.";
        return Err(Error::new(Kind::Failed, message));
    }
    if pauses_first && suspect.is_active() {
        pause(call, id)?;
    }
    stay_down(call, suspect)?;
    let mut now = if pauses_first { settled(call, id, until)? } else { Suspect::look(call, id)? };
    while now.has_a_network() && !now.is_cut() {
        for place in now.open_places() {
            let network = text(&place.network, "Id");
            let path = Path::fill("/networks/{id}/disconnect", |_| Segment::name(network))?;
            tolerate(call.send(Request::post(path).json(&json!({"Container": id, "Force": false}))))?;
        }
        now = Suspect::look(call, id)?;
        if !now.is_cut() {
            check_time(until, "it is still in a network")?;
            engine::sleep(PAUSE)?;
        }
    }
    if !pauses_first && now.is_active() {
        pause(call, id)?;
        now = Suspect::look(call, id)?;
    }
    // While the engine starts it again, it may refuse to change its policy.
    let soon = Instant::now() + SETTLING;
    while comes_back(&now) && Instant::now() < soon.min(until) {
        stay_down(call, &now)?;
        engine::sleep(PAUSE)?;
        now = Suspect::look(call, id)?;
    }
    if comes_back(&now) {
        let message = "The engine did not set the restart policy to no. The container is disconnected, but starts again when the engine starts.";
        return Err(Error::new(Kind::Failed, message));
    }
    Ok(now)
}

/// The last step: the container runs on, where only its networks were to be cut, or stays frozen.
fn come_to_rest(call: &Call<'_>, now: Suspect, undo: &Undo, method: Method) -> Result<Suspect, Error> {
    let id = now.id();
    let is_to_run_on = method == Method::Network && undo.ran();
    if is_to_run_on && now.is_paused() {
        unpause(call, id)?;
    } else if method == Method::Freeze && now.is_active() {
        pause(call, id)?;
    } else {
        return Ok(now);
    }
    Suspect::look(call, id)
}

/// Collects the evidence that was asked for, of a container that stands still. Where that fails, it stays frozen.
fn evidence(call: &Call<'_>, id: &str, plan: &mut Plan) -> Option<Map<String, Value>> {
    let is_full = match call.arguments.text(EVIDENCE) {
        Some("volatile") => false,
        Some("full") => true,
        _ => return None,
    };
    let wanted = Wanted::for_isolation(is_full, &call.arguments);
    match collect(call, id, &wanted) {
        Ok(collected) => Some(collected),
        Err(error) => {
            let why = error.hiding(&call.secrets());
            plan.method = Method::Freeze;
            plan.warnings.push(format!(
                "The evidence could not be collected, so the container stays frozen: {} Call collect_evidence, or this again.",
                why.message()
            ));
            None
        }
    }
}

/// Sets the restart policy to no, if it is another.
fn stay_down(call: &Call<'_>, suspect: &Suspect) -> Result<(), Error> {
    if !comes_back(suspect) {
        return Ok(());
    }
    let policy = json!({"RestartPolicy": {"Name": "no"}});
    tolerate(call.send(Request::post(of(suspect.id(), "/containers/{id}/update")?).json(&policy)))
}

/// Whether the engine may start it again. One that is removed when it ends has no policy that could be set.
fn comes_back(suspect: &Suspect) -> bool {
    suspect.policy() != "no" && !suspect.is_removed_when_it_ends()
}

/// Waits until a container that the engine starts again and again has come to rest: paused, or at its end.
fn settled(call: &Call<'_>, id: &str, until: Instant) -> Result<Suspect, Error> {
    loop {
        let now = Suspect::look(call, id)?;
        if !now.is_in_a_loop() && (!now.is_running() || now.is_paused()) {
            return Ok(now);
        }
        if now.is_active() {
            pause(call, id)?;
        }
        stay_down(call, &now)?;
        check_time(until, "the engine still starts it again and again")?;
        engine::sleep(PAUSE)?;
    }
}

pub(super) fn check_time(until: Instant, what: &str) -> Result<(), Error> {
    match Instant::now() < until {
        true => Ok(()),
        false => {
            Err(Error::new(Kind::Engine(ErrorKind::TimedOut), format!("The time limit is over, and {what}.")))
        }
    }
}

/// The three facts that prove an isolation, each by itself.
fn proof(suspect: &Suspect) -> Value {
    json!({
        "own_network": suspect.has_a_network(),
        "listed_by_no_network": suspect.places.iter().all(|place| !place.is_live),
        "no_live_endpoint": suspect.places.iter().all(|place| text(&place.settings, "EndpointID").is_empty()),
    })
}

/// The container that the parameter names.
pub(super) fn named(call: &Call<'_>) -> Result<Suspect, Error> {
    Suspect::look(call, call.arguments.text("id").unwrap_or_default())
}
