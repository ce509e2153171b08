//! The audit: every verdict as it comes, and the result that is made of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    COLUMNS, VERDICT,
    asked::{Asked, Wanted},
    checks::{Check, Scope, Verdict, table},
    compare::Earlier,
    escape::WayOut,
    facts_engine, report,
    told::Told,
};
use crate::{
    Error, Output,
    catalogue::investigate::{attachment::attach, attack::technique, table::csv},
    run::{
        call::Call,
        health::flaws::{by_severity, date},
        objects::text,
    },
};

/// A result lists no more verdicts; the CSV has all of them.
const MOST_VERDICTS: usize = 2000;
/// And no more findings.
const MOST_FINDINGS: usize = 1000;
const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];

/// What a check looks at, by its names.
pub(super) struct Subject<'a> {
    pub(super) scope: Scope,
    pub(super) name: &'a str,
    pub(super) id: &'a str,
    pub(super) image: &'a str,
}

/// A verdict on something, as it is listed.
struct Row {
    rank: usize,
    fields: Map<String, Value>,
}

/// How many findings of each severity there are, in the order of [`SEVERITIES`].
pub(super) type Counts = [usize; 5];

pub(super) struct Audit<'a, 'c> {
    call: &'a Call<'c>,
    scope: &'a str,
    asked: &'a Asked,
    earlier: Option<&'a Earlier>,
    pub(super) now: Timestamp,
    pub(super) engine_name: String,
    rows: Vec<Row>,
    findings: Vec<(usize, Value)>,
    containers: Vec<(usize, Value)>,
    /// Whether every verdict is wanted, for the CSV.
    makes_table: bool,
    counts: Counts,
    passed: usize,
    failed: usize,
    not_assessable: usize,
    /// For the comparison.
    verdicts: BTreeMap<String, &'static str>,
    subjects: BTreeSet<String>,
}

impl<'a, 'c> Audit<'a, 'c> {
    pub(super) fn of(
        call: &'a Call<'c>,
        scope: &'a str,
        asked: &'a Asked,
        earlier: Option<&'a Earlier>,
    ) -> Self {
        let name = text(&asked.info, "Name");
        Self {
            call,
            scope,
            asked,
            earlier,
            now: Timestamp::now(),
            engine_name: if name.is_empty() { "engine".to_owned() } else { name.to_owned() },
            rows: Vec::new(),
            findings: Vec::new(),
            containers: Vec::new(),
            makes_table: call.arguments.texts("format").any(|format| format == "csv"),
            counts: [0; 5],
            passed: 0,
            failed: 0,
            not_assessable: 0,
            verdicts: BTreeMap::new(),
            subjects: BTreeSet::new(),
        }
    }

