//! Containers that are made or talked to, on a real engine, which `cargo xtask test` starts.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    env,
    io::{Read, Write},
    net::Shutdown,
    os::unix::net::{UnixListener, UnixStream},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
};

use operations::{Connector, NoServices};
use serde_json::{Value, json};

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run these through `cargo xtask test`"))
}

/// The engine, with a label for what a test makes in it.
struct Engine {
    connector: Connector,
    label: String,
}

impl Engine {
    fn new() -> Self {
        Self::at(variable("ENGINE_SOCKET"))
    }

    fn at(socket: String) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let configuration =
            json!({"protocol": "UNIX", "server_address": socket, "retry_delay": 0, "max_connections": 2});
        let connector = Connector::new(configuration.as_object().unwrap(), &NoServices).unwrap();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self { connector, label: format!("fsr-made={}-{count}", std::process::id()) }
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

    /// A container of its own.
    fn made(&self, mut params: Value) -> String {
        params["image"] = variable("ENGINE_IMAGE").into();
        params["Labels"] = self.label.as_str().into();
        let id = self.done("create_container", params)["Id"].as_str().unwrap().to_owned();
        self.done("start_container", json!({"id": id}));
        id
    }

    /// `run_container`, and that it left nothing behind.
    fn ran(&self, mut params: Value) -> Result<Value, String> {
        params["image"] = variable("ENGINE_IMAGE").into();
        params["Labels"] = self.label.as_str().into();
        let result = self.run("run_container", params);
        assert_eq!(self.containers(), Vec::<String>::new(), "left behind");
        result
    }

    fn containers(&self) -> Vec<String> {
        let filters = format!("label={}", self.label);
        let listed = self.done("list_containers", json!({"all": true, "filters": filters}));
        listed.as_array().unwrap().iter().map(|one| one["Id"].as_str().unwrap().to_owned()).collect()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for id in self.containers() {
            let _gone = self.run("remove_container", json!({"id": id, "force": true}));
        }
    }
}

/// A way to the engine that loses one answer: the first to a request whose head holds `request`.
struct Lossy {
    folder: tempfile::TempDir,
    lost: Arc<AtomicBool>,
}

impl Lossy {
    fn new(request: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("docker.sock")).unwrap();
        let lost = Arc::new(AtomicBool::new(false));
        let is_lost = Arc::clone(&lost);
        thread::spawn(move || {
            for client in listener.incoming() {
                let engine = UnixStream::connect(variable("ENGINE_SOCKET")).unwrap();
                relay(client.unwrap(), engine, request, Arc::clone(&is_lost));
            }
        });
        Self { folder, lost }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }
}

fn relay(client: UnixStream, engine: UnixStream, request: &'static str, lost: Arc<AtomicBool>) {
    let loses = Arc::new(AtomicBool::new(false));
    let (mut from_client, mut to_engine) = (client.try_clone().unwrap(), engine.try_clone().unwrap());
    let notes = Arc::clone(&loses);
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_client.read(&mut buffer) {
            if String::from_utf8_lossy(&buffer[..length]).contains(request)
                && !lost.swap(true, Ordering::SeqCst)
            {
                notes.store(true, Ordering::SeqCst);
            }
            if to_engine.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _closed = to_engine.shutdown(Shutdown::Write);
    });
    let (mut from_engine, mut to_client) = (engine, client);
    thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = from_engine.read(&mut buffer) {
            if loses.load(Ordering::SeqCst) || to_client.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _closed = to_client.shutdown(Shutdown::Both);
    });
}

#[test]
fn a_run_gives_output_and_exit_code() {
    let engine = Engine::new();
    let ran = engine
        .ran(json!({"Cmd": "sh -c 'cat; echo $A >&2; exit 3'", "stdin_text": "in", "Env": "A=1,2"}))
        .unwrap();
    assert_eq!(
        (&ran["stdout"], &ran["stderr"], &ran["exit_code"]),
        (&json!("in"), &json!("1,2\n"), &json!(3))
    );
    let ran =
        engine.ran(json!({"Cmd": "sh -c 'exec >&- 2>&-; sleep 1; exit 4'", "log_driver": "none"})).unwrap();
    assert_eq!((&ran["exit_code"], &ran["timed_out"]), (&json!(4), &json!(false)));
    let ran =
        engine.ran(json!({"Cmd": "sh -c 'yes | head -c 300000'", "max_bytes": 10, "Tty": true})).unwrap();
    assert_eq!((&ran["exit_code"], &ran["truncated"]), (&json!(0), &json!(true)));
    assert_eq!(ran["output"].as_str().unwrap().len(), 10);
}

