//! Files and attachments: up, down, listed, deleted. They are the same that a running connector reads and makes.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Multipart, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use crate::error::Fault;
use crate::host::Host;
use crate::private;
use crate::records::Kind;
use crate::rest::answers::{found, hydra};

/// An uploaded file among the temporary ones, removed when it is dropped.
pub(super) struct Upload {
    path: PathBuf,
    filename: String,
    mime_type: String,
}

impl Upload {
    pub(super) fn path(&self) -> &FilePath {
        &self.path
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The field `file` of a form, written to a private file as it comes.
pub(super) async fn received(host: &Host, mut form: Multipart) -> Result<Upload, Fault> {
    let broken = |fault: axum::extract::multipart::MultipartError| Fault::bad_request(fault.body_text());
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        if field.name() != Some("file") {
            continue;
        }
        let upload = Upload {
            path: host.layout.upload(),
            filename: field.file_name().unwrap_or("file").to_owned(),
            mime_type: field.content_type().unwrap_or("application/octet-stream").to_owned(),
        };
        let mut file = tokio::fs::File::from_std(private::log(&upload.path)?);
        while let Some(chunk) = field.chunk().await.map_err(broken)? {
            file.write_all(&chunk).await?;
        }
        file.flush().await?;
        return Ok(upload);
    }
    Err(Fault::bad_request("The form has no field `file`."))
}

/// `POST /api/3/files`
pub(crate) async fn upload(State(host): State<Arc<Host>>, form: Multipart) -> Result<Response, Fault> {
    let upload = received(&host, form).await?;
    let record = host.records.create_file(&upload.path, &upload.filename, &upload.mime_type)?;
    Ok((StatusCode::CREATED, Json(record)).into_response())
}

/// `GET /api/3/files`
pub(crate) async fn list_files(State(host): State<Arc<Host>>) -> Result<Json<Value>, Fault> {
    Ok(Json(hydra("/api/3/files", &host.records.list(Kind::File)?)))
}

/// `GET /api/3/attachments`
pub(crate) async fn list_attachments(State(host): State<Arc<Host>>) -> Result<Json<Value>, Fault> {
    Ok(Json(hydra("/api/3/attachments", &host.records.list(Kind::Attachment)?)))
}

/// `GET /api/3/files/<uuid>`: the record, or the contents for who accepts `application/octet-stream`.
pub(crate) async fn read_file(
    State(host): State<Arc<Host>>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let record = read(&host, Kind::File, id)?;
    let accepts = headers.get(header::ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    if accepts.contains("application/octet-stream") {
        return contents(&host, id, &record).await;
    }
    Ok(Json(record).into_response())
}

/// A file's contents, as a download.
pub(crate) async fn contents(host: &Host, id: Uuid, record: &Value) -> Result<Response, Fault> {
    let file = tokio::fs::File::open(host.records.contents(id)).await?;
    let size = file.metadata().await?.len();
    let name = record["filename"].as_str().unwrap_or("file");
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, size.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{}", percent_encoded(name))),
    ];
    Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response())
}

#[derive(Deserialize)]
pub(crate) struct Attachment {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: Option<String>,
    /// `/api/3/files/<uuid>`
    file: String,
}

/// `POST /api/3/attachments`
pub(crate) async fn create_attachment(
    State(host): State<Arc<Host>>,
    Json(asked): Json<Attachment>,
) -> Result<Response, Fault> {
    let id = asked.file.strip_prefix("/api/3/files/").and_then(|id| Uuid::parse_str(id).ok());
    let id = id.ok_or_else(|| Fault::bad_request(format!("{} is not the IRI of a file.", asked.file)))?;
    let file = read(&host, Kind::File, id)?;
    let name = if asked.name.is_empty() { file["filename"].as_str().unwrap_or("file") } else { &asked.name };
    let record = host.records.create_attachment(name, &asked.description.unwrap_or_default(), &file)?;
    Ok((StatusCode::CREATED, Json(record)).into_response())
}

/// `GET /api/3/attachments/<uuid>`
pub(crate) async fn read_attachment(
    State(host): State<Arc<Host>>,
    Path(id): Path<Uuid>,
) -> Result<Json<Value>, Fault> {
    read(&host, Kind::Attachment, id).map(Json)
}

/// `DELETE /api/3/files/<uuid>`
pub(crate) async fn delete_file(
    State(host): State<Arc<Host>>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Fault> {
    delete(&host, Kind::File, id)
}

/// `DELETE /api/3/attachments/<uuid>`
pub(crate) async fn delete_attachment(
    State(host): State<Arc<Host>>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Fault> {
    delete(&host, Kind::Attachment, id)
}

fn read(host: &Host, kind: Kind, id: Uuid) -> Result<Value, Fault> {
    found(host.records.read(kind, id)?, || format!("/api/3/{}/{id}", kind.collection()))
}

fn delete(host: &Host, kind: Kind, id: Uuid) -> Result<StatusCode, Fault> {
    let gone = host.records.delete(kind, id)?;
    found(gone.then_some(StatusCode::NO_CONTENT), || format!("/api/3/{}/{id}", kind.collection()))
}

fn percent_encoded(text: &str) -> String {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_downloads_are_safe_in_a_header() {
        assert_eq!(percent_encoded("a b\"\r\n.tar"), "a%20b%22%0D%0A.tar");
    }
}
