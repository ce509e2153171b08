//! Our engine crate alone, without Python and without the catalogue.

use std::{
    fs::{self, File},
    io::Write as _,
    time::{Duration, Instant},
};

use engine::{
    Answer, Engine, FrameDecoder, Identity, Path, Payload, RateLimit, Request, Segment, Settings, StreamName,
    Tls,
};
use operations::{Connector, Kind, NoServices};
use serde_json::{Map, Value, json};

use crate::{
    BIG, Outcome, Peer, TALKER, WORKER, certificate, each, given, received, together::together, unknown,
};

/// One engine by its two ways.
pub struct Client {
    unix: Engine,
    tls: Engine,
}

impl Client {
    pub fn new() -> Outcome<Self> {
        let unix = format!("unix://{}", given("ENGINE_SOCKET")?);
        let identity = Identity {
            certificate: fs::read(certificate("cert.pem")?)?,
            key: fs::read(certificate("key.pem")?)?.into(),
            passphrase: None,
        };
        let tls =
            Tls { ca: Some(fs::read(certificate("ca.pem")?)?), identity: Some(identity), ..Tls::default() };
        let secure = format!("tcp://{}", given("ENGINE_TLS")?);
        Ok(Self {
            unix: Engine::new(Settings::new(unix.parse()?))?,
            tls: Engine::new(Settings { tls: Some(tls), ..Settings::new(secure.parse()?) })?,
        })
    }
}

impl Peer for Client {
    fn work(&mut self, name: &str, count: usize, argument: &str) -> Outcome<Vec<f64>> {
        let engine = &self.unix;
        match name {
            "ping" => each(count, || ping(engine)),
            "ping_tls" => each(count, || ping(&self.tls)),
            "list" => each(count, || list(engine, argument)),
            "threads" => {
                let work = || Ok(|| ping(engine));
                (0..count).map(|_| together(argument.parse()?, work)).collect()
            }
            "export" => each(count, || export(engine)),
            "copy" => each(count, || copy(engine)),
            "logs" => each(count, || logs(engine)),
            "exec" => each(count, || run(engine)),
            "checks" => checks(count),
            "turns" => turns(count),
            other => unknown(other),
        }
    }
}

fn ping(engine: &Engine) -> Outcome<()> {
    let answer = engine.call(Request::get(Path::fixed("/_ping")).unversioned())?;
    assert_eq!(answer.body, "OK");
    Ok(())
}

fn list(engine: &Engine, limit: &str) -> Outcome<()> {
    let request = Request::get(Path::fixed("/containers/json")).query("all", "true").query("limit", limit);
    engine.call(request)?.json()?;
    Ok(())
}

fn export(engine: &Engine) -> Outcome<()> {
    let path = received()?;
    let mut file = File::create(&path)?;
    let mut body = engine.stream(Request::get(of(BIG, "/containers/{id}/export")?))?.into_body();
    while let Some(chunk) = body.chunk()? {
        file.write_all(&chunk)?;
    }
    Ok(fs::remove_file(path)?)
}

fn copy(engine: &Engine) -> Outcome<()> {
    let file = File::open(given("BENCH_UPLOAD")?)?;
    let length = Some(file.metadata()?.len());
    let path = of(WORKER, "/containers/{id}/archive")?;
    let request = Request::new(engine::Method::PUT, path)
        .query("path", "/tmp")
        .body("application/x-tar", Payload::Reader { source: Box::new(file), length });
    engine.call(request)?;
    Ok(())
}

/// Demultiplexed, each stream kept whole.
fn logs(engine: &Engine) -> Outcome<()> {
    let request =
        Request::get(of(TALKER, "/containers/{id}/logs")?).query("stdout", "1").query("stderr", "1");
    let mut body = engine.stream(request)?.into_body();
    let mut frames = FrameDecoder::default();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    while let Some(chunk) = body.chunk()? {
        frames.push(chunk);
        while let Some(frame) = frames.next_frame()? {
            if frame.stream == StreamName::Stderr { &mut stderr } else { &mut stdout }
                .extend_from_slice(&frame.data);
        }
    }
    assert!(!stdout.is_empty() && !stderr.is_empty());
    Ok(())
}

fn run(engine: &Engine) -> Outcome<()> {
    let post = |path, body: Value| -> Outcome<Answer> { Ok(engine.call(Request::post(path).json(&body))?) };
    let create = json!({"Cmd": ["true"], "AttachStdout": true, "AttachStderr": true});
    let created = post(of(WORKER, "/containers/{id}/exec")?, create)?.json()?;
    let id = created["Id"].as_str().unwrap_or_default();
    post(of(id, "/exec/{id}/start")?, json!({"Detach": false, "Tty": false}))?;
    loop {
        let state = engine.call(Request::get(of(id, "/exec/{id}/json")?))?.json()?;
        if state["Running"] == false {
            assert_eq!(state["ExitCode"], 0);
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// A call that the policy refuses after its parameters were checked: 20 of them, of `create_container`. A thousand a time.
fn checks(count: usize) -> Outcome<Vec<f64>> {
    let configuration = json!({
        "protocol": "UNIX", "server_address": given("ENGINE_SOCKET")?, "authentication_type": "None",
        "access_level": "Read Only",
    });
    let connector = Connector::new(&object(configuration), &NoServices)?;
    let params = object(json!({
        "name": "web", "image": "nginx:1.27", "Hostname": "web", "Cmd": ["nginx", "-g", "daemon off;"],
        "Env": "A=1\nB=2", "Labels": {"team": "soc"}, "User": "1000:1000", "WorkingDir": "/srv",
        "ports": "8080:80", "NetworkMode": "bridge", "ReadonlyRootfs": "true", "CapDrop": ["ALL"],
        "AutoRemove": false, "Privileged": false, "Tty": false, "OpenStdin": "", "StopSignal": "SIGTERM",
        "StopTimeout": "10", "Dns": "10.0.0.1,10.0.0.2", "Init": true,
    }));
    a_thousand(count, || match connector.execute("create_container", &params, &NoServices) {
        (Err(error), _) if error.kind() == Kind::Blocked => Ok(()),
        (outcome, _) => Err(format!("not refused: {outcome:?}").into()),
    })
}

/// Turns under the rate limit.
fn turns(count: usize) -> Outcome<Vec<f64>> {
    let limit = RateLimit::new("what the benchmark measures", u32::MAX);
    a_thousand(count.min(20), || Ok(limit.wait(Instant::now() + Duration::from_millis(1)).map(drop)?))
}

/// What is too short to be timed alone: the mean of a thousand.
fn a_thousand(count: usize, mut work: impl FnMut() -> Outcome<()>) -> Outcome<Vec<f64>> {
    const MANY: u32 = 1000;
    let all = each(count, || (0..MANY).try_for_each(|_| work()))?;
    Ok(all.into_iter().map(|seconds| seconds / f64::from(MANY)).collect())
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn of(id: &str, template: &str) -> Outcome<Path> {
    Ok(Path::fill(template, |_| Segment::name(id))?)
}
