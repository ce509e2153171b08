//! Playbooks and their collections: the samples of the installed packages, to be read. None is run here.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};

use crate::error::Fault;
use crate::host::Host;
use crate::rest::answers::{found, hydra};

const COLLECTIONS: &str = "/api/3/workflow_collections";
const WORKFLOWS: &str = "/api/3/workflows";
/// So many are answered where the caller does not say.
const USUAL: usize = 30;

type Asked = Query<HashMap<String, String>>;

/// `GET /api/3/workflow_collections`
pub(crate) async fn collections(
    State(host): State<Arc<Host>>,
    Query(asked): Asked,
) -> Result<Json<Value>, Fault> {
    let is_whole = asked.get("$relationships").is_some_and(|asked| asked == "true");
    let rows = all(&host)?.into_iter().map(|one| if is_whole { one } else { without(one, &["workflows"]) });
    Ok(Json(hydra(COLLECTIONS, &page(rows, &asked))))
}

/// `GET /api/3/workflow_collections/<uuid>`
pub(crate) async fn collection(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fault> {
    let one = all(&host)?.into_iter().find(|one| one["uuid"] == id);
    Ok(Json(found(one, || format!("workflow collection {id}"))?))
}

/// `GET /api/3/workflows`
pub(crate) async fn workflows(
    State(host): State<Arc<Host>>,
    Query(asked): Asked,
) -> Result<Json<Value>, Fault> {
    let is_whole = asked.get("$relationships").is_some_and(|asked| asked == "true");
    let short = |one| if is_whole { one } else { without(one, &["steps", "routes"]) };
    Ok(Json(hydra(WORKFLOWS, &page(each(&host)?.into_iter().map(short), &asked))))
}

/// `GET /api/3/workflows/<uuid>`
pub(crate) async fn workflow(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fault> {
    let one = each(&host)?.into_iter().find(|one| one["uuid"] == id);
    Ok(Json(found(one, || format!("workflow {id}"))?))
}

/// The collections of all installed packages, each with its address.
fn all(host: &Host) -> Result<Vec<Value>, Fault> {
    let mut collections = Vec::new();
    for connector in host.store.connectors()? {
        let folder = host.layout.connector(&connector.name, &connector.version);
        let Ok(text) = std::fs::read(folder.join("playbooks/playbooks.json")) else { continue };
        let Ok(mut file) = serde_json::from_slice::<Value>(&text) else { continue };
        for one in file["data"].as_array_mut().into_iter().flatten() {
            addressed(one, COLLECTIONS);
            collections.push(one.take());
        }
    }
    Ok(collections)
}

/// Their playbooks, each with the address of its collection.
fn each(host: &Host) -> Result<Vec<Value>, Fault> {
    let mut workflows = Vec::new();
    for mut collection in all(host)? {
        let address = collection["@id"].clone();
        for one in collection["workflows"].as_array_mut().into_iter().flatten() {
            addressed(one, WORKFLOWS);
            one["collection"] = address.clone();
            workflows.push(one.take());
        }
    }
    Ok(workflows)
}

fn addressed(record: &mut Value, place: &str) {
    let id = record["uuid"].as_str().unwrap_or_default().to_owned();
    if let Some(fields) = record.as_object_mut() {
        fields.insert("@id".into(), json!(format!("{place}/{id}")));
    }
}

fn without(mut record: Value, names: &[&str]) -> Value {
    if let Some(fields) = record.as_object_mut() {
        fields.retain(|name, _| !names.contains(&name.as_str()));
    }
    record
}

/// What fits the filters that FortiSOAR has for a record's own fields, from the page that is asked for.
fn page(rows: impl Iterator<Item = Value>, asked: &HashMap<String, String>) -> Vec<Value> {
    let number = |name: &str, usual| asked.get(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (size, page) = (number("$limit", USUAL).max(1), number("$page", 1).max(1));
    rows.filter(|row| asked.iter().all(|(name, wanted)| fits(row, name, wanted)))
        .skip((page - 1).saturating_mul(size))
        .take(size)
        .collect()
}

fn fits(row: &Value, name: &str, wanted: &str) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let holds = |whole: &str, part: &str| whole.to_lowercase().contains(&part.to_lowercase());
    match name.split_once('$') {
        Some(("", "search")) => holds(&text(&row["name"]), wanted),
        Some(("", _)) => true,
        Some((field, "like")) => {
            row.get(field).is_none_or(|value| holds(&text(value), wanted.trim_matches('%')))
        }
        Some(_) => true,
        None if name == "collection" => text(&row["collection"]).ends_with(wanted),
        None => row.get(name).is_none_or(|value| text(value) == wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_those_of_a_records_fields() {
        let row = json!({"name": "Stop a Container", "isActive": false, "collection": "/api/3/workflow_collections/1"});
        for (name, wanted, expected) in [
            ("name", "Stop a Container", true),
            ("name", "Stop", false),
            ("name$like", "%stop%", true),
            ("isActive", "false", true),
            ("isActive", "true", false),
            ("collection", "1", true),
            ("$limit", "5", true),
            ("$search", "container", true),
        ] {
            assert_eq!(fits(&row, name, wanted), expected, "{name}={wanted}");
        }
    }
}
