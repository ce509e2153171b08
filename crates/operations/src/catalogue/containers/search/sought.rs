//! What a search looks for: a text, or a regular expression. Both take time that grows with what is read, and no faster.

use regex::bytes::{Regex, RegexBuilder};

use crate::{
    Error, Param,
    declare::{
        arguments::Arguments,
        param::{flag, text},
    },
};

pub(crate) const TEXT: Param = text("text")
    .title("Text")
    .about("The text to look for, as it is. Give this or Pattern.")
    .placeholder("connection refused")
    .local();
pub(crate) const PATTERN: Param = text("pattern")
    .title("Pattern")
    .about("A regular expression, in the syntax of Rust's regex (no look-around, no back-references). Give this or Text.")
    .placeholder("error (\\d+)")
    .local();
pub(crate) const IGNORE_CASE: Param =
    flag("ignore_case").title("Ignore Case").about("Upper and lower case count as the same.").local();

/// The longest text or pattern, in bytes.
const LONGEST: usize = 4096;
/// What a compiled pattern may take, in bytes. It bounds the time that a byte takes, too.
const LARGEST: usize = 256 * 1024;
/// What its fast paths may take, in bytes.
const LARGEST_CACHE: usize = 2 * 1024 * 1024;

/// What a search looks for.
#[derive(Debug, Clone)]
pub(crate) struct Sought(Regex);

impl Sought {
    /// What the parameters [`TEXT`], [`PATTERN`] and [`IGNORE_CASE`] ask for; nothing where both are empty.
    pub(crate) fn of(arguments: &Arguments) -> Result<Option<Self>, Error> {
        let ignores_case = arguments.is_on(IGNORE_CASE);
        match (arguments.text(TEXT), arguments.text(PATTERN)) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(Error::fault("text and pattern exclude each other: give one of them")),
            (Some(text), None) => Self::text(text, ignores_case).map(Some),
            (None, Some(pattern)) => Self::pattern("pattern", pattern, ignores_case).map(Some),
        }
    }

    /// As [`Sought::of`], where one of them is needed.
    pub(crate) fn needed(arguments: &Arguments) -> Result<Self, Error> {
        Self::of(arguments)?
            .ok_or_else(|| Error::fault("text or pattern is missing: say what to look for, by one of them"))
    }

    /// A text, as it is.
    pub(crate) fn text(text: &str, ignores_case: bool) -> Result<Self, Error> {
        Self::compiled("text", text, &regex::escape(text), ignores_case)
    }

    /// A regular expression, which the parameter `param` holds.
    pub(crate) fn pattern(param: &str, pattern: &str, ignores_case: bool) -> Result<Self, Error> {
        Self::compiled(param, pattern, pattern, ignores_case)
    }

    fn compiled(param: &str, given: &str, pattern: &str, ignores_case: bool) -> Result<Self, Error> {
        if given.len() > LONGEST {
            return Err(Error::fault(format!(
                "{param} must have at most {LONGEST} bytes; it has {}",
                given.len()
            )));
        }
        let built = RegexBuilder::new(pattern)
            .case_insensitive(ignores_case)
            .size_limit(LARGEST)
            .dfa_size_limit(LARGEST_CACHE)
            .build();
        built.map(Self).map_err(|error| {
            let why = match error {
                regex::Error::CompiledTooBig(_) => {
                    "is too large: use smaller numbers of repetitions".to_owned()
                }
                // The last line of several tells what is wrong.
                error => {
                    let said = error.to_string();
                    let said = said.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    format!("is no regular expression that can be used: {said}")
                }
            };
            Error::fault(format!("{param} {why}"))
        })
    }

    /// Where it first occurs.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<usize> {
        self.0.find(bytes).map(|found| found.start())
    }

    /// Whether it occurs.
    pub(crate) fn occurs_in(&self, bytes: &[u8]) -> bool {
        self.0.is_match(bytes)
    }
}

/// The most of a line that a result shows, in bytes.
const SHOWN: usize = 1000;

/// A line as a result shows it: whole, or what stands around `at` where it is long.
pub(crate) fn excerpt(line: &[u8], at: usize) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() <= SHOWN {
        return String::from_utf8_lossy(line).into_owned();
    }
    let begin = at.min(line.len()).saturating_sub(SHOWN / 4);
    let end = (begin + SHOWN).min(line.len());
    let is_within = |at: usize| line.get(at).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000);
    let begin = (begin..end).find(|at| !is_within(*at)).unwrap_or(begin);
    let end = (begin..=end).rev().find(|at| !is_within(*at)).unwrap_or(end);
    let before = if begin > 0 { "…" } else { "" };
    let after = if end < line.len() { "…" } else { "" };
    format!("{before}{}{after}", String::from_utf8_lossy(&line[begin..end]))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_taken_as_it_is() {
        let sought = Sought::text("a.b(", false).unwrap();
        assert!(sought.occurs_in(b"xa.b(") && !sought.occurs_in(b"xaXb("));
        assert!(Sought::text("ÄB", true).unwrap().occurs_in("xäby".as_bytes()));
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_reason() {
        let fault = |pattern: &str| Sought::pattern("pattern", pattern, false).unwrap_err().to_string();
        assert!(fault("(a").contains("pattern is no regular expression that can be used: unclosed group"));
        assert!(fault("((a{200}){200}){200}").contains("pattern is too large"));
        assert!(fault(&"a".repeat(5000)).contains("at most 4096 bytes; it has 5000"));
        assert!(fault(r"(?=a)").contains("look-around"));
    }

    #[test]
    fn what_takes_others_for_ever_takes_a_moment() {
        let began = Instant::now();
        let sought = Sought::pattern("pattern", "(a*)*(a|aa)+$|(x+x+)+y", false).unwrap();
        assert!(!sought.occurs_in(&[b"a".repeat(60_000), b"b".to_vec(), b"x".repeat(60_000)].concat()));
        assert!(began.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_long_line_is_shown_around_what_was_found() {
        let line = format!("{}needle{}\r\n", "é".repeat(5000), "é".repeat(5000));
        let shown = excerpt(line.as_bytes(), 10_000);
        assert!(shown.starts_with("…é") && shown.contains("éneedleé") && shown.ends_with("é…"), "{shown}");
        assert!(!shown.contains('\u{fffd}') && shown.len() < SHOWN + 10);
        assert_eq!(excerpt(b"short\r\n", 3), "short");
    }

    proptest! {
        #[test]
        fn nothing_panics(line in prop::collection::vec(any::<u8>(), 0..3000), at in 0usize..4000) {
            prop_assert!(excerpt(&line, at).len() <= 3 * SHOWN + 10);
        }
    }
}
