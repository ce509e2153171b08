//! The labels of a swarm's objects, as updates change them: all at once, or by pairs as Docker's command line does.

use serde_json::{Map, Value};

use crate::{
    Param, Secrecy,
    declare::{
        arguments::Arguments,
        param::{list, map},
    },
};

pub(crate) const LABELS: Param = map("Labels")
    .secret(Secrecy::Values)
    .title("Labels")
    .about("These labels replace all labels that the object has.")
    .local();
pub(crate) const ADD_LABELS: Param = map("labels_add")
    .secret(Secrecy::Values)
    .title("Add Labels")
    .about("Labels to add or change, such as team=shop. Other labels stay.")
    .local();
pub(crate) const REMOVE_LABELS: Param =
    list("labels_remove").title("Remove Labels").about("The names of labels to remove.").local();

/// Whether the call changes labels.
pub(crate) fn are_given(arguments: &Arguments) -> bool {
    [LABELS, ADD_LABELS, REMOVE_LABELS].iter().any(|param| arguments.get(param).is_some())
}

/// The labels as the parameters want them.
pub(crate) fn changed(arguments: &Arguments, mut labels: Map<String, Value>) -> Map<String, Value> {
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