#[test]
fn a_run_that_fails_leaves_nothing() {
    let engine = Engine::new();
    let error = engine.ran(json!({"Cmd": "sh -c 'echo oops; exit 3'", "fail_on_nonzero": true})).unwrap_err();
    assert!(
        error.contains("exit code 3") && error.contains("was removed") && error.ends_with("oops"),
        "{error}"
    );
    let error = engine.ran(json!({"Cmd": "no-such-command"})).unwrap_err();
    assert!(error.contains("no-such-command") && error.contains("was removed"), "{error}");
    // Creating and starting it are within the time, which a busy machine needs.
    let ran = engine.ran(json!({"Cmd": "sh -c 'echo begun; sleep 60'", "timeout": 8})).unwrap();
    assert_eq!(
        (&ran["stdout"], &ran["exit_code"], &ran["timed_out"]),
        (&json!("begun\n"), &json!(null), &json!(true))
    );
    let error = engine.ran(json!({"Cmd": "sleep 60", "timeout": 8, "fail_on_nonzero": true})).unwrap_err();
    assert!(error.contains("had not ended after 8 s") && error.contains("was removed"), "{error}");
}

#[test]
fn a_run_whose_answers_are_lost_leaves_nothing() {
    for (request, told) in [
        ("/containers/create", Some("had been created and was removed")),
        ("/attach", Some("was removed")),
        ("/start", Some("was removed")),
        ("/json HTTP", None),
        ("DELETE", None),
    ] {
        let lossy = Lossy::new(request);
        let engine = Engine::at(lossy.socket().to_str().unwrap().to_owned());
        let ran = engine.ran(json!({"Cmd": "echo done"}));
        assert!(lossy.lost.load(Ordering::SeqCst), "{request} was never sent");
        match told {
            Some(told) => assert!(ran.as_ref().unwrap_err().contains(told), "{request}: {ran:?}"),
            None => assert_eq!(ran.unwrap()["stdout"], "done\n", "{request}"),
        }
    }
}

#[test]
fn input_reaches_a_process_and_ends() {
    let engine = Engine::new();
    let command = "while read -r line; do echo got $line; done";
    let once = engine.made(json!({"Cmd": ["sh", "-c", command], "OpenStdin": true, "StdinOnce": true}));
    let heard = engine.done("container_attach", json!({"id": once, "stdin_text": "a\nb\n", "timeout": 20}));
    assert_eq!((&heard["stdout"], &heard["timed_out"]), (&json!("got a\ngot b\n"), &json!(false)));
    let open = engine.made(json!({"Cmd": ["sh", "-c", command], "OpenStdin": true}));
    for word in ["a", "b"] {
        let text = format!("{word}\n");
        let heard = engine.done("container_attach", json!({"id": open, "stdin_text": text, "timeout": 1}));
        assert_eq!((&heard["stdout"], &heard["timed_out"]), (&json!(format!("got {word}\n")), &json!(true)));
    }
    for tty in [false, true] {
        let large = "0123456789abcde\n".repeat(if tty { 10 } else { 50_000 });
        let counted = engine
            .done("exec_container", json!({"id": open, "Cmd": "wc -c", "stdin_text": large, "Tty": tty}));
        let last = counted["lines"].as_array().unwrap().last().unwrap()["text"].as_str().unwrap().to_owned();
        assert_eq!((last.trim(), &counted["exit_code"]), (large.len().to_string().as_str(), &json!(0)));
    }
}

#[test]
fn a_command_that_goes_on_is_said_to() {
    let engine = Engine::new();
    let id = engine.made(json!({"Cmd": "sleep 600", "Init": true}));
    let begun =
        engine.done("exec_container", json!({"id": id, "Cmd": "sh -c 'echo begun; sleep 60'", "timeout": 1}));
    assert_eq!((&begun["stdout"], &begun["running"]), (&json!("begun\n"), &json!(true)));
    assert_eq!((&begun["exit_code"], &begun["timed_out"]), (&json!(null), &json!(true)));
    let endless =
        engine.done("exec_container", json!({"id": id, "Cmd": "yes", "timeout": 1, "max_bytes": 4}));
    assert_eq!(
        (&endless["output"], &endless["truncated"], &endless["timed_out"]),
        (&json!("y\ny\n"), &json!(true), &json!(true))
    );
}

#[test]
fn logs_have_times_and_whole_lines() {
    let engine = Engine::new();
    let script = "head -c 40000 /dev/zero | tr '\\0' x; echo; echo end >&2; echo";
    let id = engine.made(json!({"Cmd": ["sh", "-c", script]}));
    engine.done("container_logs", json!({"id": id, "follow": true, "timeout": 20}));
    let logs = engine.done("container_logs", json!({"id": id, "timestamps": true}));
    let lines = logs["lines"].as_array().unwrap();
    assert!(lines.iter().all(|line| line["time"].as_str().unwrap().ends_with('Z')), "{lines:?}");
    let of = |stream: &str| -> Vec<&str> {
        let its = lines.iter().filter(|line| line["stream"] == stream);
        its.map(|line| line["text"].as_str().unwrap()).collect()
    };
    assert_eq!((of("stdout"), of("stderr")), (vec!["x".repeat(40_000).as_str(), ""], vec!["end"]));
    let silent = engine.made(json!({"Cmd": "echo x", "log_driver": "none"}));
    let error = engine.run("container_logs", json!({"id": silent})).unwrap_err();
    assert!(error.starts_with("[engine_error 501]") && error.contains("log driver is \"none\""), "{error}");
}
