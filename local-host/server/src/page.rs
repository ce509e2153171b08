//! The page: its files, its sign-in, and what it needs beside `FortiSOAR`'s API.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::Fault;
use crate::host::{COOKIE, Host, session_of};
use crate::records::Kind;
use crate::rest::{configurations, execute, files, found};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// The files of the page, as they are in `page/`.
const FILES: &[(&str, &str, &str)] = &[
    ("api.js", JS, include_str!("../../page/api.js")),
    ("calls.js", JS, include_str!("../../page/calls.js")),
    ("combobox.js", JS, include_str!("../../page/combobox.js")),
    ("configurations.js", JS, include_str!("../../page/configurations.js")),
    ("dom.js", JS, include_str!("../../page/dom.js")),
    ("files.js", JS, include_str!("../../page/files.js")),
    ("form.js", JS, include_str!("../../page/form.js")),
    ("history.js", JS, include_str!("../../page/history.js")),
    ("icon.svg", SVG, include_str!("../../page/icon.svg")),
    ("index.html", HTML, include_str!("../../page/index.html")),
    ("jinja.js", JS, include_str!("../../page/jinja.js")),
    ("main.js", JS, include_str!("../../page/main.js")),
    ("meters.js", JS, include_str!("../../page/meters.js")),
    ("operations.js", JS, include_str!("../../page/operations.js")),
    ("output.js", JS, include_str!("../../page/output.js")),
    ("packages.js", JS, include_str!("../../page/packages.js")),
    ("page.css", CSS, include_str!("../../page/page.css")),
    ("picker.js", JS, include_str!("../../page/picker.js")),
    ("playbook.js", JS, include_str!("../../page/playbook.js")),
    ("progress.js", JS, include_str!("../../page/progress.js")),
    ("result.js", JS, include_str!("../../page/result.js")),
    ("schema.js", JS, include_str!("../../page/schema.js")),
    ("theme.js", JS, include_str!("../../page/theme.js")),
    ("tree.js", JS, include_str!("../../page/tree.js")),
    ("workbench.js", JS, include_str!("../../page/workbench.js")),
];

/// What needs no sign-in: the files hold nothing of anyone.
pub(crate) fn open() -> Router<Arc<Host>> {
    Router::new()
        .route("/", get(|| async { file("index.html") }))
        .route("/assets/{name}", get(|Path(name): Path<String>| async move { file(&name) }))
        .route("/sign-in", get(by_link))
        .route("/page/sign-in", post(by_key))
}

/// What needs one.
pub(crate) fn guarded() -> Router<Arc<Host>> {
    Router::new()
        .route("/page/history", get(history).delete(clear_history))
        .route("/page/history/{id}", get(call))
        .route("/page/progress/{name}", get(progress))
        .route("/page/check", post(check))
        .route("/page/download/{id}", get(download))
        .route("/page/sign-out", post(sign_out))
}

fn file(name: &str) -> Response {
    match FILES.iter().find(|(known, _, _)| *known == name) {
        Some((_, kind, text)) => ([(header::CONTENT_TYPE, *kind)], *text).into_response(),
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

/// How far a call is that the page makes, by the name that it gave it.
async fn progress(State(host): State<Arc<Host>>, Path(name): Path<Uuid>) -> Json<Value> {
    Json(json!({"parts": host.watches.look(name)}))
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
    use super::*;

    /// Whoever adds a file to `page/` must embed it.
    #[test]
    fn every_file_is_embedded() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../page");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut embedded: Vec<&str> = FILES.iter().map(|(name, _, _)| *name).collect();
        there.sort();
        embedded.sort_unstable();
        assert_eq!(there, embedded);
    }
}
