//! What can go wrong: at the start, which ends the program, and in answer to a request, which does not.

use std::io;
use std::path::{Path, PathBuf};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why the local host does not start, or has ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder of the state.
    #[error("{path}: {source}", path = path.display())]
    State {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database of the state.
    #[error("The database in the state folder: {0}. A new state folder (--state DIR) starts afresh.")]
    Database(#[from] rusqlite::Error),
    /// The certificate cannot be made or read.
    #[error(
        "The certificate in the state folder: {0}. Remove certificate.pem and key.pem there to have new ones."
    )]
    Certificate(String),
    /// The port cannot be had.
    #[error(
        "Cannot listen on 127.0.0.1:{port}: {source}. Choose another with --port, or 0 for any that is free."
    )]
    Port {
        /// Which.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// There is no fitting Python.
    #[error(
        "Python 3.9 or newer is needed to run connectors, and {tried} does not do: {reason}. Name one with --python."
    )]
    Python {
        /// The program that was tried.
        tried: String,
        /// What came of it.
        reason: String,
    },
    /// The workers do not start.
    #[error("The workers did not start: {0}. What they said is in workers.log in the state folder.")]
    Workers(String),
    /// The package that was named cannot be installed.
    #[error("{0}")]
    Package(String),
    /// The server ended.
    #[error("The server ended: {0}")]
    Server(io::Error),
}

impl Error {
    /// About a file or folder of the state.
    pub(crate) fn state(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::State { path, source }
    }
}

/// A request that cannot be answered as it was meant, as `FortiSOAR` words it: a status, and JSON with a `message`.
#[derive(Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    message: String,
}

impl Fault {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// An operation that failed, worded as `FortiSOAR` words it.
    pub(crate) fn of_operation(message: &str) -> Self {
        Self::bad_request(format!(
            "CS-INTEGRATION-5: Error occurred while executing the connector action ERROR :: {message}"
        ))
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(fault: rusqlite::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("The database of the local host: {fault}"))
    }
}

impl From<io::Error> for Fault {
    fn from(fault: io::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("A file of the local host: {fault}"))
    }
}

impl From<serde_json::Error> for Fault {
    fn from(fault: serde_json::Error) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("What the local host keeps is damaged: {fault}"))
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"message": self.message, "status": "failed", "_status": false})))
            .into_response()
    }
}
