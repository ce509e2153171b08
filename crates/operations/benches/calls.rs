//! What a call costs beside its requests: checks, the hand-over of JSON, files. `cargo bench --package operations`
#![allow(missing_docs, reason = "divan's attribute makes public items of its own")]

use bytes::Bytes;
use divan::{Bencher, counter::BytesCount};
use operations::{find, internals};
use serde_json::{Map, Value, json};

fn main() {
    divan::main();
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// Twenty parameters of the operation that has the most.
#[divan::bench]
fn checks(bencher: Bencher<'_, '_>) {
    let Some(create) = find("create_container") else { return };
    let params = object(json!({
        "name": "web", "image": "nginx:1.27", "Hostname": "web", "Cmd": ["nginx", "-g", "daemon off;"],
        "Env": "A=1\nB=2", "Labels": {"team": "soc"}, "User": "1000:1000", "WorkingDir": "/srv",
        "ports": "8080:80", "NetworkMode": "bridge", "ReadonlyRootfs": "true", "CapDrop": ["ALL"],
        "AutoRemove": false, "Privileged": false, "Tty": false, "OpenStdin": "", "StopSignal": "SIGTERM",
        "StopTimeout": "10", "Dns": "10.0.0.1,10.0.0.2", "Init": true,
    }));
    bencher.bench(|| internals::checked(create, &params));
}

/// A list of containers on its way to Python: looked through for what a database cannot store.
#[divan::bench]
fn json_handed_over(bencher: Bencher<'_, '_>) {
    let container = r#"{"Id":"0123456789abcdef","Names":["/web"],"Image":"nginx:1.27","Command":"\"nginx -g 'daemon off;'\"","Labels":{"team":"soc"},"State":"running","Status":"Up 2 hours"}"#;
    let list = Bytes::from(format!("[{}]", vec![container; 1000].join(",")));
    bencher.counter(BytesCount::new(list.len())).bench(|| internals::storable(list.clone()));
}

/// A file that is received: hashed and written.
#[divan::bench(sample_count = 20)]
fn file_received(bencher: Bencher<'_, '_>) {
    let chunk = Bytes::from(vec![7_u8; 32 * 1024]);
    let chunks = vec![chunk.clone(); 512];
    bencher.counter(BytesCount::new(chunk.len() * chunks.len())).bench(|| internals::received(&chunks));
}
