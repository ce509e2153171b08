//! How far a call is, for whoever runs the connector and gave `execute` a callable `on_progress`.
//!
//! It is called with a dictionary: `part` and `text`, texts; `bytes` and `total`, numbers or None; `is_done`, a bool.

use operations::{Progress, Watcher};
use pyo3::{
    exceptions::PyException,
    intern,
    prelude::*,
    types::{PyAny, PyDict},
};

/// A Python callable.
pub(crate) struct Listener(pub(crate) Py<PyAny>);

impl Listener {
    fn tell(&self, py: Python<'_>, progress: &Progress<'_>) -> PyResult<()> {
        let Progress { part, text, bytes, total, is_done } = *progress;
        let fields = PyDict::new(py);
        fields.set_item(intern!(py, "part"), part)?;
        fields.set_item(intern!(py, "text"), text)?;
        fields.set_item(intern!(py, "bytes"), bytes)?;
        fields.set_item(intern!(py, "total"), total)?;
        fields.set_item(intern!(py, "is_done"), is_done)?;
        self.0.call1(py, (fields,)).map(drop)
    }
}

impl Watcher for Listener {
    /// A listener that fails is none of the call's business.
    fn progress(&self, progress: &Progress<'_>) {
        Python::try_attach(|py| {
            let failed = self.tell(py, progress).err();
            // But what a signal's handler raised meanwhile, as on Ctrl-C, is: it comes again, where the call waits or ends.
            if failed.is_some_and(|error| !error.is_instance_of::<PyException>(py)) {
                let _where_there_are_no_signals =
                    py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main"));
            }
        });
    }
}
