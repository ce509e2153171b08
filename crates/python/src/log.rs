//! The connector's log: one line for each call, and what the engine crate traces where the logger is at debug level.

use std::{cell::RefCell, fmt::Write as _, sync::OnceLock};

use operations::{Error, Health, Report};
use pyo3::{intern, prelude::*, types::PyAny};
use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

const DEBUG: u8 = 10;
const INFO: u8 = 20;
const WARNING: u8 = 30;
/// No more is written of what a health check has found, in characters.
const LONGEST_REASON: usize = 500;

thread_local! {
    /// Where the call on this thread writes its debug lines.
    static LOGGER: RefCell<Option<Py<PyAny>>> = const { RefCell::new(None) };
}

/// The connector's logger.
pub(crate) struct Log {
    logger: Py<PyAny>,
    /// Whether it takes the line of each call.
    informs: bool,
}

impl Log {
    pub(crate) fn new(logger: Bound<'_, PyAny>) -> Self {
        Self { informs: is_enabled(&logger, INFO), logger: logger.unbind() }
    }

    /// Runs a call without the GIL. What it traces is written if the logger is at debug level; else it costs nothing.
    pub(crate) fn debugging<T: Send>(&self, py: Python<'_>, call: impl Send + FnOnce() -> T) -> T {
        static DISPATCH: OnceLock<Dispatch> = OnceLock::new();
        if !(self.informs && is_enabled(self.logger.bind(py), DEBUG)) {
            return py.detach(call);
        }
        let dispatch = DISPATCH.get_or_init(|| Dispatch::new(ToLogger));
        let before = LOGGER.replace(Some(self.logger.clone_ref(py)));
        let result = py.detach(|| tracing::dispatcher::with_default(dispatch, call));
        LOGGER.set(before);
        result
    }

    /// Writes the line of a call: what, where, how it ended, how long it took.
    pub(crate) fn called(
        &self,
        py: Python<'_>,
        operation: &str,
        report: Option<&Report>,
        error: Option<&Error>,
    ) -> PyResult<()> {
        let logger = self.logger.bind(py);
        let (level, wanted) = match error {
            Some(_) => (WARNING, self.informs || is_enabled(logger, WARNING)),
            None => (INFO, self.informs),
        };
        if !wanted {
            return Ok(());
        }
        let mut line = String::new();
        match report {
            Some(Report { operation, engine, status, tries, elapsed, .. }) => {
                let status = status.map_or("none".to_owned(), |status| status.to_string());
                let milliseconds = elapsed.as_secs_f64() * 1e3;
                write!(line, "operation={operation} engine={engine} status={status} milliseconds={milliseconds:.1} tries={tries}")
            }
            None => write!(line, "operation={} engine=none status=none milliseconds=0 tries=0", operation.escape_debug()),
        }
        .and_then(|()| match error {
            // The code only: an error's text may repeat what a playbook gave.
            Some(error) => write!(line, " outcome={}", error.kind().code()),
            None => write!(line, " outcome=done"),
        })
        .and_then(|()| match report.and_then(|report| report.overridden.as_ref()) {
            Some(rule) => write!(line, " overridden={rule:?}"),
            None => Ok(()),
        })
        .map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(error.to_string()))?;
        write_line(logger, level, &line)
    }

    /// Writes what a health check found, and what an administrator should know.
    pub(crate) fn checked(&self, py: Python<'_>, result: &Result<Health, Error>) -> PyResult<()> {
        let logger = self.logger.bind(py);
        match result {
            Ok(Health { engine_version, api_version, round_trip, warnings }) => {
                let milliseconds = round_trip.as_secs_f64() * 1e3;
                let engine_version = in_one_line(engine_version);
                let line = format!(
                    "operation=check_health engine_version={engine_version} api_version={api_version} round_trip_milliseconds={milliseconds:.1} outcome=done"
                );
                write_line(logger, INFO, &line)?;
                warnings.iter().try_for_each(|warning| write_line(logger, WARNING, &in_one_line(warning)))
            }
            Err(error) => {
                // Here nothing comes from a playbook, and what is wrong is what an administrator looks for.
                let why = in_one_line(error.message());
                write_line(
                    logger,
                    WARNING,
                    &format!("operation=check_health outcome={} reason={why}", error.kind().code()),
                )
            }
        }
    }
}

/// What an engine or a proxy says may be long, and look like several lines.
fn in_one_line(text: &str) -> String {
    text.chars().take(LONGEST_REASON).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn is_enabled(logger: &Bound<'_, PyAny>, level: u8) -> bool {
    let asked = logger.call_method1(intern!(logger.py(), "isEnabledFor"), (level,));
    asked.and_then(|enabled| enabled.extract()).unwrap_or(false)
}

fn write_line(logger: &Bound<'_, PyAny>, level: u8, line: &str) -> PyResult<()> {
    // The line is an argument, not the format: it may hold a percent sign.
    logger.call_method1(intern!(logger.py(), "log"), (level, "%s", line)).map(drop)
}

/// Hands what is traced to the logger of the call on the same thread.
struct ToLogger;

impl Subscriber for ToLogger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        LOGGER.with_borrow(|logger| {
            if let Some(logger) = logger {
                // A logger that fails must not fail the call.
                let _ignored = Python::try_attach(|py| write_line(logger.bind(py), DEBUG, &line.0));
            }
        });
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let separator = if self.0.is_empty() { "" } else { " " };
        let _infallible = if field.name() == "message" {
            write!(self.0, "{separator}{value:?}")
        } else {
            write!(self.0, "{separator}{}={value:?}", field.name())
        };
    }
}
