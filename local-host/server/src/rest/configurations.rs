//! Configurations: listed, read, written, deleted. Secrets go out sealed, and a seal that comes back is what it stands for.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::Fault;
use crate::host::Host;
use crate::masks::{sealed, secret_fields, unsealed, written};
use crate::rest::answers::{AGENT, found, listed};
use crate::rest::execute::hook;
use crate::store::{Configuration, Connector, Wanted};

#[derive(Deserialize)]
pub(crate) struct Filter {
    name: Option<String>,
    connector: Option<i64>,
    page: Option<usize>,
    page_size: Option<usize>,
}

/// What a client writes.
#[derive(Deserialize)]
pub(crate) struct Written {
    /// The number of the connector's installation.
    connector: Option<i64>,
    connector_name: Option<String>,
    name: Option<String>,
    #[serde(default)]
    default: bool,
    config_id: Option<String>,
    config: Option<Value>,
}

/// `GET /api/integration/configuration/`
pub(crate) async fn list(
    State(host): State<Arc<Host>>,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Fault> {
    let connector = filter.connector.map(|id| host.store.connector_by_id(id)).transpose()?;
    let mut rows = Vec::new();
    for configuration in host.store.configurations(None)? {
        let is_of = |connector: &Option<Connector>| {
            connector.as_ref().is_some_and(|connector| connector.name == configuration.connector)
        };
        if connector.as_ref().is_none_or(is_of)
            && filter.name.as_ref().is_none_or(|name| *name == configuration.name)
        {
            rows.push(read_row(&host, &configuration)?);
        }
    }
    Ok(Json(listed(rows, filter.page.unwrap_or(1), filter.page_size.unwrap_or(30))))
}

/// `GET /api/integration/configuration/<config_id>/`
pub(crate) async fn read(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Fault> {
    let configuration = found(host.store.configuration(&id)?, || format!("configuration {id}"))?;
    read_row(&host, &configuration).map(Json)
}

/// `POST /api/integration/configuration/`
pub(crate) async fn create(
    State(host): State<Arc<Host>>,
    Json(asked): Json<Written>,
) -> Result<Json<Value>, Fault> {
    let connector = connector_of(&host, &asked, None)?;
    let config_id = match &asked.config_id {
        Some(id) if host.store.configuration(id)?.is_some() => {
            return Err(Fault::bad_request(format!(
                "There is a configuration {id} already; PUT changes it."
            )));
        }
        Some(id) => Some(uuid::Uuid::parse_str(id).map_err(|_| {
            Fault::bad_request(format!("config_id is {id:?}; a uuid it must be, or absent."))
        })?),
        None => None,
    };
    let name = asked.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Fault::bad_request("The configuration has no name."))?;
    let config = as_meant(&host, &connector, &asked.config.unwrap_or_else(|| json!({})))?;
    let config_id = config_id.map(|id| id.to_string());
    let wanted = Wanted {
        config_id: config_id.as_deref(),
        connector: &connector.name,
        name,
        default: asked.default,
        config: &config,
    };
    let stored = store(&host, &wanted)?;
    hook(&host, &connector, "on_add_config", &stored, &Value::Null).await;
    let mut row = written_row(&stored, &connector);
    row["connector_name"] = connector.name.as_str().into();
    row["connector_version"] = connector.version.as_str().into();
    Ok(Json(row))
}

/// `PUT /api/integration/configuration/<config_id>/`; what is not given stays.
pub(crate) async fn update(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    Json(asked): Json<Written>,
) -> Result<Json<Value>, Fault> {
    let before = found(host.store.configuration(&id)?, || format!("configuration {id}"))?;
    let connector = connector_of(&host, &asked, Some(&before))?;
    let config = match &asked.config {
        Some(config) => as_meant(&host, &connector, config)?,
        None => before.config.clone(),
    };
    let wanted = Wanted {
        config_id: Some(&before.config_id),
        connector: &before.connector,
        name: asked.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or(&before.name),
        default: asked.default,
        config: &config,
    };
    let stored = store(&host, &wanted)?;
    hook(&host, &connector, "on_update_config", &stored, &before.for_a_call()).await;
    Ok(Json(written_row(&stored, &connector)))
}

/// `DELETE /api/integration/configuration/<config_id>/`
pub(crate) async fn delete(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Fault> {
    let configuration = found(host.store.configuration(&id)?, || format!("configuration {id}"))?;
    host.store.unconfigured(&configuration.config_id)?;
    if let Some(connector) = host.store.connector(&configuration.connector, None)? {
        hook(&host, &connector, "on_delete_config", &configuration, &Value::Null).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Makes the first configuration of a connector that has none, of these values and the form's own; answers its name.
pub(crate) fn first(
    host: &Host,
    connector: &Connector,
    given: &Value,
) -> rusqlite::Result<Option<&'static str>> {
    const NAME: &str = "local";
    let mut config = Map::new();
    defaults(connector.fields(), given, &mut config);
    let is_known = given.as_object().is_some_and(|given| given.keys().any(|name| config.contains_key(name)));
    if !is_known || !host.store.configurations(Some(&connector.name))?.is_empty() {
        return Ok(None);
    }
    let config = Value::Object(config);
    host.store.configure(&Wanted {
        config_id: None,
        connector: &connector.name,
        name: NAME,
        default: true,
        config: &config,
    })?;
    Ok(Some(NAME))
}

/// A form's values as it begins, but for what is given: each field's, and those of the fields that it reveals.
fn defaults(fields: &Value, given: &Value, into: &mut Map<String, Value>) {
    for field in fields.as_array().into_iter().flatten() {
        let Some(name) = field["name"].as_str() else { continue };
        let value = given.get(name).unwrap_or(&field["value"]).clone();
        let chosen = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        into.insert(name.to_owned(), value);
        defaults(&field["onchange"][chosen], given, into);
    }
}

/// A configuration as the API shows it, with its fields made fit to be shown.
pub(super) fn row(configuration: &Configuration, connector: &Connector, config: Value) -> Value {
    json!({
        "id": configuration.id,
        "config_id": configuration.config_id,
        "name": configuration.name,
        "default": configuration.default,
        "status": 1,
        "config": config,
        "connector": connector.id,
        "agent": AGENT,
        "teams": [],
        "remote_status": {},
        "health_status": configuration.health,
    })
}

/// The secrets of a form that is to be stored or tried, where seals stand for them.
pub(crate) fn as_meant(host: &Host, connector: &Connector, config: &Value) -> Result<Value, Fault> {
    if !config.is_object() {
        return Err(Fault::bad_request("The configuration's fields are no JSON object."));
    }
    let known: Vec<Value> =
        host.store.configurations(Some(&connector.name))?.into_iter().map(|one| one.config).collect();
    unsealed(config, &secret_fields(connector.fields()), &known, &host.secrets).map_err(|field| {
        Fault::bad_request(format!(
            "{field}: the sealed value stands for a secret that is not stored any more. Enter it again."
        ))
    })
}

fn read_row(host: &Host, configuration: &Configuration) -> Result<Value, Fault> {
    let connector = found(host.store.connector(&configuration.connector, None)?, || {
        format!("connector {}", configuration.connector)
    })?;
    let config = sealed(&configuration.config, &secret_fields(connector.fields()), &host.secrets);
    Ok(row(configuration, &connector, config))
}

fn written_row(configuration: &Configuration, connector: &Connector) -> Value {
    row(configuration, connector, written(&configuration.config, &secret_fields(connector.fields())))
}

fn connector_of(host: &Host, asked: &Written, before: Option<&Configuration>) -> Result<Connector, Fault> {
    let connector = match (asked.connector, &asked.connector_name, before) {
        (Some(id), _, _) => host.store.connector_by_id(id)?,
        (None, Some(name), _) => host.store.connector(name, None)?,
        (None, None, Some(before)) => host.store.connector(&before.connector, None)?,
        (None, None, None) => None,
    };
    let connector = connector.ok_or_else(|| {
        Fault::bad_request(
            "The connector is not installed. Its number is needed, as the list of connectors has it.",
        )
    })?;
    match before {
        Some(before) if before.connector != connector.name => Err(Fault::bad_request(format!(
            "The configuration is {}'s, and cannot become {}'s.",
            before.connector, connector.name
        ))),
        _ => Ok(connector),
    }
}

fn store(host: &Host, wanted: &Wanted<'_>) -> Result<Configuration, Fault> {
    host.store.configure(wanted).map_err(|fault| match fault {
        rusqlite::Error::SqliteFailure(cause, _) if cause.code == rusqlite::ErrorCode::ConstraintViolation => {
            Fault::bad_request(format!(
                "The fields name, connector, agent must make a unique set: there is a configuration {:?} already.",
                wanted.name
            ))
        }
        other => other.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_begins_with_its_defaults_and_what_is_given() {
        let fields = json!([
            {"name": "protocol", "value": "HTTPS", "onchange": {
                "HTTPS": [{"name": "port", "value": 2376}],
                "UNIX": [{"name": "mode", "value": false, "onchange": {"false": [{"name": "owner", "value": ""}]}}],
            }},
            {"name": "timeout", "value": 60},
        ]);
        let mut config = Map::new();
        defaults(&fields, &json!({"protocol": "UNIX", "timeout": "5", "unknown": 1}), &mut config);
        assert_eq!(
            Value::Object(config),
            json!({"protocol": "UNIX", "mode": false, "owner": "", "timeout": "5"})
        );
    }
}
