//! The name of a replacement: that of the old one, with a number.

use std::collections::HashSet;

/// The engine takes no longer name.
const LONGEST: usize = 64;

/// The first free name after this one: `db-v2` follows `db`, and `db-v10` follows `db-v9`. `None` where it would be too long.
pub(super) fn next(old: &str, taken: &HashSet<String>) -> Option<String> {
    let numbered = old.rsplit_once("-v").and_then(|(base, digits)| {
        let is_number = digits.len() < 7 && digits.bytes().all(|byte| byte.is_ascii_digit());
        Some((base, digits.parse::<u32>().ok().filter(|_| is_number && !base.is_empty())?))
    });
    let (base, last) = numbered.unwrap_or((old, 1));
    // One of these is free: no more names are taken.
    let names = (last + 1..).map(|number| format!("{base}-v{number}")).take(taken.len() + 1);
    names.filter(|name| name.len() <= LONGEST).find(|name| !taken.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_follows_the_name() {
        for (old, taken, new) in [
            ("db", &["db"][..], Some("db-v2")),
            ("db", &["db", "db-v2"], Some("db-v3")),
            ("db-v2", &["db-v2"], Some("db-v3")),
            ("db-v9", &[], Some("db-v10")),
            ("db-v", &[], Some("db-v-v2")),
            ("db-v1234567", &[], Some("db-v1234567-v2")),
            ("-v2", &[], Some("-v2-v2")),
            ("db-v1.2", &[], Some("db-v1.2-v2")),
        ] {
            let taken = taken.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(next(old, &taken).as_deref(), new, "{old}");
        }
        assert_eq!(next(&"d".repeat(62), &HashSet::new()), None);
    }
}
