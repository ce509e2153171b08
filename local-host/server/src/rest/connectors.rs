//! Installed connectors: listed, described, uninstalled.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Fault;
use crate::host::Host;
use crate::masks::{sealed, secret_fields};
use crate::rest::answers::{AGENT, found, listed};
use crate::rest::configurations;
use crate::rest::execute::hook;
use crate::store::{Configuration, Connector};

/// What a client posts where there is nothing to say. Left unread, it would cost the connection.
type Body = Bytes;

#[derive(Deserialize)]
pub(crate) struct Paging {
    #[serde(default = "first_page")]
    page: usize,
    #[serde(default = "usual_size")]
    page_size: usize,
}

fn first_page() -> usize {
    1
}

fn usual_size() -> usize {
    30
}

/// `GET` or `POST /api/integration/connectors/`
pub(crate) async fn list(
    State(host): State<Arc<Host>>,
    Query(paging): Query<Paging>,
    _: Body,
) -> Result<Json<Value>, Fault> {
    let rows = host
        .store
        .connectors()?
        .iter()
        .map(|connector| summary(&host, connector))
        .collect::<Result<_, _>>()?;
    Ok(Json(listed(rows, paging.page, paging.page_size)))
}

#[derive(Deserialize)]
pub(crate) struct Sources {
    ingestion_supported: Option<bool>,
}

/// `POST /api/integration/connector_details/[?ingestion_supported=true]`: those that data can be ingested from, or all.
pub(crate) async fn sources(
    State(host): State<Arc<Host>>,
    Query(sources): Query<Sources>,
    _: Body,
) -> Result<Json<Value>, Fault> {
    let fits = |connector: &&Connector| {
        sources.ingestion_supported.is_none_or(|wanted| connector.info["ingestion_supported"] == wanted)
    };
    let connectors = host.store.connectors()?;
    let rows: Vec<Value> = connectors
        .iter()
        .filter(fits)
        .map(|connector| summary(&host, connector))
        .collect::<Result<_, _>>()?;
    let size = rows.len();
    Ok(Json(listed(rows, 1, size)))
}

/// `GET` or `POST /api/integration/connectors/<id>/`, or the newest by its name.
pub(crate) async fn detail(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    _: Body,
) -> Result<Json<Value>, Fault> {
    described(&host, &by_id_or_name(&host, &id)?).map(Json)
}

/// `GET` or `POST /api/integration/connectors/<name>/<version>/`; the name may be the installation's number.
pub(crate) async fn definition(
    State(host): State<Arc<Host>>,
    Path((name, version)): Path<(String, String)>,
    _: Body,
) -> Result<Json<Value>, Fault> {
    let name = match name.parse() {
        Ok(id) => host.store.connector_by_id(id)?.map_or(name, |connector| connector.name),
        Err(_) => name,
    };
    let connector = host.store.connector(&name, Some(&version))?;
    described(&host, &found(connector, || format!("connector {name} {version}"))?).map(Json)
}

