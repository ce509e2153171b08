//! What was run, when, and what came of it; the oldest is forgotten.

use rusqlite::{OptionalExtension, Row, params};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::store::{Shared, lock, now};

/// So many calls are kept.
const KEPT: u32 = 300;
/// A larger result is not kept with its call; it can be had by running it again.
const LARGEST_RESULT: usize = 2 * 1024 * 1024;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS calls (
        id INTEGER PRIMARY KEY AUTOINCREMENT, began REAL NOT NULL, seconds REAL, connector TEXT NOT NULL,
        version TEXT NOT NULL, operation TEXT NOT NULL, title TEXT NOT NULL, config_id TEXT NOT NULL,
        configuration TEXT NOT NULL, params TEXT NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL DEFAULT '',
        data TEXT, log TEXT NOT NULL DEFAULT '[]');
    UPDATE calls SET status = 'Lost', message = 'The local host ended before the call did.' WHERE status = 'Running';
";
const SUMMARY: &str =
    "SELECT id, began, seconds, connector, version, operation, title, config_id, configuration,
    params, status, message FROM calls";

/// The calls of the database.
#[derive(Clone)]
pub(crate) struct History {
    connection: Shared,
}

/// A call, before it is made.
pub(crate) struct Beginning<'a> {
    pub(crate) connector: &'a str,
    pub(crate) version: &'a str,
    pub(crate) operation: &'a str,
    pub(crate) title: &'a str,
    pub(crate) config_id: &'a str,
    pub(crate) configuration: &'a str,
    /// Without secrets.
    pub(crate) params: &'a Value,
}

/// A call under way. Dropped before its end, it was cancelled.
pub(crate) struct Entry {
    history: History,
    id: i64,
    began: f64,
    ended: bool,
}

impl History {
    pub(crate) fn open(connection: Shared) -> rusqlite::Result<Self> {
        lock(&connection).execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    /// Notes that a call begins.
    pub(crate) fn begin(&self, call: &Beginning<'_>) -> rusqlite::Result<Entry> {
        let began = now();
        let connection = lock(&self.connection);
        connection.execute(
            "INSERT INTO calls (began, connector, version, operation, title, config_id, configuration, params, status)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'Running')",
            params![
                began,
                call.connector,
                call.version,
                call.operation,
                call.title,
                call.config_id,
                call.configuration,
                call.params.to_string()
            ],
        )?;
        let id = connection.last_insert_rowid();
        connection.execute("DELETE FROM calls WHERE id <= ?1", [id - i64::from(KEPT)])?;
        drop(connection);
        Ok(Entry { history: self.clone(), id, began, ended: false })
    }

    /// All calls, the latest first, without their results.
    pub(crate) fn list(&self) -> rusqlite::Result<Vec<Value>> {
        let connection = lock(&self.connection);
        let mut query = connection.prepare(&format!("{SUMMARY} ORDER BY id DESC"))?;
        query.query_map([], summary)?.collect()
    }

    /// A call with its result and log, as JSON text.
    pub(crate) fn find(&self, id: i64) -> rusqlite::Result<Option<String>> {
        let connection = lock(&self.connection);
        let found = connection.query_row(&format!("{SUMMARY} WHERE id = ?1"), [id], summary).optional()?;
        let Some(mut call) = found else { return Ok(None) };
        let (data, log): (Option<String>, String) =
            connection.query_row("SELECT data, log FROM calls WHERE id = ?1", [id], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        call["log"] = serde_json::from_str(&log).unwrap_or_default();
        call["data_kept"] = data.is_some().into();
        // The result is not parsed: its numbers may be larger than ours.
        let call = call.to_string();
        let data = data.unwrap_or_else(|| "null".to_owned());
        let open = call.strip_suffix('}').unwrap_or(&call);
        Ok(Some(format!("{open},\"data\":{data}}}")))
    }

    /// Forgets every call that has ended.
    pub(crate) fn clear(&self) -> rusqlite::Result<()> {
        lock(&self.connection).execute("DELETE FROM calls WHERE status <> 'Running'", [])?;
        Ok(())
    }
}

impl Entry {
    /// The call's number.
    pub(crate) fn id(&self) -> i64 {
        self.id
    }

    /// When it began, in seconds since the epoch.
    pub(crate) fn began(&self) -> f64 {
        self.began
    }

    /// Notes how it ended.
    pub(crate) fn end(mut self, status: &str, message: &str, data: Option<&RawValue>, log: &[String]) {
        self.ended = true;
        self.note(status, message, data, log);
    }

    fn note(&self, status: &str, message: &str, data: Option<&RawValue>, log: &[String]) {
        let kept = data.map(RawValue::get).filter(|text| text.len() <= LARGEST_RESULT);
        // The call itself has its answer, whether or not it is in the history.
        let _ = lock(&self.history.connection).execute(
            "UPDATE calls SET seconds = ?2, status = ?3, message = ?4, data = ?5, log = ?6 WHERE id = ?1",
            params![self.id, now() - self.began, status, message, kept, json!(log).to_string()],
        );
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.ended {
            self.note(
                "Cancelled",
                "It was cancelled, or who asked for it left before it had ended.",
                None,
                &[],
            );
        }
    }
}

fn summary(row: &Row<'_>) -> rusqlite::Result<Value> {
    let params: String = row.get(9)?;
    Ok(json!({
        "id": row.get::<_, i64>(0)?,
        "began": row.get::<_, f64>(1)?,
        "seconds": row.get::<_, Option<f64>>(2)?,
        "connector": row.get::<_, String>(3)?,
        "version": row.get::<_, String>(4)?,
        "operation": row.get::<_, String>(5)?,
        "title": row.get::<_, String>(6)?,
        "config_id": row.get::<_, String>(7)?,
        "configuration": row.get::<_, String>(8)?,
        "params": serde_json::from_str::<Value>(&params).unwrap_or_default(),
        "status": row.get::<_, String>(10)?,
        "message": row.get::<_, String>(11)?,
    }))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::open;

    fn begin(history: &History) -> Entry {
        let call = Beginning {
            connector: "one",
            version: "1.0.0",
            operation: "ping",
            title: "Ping",
            config_id: "",
            configuration: "",
            params: &json!({}),
        };
        history.begin(&call).unwrap()
    }

    #[test]
    fn a_result_is_kept_as_it_came() {
        let history = History::open(open(Path::new(":memory:")).unwrap()).unwrap();
        let entry = begin(&history);
        let id = entry.id();
        let data = RawValue::from_string(r#"{"n": 123456789012345678901234567890}"#.to_owned()).unwrap();
        entry.end("Success", "", Some(&data), &["INFO pinged".to_owned()]);
        let found = history.find(id).unwrap().unwrap();
        assert!(found.contains("123456789012345678901234567890"), "{found}");
        let found: Value = serde_json::from_str(&found).unwrap();
        assert_eq!((&found["status"], &found["log"]), (&json!("Success"), &json!(["INFO pinged"])));
    }

    #[test]
    fn who_leaves_cancels_and_the_oldest_is_forgotten() {
        let history = History::open(open(Path::new(":memory:")).unwrap()).unwrap();
        for _ in 0..=KEPT {
            drop(begin(&history));
        }
        let calls = history.list().unwrap();
        assert_eq!((calls.len(), &calls[0]["status"]), (KEPT as usize, &json!("Cancelled")));
        history.clear().unwrap();
        assert!(history.list().unwrap().is_empty());
    }
}
