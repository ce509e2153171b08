//! What was measured, as a page of documentation or as JSON.

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;
use serde_json::{Value, json};

use crate::hardware;

use super::figures::{Rounds, Spread, median, quantile};
use super::ground::{Ground, Sizes};
use super::single::{Checks, FirstCall, Growth};
use super::works::{Goal, Work};

/// All that a run has measured.
pub(crate) struct Report {
    /// The works.
    pub(crate) works: Vec<(&'static Work, Rounds)>,
    /// The first call of a process.
    pub(crate) first_call: Option<FirstCall>,
    /// What comes before a request.
    pub(crate) checks: Option<Checks>,
    /// How costs grow.
    pub(crate) growth: Option<Growth>,
    machine: String,
    versions: Vec<(&'static str, String)>,
    package_bytes: u64,
    sizes: String,
}

/// A line of the table of goals.
struct Judged {
    work: String,
    goal: String,
    measured: String,
    met: bool,
}

impl Report {
    /// An empty one, for what stands ready.
    pub(crate) fn new(ground: &Ground, sizes: &Sizes) -> Result<Self> {
        let Sizes { containers, bulk_mib, logs_mb } = sizes;
        Ok(Self {
            works: Vec::new(),
            first_call: None,
            checks: None,
            growth: None,
            machine: hardware::description()?,
            versions: ground.versions()?,
            package_bytes: fs::metadata(&ground.package)?.len(),
            sizes: format!(
                "{containers} containers, {bulk_mib} MiB in a file and in a tar, {logs_mb} MB of logs"
            ),
        })
    }

    /// As JSON, with every duration.
    pub(crate) fn json(&self) -> Result<String> {
        let works: Vec<Value> =
            self.works.iter().map(|(work, rounds)| json!({"name": work.name, "rounds": rounds.0})).collect();
        Ok(serde_json::to_string_pretty(&json!({
            "command": super::command(),
            "machine": self.machine,
            "versions": self.versions,
            "sizes": self.sizes,
            "package_bytes": self.package_bytes,
            "works": works,
            "first_call": self.first_call,
            "checks": self.checks,
            "growth": self.growth,
        }))?)
    }

    /// As a page.
    pub(crate) fn markdown(&self) -> String {
        let mut page = String::from(include_str!("beginning.md"));
        let mut say = |line: String| {
            page.push_str(&line);
            page.push('\n');
        };
        say(format!("\n    {}\n", super::command()));
        say(format!("{}; {}.\n", self.machine, self.sizes));
        let versions: Vec<_> =
            self.versions.iter().map(|(name, version)| format!("{name}: {version}")).collect();
        say(format!("{}.\n", versions.join(", ")));
        say("## Goals\n".into());
        say("| work | goal | measured (quartiles) | met |\n|---|---|---|---|".into());
        for Judged { work, goal, measured, met } in self.judged() {
            say(format!("| {work} | {goal} | {measured} | {} |", if met { "yes" } else { "**no**" }));
        }
        for (work, rounds) in &self.works {
            say(format!("\n## {}\n", capitalised(work.title)));
            say(table(work, rounds));
        }
        if let Some(growth) = &self.growth {
            say("\n## Growth\n".into());
            for curve in &growth.curves {
                say(format!("![{}]({})\n", curve.title, curve.file()));
            }
            say(format!(
                "A configuration that is in use, with its connection, takes {:.0} KiB. The calls of the last curve added {:.0} KiB to the process.",
                kib(growth.bytes_per_configuration),
                kib(growth.bytes_by_calls)
            ));
        }
        page.push('\n');
        page.push_str(include_str!("notes.md"));
        page
    }

    fn judged(&self) -> Vec<Judged> {
        let mut lines = Vec::new();
        for (work, rounds) in &self.works {
            lines.extend(work.goals.iter().filter_map(|goal| judge(work, goal, rounds)));
        }
        if let Some(first) = &self.first_call {
            lines.extend(judge_first_call(first));
        }
        if let Some(Checks { refused, turn }) = &self.checks {
            lines.push(Judged {
                work: "parameter checks, policy and rate limit, 20 parameters".into(),
                goal: "under 10 µs".into(),
                measured: format!("{} and {}", time(refused.median), time(turn.median)),
                met: refused.median + turn.median < 10e-6,
            });
        }
        lines.push(Judged {
            work: "package".into(),
            goal: "under 5 MB".into(),
            #[allow(clippy::cast_precision_loss, reason = "a package has no 2^52 bytes")]
            measured: format!("{:.2} MB", self.package_bytes as f64 / 1e6),
            met: self.package_bytes < 5_000_000,
        });
        for curve in self.growth.iter().flat_map(|growth| &growth.curves) {
            // Against the socket beside it: the machine has slow moments, and threads share its processors.
            let over = |point: &(f64, f64, f64)| point.1 / point.2;
            if let (Some(first), Some(last)) = (curve.points.first(), curve.points.last()) {
                lines.push(Judged {
                    work: format!("growth to {:.0} {}", last.0, curve.axis),
                    goal: "flat, beside a raw socket".into(),
                    measured: format!(
                        "{:.1} to {:.1} µs; {:.2} to {:.2} x",
                        first.1,
                        last.1,
                        over(first),
                        over(last)
                    ),
                    met: over(last) < over(first) * 1.3,
                });
            }
        }
        lines
    }
}

fn judge(work: &Work, goal: &Goal, rounds: &Rounds) -> Option<Judged> {
    let ratio = |ours, than| rounds.ratio(ours, than);
    let (goal, measured, met) = match goal {
        Goal::AtMost(most, ours, than) => {
            let ratio = ratio(*ours, *than)?;
            (format!("{}: at most {most} x {than}", ours.title()), times(ratio), ratio.median <= *most)
        }
        Goal::Faster(least, ours, than) => {
            let ratio = ratio(*than, *ours)?;
            (format!("at least {least} x faster than {than}"), times(ratio), ratio.median >= *least)
        }
        Goal::Within(most, ours) => {
            let took = median(&rounds.seconds(*ours));
            (format!("{}: at most {}", ours.title(), time(*most)), time(took), took <= *most)
        }
        Goal::Memory(most, words, ours) => {
            let memory = rounds.memory(*ours)?;
            (format!("memory at most {words} above idle"), mib(memory), memory <= *most)
        }
    };
    Some(Judged { work: work.title.into(), goal, measured, met })
}

fn judge_first_call(first: &FirstCall) -> Vec<Judged> {
    let work = "first call of a process, oldest Python";
    let (import, load) = (median(&first.import), median(&first.load));
    let (call, socket) = (median(&first.call), median(&first.socket));
    let foreign = first.third_party.join(", ");
    let judged = |goal: &str, measured, met| Judged { work: work.into(), goal: goal.into(), measured, met };
    vec![
        judged(
            "import at most 25 ms",
            format!(
                "{} (`connector.py` {}, native module {})",
                time(import + load),
                time(import),
                time(load)
            ),
            import + load <= 25e-3,
        ),
        judged(
            "call at most 5 ms above a new socket's",
            format!("{} and {}", time(call), time(socket)),
            call - socket <= 5e-3,
        ),
        judged(
            "no third-party import",
            if foreign.is_empty() { "none".into() } else { foreign.clone() },
            foreign.is_empty(),
        ),
    ]
}

fn table(work: &Work, rounds: &Rounds) -> String {
    let mut table = format!(
        "| | median | p99 | ratio to {} (quartiles) |{}\n|---|---:|---:|---:|{}\n",
        work.floor,
        if work.memory { " memory above idle |" } else { "" },
        if work.memory { "---:|" } else { "" },
    );
    for peer in work.peers {
        let seconds = rounds.seconds(*peer);
        let (Some(middle), Some(tail)) = (quantile(&seconds, 0.5), quantile(&seconds, 0.99)) else {
            continue;
        };
        let ratio = rounds.ratio(*peer, work.floor).map(times).unwrap_or_default();
        let memory = rounds.memory(*peer).filter(|_| work.memory && *peer != super::Peer::Curl);
        let memory = match (work.memory, memory) {
            (true, Some(memory)) => format!(" {} |", mib(memory)),
            (true, None) => " |".into(),
            (false, _) => String::new(),
        };
        let _ = writeln!(table, "| {} | {} | {} | {ratio} |{memory}", peer.title(), time(middle), time(tail));
    }
    table.trim_end().to_owned()
}

fn times(Spread { low, median, high }: Spread) -> String {
    format!("{median:.2} ({low:.2} to {high:.2})")
}

fn time(seconds: f64) -> String {
    match seconds {
        long if long >= 1.0 => format!("{long:.2} s"),
        middle if middle >= 1e-3 => format!("{:.1} ms", middle * 1e3),
        short => format!("{:.1} µs", short * 1e6),
    }
}

#[allow(clippy::cast_precision_loss, reason = "memory is less than 2^52 bytes")]
fn kib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", kib(bytes) / 1024.0)
}

fn capitalised(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
