//! The peers of the benchmark that are written in Rust: `bench-peers raw | client | bollard`.
//!
//! They speak as those of `../peers/peer.py` do, and find the same things in their environment.

mod bollard;
mod client;
mod raw;
mod together;

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write as _},
    path::PathBuf,
    time::Instant,
};

use serde_json::json;

/// Anything that goes wrong ends the peer.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The API's version, for those that do not ask.
pub const API: &str = "/v1.41";

// What stage.py has made.
pub const BIG: &str = "bench-big";
pub const WORKER: &str = "bench-worker";
pub const TALKER: &str = "bench-talker";

pub const PINGS_OF_A_THREAD: usize = 100;

/// Does works by their names.
pub trait Peer {
    /// Does a work so many times, and gives the seconds of each.
    fn work(&mut self, name: &str, count: usize, argument: &str) -> Outcome<Vec<f64>>;
}

fn main() -> Outcome<()> {
    let name = env::args().nth(1).unwrap_or_default();
    let mut peer: Box<dyn Peer> = match name.as_str() {
        "raw" => Box::new(raw::Raw::new()?),
        "client" => Box::new(client::Client::new()?),
        "bollard" => Box::new(bollard::Bollard::new()?),
        other => return Err(format!("there is no peer {other:?}").into()),
    };
    for line in io::stdin().lines() {
        let line = line?;
        let mut words = line.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let (name, count, argument) = (word(), word(), word());
        fs::write("/proc/self/clear_refs", "5")?; // the peak begins anew
        let idle = status("VmRSS")?;
        let seconds = peer.work(name, count.parse()?, argument)?;
        println!("{}", json!({"seconds": seconds, "idle": idle, "peak": status("VmHWM")?}));
        io::stdout().flush()?;
    }
    Ok(())
}

/// Times every single call.
pub fn each(count: usize, mut work: impl FnMut() -> Outcome<()>) -> Outcome<Vec<f64>> {
    (0..count)
        .map(|_| {
            let began = Instant::now();
            work()?;
            Ok(began.elapsed().as_secs_f64())
        })
        .collect()
}

/// What the benchmark says in the environment.
pub fn given(name: &str) -> Outcome<String> {
    env::var(name).map_err(|_| format!("{name} is not set; `cargo xtask bench` sets it").into())
}

/// A certificate or key.
pub fn certificate(name: &str) -> Outcome<PathBuf> {
    Ok(PathBuf::from(given("ENGINE_CERTS")?).join(name))
}

/// A path for a file that is received.
pub fn received() -> Outcome<PathBuf> {
    Ok(PathBuf::from(given("BENCH_FOLDER")?).join(format!("received-{}", std::process::id())))
}

/// A work that this peer does not do.
pub fn unknown<T>(name: &str) -> Outcome<T> {
    Err(format!("there is no work {name:?}").into())
}

fn status(name: &str) -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()).ok_or("/proc/self/status is odd")?;
    Ok(kibibytes.parse::<u64>()? * 1024)
}
