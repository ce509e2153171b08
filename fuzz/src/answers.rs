//! The whole client, against an engine that answers with any bytes.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::{Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use operations::{Connector, Services};
use serde_json::{Value, json};

/// Operations that read an answer each in its own way: whole JSON, a list, frames, JSON lines, a tar, ...
const OPERATIONS: [(&str, &str); 10] = [
    ("inspect_image", r#"{"name": "x", "redact": true}"#),
    ("list_containers", "{}"),
    ("container_logs", r#"{"id": "x", "timestamps": true}"#),
    ("exec_container", r#"{"id": "x", "Cmd": ["true"]}"#),
    ("copy_from_container", r#"{"id": "x", "path": "/f", "output": "Text"}"#),
    ("pull_image", r#"{"fromImage": "x"}"#),
    ("build_image", r#"{"dockerfile_content": "FROM x"}"#),
    ("system_events", r#"{"timeout": 1}"#),
    ("container_stats", r#"{"id": "x"}"#),
    ("call_api", r#"{"method": "GET", "path": "/x"}"#),
];
/// What is looked at before or after the request that counts.
const LOOKS: [(&str, &str); 3] = [
    (
        "/containers/x/json",
        r#"{"Id": "x", "State": {"Running": true}, "Config": {}, "HostConfig": {"LogConfig": {}}}"#,
    ),
    ("/containers/x/exec", r#"{"Id": "e"}"#),
    ("/exec/e/json", r#"{"Running": false, "ExitCode": 0}"#),
];
/// The bounds are of two seconds; beside them is what a slow machine needs.
const HUNG: Duration = Duration::from_secs(20);

/// Bytes as the answer to the operation that the first of them names.
pub(crate) fn answers(bytes: &[u8]) {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let (operation, params) = OPERATIONS[usize::from(*which) % OPERATIONS.len()];
    let server = server();
    *server.answer.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
    let params: Value = serde_json::from_str(params).unwrap_or_default();
    let began = Instant::now();
    let (result, _) =
        server.connector.execute(operation, params.as_object().unwrap_or(&serde_json::Map::new()), &Nowhere);
    assert!(began.elapsed() < HUNG, "{operation} hung");
    match result {
        // The engine's own JSON is not parsed on its way: Python does that, and refuses what is none.
        Ok(outcome) => {
            assert!(
                serde_json::from_slice(&outcome.into_json()).map_or(true, is_storable),
                "{operation} cannot be stored"
            );
        }
        Err(error) => assert!(error.to_string().starts_with('['), "{error}"),
    }
}

struct Server {
    connector: Connector,
    answer: Mutex<Vec<u8>>,
}

/// Whether a database can store it: no NUL in any text.
fn is_storable(value: Value) -> bool {
    match value {
        Value::String(text) => !text.contains('\0'),
        Value::Array(items) => items.into_iter().all(is_storable),
        Value::Object(fields) => {
            fields.into_iter().all(|(name, value)| !name.contains('\0') && is_storable(value))
        }
        _ => true,
    }
}

/// An engine's stand-in in this process.
#[allow(clippy::expect_used, reason = "without a socket there is nothing to fuzz")]
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder").keep();
        let path = folder.join("docker.sock");
        let listener = UnixListener::bind(&path).expect("a socket");
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                std::thread::spawn(move || serve(client, server()));
            }
        });
        Server { connector: crate::connector(&path.to_string_lossy()), answer: Mutex::default() }
    })
}

fn serve(mut client: UnixStream, server: &Server) {
    let Ok(reading) = client.try_clone() else { return };
    let mut reader = BufReader::new(reading);
    while let Some(path) = request(&mut reader) {
        if let Some((_, body)) = LOOKS.iter().find(|(look, _)| path.ends_with(look)) {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
            );
            if client.write_all(format!("{head}{body}").as_bytes()).is_err() {
                return;
            }
            continue;
        }
        let answer = server.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let _gone = client.write_all(&answer);
        return;
    }
}

/// Reads a request, and gives its path.
fn request(reader: &mut BufReader<UnixStream>) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.split('?').next()?.to_owned();
    let (mut length, mut chunked) = (0, false);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim().to_ascii_lowercase();
        match header.split_once(": ") {
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(("transfer-encoding", _)) => chunked = true,
            Some(_) => {}
            None => break,
        }
    }
    if !chunked {
        reader.take(length).read_to_end(&mut Vec::new()).ok()?;
        return Some(path);
    }
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).ok()?;
        let size = u64::from_str_radix(size.trim(), 16).ok()?;
        reader.take(size + 2).read_to_end(&mut Vec::new()).ok()?;
        if size == 0 {
            return Some(path);
        }
    }
}

/// A FortiSOAR that takes every file, and has none.
struct Nowhere;

impl Services for Nowhere {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("there are no files".into())
    }

    fn fetch(&self, _: &str) -> Result<(std::path::PathBuf, String), String> {
        Err("there are no files".into())
    }

    fn save(&self, _: &Path, filename: &str, _: &str) -> Result<Value, String> {
        Ok(json!({"filename": filename}))
    }
}
