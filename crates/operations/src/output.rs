//! The result of an operation: the engine's own JSON, untouched, or a value made here.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::storable;

/// The result of an operation.
#[derive(Debug, Clone)]
pub enum Output {
    /// The engine's JSON, byte for byte.
    Raw(Bytes),
    /// A value made here.
    Value(Value),
}

impl Output {
    /// The result as JSON text that a database can store: see [`storable`]. The engine's own text is not parsed.
    pub(crate) fn into_json(self) -> Bytes {
        let json = match self {
            Self::Raw(json) => json,
            Self::Value(value) => value.to_string().into(),
        };
        storable::storable(json)
    }
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
