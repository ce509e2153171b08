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

/// Puts another in their place. The file in the containers stays as it is.
pub(super) fn replace(sort: &Sort, spec: &mut Value, ids: &[&str], (id, name): (&str, &str)) {
    let is_one = |value: &Value| value.as_str().is_some_and(|value| ids.contains(&value));
    let Some(container) = spec.pointer_mut("/TaskTemplate/ContainerSpec") else { return };
    for reference in container.get_mut(sort.references).and_then(Value::as_array_mut).into_iter().flatten() {
        if is_one(&reference[sort.id]) {
            reference[sort.id] = id.into();
            reference[sort.name] = name.into();
        }
    }
    if sort.path == "/configs"
        && let Some(config) = container.pointer_mut("/Privileges/CredentialSpec/Config")
        && is_one(config)
    {
        *config = id.into();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        super::{CONFIGS, SECRETS},
        *,
    };

    #[test]
    fn the_file_keeps_its_name() {
        let file = json!({"Name": "password", "UID": "5", "GID": "0", "Mode": 292});
        let mut spec = json!({"TaskTemplate": {"ContainerSpec": {"Secrets": [
            {"File": file, "SecretID": "old", "SecretName": "db"},
            {"File": {"Name": "other"}, "SecretID": "x", "SecretName": "other"},
        ]}}});
        assert!(uses(&SECRETS, &spec, &["old"]) && !uses(&CONFIGS, &spec, &["old"]));
        replace(&SECRETS, &mut spec, &["old"], ("new", "db-v2"));
        assert!(!uses(&SECRETS, &spec, &["old"]));
        let secrets = &spec["TaskTemplate"]["ContainerSpec"]["Secrets"];
        assert_eq!(secrets[0], json!({"File": file, "SecretID": "new", "SecretName": "db-v2"}));
        assert_eq!(secrets[1]["SecretID"], "x");
    }

    #[test]
    fn a_config_can_be_a_credential_spec() {
        let mut spec = json!({"TaskTemplate": {"ContainerSpec": {
            "Configs": [{"Runtime": {}, "ConfigID": "old", "ConfigName": "gmsa"}],
            "Privileges": {"CredentialSpec": {"Config": "old"}},
        }}});
        replace(&CONFIGS, &mut spec, &["old"], ("new", "gmsa-v2"));
        assert_eq!(
            spec["TaskTemplate"]["ContainerSpec"],
            json!({
                "Configs": [{"Runtime": {}, "ConfigID": "new", "ConfigName": "gmsa-v2"}],
                "Privileges": {"CredentialSpec": {"Config": "new"}},
            })
        );
    }
}
