//! `FortiSOAR`'s REST surface, as far as clients use it to install, configure and run connectors.
//!
//! The shapes are those that the public client `pyfsr` reads; `tests/test_host.py` drives them with it.

pub(crate) mod configurations;
pub(crate) mod connectors;
pub(crate) mod execute;
pub(crate) mod files;
pub(crate) mod install;
mod sign_in;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{any, get, post};
use serde_json::{Value, json};

use crate::error::Fault;
use crate::server::Host;

/// What needs to be signed in.
pub(crate) fn router() -> Router<Arc<Host>> {
    let collection = || get(files::list_attachments).post(files::create_attachment);
    Router::new()
        .route("/api/3/people", get(sign_in::people))
        .route("/api/3/solutionpacks/install", post(install::upload).layer(DefaultBodyLimit::disable()))
        .route("/api/3/import_jobs/{id}", get(install::job))
        .route("/api/3/files", get(files::list_files).post(files::upload).layer(DefaultBodyLimit::disable()))
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
        .route("/api/integration/execute/", post(execute::execute).layer(DefaultBodyLimit::disable()))
}

/// What anyone may ask.
pub(crate) fn open() -> Router<Arc<Host>> {
    Router::new()
        .route("/auth/authenticate", post(sign_in::authenticate))
        .route("/cyops_version.json", get(sign_in::version))
}

/// The list that the integrations service answers: everything on one page, unless less is asked for.
fn listed(rows: Vec<Value>, page: usize, page_size: usize) -> Value {
    let (page, page_size) = (page.max(1), page_size.max(1));
    let total = rows.len();
    let has_next = page.saturating_mul(page_size) < total;
    let start = (page - 1).saturating_mul(page_size);
    let data: Vec<Value> = rows.into_iter().skip(start).take(page_size).collect();
    json!({
        "status": "success",
        "totalItems": total,
        "itemsPerPage": page_size,
        "nextPage": has_next.then_some(page + 1),
        "previousPage": (page > 1).then(|| page - 1),
        "data": data,
    })
}

/// The list that the records' API answers.
fn hydra(path: &str, members: &[Value]) -> Value {
    json!({
        "@id": path,
        "@type": "hydra:Collection",
        "hydra:member": members,
        "hydra:totalItems": members.len(),
    })
}

/// What was read, or that there is none.
pub(crate) fn found<T>(what: Option<T>, name: impl FnOnce() -> String) -> Result<T, Fault> {
    what.ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, format!("There is no {}.", name())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_paged() {
        let rows = || (0..5).map(Value::from).collect::<Vec<_>>();
        let page = |number, size| {
            let page = listed(rows(), number, size);
            (page["data"].clone(), page["nextPage"].clone(), page["previousPage"].clone())
        };
        assert_eq!(page(1, 30), (json!([0, 1, 2, 3, 4]), Value::Null, Value::Null));
        assert_eq!(page(2, 2), (json!([2, 3]), json!(3), json!(1)));
        assert_eq!(page(3, 2), (json!([4]), Value::Null, json!(2)));
        assert_eq!(page(9, 2).0, json!([]));
    }
}
