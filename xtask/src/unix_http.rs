//! The few requests that bring an engine up, over its unix socket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Sends a request, whose body is a tar if it has one, and answers the body of a good reply.
pub(crate) fn request(socket: &Path, method: &str, target: &str, body: &[u8]) -> Result<String> {
    send(socket, method, target, "application/x-tar", body)
}

/// POSTs JSON.
pub(crate) fn post(socket: &Path, target: &str, body: &Value) -> Result<String> {
    send(socket, "POST", target, "application/json", body.to_string().as_bytes())
}

fn send(socket: &Path, method: &str, target: &str, kind: &str, body: &[u8]) -> Result<String> {
    let tried = || format!("{method} {target} at {}", socket.display());
    let mut stream = UnixStream::connect(socket).with_context(tried)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    // HTTP/1.0: the reply is not chunked and ends with the connection.
    let head = format!(
        "{method} {target} HTTP/1.0\r\nHost: docker\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).with_context(tried)?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).with_context(tried)?;
    let (head, body) = reply.split_once("\r\n\r\n").with_context(tried)?;
    if head.split(' ').nth(1) != Some("200") {
        bail!("{}: {}: {}", tried(), head.lines().next().unwrap_or_default(), body.trim());
    }
    Ok(body.to_owned())
}
