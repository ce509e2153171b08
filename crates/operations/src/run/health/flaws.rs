//! Known flaws of the engine, containerd and runc, which their own versions tell of: `data/flaws.json`.
//!
//! The table holds what containers and playbooks can meet. Flaws of the kernel are not in it, since no version here tells of them.

use std::{cmp::Ordering, sync::LazyLock};

use serde_json::Value;

use crate::run::objects::{items, text};

/// A published flaw.
#[derive(Debug)]
pub(crate) struct Flaw {
    component: Component,
    /// Its number in the list of Common Vulnerabilities and Exposures; several, where one release fixed them.
    pub(crate) id: String,
    /// What it makes possible.
    pub(crate) what: String,
    /// How bad that is: `critical`, `high`, `medium` or `low`.
    pub(crate) severity: String,
    pub(crate) bypasses_authorization: bool,
    /// The first version that has it.
    since: Option<Version>,
    /// The releases that fixed it, the newest last, as they are written.
    fixed_in: Vec<String>,
}

/// What has a version of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Component {
    Engine,
    Containerd,
    Runc,
}

/// Whether a release line of the engine gets fixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Maintained,
    Ended,
    /// The build is a distribution's, which may maintain it itself.
    Distribution,
}

/// A version, in the order of releases: a candidate comes before its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    numbers: [u64; 3],
    /// The number of the candidate; the release itself comes after all of them.
    candidate: u64,
}

struct Table {
    date: String,
    maintained: Vec<u64>,
    flaws: Vec<Flaw>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let table: Value = serde_json::from_str(include_str!("../../../data/flaws.json")).unwrap_or_default();
    Table {
        date: text(&table, "date").to_owned(),
        maintained: items(&table["maintained_engine_lines"]).filter_map(Value::as_u64).collect(),
        flaws: items(&table["flaws"]).filter_map(Flaw::read).collect(),
    }
});

impl Component {
    /// Its name in the table and in results.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Containerd => "containerd",
            Self::Runc => "runc",
        }
    }
}

impl Flaw {
    fn read(row: &Value) -> Option<Self> {
        let all = [Component::Engine, Component::Containerd, Component::Runc];
        Some(Self {
            component: all.into_iter().find(|component| component.word() == text(row, "component"))?,
            id: text(row, "id").to_owned(),
            what: text(row, "what").to_owned(),
            severity: text(row, "severity").to_owned(),
            bypasses_authorization: row["bypasses_authorization"] == true,
            since: parsed(text(row, "since")),
            fixed_in: items(&row["fixed_in"]).filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    /// The releases that fixed it, as text.
    pub(crate) fn fixed_in(&self) -> String {
        self.fixed_in.join(", ")
    }

    /// A series of releases is fixed from its own fix on; one without a fix of its own, from the newest fix on.
    fn is_in(&self, version: Version) -> bool {
        let fixes = || self.fixed_in.iter().filter_map(|fix| parsed(fix));
        let fix =
            fixes().find(|fix| fix.numbers[..2] == version.numbers[..2]).or_else(|| fixes().next_back());
        self.since.is_none_or(|since| version >= since) && fix.is_some_and(|fix| version < fix)
    }
}

/// The known flaws of an engine of this version, such as `20.10.24+dfsg1`; none of a text that is no version.
pub(crate) fn flaws(version: &str) -> Vec<&'static Flaw> {
    flaws_of(Component::Engine, version)
}

/// The known flaws of a component of this version.
pub(crate) fn flaws_of(component: Component, version: &str) -> Vec<&'static Flaw> {
    let Some(version) = parsed(version) else { return Vec::new() };
    TABLE.flaws.iter().filter(|flaw| flaw.component == component && flaw.is_in(version)).collect()
}

/// Whether a version is of a build whose number does not tell what is fixed in it: something stands behind the number.
pub(crate) fn is_rebuilt(version: &str) -> bool {
    let rest = version.trim_start_matches('v').trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    !(rest.is_empty() || ["-rc", "-beta", "-alpha"].iter().any(|word| rest.starts_with(word)))
}

/// Whether an engine's release line gets fixes. Nothing, where that is no version.
pub(crate) fn line(version: &str) -> Option<Line> {
    let major = parsed(version)?.numbers[0];
    let newest = TABLE.maintained.iter().max()?;
    Some(match () {
        () if major > *newest || TABLE.maintained.contains(&major) => Line::Maintained,
        () if is_rebuilt(version) => Line::Distribution,
        () => Line::Ended,
    })
}

/// The month in which the table was last brought up to date.
pub(crate) fn date() -> &'static str {
    &TABLE.date
}

