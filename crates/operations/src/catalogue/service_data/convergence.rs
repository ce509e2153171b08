//! Waits until a service has converged.

use std::time::{Duration, Instant};

use engine::{Path, Request, Segment};
use serde_json::{Value, json};

use crate::{
    Error, Kind,
    run::{call::Call, objects::items},
};

const PAUSE: Duration = Duration::from_millis(300);

/// Waits until all tasks of the service's present spec run and its update is over.
pub(super) fn converge(call: &Call<'_>, id: &str, end: Instant) -> Result<(), Error> {
    let path = Path::fill("/services/{id}", |_| Segment::name(id))?;
    let filters = json!({"service": [id], "_up-to-date": ["true"]}).to_string();
    loop {
        let service: Value = call.send(Request::get(path.clone()))?.json()?;
        let update = service["UpdateStatus"]["State"].as_str().unwrap_or_default();
        if let "paused" | "rollback_started" | "rollback_paused" | "rollback_completed" = update {
            let why = service["UpdateStatus"]["Message"].as_str().unwrap_or_default();
            return Err(Error::new(Kind::Failed, format!("its update is {update}: {why}")));
        }
        let tasks: Value =
            call.send(Request::get(Path::fixed("/tasks")).query("filters", &filters))?.json()?;
        let wanted: Vec<&Value> = items(&tasks).filter(|task| task["DesiredState"] == "running").collect();
        let running = wanted.iter().filter(|task| task["Status"]["State"] == "running").count();
        let desired = service["Spec"]["Mode"]["Replicated"]["Replicas"].as_u64();
        let is_global = service["Spec"]["Mode"].get("Global").is_some();
        let is_running = match desired {
            Some(desired) => running as u64 >= desired,
            None => running == wanted.len() && !(is_global && wanted.is_empty()),
        };
        if is_running && update != "updating" {
            return Ok(());
        }
        if Instant::now() >= end {
            let why = items(&tasks).find_map(|task| task["Status"]["Err"].as_str()).unwrap_or("no error");
            return Err(Error::new(
                Kind::Failed,
                format!("not converged within the time limit: {running} tasks run; {why}"),
            ));
        }
        engine::sleep(PAUSE)?;
    }
}
