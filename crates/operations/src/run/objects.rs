//! What the engine's JSON says of an object: its id, its name, and the lists in it.

use serde_json::{Value, json};

/// The items of a list. `null`, which Go writes for an empty list, has none.
pub(crate) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// A field that is a text; nothing, where it is none.
pub(crate) fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

/// The id of a container, an image or a network.
pub(crate) fn id(object: &Value) -> &str {
    object["Id"].as_str().unwrap_or_default()
}

/// The name of a network or a volume, or of a container of a list.
pub(crate) fn name(listed: &Value) -> &str {
    listed["Name"].as_str().unwrap_or_else(|| own_name(listed))
}

/// The name of a container of a list. Names by which others link to it lead through theirs: `/other/alias`.
pub(crate) fn own_name(container: &Value) -> &str {
    let names = items(&container["Names"]).filter_map(Value::as_str);
    let mut names = names.map(|name| name.trim_start_matches('/'));
    names.find(|name| !name.contains('/')).unwrap_or_default()
}

/// A container of a list, in the form of an inspection.
pub(crate) fn as_inspected(listed: &Value) -> Value {
    json!({
        "Id": listed["Id"],
        "Name": own_name(listed),
        "Image": listed["ImageID"],
        "Config": {"Labels": listed["Labels"]},
    })
}
