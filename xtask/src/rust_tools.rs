//! Tools from crates.io, pinned by version and hash, and built with what their authors locked, under the target folder.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command::{at_root, capture, cargo};
use crate::once::made;
use crate::paths;

/// What cargo is asked for.
pub(crate) struct RustTool {
    name: &'static str,
    version: &'static str,
    /// Of the file that crates.io gives. The lock file in it holds the hashes of all that it is built with.
    sha256: &'static str,
}

/// Licences, sources, versions and known vulnerabilities of dependencies.
pub(crate) const DENY: RustTool = RustTool {
    name: "cargo-deny",
    version: "0.20.2",
    sha256: "e528dfcbe739af7ce37a77d3d6df1b29dd6887b1c701d888820c0f16b864f737",
};
/// Dependencies that nothing uses.
pub(crate) const MACHETE: RustTool = RustTool {
    name: "cargo-machete",
    version: "0.9.2",
    sha256: "0f134a108e6c4080e558e32421cb85c064da766937fdb5d50dfa57458edc6678",
};

/// Builds and runs the targets of libFuzzer.
pub(crate) const FUZZ: RustTool = RustTool {
    name: "cargo-fuzz",
    version: "0.13.2",
    sha256: "5acfd01930e49823e58c30dd8012d3338a620377d7c7d4cc140ca4b2169400e2",
};

impl RustTool {
    /// The program in the repository's root, built unless it is there.
    pub(crate) fn program(&self) -> Result<Command> {
        let Self { name, version, sha256 } = self;
        let folder = paths::tools().join(name);
        made(&folder, &format!("{version} {sha256}"), |unfinished| {
            eprintln!("Building {name} {version}, for target/tools");
            // Fetched and compared first: what is built runs code of its own.
            let fetched = folder.with_added_extension("fetched");
            fetch(self, &fetched)?;
            let mut install = cargo();
            install.args([
                "install",
                "--quiet",
                "--locked",
                "--no-track",
                "--version",
                &format!("={version}"),
            ]);
            install.arg("--root").arg(unfinished).arg("--target-dir").arg(&fetched).arg(name);
            capture(&mut install).with_context(|| format!("cargo cannot install {name}"))?;
            Ok(fs::remove_dir_all(fetched)?)
        })?;
        Ok(at_root(folder.join("bin").join(name)))
    }
}

/// Has cargo fetch the tool's package, and compares its hash.
fn fetch(tool: &RustTool, folder: &Path) -> Result<()> {
    let RustTool { name, version, sha256 } = tool;
    fs::create_dir_all(folder.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"fetch\"\nedition = \"2024\"\n[dependencies]\n{name} = \"={version}\"\n[workspace]\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("src/lib.rs"), "")?;
    // The lock file takes the registry's word for the hash; the package itself is held against it when it is unpacked.
    capture(cargo().arg("fetch").current_dir(folder))
        .with_context(|| format!("cargo cannot fetch {name}"))?;
    let lock = fs::read_to_string(folder.join("Cargo.lock"))?;
    let stated = format!("name = \"{name}\"\nversion = \"{version}\"\n");
    let package = lock.split("[[package]]").find(|package| package.contains(&stated));
    ensure!(
        package.is_some_and(|package| package.contains(&format!("checksum = \"{sha256}\""))),
        "{name} {version} is not the one that is pinned in xtask/src/rust_tools.rs"
    );
    Ok(())
}
