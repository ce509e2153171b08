//! New join tokens.

use serde_json::{Map, Value};

use super::settings::rotating;
use crate::{
    Error, Output, Param,
    declare::{arguments::Arguments, param::flag},
    run::{call::Call, swarm_update::Versioned},
};

/// Which tokens, and where the engine gives them.
pub(super) const WHICH: [Param; 2] = [
    flag("rotateWorkerToken")
        .title("Worker Token")
        .about("Create a new token for workers. The old one becomes invalid at once.")
        .default("true"),
    flag("rotateManagerToken")
        .title("Manager Token")
        .about("Create a new token for managers. The old one becomes invalid at once.")
        .default("true"),
];
const FIELDS: [&str; 2] = ["Worker", "Manager"];

pub(super) fn validate(arguments: &Arguments) -> Result<(), Error> {
    match WHICH.iter().any(|param| arguments.is_on(param)) {
        true => Ok(()),
        false => Err(Error::fault("rotateWorkerToken or rotateManagerToken must be on")),
    }
}

/// `POST /swarm/update` with the present specification.
pub(super) fn rotate(call: &Call<'_>) -> Result<Output, Error> {
    let finish = |request| Ok(rotating(&call.arguments, &WHICH, request));
    Versioned::swarm().update(call, finish, |swarm| Ok(Some(swarm["Spec"].clone())))?;
    let swarm = call.look("/swarm").map_err(|error| {
        error.and("The tokens were rotated. Inspect Swarm shows them, if it is asked to.")
    })?;
    let mut tokens = Map::new();
    for (param, field) in WHICH.iter().zip(FIELDS) {
        let token =
            if call.arguments.is_on(param) { swarm["JoinTokens"][field].clone() } else { Value::Null };
        tokens.insert(field.into(), token);
    }
    let mut result = call.outcome_fields("Rotated the join tokens", false);
    result.insert("JoinTokens".into(), tokens.into());
    Ok(result.into())
}