/// `DELETE /api/integration/connectors/<id>/`
pub(crate) async fn uninstall(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Fault> {
    let connector = by_id_or_name(&host, &id)?;
    let is_last = host.store.connectors()?.iter().filter(|other| other.name == connector.name).count() == 1;
    if is_last {
        for configuration in host.store.configurations(Some(&connector.name))? {
            hook(&host, &connector, "on_delete_config", &configuration, &Value::Null).await;
        }
    }
    host.store.uninstalled(&connector)?;
    // No new call finds it, and those under way have it loaded.
    let folder = host.layout.connector(&connector.name, &connector.version);
    tokio::fs::remove_dir_all(&folder).await?;
    renew(&host).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET` or `POST .../dependencies_check/<name>/<version>/`: nothing is ever installed here beside a package.
pub(crate) async fn dependencies(Path((name, version)): Path<(String, String)>, _: Body) -> Json<Value> {
    Json(json!({"name": name, "version": version, "dependencies_installed": true, "message": ""}))
}

#[derive(Deserialize)]
pub(crate) struct SchemaAsked {
    operation: String,
}

/// `POST /api/integration/connector_output_schema/<name>/<version>/`
pub(crate) async fn output_schema(
    State(host): State<Arc<Host>>,
    Path((name, version)): Path<(String, String)>,
    Json(asked): Json<SchemaAsked>,
) -> Result<Json<Value>, Fault> {
    let connector =
        found(host.store.connector(&name, Some(&version))?, || format!("connector {name} {version}"))?;
    let operation =
        found(connector.operation(&asked.operation), || format!("operation {}", asked.operation))?;
    // Where the schema depends on the parameters, the last one is for all other cases.
    let otherwise = operation["conditional_output_schema"].as_array().and_then(|schemas| schemas.last());
    Ok(Json(otherwise.unwrap_or(operation)["output_schema"].clone()))
}

/// Workers that load what is installed now.
pub(super) async fn renew(host: &Host) -> Result<(), Fault> {
    let renewed = host.workers.renew().await;
    renewed.map_err(|fault| Fault::new(StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()))
}

fn by_id_or_name(host: &Host, id: &str) -> Result<Connector, Fault> {
    let connector = match id.parse() {
        Ok(number) => host.store.connector_by_id(number)?,
        Err(_) => host.store.connector(id, None)?,
    };
    found(connector, || format!("connector {id}"))
}

/// What the list tells of a connector.
fn summary(host: &Host, connector: &Connector) -> Result<Value, Fault> {
    let info = &connector.info;
    let configurations = host.store.configurations(Some(&connector.name))?;
    let short = |one: &Configuration| json!({"id": one.id, "config_id": one.config_id, "name": one.name, "default": one.default, "status": 1});
    let category = match &info["category"] {
        Value::String(one) => json!([one]),
        several => several.clone(),
    };
    Ok(json!({
        "id": connector.id,
        "name": connector.name,
        "version": connector.version,
        "label": info["label"],
        "description": info["description"],
        "publisher": info["publisher"],
        "category": category,
        "tags": info.get("tags").cloned().unwrap_or_else(|| json!([])),
        "help_online": info["help_online"],
        "icon_small": icon(host, connector, "icon_small_name"),
        "icon_large": icon(host, connector, "icon_large_name"),
        "cs_approved": info["cs_approved"],
        "cs_compatible": info["cs_compatible"],
        "ingestion_supported": info["ingestion_supported"],
        "active": true,
        "system": false,
        "development": false,
        "status": "Completed",
        "agent": AGENT,
        "config_count": configurations.len(),
        "configuration": configurations.iter().map(short).collect::<Value>(),
        "installed": connector.installed,
    }))
}

/// All that is known of a connector.
fn described(host: &Host, connector: &Connector) -> Result<Value, Fault> {
    let mut described = summary(host, connector)?;
    let secret = secret_fields(connector.fields());
    let rows = host.store.configurations(Some(&connector.name))?;
    let row = |one: &Configuration| {
        configurations::row(one, connector, sealed(&one.config, &secret, &host.secrets))
    };
    described["configuration"] = rows.iter().map(row).collect();
    described["config_schema"] = connector.info["configuration"].clone();
    described["operations"] = connector.info["operations"].clone();
    described["page"] = for_the_page(host, connector);
    Ok(described)
}

/// What a package says to this page alone (`page.json`): an empty object where it says nothing.
fn for_the_page(host: &Host, connector: &Connector) -> Value {
    let path = host.layout.connector(&connector.name, &connector.version).join("page.json");
    let said = std::fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok());
    said.filter(Value::is_object).unwrap_or_else(|| json!({}))
}

/// A picture of the package, as a data URL; null where it has none.
fn icon(host: &Host, connector: &Connector, key: &str) -> Option<String> {
    let name = connector.info[key].as_str().filter(|name| !name.contains('/'))?;
    let path = host.layout.connector(&connector.name, &connector.version).join("images").join(name);
    Some(format!("data:image/png;base64,{}", STANDARD.encode(std::fs::read(path).ok()?)))
}
