//! POST: slows a container down. Shows a check of one's own, a body that is not a parameter's value, and a flat result.

use engine::Request;
use serde_json::json;

use crate::{
    Effect, Error, Operation, Output,
    declare::{
        arguments::Arguments,
        param::{CONTAINER, integer},
        target::Touch,
    },
    run::call::Call,
};

/// The API counts processors in billionths.
const PROCESSOR: u64 = 1_000_000_000;

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] =
    &[Operation::post("throttle_container", "/containers/{id}/update")
        .title("Throttle Container")
        .about("Slows a container down, so that it does little harm while it is looked at.")
        .effect(Effect::Contain)
        .touches(&[Touch::Container("id")])
        .params(&[
            CONTAINER,
            integer("percent")
                .title("Percent")
                .about("The share of one processor that is left to it, from 1 to 100.")
                .default("5")
                .local(),
        ])
        .validated_by(validate)
        .run(throttle_container)];

/// Runs before anything is sent.
fn validate(arguments: &Arguments) -> Result<(), Error> {
    match arguments.integer("percent").unwrap_or_default() {
        1..=100 => Ok(()),
        percent => Err(Error::fault(format!("percent must be from 1 to 100, not {percent}"))),
    }
}

fn throttle_container(call: &Call<'_>) -> Result<Output, Error> {
    let percent = call.arguments.integer("percent").unwrap_or_default();
    let body = json!({"NanoCpus": percent * PROCESSOR / 100});
    let answer = call.send(Request::post(call.path(call.endpoint.path)?).json(&body))?.json()?;
    Ok(json!({
        "result": call.arguments.fill("Throttled container {id}"),
        "id": call.arguments.text("id"),
        "outcome": "done",
        "percent": percent,
        "warnings": answer["Warnings"].as_array().cloned().unwrap_or_default(),
    })
    .into())
}
