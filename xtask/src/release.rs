//! `cargo xtask release`: all that a release gives out, for each machine. And whether others can make the same bytes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum as _};

use crate::command::{at_root, capture, show};
use crate::native::{Checkout, Machine};
use crate::once::remove;
use crate::packaging::{self, Options as PackageOptions};
use crate::paths;

/// How to make a release.
#[derive(Args)]
pub(crate) struct Options {
    /// Sign each file of digests with this private key: Ed25519, PEM (PKCS#8).
    #[arg(long, value_name = "KEYFILE")]
    sign: Option<PathBuf>,
}

/// Makes the packages and the programs for each machine, with their digests.
pub(crate) fn run(options: &Options) -> Result<()> {
    for machine in Machine::value_variants() {
        let options = PackageOptions::for_release(*machine, options.sign.clone());
        packaging::build(&options, &mut show)?;
        packaging::program(&options, &mut show)?;
    }
    Ok(())
}

/// Builds the package once more, in another folder where nothing is built yet, and fails unless it is the same, byte for byte.
pub(crate) fn compare(package: &Path, run: &mut dyn FnMut(&mut Command) -> Result<()>) -> Result<()> {
    let base = paths::runs().join("again");
    remove(&base)?;
    // Another depth, another length.
    let root = base.join("some/other/folder");
    copy(&root)?;
    let checkout = Checkout { target: base.join("built"), root };
    let again = packaging::build_of(&checkout, &PackageOptions::new(base.join("package")), run)?;
    ensure!(
        fs::read(package)? == fs::read(&again)?,
        "Two builds of the same files differ. To see how: diffoscope {} {}",
        package.display(),
        again.display()
    );
    remove(&base)
}

/// The files of this checkout as they are, with the same history.
fn copy(root: &Path) -> Result<()> {
    fs::create_dir_all(root)?;
    let git = |arguments: &[&str]| capture(at_root("git").args(arguments));
    capture(Command::new("git").args(["clone", "--quiet", "--no-checkout"]).arg(paths::root()).arg(root))?;
    let head = git(&["rev-parse", "HEAD"])?;
    capture(Command::new("git").current_dir(root).args(["checkout", "--quiet", "--detach", head.trim()]))?;
    for kind in ["--modified", "--others"] {
        for name in git(&["ls-files", "-z", "--exclude-standard", kind])?.split_terminator('\0') {
            let (from, to) = (paths::root().join(name), root.join(name));
            if from.exists() {
                fs::create_dir_all(to.parent().unwrap_or(root))?;
                fs::copy(from, to)?;
            } else {
                fs::remove_file(to)?;
            }
        }
    }
    Ok(())
}
