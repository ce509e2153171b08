//! The native module: built for glibc 2.28, which FortiSOAR's appliance has, and looked into afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use object::elf::FileHeader64;
use object::read::elf::{Dyn, FileHeader};
use object::{Endianness, elf};

use crate::command::at_root;
use crate::paths;
use crate::pythons;
use crate::tools::ZIGBUILD;

/// What the module is built for.
pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The newest glibc that it may need.
pub(crate) const GLIBC: (u32, u32) = (2, 28);
/// All are glibc's, but for the unwinder.
const ALLOWED_LIBRARIES: [&str; 7] = [
    "ld-linux-x86-64.so.2",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
];

/// Builds the module, makes sure that it runs where it must, and answers where it is.
/// `run` runs the programs.
pub(crate) fn build(run: &mut dyn FnMut(&mut Command) -> Result<()>) -> Result<PathBuf> {
    let zigbuild = ZIGBUILD.install(&pythons::newest()?)?;
    let (major, minor) = GLIBC;
    eprintln!("Building the native module for {TARGET} with glibc {major}.{minor}");
    run(at_root(zigbuild.path("bin/cargo-zigbuild"))
        .args(["zigbuild", "--release", "--package", "python"])
        .args(["--target", &format!("{TARGET}.{major}.{minor}")])
        .env("CARGO_ZIGBUILD_ZIG_PATH", zigbuild.path("ziglang/zig"))
        .env("CARGO_ZIGBUILD_CACHE_DIR", paths::tools().join("cache"))
        .env("ZIG_GLOBAL_CACHE_DIR", paths::tools().join("cache/zig")))?;
    let module = paths::target().join(TARGET).join("release/lib_engine.so");
    let needs = Needs::of(&module).with_context(|| format!("cannot look into {}", module.display()))?;
    needs.check()?;
    let size = fs::metadata(&module)?.len();
    let (major, minor) = needs.glibc;
    let libraries = needs.libraries.join(", ");
    eprintln!("The native module has {size} bytes and needs glibc {major}.{minor}: {libraries}");
    Ok(module)
}

/// What a shared library wants of the machine that loads it.
#[derive(Debug, Default)]
struct Needs {
    glibc: (u32, u32),
    libraries: Vec<String>,
}

impl Needs {
    fn of(library: &Path) -> Result<Self> {
        let data = fs::read(library)?;
        let data = data.as_slice();
        let header = FileHeader64::<Endianness>::parse(data)?;
        let endian = header.endian()?;
        let sections = header.sections(endian, data)?;
        let mut needs = Self::default();
        if let Some((entries, strings)) = sections.dynamic(endian, data)? {
            let strings = sections.strings(endian, data, strings)?;
            for entry in entries.iter().filter(|entry| entry.tag(endian) == elf::DT_NEEDED) {
                needs.libraries.push(String::from_utf8_lossy(entry.string(endian, strings)?).into_owned());
            }
        }
        if let Some((mut wanted, strings)) = sections.gnu_verneed(endian, data)? {
            let strings = sections.strings(endian, data, strings)?;
            while let Some((_, mut versions)) = wanted.next()? {
                while let Some(version) = versions.next()? {
                    needs.note(&String::from_utf8_lossy(version.name(endian, strings)?));
                }
            }
        }
        Ok(needs)
    }

    fn note(&mut self, symbol_version: &str) {
        let Some(numbers) = symbol_version.strip_prefix("GLIBC_") else { return };
        let mut numbers = numbers.split('.').map_while(|number| number.parse().ok());
        if let (Some(major), Some(minor)) = (numbers.next(), numbers.next()) {
            self.glibc = self.glibc.max((major, minor));
        }
    }

    fn check(&self) -> Result<()> {
        ensure!(
            self.glibc <= GLIBC,
            "the native module needs glibc {}.{}; FortiSOAR's appliance has {}.{}",
            self.glibc.0,
            self.glibc.1,
            GLIBC.0,
            GLIBC.1
        );
        let foreign: Vec<_> =
            self.libraries.iter().filter(|library| !ALLOWED_LIBRARIES.contains(&library.as_str())).collect();
        ensure!(
            foreign.is_empty(),
            "the native module needs libraries that not every machine has: {foreign:?}"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_into_a_real_binary() {
        let needs = Needs::of(&std::env::current_exe().unwrap()).unwrap();
        assert!(needs.libraries.contains(&"libc.so.6".to_owned()), "{needs:?}");
        assert!(needs.glibc >= (2, 2), "{needs:?}");
    }

    #[test]
    fn refuses_a_newer_glibc_and_foreign_libraries() {
        let mut needs = Needs { libraries: vec!["libc.so.6".into()], ..Needs::default() };
        for version in ["GLIBC_2.2.5", "GLIBC_2.28", "GLIBC_PRIVATE", "GCC_3.0"] {
            needs.note(version);
        }
        assert_eq!(needs.glibc, (2, 28));
        needs.check().unwrap();
        needs.note("GLIBC_2.29");
        assert!(needs.check().unwrap_err().to_string().contains("2.29"));

        let needs = Needs { libraries: vec!["libssl.so.3".into()], ..Needs::default() };
        assert!(needs.check().unwrap_err().to_string().contains("libssl.so.3"));
    }
}
