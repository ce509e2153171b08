//! The server: started, guarded, and ended.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::certificate::{self, Certificate};
use crate::doors::{Doors, PATIENCE};
use crate::error::{Error, Fault};
use crate::history::History;
use crate::host::{Host, session_of};
use crate::jobs::Jobs;
use crate::layout::Layout;
use crate::progress::Watches;
use crate::records::Records;
use crate::rest::{self, configurations, install};
use crate::secrets::Secrets;
use crate::store::{self, Store};
use crate::workers::Workers;
use crate::{page, private};

/// How the local host is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is kept; made if it is not there.
    pub state: PathBuf,
    /// The port on 127.0.0.1; 0 is any that is free.
    pub port: u16,
    /// A connector's package to install at the start, over the same version if it is there.
    pub package: Option<PathBuf>,
    /// The Python that runs connectors.
    pub python: PathBuf,
    /// The first configuration of that package, if it has none: values of fields that its form has. The others are as the
    /// form begins.
    pub first_configuration: Option<serde_json::Value>,
}

/// Serves until Ctrl-C or SIGTERM; `say` is given the lines that the user reads.
pub fn serve(options: &Options, say: impl Fn(&str)) -> Result<(), Error> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Error::Server)?
        .block_on(run(options, &say))
}

async fn run(options: &Options, say: &impl Fn(&str)) -> Result<(), Error> {
    check_python(&options.python).await?;
    let _lock = lock(&options.state)?;
    let layout = Layout::new(&options.state)?;
    let refused = |source| Error::Port { port: options.port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;

    let certificate = certificate::keep(&layout)?;
    let (secrets, is_new) = Secrets::open(&layout)?;
    let connection = open_database(&layout)?;
    let names = certificate::NAMES.iter();
    let host = Arc::new(Host {
        workers: Workers::start(&options.python, &layout).await?,
        records: Records::new(layout.records()),
        watches: Watches::default(),
        jobs: Jobs::default(),
        store: Store::new(connection.clone()),
        history: History::open(connection)?,
        authorities: names.map(|name| format!("{name}:{}", address.port())).collect(),
        origin: format!("https://{address}"),
        secrets,
        layout,
    });
    if let Some(package) = &options.package {
        let installed =
            install::install(&host, package, true).await.map_err(|refusal| Error::Package(refusal.0))?;
        say(&format!("Installed {} {} from {}", installed.name, installed.version, package.display()));
        if let Some(first) = &options.first_configuration
            && let Some(name) = configurations::first(&host, &installed, first)?
        {
            say(&format!("Configured   {name}, which is the default"));
        }
    }
    welcome(&host, &certificate, is_new, say)?;
    listen(listener, &certificate, host).await
}

/// What the user needs to know to come in.
fn welcome(host: &Host, certificate: &Certificate, is_new: bool, say: &impl Fn(&str)) -> Result<(), Error> {
    let key_file = host.layout.file("api-key");
    if host.store.connectors()?.is_empty() {
        say("No connector is installed yet. The page installs a package, or start with --package FILE; \
             `cargo xtask package` makes one.");
    }
    say(&format!("Page         {}/sign-in?token={}", host.origin, host.secrets.new_link()));
    say("             (opens once; afterwards, sign in with the API key)");
    if is_new {
        say(&format!("API key      {}", host.secrets.api_key()));
        say(&format!("             (shown this once; kept in {})", key_file.display()));
    } else {
        say(&format!("API key      in {}", key_file.display()));
    }
    say(&format!("Certificate  SHA-256 {}", certificate.fingerprint));
    say("             (of our own making: a browser asks once whether to trust it)");
    say(&format!("Listening on {}; Ctrl-C ends it.", host.origin));
    Ok(())
}

async fn listen(listener: TcpListener, certificate: &Certificate, host: Arc<Host>) -> Result<(), Error> {
    let fault = |fault: &dyn std::fmt::Display| Error::Certificate(fault.to_string());
    let chain = vec![CertificateDer::from_pem_slice(&certificate.chain).map_err(|cause| fault(&cause))?];
    let key = PrivateKeyDer::from_pem_slice(&certificate.key).map_err(|cause| fault(&cause))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|cause| fault(&cause))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];

    let handle: Handle<SocketAddr> = Handle::new();
    tokio::spawn({
        let handle = handle.clone();
        async move {
            asked_to_end().await;
            // Whoever still waits for an operation is cut off, which interrupts it.
            handle.graceful_shutdown(Some(Duration::from_millis(500)));
        }
    });
    let tls = RustlsAcceptor::new(RustlsConfig::from_config(Arc::new(config))).handshake_timeout(PATIENCE);
    let mut server = axum_server::from_tcp(listener)
        .map_err(Error::Server)?
        .acceptor(Doors::to(tls))
        .http1_only()
        .first_request_timeout(PATIENCE)
        .handle(handle);
    server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    server.serve(router(host).into_make_service()).await.map_err(Error::Server)
}

