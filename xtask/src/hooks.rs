//! `cargo xtask hooks`: git runs the checks of the sources before each commit.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Result, ensure};

use crate::command::{at_root, capture};
use crate::paths;

/// What git runs. It looks at the files as they are in the work tree.
const HOOK: &str = "#!/bin/sh\n# Made by cargo xtask hooks; git commit --no-verify goes without.\nexec cargo xtask test --sources\n";

/// Writes the hook where git looks for it. A hook of another kind stays as it is.
pub(crate) fn install() -> Result<()> {
    let folder = capture(at_root("git").args(["rev-parse", "--git-path", "hooks"]))?;
    let hook = paths::root().join(folder.trim()).join("pre-commit");
    write(&hook)?;
    println!("Before each commit, git runs the checks of the sources: {}", hook.display());
    Ok(())
}

fn write(hook: &Path) -> Result<()> {
    let there = fs::read_to_string(hook).ok();
    ensure!(
        there.is_none_or(|there| there == HOOK) && (!hook.exists() || hook.is_file()),
        "There is another hook: {}. Nothing was changed. Add a line to it: cargo xtask test --sources",
        hook.display()
    );
    if let Some(folder) = hook.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(hook, HOOK)?;
    Ok(fs::set_permissions(hook, fs::Permissions::from_mode(0o755))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_is_written_once_and_never_over_another() {
        let folder = std::env::temp_dir().join(format!("hooks-{}", std::process::id()));
        let hook = folder.join("hooks/pre-commit");
        write(&hook).unwrap();
        write(&hook).unwrap();
        assert_eq!(fs::metadata(&hook).unwrap().permissions().mode() & 0o777, 0o755);
        fs::write(&hook, "another").unwrap();
        assert!(write(&hook).unwrap_err().to_string().contains("another hook"));
        assert_eq!(fs::read_to_string(&hook).unwrap(), "another");
        fs::remove_dir_all(&folder).unwrap();
    }
}
