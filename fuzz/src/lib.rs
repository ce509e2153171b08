//! Fuzz targets: each takes any bytes, and may neither panic nor hang, nor break what it promises.
//!
//! `tests/bounded.rs` runs them on stable, on the corpus and on mutations of it; `fuzz_targets/` under libFuzzer. Both
//! find them in [`TARGETS`].

mod answers;

use std::sync::OnceLock;

use engine::{Address, Engine, FrameDecoder, Identity, JsonLines, Path, Segment, Settings, Tls};
use operations::{Connector, NoServices};
use serde_json::{Map, Value, json};

/// A target: its name, which is that of its corpus, and what it does with some bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("answers", answers::answers),
    ("configurations", configurations),
    ("frames", frames),
    ("json_lines", json_lines),
    ("keys", keys),
    ("params", params),
    ("paths", paths),
];

/// Runs the target of this name.
pub fn run(name: &str, bytes: &[u8]) {
    if let Some((_, target)) = TARGETS.iter().find(|(other, _)| *other == name) {
        target(bytes);
    }
}

/// The frames of logs, attach and exec. The first byte says into what pieces the rest is cut.
fn frames(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let mut decoder = FrameDecoder::default();
    let mut length = 0;
    for chunk in bytes.chunks(usize::from(*size).max(1)) {
        decoder.push(chunk.to_vec().into());
        while let Ok(Some(frame)) = decoder.next_frame() {
            length += frame.data.len();
        }
    }
    assert!(length <= bytes.len(), "more came out than went in");
}

/// Streams of JSON: progress, events.
fn json_lines(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let mut lines = JsonLines::default();
    for chunk in bytes.chunks(usize::from(*size).max(1)) {
        lines.push(&chunk.to_vec().into());
        while let Ok(Some(value)) = lines.next_value() {
            drop(value);
        }
    }
    drop(lines.finish());
}

/// What becomes of ids, names and paths: none leads to another endpoint.
fn paths(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for segment in [Segment::name, Segment::reference] {
        let Ok(path) = Path::fill("/containers/{id}/json", |_| segment(text)) else { continue };
        let path = path.to_string();
        assert!(path.starts_with("/containers/") && path.ends_with("/json"), "{path}");
        assert!(path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte)), "{path}");
        assert!(path.split('/').skip(1).all(|part| !["", ".", ".."].contains(&part)), "{path}");
    }
    if let Ok(path) = Path::checked(text) {
        assert!(path.segments().all(|part| part != ".."), "{path}");
        assert!(!path.to_string().contains(['?', '#', ' ', '\r', '\n']), "{path}");
    }
}

/// A client's key and certificate, and the authority's: the first byte says which of them the rest is.
fn keys(bytes: &[u8]) {
    const CERTIFICATE: &[u8] = include_bytes!("../../tests/data/keys/ec.pem");
    const KEY: &[u8] = include_bytes!("../../tests/data/keys/ec-key.pem");
    let Some((which, bytes)) = bytes.split_first() else { return };
    // A key that is encrypted with millions of rounds is slow to open, as it is meant to be.
    let is_encrypted = bytes.windows(9).any(|window| window == b"ENCRYPTED");
    if is_encrypted && bytes.len() > 2000 {
        return;
    }
    let (certificate, key, ca) = match which % 3 {
        0 => (CERTIFICATE, bytes, None),
        1 => (bytes, KEY, None),
        _ => (CERTIFICATE, KEY, Some(bytes.to_vec())),
    };
    let passphrase = is_encrypted.then(|| "opensesame".to_owned().into());
    let identity = Identity { certificate: certificate.to_vec(), key: key.to_vec().into(), passphrase };
    let tls = Tls { ca, identity: Some(identity), ..Tls::default() };
    let address = Address::Tcp { host: "localhost".into(), port: 1 };
    let made = Engine::new(Settings { tls: Some(tls), ..Settings::new(address) });
    if let Err(error) = made {
        assert!(error.subject().is_some() || error.to_string().contains("authorities"), "{error}");
    }
}

/// A configuration, as JSON.
fn configurations(bytes: &[u8]) {
    let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else { return };
    let file =
        |name: &str| fields.get(name).and_then(Value::as_str).is_some_and(|path| path.starts_with('/'));
    // Files of this machine are no business of a fuzzer's.
    if ["cert_path", "key_path", "ca_cert_path", "ssh_key", "signing_key"].into_iter().any(file) {
        return;
    }
    if let Err(error) = Connector::new(&fields, &NoServices) {
        assert!(error.to_string().starts_with('['), "{error}");
    }
}

/// An operation's name and its parameters, as JSON: checked, and made a request, which nobody takes.
fn params(bytes: &[u8]) {
    static NOWHERE: OnceLock<Connector> = OnceLock::new();
    let Ok((operation, given)) = serde_json::from_slice::<(String, Map<String, Value>)>(bytes) else {
        return;
    };
    let connector = NOWHERE.get_or_init(|| connector("/nonexistent/docker.sock"));
    let (result, _) = connector.execute(&operation, &given, &NoServices);
    if let Err(error) = result {
        assert!(error.to_string().starts_with('['), "{error}");
    }
}

/// A connector that tries once, without asking for the version, and is not patient.
#[allow(clippy::panic, reason = "a fuzzer's own configuration is right")]
fn connector(socket: &str) -> Connector {
    let fields = json!({
        "protocol": "UNIX", "server_address": socket, "api_version": "v1.41", "timeout": 2, "retry_attempts": 0,
        "rate_limit": 0,
    });
    let fields: Map<String, Value> = fields.as_object().cloned().unwrap_or_default();
    Connector::new(&fields, &NoServices).unwrap_or_else(|error| panic!("{error}"))
}
