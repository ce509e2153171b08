//! What the benchmarks measure and no user needs; only with the feature `internals`.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::{Error, Operation, run::files::Writer};

/// Checks the parameters of a call.
pub fn checked(operation: &'static Operation, params: &Map<String, Value>) -> Result<(), Error> {
    crate::run::validate::check(operation, params).map(drop)
}

/// JSON text that a database can store.
pub fn storable(json: Bytes) -> Bytes {
    crate::run::storable::storable(json)
}

/// Writes and hashes a temporary file, which is gone at the end; answers its size.
pub fn received(chunks: &[Bytes]) -> Result<u64, Error> {
    let mut writer = Writer::new(u64::MAX)?;
    chunks.iter().try_for_each(|chunk| writer.add(chunk.clone()))?;
    Ok(writer.finish()?.size())
}
