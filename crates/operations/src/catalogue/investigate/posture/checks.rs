//! The checks: `data/posture.json`, read once.

use std::sync::LazyLock;

use serde_json::Value;

use super::rule::{Condition, Evidence, Path};
use crate::{
    Error,
    catalogue::closest::closest,
    run::objects::{items, text},
};

/// What a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scope {
    Engine,
    Container,
    Image,
    Network,
}

/// How far what a check finds leads out of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    No,
    /// Root inside is root on the host.
    Host,
    /// Two of these are a likely way.
    Part,
}

/// A check.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) scope: Scope,
    pub(super) severity: String,
    /// Its number in the CIS Docker Benchmark 1.6, if it has one.
    pub(super) cis: Option<String>,
    /// Techniques of ATT&CK, by their ids.
    pub(super) attack: Vec<String>,
    pub(super) remedy: String,
    escape: Escape,
    escape_when: Option<Condition>,
    escape_otherwise: Escape,
    /// Why it is not asked unless somebody names it.
    pub(super) only_if_named: Option<String>,
    fields: Vec<Path>,
    not_assessable: Vec<(Option<Condition>, String)>,
    fails_when: Option<Condition>,
}

/// What a check says of something.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    Passed,
    Failed,
    NotAssessable(String),
}

/// What cannot be known over the API.
#[derive(Debug)]
pub(super) struct Unknown {
    pub(super) cis: String,
    pub(super) what: String,
    pub(super) why: String,
}

/// The data file.
pub(super) struct Table {
    pub(super) checks: Vec<Check>,
    pub(super) unknown: Vec<Unknown>,
}

static TABLE: LazyLock<Result<Table, String>> =
    LazyLock::new(|| read(include_str!("../../../../data/posture.json")));

/// All checks. The error is the fault of whoever changed the data.
pub(super) fn table() -> Result<&'static Table, Error> {
    let table = TABLE.as_ref();
    table.map_err(|fault| Error::new(crate::Kind::Internal, format!("The checks cannot be read: {fault}.")))
}

fn read(source: &str) -> Result<Table, String> {
    let source: Value = serde_json::from_str(source).map_err(|error| error.to_string())?;
    let unknown = items(&source["not_over_the_api"]).map(|row| Unknown {
        cis: text(row, "cis").to_owned(),
        what: text(row, "what").to_owned(),
        why: text(row, "why").to_owned(),
    });
    let read = |row| Check::read(row).map_err(|fault| format!("{}: {fault}", text(row, "id")));
    Ok(Table {
        checks: items(&source["checks"]).map(read).collect::<Result<_, _>>()?,
        unknown: unknown.collect(),
    })
}

impl Scope {
    /// Its word in results.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Container => "container",
            Self::Image => "image",
            Self::Network => "network",
        }
    }
}

impl Escape {
    fn read(word: &str) -> Result<Self, String> {
        match word {
            "" => Ok(Self::No),
            "host" => Ok(Self::Host),
            "part" => Ok(Self::Part),
            other => Err(format!("there is no escape {other:?}")),
        }
    }
}

impl Verdict {
    /// Its word in results.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotAssessable(_) => "not_assessable",
        }
    }
}

impl Check {
    fn read(row: &Value) -> Result<Self, String> {
        const KNOWN: [&str; 15] = [
            "id",
            "title",
            "scope",
            "severity",
            "cis",
            "attack",
            "escape",
            "escape_when",
            "escape_otherwise",
            "only_if_named",
            "fields",
            "not_assessable",
            "fails_when",
            "remedy",
            "note",
        ];
        if let Some(other) =
            row.as_object().into_iter().flatten().find(|(name, _)| !KNOWN.contains(&name.as_str()))
        {
            return Err(format!("{} is not known", other.0));
        }
        let condition = |name: &str| row.get(name).map(Condition::read).transpose();
        let strings = |name: &str| items(&row[name]).filter_map(Value::as_str);
        let skip = |row: &Value| {
            Ok((row.get("when").map(Condition::read).transpose()?, text(row, "why").to_owned()))
        };
        Ok(Self {
            id: text(row, "id").to_owned(),
            title: text(row, "title").to_owned(),
            scope: match text(row, "scope") {
                "engine" => Scope::Engine,
                "container" => Scope::Container,
                "image" => Scope::Image,
                "network" => Scope::Network,
                other => return Err(format!("there is no scope {other:?}")),
            },
            severity: text(row, "severity").to_owned(),
            cis: row["cis"].as_str().map(str::to_owned),
            attack: strings("attack").map(str::to_owned).collect(),
            remedy: text(row, "remedy").to_owned(),
            escape: Escape::read(text(row, "escape"))?,
            escape_otherwise: Escape::read(text(row, "escape_otherwise"))?,
            escape_when: condition("escape_when")?,
            only_if_named: row["only_if_named"].as_str().map(str::to_owned),
            fields: strings("fields").map(Path::read).collect::<Result<_, _>>()?,
            not_assessable: items(&row["not_assessable"]).map(skip).collect::<Result<_, String>>()?,
            fails_when: condition("fails_when")?,
        })
    }

    /// The verdict on a document. A part of it that the engine refused is in its `refused`, with the reason.
    pub(super) fn verdict(&self, document: &Value) -> Verdict {
        let refused = self.fields.iter().find_map(|path| document["refused"][path.root()].as_str());
        if let Some(why) = refused {
            return Verdict::NotAssessable(why.to_owned());
        }
        let skipped = self
            .not_assessable
            .iter()
            .find(|(when, _)| when.as_ref().is_none_or(|when| when.holds(document)));
        match (skipped, &self.fails_when) {
            (Some((_, why)), _) => Verdict::NotAssessable(why.clone()),
            (None, Some(condition)) if condition.holds(document) => Verdict::Failed,
            _ => Verdict::Passed,
        }
    }

