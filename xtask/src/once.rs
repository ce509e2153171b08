//! What is costly to get is made once and kept under the target folder, whole or not at all.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

/// Makes a folder by `make`, unless it is there and was made for the same `recipe`. Runs side by side wait for each other.
pub(crate) fn made(folder: &Path, recipe: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let beside = |suffix: &str| folder.with_added_extension(suffix);
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    let lock = File::create(beside("lock"))?;
    lock.lock()?;
    let stamp = beside("recipe");
    if folder.is_dir() && fs::read_to_string(&stamp).is_ok_and(|there| there == recipe) {
        return Ok(());
    }
    let unfinished = beside("unfinished");
    remove(&unfinished)?;
    fs::create_dir(&unfinished)?;
    make(&unfinished)?;
    remove(folder)?;
    fs::rename(&unfinished, folder)?;
    Ok(fs::write(stamp, recipe)?)
}

/// Removes a folder, if it is there.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(fault) if fault.kind() != ErrorKind::NotFound => {
            Err(fault).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn a_folder_is_made_once_for_a_recipe_and_never_half() {
        let base = std::env::temp_dir().join(format!("once-{}", std::process::id()));
        let folder = base.join("tool-1.0");
        let write = |text: &'static str| move |made: &Path| Ok(fs::write(made.join("file"), text)?);
        let read = || fs::read_to_string(folder.join("file")).unwrap();

        made(&folder, "one", write("first")).unwrap();
        made(&folder, "one", |_| bail!("it is there already")).unwrap();
        assert_eq!(read(), "first");
        made(&folder, "two", |_| bail!("no network")).unwrap_err();
        assert_eq!(read(), "first", "what was there is left when its successor cannot be made");
        made(&folder, "two", write("second")).unwrap();
        assert_eq!(read(), "second");
        remove(&base).unwrap();
        remove(&base).unwrap();
    }
}
