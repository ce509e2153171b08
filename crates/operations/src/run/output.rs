//! The result of an operation: the engine's own JSON, untouched, or a value made here; and the same as it leaves us.

use std::{fmt, io};

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Serializer, Value};

use crate::{
    Error, Kind,
    run::{files::Received, storable},
};

/// The result of an operation.
#[derive(Debug)]
pub enum Output {
    /// The engine's JSON, byte for byte.
    Raw(Bytes),
    /// A value made here.
    Value(Value),
    /// An answer that is larger than a result may be: in a file.
    Large(Large),
    /// A value made here that is only ever written: in memory, and again as text, it would be too large.
    Written(Box<dyn Written>),
}

/// An answer in a file, and its beginning.
#[derive(Debug)]
pub struct Large {
    pub(crate) file: Received,
    pub(crate) beginning: Vec<u8>,
}

/// What writes itself as JSON text that a database can store.
pub trait Written: Send {
    /// Writes it.
    fn write(&self, into: &mut dyn io::Write) -> serde_json::Result<()>;
}

impl<T: Serialize + Send> Written for T {
    fn write(&self, into: &mut dyn io::Write) -> serde_json::Result<()> {
        self.serialize(&mut Serializer::with_formatter(into, storable::Storable))
    }
}

/// It may hold what a process has written.
impl fmt::Debug for dyn Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").finish_non_exhaustive()
    }
}

impl Output {
    /// The result as JSON text that a database can store: see [`storable`]. The engine's own text is not parsed.
    pub(crate) fn into_json(self) -> Result<Bytes, Error> {
        match self {
            Self::Raw(json) => Ok(storable::storable(json)),
            Self::Value(value) => Ok(storable::storable(value.to_string().into())),
            Self::Large(_) => Err(Error::new(
                Kind::Failed,
                "The result is larger than max_result_size, and was to be looked through: ask for less.",
            )),
            Self::Written(written) => {
                let mut json = Vec::new();
                written.write(&mut json).map_err(|error| unwritten(&error))?;
                Ok(json.into())
            }
        }
    }
}

/// A result as it is handed over: one that a database can store, and that `max_result_size` allows.
#[derive(Debug)]
pub enum Outcome {
    /// JSON text. That of an engine is not parsed, and may be none.
    Json(Bytes),
    /// A value made here.
    Value(Value),
}

impl Outcome {
    /// As JSON text.
    pub fn into_json(self) -> Bytes {
        match self {
            Self::Json(json) => json,
            Self::Value(value) => value.to_string().into(),
        }
    }
}

/// A value that could not be written.
pub(crate) fn unwritten(error: &serde_json::Error) -> Error {
    Error::new(Kind::Internal, format!("The result could not be written: {error}."))
}

impl From<Map<String, Value>> for Output {
    fn from(fields: Map<String, Value>) -> Self {
        Self::Value(fields.into())
    }
}

impl From<Value> for Output {
    fn from(value: Value) -> Self {
        Self::Value(value)
    }
}
