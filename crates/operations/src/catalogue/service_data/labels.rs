//! Changing the labels of a secret or config. Nothing else of them can change.

use super::Sort;
use crate::{
    Error, Output,
    catalogue::labels,
    declare::arguments::Arguments,
    run::{call::Call, swarm_update::Versioned},
};

pub(super) fn validate(arguments: &Arguments) -> Result<(), Error> {
    match labels::are_given(arguments) {
        true => Ok(()),
        false => Err(Error::fault("one of Labels, labels_add and labels_remove must be given")),
    }
}

/// `POST /secrets/{id}/update` and `POST /configs/{id}/update`.
pub(super) fn update(call: &Call<'_>) -> Result<Output, Error> {
    let sort = Sort::of(call);
    let id = call.arguments.text("id").unwrap_or_default();
    let updated = Versioned::of(&sort.path[1..], id)?.update(call, Ok, |found| {
        let mut spec = found["Spec"].clone();
        let present = spec["Labels"].as_object().cloned().unwrap_or_default();
        let labels = labels::changed(&call.arguments, present.clone());
        spec["Labels"] = labels.clone().into();
        Ok((labels != present).then_some(spec))
    })?;
    let noun = sort.noun;
    Ok(match updated.spec {
        Some(_) => call.done(&format!("Updated the labels of {noun} {{id}}"), false),
        None => call.done(&format!("The labels of {noun} {{id}} were already up to date"), true),
    })
}
