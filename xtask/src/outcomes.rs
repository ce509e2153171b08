//! What came of a run's steps. It is kept, so that a run that is taken up again can tell of the steps before.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::counts::Counts;
use crate::paths;

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) name: String,
    /// How long it took, and should have taken.
    pub(crate) seconds: u64,
    pub(crate) budget: u64,
    pub(crate) counts: Counts,
    /// Versions, and whatever else is worth knowing.
    pub(crate) remarks: Vec<String>,
    /// What was left out, and why.
    pub(crate) skipped: Vec<String>,
}

/// All of them, in the order of their ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcomes {
    pub(crate) steps: Vec<Outcome>,
    /// How long the whole run took.
    pub(crate) seconds: u64,
}

impl Outcomes {
    /// Those of the run before, or none.
    pub(crate) fn before() -> Self {
        let kept = fs::read(file()).ok();
        kept.and_then(|kept| serde_json::from_slice(&kept).ok()).unwrap_or_default()
    }

    /// Keeps them for a run that takes this one up again.
    pub(crate) fn save(&self) -> Result<()> {
        Ok(fs::write(file(), serde_json::to_vec_pretty(self)?)?)
    }

    /// With the steps of an earlier run that this one has not taken.
    pub(crate) fn after(self, earlier: Self) -> Self {
        let again = |step: &Outcome| self.steps.iter().any(|other| other.name == step.name);
        let before = earlier.steps.into_iter().filter(|step| !again(step)).collect::<Vec<_>>();
        let seconds = self.seconds + before.iter().map(|step| step.seconds).sum::<u64>();
        Self { steps: [before, self.steps].concat(), seconds }
    }

    /// All tests together.
    pub(crate) fn counts(&self) -> Counts {
        self.steps.iter().fold(Counts::default(), |mut sum, step| {
            sum += step.counts;
            sum
        })
    }

    /// Whether nothing failed.
    pub(crate) fn passed(&self) -> bool {
        self.counts().failed == 0
    }

    /// What was left out, by its step.
    pub(crate) fn print_skipped(&self) {
        for step in &self.steps {
            for reason in &step.skipped {
                println!("left out of {}: {reason}", step.name);
            }
        }
    }
}

fn file() -> PathBuf {
    paths::runs().join("outcomes.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(steps: &[(&str, u64)]) -> Outcomes {
        let step = |(name, failed): &(&str, u64)| Outcome {
            name: (*name).into(),
            seconds: 10,
            budget: 20,
            counts: Counts { passed: 1, failed: *failed },
            remarks: Vec::new(),
            skipped: Vec::new(),
        };
        Outcomes { steps: steps.iter().map(step).collect(), seconds: 15 }
    }

    #[test]
    fn a_run_that_was_taken_up_again_tells_of_all_steps() {
        let earlier = outcomes(&[("tools", 0), ("package", 0), ("engine", 1)]);
        assert!(!earlier.passed());
        let whole = outcomes(&[("package", 0), ("engine", 0)]).after(earlier);
        let names: Vec<_> = whole.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(names, ["tools", "package", "engine"]);
        assert!(whole.passed(), "what was mended counts as it is now");
        assert_eq!((whole.counts().passed, whole.seconds), (3, 25));
    }
}
