//! Operations and health checks, run in a worker.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::Fault;
use crate::history::{Beginning, Entry};
use crate::host::Host;
use crate::jobs::About;
use crate::noted::noted;
use crate::progress::Watch;
use crate::rest::answers::found;
use crate::store::{Configuration, Connector};
use crate::workers::Call;

/// Names the call in the history.
const CALL: HeaderName = HeaderName::from_static("x-call");

#[derive(Deserialize)]
pub(crate) struct Asked {
    connector: String,
    #[serde(default)]
    version: String,
    operation: String,
    /// A configuration's uuid or name; the default one is meant where it is empty.
    #[serde(default)]
    config: Value,
    #[serde(default)]
    params: Value,
}

#[derive(Deserialize)]
pub(crate) struct How {
    /// Such as a dropdown's question, which is nothing for the history.
    #[serde(default)]
    unnoted: bool,
    /// By this name the caller asks meanwhile how far the call is (`GET /page/progress/<name>`).
    progress: Option<Uuid>,
    /// It belongs to the host: it goes on when the caller leaves, and ends by `DELETE /page/calls/<name>`. Needs a name.
    #[serde(default)]
    kept: bool,
}

/// A call that is checked, and not made yet.
struct Prepared {
    connector: Connector,
    operation: String,
    configuration: Option<Configuration>,
    params: Value,
    entry: Option<Entry>,
    watch: Option<Watch>,
}

/// `POST /api/integration/execute/`
pub(crate) async fn execute(
    State(host): State<Arc<Host>>,
    Query(how): Query<How>,
    Json(asked): Json<Asked>,
) -> Result<Response, Fault> {
    let version = (!asked.version.is_empty()).then_some(asked.version.as_str());
    let connector = host.store.connector(&asked.connector, version)?.ok_or_else(|| {
        Fault::of_operation(&format!("Connector {} {} does not exist", asked.connector, asked.version))
    })?;
    let operation = connector.operation(&asked.operation).ok_or_else(|| {
        Fault::of_operation(&format!(
            "{} {} has no operation {}",
            connector.name, connector.version, asked.operation
        ))
    })?;
    // What is no name must not be taken for none: the call would run on the default configuration.
    let named = match &asked.config {
        Value::Null => "",
        Value::String(name) => name,
        other => {
            return Err(Fault::bad_request(format!(
                "config must be a configuration's uuid or name, or absent: {other} is none."
            )));
        }
    };
    let configuration = meant(&host, &connector, named)?;
    let params = match asked.params {
        Value::Null => json!({}),
        params @ Value::Object(_) => params,
        _ => return Err(Fault::bad_request("params must be a JSON object, or absent.")),
    };
    let entry = if how.unnoted {
        None
    } else {
        Some(host.history.begin(&Beginning {
            connector: &connector.name,
            version: &connector.version,
            operation: &asked.operation,
            title: operation["title"].as_str().unwrap_or(&asked.operation),
            config_id: configuration.as_ref().map_or("", |one| &one.config_id),
            configuration: configuration.as_ref().map_or("", |one| &one.name),
            params: &noted(&params, &operation["parameters"]),
        })?)
    };
    let id = entry.as_ref().map_or(0, Entry::id);
    let watch = how.progress.map(|name| host.watches.begin(name));
    let about = how.progress.filter(|_| how.kept).map(|name| About {
        name,
        call: id,
        connector: connector.name.clone(),
        version: connector.version.clone(),
        operation: asked.operation.clone(),
        title: operation["title"].as_str().unwrap_or(&asked.operation).to_owned(),
        config_id: configuration.as_ref().map_or_else(String::new, |one| one.config_id.clone()),
        began: entry.as_ref().map_or(0.0, Entry::began),
    });
    let prepared = Prepared { operation: asked.operation, connector, configuration, params, entry, watch };
    let mut response = match about {
        None => answered(&host, prepared).await,
        Some(about) => kept(&host, about, prepared).await,
    };
    response.headers_mut().insert(CALL, id.into());
    Ok(response)
}

