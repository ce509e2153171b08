//! Texts that hold several values: which separators count, and what is refused because it can be read in two ways.

/// The lines of a text that are not empty.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// Whether a text has several lines. A line's end after the last one does not count.
fn has_lines(text: &str) -> bool {
    lines(text).nth(1).is_some()
}

/// A carriage return alone ends a line for some programs, and is part of it for others.
pub(super) fn refuse_lone_returns(text: &str) -> Result<(), String> {
    match text.replace("\r\n", "\n").contains('\r') {
        true => Err("text whose lines end with line feeds: it holds a carriage return alone".into()),
        false => Ok(()),
    }
}

/// The items of a text: one for each line, or with commas between them.
pub(super) fn items(text: &str) -> Result<Vec<&str>, String> {
    let items: Vec<&str> = if has_lines(text) {
        lines(text).map(|line| line.trim_end_matches(',').trim_end()).collect()
    } else {
        text.split(',').map(str::trim).collect()
    };
    let items: Vec<&str> = items.into_iter().filter(|item| !item.is_empty()).collect();
    if items.is_empty() {
        // A slip. Empty, it could mean all.
        return Err("a list with something between its commas".into());
    }
    if items.iter().any(|item| item.contains(',')) {
        return Err("a list with one item on each line, or with commas in one line: both together can be read in two ways".into());
    }
    if items.iter().any(|item| item.starts_with(['"', '\'']) || item.ends_with(['"', '\''])) {
        return Err(
            "a list without quotes around its items; where quotes or commas belong to an item, write JSON"
                .into(),
        );
    }
    Ok(items)
}

/// The `name=value` pairs of a text: one on each line. A comma belongs to the value; a single line that can also be read as
/// several pairs is refused. The value is `None` where there is no equals sign.
pub(crate) fn pairs(text: &str) -> Result<Vec<(&str, Option<&str>)>, String> {
    if !has_lines(text) && text.split(',').skip(1).any(begins_like_a_pair) {
        return Err(
            "one name=value on each line, or JSON: in one line, the comma can be part of a value or begin another pair. \
             For one pair whose value has a comma and an equals sign, write JSON such as {\"name\": \"a=1,b=2\"}"
                .into(),
        );
    }
    lines(text).map(pair).collect()
}

fn pair(line: &str) -> Result<(&str, Option<&str>), String> {
    let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value)));
    if name.is_empty() {
        return Err("one name=value on each line, or JSON: a name is missing".into());
    }
    if name.contains(|c: char| c.is_whitespace() || matches!(c, ',' | '"' | '\'')) {
        return Err("one name=value on each line, or JSON: a name has no spaces, commas or quotes, and no space follows it".into());
    }
    if let Some(value) = value {
        if value.starts_with(char::is_whitespace) {
            return Err("one name=value on each line, without spaces around the equals sign, or JSON".into());
        }
        let is_quoted = |quote: char| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
        if is_quoted('"') || is_quoted('\'') {
            return Err("one name=value on each line, without quotes around the value; where they belong to it, write JSON".into());
        }
    }
    Ok((name, value))
}

/// Whether what follows a comma looks like `name=...`.
fn begins_like_a_pair(piece: &str) -> bool {
    let Some((name, _)) = piece.split_once('=') else { return false };
    let name = name.trim();
    name.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn f31_lists_have_commas_or_lines() {
        assert_eq!(items("ping, list_containers"), Ok(vec!["ping", "list_containers"]));
        assert_eq!(items("a,\r\nb,\n\n c "), Ok(vec!["a", "b", "c"]));
        assert_eq!(items("a, b\n"), Ok(vec!["a", "b"]));
        for text in [",", "a, b\nc", "\"a\", \"b\"", "'a,b',c", " , ,"] {
            assert!(items(text).is_err(), "{text}");
        }
    }

    #[test]
    fn f31_pairs_have_lines() {
        assert_eq!(
            pairs("type=tmpfs\no=size=1m,uid=1000"),
            Ok(vec![("type", Some("tmpfs")), ("o", Some("size=1m,uid=1000"))])
        );
        assert_eq!(pairs("rule=Host(`a`,`b=c`)\n"), Ok(vec![("rule", Some("Host(`a`,`b=c`)"))]));
        assert_eq!(pairs("a=1,2\r\n"), Ok(vec![("a", Some("1,2"))]));
        assert_eq!(pairs("a\nb="), Ok(vec![("a", None), ("b", Some(""))]));
        for text in [
            "o=size=1m,uid=1000",
            "A=1, B=2",
            "A=1,B=2\n",
            "a,b",
            "=x",
            "a = 1",
            "a= 1",
            "a=\"x y\"",
            "a='x'",
            "\"a=1\"",
            "a b=1",
        ] {
            assert!(pairs(text).is_err(), "{text}");
        }
        assert!(refuse_lone_returns("a\rb").is_err() && refuse_lone_returns("a\r\nb\n").is_ok());
    }

    proptest! {
        #[test]
        fn f31_lines_of_pairs_are_read_back(pairs_given in prop::collection::btree_map("[A-Za-z_][A-Za-z0-9_./-]{0,8}", "[!#-&(-~]([ -~]{0,20}[!#-&(-~])?", 2..6)) {
            let text = pairs_given.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n");
            let expected: Vec<(&str, Option<&str>)> = pairs_given.iter().map(|(name, value)| (name.as_str(), Some(value.as_str()))).collect();
            prop_assert_eq!(pairs(&text), Ok(expected));
        }

        #[test]
        fn f31_one_line_is_one_pair_or_refused(text in "[a-z]{1,3}=[a-z=,`() ]{0,20}[a-z]") {
            if let Ok(read) = pairs(&text) {
                let (name, value) = text.split_once('=').unwrap();
                prop_assert_eq!(read, vec![(name, Some(value))]);
            }
        }

        #[test]
        fn never_panics(text in ".*") {
            let _either = (items(&text), pairs(&text));
        }
    }
}
