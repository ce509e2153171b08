//! Where things lie in the state folder, and the Python of the host, which is laid out there.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::error::Error;
use crate::private;

/// The host's Python, as in the repository's folder `host/`.
const PYTHON: &[(&str, &str)] = &[
    ("execute.py", include_str!("../../python/execute.py")),
    ("importer_rules.py", include_str!("../../python/importer_rules.py")),
    ("install.py", include_str!("../../python/install.py")),
    ("worker.py", include_str!("../../python/worker.py")),
    ("connectors/__init__.py", include_str!("../../python/connectors/__init__.py")),
    ("connectors/core/__init__.py", include_str!("../../python/connectors/core/__init__.py")),
    ("connectors/core/connector.py", include_str!("../../python/connectors/core/connector.py")),
    (
        "connectors/cyops_utilities/__init__.py",
        include_str!("../../python/connectors/cyops_utilities/__init__.py"),
    ),
    (
        "connectors/cyops_utilities/builtins.py",
        include_str!("../../python/connectors/cyops_utilities/builtins.py"),
    ),
    ("django/__init__.py", include_str!("../../python/django/__init__.py")),
    ("django/conf.py", include_str!("../../python/django/conf.py")),
    ("integrations/__init__.py", include_str!("../../python/integrations/__init__.py")),
    ("integrations/crudhub.py", include_str!("../../python/integrations/crudhub.py")),
    ("integrations/records.py", include_str!("../../python/integrations/records.py")),
];

/// What the names of uploads begin with.
const UPLOAD: &str = "upload-";

/// The state folder.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// Makes the folders and writes the Python of this version.
    pub(crate) fn new(folder: &Path) -> Result<Self, Error> {
        let folder = std::path::absolute(folder).map_err(Error::state(folder))?;
        let layout = Self { folder };
        for folder in [&layout.folder, &layout.root(), &layout.temporary(), &layout.records()] {
            private::folder(folder).map_err(Error::state(folder))?;
        }
        for (name, text) in PYTHON {
            let path = layout.python(name);
            if let Some(parent) = path.parent() {
                private::folder(parent).map_err(Error::state(parent))?;
            }
            private::renew(&path, text.as_bytes()).map_err(Error::state(&path))?;
        }
        layout.sweep().map_err(Error::state(&layout.temporary()))?;
        Ok(layout)
    }

    /// Removes the uploads that a killed host left.
    fn sweep(&self) -> std::io::Result<()> {
        for entry in std::fs::read_dir(self.temporary())? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UPLOAD) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// A path for an upload, which nothing else has.
    pub(crate) fn upload(&self) -> PathBuf {
        self.temporary().join(format!("{UPLOAD}{}", Uuid::new_v4()))
    }

    /// A file of the state folder itself.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// One of the host's Python programs.
    pub(crate) fn python(&self, name: &str) -> PathBuf {
        self.folder.join("python").join(name)
    }

    /// What is on the workers' Python path: the connectors and what they import.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// The folder of an installed connector.
    pub(crate) fn connector(&self, name: &str, version: &str) -> PathBuf {
        self.root().join("connectors").join(format!("{name}_{}", version.replace('.', "_")))
    }

    /// Where temporary files go.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.root().join("tmp")
    }

    /// Files and attachments; `host/integrations/records.py` has the same place.
    pub(crate) fn records(&self) -> PathBuf {
        self.root().join("records")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever adds a module to `host/` must embed it.
    #[test]
    fn every_python_file_is_embedded() {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                } else if path.extension().is_some_and(|extension| extension == "py") {
                    found.push(path);
                }
            }
        }
        let host = Path::new(env!("CARGO_MANIFEST_DIR")).join("../python");
        let mut found = Vec::new();
        walk(&host, &mut found);
        let mut found: Vec<_> =
            found.iter().map(|path| path.strip_prefix(&host).unwrap().to_str().unwrap()).collect();
        let mut embedded: Vec<_> = PYTHON.iter().map(|(name, _)| *name).collect();
        found.sort_unstable();
        embedded.sort_unstable();
        assert_eq!(found, embedded);
    }
}
