//! Known flaws of engine versions: security advisories of Moby that an engine's own version tells of.
//!
//! The table holds what a playbook can meet: the engine's API, copying, images, networks. Flaws of the kernel, runc and
//! containerd are not in it, since the engine's version does not tell of them.

/// A version of the Docker Engine.
type Version = (u64, u64, u64);

/// A published flaw.
#[derive(Debug)]
pub(crate) struct Flaw {
    /// Its number in the list of Common Vulnerabilities and Exposures; several, where one release fixed them.
    pub(crate) id: &'static str,
    /// What it makes possible.
    pub(crate) what: &'static str,
    /// The first version that has it.
    since: Version,
    /// The releases that fixed it, the newest last.
    fixed_in: &'static [Version],
}

const OLDEST: Version = (0, 0, 0);

static FLAWS: &[Flaw] = &[
    flaw(
        "CVE-2021-21284, CVE-2021-21285",
        "A remapped root user becomes root; an image crashes the engine.",
        &[(19, 3, 15), (20, 10, 3)],
    ),
    flaw(
        "CVE-2021-41089, CVE-2021-41091",
        "Copying changes the permissions of host files; host users read container files.",
        &[(20, 10, 9)],
    ),
    flaw("CVE-2022-36109", "Supplementary groups give a container more permissions.", &[(20, 10, 18)]),
    flaw(
        "CVE-2023-28840, CVE-2023-28841, CVE-2023-28842",
        "Encrypted overlay networks carry traffic in plain text.",
        &[(20, 10, 24), (23, 0, 3)],
    ),
    flaw("CVE-2024-24557", "A build uses a poisoned cache.", &[(24, 0, 9), (25, 0, 2)]),
    flaw("CVE-2024-29018", "Name lookups leave an internal network.", &[(23, 0, 11), (25, 0, 5), (26, 0, 0)]),
    flaw(
        "CVE-2024-41110",
        "A request without a body bypasses an authorization plugin.",
        &[(23, 0, 15), (25, 0, 6), (26, 1, 5), (27, 1, 1)],
    ),
    Flaw {
        since: (28, 2, 0),
        ..flaw("CVE-2025-54388", "A reload of firewalld opens published ports to the network.", &[(28, 3, 3)])
    },
    flaw("CVE-2026-34040", "A request body over 1 MB bypasses an authorization plugin.", &[(29, 3, 1)]),
    flaw(
        "CVE-2026-41567, CVE-2026-41568, CVE-2026-42306",
        "Copying files runs a container's program as root on the host, or redirects mounts.",
        &[(29, 5, 1)],
    ),
    flaw("CVE-2026-15788 to CVE-2026-15793", "Several flaws of BuildKit.", &[(29, 6, 2)]),
    flaw(
        "CVE-2026-97032, CVE-2026-78659, CVE-2026-78663, CVE-2026-78669",
        "HTTP/2 requests crash or starve the engine.",
        &[(29, 9, 0)],
    ),
];

const fn flaw(id: &'static str, what: &'static str, fixed_in: &'static [Version]) -> Flaw {
    Flaw { id, what, since: OLDEST, fixed_in }
}

impl Flaw {
    /// The releases that fixed it, as text.
    pub(crate) fn fixed_in(&self) -> String {
        let texts = self.fixed_in.iter().map(|(major, minor, patch)| {
            // 19.03 is how Docker wrote it.
            if *major < 20 {
                format!("{major}.{minor:02}.{patch}")
            } else {
                format!("{major}.{minor}.{patch}")
            }
        });
        texts.collect::<Vec<_>>().join(", ")
    }

    /// A series of releases is fixed from its own fix on; one without a fix of its own, from the newest fix on.
    fn is_in(&self, version: Version) -> bool {
        let is_of_series = |fix: &&Version| (fix.0, fix.1) == (version.0, version.1);
        let fix = self.fixed_in.iter().find(is_of_series).or(self.fixed_in.last());
        version >= self.since && fix.is_some_and(|fix| version < *fix)
    }
}

/// The known flaws of an engine of this version, such as `20.10.24+dfsg1`; none of a text that is no version.
pub(crate) fn flaws(version: &str) -> Vec<&'static Flaw> {
    parsed(version).map_or_else(Vec::new, |version| FLAWS.iter().filter(|flaw| flaw.is_in(version)).collect())
}

fn parsed(version: &str) -> Option<Version> {
    let plain = version.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let mut numbers = plain.split('.').map(str::parse::<u64>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?))
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
    }

    #[test]
    fn the_newest_engine_has_none_and_no_version_has_none() {
        for version in ["29.9.0", "30.0.1", "dev", "", "library-import", "1", "99999999999999999999.1.1"] {
            assert!(flaws(version).is_empty(), "{version}");
        }
    }

    #[test]
    fn fixes_are_in_order() {
        for flaw in FLAWS {
            assert!(flaw.fixed_in.is_sorted() && !flaw.fixed_in.is_empty(), "{}", flaw.id);
        }
        assert_eq!(FLAWS[0].fixed_in(), "19.03.15, 20.10.3");
    }
}
