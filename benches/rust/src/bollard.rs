//! bollard, on the multi-thread runtime that its examples use.

use std::{pin::pin, sync::Arc, time::Instant};

use bollard::{
    ClientVersion, Docker,
    container::LogOutput,
    exec::StartExecResults,
    models::ExecConfig,
    query_parameters::{ListContainersOptionsBuilder, LogsOptionsBuilder, UploadToContainerOptionsBuilder},
};
use futures_util::StreamExt as _;
use tokio::{
    fs::{self, File},
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::Runtime,
    sync::Barrier,
};

use crate::{BIG, Outcome, PINGS_OF_A_THREAD, Peer, TALKER, WORKER, certificate, given, received, unknown};

const PATIENCE_SECONDS: u64 = 600;
const VERSION: &ClientVersion = &ClientVersion { major_version: 1, minor_version: 41 };

/// One engine by its two ways.
pub struct Bollard {
    runtime: Runtime,
    unix: Docker,
    tls: Docker,
}

impl Bollard {
    pub fn new() -> Outcome<Self> {
        let [key, cert, ca] = ["key.pem", "cert.pem", "ca.pem"].map(certificate);
        let address = format!("tcp://{}", given("ENGINE_TLS")?);
        let runtime = Runtime::new()?;
        let entered = runtime.enter();
        let unix = Docker::connect_with_socket(&given("ENGINE_SOCKET")?, PATIENCE_SECONDS, VERSION)?;
        let tls = Docker::connect_with_ssl(&address, &key?, &cert?, &ca?, PATIENCE_SECONDS, VERSION)?;
        drop(entered);
        Ok(Self { runtime, unix, tls })
    }
}

impl Peer for Bollard {
    fn work(&mut self, name: &str, count: usize, argument: &str) -> Outcome<Vec<f64>> {
        let Self { runtime, unix, tls } = self;
        runtime.block_on(async {
            let mut seconds = Vec::new();
            for _ in 0..count {
                let began = Instant::now();
                match name {
                    "ping" => drop(unix.ping().await?),
                    "ping_tls" => drop(tls.ping().await?),
                    "list" => list(unix, argument).await?,
                    "export" => export(unix).await?,
                    "copy" => copy(unix).await?,
                    "logs" => logs(unix).await?,
                    "exec" => run(unix).await?,
                    "threads" => {
                        seconds.push(together(unix, argument.parse()?).await?);
                        continue;
                    }
                    other => unknown(other)?,
                }
                seconds.push(began.elapsed().as_secs_f64());
            }
            Ok(seconds)
        })
    }
}

async fn list(docker: &Docker, limit: &str) -> Outcome<()> {
    let options = ListContainersOptionsBuilder::new().all(true).limit(limit.parse()?).build();
    docker.list_containers(Some(options)).await?;
    Ok(())
}

async fn export(docker: &Docker) -> Outcome<()> {
    let path = received()?;
    let mut file = File::create(&path).await?;
    let mut body = pin!(docker.export_container(BIG));
    while let Some(chunk) = body.next().await {
        file.write_all(&chunk?).await?;
    }
    file.flush().await?;
    Ok(fs::remove_file(path).await?)
}

async fn copy(docker: &Docker) -> Outcome<()> {
    let file = File::open(given("BENCH_UPLOAD")?).await?;
    let chunks = futures_util::stream::unfold(file, |mut file| async {
        let mut chunk = Vec::with_capacity(256 * 1024);
        let length = file.read_buf(&mut chunk).await.ok()?;
        (length > 0).then(|| (chunk.into(), file))
    });
    let options = UploadToContainerOptionsBuilder::new().path("/tmp").build();
    Ok(docker.upload_to_container(WORKER, Some(options), bollard::body_stream(chunks)).await?)
}

async fn logs(docker: &Docker) -> Outcome<()> {
    let options = LogsOptionsBuilder::new().stdout(true).stderr(true).build();
    let mut output = pin!(docker.logs(TALKER, Some(options)));
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    while let Some(piece) = output.next().await {
        match piece? {
            LogOutput::StdErr { message } => stderr.extend_from_slice(&message),
            other => stdout.extend_from_slice(&other.into_bytes()),
        }
    }
    assert!(!stdout.is_empty() && !stderr.is_empty());
    Ok(())
}

async fn run(docker: &Docker) -> Outcome<()> {
    let config = ExecConfig {
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        cmd: Some(vec!["true".to_owned()]),
        ..ExecConfig::default()
    };
    let id = docker.create_exec(WORKER, config).await?.id;
    if let StartExecResults::Attached { mut output, .. } = docker.start_exec(&id, None).await? {
        while output.next().await.is_some() {}
    }
    loop {
        let state = docker.inspect_exec(&id).await?;
        if state.running == Some(false) {
            assert_eq!(state.exit_code, Some(0));
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

/// Tasks in the place of threads.
async fn together(docker: &Docker, tasks: usize) -> Outcome<f64> {
    let barrier = Arc::new(Barrier::new(tasks + 1));
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            let (docker, barrier) = (docker.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                let first = docker.ping().await;
                barrier.wait().await;
                first?;
                for _ in 0..PINGS_OF_A_THREAD {
                    docker.ping().await?;
                }
                Outcome::Ok(())
            })
        })
        .collect();
    barrier.wait().await;
    let began = Instant::now();
    for task in running {
        task.await??;
    }
    Ok(began.elapsed().as_secs_f64() / (tasks * PINGS_OF_A_THREAD) as f64)
}
