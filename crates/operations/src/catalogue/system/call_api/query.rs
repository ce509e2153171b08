//! The query of a call.

use serde_json::{Map, Value, json};

use crate::{
    Error, ValueKind,
    declare::arguments::Arguments,
    values::{normalise, scalar},
};

/// The query's names and values: a list repeats its name, an object (filters) is JSON.
pub(super) fn query(arguments: &Arguments) -> Result<Vec<(String, String)>, Error> {
    let mut fields = arguments.get("query").cloned().unwrap_or_default();
    if !fields.is_object() && !fields.is_null() {
        fields = normalise(ValueKind::Map, &fields)
            .map_err(|expected| Error::fault(format!("query {expected}")))?
            .unwrap_or_default();
    }
    let mut query = Vec::new();
    for (name, value) in fields.as_object().into_iter().flatten() {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            Value::Null => &[],
            value => std::slice::from_ref(value),
        };
        let text = |value: &Value| scalar(value).unwrap_or_else(|_| value.to_string());
        query.extend(values.iter().map(|value| (name.clone(), text(value))));
    }
    Ok(query)
}

/// Gives the query one form: an object, with a list for each name.
pub(super) fn settle(arguments: &mut Arguments, query: &[(String, String)]) {
    let mut settled = Map::new();
    for (name, value) in query {
        if let Value::Array(values) = settled.entry(name).or_insert_with(|| json!([])) {
            values.push(value.as_str().into());
        }
    }
    arguments.set("query", settled.into());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::system::call_api::OPERATIONS, run::validate::validated};

    #[test]
    fn a_query_may_repeat_and_nest() {
        let given = json!({"method": "GET", "path": "/x", "query": {"all": true, "t": ["a", 2], "none": null, "filters": {"status": ["exited"]}}});
        let arguments = validated(&OPERATIONS[0], given.as_object().unwrap()).unwrap();
        let query = query(&arguments).unwrap();
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(query, ["all=true", "t=a", "t=2", "filters={\"status\":[\"exited\"]}"]);
    }
}
