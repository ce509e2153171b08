//! Makes the request that a declaration and its checked parameters describe.

use std::time::Duration;

use engine::{Path, Request, Segment};
use serde_json::{Map, Value, map::Entry};

use crate::{
    Error, Kind, Param, Place, ValueKind,
    declare::{
        arguments::Arguments,
        endpoint::{Endpoint, Method, placeholders},
    },
    values::names::folded,
};

/// The request to an endpoint. `timeout` is the configuration's; a grace period is added to it.
pub(crate) fn request(
    endpoint: Endpoint,
    arguments: &Arguments,
    timeout: Duration,
) -> Result<Request, Error> {
    let path = path(endpoint.path, arguments)?;
    let method = match endpoint.method {
        Method::Get => engine::Method::GET,
        Method::Head => engine::Method::HEAD,
        Method::Post => engine::Method::POST,
        Method::Put => engine::Method::PUT,
        Method::Delete => engine::Method::DELETE,
    };
    let mut request = Request::new(method, path);
    for (name, value) in query(endpoint.path, arguments) {
        request = match value {
            Value::Array(items) => {
                items.iter().fold(request, |request, item| request.query(name, &text(item)))
            }
            value => request.query(name, &text(value)),
        };
    }
    let grace: u64 = arguments
        .iter()
        .filter(|(param, _)| param.extends_deadline)
        .filter_map(|(_, value)| value.as_u64())
        .sum();
    if grace > 0 {
        let bound = timeout.saturating_add(Duration::from_secs(grace));
        request = request.silence(bound).deadline(bound);
    }
    Ok(if has_body(arguments.declared()) { request.json(&body(arguments)?) } else { request })
}

/// A path with the parameters that it names in braces.
pub(crate) fn path(template: &str, arguments: &Arguments) -> Result<Path, engine::Error> {
    Path::fill(template, |placeholder| segment(arguments, placeholder))
}

/// Whether a body has no field.
pub(crate) fn is_empty(body: &Value) -> bool {
    body.as_object().is_none_or(Map::is_empty)
}

/// The JSON body that the parameters describe.
pub(crate) fn body(arguments: &Arguments) -> Result<Value, Error> {
    let (body, faults) = assembled(arguments);
    if faults.is_empty() { Ok(body) } else { Err(Error::faults(Kind::InvalidParameters, &faults)) }
}

/// What the parameters set twice, to different values.
pub(crate) fn clashes(arguments: &Arguments) -> Vec<String> {
    assembled(arguments).1
}

fn assembled(arguments: &Arguments) -> (Value, Vec<String>) {
    let (mut body, mut faults) = (Value::Object(Map::new()), Vec::new());
    for (param, value) in arguments.iter().filter(|(param, _)| param.place == Place::Body) {
        merge_at(&mut body, leaf(param, value), "", &mut faults);
    }
    for (_, value) in arguments.iter().filter(|(param, _)| param.place == Place::Merged) {
        faults.extend(other_spellings(&body, value));
        merge_at(&mut body, value.clone(), "", &mut faults);
    }
    (body, faults)
}

/// The engine reads the names of a body's fields without regard to case: another spelling would override the field that
/// was checked.
fn other_spellings(body: &Value, additional: &Value) -> Option<String> {
    let names = |value| Value::as_object(value).into_iter().flat_map(Map::keys);
    let clash = names(additional)
        .find(|name| names(body).any(|other| other != *name && folded(other) == folded(name)));
    clash.map(|name| format!("{name} is another spelling of a field that is set already"))
}

/// A parameter's value within the objects that lead to it.
pub(crate) fn leaf(param: &Param, value: &Value) -> Value {
    param
        .body_path()
        .rev()
        .fold(value.clone(), |value, name| Value::Object(Map::from_iter([(name.into(), value)])))
}

/// Merges fields into others, object by object. What both set to different values is refused.
pub(crate) fn merge(into: &mut Value, from: Value) -> Result<(), Error> {
    let mut faults = Vec::new();
    merge_at(into, from, "", &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(Error::faults(Kind::InvalidParameters, &faults)) }
}

/// Whether an operation with these parameters has a JSON body.
pub(crate) fn has_body(params: &[Param]) -> bool {
    params.iter().any(|param| param.place == Place::Body)
}

