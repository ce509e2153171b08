//! `docs/errors.md`: every code of an error, with its cause, what to do and real texts.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    sync::LazyLock,
};

use operations::{Done, Kind, Meaning};

use crate::documents::generated_from;

/// Texts of real errors, by code.
static EXAMPLES: LazyLock<BTreeMap<String, Vec<String>>> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/error_examples.json")).unwrap_or_default());

const HEAD: &str = r#"# Errors

Every error has the same form:

```text
[not_found 404] stop_container: No such container: web. Check the id or name: the list operations show what exists.
```

1. The code. It never changes, so a playbook can test it.
2. The HTTP status, if an answer came.
3. The operation.
4. What came back, in Docker's own words. If the request was sent more than once, how often.
5. What to do.

Secrets read `[redacted]`, even where the engine quotes them.

In FortiSOAR, a failed step has this text as its message. A playbook that goes on after errors can look for the code:

```jinja
{% if "[not_found" in vars.steps.Stop_Container.message %}
```

## Exit codes of the command line

[`fsr-docker`](command-line.md) prints the same text and ends with a code that a script can test:

| Exit code | Meaning |
| --- | --- |
| 0 | The call succeeded. |
| 1 | The call failed for any reason that has no code of its own, or its result could not be written. |
| 2 | Usage error: an argument, a parameter or the configuration is wrong (`invalid_parameters`, `invalid_configuration`, `unknown_operation`). Nothing was sent. |
| 124 | A time limit passed, as for `timeout`. What had arrived until then is printed. |
| 130 | Ctrl-C interrupted the call. |
| another | Only for `exec_container` and `run_container`: the code that their command ended with. |

If a reader closes the pipe (`| head`), the program ends quietly by SIGPIPE, which a shell shows as 141.

## Codes
"#;

/// The page, as Markdown.
pub(crate) fn page() -> String {
    let mut page = generated_from("crates/operations/src/error/meaning.rs") + HEAD + "\n";
    // A String takes whatever is written to it.
    let _ = write_codes(&mut page);
    page
}

fn write_codes(page: &mut String) -> fmt::Result {
    writeln!(page, "| Code | Meaning | Was anything done? |\n| --- | --- | --- |")?;
    for kind in Kind::ALL {
        let Meaning { summary, done, .. } = kind.meaning();
        writeln!(page, "| [`{0}`](#{0}) | {summary} | {1} |", kind.code(), was_done(done))?;
    }
    for kind in Kind::ALL {
        let Meaning { summary, cause, cure, done } = kind.meaning();
        writeln!(page, "\n### {}\n\n{summary}\n", kind.code())?;
        writeln!(
            page,
            "- **Cause:** {cause}\n- **What to do:** {cure}\n- **Was anything done?** {}",
            was_done(done)
        )?;
        let examples = EXAMPLES.get(kind.code()).map(Vec::as_slice).unwrap_or_default();
        if !examples.is_empty() {
            writeln!(page, "\n```text\n{}\n```", examples.join("\n"))?;
        }
    }
    Ok(())
}

const fn was_done(done: Done) -> &'static str {
    match done {
        Done::Nothing => "No.",
        Done::Part => "Perhaps a part. If the operation changes something, look at the present state.",
        Done::Unknown => "Perhaps. Look at the present state.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_of_codes_that_exist_and_of_operations_that_exist() {
        for (code, texts) in &*EXAMPLES {
            assert!(Kind::ALL.iter().any(|kind| kind.code() == code), "{code}");
            for text in texts {
                assert!(text.starts_with(&format!("[{code}")), "{text}");
                let operation = text.split("] ").nth(1).and_then(|rest| rest.split(':').next()).unwrap();
                let is_known = operations::find(operation).is_some() || code == "unknown_operation";
                assert!(is_known, "{operation}: {text}");
            }
        }
    }
}
