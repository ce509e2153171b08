//! How many tests passed and failed, read from what cargo and unittest print.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Tests, or steps without tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Counts {
    /// Adds up every summary in a log.
    pub(crate) fn of(log: &str) -> Self {
        let mut counts = Self::default();
        let mut ran = 0;
        for line in log.lines() {
            if let Some(summary) = line.strip_prefix("test result: ") {
                counts.passed += before(summary, " passed");
                counts.failed += before(summary, " failed");
            } else if let Some(summary) = line.strip_prefix("Ran ") {
                ran = before(summary, " test");
            } else if ran > 0 && (line.starts_with("OK") || line.starts_with("FAILED")) {
                let failed =
                    after(line, "failures=") + after(line, "errors=") + after(line, "unexpected successes=");
                counts.failed += failed;
                counts.passed += ran.saturating_sub(failed + after(line, "skipped="));
                ran = 0;
            }
        }
        counts
    }

    /// A step without tests is one; and one that failed has a failure, whatever its tests say.
    pub(crate) fn for_step(self, passed: bool) -> Self {
        match (passed, self) {
            (true, Self { passed: 0, failed: 0 }) => Self { passed: 1, failed: 0 },
            (false, Self { failed: 0, .. }) => Self { failed: 1, ..self },
            _ => self,
        }
    }

    /// For the step's line, where there is something to tell.
    pub(crate) fn summary(self) -> String {
        match self {
            Self { passed: 0, failed: 0 } => String::new(),
            Self { passed, failed: 0 } => format!(" ({passed} tests)"),
            Self { passed, failed } => format!(" ({passed} passed, {failed} failed)"),
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The number that stands right before some text; 0 where there is none.
fn before(line: &str, text: &str) -> u64 {
    let number = line.split_once(text).and_then(|(head, _)| head.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The number that stands right after some text; 0 where there is none.
fn after(line: &str, text: &str) -> u64 {
    // "failures=" is not to be found in "expected failures=".
    let starts = line
        .match_indices(text)
        .find(|(at, _)| !line[..*at].ends_with(char::is_alphanumeric) && !line[..*at].ends_with("expected "));
    let Some((at, _)) = starts else { return 0 };
    let digits: String = line[at + text.len()..].chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64) -> Counts {
        Counts { passed, failed }
    }

    #[test]
    fn reads_cargo() {
        let log = "running 3 tests\n\
                   test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s\n\
                   test result: FAILED. 10 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(Counts::of(log), counts(13, 2));
    }

    #[test]
    fn reads_unittest() {
        assert_eq!(Counts::of("Ran 12 tests in 1.5s\n\nOK\n"), counts(12, 0));
        assert_eq!(Counts::of("Ran 1 test in 1.5s\n\nOK (skipped=1)\n"), counts(0, 0));
        assert_eq!(
            Counts::of("Ran 9 tests in 1s\n\nFAILED (failures=1, errors=2, skipped=3)\n"),
            counts(3, 3)
        );
        assert_eq!(Counts::of("Ran 2 tests in 1s\n\nOK (expected failures=1)\n"), counts(2, 0));
        assert_eq!(Counts::of("OK\nFAILED\n"), counts(0, 0));
    }

    #[test]
    fn every_step_counts() {
        assert_eq!(counts(0, 0).for_step(true), counts(1, 0));
        assert_eq!(counts(7, 0).for_step(true), counts(7, 0));
        assert_eq!(counts(0, 0).for_step(false), counts(0, 1));
        assert_eq!(counts(7, 2).for_step(false), counts(7, 2));
    }
}
