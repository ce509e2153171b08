//! Where things come from: labels with the case, the operation and the time on what the connector creates, and removals that take
//! only what carries them. Without the parameters nothing is added, and nothing more is asked.

use serde_json::{Map, Value, json};

use crate::{
    Error, Kind, Method, Operation, Param, ValueKind,
    declare::{arguments::Named, param::text},
    run::call::Call,
};

/// The labels' names.
const CASE: &str = "fortisoar.case";
const OPERATION: &str = "fortisoar.operation";
const CREATED: &str = "fortisoar.created";
/// The longest case, in bytes.
const LONGEST: usize = 200;

/// For what creates something that can have labels.
pub(crate) const CASE_ID: Param = text("case_id")
    .title("Case ID")
    .about("The incident or case. The labels fortisoar.case, fortisoar.operation and fortisoar.created then say where this comes from.")
    .placeholder("INC-2024-117")
    .local();

/// For what removes something that can have labels.
pub(crate) const ONLY_CASE: Param = text("only_case")
    .title("Only Case")
    .about("Remove only what the connector created for this case (label fortisoar.case). Anything else is refused, or stays.")
    .placeholder("INC-2024-117")
    .local();

/// Puts the labels into the arguments of what creates, and the case into those of what removes.
pub(crate) fn apply(operation: &Operation, call: &mut Call<'_>) -> Result<(), Error> {
    if let Some(case) = given(call, &CASE_ID)? {
        label(operation, call, &case)?;
    }
    if let Some(case) = given(call, &ONLY_CASE)? {
        match operation.method {
            Method::Delete => check(call, &case)?,
            _ => filter(call, &case)?,
        }
    }
    Ok(())
}

fn given(call: &Call<'_>, param: &Param) -> Result<Option<String>, Error> {
    let Some(case) = call.arguments.if_declared(param.name).and_then(Value::as_str) else { return Ok(None) };
    let case = case.trim();
    if case.len() > LONGEST || case.chars().any(char::is_control) {
        return Err(Error::fault(format!(
            "{} must be one line of at most {LONGEST} bytes, such as INC-2024-117",
            param.name
        )));
    }
    Ok(Some(case.to_owned()))
}

fn label(operation: &Operation, call: &mut Call<'_>, case: &str) -> Result<(), Error> {
    let is_labels = |param: &&Param| {
        param.kind == ValueKind::Map
            && param.body_path().eq([param.wire_name()])
            && is_labels(param.wire_name())
    };
    let Some(param) = operation.params.iter().find(is_labels) else { return Ok(()) };
    // Labels in additional_fields are merged with these, and a clash is refused.
    let mut labels = call.arguments.get(param).and_then(Value::as_object).cloned().unwrap_or_default();
    add(&mut labels, operation.name, case)?;
    call.arguments.put(param.name, labels.into());
    Ok(())
}

fn is_labels(name: &str) -> bool {
    name.eq_ignore_ascii_case("labels")
}

fn add(labels: &mut Map<String, Value>, operation: &str, case: &str) -> Result<(), Error> {
    let now = jiff::Timestamp::now().as_second();
    let created = jiff::Timestamp::from_second(now).unwrap_or_default().to_string();
    for (name, value) in [(CASE, case), (OPERATION, operation), (CREATED, created.as_str())] {
        if labels.get(name).is_some_and(|other| other != value) {
            return Err(Error::fault(format!(
                "case_id sets the label {name}, and the labels have another value for it"
            )));
        }
        labels.insert(name.to_owned(), value.into());
    }
    Ok(())
}

/// A prune takes only what has the label.
fn filter(call: &mut Call<'_>, case: &str) -> Result<(), Error> {
    let mut filters = call.arguments.get("filters").cloned().unwrap_or_else(|| json!({}));
    let wanted = Value::from(format!("{CASE}={case}"));
    let Some(fields) = filters.as_object_mut() else {
        return Err(Error::fault("only_case cannot be used with these filters"));
    };
    match fields.entry("label").or_insert_with(|| json!([])) {
        Value::Array(labels) if labels.contains(&wanted) => {}
        Value::Array(labels) => labels.push(wanted),
        Value::Object(labels) => drop(labels.insert(format!("{CASE}={case}"), true.into())),
        other => *other = json!([other.take(), wanted]),
    }
    call.arguments.put("filters", filters);
    Ok(())
}

/// A removal takes only what has the label; what was looked at is what is removed.
fn check(call: &mut Call<'_>, case: &str) -> Result<(), Error> {
    let (look, labels, param) = match call.endpoint.path {
        "/containers/{id}" => ("/containers/{id}/json", "/Config/Labels", "id"),
        "/images/{name}" => ("/images/{name}/json", "/Config/Labels", "name"),
        "/networks/{id}" => ("/networks/{id}", "/Labels", "id"),
        "/volumes/{name}" => ("/volumes/{name}", "/Labels", "name"),
        path => (path, "/Spec/Labels", "id"),
    };
    let found = call.look(look)?;
    let of = |object: &Value, name: &str| {
        object.pointer(labels).and_then(|labels| labels[name].as_str()).map(str::to_owned)
    };
    let named = call.arguments.shown(param).unwrap_or_default().to_owned();
    let refused = |why: String| {
        Error::new(
            Kind::Failed,
            format!(
                "{named} was not created for case {case:?}: {why}. Nothing was removed. To remove it anyway, leave only_case empty."
            ),
        )
    };
    match of(&found, CASE) {
        Some(own) if own == case => {}
        Some(own) => {
            let own: String = own.chars().take(LONGEST).collect();
            return Err(refused(format!("its label {CASE} is {own:?}")));
        }
        None => return Err(refused(format!("it has no label {CASE}"))),
    }
    // A container has its image's labels, too.
    let image = found["Image"].as_str().filter(|_| call.endpoint.path == "/containers/{id}");
    if let Some(image) = image {
        let path = engine::Path::fill("/images/{id}/json", |_| engine::Segment::name(image))?;
        match call.send(engine::Request::get(path)) {
            Ok(answer) => {
                let image: Value = answer.json()?;
                if of(&image, CASE).is_some() && of(&image, CREATED) == of(&found, CREATED) {
                    return Err(refused("it has the label from its image".into()));
                }
            }
            Err(error) if error.status() == Some(404) => {}
            Err(error) => return Err(error),
        }
    }
    let full = found["Id"].as_str().or(found["ID"].as_str()).unwrap_or_default().to_owned();
    let given = call.arguments.text(param).unwrap_or_default().to_owned();
    // An image's name means more than its id: only the name goes. A volume has no id.
    if param == "id" && !full.is_empty() && full != given {
        let _stands_there = call.arguments.aim(Named::by("id", &given), full);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_say_where_it_comes_from_and_replace_none() {
        let mut labels = Map::from_iter([("a".to_owned(), Value::from("1"))]);
        add(&mut labels, "create_volume", "INC-1").unwrap();
        assert_eq!(
            (&labels["a"], &labels[CASE], &labels[OPERATION]),
            (&json!("1"), &json!("INC-1"), &json!("create_volume"))
        );
        assert!(labels[CREATED].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
        assert!(add(&mut labels, "create_volume", "INC-2").is_err());
    }

    #[test]
    fn every_operation_that_takes_a_case_has_labels() {
        for operation in crate::operations().filter(|one| one.param(CASE_ID.name).is_some()) {
            if operation.params.iter().any(|param| param.name == CASE_ID.name && param.about == CASE_ID.about)
            {
                let labels = operation.params.iter().filter(|param| is_labels(param.wire_name()));
                assert_eq!(labels.count(), 1, "{}", operation.name);
            }
        }
    }
}
