//! The database of the state folder: installed connectors and their configurations.
//!
//! A configuration belongs to a connector's name: every installed version has it, so that an upgrade, or a step back,
//! keeps what is configured and playbooks' references to it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;
use uuid::Uuid;

/// What a connection to the database is shared as.
pub(crate) type Shared = Arc<Mutex<Connection>>;

/// Connectors and configurations.
#[derive(Clone)]
pub(crate) struct Store {
    connection: Shared,
}

/// An installed version of a connector.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) version: String,
    /// `info.json`.
    pub(crate) info: Value,
    /// Since the epoch.
    pub(crate) installed: f64,
}

/// A configuration, with its secrets.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    pub(crate) id: i64,
    pub(crate) config_id: String,
    /// The connector's name.
    pub(crate) connector: String,
    pub(crate) name: String,
    pub(crate) default: bool,
    /// The fields' values.
    pub(crate) config: Value,
    /// What the last health check found; an empty object before the first.
    pub(crate) health: Value,
}

/// What a configuration is to become.
pub(crate) struct Wanted<'a> {
    pub(crate) config_id: Option<&'a str>,
    pub(crate) connector: &'a str,
    pub(crate) name: &'a str,
    pub(crate) default: bool,
    pub(crate) config: &'a Value,
}

const SCHEMA: &str = "
    PRAGMA journal_mode = TRUNCATE; -- a write-ahead log would keep secrets that are changed or deleted
    PRAGMA secure_delete = ON; -- in the database itself they are overwritten
    CREATE TABLE IF NOT EXISTS connectors (
        id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, version TEXT NOT NULL, info TEXT NOT NULL,
        installed REAL NOT NULL, UNIQUE (name, version));
    CREATE TABLE IF NOT EXISTS configurations (
        id INTEGER PRIMARY KEY AUTOINCREMENT, config_id TEXT NOT NULL UNIQUE, connector TEXT NOT NULL,
        name TEXT NOT NULL, is_default INTEGER NOT NULL, config TEXT NOT NULL, health TEXT NOT NULL DEFAULT '{}',
        UNIQUE (connector, name));
";
const CONFIGURATION: &str =
    "SELECT id, config_id, connector, name, is_default, config, health FROM configurations";

/// Opens the database, which is made if there is none.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Shared> {
    let connection = Connection::open(path)?;
    connection.execute_batch(SCHEMA)?;
    Ok(Arc::new(Mutex::new(connection)))
}

/// Seconds since the epoch.
pub(crate) fn now() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

/// The connection; a panic elsewhere does not take it along.
pub(crate) fn lock(connection: &Shared) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connector {
    /// An operation's description.
    pub(crate) fn operation(&self, name: &str) -> Option<&Value> {
        self.info["operations"].as_array()?.iter().find(|operation| operation["operation"] == name)
    }

    /// The fields of its configurations.
    pub(crate) fn fields(&self) -> &Value {
        &self.info["configuration"]["fields"]
    }
}

impl Configuration {
    /// What the connector is given: the fields, and what `FortiSOAR` notes beside them.
    pub(crate) fn for_a_call(&self) -> Value {
        let mut config = self.config.clone();
        if let Some(fields) = config.as_object_mut() {
            fields.insert("config_id".into(), self.config_id.as_str().into());
            fields.insert("name".into(), self.name.as_str().into());
            fields.insert("default".into(), self.default.into());
        }
        config
    }
}

impl Store {
    pub(crate) fn new(connection: Shared) -> Self {
        Self { connection }
    }

