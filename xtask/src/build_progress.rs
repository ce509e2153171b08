//! How far a build is, and about how long it goes on: cargo says neither where its output is no terminal.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::{ended_well, line};
use crate::paths;
use crate::steps::took;

/// About so many crates and build scripts there are, until a build has counted them.
const ABOUT: u64 = 290;

/// About so long a build of all of them takes on 2 processors.
const WHOLE: Duration = Duration::from_secs(150);

/// A build that is over by then has nothing to tell.
const FIRST_WORD: Duration = Duration::from_secs(5);

/// From fewer than so many, nothing follows for the rest.
const FEW: u64 = 20;

/// So often the next is said.
const PAUSE: Duration = Duration::from_secs(15);

/// Runs `cargo build ...`, and says on standard error how far it is.
pub(crate) fn show(build: &mut Command) -> Result<()> {
    let total = fs::read_to_string(counted()).ok().and_then(|text| text.parse().ok()).unwrap_or(ABOUT);
    build.args(["--quiet", "--message-format", "json-render-diagnostics"]).stdout(Stdio::piped());
    let mut child = build.spawn().with_context(|| format!("cannot start {}", line(build)))?;
    let mut progress = Progress { total, done: 0, compiled: 0, began: Instant::now(), said: None };
    for message in BufReader::new(child.stdout.take().context("cargo has no output")?).lines() {
        let message: Value = serde_json::from_str(&message?).unwrap_or_default();
        if let Some(said) = progress.note(&message) {
            eprintln!("{said}");
        }
    }
    ended_well(build, child.wait()?)?;
    fs::create_dir_all(paths::runs())?;
    Ok(fs::write(counted(), progress.done.to_string())?)
}

struct Progress {
    total: u64,
    /// Those that were there already, too.
    done: u64,
    compiled: u64,
    began: Instant,
    said: Option<Instant>,
}

impl Progress {
    /// Counts what cargo has finished; answers what there is to say, now and then.
    fn note(&mut self, message: &Value) -> Option<String> {
        if message["reason"] != "compiler-artifact" {
            return None;
        }
        self.done += 1;
        self.compiled += u64::from(message["fresh"] == false);
        let elapsed = self.began.elapsed();
        let due = match self.said {
            None => elapsed > FIRST_WORD,
            Some(said) => said.elapsed() > PAUSE,
        };
        due.then(|| self.say(elapsed))
    }

    fn say(&mut self, elapsed: Duration) -> String {
        let total = self.total.max(self.done);
        let was_there = self.done - self.compiled;
        let first = if self.said.is_none() && was_there < total / 4 {
            format!("Building about {total} crates, once; some {} on 2 processors.\n", took(WHOLE))
        } else {
            String::new()
        };
        self.said = Some(Instant::now());
        let mut said = format!("{first}  {} of about {total} crates", self.done);
        if self.compiled >= FEW {
            // Each that is left takes as long as each that was compiled.
            let left = elapsed.as_secs() * (total - self.done) / self.compiled;
            let _ = write!(said, ", perhaps {} more", took(Duration::from_secs(left)));
        }
        said
    }
}

/// Where the number of crates of the last build is.
fn counted() -> PathBuf {
    paths::runs().join("crates")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn estimates_by_what_is_left() {
        let mut progress = Progress { total: 300, done: 0, compiled: 0, began: Instant::now(), said: None };
        for number in 0..100 {
            progress.note(&json!({"reason": "compiler-artifact", "fresh": number < 50}));
            progress.note(&json!({"reason": "build-script-executed"}));
        }
        assert_eq!((progress.done, progress.compiled), (100, 50));
        let said = progress.say(Duration::from_secs(60));
        assert!(said.ends_with("  100 of about 300 crates, perhaps 4 min 0 s more"), "{said}");
        progress.compiled = 3;
        assert!(
            progress.say(Duration::from_secs(60)).ends_with("100 of about 300 crates"),
            "too few to tell"
        );
        progress.done = 350;
        assert!(
            progress.say(Duration::from_secs(60)).ends_with("350 of about 350 crates"),
            "never more than all"
        );
    }
}
