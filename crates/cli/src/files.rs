//! Files of the machine in place of FortiSOAR's: what is fetched is read, and what is saved goes to the current folder.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use operations::{Services, Taker, Watcher};
use serde_json::{Value, json};

use crate::{bars::Bars, params, taker::Printer};

/// The current folder.
#[derive(Default)]
pub(crate) struct Folder {
    /// Where a person sees how far a call is.
    pub(crate) bars: Option<Arc<Bars>>,
    /// Who prints what comes piece by piece.
    pub(crate) printer: Option<Arc<Printer>>,
}

impl Services for Folder {
    fn read(&self, reference: &str) -> Result<Vec<u8>, String> {
        fs::read(reference).map_err(|error| format!("{reference}: {error}"))
    }

    /// The caller removes what it is given, so it gets a copy of its own.
    fn fetch(&self, reference: &str) -> Result<(PathBuf, String), String> {
        let is_stdin = reference == params::STDIN;
        let copy = std::env::temp_dir().join(format!("fsr-docker-{}-{:x}", std::process::id(), unique()));
        let mut options = OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut from: Box<dyn io::Read> = match is_stdin {
            true => Box::new(params::stdin()?),
            false => Box::new(File::open(reference).map_err(|error| format!("{reference}: {error}"))?),
        };
        let copied =
            options.write(true).create_new(true).open(&copy).and_then(|mut to| {
                io::copy(&mut from, &mut to).inspect_err(|_| drop(fs::remove_file(&copy)))
            });
        let name = Path::new(reference).file_name().filter(|_| !is_stdin).unwrap_or_default();
        let what = if is_stdin { "Standard input" } else { reference };
        copied
            .map(|_| (copy, name.to_string_lossy().into_owned()))
            .map_err(|error| format!("{what}: {error}"))
    }

    fn save(&self, path: &Path, filename: &str, description: &str) -> Result<Value, String> {
        let saved = save(path, filename).map_err(|error| format!("{filename}: {error}"))?;
        Ok(json!({"name": description, "file": {"filename": saved.display().to_string()}}))
    }

    fn taker(&self) -> Option<Arc<dyn Taker>> {
        let printer = self.printer.clone()?;
        printer.asked();
        Some(printer)
    }

    fn watcher(&self) -> Option<Arc<dyn Watcher>> {
        self.bars.clone().map(|bars| bars as Arc<dyn Watcher>)
    }
}

/// Copies a file into the current folder, never over one that is there: `web.tar`, `web.1.tar`, ...
fn save(path: &Path, filename: &str) -> io::Result<PathBuf> {
    let name = Path::new(filename).file_name().map_or_else(|| "file".into(), PathBuf::from);
    let (stem, extension) = (name.file_stem().unwrap_or_default().to_string_lossy(), name.extension());
    let numbered = |number: usize| match extension {
        Some(extension) => PathBuf::from(format!("{stem}.{number}.{}", extension.to_string_lossy())),
        None => PathBuf::from(format!("{stem}.{number}")),
    };
    for target in std::iter::once(name.clone()).chain((1..10_000).map(numbered)) {
        match File::create_new(&target) {
            Ok(mut file) => {
                io::copy(&mut File::open(path)?, &mut file)?;
                return Ok(target);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn unique() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}
