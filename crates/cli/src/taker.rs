//! Logs, events and samples, printed as they come.

use std::{
    io::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use operations::{Table, Taker};
use serde_json::{Value, json};

use crate::{
    clean,
    format::{self, Form},
    out, table,
};

/// Prints what comes.
pub(crate) struct Printer {
    form: Option<Form>,
    table: Option<Table>,
    fields: Vec<String>,
    was_asked: AtomicBool,
    /// The begun lines of both streams, and whether a heading was printed.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    has_heading: bool,
}

impl Printer {
    pub(crate) fn new(form: Option<Form>, table: Option<Table>, fields: &[String]) -> Self {
        Self {
            form,
            table,
            fields: fields.to_vec(),
            was_asked: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// The call asked for who takes what comes.
    pub(crate) fn asked(&self) {
        self.was_asked.store(true, Ordering::Relaxed);
    }

    /// Whether a call did, so that it has given everything to this.
    pub(crate) fn was_asked(&self) -> bool {
        self.was_asked.load(Ordering::Relaxed)
    }

    /// Prints lines that have not ended.
    pub(crate) fn finish(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in ["stdout", "stderr"] {
            let begun =
                std::mem::take(if stream == "stderr" { &mut state.stderr } else { &mut state.stdout });
            if !begun.is_empty() {
                self.line(stream, &begun);
            }
        }
        out::flush();
    }

    fn line(&self, stream: &str, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        match (self.form, stream) {
            (Some(_), _) => {
                let text = text.trim_end_matches(['\r', '\n']);
                out::line(clean::json(&json!({"stream": stream, "text": text}).to_string()));
            }
            (None, "stderr") => out::note_as_it_is(&clean::output(&text)),
            (None, _) => out::print(clean::output(&text)),
        }
    }
}

impl Taker for Printer {
    fn output(&self, stream: &'static str, piece: &[u8]) {
        // To a file or a program each byte goes as it is.
        if self.form.is_none() && !format::is_terminal() {
            if stream == "stderr" {
                let _nobody_reads_it = std::io::stderr().write_all(piece);
            } else {
                out::done(std::io::stdout().write_all(piece));
                out::flush();
            }
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = if stream == "stderr" { &mut state.stderr } else { &mut state.stdout };
        begun.extend_from_slice(piece);
        let whole = match self.form {
            None => clean::whole(begun),
            Some(_) => begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1),
        };
        for line in begun.drain(..whole).collect::<Vec<_>>().split_inclusive(|byte| *byte == b'\n') {
            self.line(stream, line);
        }
        out::flush();
    }

    fn value(&self, value: &Value) {
        let as_table = self.form == Some(Form::Table) || (self.form.is_none() && format::is_terminal());
        if as_table {
            let columns = table::columns(&[value], self.table, &self.fields);
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if !std::mem::replace(&mut state.has_heading, true) {
                let headings: Vec<String> = columns.iter().map(|column| table::heading(column)).collect();
                out::line(table::row_as_it_comes(&headings));
            }
            out::line(table::row_as_it_comes(&table::line(value, &columns)));
        } else {
            let paths: Vec<&str> = self.fields.iter().map(String::as_str).collect();
            let shown = if paths.is_empty() { value.clone() } else { operations::selected(value, &paths) };
            out::line(clean::json(&shown.to_string()));
        }
        out::flush();
    }
}
