//! Values between Python and Rust.

use engine::ErrorKind;
use operations::{Error, Kind, Outcome};
use pyo3::{
    exceptions::{PyException, PyValueError},
    intern,
    prelude::*,
    sync::PyOnceLock,
    types::{PyAny, PyBool, PyDict, PyFloat, PyInt, PyList, PyString},
};
use serde_json::{Map, Number, Value};
use sha2::{Digest as _, Sha256};

use crate::{ConnectorError, interrupt};

/// What lies deeper is left to Python's own `json`, which has its own bound.
const DEEPEST: u8 = 64;

/// A Python dictionary as a JSON object.
pub(crate) fn to_object(value: &Bound<'_, PyDict>, what: &str, fault: Kind) -> PyResult<Map<String, Value>> {
    static DUMPS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    if let Some(object) = plain_object(value, DEEPEST) {
        return Ok(object);
    }
    let dumped = |value: &Bound<'_, PyAny>| -> PyResult<String> {
        DUMPS.import(value.py(), "json", "dumps")?.call1((value,))?.cast_into::<PyString>()?.extract()
    };
    let text =
        dumped(value.as_any()).map_err(|error| refuse(what, fault, &error.value(value.py()).to_string()))?;
    serde_json::from_str(&text).map_err(|error| {
        // Python writes what is no JSON.
        let is_faulty = |(_, value): &(Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            dumped(value).is_ok_and(|text| serde_json::from_str::<Value>(&text).is_err())
        };
        let why = match value.iter().find(is_faulty) {
            Some((name, _)) => format!("{name} holds NaN, an infinite number, or half a character"),
            None => error.to_string(),
        };
        refuse(what, fault, &why)
    })
}

/// What nearly every dictionary holds, converted directly, in a tenth of the time. `None` for anything else: Python's own
/// `json` knows best what becomes of it.
fn plain_object(value: &Bound<'_, PyDict>, depth: u8) -> Option<Map<String, Value>> {
    value.iter().map(|(name, value)| Some((plain_text(&name)?, plain(&value, depth)?))).collect()
}

fn plain(value: &Bound<'_, PyAny>, depth: u8) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    if value.is_none() {
        Some(Value::Null)
    } else if value.is_exact_instance_of::<PyString>() {
        plain_text(value).map(Value::String)
    } else if value.is_exact_instance_of::<PyBool>() {
        value.is_truthy().ok().map(Value::Bool)
    } else if value.is_exact_instance_of::<PyInt>() {
        value.extract::<i64>().ok().map(Value::from)
    } else if value.is_exact_instance_of::<PyFloat>() {
        // Such as the time at which FortiSOAR took a file. NaN and the infinities are no JSON.
        value.extract::<f64>().ok().and_then(Number::from_f64).map(Value::Number)
    } else if let Ok(fields) = value.cast_exact::<PyDict>() {
        plain_object(fields, depth).map(Value::Object)
    } else if let Ok(items) = value.cast_exact::<PyList>() {
        items.iter().map(|item| plain(&item, depth)).collect::<Option<_>>().map(Value::Array)
    } else {
        None
    }
}

/// Text without lone surrogates.
fn plain_text(value: &Bound<'_, PyAny>) -> Option<String> {
    value.cast_exact::<PyString>().ok()?.extract().ok()
}

/// Feeds a hash with a dictionary: as equal ones do, whatever their order, and no others. Answers whether all of it is of
/// the kinds that nearly every dictionary holds; if not, what was fed says nothing.
pub(crate) fn feed(hash: &mut Sha256, dictionary: &Bound<'_, PyDict>) -> bool {
    feed_object(hash, dictionary, DEEPEST).is_some()
}

fn feed_object(hash: &mut Sha256, dictionary: &Bound<'_, PyDict>, depth: u8) -> Option<()> {
    let fields = dictionary.iter().map(|(name, value)| {
        let name = name.cast_exact::<PyString>().ok()?.encode_utf8().ok()?;
        Some((name, value))
    });
    let mut fields = fields.collect::<Option<Vec<_>>>()?;
    fields.sort_unstable_by(|(one, _), (other, _)| one.as_bytes().cmp(other.as_bytes()));
    feed_start(hash, b'{', fields.len());
    fields.iter().try_for_each(|(name, value)| {
        feed_bytes(hash, name.as_bytes());
        feed_value(hash, value, depth)
    })
}

