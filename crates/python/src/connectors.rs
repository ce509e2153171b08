//! The connectors of this process, one for each configuration, kept from call to call with their connections.
//!
//! FortiSOAR's workers are forked: a child may find the lock below held by a thread that it does not have, and
//! connections that belong to its parent. So each process has a table of its own, and the parent's is left alone.
#![allow(unsafe_code, reason = "a table behind an atomic pointer is never freed, but only we know that")]

use std::{
    collections::HashMap,
    process, ptr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicPtr, Ordering},
    },
    time::Instant,
};

use operations::{Connector, Error, Kind};
use pyo3::{prelude::*, types::PyDict};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::{json, services::PyServices};

/// More configurations than this are not kept: the one that was unused for longest goes first.
const MOST_KEPT: usize = 1000;

/// A configuration's SHA-256, whatever the order of its fields. The configuration itself, with its secrets, is not kept as a key.
pub(crate) type Key = [u8; 32];

struct Table {
    pid: u32,
    kept: Mutex<HashMap<Key, (Arc<Connector>, Instant)>>,
}

static TABLE: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());

/// A configuration's connector, or what it takes to make it.
pub(crate) enum Found {
    Kept(Arc<Connector>),
    New(Key, Map<String, Value>),
}

/// Looks for the connector of a configuration.
pub(crate) fn find(config: &Bound<'_, PyDict>) -> PyResult<Found> {
    let key = key(config)?;
    if let Some((connector, used)) = table().kept().get_mut(&key) {
        *used = Instant::now();
        return Ok(Found::Kept(Arc::clone(connector)));
    }
    Ok(Found::New(key, fields(config)?))
}

impl Found {
    /// The connector, made if it is new. That reads its files: not with the GIL.
    pub(crate) fn connector(self, services: &PyServices) -> Result<Arc<Connector>, Error> {
        match self {
            Self::Kept(connector) => Ok(connector),
            Self::New(key, config) => Ok(keep(key, Connector::new(&config, services)?)),
        }
    }
}

fn keep(key: Key, made: Connector) -> Arc<Connector> {
    let mut kept = table().kept();
    if kept.len() >= MOST_KEPT
        && let Some(oldest) = kept.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key)
    {
        kept.remove(&oldest);
    }
    // Another thread may have made it meanwhile: then that one counts, with its connections.
    let (connector, _) = kept.entry(key).or_insert_with(|| (Arc::new(made), Instant::now()));
    Arc::clone(connector)
}

/// Drops the connector of a configuration; calls that use it still finish.
pub(crate) fn forget(config: &Bound<'_, PyDict>) -> PyResult<()> {
    let forgotten = table().kept().remove(&key(config)?);
    drop(forgotten);
    Ok(())
}

fn key(config: &Bound<'_, PyDict>) -> PyResult<Key> {
    let mut hash = Sha256::new();
    if json::feed(&mut hash, config) {
        return Ok(hash.finalize().into());
    }
    let text = Value::Object(fields(config)?).to_string();
    Ok(Sha256::digest(text).into())
}

fn fields(config: &Bound<'_, PyDict>) -> PyResult<Map<String, Value>> {
    json::to_object(config, "configuration's fields", Kind::InvalidConfiguration)
}

impl Table {
    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<Key, (Arc<Connector>, Instant)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In a child: closes its copies of the parent's idle connections, unless a thread of the parent had the table.
    fn leave_to_parent(&self) {
        if let Ok(kept) = self.kept.try_lock() {
            kept.values().for_each(|(connector, _)| connector.leave_to_parent());
        }
    }
}

/// This process's table.
fn table() -> &'static Table {
    let found = TABLE.load(Ordering::Acquire);
    // SAFETY: the pointer is null or came from Box::leak below, and no table is ever freed.
    let inherited = unsafe { found.as_ref() };
    if let Some(own) = inherited.filter(|table| table.pid == process::id()) {
        return own;
    }
    let new = Box::new(Table { pid: process::id(), kept: Mutex::default() });
    let new: *mut Table = Box::leak(new);
    match TABLE.compare_exchange(found, new, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => {
            if let Some(inherited) = inherited {
                inherited.leave_to_parent();
            }
            // SAFETY: just leaked.
            unsafe { &*new }
        }
        // Another thread of this process was faster; ours stays unused, a few bytes once in a process's life.
        // SAFETY: as above.
        Err(faster) => unsafe { &*faster },
    }
}
