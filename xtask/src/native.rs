//! The native module: built for glibc 2.28, which FortiSOAR's appliance has, and looked into afterwards; and static programs.
//!
//! What comes out depends on the sources and the tools alone: the paths of the machine that builds are replaced by names.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use object::elf::FileHeader64;
use object::read::elf::{Dyn, FileHeader};
use object::{Endianness, elf};

use crate::command::{at_root, capture, find};
use crate::paths;
use crate::pythons;
use crate::tools::ZIGBUILD;

/// The newest glibc that it may need.
pub(crate) const GLIBC: (u32, u32) = (2, 28);
/// All are glibc's, but for the unwinder.
const ALLOWED_LIBRARIES: [&str; 8] = [
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libpthread.so.0",
    "librt.so.1",
];

/// A processor to build for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "verbatim")]
pub(crate) enum Machine {
    /// That of most servers, and of FortiSOAR's appliance.
    #[value(name = "x86_64")]
    X86_64,
    /// 64-bit ARM.
    #[value(name = "aarch64")]
    Aarch64,
}

impl Machine {
    /// Its name, as `uname -m` gives it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }

    /// What the module is built for.
    pub(crate) fn target(self) -> String {
        format!("{}-unknown-linux-gnu", self.name())
    }

    /// What a static program is built for.
    pub(crate) fn static_target(self) -> String {
        format!("{}-unknown-linux-musl", self.name())
    }

    fn elf(self) -> elf::Machine {
        match self {
            Self::X86_64 => elf::EM_X86_64,
            Self::Aarch64 => elf::EM_AARCH64,
        }
    }
}

