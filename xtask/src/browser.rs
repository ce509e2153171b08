//! A browser for the tests of the local host's page: the machine's Chromium, or Debian's, unpacked.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::find;
use crate::machine;
use crate::paths;

/// Chromium, what drives it, and a font to draw with.
const PACKAGES: &[&str] = &["chromium", "chromium-driver", "fonts-dejavu-core"];

/// Where a browser is.
pub(crate) struct Browser {
    chromium: PathBuf,
    driver: PathBuf,
    /// The root of what was unpacked, whose libraries and settings it needs.
    root: Option<PathBuf>,
}

impl Browser {
    /// The machine's own, or one that is fetched.
    pub(crate) fn get() -> Result<Self> {
        if let (Some(chromium), Some(driver)) = (find("chromium"), find("chromedriver")) {
            return Ok(Self { chromium, driver, root: None });
        }
        let root = machine::unpacked("chromium", PACKAGES)?;
        // Not the launcher in /usr/bin, which looks for its settings in the machine's /etc.
        let chromium = root.join("usr/lib/chromium/chromium");
        Ok(Self { chromium, driver: root.join("usr/bin/chromedriver"), root: Some(root) })
    }

    /// Tells a program's tests where the browser is.
    pub(crate) fn tell(&self, command: &mut Command) -> Result<()> {
        command.env("CHROMIUM", &self.chromium).env("CHROMEDRIVER", &self.driver);
        if let Some(root) = &self.root {
            let libraries = root.join("usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
            let rest = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
            let all =
                [libraries.join("pulseaudio"), libraries].into_iter().chain(std::env::split_paths(&rest));
            let all: OsString = std::env::join_paths(all).context("LD_LIBRARY_PATH")?;
            command.env("BROWSER_LIBRARIES", all).env("BROWSER_FONTS", fonts(root)?);
        }
        Ok(())
    }
}

/// Settings that find the fonts which were unpacked, and those of the machine, which were not.
fn fonts(root: &Path) -> Result<PathBuf> {
    let file = paths::runs().join("fonts.conf");
    std::fs::create_dir_all(paths::runs())?;
    let settings = format!(
        "<?xml version=\"1.0\"?>\n<fontconfig><dir>/usr/share/fonts</dir><dir>{}</dir><cachedir>{}</cachedir></fontconfig>\n",
        root.join("usr/share/fonts").display(),
        paths::runs().join("font-cache").display()
    );
    std::fs::write(&file, settings)?;
    Ok(file)
}
