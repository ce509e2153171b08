//! Removing a secret or config. The engine keeps what a service uses, and says so with 400.

use serde_json::json;

use super::{Sort, users};
use crate::{Error, Output, catalogue::dry_run, run::call::Call};

/// `DELETE /secrets/{id}` and `DELETE /configs/{id}`.
pub(super) fn remove(call: &Call<'_>) -> Result<Output, Error> {
    let sort = Sort::of(call);
    let noun = sort.noun;
    match call.send(call.request()?) {
        Ok(_) => Ok(call.done(&format!("Removed {noun} {{id}}"), false)),
        Err(error) if error.status() == Some(404) && error.is_after_a_lost_answer() => {
            Ok(call.done(&format!("Removed {noun} {{id}}"), false))
        }
        Err(error) if error.status() == Some(400) => Err(explained(call, sort, error)),
        Err(error) => Err(error),
    }
}

/// What a removal would do.
pub(super) fn dry_run(call: &Call<'_>) -> Result<Output, Error> {
    let sort = Sort::of(call);
    let found = call.look(&format!("{}/{{id}}", sort.path))?;
    let services = users::users(call, sort, &[found["ID"].as_str().unwrap_or_default()])?;
    let names: Vec<&str> = services.iter().map(users::name).collect();
    let obstacles: Vec<String> =
        names.first().map(|_| format!("it is used by {}", names.join(", "))).into_iter().collect();
    let found = json!({"name": found["Spec"]["Name"], "services": names});
    Ok(dry_run::said(call, &format!("{} {{id}}", sort.noun), &obstacles, found))
}

/// Names the services that use it. The engine's own text names some.
fn explained(call: &Call<'_>, sort: &Sort, error: Error) -> Error {
    let found = || -> Result<Vec<String>, Error> {
        let found = call.look(&format!("{}/{{id}}", sort.path))?;
        let services = users::users(call, sort, &[found["ID"].as_str().unwrap_or_default()])?;
        Ok(services.iter().map(|service| users::name(service).to_owned()).collect())
    };
    match found() {
        Ok(names) if !names.is_empty() => error.and(&format!(
            "Services that use it: {}. Remove it from them with update_service, or replace it with rotate_{}.",
            names.join(", "),
            sort.noun
        )),
        _ => error,
    }
}
