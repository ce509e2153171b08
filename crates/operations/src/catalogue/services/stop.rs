//! Stopping a service, and letting it go on: a way to contain one, with all its tasks on all nodes, that can be undone.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{
    SERVICE,
    change::Change,
    replicas::{self, STOPPED, Stop},
    tasks_of::{is_over, state, tasks},
};
use crate::{
    Effect, Error, Operation, Output, Param, Schema,
    declare::{
        operation::always,
        param::{OVERRIDE_ISOLATION, OVERRIDE_PROTECTION, TIME_LIMIT},
        result::{DONE, OVERRIDDEN},
        target::Touch,
    },
    run::{call::Call, progress::Watch, swarm_update::Updated},
};

const PAUSE: Duration = Duration::from_millis(300);

const LIMIT: Param = TIME_LIMIT.about(
    "How long to wait until the tasks have ended. If empty, the configuration's timeout applies. Each task may take the service's stop grace period.",
);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::post("stop_service", "/services/{id}/update")
        .title("Stop Service")
        .about("Stops all tasks of a service on all nodes, and keeps the service. A label of the service keeps the number of tasks, so that Resume Service can start them again.")
        .effect(Effect::Contain)
        .touches(&[Touch::Service("id")])
        .params(&[SERVICE, LIMIT, OVERRIDE_PROTECTION, OVERRIDE_ISOLATION])
        .upsets_isolation(always)
        .gives(Schema::All(&[
            DONE,
            Schema::Fields(&["former", "running", "timed_out"]),
            OVERRIDDEN,
        ]))
        .run(stop),
    Operation::post("resume_service", "/services/{id}/update")
        .title("Resume Service")
        .about("Starts the tasks of a service again that Stop Service stopped. To wait until they are running, use Wait for Service.")
        .effect(Effect::Contain)
        .touches(&[Touch::Service("id")])
        .params(&[SERVICE, OVERRIDE_PROTECTION])
        .gives(Schema::All(&[DONE, Schema::Fields(&["former"]), OVERRIDDEN]))
        .run(resume),
];

pub(crate) fn stop(call: &Call<'_>) -> Result<Output, Error> {
    let end = Instant::now() + call.time_limit();
    let (updated, former) = change(call, replicas::stop)?;
    let is_already = former.is_none();
    let running = wait_for_the_end(call, &updated, end)?;
    let sentence = match (is_already, running) {
        (true, 0) => "Service {id} was already stopped".to_owned(),
        (false, 0) => "Stopped service {id}".to_owned(),
        (_, running) => format!("Service {{id}} is to stop, and {running} of its tasks have not ended yet"),
    };
    let mut result = call.outcome_fields(&sentence, is_already);
    let kept = &updated.spec.as_ref().unwrap_or(&updated.before["Spec"])["Labels"][STOPPED];
    result.insert("former".into(), kept.clone());
    result.insert("running".into(), running.into());
    result.insert("timed_out".into(), (running > 0).into());
    Ok(result.into())
}

pub(crate) fn resume(call: &Call<'_>) -> Result<Output, Error> {
    let (_, former) = change(call, replicas::resume)?;
    let is_already = former.is_none();
    let sentence = if is_already { "Service {id} was not stopped" } else { "Resumed service {id}" };
    let mut result = call.outcome_fields(sentence, is_already);
    result.insert("former".into(), former.into());
    Ok(result.into())
}

/// Makes the change, and gives what the service had, if there was anything to change.
fn change(
    call: &Call<'_>,
    change: fn(&mut Value) -> Result<Stop, Error>,
) -> Result<(Updated, Option<String>), Error> {
    let mut former = None;
    let updated = Change::of(call)?.make(|_, spec| {
        former = match change(spec)? {
            Stop::Already => None,
            Stop::Changed(former) => Some(former),
        };
        Ok(())
    })?;
    Ok((updated, former))
}

/// Waits until no task of the service is alive; gives how many still are at the end.
fn wait_for_the_end(call: &Call<'_>, updated: &Updated, end: Instant) -> Result<usize, Error> {
    let id = updated.before["ID"].as_str().unwrap_or_default();
    let mut watch = Watch::of(call);
    loop {
        let alive = tasks(call, id, &[])?;
        let alive = alive.iter().filter(|task| !is_over(state(task))).count();
        if let Some(watch) = &mut watch {
            watch.note(&crate::Progress {
                text: &format!("{alive} tasks have not ended yet"),
                ..crate::Progress::default()
            });
        }
        let left = end.saturating_duration_since(Instant::now());
        if alive == 0 || left.is_zero() {
            return Ok(alive);
        }
        engine::sleep(PAUSE.min(left))?;
    }
}
