//! Which engine docker's own command line would work with: `config.json`, and its contexts.
//!
//! `--context`, then `--host`, `DOCKER_HOST`, `DOCKER_CONTEXT` and `currentContext`. The context named default is what the flags
//! and variables say. docker writes the files; other programs do, too, so each is read as far as it can be used.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use operations::{Error, Kind};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::out;

const DEFAULT: &str = "default";

/// docker's folder, and what its `config.json` says.
pub(crate) struct DockerConfig {
    pub(crate) folder: PathBuf,
    pub(crate) file: Map<String, Value>,
}

/// Where a context leads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) host: String,
    /// TLS, where the context has files for it or says not to verify.
    pub(crate) tls: Option<Tls>,
}

/// The files of a context, and whether the engine is verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tls {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) cert: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    pub(crate) verify: bool,
}

/// What chooses an engine, on the command line and in the environment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Choice<'a> {
    pub(crate) context_flag: Option<&'a str>,
    pub(crate) context_variable: Option<&'a str>,
    pub(crate) host_flag: bool,
    pub(crate) host_variable: bool,
}

impl DockerConfig {
    /// The folder that is named, or `~/.docker`. A file that cannot be read is told, and nothing of it counts: as for docker.
    pub(crate) fn read(folder: Option<&str>) -> Self {
        let usual = || env::home_dir().unwrap_or_default().join(".docker");
        let folder = folder.map_or_else(usual, PathBuf::from);
        // Files within it are given to what wants whole paths.
        Self::of(std::path::absolute(&folder).unwrap_or(folder))
    }

    fn of(folder: PathBuf) -> Self {
        let path = folder.join("config.json");
        let file = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_else(|error| {
                out::note(format_args!(
                    "Warning: {} is not used: it is not a JSON object: {error}.",
                    path.display()
                ));
                Map::new()
            }),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    out::note(format_args!("Warning: {} cannot be read: {error}.", path.display()));
                }
                Map::new()
            }
        };
        Self { folder, file }
    }

    /// The context that counts; none is the default, which the flags and variables say.
    pub(crate) fn context(&self, choice: Choice<'_>) -> Result<Option<Context>, Error> {
        if choice.context_flag.is_some() && choice.host_flag {
            return Err(fault("--host and --context cannot be used together. Leave one of them out"));
        }
        let current = self.file.get("currentContext").and_then(Value::as_str).filter(|name| !name.is_empty());
        let (name, from) = if let Some(name) = choice.context_flag {
            (name, "--context")
        } else if choice.host_flag || choice.host_variable {
            return Ok(None);
        } else if let Some(name) = choice.context_variable {
            (name, "DOCKER_CONTEXT")
        } else if let Some(name) = current {
            (name, "currentContext in config.json")
        } else {
            return Ok(None);
        };
        if name == DEFAULT { Ok(None) } else { self.load(name, from).map(Some) }
    }

    fn load(&self, name: &str, from: &str) -> Result<Context, Error> {
        let hash = folder_of(name);
        let meta = self.folder.join("contexts/meta").join(&hash).join("meta.json");
        let shown: String = name.chars().take(60).collect();
        let text = fs::read_to_string(&meta).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => fault(&format!(
                "The context {shown:?}, which {from} names, does not exist in {}. docker context ls shows which do",
                self.folder.display()
            )),
            _ => fault(&format!("The context {shown:?} cannot be read: {}: {error}", meta.display())),
        })?;
        let damaged =
            |why: &str| fault(&format!("The context {shown:?} cannot be used: {} {why}", meta.display()));
        let meta: Value =
            serde_json::from_str(&text).map_err(|error| damaged(&format!("is not JSON: {error}")))?;
        let endpoint = &meta["Endpoints"]["docker"];
        let host =
            endpoint["Host"].as_str().ok_or_else(|| damaged("names no engine in Endpoints.docker.Host"))?;
        let folder = self.folder.join("contexts/tls").join(&hash).join("docker");
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        let (ca, cert, key) = (file("ca.pem"), file("cert.pem"), file("key.pem"));
        let skips = match &endpoint["SkipTLSVerify"] {
            Value::Bool(skips) => *skips,
            // What is not there verifies.
            _ => false,
        };
        let has_tls = skips || ca.is_some() || cert.is_some() || key.is_some();
        Ok(Context { host: host.to_owned(), tls: has_tls.then_some(Tls { ca, cert, key, verify: !skips }) })
    }

    /// The folder's own certificates: docker uses them where TLS is on and `DOCKER_CERT_PATH` is not set.
    pub(crate) fn certificates(&self) -> &Path {
        &self.folder
    }

    /// `HttpHeaders` and `DOCKER_CUSTOM_HEADERS`, which wins: what a proxy in front of the engine asks for.
    pub(crate) fn headers(&self) -> Map<String, Value> {
        let custom = env::var("DOCKER_CUSTOM_HEADERS").unwrap_or_default();
        if custom.is_empty() {
            return self.file.get("HttpHeaders").and_then(Value::as_object).cloned().unwrap_or_default();
        }
        let pairs = custom.split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.trim().to_owned(), value.trim().into())).collect()
    }
}

/// The folder of a context: the SHA-256 of its name, which cannot lead elsewhere.
fn folder_of(name: &str) -> String {
    hex::encode(Sha256::digest(name))
}

fn fault(text: &str) -> Error {
    Error::new(Kind::InvalidConfiguration, format!("{text}. Nothing was sent."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_is_dockers() {
        let folder = env::temp_dir().join(format!("fsr-docker-contexts-{}", std::process::id()));
        for name in ["flag", "variable", "current"] {
            let meta = folder.join("contexts/meta").join(folder_of(name));
            fs::create_dir_all(&meta).unwrap();
            let text = json!({"Name": name, "Endpoints": {"docker": {"Host": format!("tcp://{name}:1"), "SkipTLSVerify": name == "flag"}}});
            fs::write(meta.join("meta.json"), text.to_string()).unwrap();
        }
        let file = json!({"currentContext": "current"}).as_object().unwrap().clone();
        let config = DockerConfig { folder: folder.clone(), file };
        let (flag, variable) = (Some("flag"), Some("variable"));
        for (context_flag, host_flag, host_variable, context_variable, expected) in [
            (flag, false, true, variable, Some("tcp://flag:1")),
            (None, true, false, variable, None),
            (None, false, true, variable, None),
            (None, false, false, variable, Some("tcp://variable:1")),
            (None, false, false, None, Some("tcp://current:1")),
            (None, false, false, Some("default"), None),
        ] {
            let choice = Choice { context_flag, context_variable, host_flag, host_variable };
            let context = config.context(choice).unwrap();
            assert_eq!(context.as_ref().map(|context| context.host.as_str()), expected, "{choice:?}");
            if let Some(context) = context {
                assert_eq!(
                    context.tls.map(|tls| tls.verify),
                    (expected == Some("tcp://flag:1")).then_some(false)
                );
            }
        }
        for choice in [
            Choice { context_flag: flag, host_flag: true, ..Choice::default() },
            Choice { context_flag: Some("../../etc"), ..Choice::default() },
            Choice { context_variable: Some("gone"), ..Choice::default() },
        ] {
            assert_eq!(config.context(choice).unwrap_err().kind(), Kind::InvalidConfiguration);
        }
        fs::remove_dir_all(folder).unwrap();
    }
}
