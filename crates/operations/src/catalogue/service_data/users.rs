//! Which services use a secret or config, and how their specs name it.

use engine::{Path, Request};
use serde_json::Value;

use super::Sort;
use crate::{
    Error,
    run::{call::Call, objects::items},
};

/// The services that use one of these.
pub(super) fn users(call: &Call<'_>, sort: &Sort, ids: &[&str]) -> Result<Vec<Value>, Error> {
    let services: Value = call.send(Request::get(Path::fixed("/services")))?.json()?;
    Ok(items(&services).filter(|service| uses(sort, &service["Spec"], ids)).cloned().collect())
}

/// A service's name.
pub(super) fn name(service: &Value) -> &str {
    service["Spec"]["Name"].as_str().unwrap_or_default()
}

/// Whether a service's spec names one of these.
pub(super) fn uses(sort: &Sort, spec: &Value, ids: &[&str]) -> bool {
    let container = &spec["TaskTemplate"]["ContainerSpec"];
    let is_one = |id: &Value| id.as_str().is_some_and(|id| ids.contains(&id));
    items(&container[sort.references]).any(|reference| is_one(&reference[sort.id]))
        || sort.path == "/configs" && is_one(&container["Privileges"]["CredentialSpec"]["Config"])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{CONFIGS, SECRETS},
        *,
    };

    #[test]
    fn what_a_service_mounts_is_known_by_its_id() {
        let spec = json!({"TaskTemplate": {"ContainerSpec": {"Secrets": [{"SecretID": "old", "SecretName": "db"}]}}});
        assert!(uses(&SECRETS, &spec, &["other", "old"]));
        assert!(!uses(&CONFIGS, &spec, &["old"]) && !uses(&SECRETS, &spec, &["db"]));
        let spec =
            json!({"TaskTemplate": {"ContainerSpec": {"Privileges": {"CredentialSpec": {"Config": "old"}}}}});
        assert!(uses(&CONFIGS, &spec, &["old"]) && !uses(&SECRETS, &spec, &["old"]));
    }
}