fn parsed(version: &str) -> Option<Version> {
    let version = version.trim_start_matches('v');
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let (plain, rest) = version.split_at(end);
    let mut numbers = plain.split('.').map(str::parse::<u64>);
    let numbers = [numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?];
    let candidate = match rest.strip_prefix('-') {
        Some(word) if word.starts_with("rc") => {
            let number = word.trim_start_matches("rc").trim_start_matches('.');
            let number: String = number.chars().take_while(char::is_ascii_digit).collect();
            number.parse().unwrap_or_default()
        }
        Some(word) if word.starts_with("beta") || word.starts_with("alpha") => 0,
        _ => u64::MAX,
    };
    Some(Version { numbers, candidate })
}

/// The worse first, of two severities by their words.
pub(crate) fn by_severity(one: &str, other: &str) -> Ordering {
    const WORST_FIRST: [&str; 5] = ["critical", "high", "medium", "low", "info"];
    let rank = |severity: &str| WORST_FIRST.iter().position(|word| *word == severity);
    rank(one).unwrap_or(usize::MAX).cmp(&rank(other).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(version: &str, id: &str) -> bool {
        flaws(version).iter().any(|flaw| flaw.id.contains(id))
    }

    #[test]
    fn each_series_has_its_own_fix() {
        for (version, is_there) in [
            ("20.10.24+dfsg1", true),
            ("23.0.14", true),
            ("23.0.15", false),
            ("24.0.9", true),
            ("27.1.0", true),
            ("27.1.1", false),
            ("28.5.2", false),
            ("29.0.0-rc.1", false),
        ] {
            assert_eq!(has(version, "CVE-2024-41110"), is_there, "{version}");
        }
        assert!(!has("28.1.1", "CVE-2025-54388") && has("28.3.2", "CVE-2025-54388"));
        assert!(!has("28.3.3", "CVE-2025-54388"));
        assert!(has("19.03.0", "CVE-2019-14271") && !has("18.09.7", "CVE-2019-14271"));
    }

    #[test]
    fn candidates_come_before_their_release() {
        let has = |component, version, id: &str| {
            flaws_of(component, version).iter().any(|flaw: &&Flaw| flaw.id.contains(id))
        };
        for (version, is_there) in [
            ("1.0.0-rc93", true),
            ("1.0.0-rc95", false),
            ("1.0.0", false),
            ("1.0.0-rc.94+dev", true),
            ("1.1.5+ds1", false),
        ] {
            assert_eq!(has(Component::Runc, version, "CVE-2021-30465"), is_there, "{version}");
        }
        assert!(has(Component::Runc, "1.4.0-rc.2", "CVE-2025-31133"));
        assert!(!has(Component::Runc, "1.4.0-rc.3", "CVE-2025-31133"));
        assert!(has(Component::Containerd, "v1.6.20~ds1", "CVE-2024-40635"));
        assert!(!has(Component::Containerd, "v1.7.27", "CVE-2024-40635"));
    }

    #[test]
    fn what_stands_behind_the_number_tells_a_distribution() {
        for (version, rebuilt) in [
            ("20.10.24+dfsg1", true),
            ("1.6.20~ds1", true),
            ("2.1.9+unknown", true),
            ("28.5.2-0ubuntu1", true),
            ("28.5.2", false),
            ("v1.7.27", false),
            ("29.0.0-rc.1", false),
        ] {
            assert_eq!(is_rebuilt(version), rebuilt, "{version}");
        }
        assert_eq!(line("20.10.24"), Some(Line::Ended));
        assert_eq!(line("20.10.24+dfsg1"), Some(Line::Distribution));
        assert_eq!(line("29.9.0"), Some(Line::Maintained));
        assert_eq!(line("dev"), None);
    }

    #[test]
    fn the_newest_engine_has_none_and_no_version_has_none() {
        for version in ["29.9.0", "30.0.1", "dev", "", "library-import", "1", "99999999999999999999.1.1"] {
            assert!(flaws(version).is_empty(), "{version}");
        }
    }

    #[test]
    fn the_table_is_whole() {
        let source: Value = serde_json::from_str(include_str!("../../../data/flaws.json")).unwrap();
        assert_eq!(TABLE.flaws.len(), source["flaws"].as_array().unwrap().len());
        for flaw in &TABLE.flaws {
            let fixes: Vec<Version> = flaw.fixed_in.iter().map(|fix| parsed(fix).unwrap()).collect();
            assert!(fixes.is_sorted() && !fixes.is_empty(), "{}", flaw.id);
            assert!(by_severity(&flaw.severity, "info").is_lt(), "{}", flaw.id);
        }
        assert!(!date().is_empty());
    }
}
