//! `FortiSOAR`'s REST surface, as far as clients use it to install, configure and run connectors.
//!
//! The shapes are those that the public client `pyfsr` reads; `tests/test_host.py` drives them with it.

mod answers;
pub(crate) mod configurations;
pub(crate) mod connectors;
pub(crate) mod execute;
pub(crate) mod files;
pub(crate) mod install;
mod sign_in;
mod workflows;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, StatusCode};
use axum::routing::{any, get, post};

pub(crate) use self::answers::found;
use crate::error::Fault;
use crate::host::Host;

/// Bytes of a package and of a file, which are written to the disk as they come.
const LARGEST_PACKAGE: usize = 512 * 1024 * 1024;
const LARGEST_FILE: usize = 16 * 1024 * 1024 * 1024;
/// Bytes of a call, which is held in memory. What is larger is uploaded as a file.
const LARGEST_CALL: usize = 32 * 1024 * 1024;

/// What is offered, for who asks for something else.
const OFFERED: &str = "POST /auth/authenticate; GET /cyops_version.json, /api/3/people, \
    /api/3/workflow_collections[/<uuid>], /api/3/workflows[/<uuid>]; GET, POST and DELETE /api/3/files[/<id>], \
    /api/3/attachments[/<id>]; POST /api/3/solutionpacks/install?$type=connector; GET /api/3/import_jobs/<id>; \
    /api/integration/connectors/, /api/integration/connectors/healthcheck/<name>/<version>/, \
    /api/integration/connector_details/, /api/integration/connector_output_schema/<name>/<version>/, \
    /api/integration/configuration/, /api/integration/execute/";

/// The answer to what the local host does not offer: what was asked for by name, and what there is.
pub(crate) fn not_offered(status: StatusCode, method: &Method, path: &str) -> Fault {
    let asked: String = path.chars().take(200).collect();
    Fault::new(status, format!("The local host does not offer {method} {asked}. It offers: {OFFERED}."))
}

/// What needs to be signed in.
pub(crate) fn router() -> Router<Arc<Host>> {
    let collection = || get(files::list_attachments).post(files::create_attachment);
    Router::new()
        .route("/api/3/people", get(sign_in::people))
        .route(
            "/api/3/solutionpacks/install",
            post(install::upload).layer(DefaultBodyLimit::max(LARGEST_PACKAGE)),
        )
        .route("/api/3/import_jobs/{id}", get(install::job))
        .route(
            "/api/3/files",
            get(files::list_files).post(files::upload).layer(DefaultBodyLimit::max(LARGEST_FILE)),
        )
        .route("/api/3/files/{id}", get(files::read_file).delete(files::delete_file))
        .route("/api/3/attachments", collection())
        .route("/api/3/attachments/{id}", get(files::read_attachment).delete(files::delete_attachment))
        .route("/api/3/workflow_collections", get(workflows::collections))
        .route("/api/3/workflow_collections/{id}", get(workflows::collection))
        .route("/api/3/workflows", get(workflows::workflows))
        .route("/api/3/workflows/{id}", get(workflows::workflow))
        .route("/api/integration/connectors/", get(connectors::list).post(connectors::list))
        .route(
            "/api/integration/connectors/{id}/",
            get(connectors::detail).post(connectors::detail).delete(connectors::uninstall),
        )
        .route(
            "/api/integration/connectors/{name}/{version}/",
            get(connectors::definition).post(connectors::definition),
        )
        .route("/api/integration/connectors/healthcheck/{name}/{version}/", get(execute::health))
        .route(
            "/api/integration/connectors/dependencies_check/{name}/{version}/",
            any(connectors::dependencies),
        )
        .route("/api/integration/connector_details/", post(connectors::sources))
        .route("/api/integration/connector_output_schema/{name}/{version}/", post(connectors::output_schema))
        .route("/api/integration/configuration/", get(configurations::list).post(configurations::create))
        .route(
            "/api/integration/configuration/{id}/",
            get(configurations::read).put(configurations::update).delete(configurations::delete),
        )
        .route("/api/integration/execute/", post(execute::execute).layer(DefaultBodyLimit::max(LARGEST_CALL)))
}

/// What anyone may ask.
pub(crate) fn open() -> Router<Arc<Host>> {
    Router::new()
        .route("/auth/authenticate", post(sign_in::authenticate))
        .route("/cyops_version.json", get(sign_in::version))
}