async fn asked_to_end() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

/// All that is answered. Everything behind `/api` and `/page` needs a key or a session.
fn router(host: Arc<Host>) -> Router {
    let guarded = Router::new()
        .merge(rest::router())
        .merge(page::guarded())
        .layer(middleware::from_fn_with_state(host.clone(), signed_in));
    guarded
        .merge(rest::open())
        .merge(page::open())
        .fallback(|method: Method, uri: Uri| async move {
            rest::not_offered(StatusCode::NOT_FOUND, &method, uri.path())
        })
        .method_not_allowed_fallback(|method: Method, uri: Uri| async move {
            rest::not_offered(StatusCode::METHOD_NOT_ALLOWED, &method, uri.path())
        })
        .layer(middleware::map_response(worded))
        .layer(middleware::from_fn_with_state(host.clone(), for_this_host))
        .layer(middleware::map_response(with_security_headers))
        .with_state(host)
}

/// Refuses what was meant for another name: a website that bends its own name to this address must not be read with it.
async fn for_this_host(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).and_then(|name| name.to_str().ok()).unwrap_or_default();
    if !host.authorities.iter().any(|ours| ours == named) {
        return Fault::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!("This is not {named}: only {} is answered.", host.authorities.join(" and ")),
        )
        .into_response();
    }
    next.run(request).await
}

/// Lets a request pass that has the API key, or a session of the page and no other page behind it.
async fn signed_in(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    if may_pass(&host, request.method(), request.headers()) {
        return next.run(request).await;
    }
    Fault::new(
        StatusCode::UNAUTHORIZED,
        "Sign in first: with the header `Authorization: API-KEY <key>`, or on the page.",
    )
    .into_response()
}

fn may_pass(host: &Host, method: &Method, headers: &HeaderMap) -> bool {
    let by_key = key_of(headers).is_some_and(|key| host.secrets.is_api_key(key));
    let has_session = session_of(headers).is_some_and(|session| host.secrets.is_session(session));
    by_key || has_session && (method == Method::GET || is_of_our_page(host, headers))
}

/// `API-KEY <key>`, or `Bearer <token>` of a sign-in by user and password, where the token is the key.
fn key_of(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    ["API-KEY", "Bearer"].contains(&scheme).then(|| key.trim())
}

/// Cookies go to every port of this machine, so what changes something must say where it comes from.
fn is_of_our_page(host: &Host, headers: &HeaderMap) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    origin
        .and_then(|origin| origin.strip_prefix("https://"))
        .is_some_and(|authority| host.authorities.iter().any(|ours| ours == authority))
}

/// What axum refuses by itself, such as a body that is no JSON, in the form of every other fault.
async fn worded(response: Response) -> Response {
    const LONGEST: usize = 4096;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_plain = kind.is_none_or(|kind| kind.starts_with("text/plain"));
    if !(response.status().is_client_error() && is_plain) {
        return response;
    }
    let status = response.status();
    let said = axum::body::to_bytes(response.into_body(), LONGEST).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let said = if said.is_empty() { status.canonical_reason().unwrap_or_default() } else { &said };
    Fault::new(status, said).into_response()
}

async fn with_security_headers(mut response: Response) -> Response {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
        trusted-types 'none'";
    let fixed = [
        ("content-security-policy", policy),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn open_database(layout: &Layout) -> Result<store::Shared, Error> {
    let path = layout.file("state.sqlite");
    if !path.exists() {
        // SQLite gives its journals the database's own mode.
        private::write(&path, b"").map_err(Error::state(&path))?;
    }
    Ok(store::open(&path)?)
}

/// One host for each state folder: a second one must change nothing in it.
fn lock(state: &Path) -> Result<std::fs::File, Error> {
    private::folder(state).map_err(Error::state(state))?;
    let path = state.join("lock");
    let file = private::log(&path).map_err(Error::state(&path))?;
    let taken = "a local host runs with it already; end that one, or name another folder with --state";
    file.try_lock().map_err(|_| Error::state(state)(std::io::Error::other(taken)))?;
    Ok(file)
}

async fn check_python(python: &Path) -> Result<(), Error> {
    let fault = |reason: String| Error::Python { tried: python.display().to_string(), reason };
    let output = tokio::process::Command::new(python)
        .args(["-c", "import sys; print(sys.version_info >= (3, 9), sys.version.split()[0])"])
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|cause| fault(cause.to_string()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.trim().split_once(' ') {
        Some(("True", _)) => Ok(()),
        Some((_, version)) => Err(fault(format!("it is Python {version}"))),
        None => Err(fault(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}
