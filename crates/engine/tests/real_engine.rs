//! The client against a real engine, which `cargo xtask test` starts: over a unix socket, plain TCP and mutual TLS.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{env, fs, io::Read as _, time::Duration};

use engine::{
    Address, ApiVersion, Engine, ErrorKind, FrameDecoder, Identity, Input, JsonLines, Method, Path, Payload,
    Pin, Request, Segment, Settings, Tls,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run these through `cargo xtask test`"))
}

fn address(name: &str) -> Address {
    let value = variable(name);
    if value.starts_with('/') {
        Address::Unix(value.into())
    } else {
        format!("tcp://{value}").parse().unwrap()
    }
}

fn certificate(file: &str) -> Vec<u8> {
    fs::read(format!("{}/{file}", variable("ENGINE_CERTS"))).unwrap()
}

fn tls(client: &str) -> Tls {
    let identity = Identity {
        certificate: certificate(&format!("{client}cert.pem")),
        key: certificate(&format!("{client}key.pem")).into(),
        passphrase: None,
    };
    Tls { ca: Some(certificate("ca.pem")), identity: Some(identity), ..Tls::default() }
}

fn quick(settings: Settings) -> Settings {
    Settings { retry_delay: Duration::from_millis(10), timeout: Duration::from_secs(20), ..settings }
}

/// The same engine, by each way to it that has it.
fn engines() -> Vec<Engine> {
    let secure = Settings { tls: Some(tls("")), ..Settings::new(address("ENGINE_TLS")) };
    [Settings::new(address("ENGINE_SOCKET")), Settings::new(address("ENGINE_TCP")), secure]
        .map(|settings| Engine::new(quick(settings)).unwrap())
        .into()
}

/// A running container of its own, removed when dropped.
struct Container<'a>(&'a Engine, String);

impl<'a> Container<'a> {
    fn start(engine: &'a Engine, command: &[&str]) -> Self {
        let create = Request::post(Path::fixed("/containers/create")).json(&json!({
            "Image": variable("ENGINE_IMAGE"), "Cmd": command, "OpenStdin": true,
        }));
        let id = engine.call(create).unwrap().json().unwrap()["Id"].as_str().unwrap().to_owned();
        let container = Self(engine, id);
        engine.call(Request::post(container.path("/containers/{id}/start"))).unwrap();
        container
    }

    fn path(&self, template: &str) -> Path {
        Path::fill(template, |_| Segment::name(&self.1)).unwrap()
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let remove = Request::new(Method::DELETE, self.path("/containers/{id}")).query("force", "true");
        let _gone = self.0.call(remove);
    }
}

#[test]
fn negotiates_and_reuses_its_connection() {
    for engine in engines() {
        let version = engine.api_version().unwrap();
        assert!((ApiVersion::OLDEST..=ApiVersion::NEWEST).contains(&version));
        let info = engine.call(Request::get(Path::fixed("/info"))).unwrap();
        assert_eq!((info.status, info.tries), (200, 1));
        assert!(info.json().unwrap()["ID"].is_string());
    }
}

#[test]
fn keeps_dockers_words_and_the_status() {
    for engine in engines() {
        let path = Path::fill("/containers/{id}/json", |_| Segment::name("there-is-none")).unwrap();
        let error = engine.call(Request::get(path)).unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)));
        assert!(error.message().contains("there-is-none"), "{error}");
    }
}

#[test]
fn a_second_start_is_already_so() {
    for engine in engines() {
        let container = Container::start(&engine, &["sleep", "60"]);
        let again = engine.call(Request::post(container.path("/containers/{id}/start"))).unwrap();
        assert_eq!(again.status, 304);
    }
}

#[test]
fn talks_with_a_command_and_hears_it_to_the_end() {
    for engine in engines() {
        let container = Container::start(&engine, &["sleep", "60"]);
        let exec = Request::post(container.path("/containers/{id}/exec"))
            .json(&json!({"Cmd": ["sh", "-c", "cat; echo done >&2"], "AttachStdin": true, "AttachStdout": true, "AttachStderr": true}));
        let exec = engine.call(exec).unwrap().json().unwrap();
        let start = Path::fill("/exec/{id}/start", |_| Segment::name(exec["Id"].as_str().unwrap())).unwrap();
        let input = "line\n".repeat(100_000);
        let start = Request::post(start).json(&json!({"Detach": false, "Tty": false}));
        let mut body = engine.converse(start, Input::ending(input.clone())).unwrap().into_body();
        let (mut frames, mut out, mut err) = (FrameDecoder::default(), Vec::new(), Vec::new());
        while let Some(chunk) = body.chunk().unwrap() {
            frames.push(chunk);
            while let Some(frame) = frames.next_frame().unwrap() {
                if frame.stream == engine::StreamName::Stdout { &mut out } else { &mut err }
                    .extend_from_slice(&frame.data);
            }
        }
        assert!(frames.is_complete());
        assert!(out == input.as_bytes(), "{} bytes of {}", out.len(), input.len());
        assert_eq!(err, b"done\n");
    }
}

#[test]
fn a_conversation_may_stay_open() {
    for engine in engines() {
        // With a terminal, the engine takes a closed half for a wish to leave: the answer would not come.
        let container = Container::start(&engine, &["sleep", "60"]);
        let exec = Request::post(container.path("/containers/{id}/exec"))
            .json(&json!({"Cmd": ["sh", "-c", "read word; sleep 0.5; echo heard $word"], "Tty": true, "AttachStdin": true, "AttachStdout": true}));
        let exec = engine.call(exec).unwrap().json().unwrap();
        let start = Path::fill("/exec/{id}/start", |_| Segment::name(exec["Id"].as_str().unwrap())).unwrap();
        let start = Request::post(start).json(&json!({"Detach": false, "Tty": true}));
        let mut body = engine.converse(start, Input::open("hello\n")).unwrap().into_body();
        let mut output = Vec::new();
        while let Some(chunk) = body.chunk().unwrap() {
            output.extend_from_slice(&chunk);
        }
        assert!(String::from_utf8_lossy(&output).contains("heard hello"), "{output:?}");
    }
}

