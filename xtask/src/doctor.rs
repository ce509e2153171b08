//! `cargo xtask doctor`: what this machine lacks for the demo and the tests, and how to get it. It changes nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::command::{capture, find};
use crate::machine;
use crate::paths;
use crate::pythons;
use crate::system;

/// The oldest cargo; `rust-version` in Cargo.toml.
const CARGO: (u32, u32) = (1, 91);

/// What the demo takes, and the tests besides, in GiB.
const DISK: (u64, u64) = (5, 15);

/// Less than this, in GiB, and the linker may be killed.
const MEMORY: u64 = 3;

/// What is looked at, and what was found of it.
enum Finding {
    Good(String),
    /// Something is lost, and the rest works.
    Lost(String),
    /// Neither demo nor tests work.
    Missing(String),
}
use Finding::{Good, Lost, Missing};

/// Says all of it; false where something is missing without which nothing works.
pub(crate) fn run() -> bool {
    let findings = [
        ("cargo", cargo()),
        ("C compiler", compiler()),
        ("Python", python()),
        ("root", root()),
        ("programs", programs()),
        ("namespaces", namespaces()),
        ("overlay", overlay()),
        ("cgroups", cgroups()),
        ("disk", disk()),
        ("memory", memory()),
        ("crates.io", crates()),
        ("Debian", debian()),
        ("PyPI", pypi()),
    ];
    let mut works = true;
    for (what, finding) in findings {
        let (mark, said) = match finding {
            Good(said) => ("ok", said),
            Lost(said) => ("less", said),
            Missing(said) => {
                works = false;
                ("MISSING", said)
            }
        };
        println!("{mark:>8}  {what}: {said}");
    }
    println!(
        "{}",
        if works { "The demo and the tests should work here." } else { "What is missing comes first." }
    );
    works
}

fn cargo() -> Finding {
    let Ok(said) = capture(crate::command::cargo().arg("--version")) else {
        return Missing("cargo does not run. Get it from https://rustup.rs".into());
    };
    let mut numbers =
        said.split(' ').nth(1).unwrap_or_default().split('.').map_while(|part| part.parse().ok());
    match numbers.next().zip(numbers.next()) {
        Some(version) if version >= CARGO => Good(said.trim().into()),
        _ => Missing(format!("{} is older than {}.{}: rustup update stable", said.trim(), CARGO.0, CARGO.1)),
    }
}

fn compiler() -> Finding {
    match find("cc") {
        Some(path) => Good(path.display().to_string()),
        None => Missing("apt-get install gcc libc6-dev".into()),
    }
}

fn python() -> Finding {
    match pythons::all() {
        Ok(found) => Good(found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        Err(fault) => Missing(format!("{fault:#}")),
    }
}

fn root() -> Finding {
    if rustix::process::geteuid().is_root() {
        return Good("this is root".into());
    }
    Missing(
        "private engines need root: sudo env \"PATH=$PATH\" \"HOME=$HOME\" cargo xtask ... \
             (cargo xtask demo --engine URL does without)"
            .into(),
    )
}

fn programs() -> Finding {
    let needed =
        [system::PROGRAMS, &[("apt-get", "apt"), ("dpkg-deb", "dpkg"), ("tar", "tar"), ("git", "git")]]
            .concat();
    let missing: Vec<_> = needed.iter().filter(|(program, _)| find(program).is_none()).collect();
    if missing.is_empty() {
        return Good(needed.iter().map(|(program, _)| *program).collect::<Vec<_>>().join(", "));
    }
    let of = |part: fn(&(&'static str, &'static str)) -> &'static str| {
        missing.iter().map(|pair| part(pair)).collect::<Vec<_>>().join(" ")
    };
    Missing(format!("no {}: apt-get install {}", of(|pair| pair.0), of(|pair| pair.1)))
}

/// In namespaces that are gone at once.
fn unshared(script: &str) -> Result<String> {
    let namespaces = ["--net", "--mount", "--pid", "--fork", "--mount-proc"];
    capture(Command::new("unshare").args(namespaces).args(["sh", "-ec", script]))
}