/// Makes a call as a task of the host's own.
async fn kept(host: &Arc<Host>, about: About, prepared: Prepared) -> Response {
    let name = about.name;
    let task = tokio::spawn({
        let host = Arc::clone(host);
        async move {
            // Also where it is cancelled.
            let _ended = Ended(&host, name);
            answered(&host, prepared).await
        }
    });
    host.jobs.begin(about, task.abort_handle());
    if task.is_finished() {
        host.jobs.end(name);
    }
    match task.await {
        Ok(response) => response,
        Err(_) => Fault::new(cancelled(), "The call was cancelled.").into_response(),
    }
}

/// A call is forgotten with this.
struct Ended<'a>(&'a Host, Uuid);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.jobs.end(self.1);
    }
}

/// The status that proxies note for a client that has closed its request.
fn cancelled() -> StatusCode {
    StatusCode::from_u16(499).unwrap_or(StatusCode::CONFLICT)
}

/// Makes a call, notes how it ended, and answers with its result.
async fn answered(host: &Host, prepared: Prepared) -> Response {
    let Prepared { connector, operation, configuration, params, entry, watch } = prepared;
    let config = configuration.as_ref().map_or_else(|| json!({}), Configuration::for_a_call);
    let call = Call {
        name: &connector.name,
        version: &connector.version,
        operation: &operation,
        config: &config,
        params: &params,
        watch: watch.as_ref(),
    };
    let reply = host.workers.call(&call).await;
    if let Some(entry) = entry {
        let data = reply.is_success().then_some(&*reply.data);
        entry.end(&reply.status, &reply.message, data, &reply.log);
    }
    if !reply.is_success() {
        return Fault::of_operation(&reply.message).into_response();
    }
    let operation = Value::from(operation);
    // The result is passed on as it is: parsed, it would lose what our numbers cannot hold.
    let body = format!(
        "{{\"operation\":{operation},\"status\":\"Success\",\"message\":\"\",\"data\":{},\"env\":{{}},\"_status\":true}}",
        reply.data.get()
    );
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[derive(Deserialize)]
pub(crate) struct HealthAsked {
    #[serde(default)]
    config: String,
}

/// `GET /api/integration/connectors/healthcheck/<name>/<version>/`
pub(crate) async fn health(
    State(host): State<Arc<Host>>,
    Path((name, version)): Path<(String, String)>,
    Query(asked): Query<HealthAsked>,
) -> Result<Json<Value>, Fault> {
    let connector =
        found(host.store.connector(&name, Some(&version))?, || format!("connector {name} {version}"))?;
    let configuration =
        found(host.store.meant(&connector.name, &asked.config)?, || match asked.config.as_str() {
            "" => format!("default configuration of {name}"),
            config => format!("configuration {config} of {name}"),
        })?;
    let mut health = checked(&host, &connector, &configuration.for_a_call()).await;
    health["config_id"] = configuration.config_id.as_str().into();
    host.store.note_health(&configuration.config_id, &health)?;
    Ok(Json(health))
}

/// What a health check finds with these fields, stored or not.
pub(crate) async fn checked(host: &Host, connector: &Connector, config: &Value) -> Value {
    let call = Call {
        name: &connector.name,
        version: &connector.version,
        operation: "check_health",
        config,
        params: &Value::Null,
        watch: None,
    };
    let reply = host.workers.call(&call).await;
    let (status, message) = match reply.is_success() {
        true => ("Available", "Connector is available"),
        false => ("Disconnected", reply.message.as_str()),
    };
    json!({
        "message": message,
        "status": status,
        "name": connector.name,
        "version": connector.version,
        "_status": true,
        "request_id": null,
        "log": reply.log,
    })
}

/// Tells the connector what becomes of a configuration. What it makes of that never stands in the user's way.
pub(super) async fn hook(
    host: &Host,
    connector: &Connector,
    name: &str,
    configuration: &Configuration,
    before: &Value,
) {
    let config = configuration.for_a_call();
    let call = Call {
        name: &connector.name,
        version: &connector.version,
        operation: name,
        config: &config,
        params: before,
        watch: None,
    };
    host.workers.call(&call).await;
}

/// The configuration that a call names. A connector without any is called without one, and says so itself.
fn meant(host: &Host, connector: &Connector, config: &str) -> Result<Option<Configuration>, Fault> {
    let configuration = host.store.meant(&connector.name, config)?;
    if configuration.is_none() && !config.is_empty() {
        return Err(Fault::of_operation(&format!(
            "Could not find a configuration matching the id {config} or the default configuration"
        )));
    }
    Ok(configuration)
}
