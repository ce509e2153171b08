//! The samples for those who add operations, on a real engine, which `cargo xtask test` starts.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    env,
    sync::atomic::{AtomicU32, Ordering},
};

use operations::{Connector, NoServices};
use serde_json::{Value, json};

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run these through `cargo xtask test`"))
}

/// The engine, with what a test has made in it.
struct Engine {
    connector: Connector,
    container: String,
}

impl Engine {
    /// An engine in which a container of the test's own runs, with a port published on the host alone.
    fn with_container() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let configuration = json!({"protocol": "UNIX", "server_address": variable("ENGINE_SOCKET")});
        let connector = Connector::new(configuration.as_object().unwrap(), &NoServices).unwrap();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let container = format!("fsr-sample-{}-{count}", std::process::id());
        let engine = Self { connector, container };
        engine.done(
            "create_container",
            json!({
                "name": engine.container, "image": variable("ENGINE_IMAGE"), "Cmd": "sleep 600",
                "ports": "127.0.0.1::80", "HostConfig": {"Init": true},
            }),
        );
        engine.done("start_container", json!({"id": engine.container}));
        engine
    }

    fn run(&self, operation: &str, params: Value) -> Result<Value, String> {
        let (result, _) = self.connector.execute(operation, params.as_object().unwrap(), &NoServices);
        result
            .map(|outcome| serde_json::from_slice(&outcome.into_json()).unwrap())
            .map_err(|error| error.to_string())
    }

    fn done(&self, operation: &str, params: Value) -> Value {
        self.run(operation, params).unwrap_or_else(|error| panic!("{error}"))
    }

    fn refused(&self, operation: &str, params: Value) -> String {
        self.run(operation, params).err().unwrap_or_else(|| panic!("{operation} was not refused"))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _gone = self.run("remove_container", json!({"id": self.container, "force": true}));
    }
}

#[test]
fn get_list_published_ports() {
    let engine = Engine::with_container();
    let ports = |exposed: bool| {
        engine
            .done("list_published_ports", json!({"filters": {"name": engine.container}, "exposed": exposed}))
    };
    let published = ports(false);
    assert_eq!(published.as_array().unwrap().len(), 1, "{published}");
    assert_eq!(published[0]["container"], engine.container);
    assert_eq!(
        (&published[0]["address"], &published[0]["container_port"]),
        (&json!("127.0.0.1"), &json!(80))
    );
    assert!(published[0]["port"].as_u64().unwrap() > 1024);
    assert_eq!(ports(true), json!([]));
}

#[test]
fn post_throttle_container() {
    let engine = Engine::with_container();
    let result = engine.done("throttle_container", json!({"id": engine.container, "percent": "20"}));
    assert_eq!((&result["percent"], &result["warnings"]), (&json!(20), &json!([])));
    let found = engine.done("inspect_container", json!({"id": engine.container}));
    assert_eq!(found["HostConfig"]["NanoCpus"], 200_000_000);
    let error = engine.refused("throttle_container", json!({"id": engine.container, "percent": 0}));
    assert!(error.starts_with("[invalid_parameters] throttle_container: "), "{error}");
    assert!(error.contains("percent must be from 1 to 100, not 0"), "{error}");
}

#[test]
fn put_leave_note() {
    let engine = Engine::with_container();
    let result = engine.done("leave_note", json!({"id": engine.container, "note": "seen by tier 1"}));
    assert_eq!(result["outcome"], "done");
    let read = engine.done("exec_container", json!({"id": engine.container, "Cmd": "cat /NOTE.txt"}));
    assert_eq!(read["stdout"], "seen by tier 1");
    let error =
        engine.refused("leave_note", json!({"id": engine.container, "note": "x", "path": "/nowhere"}));
    assert!(
        error.starts_with("[not_found 404] leave_note: ") && error.contains("the folder is there"),
        "{error}"
    );
    let error = engine.refused("leave_note", json!({"id": engine.container, "note": "x".repeat(4097)}));
    assert!(error.contains("note must be of at most 4096 bytes, not 4097"), "{error}");
}

#[test]
fn delete_remove_finished_container() {
    let engine = Engine::with_container();
    let params = || json!({"id": engine.container, "v": true});
    let error = engine.refused("remove_finished_container", params());
    assert!(error.contains("runs, and was left alone"), "{error}");
    engine.done("stop_container", json!({"id": engine.container, "t": 0}));
    assert_eq!(engine.done("remove_finished_container", params())["outcome"], "done");
    let error = engine.refused("remove_finished_container", params());
    assert!(error.starts_with("[not_found 404] remove_finished_container: No such container"), "{error}");
}

#[test]
fn the_catalogue_does_not_show_them() {
    assert!(operations::operations().all(|operation| operation.name != "leave_note"));
    assert!(operations::find("leave_note").is_some());
}