#[test]
fn a_stream_that_never_ends_ends_at_its_deadline() {
    for engine in engines() {
        let container = Container::start(&engine, &["sh", "-c", "while true; do echo tick; sleep 0.1; done"]);
        let follow = Request::get(container.path("/containers/{id}/logs"))
            .query("follow", "true")
            .query("stdout", "true")
            .deadline(Duration::from_secs(1));
        let mut body = engine.stream(follow).unwrap().into_body();
        let mut bytes = 0;
        let error = loop {
            match body.chunk() {
                Ok(Some(chunk)) => bytes += chunk.len(),
                Ok(None) => panic!("it ended"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(bytes > 0);
    }
}

#[test]
fn reads_progress_and_streams_a_body_up() {
    for engine in engines() {
        // An image of one empty layer: a tar of two empty blocks.
        let request = Request::post(Path::fixed("/images/create"))
            .query("fromSrc", "-")
            .query("repo", "streamed")
            .body(
                "application/x-tar",
                Payload::Reader { source: Box::new(std::io::repeat(0).take(1024)), length: None },
            );
        let answer = engine.call(request).unwrap();
        let mut lines = JsonLines::default();
        lines.push(&answer.body);
        let mut values = Vec::new();
        while let Some(value) = lines.next_value().unwrap() {
            values.push(value);
        }
        values.extend(lines.finish().unwrap());
        assert!(
            values
                .iter()
                .any(|value| value["status"].as_str().is_some_and(|status| status.starts_with("sha256:"))),
            "{values:?}"
        );
        let image = Path::fill("/images/{name}", |_| Segment::reference("streamed")).unwrap();
        let removed: Value = engine.call(Request::new(Method::DELETE, image)).unwrap().json().unwrap();
        assert!(!removed.as_array().unwrap().is_empty());
    }
}

#[test]
fn says_what_is_wrong_with_the_way() {
    let failing = |settings| Engine::new(quick(settings)).unwrap().api_version().unwrap_err();

    let plain_to_tls = failing(Settings::new(address("ENGINE_TLS")));
    assert_eq!(plain_to_tls.kind(), ErrorKind::Tls, "{plain_to_tls}");

    let tls_to_plain = failing(Settings { tls: Some(tls("")), ..Settings::new(address("ENGINE_TCP")) });
    assert!(tls_to_plain.message().contains("does not speak TLS"), "{tls_to_plain}");

    let stranger = failing(Settings { tls: Some(tls("other-")), ..Settings::new(address("ENGINE_TLS")) });
    assert_eq!(stranger.kind(), ErrorKind::Tls);
    assert!(stranger.to_string().contains("the client certificate"), "{stranger}");

    let mut distrusted = tls("");
    distrusted.ca = Some(certificate("other-ca.pem"));
    let distrusted = failing(Settings { tls: Some(distrusted), ..Settings::new(address("ENGINE_TLS")) });
    assert!(distrusted.message().contains("not signed by a trusted CA"), "{distrusted}");

    let mut misnamed = tls("");
    misnamed.server_name = Some("elsewhere.example".into());
    let misnamed = failing(Settings { tls: Some(misnamed), ..Settings::new(address("ENGINE_TLS")) });
    assert!(misnamed.message().contains("another name"), "{misnamed}");

    let nobody = failing(Settings::new(Address::Unix("/nowhere/docker.sock".into())));
    assert_eq!((nobody.kind(), nobody.tries()), (ErrorKind::Unreachable, 4));
}

#[test]
fn a_pin_is_enough_without_an_authority_and_needed_with_one() {
    let reach = |ca: Option<Vec<u8>>, pin: &str| {
        let tls = Tls { ca, pins: vec![pin.parse::<Pin>().unwrap()], ..tls("") };
        Engine::new(quick(Settings { tls: Some(tls), ..Settings::new(address("ENGINE_TLS")) }))
            .unwrap()
            .api_version()
    };
    let server = CertificateDer::from_pem_slice(&certificate("server.pem")).unwrap();
    let right =
        Sha256::digest(&server).iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":");
    let wrong = "00:".repeat(31) + "00";
    for ca in [None, Some(certificate("ca.pem"))] {
        reach(ca.clone(), &right).unwrap();
        let refused = reach(ca, &wrong).unwrap_err();
        assert!(refused.message().contains("pinned"), "{refused}");
    }
    assert!(reach(Some(certificate("other-ca.pem")), &right).is_err());
}

#[test]
fn a_servers_own_certificate_is_trusted_as_exactly_that() {
    let mut own = tls("");
    own.ca = Some(certificate("server.pem"));
    own.server_name = Some("any.name".into());
    Engine::new(quick(Settings { tls: Some(own), ..Settings::new(address("ENGINE_TLS")) }))
        .unwrap()
        .api_version()
        .unwrap();
}

#[test]
fn an_unverified_engine_is_reached_all_the_same() {
    let mut unverified = tls("");
    unverified.ca = None;
    unverified.verify = false;
    let engine =
        Engine::new(quick(Settings { tls: Some(unverified), ..Settings::new(address("ENGINE_TLS")) }))
            .unwrap();
    engine.api_version().unwrap();
}