fn query<'a>(path: &'static str, arguments: &'a Arguments) -> Vec<(&'a str, &'a Value)> {
    let has_body = has_body(arguments.declared());
    let mut query = Vec::new();
    for (param, value) in arguments.iter() {
        match param.place {
            Place::Query if placeholders(path).any(|name| name == param.name) => {}
            Place::Query => query.push((param.wire_name(), value)),
            Place::Merged if !has_body => {
                query.extend(
                    value
                        .as_object()
                        .into_iter()
                        .flatten()
                        .filter(|(_, value)| !value.is_null())
                        .map(|(name, value)| (name.as_str(), value)),
                );
            }
            Place::Merged | Place::Body | Place::Local => {}
        }
    }
    query
}

fn segment(arguments: &Arguments, name: &str) -> Result<Segment, engine::Error> {
    let value = arguments.text(name).unwrap_or_default();
    match arguments.declared().iter().find(|param| param.name == name).map(|param| param.kind) {
        Some(ValueKind::Reference) => Segment::reference(value),
        _ => Segment::name(value),
    }
}

/// A value in a query: text as it is, all else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn merge_at(into: &mut Value, from: Value, at: &str, faults: &mut Vec<String>) {
    match (into, from) {
        (Value::Object(present), Value::Object(fields)) => {
            for (name, value) in fields {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                match present.entry(name) {
                    Entry::Vacant(vacant) => {
                        vacant.insert(value);
                    }
                    Entry::Occupied(mut occupied) => merge_at(occupied.get_mut(), value, &path, faults),
                }
            }
        }
        (present, value) if *present == value => {}
        _ => faults.push(format!(
            "{at} is set twice, to different values (by a parameter of its own and by a JSON one)"
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Operation,
        declare::param::{ADDITIONAL_FIELDS, CONTAINER, flag, integer, list, object, text},
        run::validate::validated,
    };

    const CREATE: Operation = Operation::post("try", "/containers/{id}/try").params(&[
        CONTAINER,
        flag("shared_size").wire("shared-size"),
        list("names"),
        integer("t").extends_deadline(),
        text("Hostname").body(),
        object("HostConfig").body(),
        integer("memory").wire("Memory").within("HostConfig"),
        ADDITIONAL_FIELDS,
    ]);

    fn arguments(given: Value) -> Arguments {
        validated(&CREATE, given.as_object().unwrap()).unwrap()
    }

    #[test]
    fn puts_each_parameter_in_its_place() {
        let arguments = arguments(json!({
            "id": "web", "shared_size": false, "names": "a,b", "t": 0, "Hostname": "h", "memory": 5,
            "additional_fields": {"HostConfig": {"CpuShares": 2}, "Env": ["A=1"]},
        }));
        assert_eq!(
            query(CREATE.path, &arguments)
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>(),
            ["shared-size=false", "names=[\"a\",\"b\"]", "t=0"]
        );
        assert_eq!(
            body(&arguments).unwrap(),
            json!({"Hostname": "h", "HostConfig": {"Memory": 5, "CpuShares": 2}, "Env": ["A=1"]})
        );
        request(CREATE.endpoint(), &arguments, Duration::from_secs(1)).unwrap();
    }

    #[test]
    fn merges_what_does_not_clash() {
        let merged =
            body(&arguments(json!({"id": "web", "memory": 5, "HostConfig": {"Memory": 5, "Init": true}})));
        assert_eq!(merged.unwrap(), json!({"HostConfig": {"Memory": 5, "Init": true}}));
    }

    #[test]
    fn refuses_another_spelling() {
        let given = json!({"id": "web", "Hostname": "a", "additional_fields": {"hostname": "b"}});
        let error = validated(&CREATE, given.as_object().unwrap());
        assert!(error.unwrap_err().to_string().contains("hostname is another spelling"));
    }

    #[test]
    fn refuses_a_clash() {
        let given = json!({"id": "web", "memory": 5, "additional_fields": {"HostConfig": {"Memory": 6}}});
        let error = validated(&CREATE, given.as_object().unwrap());
        assert!(error.unwrap_err().to_string().contains("HostConfig.Memory"));
        body(&arguments(
            json!({"id": "web", "memory": 5, "additional_fields": {"HostConfig": {"Memory": 5}}}),
        ))
        .unwrap();
    }
}
