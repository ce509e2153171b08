//! Where things lie: the repository, and what xtask makes under its target folder.

use std::env;
use std::path::{Path, PathBuf};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Cargo's target folder, where the user wants it.
pub(crate) fn target() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Debian packages and systems, unpacked.
pub(crate) fn machine() -> PathBuf {
    target().join("machine")
}

/// Python packages and the tools in them.
pub(crate) fn tools() -> PathBuf {
    target().join("tools")
}

/// The private engines.
pub(crate) fn engines() -> PathBuf {
    target().join("engine")
}

/// Logs and unpacked packages of xtask's own runs.
pub(crate) fn runs() -> PathBuf {
    target().join("xtask")
}
