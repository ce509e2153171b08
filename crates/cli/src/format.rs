//! The forms of a result, and which one a call has.

use std::io::{IsTerminal as _, stderr, stdout};

use clap::ValueEnum;
use operations::{Comes, Operation};
use serde_json::{Map, Value};

use crate::params;

/// The forms that `-o` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// The whole result as JSON: indented on a terminal, one line elsewhere
    Json,
    /// One line of JSON for each item, event, sample or line of a log, as it comes
    Jsonl,
    /// A table: one row for each item, or for each field of a single object
    Table,
    /// The name of each item, one a line
    Name,
}

/// How a call's result is to be printed.
#[derive(Debug, Clone)]
pub(crate) struct Format {
    pub(crate) form: Option<Form>,
    /// Paths to keep of each item.
    pub(crate) fields: Vec<String>,
    /// Only ids, and nothing on standard error but errors.
    pub(crate) quiet: bool,
    /// A line about each call, on standard error.
    pub(crate) verbose: bool,
}

impl Format {
    /// Whether output and events are printed as they come: where they are not to be one document.
    pub(crate) fn takes(&self, operation: &Operation, params: &Map<String, Value>) -> bool {
        let many =
            |name| params.get(name).and_then(Value::as_str).is_some_and(|count| count != "1" && count != "0");
        match operation.comes {
            // Who names a form of the output wants the result.
            Some(Comes::Output | Comes::Command) => {
                matches!(self.form, None | Some(Form::Jsonl))
                    && self.fields.is_empty()
                    && !params.contains_key("form")
            }
            Some(Comes::Values) => self.comes(params::is_on(params, "follow")),
            Some(Comes::Several(count)) => many(count) && self.comes(true),
            None => false,
        }
    }

    /// Whether values come one by one. Elsewhere than on a terminal the usual form is one document, unless there is no end.
    fn comes(&self, endless: bool) -> bool {
        match self.form {
            None => is_terminal() || endless,
            Some(form) => form == Form::Jsonl || form == Form::Table,
        }
    }
}

/// Whether standard output is a terminal.
pub(crate) fn is_terminal() -> bool {
    stdout().is_terminal()
}

/// Whether standard output, or standard error, takes colors: a terminal that can, and nobody has set `NO_COLOR`.
pub(crate) fn has_color(on_stderr: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let can = set("TERM").is_none_or(|kind| kind != "dumb") && set("NO_COLOR").is_none();
    can && if on_stderr { stderr().is_terminal() } else { is_terminal() }
}
