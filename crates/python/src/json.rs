//! Values between Python and Rust, as JSON text.

use engine::ErrorKind;
use operations::Error;
use pyo3::{
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyAny, PyBytes, PyDict, PyString},
};
use serde_json::{Map, Value};

use crate::ConnectorError;

/// A Python dictionary as JSON text.
pub(crate) fn to_text(value: &Bound<'_, PyDict>) -> PyResult<String> {
    static DUMPS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let dumps = DUMPS.import(value.py(), "json", "dumps")?;
    dumps.call1((value,))?.cast_into::<PyString>()?.extract()
}

/// A Python dictionary as a JSON object.
pub(crate) fn to_object(value: &Bound<'_, PyDict>, what: &str) -> PyResult<Map<String, Value>> {
    let text = to_text(value).map_err(|error| refuse(what, &error.value(value.py()).to_string()))?;
    // Python writes lone surrogates and NaN, which are no JSON: serde_json says so.
    serde_json::from_str(&text).map_err(|error| refuse(what, &error.to_string()))
}

/// JSON text as Python objects.
pub(crate) fn to_python<'py>(py: Python<'py>, json: &[u8]) -> Result<Bound<'py, PyAny>, Error> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let loaded = LOADS.import(py, "json", "loads").and_then(|loads| loads.call1((PyBytes::new(py, json),)));
    loaded.map_err(|error| {
        // JSONDecodeError's msg is what is wrong; its whole text would repeat the answer.
        let why = error
            .value(py)
            .getattr(intern!(py, "msg"))
            .map_or_else(|_| "unreadable".into(), |msg| msg.to_string());
        let message = format!("the engine's answer is not JSON: {why}");
        engine::Error::new(ErrorKind::Protocol, message)
            .hint("Check that a Docker Engine listens there")
            .into()
    })
}

fn refuse(what: &str, why: &str) -> PyErr {
    ConnectorError::new_err(format!("[invalid_parameters] The {what} are not JSON: {why}. Nothing was sent."))
}
