//! The comparison with an earlier result: what is new, what is gone and why, what is unchanged.
//!
//! A finding is known again by its check and the name of what it is about: containers and images are made anew under the same name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    Error, Kind,
    run::{
        call::Call,
        files::{cannot, reference},
        objects::{items, text},
    },
};

/// An earlier result is no larger, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;
/// An earlier result has no more findings that count.
const MOST: usize = 100_000;
/// No more of each kind are listed.
const MOST_LISTED: usize = 1000;

/// An earlier result.
pub(super) struct Earlier {
    time: String,
    /// Its findings, by their keys, with what is told of one that is gone.
    findings: BTreeMap<String, Value>,
}

impl Earlier {
    /// Reads `compare_with`: a result, or the attachment that holds one. Nothing, where it is not given.
    pub(super) fn of(call: &Call<'_>) -> Result<Option<Self>, Error> {
        match call.arguments.get("compare_with") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::Object(fields)) if fields.is_empty() => Ok(None),
            Some(given) => Self::read(call, given).map(Some),
        }
    }

    fn read(call: &Call<'_>, given: &Value) -> Result<Self, Error> {
        // A step's whole result may have the operation's in its data.
        for result in [given, &given["data"]] {
            if result["findings"].is_array() {
                return Ok(Self::from(result));
            }
        }
        let reference = reference(given).ok_or_else(|| {
            Error::fault(
                "compare_with must be an earlier result of audit_posture, or the attachment that holds one",
            )
        })?;
        let (path, _) =
            call.services.fetch(&reference).map_err(|error| Error::new(Kind::Attachment, error))?;
        let size = std::fs::metadata(&path).map_or(u64::MAX, |file| file.len());
        let bytes = if size <= LARGEST { std::fs::read(&path) } else { Ok(Vec::new()) };
        let _already_gone = std::fs::remove_file(&path);
        let bytes = bytes.map_err(|error| cannot("read", &error))?;
        let result: Value = engine::parse(&bytes, engine::MOST_OF_A_LOOK).unwrap_or_default();
        match result["findings"].is_array() {
            true => Ok(Self::from(&result)),
            false => Err(Error::fault(
                "compare_with: the attachment holds no result of audit_posture as JSON. Give the earlier result itself, or the \
                 attachment that format JSON makes",
            )),
        }
    }

    /// Whoever kept it may have changed it: only short texts are taken.
    fn from(result: &Value) -> Self {
        let short = |text: &str| text.chars().take(300).collect::<String>();
        let findings = items(&result["findings"]).take(MOST).filter(|one| !text(one, "key").is_empty());
        let findings = findings.map(|one| {
            let fields = ["key", "check", "title", "severity", "scope", "subject", "field", "value"];
            let told = fields.map(|field| {
                let value = match &one[field] {
                    Value::String(text) => short(text).into(),
                    Value::Bool(_) | Value::Number(_) => one[field].clone(),
                    _ => Value::Null,
                };
                (field.to_owned(), value)
            });
            (short(text(one, "key")), Value::Object(told.into_iter().collect::<Map<_, _>>()))
        });
        Self { time: short(text(result, "time")), findings: findings.collect() }
    }

    /// Whether a finding was there before.
    pub(super) fn had(&self, key: &str) -> bool {
        self.findings.contains_key(key)
    }

    /// The comparison. `now` has the findings, `verdicts` what every check said of everything, by the same keys, and `subjects` what
    /// there is, by scope and name.
    pub(super) fn compared(
        &self,
        now: &[Value],
        verdicts: &BTreeMap<String, &'static str>,
        subjects: &BTreeSet<String>,
        looked_at: &dyn Fn(&str) -> bool,
    ) -> Value {
        let keys: BTreeSet<&str> = now.iter().map(|finding| text(finding, "key")).collect();
        let (mut new, mut unchanged, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for finding in now {
            let list = if self.had(text(finding, "key")) { &mut unchanged } else { &mut new };
            let fields = ["key", "check", "title", "severity", "scope", "subject", "field", "value"];
            list.push(
                fields
                    .iter()
                    .map(|field| ((*field).to_owned(), finding[*field].clone()))
                    .collect::<Map<_, _>>(),
            );
        }
        let mut not_compared = 0;
        for (key, finding) in self.findings.iter().filter(|(key, _)| !keys.contains(key.as_str())) {
            let (scope, subject) = (text(finding, "scope"), text(finding, "subject"));
            let why = match verdicts.get(key) {
                Some(&"passed") => "passed now",
                Some(_) => "cannot be assessed now",
                None if looked_at(scope) && !subjects.contains(&format!("{scope}|{subject}")) => {
                    "no longer there"
                }
                None => {
                    not_compared += 1;
                    continue;
                }
            };
            let mut told = finding.clone();
            told["why"] = why.into();
            gone.push(told);
        }
        let counts = (new.len(), gone.len(), unchanged.len());
        new.truncate(MOST_LISTED);
        gone.truncate(MOST_LISTED);
        unchanged.truncate(MOST_LISTED);
        json!({
            "summary": format!("{} new, {} gone, {} unchanged since {}", counts.0, counts.1, counts.2, if self.time.is_empty() { "the earlier result" } else { &self.time }),
            "compared_with": self.time,
            "new_count": counts.0,
            "gone_count": counts.1,
            "unchanged_count": counts.2,
            "not_compared": not_compared,
            "new": new,
            "gone": gone,
            "unchanged": unchanged,
        })
    }
}