fn namespaces() -> Finding {
    match unshared("true") {
        Ok(_) => Good("network, mount and process namespaces can be made".into()),
        Err(fault) => Missing(format!(
            "namespaces cannot be made ({fault:#}). In a container, run it with --privileged"
        )),
    }
}

fn overlay() -> Finding {
    let script = "mount -t tmpfs tmpfs /mnt; cd /mnt; mkdir low up work all; \
                  mount -t overlay overlay -o lowerdir=low,upperdir=up,workdir=work all";
    match unshared(script) {
        Ok(_) => Good("overlays can be mounted".into()),
        Err(fault) => Missing(format!("no overlay can be mounted ({fault:#}): modprobe overlay")),
    }
}

fn cgroups() -> Finding {
    let folder = Path::new("/sys/fs/cgroup");
    if folder.join("cgroup.controllers").exists() {
        Good("version 2".into())
    } else if folder.join("memory").exists() {
        Good("version 1".into())
    } else {
        Missing("nothing is mounted at /sys/fs/cgroup: mount -t cgroup2 cgroup /sys/fs/cgroup".into())
    }
}

fn disk() -> Finding {
    let target = paths::target();
    let there = target.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let answer = capture(Command::new("df").args(["--output=avail", "-BG"]).arg(there)).unwrap_or_default();
    let free = answer.lines().nth(1).and_then(|line| line.trim().trim_end_matches('G').parse::<u64>().ok());
    let said = format!("for {}; CARGO_TARGET_DIR may name another folder", target.display());
    match free {
        Some(free) if free < DISK.0 => {
            Missing(format!("{free} GiB, of {} that the demo takes, {said}", DISK.0))
        }
        Some(free) if free < DISK.1 => Lost(format!("{free} GiB, of {} that all tests take, {said}", DISK.1)),
        Some(free) => Good(format!("{free} GiB for {}", target.display())),
        None => Lost("df does not say how much room there is".into()),
    }
}

fn memory() -> Finding {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")?.trim().strip_suffix(" kB"));
    match kib.and_then(|kib| kib.parse::<u64>().ok()).map(|kib| kib / 1024 / 1024) {
        Some(free) if free < MEMORY => Lost(format!(
            "{free} GiB are available; a build may need {MEMORY}: CARGO_BUILD_JOBS=1 needs less"
        )),
        Some(free) => Good(format!("{free} GiB are available")),
        None => Lost("/proc/meminfo does not say how much there is".into()),
    }
}

/// Asks for one crate that we have anyway.
fn crates() -> Finding {
    let question = crate::command::cargo().args(["info", "--quiet", "anyhow"]).current_dir("/").output();
    match question {
        Ok(answer) if answer.status.success() => Good("cargo reaches its registry".into()),
        _ => Lost("cargo info anyhow fails: see `source` and `http.proxy` in ~/.cargo/config.toml".into()),
    }
}

/// Asks for apt's lists, into a folder that is gone afterwards.
fn debian() -> Finding {
    match machine::reachable() {
        Ok(()) => Good("apt reaches its mirror".into()),
        Err(fault) => Missing(format!("apt cannot reach its mirror, see /etc/apt/sources.list: {fault:#}")),
    }
}

/// Asks for the versions of one package.
fn pypi() -> Finding {
    let Ok(python) = pythons::newest() else { return Lost("there is no Python to ask with".into()) };
    let pip = |arguments: &[&str]| capture(Command::new(&python.program).args(["-m", "pip"]).args(arguments));
    if pip(&["--version"]).is_err() {
        return Good("not asked, as this Python has no pip; Debian's is fetched where one is needed".into());
    }
    match pip(&["--disable-pip-version-check", "--retries", "0", "index", "versions", "ruff"]) {
        Ok(_) => Good("pip reaches its index".into()),
        Err(_) => Lost(
            "pip index versions ruff fails: see PIP_INDEX_URL. cargo xtask test and package need it".into(),
        ),
    }
}
