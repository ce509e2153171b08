//! Writing to standard output and standard error, where neither may be a reason to panic.

use std::{
    fmt,
    io::{self, ErrorKind, Write as _},
    process::exit,
};

use signal_hook::{consts::SIGPIPE, low_level::emulate_default_handler};

use crate::{clean, exit, format};

/// Writes to standard output. A reader that has gone ends the program; so does what else stands in the way, with a word.
pub(crate) fn print(text: impl fmt::Display) {
    done(write!(io::stdout(), "{text}"));
}

/// The same with the end of a line.
pub(crate) fn line(text: impl fmt::Display) {
    done(writeln!(io::stdout(), "{text}"));
}

/// Writes what the buffer still holds. Before the program ends, as a full disk may show only here.
pub(crate) fn flush() {
    done(io::stdout().flush());
}

/// Writes a line to standard error. Nobody can be told when that fails, so the call goes on.
pub(crate) fn note(text: impl fmt::Display) {
    let text = clean::lines(&text.to_string());
    let _nobody_reads_it = writeln!(io::stderr(), "{text}");
}

/// Writes an error to standard error, its code in color where there are colors.
pub(crate) fn error(error: impl fmt::Display) {
    let text = clean::lines(&error.to_string());
    let code = text.find(']').filter(|_| text.starts_with('[') && format::has_color(true));
    let (code, rest) = text.split_at(code.map_or(0, |end| end + 1));
    let code = if code.is_empty() { String::new() } else { format!("\u{1b}[31m{code}\u{1b}[0m") };
    let _nobody_reads_it = writeln!(io::stderr(), "{code}{rest}");
}

/// The same without the end of a line.
pub(crate) fn note_as_it_is(text: &str) {
    let _nobody_reads_it = io::stderr().write_all(text.as_bytes());
}

/// What became of writing to standard output.
pub(crate) fn done(written: io::Result<()>) {
    let Err(error) = written else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        end_as_other_tools_do();
    }
    note(format_args!("fsr-docker: Standard output cannot be written: {error}."));
    exit(exit::FAILURE.into());
}

/// By SIGPIPE, which Rust's runtime ignores: a shell shows nothing then, and sees 141.
fn end_as_other_tools_do() -> ! {
    let _it_does_not_come_back = emulate_default_handler(SIGPIPE);
    exit(128 + SIGPIPE)
}
