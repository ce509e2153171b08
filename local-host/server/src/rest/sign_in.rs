//! Signing in: by API key, which every request carries, or by user and password for a token.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Fault;
use crate::host::Host;
use crate::rest::answers::hydra;

/// The release whose API this is like.
const LIKE_FORTISOAR: &str = "7.6.5";

#[derive(Deserialize)]
pub(super) struct Asked {
    credentials: Credentials,
}

#[derive(Deserialize)]
struct Credentials {
    password: String,
}

/// `POST /auth/authenticate`: any user, with the API key as the password. The token is the key.
pub(super) async fn authenticate(
    State(host): State<Arc<Host>>,
    Json(asked): Json<Asked>,
) -> Result<Json<Value>, Fault> {
    if host.secrets.is_api_key(&asked.credentials.password) {
        return Ok(Json(json!({"token": asked.credentials.password})));
    }
    Err(Fault::new(StatusCode::UNAUTHORIZED, "The password of the local host's user is its API key."))
}

/// `GET /api/3/people`: the one user, and for clients the proof that their key is good.
pub(super) async fn people() -> Json<Value> {
    const ID: &str = "/api/3/people/10ca1000-0000-4000-8000-000000000001";
    let user = json!({
        "@id": ID, "@type": "Person", "uuid": &ID["/api/3/people/".len()..], "id": 1,
        "firstname": "Local", "lastname": "User", "csActive": true, "accessType": "Named",
    });
    Json(hydra("/api/3/people", &[user]))
}

/// `GET /cyops_version.json`
pub(super) async fn version() -> Json<Value> {
    Json(json!({"version": LIKE_FORTISOAR, "host": concat!("fsr-docker ", env!("CARGO_PKG_VERSION"))}))
}
