//! Writing to standard output and standard error, where neither may be a reason to panic.

use std::{
    fmt,
    io::{self, ErrorKind, Write as _},
    process::exit,
};

use signal_hook::{consts::SIGPIPE, low_level::emulate_default_handler};

use crate::exit;

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
    let _nobody_reads_it = writeln!(io::stderr(), "{text}");
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