/// A checkout, and where cargo builds it.
pub(crate) struct Checkout {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Checkout {
    /// This one.
    pub(crate) fn ours() -> Self {
        Self { root: paths::root(), target: paths::target() }
    }
}

type Run<'a> = &'a mut dyn FnMut(&mut Command) -> Result<()>;

/// Builds the module, makes sure that it runs where it must, and answers where it is.
/// `run` runs the programs.
pub(crate) fn build(machine: Machine, checkout: &Checkout, run: Run<'_>) -> Result<PathBuf> {
    let ((major, minor), target) = (GLIBC, machine.target());
    eprintln!("Building the native module for {target} with glibc {major}.{minor}");
    zigbuild(&["--package", "python"], &target, &format!("{target}.{major}.{minor}"), checkout, run)?;
    let module = checkout.target.join(&target).join("release/lib_engine.so");
    let data = fs::read(&module)?;
    let needs = Needs::of(&data).with_context(|| format!("cannot look into {}", module.display()))?;
    needs.check(machine)?;
    check_paths(&data, &places(checkout)?)?;
    let (major, minor) = needs.glibc;
    let libraries = needs.libraries.join(", ");
    eprintln!("The native module has {} bytes and needs glibc {major}.{minor}: {libraries}", data.len());
    Ok(module)
}

/// Builds `fsr-docker` as a program that needs no library, and answers where it is.
pub(crate) fn build_program(machine: Machine, run: Run<'_>) -> Result<PathBuf> {
    let target = machine.static_target();
    eprintln!("Building fsr-docker for {target}");
    let checkout = Checkout::ours();
    zigbuild(&["--package", "cli"], &target, &target, &checkout, run)?;
    let program = checkout.target.join(&target).join("release/fsr-docker");
    let data = fs::read(&program)?;
    let needs = Needs::of(&data).with_context(|| format!("cannot look into {}", program.display()))?;
    ensure!(needs.libraries.is_empty(), "{} is not static: {needs:?}", program.display());
    needs.check(machine)?;
    check_paths(&data, &places(&checkout)?)?;
    Ok(program)
}

/// Builds with the release profile. `target` is what Rust calls it; `wanted` may name a version of glibc, too.
fn zigbuild(what: &[&str], target: &str, wanted: &str, checkout: &Checkout, run: Run<'_>) -> Result<()> {
    let zigbuild = ZIGBUILD.install(&pythons::newest()?)?;
    let libraries = sysroot()?.join("lib/rustlib").join(target);
    if !libraries.is_dir() {
        ensure!(
            find("rustup").is_some(),
            "Rust's library for {target} is not here ({}), and there is no rustup to get it",
            libraries.display()
        );
        run(at_root("rustup").args(["target", "add", target]))
            .with_context(|| format!("rustup cannot get Rust's library for {target}"))?;
    }
    let places = places(checkout)?;
    let rust: Vec<_> =
        places.iter().map(|(path, name)| format!("--remap-path-prefix={path}={name}")).collect();
    let c: Vec<_> = places.iter().map(|(path, name)| format!("-ffile-prefix-map={path}={name}")).collect();
    run(at_root(zigbuild.path("bin/cargo-zigbuild"))
        .args(["zigbuild", "--release", "--locked", "--target", wanted])
        .args(what)
        .current_dir(&checkout.root)
        .env("CARGO_TARGET_DIR", &checkout.target)
        // In place of the user's own, which would show in what comes out.
        .env("CARGO_ENCODED_RUSTFLAGS", rust.join("\u{1f}"))
        .env("CFLAGS", c.join(" "))
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_ZIGBUILD_ZIG_PATH", zigbuild.path("ziglang/zig"))
        .env("CARGO_ZIGBUILD_CACHE_DIR", paths::tools().join("cache"))
        .env("ZIG_GLOBAL_CACHE_DIR", paths::tools().join("cache/zig")))
}

/// The paths of this machine that a compiler writes into what it makes, and the names that stand for them. The last that fits
/// counts, so that a path within another comes after it.
fn places(checkout: &Checkout) -> Result<Vec<(String, &'static str)>> {
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let of = |variable: &str, usual: &str| env::var_os(variable).map_or(home.join(usual), PathBuf::from);
    let mut places = vec![
        (home.clone(), "/home"),
        (of("CARGO_HOME", ".cargo"), "/cargo"),
        (of("RUSTUP_HOME", ".rustup"), "/rustup"),
        (sysroot()?, "/rust"),
        (checkout.root.clone(), "/connector"),
        (checkout.target.clone(), "/target"),
    ];
    places.retain(|(path, _)| path.parent().is_some());
    let text = |(path, name): (PathBuf, &'static str)| Some((path.to_str()?.to_owned(), name));
    places.into_iter().map(text).collect::<Option<_>>().context("a path of this machine is not UTF-8")
}

fn sysroot() -> Result<PathBuf> {
    Ok(capture(at_root("rustc").args(["--print", "sysroot"]))?.trim().into())
}

/// Refuses what still holds a path of this machine.
fn check_paths(data: &[u8], places: &[(String, &str)]) -> Result<()> {
    for (path, _) in places {
        let path = format!("{path}/");
        if let Some(at) = data.windows(path.len()).position(|window| window == path.as_bytes()) {
            let found = String::from_utf8_lossy(&data[at..data.len().min(at + 120)]).into_owned();
            anyhow::bail!("what was built holds a path of this machine: {found}");
        }
    }
    Ok(())
}

/// What a shared library wants of the machine that loads it.
#[derive(Debug, Default)]
struct Needs {
    machine: elf::Machine,
    glibc: (u32, u32),
    libraries: Vec<String>,
}

impl Needs {
    fn of(data: &[u8]) -> Result<Self> {
        let header = FileHeader64::<Endianness>::parse(data)?;
        let endian = header.endian()?;
        let sections = header.sections(endian, data)?;
        let mut needs = Self { machine: header.e_machine(endian), ..Self::default() };
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

    fn check(&self, machine: Machine) -> Result<()> {
        ensure!(self.machine == machine.elf(), "this is not for {}: {self:?}", machine.name());
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
        let needs = Needs::of(&fs::read(env::current_exe().unwrap()).unwrap()).unwrap();
        assert!(needs.libraries.contains(&"libc.so.6".to_owned()), "{needs:?}");
        assert!(needs.glibc >= (2, 2), "{needs:?}");
    }

    #[test]
    fn refuses_a_newer_glibc_and_foreign_libraries() {
        let for_x86 = Needs { machine: elf::EM_X86_64, ..Needs::default() };
        let check = |needs: &Needs| needs.check(Machine::X86_64);
        let mut needs =
            Needs { libraries: vec!["libc.so.6".into()], machine: elf::EM_X86_64, ..Needs::default() };
        for version in ["GLIBC_2.2.5", "GLIBC_2.28", "GLIBC_PRIVATE", "GCC_3.0"] {
            needs.note(version);
        }
        assert_eq!(needs.glibc, (2, 28));
        check(&needs).unwrap();
        assert!(needs.check(Machine::Aarch64).unwrap_err().to_string().contains("not for aarch64"));
        needs.note("GLIBC_2.29");
        assert!(check(&needs).unwrap_err().to_string().contains("2.29"));

        let needs = Needs { libraries: vec!["libssl.so.3".into()], ..for_x86 };
        assert!(check(&needs).unwrap_err().to_string().contains("libssl.so.3"));
    }

    #[test]
    fn a_path_of_this_machine_is_found() {
        let places = [("/home/ada".to_owned(), "/home")];
        check_paths(b"/home/adam/src and /cargo/registry", &places).unwrap();
        let fault = check_paths(b"....../home/ada/connector/src/lib.rs", &places).unwrap_err().to_string();
        assert!(fault.contains("/home/ada/connector/src/lib.rs"), "{fault}");
        assert!(
            super::places(&Checkout::ours())
                .unwrap()
                .iter()
                .any(|(path, name)| *name == "/connector" && std::path::Path::new(path).is_dir())
        );
    }
}
