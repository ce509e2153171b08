//! Debian packages for our own use: downloaded and unpacked under the target folder, never installed.
//!
//! apt is given its own lists and cache, and none of the hooks that the machine's configuration may hang on it, so that
//! nothing outside the target folder changes. Only what the machine lacks is fetched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::command::{capture, ended_well, line, require};
use crate::once::{made, remove};
use crate::paths;

/// A folder with what the machine lacks of these packages and their dependencies, unpacked once and kept.
pub(crate) fn unpacked(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let root = paths::machine().join(name);
    made(&root, &packages.join(" "), |unfinished| {
        require(
            &[("apt-get", "apt"), ("dpkg-deb", "dpkg"), ("tar", "tar")],
            "Fetching Debian packages (on another system, see --engine URL)",
        )?;
        eprintln!("Fetching Debian packages, to be unpacked and not installed: {}", packages.join(" "));
        let download = Download::new(root.with_added_extension("download"))?;
        mirror_merged_folders(unfinished)?;
        download.fetch(packages)?.iter().try_for_each(|package| unpack(package, unfinished))
    })?;
    Ok(root)
}

/// Whether apt reaches its mirror. Nothing is kept.
pub(crate) fn reachable() -> Result<()> {
    let folder = paths::machine().join(format!("reachable-{}.download", std::process::id()));
    capture(Download::new(folder)?.apt().args(["-o", "APT::Update::Error-Mode=any", "update"])).map(drop)
}

/// apt's lists and the packages, for as long as they are needed.
struct Download {
    folder: PathBuf,
}

impl Download {
    fn new(folder: PathBuf) -> Result<Self> {
        remove(&folder)?;
        fs::create_dir_all(folder.join("lists/partial"))?;
        fs::create_dir_all(folder.join("cache/archives/partial"))?;
        let settings = format!(
            r#"Dir::State::Lists "{folder}/lists";
Dir::Cache "{folder}/cache";
Debug::NoLocking "true";
APT::Sandbox::User "root";
APT::Get::Assume-Yes "true";
APT::Install-Recommends "false";
// Hooks of the machine: they clean its cache and feed its catalogues.
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
"#,
            folder = folder.display()
        );
        fs::write(folder.join("apt.conf"), settings)?;
        Ok(Self { folder })
    }

    fn fetch(&self, packages: &[&str]) -> Result<Vec<PathBuf>> {
        capture(self.apt().arg("update")).context("the machine's apt sources cannot be read")?;
        // Also those that the machine has: they are wanted here.
        capture(self.apt().args(["install", "--download-only", "--reinstall"]).args(packages))
            .context("the machine's apt sources do not give these packages")?;
        let mut fetched = Vec::new();
        for entry in fs::read_dir(self.folder.join("cache/archives"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                fetched.push(path);
            }
        }
        Ok(fetched)
    }

    fn apt(&self) -> Command {
        let mut apt = Command::new("apt-get");
        apt.arg("-c").arg(self.folder.join("apt.conf")).env("DEBIAN_FRONTEND", "noninteractive");
        apt
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let _ = remove(&self.folder);
    }
}

/// Where the machine's /bin is a link to /usr/bin, so is ours: the folder can then be laid over the machine's root.
fn mirror_merged_folders(root: &Path) -> Result<()> {
    for name in ["bin", "sbin", "lib", "lib64"] {
        if let Ok(destination) = fs::read_link(Path::new("/").join(name)) {
            fs::create_dir_all(root.join(&destination))?;
            symlink(destination, root.join(name))?;
        }
    }
    Ok(())
}

/// As `dpkg-deb --extract`, which would put a folder in the place of a link to one.
fn unpack(package: &Path, root: &Path) -> Result<()> {
    let mut reader = Command::new("dpkg-deb");
    let mut reading = reader.arg("--fsys-tarfile").arg(package).stdout(Stdio::piped()).spawn()?;
    let mut writer = Command::new("tar");
    writer.args(["--extract", "--keep-directory-symlink", "--no-same-owner", "--directory"]).arg(root);
    if let Some(contents) = reading.stdout.take() {
        writer.stdin(contents);
    }
    capture(&mut writer)?;
    let status = reading.wait().with_context(|| line(&reader))?;
    ended_well(&reader, status)
}
