//! The tasks of a service, as the engine lists them.

use engine::{Path, Request};
use serde_json::{Value, json};

use crate::{
    Error,
    run::{call::Call, objects::items},
};

/// The tasks of the service of this id that match further filters.
pub(super) fn tasks(call: &Call<'_>, service: &str, further: &[(&str, &str)]) -> Result<Vec<Value>, Error> {
    let mut filters = json!({"service": [service]});
    for (name, value) in further {
        filters[*name] = json!([value]);
    }
    let request = Request::get(Path::fixed("/tasks")).query("filters", &filters.to_string());
    let listed = call.send(request)?.json()?;
    // The filter also takes services whose names begin so.
    Ok(items(&listed).filter(|task| task["ServiceID"] == service).cloned().collect())
}

/// What state a task is in.
pub(super) fn state(task: &Value) -> &str {
    task["Status"]["State"].as_str().unwrap_or("unknown")
}

/// Whether a task, in this state, has ended for good.
pub(super) fn is_over(state: &str) -> bool {
    matches!(state, "complete" | "shutdown" | "failed" | "rejected" | "remove" | "orphaned")
}
/// What a task is called: the service's name with its slot, or with its node where each has one.
pub(super) fn name(service: &str, task: &Value) -> String {
    match task["Slot"].as_u64().filter(|slot| *slot > 0) {
        Some(slot) => format!("{service}.{slot}"),
        None => format!("{service}.{}", task["NodeID"].as_str().unwrap_or("?")),
    }
}
