//! How far a call is, for whoever runs the connector and gave `execute` a callable `on_progress`.
//!
//! It is called with a dictionary: `part` and `text`, texts; `bytes` and `total`, numbers or None; `is_done`, a bool. Or, for what
//! a process writes while the call goes on: `stream`, which is `stdout` or `stderr`, and `output`, a text.

use operations::{Progress, Taker, Watcher};
use pyo3::{
    exceptions::PyException,
    intern,
    prelude::*,
    types::{PyAny, PyDict},
};
use serde_json::Value;

/// A Python callable.
pub(crate) struct Listener(pub(crate) Py<PyAny>);

impl Listener {
    /// Calls it. A listener that fails is none of the call's business.
    fn tell(&self, fields: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyDict>>) {
        Python::try_attach(|py| {
            let failed = fields(py).and_then(|fields| self.0.call1(py, (fields,))).err();
            // But what a signal's handler raised meanwhile, as on Ctrl-C, is: it comes again, where the call waits or ends.
            if failed.is_some_and(|error| !error.is_instance_of::<PyException>(py)) {
                let _where_there_are_no_signals =
                    py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main"));
            }
        });
    }
}

impl Watcher for Listener {
    fn progress(&self, progress: &Progress<'_>) {
        let Progress { part, text, bytes, total, is_done } = *progress;
        self.tell(|py| {
            let fields = PyDict::new(py);
            fields.set_item(intern!(py, "part"), part)?;
            fields.set_item(intern!(py, "text"), text)?;
            fields.set_item(intern!(py, "bytes"), bytes)?;
            fields.set_item(intern!(py, "total"), total)?;
            fields.set_item(intern!(py, "is_done"), is_done)?;
            Ok(fields)
        });
    }
}

impl Taker for Listener {
    fn output(&self, stream: &'static str, piece: &[u8]) {
        self.tell(|py| {
            let fields = PyDict::new(py);
            fields.set_item(intern!(py, "stream"), stream)?;
            fields.set_item(intern!(py, "output"), String::from_utf8_lossy(piece))?;
            Ok(fields)
        });
    }

    /// Values come with the result.
    fn value(&self, _: &Value) {}
}
