//! The connector's Python object `services`: its log, and FortiSOAR's files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use operations::{Kind, Services, Taker, Watcher};
use pyo3::{intern, prelude::*, types::PyAny};
use serde_json::Value;

use crate::{json, log::Log, progress::Listener};

/// `services` of the connector's Python: `logger`, `read`, `fetch` and `save`.
pub(crate) struct PyServices {
    object: Py<PyAny>,
    pub(crate) log: Log,
    listener: Option<Arc<Listener>>,
}

impl PyServices {
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let logger = object.getattr(intern!(object.py(), "logger"))?;
        Ok(Self { object: object.clone().unbind(), log: Log::new(logger), listener: None })
    }

    /// The same, and who is told how far a call is.
    pub(crate) fn telling(self, on_progress: Option<Bound<'_, PyAny>>) -> Self {
        let listener = on_progress.map(|on_progress| Arc::new(Listener(on_progress.unbind())));
        Self { listener, ..self }
    }

    /// Calls one of its methods, with the GIL. An exception's text is for people, as the methods promise.
    fn call<T>(
        &self,
        method: &str,
        arguments: impl for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyTuple>>,
        result: impl FnOnce(Bound<'_, PyAny>) -> PyResult<T>,
    ) -> Result<T, String> {
        Python::attach(|py| {
            let called =
                arguments(py).and_then(|arguments| self.object.bind(py).call_method1(method, arguments));
            called.and_then(result).map_err(|error| error.value(py).to_string())
        })
    }
}

impl Services for PyServices {
    fn read(&self, reference: &str) -> Result<Vec<u8>, String> {
        self.call("read", |py| (reference,).into_pyobject(py), |contents| contents.extract())
    }

    fn fetch(&self, reference: &str) -> Result<(PathBuf, String), String> {
        self.call("fetch", |py| (reference,).into_pyobject(py), |fetched| fetched.extract())
    }

    fn save(&self, path: &Path, filename: &str, description: &str) -> Result<Value, String> {
        self.call(
            "save",
            |py| (path.as_os_str(), filename, description).into_pyobject(py),
            |record| json::to_object(record.cast()?, "record's fields", Kind::Attachment).map(Value::Object),
        )
    }

    fn hearer(&self) -> Option<Arc<dyn Taker>> {
        self.listener.clone().map(|listener| listener as Arc<dyn Taker>)
    }

    fn watcher(&self) -> Option<Arc<dyn Watcher>> {
        self.listener.clone().map(|listener| listener as Arc<dyn Watcher>)
    }
}
