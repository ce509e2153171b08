//! What is measured of us alone: the first call, the checks before a request, and how costs grow.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::command::capture;

use super::curves::Curve;
use super::figures::{Spread, spread};
use super::ground::Ground;
use super::peers::{Peer, Running};

/// The first call in a new process, each in seconds.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct FirstCall {
    /// Importing `connector.py`.
    pub(crate) import: Vec<f64>,
    /// Loading the native module.
    pub(crate) load: Vec<f64>,
    /// The first `ping`.
    pub(crate) call: Vec<f64>,
    /// The same over a new socket.
    pub(crate) socket: Vec<f64>,
    /// Modules that came from elsewhere than the standard library, the host and the package.
    pub(crate) third_party: Vec<String>,
}

/// Measures the first call in new processes of the oldest Python.
pub(crate) fn first_call(ground: &Ground, times: usize) -> Result<FirstCall> {
    #[derive(Deserialize)]
    struct Sample {
        import: f64,
        load: f64,
        call: f64,
        socket: f64,
        third_party: Vec<String>,
    }
    let mut all = FirstCall::default();
    // The very first one also writes the module's private copy, which is for the installation, not for each process.
    capture(&mut ground.oldest_python("benches/first_call.py")?)?;
    for _ in 0..times {
        let said = capture(&mut ground.oldest_python("benches/first_call.py")?)?;
        let sample: Sample =
            serde_json::from_str(&said).context("benches/first_call.py said something else")?;
        all.import.push(sample.import);
        all.load.push(sample.load);
        all.call.push(sample.call);
        all.socket.push(sample.socket);
        all.third_party = sample.third_party;
    }
    Ok(all)
}

/// What comes before a request, each in seconds.
#[derive(Debug, Serialize)]
pub(crate) struct Checks {
    /// Parameters and policy, for `create_container` with 20 parameters.
    pub(crate) refused: Spread,
    /// A turn under the rate limit.
    pub(crate) turn: Spread,
}

/// Measures what a call costs before anything is sent.
pub(crate) fn checks(client: &mut Running, times: usize) -> Result<Checks> {
    let mut of = |work| -> Result<Spread> {
        client.ask(work, times, "")?;
        spread(&client.ask(work, times, "")?.seconds).context("nothing was measured")
    };
    Ok(Checks { refused: of("checks")?, turn: of("turns")? })
}

/// How costs grow.
#[derive(Debug, Serialize)]
pub(crate) struct Growth {
    /// Cost by configurations, threads and calls.
    pub(crate) curves: Vec<Curve>,
    /// Memory of one configuration with its connection, in bytes.
    pub(crate) bytes_per_configuration: u64,
    /// Memory that 10^5 calls added, in bytes.
    pub(crate) bytes_by_calls: u64,
}

/// Measures growth, in processes that do nothing else.
pub(crate) fn growth(ground: &Ground, quick: bool) -> Result<Growth> {
    let (calls, rounds) = if quick { (20_000, 3) } else { (100_000, 5) };
    let (configurations, bytes_per_configuration) = by_configurations(ground, rounds)?;
    let (by_calls, bytes_by_calls) = by_calls(ground, calls)?;
    Ok(Growth {
        curves: vec![configurations, by_threads(ground, rounds)?, by_calls],
        bytes_per_configuration,
        bytes_by_calls,
    })
}

fn by_configurations(ground: &Ground, rounds: usize) -> Result<(Curve, u64)> {
    const NUMBERS: [u32; 7] = [1, 5, 20, 50, 100, 200, 500];
    let (mut ours, mut raw) = (Peer::Connector.start(ground)?, Peer::Raw.start(ground)?);
    let mut points: Vec<(f64, Vec<f64>, Vec<f64>)> = Vec::new();
    let mut memory = Vec::new();
    for number in NUMBERS {
        let mut point = (f64::from(number), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let answer = ours.ask("configurations", 1000, &number.to_string())?;
            point.1.extend(answer.seconds);
            memory.push((number, answer.idle, answer.peak));
            point.2.extend(raw.ask("configurations", 1000, &number.to_string())?.seconds);
        }
        points.push(point);
    }
    let (first, last) =
        (memory.first().context("nothing measured")?, memory.last().context("nothing measured")?);
    let bytes = last.2.saturating_sub(first.2) / u64::from(last.0 - first.0);
    Ok((
        Curve::of_two("configurations", "A ping, by configurations used in turns", "configurations", points),
        bytes,
    ))
}

fn by_threads(ground: &Ground, rounds: usize) -> Result<Curve> {
    const MOST: u32 = 64;
    let (mut ours, mut raw) = (Peer::Connector.start(ground)?, Peer::Raw.start(ground)?);
    let mut points = Vec::new();
    for threads in [1, 2, 4, 8, 16, 32, MOST] {
        let mut point = (f64::from(threads), Vec::new(), Vec::new());
        for _ in 0..rounds {
            // As many calls at each point: a few of one thread would say little.
            let times = usize::try_from(MOST / threads)?;
            point.1.extend(ours.ask("threads", times, &threads.to_string())?.seconds);
            point.2.extend(raw.ask("threads", times, &threads.to_string())?.seconds);
        }
        points.push(point);
    }
    Ok(Curve::of_two("threads", "A ping, by threads that call at once", "threads", points))
}

fn by_calls(ground: &Ground, calls: u32) -> Result<(Curve, u64)> {
    const STEPS: u32 = 20;
    let (mut ours, mut raw) = (Peer::Connector.start(ground)?, Peer::Raw.start(ground)?);
    let mut points = Vec::new();
    let mut memory = Vec::new();
    for step in 1..=STEPS {
        let count = usize::try_from(calls / STEPS)?;
        let answer = ours.ask("ping", count, "")?;
        memory.push(answer.peak);
        let floor = raw.ask("ping", count, "")?;
        points.push((f64::from(step * (calls / STEPS)), answer.seconds, floor.seconds));
    }
    let (first, last) = (memory.first().copied().unwrap_or(0), memory.last().copied().unwrap_or(0));
    Ok((Curve::of_two("calls", "A ping, by calls already made", "calls", points), last.saturating_sub(first)))
}
