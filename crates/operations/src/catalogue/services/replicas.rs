//! How many tasks a service has, and how to stop it: a label then keeps what it had.

use serde_json::{Value, json};

use crate::Error;

/// The label of a service that `stop_service` has stopped: its former number of tasks, or `global`.
pub(super) const STOPPED: &str = "fsr-docker.stopped";
/// The constraint that no node meets, of a global service that is stopped.
const NOWHERE: &str = "node.id==stopped-by-fsr-docker";
/// What the label says of a global service.
const GLOBAL: &str = "global";

/// Sets the number of tasks in the API's `Mode`. `false` where it has none.
pub(super) fn set(mode: &mut Value, replicas: u64) -> bool {
    for (kind, field) in [("Replicated", "Replicas"), ("ReplicatedJob", "TotalCompletions")] {
        if mode[kind].is_object() {
            mode[kind][field] = replicas.into();
            return true;
        }
    }
    false
}

/// Sets the number of tasks of a service. One that was stopped runs again, unless it is to have none.
pub(super) fn scale(spec: &mut Value, replicas: u64) -> Result<(), Error> {
    if !set(&mut spec["Mode"], replicas) {
        return Err(Error::fault(
            "replicas is for a replicated service, and this one is global: one task runs on each node",
        ));
    }
    if replicas > 0 {
        take_label(spec);
    }
    Ok(())
}

/// How a service stands that is to be stopped, or to go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It was already up to date.
    Already,
    /// It is changed; this is what it had, or has again: a number of tasks, or `global`.
    Changed(String),
}

/// Takes a service's tasks away.
pub(super) fn stop(spec: &mut Value) -> Result<Stop, Error> {
    let mode = &mut spec["Mode"];
    if let Some(replicas) =
        mode["Replicated"].as_object().map(|mode| mode.get("Replicas").and_then(Value::as_u64))
    {
        let replicas = replicas.unwrap_or(1);
        if replicas == 0 {
            return Ok(Stop::Already);
        }
        mode["Replicated"]["Replicas"] = 0.into();
        return Ok(label(spec, replicas.to_string()));
    }
    if !mode["Global"].is_object() {
        return Err(Error::fault(
            "the service is a job: remove_service ends it, and it cannot be stopped for a while",
        ));
    }
    let constraints = &mut spec["TaskTemplate"]["Placement"]["Constraints"];
    let mut list = constraints.as_array().cloned().unwrap_or_default();
    if list.iter().any(|constraint| constraint == NOWHERE) {
        return Ok(Stop::Already);
    }
    list.push(NOWHERE.into());
    *constraints = list.into();
    Ok(label(spec, GLOBAL.into()))
}

/// Gives a service back the tasks that [`stop`] took away.
pub(super) fn resume(spec: &mut Value) -> Result<Stop, Error> {
    let Some(former) = spec["Labels"][STOPPED].as_str().map(str::to_owned) else {
        let has_none = spec["Mode"]["Replicated"]["Replicas"] == 0;
        return match has_none {
            false => Ok(Stop::Already),
            true => Err(Error::fault(
                "the service has no replicas, and no label says how many it had: stop_service has not stopped it. scale_service sets them",
            )),
        };
    };
    if former == GLOBAL {
        if let Some(constraints) = spec["TaskTemplate"]["Placement"]["Constraints"].as_array_mut() {
            constraints.retain(|constraint| constraint != NOWHERE);
        }
    } else {
        let replicas: u64 = former.parse().map_err(|_| {
            Error::fault("the label fsr-docker.stopped of the service holds no number of replicas. scale_service sets them")
        })?;
        // Somebody may have scaled it meanwhile.
        if spec["Mode"]["Replicated"]["Replicas"] == 0 {
            spec["Mode"]["Replicated"]["Replicas"] = replicas.into();
        }
    }
    take_label(spec);
    Ok(Stop::Changed(former))
}

fn label(spec: &mut Value, former: String) -> Stop {
    if !spec["Labels"].is_object() {
        spec["Labels"] = json!({});
    }
    spec["Labels"][STOPPED] = former.as_str().into();
    Stop::Changed(former)
}

fn take_label(spec: &mut Value) {
    if let Some(labels) = spec["Labels"].as_object_mut() {
        labels.remove(STOPPED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stopped_comes_back_as_it_was() {
        for spec in [
            json!({"Labels": {"a": "1"}, "Mode": {"Replicated": {"Replicas": 3}}, "TaskTemplate": {}}),
            json!({"Labels": {}, "Mode": {"Global": {}}, "TaskTemplate": {"Placement": {"Constraints": ["a==b"]}}}),
        ] {
            let mut changed = spec.clone();
            assert!(matches!(stop(&mut changed), Ok(Stop::Changed(_))));
            assert!(changed["Labels"][STOPPED].is_string());
            assert_eq!(stop(&mut changed).unwrap(), Stop::Already);
            assert!(matches!(resume(&mut changed), Ok(Stop::Changed(_))));
            assert_eq!(changed, spec);
            assert_eq!(resume(&mut changed).unwrap(), Stop::Already);
        }
    }

    #[test]
    fn what_cannot_be_stopped_or_resumed_is_said() {
        assert!(stop(&mut json!({"Mode": {"GlobalJob": {}}})).is_err());
        let mut scaled = json!({"Labels": null, "Mode": {"Replicated": {"Replicas": 0}}});
        assert_eq!(stop(&mut scaled).unwrap(), Stop::Already);
        assert!(resume(&mut scaled).is_err());
        assert!(scale(&mut json!({"Mode": {"Global": {}}}), 2).is_err());
    }

    #[test]
    fn a_service_that_is_scaled_is_stopped_no_more() {
        let mut spec = json!({"Labels": {}, "Mode": {"Replicated": {"Replicas": 3}}});
        stop(&mut spec).unwrap();
        scale(&mut spec, 5).unwrap();
        assert_eq!(spec, json!({"Labels": {}, "Mode": {"Replicated": {"Replicas": 5}}}));
    }
}
