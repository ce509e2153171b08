//! Packages: installed as `FortiSOAR`'s importer does it, by `local-host/python/install.py`.

use std::path::Path as FilePath;
use std::process::Stdio;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Path, Query, Request, State};
use axum::http::header;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::error::Fault;
use crate::host::Host;
use crate::rest::answers::found;
use crate::rest::connectors::renew;
use crate::rest::files::received;
use crate::store::Connector;

#[derive(Deserialize)]
pub(crate) struct How {
    #[serde(rename = "$type")]
    kind: Option<String>,
    #[serde(rename = "$replace", default)]
    replace: bool,
}

/// Why a package is not installed, in words for its author.
pub(crate) struct Refusal(pub(crate) String);

/// `POST /api/3/solutionpacks/install?$type=connector`: multipart, the .tgz as `file`.
pub(crate) async fn upload(
    State(host): State<Arc<Host>>,
    Query(how): Query<How>,
    request: Request,
) -> Result<Json<Value>, Fault> {
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("multipart/form-data"));
    if !is_form {
        return Err(Fault::bad_request(
            "The local host has no Content Hub: connectors are installed from a .tgz, uploaded as multipart/form-data.",
        ));
    }
    if how.kind.as_deref() != Some("connector") {
        return Err(Fault::bad_request("Only connectors are installed here: $type=connector."));
    }
    let form = axum::extract::Multipart::from_request(request, &host).await;
    let form = form.map_err(|fault| Fault::bad_request(fault.body_text()))?;
    let upload = received(&host, form).await?;
    let installed = install(&host, upload.path(), how.replace).await;
    let connector = installed.map_err(|refusal| Fault::bad_request(refusal.0))?;
    // There is nothing left to do, so the job's number is the installation's.
    let job = job_id(connector.id);
    Ok(Json(json!({
        "@context": "/api/3/contexts/SolutionPack",
        "@id": format!("/api/3/solutionpacks/{job}"),
        "@type": "SolutionPack",
        "id": connector.id,
        "uuid": job,
        "name": connector.name,
        "label": connector.info["label"],
        "version": connector.version,
        "type": "connector",
        "installed": true,
        "importJob": {"@id": format!("/api/3/import_jobs/{job}"), "uuid": job, "status": COMPLETE},
    })))
}

const COMPLETE: &str = "Import Complete";

/// `GET /api/3/import_jobs/<uuid>`
pub(crate) async fn job(State(host): State<Arc<Host>>, Path(id): Path<Uuid>) -> Result<Json<Value>, Fault> {
    let mut connectors = host.store.connectors()?.into_iter();
    let connector = found(connectors.find(|one| job_id(one.id) == id), || format!("import job {id}"))?;
    Ok(Json(json!({
        "@id": format!("/api/3/import_jobs/{id}"),
        "@type": "ImportJob",
        "uuid": id,
        "status": COMPLETE,
        "progressPercent": 100,
        "errorMessage": null,
        "currentlyImporting": format!("{} {}", connector.name, connector.version),
    })))
}

/// Installs a package and renews the workers.
pub(crate) async fn install(host: &Host, package: &FilePath, replace: bool) -> Result<Connector, Refusal> {
    let mut program = Command::new(host.workers.python());
    program.arg(host.layout.python("install.py")).arg(package).arg("--root").arg(host.layout.root());
    if replace {
        program.arg("--replace");
    }
    let started = program
        .arg("--ask")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut importer = started.map_err(|fault| Refusal(format!("The importer did not start: {fault}")))?;
    // The importer's parser and ours must both take the description before anything is changed.
    let info = described(&mut importer).await;
    if let (Some(Ok(_)), Some(mut answer)) = (&info, importer.stdin.take()) {
        let _the_importer_says_why = answer.write_all(b"go\n").await;
    }
    let output = importer.wait_with_output().await.map_err(|fault| Refusal(fault.to_string()))?;
    let info = match info {
        Some(Ok(info)) if output.status.success() => info,
        Some(Err(fault)) => {
            return Err(Refusal(format!("The package is refused:\n  - info.json is not JSON: {fault}")));
        }
        _ => return Err(Refusal(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    };
    let connector = host.store.installed(&info).map_err(|fault| Refusal(fault.to_string()))?;
    renew(host).await.map_err(|fault| Refusal(format!("{fault:?}")))?;
    Ok(connector)
}

/// The description that the importer shows; nothing where it has refused the package already.
async fn described(importer: &mut Child) -> Option<serde_json::Result<Value>> {
    let mut said = BufReader::new(importer.stdout.as_mut()?);
    let mut length = String::new();
    said.read_line(&mut length).await.ok()?;
    let mut text = vec![0; length.trim().parse().ok()?];
    said.read_exact(&mut text).await.ok()?;
    Some(serde_json::from_slice(&text))
}

fn job_id(installation: i64) -> Uuid {
    Uuid::from_u64_pair(0x10ca_1000_0000_4000, 0x8000_0000_0000_0000 | installation.unsigned_abs())
}
