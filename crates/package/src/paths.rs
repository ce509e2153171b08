//! The paths of each operation's result, and where each comes from: for the tests, which see to it that every one occurs.

use operations::{Operation, Schema, Shape};
use serde_json::{Map, Value, json};

use crate::schema::{self, OTHERWISE};

/// By operation: its further names, and its paths by the condition of the output schema that has them. A path that the
/// declaration says has null; one of the engine's answers has its place there, such as `GET /events Actor.ID`.
pub fn paths() -> Value {
    operations::operations().map(|operation| (operation.name.to_owned(), of(operation))).collect()
}

fn of(operation: &Operation) -> Value {
    let mut schemas = Map::new();
    for case in operation.gives_for {
        schemas
            .insert(schema::condition(operation, case), collected(|paths| paths.declared("", &case.schema)));
    }
    let usual = collected(|paths| {
        match (operation.gives, operation.shape) {
            (Some(schema), _) => paths.declared("", &schema),
            (None, Shape::Done { .. }) => paths.of_skeleton("", &schema::of(operation), None),
            (None, _) => paths.answered("", &schema::request(operation)),
        }
        if let Some(subject) = operation.states() {
            paths.declared("", &subject.schema());
        }
    });
    schemas.insert(OTHERWISE.into(), usual);
    json!({"also": operation.also, "schemas": schemas})
}

fn collected(collect: impl FnOnce(&mut Paths)) -> Value {
    let mut paths = Paths(Map::new());
    collect(&mut paths);
    paths.0.into()
}

/// Paths, each with its place in an answer if it has one.
struct Paths(Map<String, Value>);

impl Paths {
    fn declared(&mut self, at: &str, schema: &Schema) {
        match schema {
            Schema::Answer(request) => self.answered(at, request),
            Schema::Field(name, schema) => {
                let inner = within(at, name);
                self.0.insert(inner.clone(), Value::Null);
                self.declared(&inner, schema);
            }
            Schema::List(item) => {
                let inner = format!("{at}[]");
                self.0.insert(inner.clone(), Value::Null);
                self.declared(&inner, item);
            }
            Schema::All(parts) => parts.iter().for_each(|part| self.declared(at, part)),
            Schema::Fields(_) | Schema::Value | Schema::Object => {
                self.of_skeleton(at, &schema::skeleton(schema), None);
            }
        }
    }

    fn answered(&mut self, at: &str, request: &str) {
        self.of_skeleton(at, &schema::endpoint(request), Some((request, "")));
    }

    /// The paths of a skeleton, with their places, if it is that of an answer: the request, and the place in its answer.
    fn of_skeleton(&mut self, at: &str, skeleton: &Value, answer: Option<(&str, &str)>) {
        let mut enter = |step: &dyn Fn(&str) -> String, part: &Value| {
            let (inner, place) = (step(at), answer.map(|(request, place)| (request, step(place))));
            let told = place.as_ref().map(|(request, place)| format!("{request} {place}"));
            self.0.insert(inner.clone(), told.into());
            self.of_skeleton(&inner, part, place.as_ref().map(|(request, place)| (*request, place.as_str())));
        };
        match skeleton {
            Value::Object(fields) => {
                fields.iter().for_each(|(name, field)| enter(&|at| within(at, name), field));
            }
            Value::Array(items) => items.iter().for_each(|item| enter(&|at| format!("{at}[]"), item)),
            _ => {}
        }
    }
}

/// The path of a field.
fn within(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_path_is_the_declarations_or_has_its_place_in_an_answer() {
        let all = paths();
        let events = &all["system_events"]["schemas"][OTHERWISE];
        assert_eq!((&events["events[]"], &events["next_since"]), (&Value::Null, &Value::Null));
        assert_eq!(events["events[].Actor.ID"], "GET /events Actor.ID");
        assert_eq!(all["ping"]["schemas"][OTHERWISE].as_object().unwrap().get("nothing"), None);
        assert_eq!(all["list_networks"]["schemas"][OTHERWISE]["[].Name"], "GET /networks [].Name");
        let prune = all["prune_volumes"]["schemas"].as_object().unwrap();
        assert_eq!(prune.len(), 2, "{prune:?}");
        assert_eq!(all["container_wait"]["also"], json!(["wait_container"]));
    }

    #[test]
    fn they_are_those_of_the_output_schemas() {
        for operation in operations::operations() {
            let (key, described) = schema::described(operation);
            let its = of(operation);
            let paths = its["schemas"][OTHERWISE].as_object().unwrap();
            let skeleton = if key == "output_schema" { described } else { schema::of(operation) };
            let mut expected = Paths(Map::new());
            expected.of_skeleton("", &skeleton, None);
            let names = |paths: &Map<String, Value>| paths.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(names(paths), names(&expected.0), "{}", operation.name);
        }
    }
}
