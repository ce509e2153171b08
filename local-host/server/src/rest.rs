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

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};

pub(crate) use self::answers::found;
use crate::host::Host;

/// Bytes of a package and of a file, which are written to the disk as they come.
const LARGEST_PACKAGE: usize = 512 * 1024 * 1024;
const LARGEST_FILE: usize = 16 * 1024 * 1024 * 1024;
/// Bytes of a call, which is held in memory. What is larger is uploaded as a file.
const LARGEST_CALL: usize = 32 * 1024 * 1024;

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
