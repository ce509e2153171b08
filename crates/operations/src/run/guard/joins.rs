//! What the body of a new container or service joins: namespaces and volumes of other containers.
//!
//! The body is checked as it is sent, and full ids take the place of names in it.

use serde_json::Value;

use super::{look, needs, rules::Rules};
use crate::{
    Error,
    declare::target::NAMESPACE,
    run::{call::Call, objects::items},
    values::names::folded,
};

/// Refuses a new container or service that would join what a protected container has for its own. `within` leads to the object
/// that holds the mounts: `HostConfig`, or a service's `TaskTemplate.ContainerSpec`.
pub(crate) fn check(call: &Call<'_>, body: &mut Value, within: &[&str]) -> Result<(), Error> {
    if !call.configuration.policy().protects() {
        return Ok(());
    }
    let mut volumes = Vec::new();
    for object in objects(body, within) {
        for (field, value) in object.as_object_mut().into_iter().flatten() {
            match (folded(field).as_str(), value) {
                ("volumesfrom", value) => {
                    for item in value.as_array_mut().into_iter().flatten() {
                        aim_volumes_from(call, item)?;
                    }
                }
                ("binds", value) => {
                    volumes.extend(items(value).filter_map(Value::as_str).filter_map(written_bind));
                }
                ("mounts", value) => volumes.extend(items(value).filter_map(written_mount)),
                // `NetworkMode`, `PidMode`, `IpcMode`, and whatever comes to be written so.
                (_, Value::String(mode)) => {
                    if let Some(named) = mode.strip_prefix(NAMESPACE) {
                        *mode = format!("{NAMESPACE}{}", joined(call, named)?);
                    }
                }
                _ => {}
            }
        }
    }
    if volumes.is_empty() {
        return Ok(());
    }
    let protected = needs::protected(call)?;
    volumes.iter().try_for_each(|source| {
        needs::refuse(&format!("volume {source}"), &protected, |container| container.mounts(source))
    })
}

/// The full id of a container whose namespace can be joined.
fn joined(call: &Call<'_>, named: &str) -> Result<String, Error> {
    let (id, container) = look::container(call, named)?;
    Rules::of(call).refuse(&container, named)?;
    Ok(id)
}

/// `CONTAINER` or `CONTAINER:MODE`. To read another container's volumes is allowed.
fn aim_volumes_from(call: &Call<'_>, item: &mut Value) -> Result<(), Error> {
    let Some(text) = item.as_str() else { return Ok(()) };
    let (named, mode) = text.split_once(':').map_or((text, None), |(named, mode)| (named, Some(mode)));
    let is_read_only = mode.is_some_and(|mode| mode.split(',').any(|word| word == "ro"));
    let (id, container) = look::container(call, named)?;
    if !is_read_only {
        Rules::of(call).refuse(&container, named)?;
    }
    *item = mode.map_or(id.clone(), |mode| format!("{id}:{mode}")).into();
    Ok(())
}

/// The source of `SOURCE:TARGET[:OPTIONS]`, unless it is mounted to be read only.
fn written_bind(bind: &str) -> Option<String> {
    let mut parts = bind.split(':');
    let (source, _target) = (parts.next()?, parts.next()?);
    let is_read_only = parts.flat_map(|options| options.split(',')).any(|word| word == "ro");
    (!is_read_only).then(|| source.to_owned())
}

fn written_mount(mount: &Value) -> Option<String> {
    let field = |name: &str| {
        let mut fields = mount.as_object().into_iter().flatten();
        fields.find(|(field, _)| folded(field) == name).map(|(_, value)| value)
    };
    let is_read_only = field("readonly").is_some_and(|value| *value == true);
    field("source").and_then(Value::as_str).filter(|_| !is_read_only).map(str::to_owned)
}

/// The objects of these names, in any spelling that Go takes.
fn objects<'b>(body: &'b mut Value, within: &[&str]) -> Vec<&'b mut Value> {
    let mut found = vec![body];
    for name in within {
        let fields = found.into_iter().filter_map(Value::as_object_mut).flatten();
        found = fields.filter(|(field, _)| folded(field) == folded(name)).map(|(_, value)| value).collect();
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_to_is_known_by_its_source() {
        for (bind, source) in [
            ("data:/data", Some("data")),
            ("data:/data:rw,z", Some("data")),
            ("/srv:/srv", Some("/srv")),
            ("data:/data:ro", None),
            ("data:/data:z,ro", None),
            ("/data", None),
        ] {
            assert_eq!(written_bind(bind).as_deref(), source, "{bind}");
        }
        assert_eq!(written_mount(&json!({"Type": "volume", "source": "data"})).as_deref(), Some("data"));
        assert_eq!(written_mount(&json!({"Source": "data", "ReadOnly": true})), None);
        assert_eq!(written_mount(&json!({"Source": "data", "ReadOnly": false})).as_deref(), Some("data"));
    }

    #[test]
    fn an_object_is_found_in_every_spelling() {
        let mut body =
            json!({"HostConfig": {"a": 1}, "hostconfig": {"a": 2}, "ho\u{17f}tConfig": {"a": 3}, "Host": {}});
        assert_eq!(objects(&mut body, &["HostConfig"]).len(), 3);
        assert_eq!(objects(&mut json!([]), &["HostConfig"]).len(), 0);
    }
}
