//! Settings of a service that came later than the oldest API version. An engine drops a setting silently that the version of
//! the request does not have, and answers 200. So a call that would lose one is refused.

use engine::{ApiVersion, ErrorKind};
use serde_json::Value;

use crate::{Error, Kind, run::call::Call};

/// The first version that has a setting, and where it stands; `[]` is each item of a list.
const SETTINGS: &[(ApiVersion, &str)] = &[
    (ApiVersion::new(1, 40), "TaskTemplate.ContainerSpec.Sysctls"),
    (ApiVersion::new(1, 40), "TaskTemplate.ContainerSpec.Privileges.CredentialSpec.Config"),
    (ApiVersion::new(1, 40), "TaskTemplate.ContainerSpec.Configs.[].Runtime"),
    (ApiVersion::new(1, 40), "TaskTemplate.Placement.MaxReplicas"),
    (ApiVersion::new(1, 41), "TaskTemplate.ContainerSpec.CapabilityAdd"),
    (ApiVersion::new(1, 41), "TaskTemplate.ContainerSpec.CapabilityDrop"),
    (ApiVersion::new(1, 41), "TaskTemplate.ContainerSpec.Ulimits"),
    (ApiVersion::new(1, 41), "TaskTemplate.Resources.Limits.Pids"),
    (ApiVersion::new(1, 41), "Mode.ReplicatedJob"),
    (ApiVersion::new(1, 41), "Mode.GlobalJob"),
    (ApiVersion::new(1, 42), "TaskTemplate.ContainerSpec.Mounts.[].BindOptions.CreateMountpoint"),
    (ApiVersion::new(1, 44), "TaskTemplate.ContainerSpec.Mounts.[].BindOptions.ReadOnlyNonRecursive"),
    (ApiVersion::new(1, 44), "TaskTemplate.ContainerSpec.Mounts.[].BindOptions.ReadOnlyForceRecursive"),
    (ApiVersion::new(1, 44), "TaskTemplate.ContainerSpec.Healthcheck.StartInterval"),
    (ApiVersion::new(1, 44), "TaskTemplate.ContainerSpec.Privileges.NoNewPrivileges"),
    (ApiVersion::new(1, 44), "TaskTemplate.ContainerSpec.Privileges.Seccomp"),
    (ApiVersion::new(1, 44), "TaskTemplate.ContainerSpec.Privileges.AppArmor"),
    (ApiVersion::new(1, 45), "TaskTemplate.ContainerSpec.Mounts.[].VolumeOptions.Subpath"),
    (ApiVersion::new(1, 46), "TaskTemplate.ContainerSpec.Mounts.[].TmpfsOptions.Options"),
    (ApiVersion::new(1, 46), "TaskTemplate.ContainerSpec.OomScoreAdj"),
    (ApiVersion::new(1, 48), "TaskTemplate.ContainerSpec.Mounts.[].ImageOptions"),
    (ApiVersion::new(1, 52), "TaskTemplate.Resources.SwapBytes"),
    (ApiVersion::new(1, 52), "TaskTemplate.Resources.MemorySwappiness"),
];

/// The version to read and write specifications with: the newest that the engine and the connector know. One that the
/// configuration pins could lose what the service has; it counts where the engine does not tell its own.
pub(super) fn version(call: &Call<'_>) -> Result<ApiVersion, Error> {
    let spoken = call.engine.api_version()?;
    match call.engine.newest_version() {
        Ok(newest) => Ok(newest.max(spoken)),
        Err(error) if error.kind() == ErrorKind::Interrupted => Err(error.into()),
        Err(_) => Ok(spoken),
    }
}

/// Refuses a specification with settings that a request of this version would lose.
pub(super) fn refuse_lost(spec: &Value, version: ApiVersion) -> Result<(), Error> {
    let is_lost = |(since, path): &&(ApiVersion, &str)| *since > version && is_set(spec, path);
    let lost: Vec<String> = SETTINGS
        .iter()
        .filter(is_lost)
        .map(|(since, path)| format!("{} needs API {since}", path.replace(".[]", "[]")))
        .collect();
    if lost.is_empty() {
        return Ok(());
    }
    let message = format!(
        "{}, and the request would speak {version}: the engine would drop it and not say so. Nothing was done. Leave it out, or upgrade the \
         engine. If api_version is set in the configuration, leave it empty.",
        lost.join(", ")
    );
    Err(Error::new(Kind::Engine(ErrorKind::Unsupported), message))
}

/// Whether something stands at a path that is not what Go has for nothing.
fn is_set(value: &Value, path: &str) -> bool {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let inner: Vec<&Value> = match name {
        "[]" => value.as_array().into_iter().flatten().collect(),
        name => value.get(name).into_iter().collect(),
    };
    inner.into_iter().any(|value| match (rest, value) {
        (Some(rest), value) => is_set(value, rest),
        (None, Value::Null | Value::Bool(false)) => false,
        (None, Value::Number(number)) => number.as_f64() != Some(0.0),
        (None, Value::String(text)) => !text.is_empty(),
        (None, Value::Array(items)) => !items.is_empty(),
        // An empty object is a mode, or says that something is there.
        (None, Value::Bool(true) | Value::Object(_)) => true,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_setting_is_refused_below_its_version_only() {
        let spec = json!({
            "Mode": {"GlobalJob": {}},
            "TaskTemplate": {
                "ContainerSpec": {
                    "OomScoreAdj": -5, "Ulimits": [], "Privileges": {"NoNewPrivileges": false},
                    "Mounts": [{"Target": "/a"}, {"TmpfsOptions": {"Options": [["noexec"]]}}],
                },
                "Resources": {"Limits": {"Pids": 0}},
            },
        });
        let told = |minor| refuse_lost(&spec, ApiVersion::new(1, minor)).map_err(|error| error.to_string());
        let old = told(40).unwrap_err();
        for name in [
            "Mode.GlobalJob needs API 1.41",
            "ContainerSpec.OomScoreAdj needs",
            "Mounts[].TmpfsOptions.Options needs",
        ] {
            assert!(old.contains(name), "{old}");
        }
        for name in ["Ulimits", "NoNewPrivileges", "Pids"] {
            assert!(!old.contains(name), "{old}");
        }
        assert!(!told(41).unwrap_err().contains("GlobalJob"));
        assert_eq!(told(46), Ok(()));
    }
}
