//! Changing the labels of a secret or config. Nothing else of them can change.

use serde_json::{Map, Value};

use super::{ADD_LABELS, LABELS, REMOVE_LABELS, Sort};
use crate::{
    Error, Output,
    declare::arguments::Arguments,
    run::{call::Call, swarm_update::Versioned},
};

/// `POST /secrets/{id}/update` and `POST /configs/{id}/update`.
pub(super) fn update(call: &Call<'_>) -> Result<Output, Error> {
    let sort = Sort::of(call);
    if [LABELS, ADD_LABELS, REMOVE_LABELS].iter().all(|param| call.arguments.get(param).is_none()) {
        return Err(Error::fault("one of Labels, labels_add and labels_remove must be given"));
    }
    let id = call.arguments.text("id").unwrap_or_default();
    let updated = Versioned::of(&sort.path[1..], id)?.update(call, Ok, |found| {
        let mut spec = found["Spec"].clone();
        let present = spec["Labels"].as_object().cloned().unwrap_or_default();
        let labels = changed(&call.arguments, present.clone());
        spec["Labels"] = labels.clone().into();
        Ok((labels != present).then_some(spec))
    })?;
    let noun = sort.noun;
    Ok(match updated.spec {
        Some(_) => call.done(&format!("Updated the labels of {noun} {{id}}"), false),
        None => call.done(&format!("The labels of {noun} {{id}} were already so"), true),
    })
}

/// The labels as the parameters want them.
fn changed(arguments: &Arguments, mut labels: Map<String, Value>) -> Map<String, Value> {
    let given = |param| arguments.get(param).and_then(Value::as_object).cloned();
    if let Some(all) = given(LABELS) {
        labels = all;
    }
    labels.extend(given(ADD_LABELS).unwrap_or_default());
    for name in arguments.texts(REMOVE_LABELS) {
        labels.shift_remove(name);
    }
    labels
}