    /// Notes an installed version, anew where it was installed before.
    pub(crate) fn installed(&self, info: &Value) -> rusqlite::Result<Connector> {
        let text = |key: &str| info[key].as_str().unwrap_or_default();
        let (name, version) = (text("name"), text("version"));
        lock(&self.connection).execute(
            "INSERT INTO connectors (name, version, info, installed) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name, version) DO UPDATE SET info = ?3, installed = ?4",
            params![name, version, info.to_string(), now()],
        )?;
        self.connector(name, Some(version))?.ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// Every installed version, by name and then the newest first.
    pub(crate) fn connectors(&self) -> rusqlite::Result<Vec<Connector>> {
        let connection = lock(&self.connection);
        let mut query = connection.prepare("SELECT id, name, version, info, installed FROM connectors")?;
        let mut connectors = query.query_map([], connector)?.collect::<rusqlite::Result<Vec<_>>>()?;
        connectors.sort_by(|one, other| {
            one.name.cmp(&other.name).then_with(|| numbers(&other.version).cmp(&numbers(&one.version)))
        });
        Ok(connectors)
    }

    /// A connector by name: this version, or the newest.
    pub(crate) fn connector(&self, name: &str, version: Option<&str>) -> rusqlite::Result<Option<Connector>> {
        let fits = |one: &Connector| one.name == name && version.is_none_or(|version| one.version == version);
        Ok(self.connectors()?.into_iter().find(fits))
    }

    /// A connector by the number of its installation.
    pub(crate) fn connector_by_id(&self, id: i64) -> rusqlite::Result<Option<Connector>> {
        Ok(self.connectors()?.into_iter().find(|one| one.id == id))
    }

    /// Forgets an installed version; with the last one of its name, the configurations.
    pub(crate) fn uninstalled(&self, gone: &Connector) -> rusqlite::Result<()> {
        lock(&self.connection).execute("DELETE FROM connectors WHERE id = ?1", [gone.id])?;
        if self.connector(&gone.name, None)?.is_none() {
            lock(&self.connection)
                .execute("DELETE FROM configurations WHERE connector = ?1", [&gone.name])?;
        }
        Ok(())
    }

    /// The configurations, of one connector or of all.
    pub(crate) fn configurations(&self, connector: Option<&str>) -> rusqlite::Result<Vec<Configuration>> {
        let connection = lock(&self.connection);
        let mut query =
            connection.prepare(&format!("{CONFIGURATION} WHERE ?1 IS NULL OR connector = ?1 ORDER BY id"))?;
        query.query_map([connector], configuration)?.collect()
    }

    /// A configuration by its uuid or its number.
    pub(crate) fn configuration(&self, id: &str) -> rusqlite::Result<Option<Configuration>> {
        let find = format!("{CONFIGURATION} WHERE config_id = ?1 OR id = ?1");
        lock(&self.connection).query_row(&find, [id], configuration).optional()
    }

    /// The configuration that a call means: by uuid or name, or the default one where nothing is said.
    pub(crate) fn meant(&self, connector: &str, config: &str) -> rusqlite::Result<Option<Configuration>> {
        let all = self.configurations(Some(connector))?;
        let fits = |one: &Configuration| match config {
            "" => one.default,
            said => one.config_id == said || one.name == said,
        };
        Ok(all.into_iter().find(fits))
    }

    /// Stores a configuration: a new one, or in place of that of its `config_id`.
    pub(crate) fn configure(&self, wanted: &Wanted<'_>) -> rusqlite::Result<Configuration> {
        let new = Uuid::new_v4().to_string();
        let config_id = wanted.config_id.unwrap_or(&new);
        let mut connection = lock(&self.connection);
        let transaction = connection.transaction()?;
        if wanted.default {
            transaction.execute(
                "UPDATE configurations SET is_default = 0 WHERE connector = ?1",
                [wanted.connector],
            )?;
        }
        transaction.execute(
            "INSERT INTO configurations (config_id, connector, name, is_default, config) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (config_id) DO UPDATE SET name = ?3, is_default = ?4, config = ?5, health = '{}'",
            params![config_id, wanted.connector, wanted.name, wanted.default, wanted.config.to_string()],
        )?;
        transaction.commit()?;
        drop(connection);
        self.configuration(config_id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// Notes what a health check found.
    pub(crate) fn note_health(&self, config_id: &str, health: &Value) -> rusqlite::Result<()> {
        lock(&self.connection).execute(
            "UPDATE configurations SET health = ?2 WHERE config_id = ?1",
            params![config_id, health.to_string()],
        )?;
        Ok(())
    }

    /// Forgets a configuration.
    pub(crate) fn unconfigured(&self, config_id: &str) -> rusqlite::Result<()> {
        lock(&self.connection).execute("DELETE FROM configurations WHERE config_id = ?1", [config_id])?;
        Ok(())
    }
}

fn connector(row: &Row<'_>) -> rusqlite::Result<Connector> {
    Ok(Connector {
        id: row.get(0)?,
        name: row.get(1)?,
        version: row.get(2)?,
        info: json(row, 3)?,
        installed: row.get(4)?,
    })
}

fn configuration(row: &Row<'_>) -> rusqlite::Result<Configuration> {
    Ok(Configuration {
        id: row.get(0)?,
        config_id: row.get(1)?,
        connector: row.get(2)?,
        name: row.get(3)?,
        default: row.get(4)?,
        config: json(row, 5)?,
        health: json(row, 6)?,
    })
}

/// A column that holds JSON.
fn json(row: &Row<'_>, column: usize) -> rusqlite::Result<Value> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|fault| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(fault))
    })
}

/// A version's parts, to compare by: 1.10.0 is newer than 1.9.0.
fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn store() -> Store {
        let store = Store::new(open(Path::new(":memory:")).unwrap());
        for version in ["1.9.0", "1.10.0"] {
            store.installed(&json!({"name": "one", "version": version})).unwrap();
        }
        store
    }