    /// Holds a document against the checks of its scope, and gives the number of findings by severity.
    pub(super) fn look(
        &mut self,
        checks: &[&'static Check],
        subject: &Subject<'_>,
        document: &Value,
    ) -> Counts {
        let mut counts = [0; 5];
        if self.earlier.is_some() {
            self.subjects.insert(format!("{}|{}", subject.scope.word(), subject.name));
        }
        for check in checks.iter().copied().filter(|check| check.scope == subject.scope) {
            let verdict = check.verdict(document);
            let key = || format!("{}|{}|{}", check.id, subject.scope.word(), subject.name);
            if self.earlier.is_some() {
                self.verdicts.insert(key(), verdict.word());
            }
            match verdict {
                Verdict::Passed => self.passed += 1,
                Verdict::NotAssessable(_) => self.not_assessable += 1,
                Verdict::Failed => self.failed += 1,
            }
            // What would not be listed anyway is only counted: an engine may have thousands of containers.
            let is_failed = matches!(verdict, Verdict::Failed);
            if !is_failed && !self.makes_table && self.rows.len() >= MOST_VERDICTS {
                continue;
            }
            let told = Told::of(&check.evidence(document, &verdict));
            let rank = SEVERITIES
                .iter()
                .position(|severity| *severity == check.severity)
                .unwrap_or(SEVERITIES.len() - 1);
            if is_failed {
                counts[rank] += 1;
                self.counts[rank] += 1;
                self.findings.push((rank, self.finding(check, subject, &told, &key())));
            }
            let why = match &verdict {
                Verdict::NotAssessable(why) => match &check.only_if_named {
                    Some(dear) if self.asked.programs.is_empty() && !why.contains("does not run") => {
                        format!("{why} {dear} Name {} in checks, or a container in id.", check.id)
                    }
                    _ => why.clone(),
                },
                _ => String::new(),
            };
            let fields = json!({
                "check": check.id,
                "title": check.title,
                "severity": check.severity,
                "cis": check.cis,
                "scope": subject.scope.word(),
                "subject": subject.name,
                "subject_id": subject.id,
                "verdict": verdict.word(),
                "field": told.field,
                "value": told.value,
                "evidence": told.evidence,
                "why": if why.is_empty() { Value::Null } else { why.into() },
                "remedy": check.remedy,
                "attack": check.attack.join(", "),
            });
            let Value::Object(fields) = fields else { continue };
            // What says least is left out first where there are too many.
            let order = match verdict {
                Verdict::Failed => 0,
                Verdict::NotAssessable(_) => 1,
                Verdict::Passed => 2,
            };
            self.rows.push(Row { rank: order, fields });
        }
        counts
    }

    fn finding(&self, check: &Check, subject: &Subject<'_>, told: &Told, key: &str) -> Value {
        let known = check.attack.iter().filter_map(|id| technique(id));
        let names: Vec<&str> = known.map(|technique| technique.name).collect();
        let kind = subject.scope.word();
        json!({
            "key": key,
            "name": format!("{}: {}", check.title, subject.name),
            "check": check.id,
            "title": check.title,
            "severity": check.severity,
            "cis": check.cis,
            "scope": kind,
            "subject": subject.name,
            "subject_id": subject.id,
            "image": subject.image,
            "verdict": "failed",
            "field": told.field,
            "value": told.value,
            "evidence": told.evidence,
            "description": format!("{} ({kind} {}): {}. {}", check.title, subject.name, told.evidence, check.remedy),
            "remedy": check.remedy,
            "attack": check.attack.join(", "),
            "attack_names": names.join(", "),
            "source": format!("Docker Engine {}", self.engine_name),
            "source_id": format!("{}|{key}", text(&self.asked.info, "ID")),
            "change": self.earlier.map(|earlier| if earlier.had(key) { "unchanged" } else { "new" }),
        })
    }

    pub(super) fn container(
        &mut self,
        container: &Value,
        subject: &Subject<'_>,
        way: &WayOut,
        counts: Counts,
    ) {
        let order =
            ["certain", "likely", "not by configuration"].iter().position(|word| *word == way.verdict);
        let [critical, high, medium, low, info] = counts;
        self.containers.push((
            order.unwrap_or_default(),
            json!({
                "id": subject.id,
                "name": subject.name,
                "image": subject.image,
                "state": text(&container["State"], "Status"),
                "escape": way.verdict,
                "why": way.why,
                "by": way.by.join(", "),
                "critical": critical,
                "high": high,
                "medium": medium,
                "low": low,
                "info": info,
            }),
        ));
    }

    pub(super) fn result(&mut self, wanted: &Wanted<'_>) -> Result<Map<String, Value>, Error> {
        let mut missing = self.asked.missing.clone();
        self.containers.sort_by_key(|(order, _)| *order);
        self.findings.sort_by_key(|(rank, _)| *rank);
        let containers: Vec<Value> =
            std::mem::take(&mut self.containers).into_iter().map(|(_, row)| row).collect();
        let all: Vec<Value> =
            std::mem::take(&mut self.findings).into_iter().map(|(_, finding)| finding).collect();
        let looked_at = |scope: &str| {
            wanted.id.is_none()
                && match scope {
                    "container" => wanted.containers,
                    "image" => wanted.images,
                    _ => wanted.engine,
                }
        };
        let comparison =
            self.earlier.map(|earlier| earlier.compared(&all, &self.verdicts, &self.subjects, &looked_at));
        let flaws: Vec<Value> = if wanted.engine { self.flaws() } else { Vec::new() };
        let unknown = table()?.unknown.iter().filter(|_| wanted.engine);
        let unknown: Vec<Value> =
            unknown.map(|one| json!({"cis": one.cis, "what": one.what, "why": one.why})).collect();
        let mut findings = all;
        if findings.len() > MOST_FINDINGS {
            missing.push(format!(
                "{} findings are not listed: the CSV has all. Choose severities in checks.",
                findings.len() - MOST_FINDINGS
            ));
            findings.truncate(MOST_FINDINGS);
        }
        let mut shown: Vec<&Row> = self.rows.iter().collect();
        // A stable sort only where it matters, so that a small result stays in the order of its things.
        if shown.len() > MOST_VERDICTS {
            shown.sort_by_key(|row| row.rank);
            shown.truncate(MOST_VERDICTS);
        }
        let unlisted = self.passed + self.failed + self.not_assessable - shown.len();
        if unlisted > 0 {
            missing.push(format!(
                "{unlisted} verdicts are not listed, those that passed first: the CSV has all."
            ));
        }
        let listed = |row: &Row| {
            let fields = VERDICT
                .iter()
                .map(|name| ((*name).to_owned(), row.fields.get(*name).cloned().unwrap_or_default()));
            Value::Object(fields.collect())
        };
        let verdicts: Vec<Value> = shown.into_iter().map(listed).collect();
        let [critical, high, medium, low, info] = self.counts;
        let engine = &self.asked.info;
        let fields = json!({
            "summary": self.summary(&containers, comparison.as_ref()),
            "time": self.now.to_string(),
            "scope": self.scope,
            "engine": {
                "id": text(engine, "ID"),
                "name": self.engine_name,
                "version": text(&self.asked.version, "Version"),
                "api_version": text(&self.asked.version, "ApiVersion"),
                "operating_system": text(engine, "OperatingSystem"),
            },
            "counts": {
                "critical": critical, "high": high, "medium": medium, "low": low, "info": info,
                "passed": self.passed, "failed": self.failed, "not_assessable": self.not_assessable,
            },
            "findings": findings,
            "checks": verdicts,
            "containers": containers,
            "flaws": flaws,
            "flaws_known_until": date(),
            "unknown": unknown,
            "missing": missing,
            "comparison": comparison,
        });
        match fields {
            Value::Object(fields) => Ok(fields),
            _ => Ok(Map::new()),
        }
    }

    fn summary(&self, containers: &[Value], comparison: Option<&Value>) -> String {
        let told = SEVERITIES.iter().zip(self.counts).filter(|(_, count)| *count > 0);
        let told: Vec<String> = told.map(|(severity, count)| format!("{count} {severity}")).collect();
        let findings = match told.as_slice() {
            [] => "Nothing failed".to_owned(),
            told => format!("{} failed: {}", plural(self.failed, "check"), told.join(", ")),
        };
        let mut summary =
            format!("{findings}; {} passed, {} could not be assessed.", self.passed, self.not_assessable);
        let out: Vec<&str> =
            items_of(containers, "certain").map(|container| text(container, "name")).collect();
        let likely = items_of(containers, "likely").count();
        if !out.is_empty() {
            let more = out.len().saturating_sub(5);
            let named = out.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = write!(summary, " Certain ways out to the host: {named}{more}.");
        }
        if likely > 0 {
            let _ = write!(summary, " Likely ways out: {}.", plural(likely, "container"));
        }
        if let Some(comparison) = comparison {
            let _ = write!(summary, " {}.", text(comparison, "summary"));
        }
        summary
    }

    fn flaws(&self) -> Vec<Value> {
        let mut known = facts_engine::known_flaws(&self.asked.version);
        known.sort_by(|one, other| by_severity(&one.flaw.severity, &other.flaw.severity));
        let told = known.iter().map(|known| {
            json!({
                "component": known.component.word(),
                "version": known.version,
                "id": known.flaw.id,
                "what": known.flaw.what,
                "severity": known.flaw.severity,
                "fixed_in": known.flaw.fixed_in(),
                "certainty": if known.is_certain() { "vulnerable" } else { "possible" },
            })
        });
        told.collect()
    }

    /// The result with the reports that were asked for.
    pub(super) fn with_attachments(&self, mut result: Map<String, Value>) -> Result<Output, Error> {
        let mut attachments = Map::new();
        let wanted: Vec<&str> = self.call.arguments.texts("format").collect();
        for format in wanted {
            let contents = match format {
                "html" => report::html(&Value::Object(result.clone())),
                "csv" => {
                    let row = |row: &Row| {
                        COLUMNS
                            .iter()
                            .map(|column| report::cell(row.fields.get(*column).unwrap_or(&Value::Null)))
                            .collect()
                    };
                    let rows: Vec<Vec<String>> = self.rows.iter().map(row).collect();
                    let rows = rows.iter().map(|row| row.iter().map(String::as_str).collect());
                    csv(std::iter::once(COLUMNS.to_vec()).chain(rows))
                }
                _ => Value::Object(result.clone()).to_string(),
            };
            let description = format!("Posture of {} at {}", self.engine_name, self.now);
            let name = format!("posture.{format}");
            let record = attach(self.call, &self.engine_name, &name, &description, contents)?;
            attachments.insert(format.to_owned(), record.into());
        }
        result.insert(
            "attachments".into(),
            if attachments.is_empty() { Value::Null } else { attachments.into() },
        );
        Ok(Value::Object(result).into())
    }
}

fn items_of<'v>(containers: &'v [Value], verdict: &'static str) -> impl Iterator<Item = &'v Value> {
    containers.iter().filter(move |container| container["escape"] == verdict)
}

fn plural(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
