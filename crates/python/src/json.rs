//! Values between Python and Rust, as JSON text.

use engine::ErrorKind;
use operations::Error;
use pyo3::{
    exceptions::{PyException, PyValueError},
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyAny, PyDict, PyString},
};
use serde_json::{Map, Value};

use crate::{ConnectorError, interrupt};

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

/// JSON text as Python objects. What a database cannot store is refused: numbers beyond any float, NaN, infinity. Bytes
/// that are not UTF-8 become U+FFFD.
pub(crate) fn to_python<'py>(py: Python<'py>, json: &[u8]) -> Result<Bound<'py, PyAny>, Error> {
    static DECODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let decode = DECODE.get_or_try_init(py, || {
        let hooks = PyDict::new(py);
        hooks.set_item("parse_float", wrap_pyfunction!(finite, py)?)?;
        hooks.set_item("parse_constant", wrap_pyfunction!(finite, py)?)?;
        let decoder = py.import("json")?.getattr("JSONDecoder")?.call((), Some(&hooks))?;
        decoder.getattr("decode").map(Bound::unbind)
    });
    let text = String::from_utf8_lossy(json);
    let loaded = decode.and_then(|decode| decode.bind(py).call1((PyString::new(py, &text),)));
    loaded.map_err(|error| {
        if !error.is_instance_of::<PyException>(py) {
            // Ctrl-C, or what ends a worker, in this very moment.
            interrupt::keep(error);
            return engine::Error::new(ErrorKind::Interrupted, "interrupted").into();
        }
        // JSONDecodeError's msg is what is wrong; its whole text would repeat the answer.
        let why = error
            .value(py)
            .getattr(intern!(py, "msg"))
            .map_or_else(|_| "a number or the nesting is beyond all bounds".into(), |msg| msg.to_string());
        let message = format!("the engine's answer is not JSON: {why}");
        engine::Error::new(ErrorKind::Protocol, message)
            .hint("Check that a Docker Engine listens there")
            .into()
    })
}

/// A number that is not whole. `NaN` and `Infinity`, which Python would take, are no JSON.
#[pyfunction]
fn finite(text: &str) -> PyResult<f64> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| PyValueError::new_err(text.to_owned()))
}

fn refuse(what: &str, why: &str) -> PyErr {
    ConnectorError::new_err(format!("[invalid_parameters] The {what} are not JSON: {why}. Nothing was sent."))
}