    fn configure(store: &Store, config_id: Option<&str>, name: &str, default: bool) -> Configuration {
        let config = json!({"server": name});
        store.configure(&Wanted { config_id, connector: "one", name, default, config: &config }).unwrap()
    }

    #[test]
    fn the_newest_version_is_meant_unless_one_is_named() {
        let store = store();
        let version = |version| store.connector("one", version).unwrap().map(|one| one.version);
        assert_eq!(version(None).as_deref(), Some("1.10.0"));
        assert_eq!(version(Some("1.9.0")).as_deref(), Some("1.9.0"));
        assert_eq!(version(Some("2.0.0")), None);
    }

    #[test]
    fn installing_again_keeps_the_number() {
        let store = store();
        let before = store.connector("one", Some("1.9.0")).unwrap().unwrap();
        let again = store.installed(&json!({"name": "one", "version": "1.9.0", "label": "One"})).unwrap();
        assert_eq!((again.id, &again.info["label"]), (before.id, &json!("One")));
    }

    #[test]
    fn configurations_are_found_by_uuid_name_or_default() {
        let store = store();
        let first = configure(&store, None, "first", true);
        let second = configure(&store, None, "second", true);
        let meant = |config| store.meant("one", config).unwrap().map(|one| one.name);
        assert_eq!(meant(&first.config_id).as_deref(), Some("first"));
        assert_eq!(meant("second").as_deref(), Some("second"));
        assert_eq!(meant("").as_deref(), Some("second"), "there is one default");
        assert_eq!(meant("third"), None);
        assert_eq!(store.configuration(&second.id.to_string()).unwrap().unwrap().name, "second");
    }

    #[test]
    fn a_configuration_changes_in_place_and_names_are_unique() {
        let store = store();
        let first = configure(&store, None, "first", false);
        let renamed = configure(&store, Some(&first.config_id), "renamed", true);
        assert_eq!((renamed.id, renamed.default), (first.id, true));
        let config = json!({});
        let twice =
            Wanted { config_id: None, connector: "one", name: "renamed", default: false, config: &config };
        assert!(store.configure(&twice).is_err());
    }

    #[test]
    fn the_last_version_takes_the_configurations_along() {
        let store = store();
        configure(&store, None, "first", false);
        let versions = store.connectors().unwrap();
        store.uninstalled(&versions[0]).unwrap();
        assert_eq!(store.configurations(None).unwrap().len(), 1);
        store.uninstalled(&versions[1]).unwrap();
        assert!(store.configurations(None).unwrap().is_empty());
    }
}