    /// The very fields and values of a verdict: by which it failed, or those that were looked at.
    pub(super) fn evidence(&self, document: &Value, verdict: &Verdict) -> Vec<Evidence> {
        let failed = matches!(verdict, Verdict::Failed);
        let found = self.fails_when.as_ref().filter(|_| failed).map(|condition| condition.evidence(document));
        match found.filter(|found| !found.is_empty()) {
            Some(found) => found,
            None => self.looked_at(document),
        }
    }

    fn looked_at(&self, document: &Value) -> Vec<Evidence> {
        let mut found = Vec::new();
        for path in &self.fields {
            let before = found.len();
            path.each(document, &mut |field, value| {
                let field = field.strip_prefix("facts.").unwrap_or(field).to_owned();
                found.push(Evidence { field, value: value.clone() });
            });
            if found.len() == before {
                found.push(Evidence { field: path.field(), value: Value::Null });
            }
        }
        found
    }

    /// How far a document that fails it leads out.
    pub(super) fn escape(&self, document: &Value) -> Escape {
        match (self.escape, &self.escape_when) {
            (Escape::No, _) => Escape::No,
            (escape, None) => escape,
            (escape, Some(when)) if when.holds(document) => escape,
            _ => self.escape_otherwise,
        }
    }

    pub(super) fn may_lead_out(&self) -> bool {
        self.escape != Escape::No
    }

    /// Whether a word of `checks` chooses it: its id, kind, severity, CIS number or section, or technique.
    fn is_chosen(&self, word: &str) -> bool {
        let kind = self.id.split('.').next().unwrap_or_default();
        let cis = self.cis.as_deref().unwrap_or("-");
        let section = word.trim_start_matches("cis").trim_start_matches([':', ' ', '-']);
        self.id == word
            || kind == word
            || word.strip_suffix(".*") == Some(kind)
            || word.strip_suffix('s') == Some(kind)
            || word == self.scope.word()
            || self.severity == word
            || cis == section
            || cis.strip_prefix(section).is_some_and(|rest| !section.is_empty() && rest.starts_with('.'))
            || word == "escape" && self.may_lead_out()
            || self.attack.iter().any(|id| id.eq_ignore_ascii_case(word))
    }
}

/// The checks that words choose; all, if there is none. Those that are dear only where a word is their id.
pub(super) fn chosen<'w>(words: impl Iterator<Item = &'w str>) -> Result<Vec<&'static Check>, Error> {
    let words: Vec<String> =
        words.map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty()).collect();
    let all = &table()?.checks;
    if words.is_empty() || words.iter().any(|word| word == "all") {
        return Ok(all.iter().collect());
    }
    let unknown: Vec<&String> =
        words.iter().filter(|word| !all.iter().any(|check| check.is_chosen(word))).collect();
    if let Some(word) = unknown.first() {
        let shown: String = word.chars().take(60).collect();
        let alike = closest(&shown, all.iter().map(|check| check.id.as_str()));
        let alike =
            if alike.is_empty() { String::new() } else { format!(" (similar: {})", alike.join(", ")) };
        return Err(Error::fault(format!(
            "checks: {shown:?} is no check{alike}. Name ids such as container.privileged, kinds (host, swarm, container, \
             image, network), severities (critical, high, medium, low, info), CIS numbers or sections (5.5, 5), techniques \
             (T1611), or escape"
        )));
    }
    Ok(all.iter().filter(|check| words.iter().any(|word| check.is_chosen(word))).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{catalogue::investigate::attack::technique, run::health::flaws::by_severity};

    #[test]
    fn the_data_can_be_read_and_is_whole() {
        let table = table().unwrap();
        assert_eq!(table.checks.len(), 128);
        let mut ids = HashSet::new();
        for check in &table.checks {
            assert!(ids.insert(&check.id), "{} stands twice", check.id);
            assert!(by_severity(&check.severity, "unknown").is_lt(), "{}: severity", check.id);
            assert!(
                !check.fields.is_empty() && !check.remedy.is_empty() && !check.title.is_empty(),
                "{}",
                check.id
            );
            assert!(
                !check.title.ends_with('.') && check.remedy.ends_with(['.', ')'])
                    || check.remedy.ends_with("..."),
                "{}",
                check.id
            );
            assert!(
                check.fails_when.is_some() || check.not_assessable.iter().any(|(when, _)| when.is_none()),
                "{}",
                check.id
            );
            for id in &check.attack {
                assert!(technique(id).is_some(), "{}: {id} is not in attack.rs", check.id);
            }
        }
        assert!(!table.unknown.is_empty());
    }

    #[test]
    fn words_choose_checks() {
        let chosen = |word: &str| -> Vec<&str> {
            chosen(std::iter::once(word)).unwrap().iter().map(|check| check.id.as_str()).collect()
        };
        assert_eq!(chosen("").len(), 128);
        assert_eq!(chosen("Container.Privileged"), ["container.privileged"]);
        assert_eq!(chosen("5.5"), ["container.privileged"]);
        assert_eq!(chosen("5.3"), ["container.selinux_off"]);
        assert!(chosen("5").len() > 20 && chosen("critical").len() > 5 && chosen("swarm").len() == 9);
        assert!(chosen("T1611").len() > 20 && chosen("escape").contains(&"container.docker_socket"));
    }

    #[test]
    fn a_word_that_chooses_nothing_is_refused() {
        let error = chosen(std::iter::once("container.priviledged")).unwrap_err().to_string();
        assert!(error.contains("container.privileged"), "{error}");
    }
}
