//! A list made small: only the fields that a playbook asks for, and only so many items.

use serde_json::{Map, Value, json};

use crate::{
    Output, Param,
    declare::{
        arguments::Arguments,
        param::{integer, list},
    },
};

/// Which fields of each item stay.
pub(crate) const FIELDS: Param = list("fields")
    .title("Fields")
    .about("Return only these fields of each item, such as Id, Names, NetworkSettings.Networks. If empty, all fields.")
    .local();
/// How many items stay.
pub(crate) const MAX_ITEMS: Param = integer("max_items")
    .title("Maximum Items")
    .about("Return only this many items from the beginning of the list. If empty, all items.")
    .local();

/// The list as the parameters want it. Without them it passes through unread, as does what is not JSON.
pub(crate) fn trimmed(output: Output, arguments: &Arguments) -> Output {
    match output {
        Output::Raw(body) if is_wanted(arguments) => match engine::parse(&body, engine::MOST_OF_A_LOOK) {
            Ok(mut items) => {
                trim(&mut items, arguments);
                Output::Value(items)
            }
            Err(_) => Output::Raw(body),
        },
        Output::Value(mut items) => {
            trim(&mut items, arguments);
            Output::Value(items)
        }
        output => output,
    }
}

/// Trims a list in place; what is not a list stays as it is.
pub(crate) fn trim(items: &mut Value, arguments: &Arguments) {
    let Value::Array(items) = items else { return };
    items.truncate(most_items(arguments));
    let paths: Vec<&str> = paths(arguments).collect();
    if !paths.is_empty() {
        for item in items {
            *item = kept(item, &paths);
        }
    }
}

/// A list's items, or an object, with these fields only: as the parameter `fields` has it.
pub fn selected(value: &Value, paths: &[&str]) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| kept(item, paths)).collect(),
        other => kept(other, paths),
    }
}

/// Whether a parameter asks for less than the whole list.
pub(crate) fn is_wanted(arguments: &Arguments) -> bool {
    [FIELDS, MAX_ITEMS].iter().any(|param| arguments.if_declared(param.name).is_some())
}

/// How many items the parameters ask for.
pub(crate) fn most_items(arguments: &Arguments) -> usize {
    let most = arguments.if_declared(MAX_ITEMS.name).and_then(Value::as_u64);
    most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX))
}

/// The fields that the parameters ask for.
pub(crate) fn paths(arguments: &Arguments) -> impl Iterator<Item = &str> {
    arguments
        .if_declared(FIELDS.name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// An item with these fields only, nested as they were, in the order in which they are asked for. A field that the item lacks
/// is null, so that a playbook can use its path for every item.
pub(crate) fn kept(item: &Value, paths: &[&str]) -> Value {
    match item {
        Value::Object(_) => {
            let mut small = Value::Object(Map::new());
            for path in paths {
                merge(&mut small, picked(item, path));
            }
            small
        }
        // A list of texts or numbers has no fields.
        other => other.clone(),
    }
}

/// The objects that lead to a field, and the field.
fn picked(from: &Value, path: &str) -> Value {
    match from {
        Value::Object(fields) => {
            let (name, rest) = split(fields, path);
            let found = fields.get(name).unwrap_or(&Value::Null);
            let field = rest.map_or_else(|| found.clone(), |rest| picked(found, rest));
            Value::Object(Map::from_iter([(name.to_owned(), field)]))
        }
        Value::Array(items) => items.iter().map(|item| picked(item, path)).collect(),
        Value::Null => path.rsplit('.').fold(Value::Null, |inner, name| json!({name: inner})),
        _ => Value::Null,
    }
}

/// The name of a field and the path beneath it. Names may hold dots themselves, as labels do: the longest name that is there
/// is meant.
fn split<'a>(fields: &Map<String, Value>, path: &'a str) -> (&'a str, Option<&'a str>) {
    if fields.contains_key(path) {
        return (path, None);
    }
    let parted = path.rmatch_indices('.').map(|(dot, _)| (&path[..dot], &path[dot + 1..]));
    let known = parted.into_iter().find(|(name, _)| fields.contains_key(*name));
    known.or(path.split_once('.')).map_or((path, None), |(name, rest)| (name, Some(rest)))
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(fields), Value::Object(more)) => {
            for (name, value) in more {
                match fields.get_mut(&name) {
                    Some(field) => merge(field, value),
                    None => drop(fields.insert(name, value)),
                }
            }
        }
        (Value::Array(items), Value::Array(more)) => {
            items.iter_mut().zip(more).for_each(|(item, value)| merge(item, value));
        }
        // One path leads into what another has taken whole.
        (_, Value::Null) => {}
        (into, more) => *into = more,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item() -> Value {
        json!({
            "Id": "1",
            "Names": ["/web"],
            "Labels": {"com.docker.compose.project": "shop", "com": {"x": 1}},
            "Mounts": [{"Source": "/a", "RW": true}, {"Source": "/b", "RW": false}],
            "NetworkSettings": {"Networks": {"n": {"IPAddress": "10.0.0.1"}}, "Other": 1},
            "SizeRw": null,
        })
    }

    #[test]
    fn fields_keep_their_place() {
        for (paths, expected) in [
            (&["Id", "Names"][..], json!({"Id": "1", "Names": ["/web"]})),
            (
                &["NetworkSettings.Networks"],
                json!({"NetworkSettings": {"Networks": {"n": {"IPAddress": "10.0.0.1"}}}}),
            ),
            (&["Mounts.Source"], json!({"Mounts": [{"Source": "/a"}, {"Source": "/b"}]})),
            (
                &["Mounts.RW", "Mounts.Source"],
                json!({"Mounts": [{"RW": true, "Source": "/a"}, {"RW": false, "Source": "/b"}]}),
            ),
            (
                &["Labels.com.docker.compose.project"],
                json!({"Labels": {"com.docker.compose.project": "shop"}}),
            ),
            (&["Labels.com.x"], json!({"Labels": {"com": {"x": 1}}})),
            (&["Nothing", "Some.Thing"], json!({"Nothing": null, "Some": {"Thing": null}})),
            (&["Id.Deeper"], json!({"Id": null})),
            (&["SizeRw"], json!({"SizeRw": null})),
        ] {
            assert_eq!(kept(&item(), paths), expected, "{paths:?}");
        }
    }

    #[test]
    fn a_part_does_not_take_away_from_the_whole() {
        let whole = json!({"Mounts": item()["Mounts"]});
        assert_eq!(kept(&item(), &["Mounts", "Mounts.Source"]), whole);
        assert_eq!(kept(&item(), &["Mounts.Source", "Mounts"])["Mounts"], item()["Mounts"]);
        assert_eq!(kept(&item(), &["Id", "Id.Deeper"]), json!({"Id": "1"}));
    }

    #[test]
    fn items_without_fields_stay() {
        assert_eq!(kept(&json!("text"), &["Id"]), json!("text"));
    }
}
