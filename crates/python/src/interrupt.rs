//! Lets Ctrl-C, and any other Python signal handler, break off a wait.

use std::cell::RefCell;

use pyo3::{PyErr, Python};

thread_local! {
    /// What a handler raised on this thread while a call waited.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Has waiting calls look for signals. Python runs handlers on its main thread only; elsewhere nothing is ever found.
pub(crate) fn listen() {
    engine::set_interrupt(|| {
        let raised = Python::try_attach(|py| py.check_signals().err()).flatten();
        raised.map(keep).is_some()
    });
}

/// Keeps what a handler raised, until [`take_raised`].
pub(crate) fn keep(raised: PyErr) {
    RAISED.set(Some(raised));
}

/// What the handler raised, to be raised again where the call was made.
pub(crate) fn take_raised() -> Option<PyErr> {
    RAISED.take()
}
