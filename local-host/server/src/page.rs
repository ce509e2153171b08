//! The page: its files, its sign-in, and what it needs beside `FortiSOAR`'s API.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::Fault;
use crate::host::{COOKIE, Host, session_of};
use crate::progress::Seen;
use crate::records::Kind;
use crate::rest::{configurations, execute, files, found};

/// The files of the page: each is embedded as it is in `page/`, under its path there.
macro_rules! files {
    ($($name:literal),+ $(,)?) => { &[$(($name, include_str!(concat!("../../page/", $name)))),+] };
}

const FILES: &[(&str, &str)] = files![
    "api.js",
    "calls.js",
    "combobox.js",
    "configurations.js",
    "context.js",
    "copies.js",
    "dom.js",
    "files.js",
    "form.js",
    "history.js",
    "icon.svg",
    "index.html",
    "jinja.js",
    "json.js",
    "kept.js",
    "main.js",
    "operations.js",
    "output.js",
    "overview.js",
    "packages.js",
    "page.css",
    "picker.js",
    "playbook.js",
    "presentation.js",
    "progress.js",
    "result.js",
    "schema.js",
    "search.js",
    "svg.js",
    "table.js",
    "theme.js",
    "times.js",
    "tree.js",
    "views.js",
    "views/bars.js",
    "views/changes.js",
    "views/container.js",
    "views/containers.js",
    "views/disk.js",
    "views/events.js",
    "views/layers.js",
    "views/lines.js",
    "views/networks.js",
    "views/parts.js",
    "views/posture.js",
    "views/processes.js",
    "views/relations.js",
    "views/response.js",
    "views/statistics.js",
    "views/swarm.js",
    "views/timeline.js",
    "workbench.js",
];

/// What needs no sign-in: the files hold nothing of anyone.
pub(crate) fn open() -> Router<Arc<Host>> {
    Router::new()
        .route("/", get(|| async { file("index.html") }))
        .route("/assets/{*name}", get(|Path(name): Path<String>| async move { file(&name) }))
        .route("/sign-in", get(by_link))
        .route("/page/sign-in", post(by_key))
}

/// What needs one.
pub(crate) fn guarded() -> Router<Arc<Host>> {
    Router::new()
        .route("/page/history", get(history).delete(clear_history))
        .route("/page/history/{id}", get(call))
        .route("/page/progress/{name}", get(progress))
        .route("/page/calls", get(calls))
        .route("/page/calls/{name}", delete(cancel))
        .route("/page/left", post(left))
        .route("/page/check", post(check))
        .route("/page/download/{id}", get(download))
        .route("/page/sign-out", post(sign_out))
}

fn file(name: &str) -> Response {
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/javascript; charset=utf-8",
    };
    match FILES.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => ([(header::CONTENT_TYPE, kind)], *text).into_response(),
        None => Fault::not_found(format!("There is no {name}.")).into_response(),
    }
}

#[derive(Deserialize)]
struct Link {
    token: String,
}

/// The one-time link: a session, and the page without the token in its address.
async fn by_link(State(host): State<Arc<Host>>, Query(link): Query<Link>) -> Response {
    match host.secrets.redeem(&link.token) {
        Some(session) => ([(header::SET_COOKIE, cookie(&session))], Redirect::to("/")).into_response(),
        // The page asks for the key where there is no session, and goes on where there is one.
        None => Redirect::to("/").into_response(),
    }
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

async fn by_key(State(host): State<Arc<Host>>, Json(given): Json<Key>) -> Response {
    if host.secrets.is_api_key(given.key.trim()) {
        let session = host.secrets.new_session();
        return ([(header::SET_COOKIE, cookie(&session))], StatusCode::NO_CONTENT).into_response();
    }
    Fault::new(StatusCode::UNAUTHORIZED, "That is not the API key of this host.").into_response()
}

async fn sign_out(State(host): State<Arc<Host>>, headers: HeaderMap) -> Response {
    if let Some(session) = session_of(&headers) {
        host.secrets.end_session(session);
    }
    let gone = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    ([(header::SET_COOKIE, gone)], StatusCode::NO_CONTENT).into_response()
}

fn cookie(session: &str) -> String {
    format!("{COOKIE}={session}; Path=/; Secure; HttpOnly; SameSite=Strict")
}

async fn history(State(host): State<Arc<Host>>) -> Result<Json<Value>, Fault> {
    Ok(Json(json!({"calls": host.history.list()?})))
}

async fn call(State(host): State<Arc<Host>>, Path(id): Path<i64>) -> Result<Response, Fault> {
    let call = found(host.history.find(id)?, || format!("call {id} in the history"))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], call).into_response())
}

async fn clear_history(State(host): State<Arc<Host>>) -> Result<StatusCode, Fault> {
    host.history.clear()?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
struct From {
    /// The first piece of the output that is not known yet.
    #[serde(default)]
    from: usize,
}

/// How far a call is that the page makes, by the name that it gave it.
async fn progress(
    State(host): State<Arc<Host>>,
    Path(name): Path<Uuid>,
    Query(From { from }): Query<From>,
) -> Json<Seen> {
    Json(host.watches.look(name, from))
}

/// The calls that run, whichever tab has made them.
async fn calls(State(host): State<Arc<Host>>) -> Json<Value> {
    Json(json!({"calls": host.jobs.list()}))
}

async fn cancel(State(host): State<Arc<Host>>, Path(name): Path<Uuid>) -> Result<StatusCode, Fault> {
    found(host.jobs.cancel(name).then_some(StatusCode::NO_CONTENT), || format!("call {name} that runs"))
}

/// A tab is closed whose user wants calls cancelled with the last one.
async fn left(State(host): State<Arc<Host>>) -> StatusCode {
    tokio::spawn(host.jobs.clone().left());
    StatusCode::ACCEPTED
}

#[derive(Deserialize)]
struct Tried {
    connector: String,
    version: String,
    config: Value,
}

/// A health check of a form that is not stored.
async fn check(State(host): State<Arc<Host>>, Json(tried): Json<Tried>) -> Result<Json<Value>, Fault> {
    let connector = host.store.connector(&tried.connector, Some(&tried.version))?;
    let connector = found(connector, || format!("connector {} {}", tried.connector, tried.version))?;
    let config = configurations::as_meant(&host, &connector, &tried.config)?;
    Ok(Json(execute::checked(&host, &connector, &config).await))
}

/// A file's contents for a plain link, whose `Accept` cannot be chosen. The id is a file's or an attachment's.
async fn download(State(host): State<Arc<Host>>, Path(id): Path<Uuid>) -> Result<Response, Fault> {
    let file_of = |attachment: &Value| {
        let iri = attachment["file"]["@id"].as_str()?;
        Uuid::parse_str(iri.strip_prefix("/api/3/files/")?).ok()
    };
    let id = host.records.read(Kind::Attachment, id)?.as_ref().and_then(file_of).unwrap_or(id);
    let record = found(host.records.read(Kind::File, id)?, || format!("file {id}"))?;
    files::contents(&host, id, &record).await
}

#[cfg(test)]
mod tests {
    use std::path::Path as FilePath;

    use super::*;

    /// Whoever adds a file to `page/` must embed it.
    #[test]
    fn every_file_is_embedded() {
        fn walk(folder: &FilePath, root: &FilePath, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, root, found);
                } else {
                    found.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        let root = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../page");
        let mut there = Vec::new();
        walk(&root, &root, &mut there);
        let mut embedded: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        there.sort();
        embedded.sort_unstable();
        assert_eq!(there, embedded);
    }
}
