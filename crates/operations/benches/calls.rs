//! What a call costs before its first request. `cargo bench --package operations`
#![allow(missing_docs, reason = "divan's attribute makes public items of its own")]

use divan::Bencher;
use operations::{Connector, NoServices};
use serde_json::{Map, Value, json};

fn main() {
    divan::main();
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// Twenty parameters of the operation that has the most, checked and then refused by the access level.
#[divan::bench]
fn checks(bencher: Bencher<'_, '_>) {
    let configuration = json!({
        "protocol": "UNIX", "server_address": "/no/such/socket", "authentication_type": "None", "access_level": "Read Only",
    });
    let Ok(connector) = Connector::new(&object(configuration), &NoServices) else { return };
    let params = object(json!({
        "name": "web", "image": "nginx:1.27", "Hostname": "web", "Cmd": ["nginx", "-g", "daemon off;"],
        "Env": "A=1\nB=2", "Labels": {"team": "soc"}, "User": "1000:1000", "WorkingDir": "/srv",
        "ports": "8080:80", "NetworkMode": "bridge", "ReadonlyRootfs": "true", "CapDrop": ["ALL"],
        "AutoRemove": false, "Privileged": false, "Tty": false, "OpenStdin": "", "StopSignal": "SIGTERM",
        "StopTimeout": "10", "Dns": "10.0.0.1,10.0.0.2", "Init": true,
    }));
    bencher.bench(|| connector.execute("create_container", &params, &NoServices));
}
