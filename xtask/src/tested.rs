//! docs/tested.md: what the last whole run of the tests found, and on what machine.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::command::capture;
use crate::hardware;
use crate::outcomes::Outcomes;
use crate::paths;
use crate::steps::took;

/// Writes the page.
pub(crate) fn write(outcomes: &Outcomes) -> Result<()> {
    let page = page(outcomes, &today()?, &commit(), &hardware::description()?);
    Ok(fs::write(paths::root().join("docs/tested.md"), page)?)
}

fn page(outcomes: &Outcomes, date: &str, commit: &str, machine: &str) -> String {
    let counts = outcomes.counts();
    let mut page = format!(
        "# What was tested\n\n\
         `cargo xtask test --all` writes this page. The last run: {date}, of {commit}, on {machine}.\n\n\
         **{} passed, {} failed**, in {}.\n\n\
         | step | result | time | budget | |\n|---|---|---|---|---|\n",
        counts.passed,
        counts.failed,
        took(Duration::from_secs(outcomes.seconds)),
    );
    for step in &outcomes.steps {
        let result = match step.counts.failed {
            0 => format!("{} passed", step.counts.passed),
            failed => format!("{} passed, **{failed} failed**", step.counts.passed),
        };
        let late = if step.seconds > step.budget { ", over it" } else { "" };
        let time = |seconds| took(Duration::from_secs(seconds));
        let _ = writeln!(
            page,
            "| {} | {result} | {} | {}{late} | {} |",
            step.name,
            time(step.seconds),
            time(step.budget),
            step.remarks.join("; ").replace('|', "\\|"),
        );
    }
    page.push_str("\n## What was left out\n\n");
    let skipped =
        outcomes.steps.iter().flat_map(|step| step.skipped.iter().map(move |reason| (step, reason)));
    let skipped: Vec<_> = skipped.map(|(step, reason)| format!("- {}: {reason}\n", step.name)).collect();
    page.push_str(if skipped.is_empty() { "Nothing.\n" } else { "" });
    page.extend(skipped);
    page
}

pub(crate) fn today() -> Result<String> {
    Ok(capture(Command::new("date").args(["-u", "+%Y-%m-%d"]))?.trim().to_owned())
}

/// The commit, and whether the files differ from it.
pub(crate) fn commit() -> String {
    let git = |arguments: &[&str]| {
        let answer = capture(Command::new("git").current_dir(paths::root()).args(arguments)).ok()?;
        Some(answer.trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "an unknown commit".into() };
    match git(&["status", "--porcelain"]) {
        Some(changes) if changes.is_empty() => format!("commit {commit}"),
        _ => format!("commit {commit} with changes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::Counts;
    use crate::outcomes::Outcome;

    #[test]
    fn tells_of_each_step_and_of_what_was_left_out() {
        let step = |name: &str, failed, skipped: &[&str]| Outcome {
            name: name.into(),
            seconds: 65,
            budget: 60,
            counts: Counts { passed: 7, failed },
            remarks: vec!["Docker 20.10.24".into()],
            skipped: skipped.iter().map(ToString::to_string).collect(),
        };
        let outcomes =
            Outcomes { steps: vec![step("one", 0, &[]), step("two", 2, &["no Podman here"])], seconds: 130 };
        let page = page(&outcomes, "2026-01-02", "commit abc", "a machine");
        for expected in [
            "2026-01-02, of commit abc, on a machine",
            "**14 passed, 2 failed**, in 2 min 10 s",
            "| one | 7 passed | 65 s | 60 s, over it | Docker 20.10.24 |",
            "| two | 7 passed, **2 failed** |",
            "- two: no Podman here\n",
        ] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
    }
}
