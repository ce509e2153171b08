//! What somebody may have meant by a word that is no name: the names that are closest to it, in this order.

/// No more are suggested.
const MOST: usize = 3;
/// What is less alike helps nobody.
const LEAST: f64 = 0.55;
/// What is so much less alike than the closest is left out.
const SPREAD: f64 = 0.25;
/// Words of Docker's command line, and the operation that each means.
const DOCKERS_WORDS: &[(&str, &str)] = &[
    ("ps", "list_containers"),
    ("ls", "list_containers"),
    ("containers", "list_containers"),
    ("images", "list_images"),
    ("networks", "list_networks"),
    ("volumes", "list_volumes"),
    ("logs", "container_logs"),
    ("exec", "exec_container"),
    ("events", "system_events"),
    ("rm", "remove_container"),
    ("rmi", "remove_image"),
    ("cp", "copy_from_container"),
    ("top", "list_processes"),
    ("wait", "container_wait"),
    ("diff", "container_changes"),
    ("df", "system_df"),
    ("info", "get_info"),
    ("version", "get_version"),
    ("create", "create_container"),
    ("inspect", "inspect_container"),
    ("delete", "remove_container"),
    ("describe", "inspect_container"),
    ("stop", "stop_container"),
    ("update", "update_container"),
    ("services", "list_services"),
    ("tasks", "list_tasks"),
    ("scale", "scale_service"),
    ("rollback", "rollback_service"),
];

/// The names that are closest to a word, the closest first; none, if nothing resembles it.
pub fn closest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let word = word.to_ascii_lowercase().replace(['-', ' '], "_");
    let mut scored: Vec<(f64, &str)> = names.map(|name| (likeness(&word, name), name)).collect();
    scored.retain(|(score, _)| *score >= LEAST);
    scored.sort_by(|(one, name), (other, second)| other.total_cmp(one).then(name.len().cmp(&second.len())));
    let best = scored.first().map_or(0.0, |(score, _)| *score);
    scored.retain(|(score, _)| best - score <= SPREAD);
    scored.truncate(MOST);
    scored.into_iter().map(|(_, name)| name).collect()
}

/// From 0 to 1. Words that stand in a name whole, in whatever order, count like letters that agree.
fn likeness(word: &str, name: &str) -> f64 {
    if DOCKERS_WORDS.contains(&(word, name)) {
        return 1.0;
    }
    let letters = strsim::normalized_damerau_levenshtein(word, name);
    let parts: Vec<&str> = word.split('_').filter(|part| !part.is_empty()).collect();
    let stands_in = |part: &&str| name.split('_').any(|own| singular(own) == singular(part));
    let found = parts.iter().filter(|part| stands_in(part)).count();
    if found == 0 {
        return letters;
    }
    #[allow(clippy::cast_precision_loss, reason = "the lengths of names")]
    let share = word.len().min(name.len()) as f64 / name.len() as f64;
    match found == parts.len() {
        true => letters.max(LEAST + (1.0 - LEAST) * share),
        false if found * 2 >= parts.len() => letters.max(LEAST + share / 100.0),
        false => letters,
    }
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::operations;

    fn suggested(word: &str) -> Vec<&'static str> {
        closest(word, operations().filter(|operation| operation.visible).map(|operation| operation.name))
    }

    #[test]
    fn the_closest_comes_first_and_they_are_few() {
        for (word, first) in [
            ("list_container", "list_containers"),
            ("containers_list", "list_containers"),
            ("stop_containr", "stop_container"),
            ("stop", "stop_container"),
            ("stopcontainer", "stop_container"),
            ("Stop-Container", "stop_container"),
            ("pull", "pull_image"),
            ("pnig", "ping"),
        ] {
            let suggested = suggested(word);
            assert_eq!(suggested.first(), Some(&first), "{word}: {suggested:?}");
            assert!(suggested.len() <= MOST, "{word}: {suggested:?}");
        }
        for word in ["", "_", "xyzzy", "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"] {
            assert!(suggested(word).is_empty(), "{word}");
        }
    }

    #[test]
    fn dockers_words_lead_to_operations() {
        for (word, name) in DOCKERS_WORDS {
            assert!(crate::find(name).is_some(), "{name}");
            let suggested = suggested(word);
            assert_eq!(suggested.first(), Some(name), "{word}: {suggested:?}");
            assert!(suggested.len() <= MOST, "{word}: {suggested:?}");
        }
    }
}
