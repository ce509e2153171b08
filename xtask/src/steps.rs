//! A run of steps, some side by side: a line for each, its output only where it fails, and the tests counted at the end.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::counts::Counts;
use crate::interrupt;
use crate::log::{self, Log};
use crate::outcomes::{Outcome, Outcomes};

/// So often a run says what it is at, where nothing else is said.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// One step of a run that has something in common, such as the package that one step builds and others use.
pub(crate) struct Step<Common> {
    name: String,
    /// How long it should take on 2 processors, when everything is built and fetched. What takes longer is shown, and no failure.
    budget: Duration,
    /// Whether it is taken also where a run begins later, as others need what it makes.
    needed: bool,
    work: Work<Common>,
}

type Work<Common> = Box<dyn FnOnce(&Common, &mut Log) -> Result<()> + Send>;

/// Steps that follow each other.
pub(crate) type Lane<Common> = Vec<Step<Common>>;

/// Lanes that run side by side. A run takes one stage after the other.
pub(crate) type Stage<Common> = Vec<Lane<Common>>;

impl<Common> Step<Common> {
    /// A step; where it runs no tests, it counts as one.
    pub(crate) fn new(
        name: impl Into<String>,
        budget_seconds: u64,
        work: impl FnOnce(&Common, &mut Log) -> Result<()> + Send + 'static,
    ) -> Self {
        let budget = Duration::from_secs(budget_seconds);
        Self { name: name.into(), budget, needed: false, work: Box::new(work) }
    }

    /// Others need what it makes.
    pub(crate) fn needed(self) -> Self {
        Self { needed: true, ..self }
    }
}

/// Takes all steps, also after one has failed, and answers what came of each. With `from`, those before the step of this name
/// are left out but for the needed ones.
pub(crate) fn run<Common: Sync>(
    mut stages: Vec<Stage<Common>>,
    common: &Common,
    from: Option<&str>,
) -> Result<Outcomes> {
    if let Some(from) = from {
        leave_out(&mut stages, from)?;
    }
    let total = stages.iter().flatten().map(Vec::len).sum();
    let run = Run {
        total,
        state: Mutex::new(State {
            outcomes: Outcomes::default(),
            under_way: BTreeMap::new(),
            said: Instant::now(),
        }),
        changed: Condvar::new(),
    };
    let began = Instant::now();
    for stage in stages {
        thread::scope(|scope| {
            let lanes: Vec<_> = stage
                .into_iter()
                .map(|lane| scope.spawn(|| lane.into_iter().try_for_each(|step| run.take(step, common))))
                .collect();
            while !lanes.iter().all(thread::ScopedJoinHandle::is_finished) {
                run.heartbeat();
            }
            for lane in lanes {
                lane.join().map_err(|_| anyhow!("a step panicked"))??;
            }
            anyhow::Ok(())
        })?;
        if interrupt::requested() {
            bail!("the steps after it were not taken");
        }
    }
    let State { mut outcomes, .. } = run.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.seconds = began.elapsed().as_secs();
    println!("{total} steps in {}; the logs are in {}", took(began.elapsed()), log::folder().display());
    outcomes.print_skipped();
    let counts = outcomes.counts();
    println!("{} passed, {} failed", counts.passed, counts.failed);
    Ok(outcomes)
}

/// Removes the steps before the one of this name.
fn leave_out<Common>(stages: &mut [Stage<Common>], from: &str) -> Result<()> {
    let names: Vec<String> = stages.iter().flatten().flatten().map(|step| step.name.clone()).collect();
    let at = names.iter().position(|name| name == from);
    let at = at.with_context(|| format!("there is no step {from:?}; there are: {}", names.join(", ")))?;
    let mut index = 0;
    for lane in stages.iter_mut().flatten() {
        lane.retain(|step| {
            index += 1;
            index > at || step.needed
        });
    }
    Ok(())
}

/// A run under way.
struct Run {
    total: usize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    outcomes: Outcomes,
    /// When each step began that has not ended.
    under_way: BTreeMap<String, Instant>,
    /// When something was said last.
    said: Instant,
}

impl Run {
    fn take<Common>(&self, step: Step<Common>, common: &Common) -> Result<()> {
        if interrupt::requested() {
            return Ok(());
        }
        let Step { name, budget, work, .. } = step;
        let began = Instant::now();
        self.state().under_way.insert(name.clone(), began);
        let mut log = Log::new(&name)?;
        let result = work(common, &mut log);
        let elapsed = began.elapsed();
        let tests = Counts::of(&log.text()?);

        let mut state = self.state();
        state.under_way.remove(&name);
        let number = state.outcomes.steps.len() + 1;
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        let late = if elapsed > budget { ": OVER ITS BUDGET" } else { "" };
        println!(
            "[{number:2}/{}] {name}: {verdict} in {} (budget {}{late}){}",
            self.total,
            took(elapsed),
            took(budget),
            tests.summary()
        );
        for remark in
            log.remarks.iter().cloned().chain(log.skipped.iter().map(|skip| format!("SKIPPED: {skip}")))
        {
            println!("        {remark}");
        }
        if let Err(fault) = &result {
            print!("{}", log.end(&format!("{fault:#}"))?);
        }
        state.outcomes.steps.push(Outcome {
            name,
            seconds: elapsed.as_secs(),
            budget: budget.as_secs(),
            counts: tests.for_step(result.is_ok()),
            remarks: log.remarks,
            skipped: log.skipped,
        });
        state.said = Instant::now();
        state.outcomes.save()?;
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Waits for the end of a step, and says after a while what is under way.
    fn heartbeat(&self) {
        let state = self.state();
        let waited = self.changed.wait_timeout(state, Duration::from_millis(200));
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.said.elapsed() > HEARTBEAT {
            state.said = Instant::now();
            let under_way = state.under_way.iter();
            let under_way: Vec<_> =
                under_way.map(|(name, began)| format!("{name}, for {}", took(began.elapsed()))).collect();
            println!("        under way: {}", under_way.join("; "));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A duration as people say it.
pub(crate) fn took(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Vec<Stage<()>> {
        let step = |name: &str| Step::new(name, 1, |(): &(), _: &mut Log| Ok(()));
        vec![
            vec![vec![step("package").needed()], vec![step("tools").needed(), step("format")]],
            vec![vec![step("Python 3.13"), step("engine")], vec![step("clippy"), step("unit tests")]],
        ]
    }

    fn names(plan: &[Stage<()>]) -> Vec<&str> {
        plan.iter().flatten().flatten().map(|step| step.name.as_str()).collect()
    }

    #[test]
    fn a_run_begins_at_a_step_and_makes_what_it_needs() {
        let mut from = plan();
        leave_out(&mut from, "engine").unwrap();
        assert_eq!(names(&from), ["package", "tools", "engine", "clippy", "unit tests"]);
        let mut whole = plan();
        leave_out(&mut whole, "package").unwrap();
        assert_eq!(names(&whole), names(&plan()));
        let fault = leave_out(&mut plan(), "nothing").unwrap_err().to_string();
        assert!(fault.contains("package, tools, format"), "{fault}");
    }

    #[test]
    fn durations_are_said_as_people_do() {
        let of = |seconds| took(Duration::from_secs_f64(seconds));
        assert_eq!([of(0.25), of(59.9), of(150.0)], ["0.2 s", "59 s", "2 min 30 s"]);
    }
}