fn feed_value(hash: &mut Sha256, value: &Bound<'_, PyAny>, depth: u8) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    if value.is_none() {
        hash.update(b"n");
    } else if let Ok(text) = value.cast_exact::<PyString>() {
        feed_bytes(hash, text.encode_utf8().ok()?.as_bytes());
    } else if value.is_exact_instance_of::<PyBool>() {
        hash.update(if value.is_truthy().ok()? { b"t" } else { b"f" });
    } else if value.is_exact_instance_of::<PyInt>() {
        hash.update(b"i");
        hash.update(value.extract::<i64>().ok()?.to_le_bytes());
    } else if value.is_exact_instance_of::<PyFloat>() {
        hash.update(b"d");
        hash.update(value.extract::<f64>().ok()?.to_le_bytes());
    } else if let Ok(fields) = value.cast_exact::<PyDict>() {
        feed_object(hash, fields, depth)?;
    } else {
        let items = value.cast_exact::<PyList>().ok()?;
        feed_start(hash, b'[', items.len());
        items.iter().try_for_each(|item| feed_value(hash, &item, depth))?;
    }
    Some(())
}

fn feed_bytes(hash: &mut Sha256, bytes: &[u8]) {
    feed_start(hash, b's', bytes.len());
    hash.update(bytes);
}

/// A kind and a length: without them, one value could read as another.
fn feed_start(hash: &mut Sha256, kind: u8, length: usize) {
    hash.update([kind]);
    hash.update(length.to_le_bytes());
}

/// A result as Python objects.
pub(crate) fn to_python(py: Python<'_>, outcome: Outcome) -> Result<Bound<'_, PyAny>, Error> {
    match outcome {
        Outcome::Json(json) => loads(py, &json),
        Outcome::Value(value) => object(py, value).map_err(|error| {
            let beyond = |_| Error::new(Kind::Internal, "The result does not become Python objects.");
            interruption(py, error).unwrap_or_else(beyond)
        }),
    }
}

fn object(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(flag) => PyBool::new(py, flag).to_owned().into_any(),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), _, _) => whole.into_pyobject(py)?.into_any(),
            (_, Some(whole), _) => whole.into_pyobject(py)?.into_any(),
            (_, _, float) => float.into_pyobject(py)?.into_any(),
        },
        Value::String(text) => PyString::new(py, &text).into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            items.into_iter().try_for_each(|item| list.append(object(py, item)?))?;
            list.into_any()
        }
        Value::Object(fields) => {
            let dictionary = PyDict::new(py);
            let mut fields = fields.into_iter();
            fields.try_for_each(|(name, value)| dictionary.set_item(name, object(py, value)?))?;
            dictionary.into_any()
        }
    })
}

/// JSON text as Python objects. What a database cannot store is refused: numbers beyond any float, NaN, infinity. Bytes
/// that are not UTF-8 become U+FFFD.
fn loads<'py>(py: Python<'py>, json: &[u8]) -> Result<Bound<'py, PyAny>, Error> {
    // Without the search for blanks before and after, which takes longer than a small answer itself.
    static RAW_DECODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let decode = RAW_DECODE.get_or_try_init(py, || {
        let hooks = PyDict::new(py);
        hooks.set_item("parse_float", wrap_pyfunction!(finite, py)?)?;
        hooks.set_item("parse_constant", wrap_pyfunction!(finite, py)?)?;
        let decoder = py.import("json")?.getattr("JSONDecoder")?.call((), Some(&hooks))?;
        decoder.getattr("raw_decode").map(Bound::unbind)
    });
    let text = String::from_utf8_lossy(json.trim_ascii());
    let loaded = decode.and_then(|decode| {
        let text = PyString::new(py, &text);
        let (value, end) = decode.bind(py).call1((&text,))?.extract::<(Bound<'py, PyAny>, usize)>()?;
        if end == text.len()? { Ok(value) } else { Err(PyValueError::new_err("more follows after its end")) }
    });
    loaded.map_err(|error| {
        let error = match interruption(py, error) {
            Ok(interrupted) => return interrupted,
            Err(error) => error,
        };
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

/// Ctrl-C, or what ends a worker, in this very moment; or else the error as it is.
fn interruption(py: Python<'_>, error: PyErr) -> Result<Error, PyErr> {
    if error.is_instance_of::<PyException>(py) {
        return Err(error);
    }
    interrupt::keep(error);
    Ok(engine::Error::new(ErrorKind::Interrupted, "interrupted").into())
}

/// A number that is not whole. `NaN` and `Infinity`, which Python would take, are no JSON.
#[pyfunction]
fn finite(text: &str) -> PyResult<f64> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| PyValueError::new_err(text.to_owned()))
}

fn refuse(what: &str, fault: Kind, why: &str) -> PyErr {
    let code = fault.code();
    ConnectorError::new_err(format!("[{code}] The {what} are not JSON: {why}. Nothing was sent."))
}
