//! The native module `_engine` of the connector's Python package.
//!
//! It converts, releases the GIL, and calls `operations`. The engine's answers cross as JSON text, through Python's own
//! `json`, without a detour; what is made here becomes Python objects at once.

mod connectors;
mod interrupt;
mod json;
mod log;
mod progress;
mod services;

use operations::{Error, Kind};
use pyo3::{
    import_exception,
    prelude::*,
    types::{PyAny, PyDict},
};

import_exception!(connectors.core.connector, ConnectorError);

#[pymodule]
mod _engine {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{
        Bound, Kind, PyAny, PyDict, PyModule, PyModuleMethods as _, PyResult, Python, connectors, internal,
        interrupt, json, pyfunction, raised, services::PyServices,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        interrupt::listen();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    /// Runs an operation of a configuration, and gives its result as Python objects. `on_progress`, if there is one, is
    /// called with a dictionary now and then: see `progress.rs`.
    #[pyfunction]
    #[pyo3(signature = (config, operation, params, services, on_progress=None))]
    fn execute<'py>(
        py: Python<'py>,
        config: &Bound<'py, PyDict>,
        operation: &str,
        params: &Bound<'py, PyDict>,
        services: &Bound<'py, PyAny>,
        on_progress: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let services = PyServices::new(services)?.telling(on_progress);
        let found = connectors::find(config)?;
        let params = json::to_object(params, "parameters", Kind::InvalidParameters)?;
        let (result, report) = services.log.debugging(py, || {
            catch_unwind(AssertUnwindSafe(|| match found.connector(&services) {
                Ok(connector) => {
                    let (result, report) = connector.execute(operation, &params, &services);
                    (result, Some(report))
                }
                Err(error) => (Err(error), None),
            }))
            .unwrap_or_else(|_| (Err(internal()), None))
        });
        let result =
            result.and_then(|outcome| json::to_python(py, outcome)).map_err(|error| error.within(operation));
        services.log.called(py, operation, report.as_ref(), result.as_ref().err())?;
        result.map_err(|error| raised(&error))
    }

    /// Checks that a configuration works: True, or a `ConnectorError` that says what to mend.
    #[pyfunction]
    fn check_health<'py>(
        py: Python<'py>,
        config: &Bound<'py, PyDict>,
        services: &Bound<'py, PyAny>,
    ) -> PyResult<bool> {
        let services = PyServices::new(services)?;
        let found = connectors::find(config)?;
        let result = services.log.debugging(py, || {
            catch_unwind(AssertUnwindSafe(|| found.connector(&services)?.check_health()))
                .unwrap_or_else(|_| Err(internal()))
        });
        let result = result.map_err(|error| error.within("check_health"));
        services.log.checked(py, &result)?;
        result.map(|_| true).map_err(|error| raised(&error))
    }

    /// Drops the connections kept for a configuration.
    #[pyfunction]
    fn forget(config: &Bound<'_, PyDict>) -> PyResult<()> {
        connectors::forget(config)
    }

    /// Every name that `execute` answers to.
    #[pyfunction]
    fn operations() -> Vec<&'static str> {
        let names = |operation: &'static ::operations::Operation| {
            std::iter::once(operation.name).chain(operation.also.iter().copied())
        };
        ::operations::operations().flat_map(names).collect()
    }
}

/// What Python raises: a `ConnectorError` with the error's text, or what a signal's handler raised.
fn raised(error: &Error) -> PyErr {
    let signal =
        (error.kind() == Kind::Engine(engine::ErrorKind::Interrupted)).then(interrupt::take_raised).flatten();
    signal.unwrap_or_else(|| ConnectorError::new_err(error.to_string()))
}

/// A fault of ours. It must not take the worker along.
fn internal() -> Error {
    Error::new(Kind::Internal, "A fault in the connector itself. Please report it, with the worker's log.")
}
