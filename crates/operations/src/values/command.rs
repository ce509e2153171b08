//! Commands: a list of words, or a line that is split as a shell would. No shell runs it: `*`, `|` and `$` are ordinary
//! characters.

use serde_json::Value;

use super::{scalar, sequence};

pub(super) fn read(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(text) if text.trim_start().starts_with(['[', '(']) => match sequence(text) {
            Some(Ok(parsed)) => read(&parsed),
            Some(Err(why)) => Err(format!(
                "a command: a line, or a list of words; what begins with a bracket must be {why}"
            )),
            None => line(text),
        },
        Value::String(text) => line(text),
        Value::Array(words) => words
            .iter()
            .map(|word| scalar(word).map(Value::String))
            .collect::<Result<_, _>>()
            .map_err(|_| expected()),
        other => scalar(other).map(|word| vec![word].into()).map_err(|_| expected()),
    }
}

fn line(text: &str) -> Result<Value, String> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']).replace("\r\n", "\n");
    refuse_two_readings(&text)?;
    shell_words::split(&text).map(Value::from).map_err(|_| "a command whose quotes are closed".into())
}

/// Outside quotes, the end of a line separates words or commands, and what follows a `#` can be a comment.
fn refuse_two_readings(text: &str) -> Result<(), String> {
    let mut quote = None;
    let mut begins_word = true;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\n' | '\r') => {
                return Err("a command in one line, or a list of words: a line ends outside quotes. For several commands, give a \
                            shell a script in quotes: sh -c '...'"
                    .into());
            }
            (None, '#') if begins_word => {
                return Err("a command without comments: put quotes around a word that begins with #".into());
            }
            (None | Some('"'), '\\') => drop(chars.next()),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
        begins_word = quote.is_none() && matches!(c, ' ' | '\t');
    }
    Ok(())
}

fn expected() -> String {
    "a command: a list of words, or a line".into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn f31_a_line_is_one_command() {
        for (written, words) in [
            ("sh -c 'ls | wc'\r\n", json!(["sh", "-c", "ls | wc"])),
            ("sh -c 'a\r\nb'", json!(["sh", "-c", "a\nb"])),
            ("ls \\\n -l", json!(["ls", "-l"])),
            ("echo a#b '#c' a,b x=y", json!(["echo", "a#b", "#c", "a,b", "x=y"])),
            ("(ls", json!(["(ls"])),
        ] {
            assert_eq!(read(&json!(written)), Ok(words), "{written}");
        }
        for written in
            ["sh -c 'ls", "echo a\necho b", "ls\rpwd", "echo #x", "#x", "[ -f /x ]", "['ls'", "[[\"ls\"]]"]
        {
            let fault = read(&json!(written)).unwrap_err();
            assert!(fault.starts_with("a command"), "{written}: {fault}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[-a-z'\"\\\\#\\n\\r \\[\\](),]{0,30}") {
            let _either = read(&json!(text));
        }
    }
}
