//! What a private engine runs on, and which it is: this machine with Docker added, or a newer Debian made for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command::{capture, require};
use crate::machine;
use crate::once::made;
use crate::paths;

/// What an engine needs: Docker; a first process; its default bridge's filter; the image's contents; a relay for plain TCP;
/// a `ps` to list a container's processes.
const PACKAGES: [&str; 6] = ["docker.io", "tini", "iptables", "busybox-static", "socat", "procps"];

/// What Podman needs besides: what makes its networks, and a container's init.
const PODMAN: [&str; 5] = ["podman", "netavark", "aardvark-dns", "nftables", "catatonit"];

/// The release of Debian that Podman is tested on, unless another is asked for.
pub(crate) const PODMANS_RELEASE: &str = "sid";

/// What an engine needs of the machine, and the packages that have it.
pub(crate) const PROGRAMS: &[(&str, &str)] =
    &[("unshare", "util-linux"), ("nsenter", "util-linux"), ("setpriv", "util-linux"), ("mount", "mount")];

/// Which engine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Daemon {
    /// `dockerd`.
    Docker,
    /// `podman system service`, which speaks Docker's API too.
    Podman,
}

impl Daemon {
    /// The engine's name, for people and for its first process.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
        }
    }
}

/// A root to run in, packages to add to it, and what runs there.
pub(crate) struct System {
    /// The engine.
    pub(crate) daemon: Daemon,
    /// The root. The engine writes to memory that is laid over it.
    pub(crate) base: PathBuf,
    /// Unpacked packages that the base lacks.
    pub(crate) packages: Option<PathBuf>,
    /// A `dockerd` of the user's in place of the system's, with what lies beside it.
    pub(crate) dockerd: Option<PathBuf>,
}

impl System {
    /// The newer systems that can be had, with Docker 26.1 and 28.5.
    pub(crate) const RELEASES: [&'static str; 2] = ["trixie", "sid"];

    /// This machine; Debian 12 brings Docker 20.10.
    pub(crate) fn this_machine() -> Result<Self> {
        require_root()?;
        let packages = machine::unpacked("docker", &PACKAGES)?;
        Ok(Self { daemon: Daemon::Docker, base: PathBuf::from("/"), packages: Some(packages), dockerd: None })
    }

    /// A release of Debian, installed into a folder once and kept.
    pub(crate) fn debian(release: &str) -> Result<Self> {
        require_root()?;
        let base = paths::machine().join(release);
        let include = PACKAGES.iter().chain(&PODMAN).copied().collect::<Vec<_>>().join(",");
        made(&base, &include, |unfinished| {
            let tools = machine::unpacked("debootstrap", &["debootstrap"])?;
            eprintln!("Installing Debian {release} into {}", base.display());
            let mut debootstrap = debootstrap(&tools)?;
            debootstrap.args(["--variant=minbase", &format!("--include={include}"), release]).arg(unfinished);
            if let Some(mirror) = mirror() {
                debootstrap.arg(mirror);
            }
            capture(&mut debootstrap).with_context(|| format!("Debian {release} cannot be installed"))?;
            Ok(())
        })?;
        Ok(Self { daemon: Daemon::Docker, base, packages: None, dockerd: None })
    }

    /// A release of Debian, with Podman: bookworm has 4.3, trixie 5.4, sid 5.8.
    pub(crate) fn podman(release: &str) -> Result<Self> {
        Ok(Self { daemon: Daemon::Podman, ..Self::debian(release)? })
    }

    /// This machine, with this `dockerd`. Beside it lie the programs that it starts, such as containerd and runc, as in Docker's
    /// static builds; what is missing there is this machine's.
    pub(crate) fn given(dockerd: &Path) -> Result<Self> {
        let path = std::path::absolute(dockerd)?;
        ensure!(path.is_file(), "there is no {}", path.display());
        Ok(Self { dockerd: Some(path), ..Self::this_machine()? })
    }

    /// A program of the system.
    pub(crate) fn find(&self, names: &[&str]) -> Option<PathBuf> {
        let roots = self.packages.iter().chain([&self.base]);
        roots.flat_map(|root| names.iter().map(move |name| root.join(name))).find(|path| path.is_file())
    }
}

fn require_root() -> Result<()> {
    ensure!(
        rustix::process::geteuid().is_root(),
        "A private engine needs root, for namespaces of its own: \
         sudo env \"PATH=$PATH\" \"HOME=$HOME\" cargo xtask ... (or, for the demo, an engine of yours: --engine URL)"
    );
    require(PROGRAMS, "A private engine")
}

/// debootstrap from where it is unpacked, in namespaces of its own, so that what it mounts is gone with it.
fn debootstrap(tools: &Path) -> Result<Command> {
    let inside = |name: &str| tools.join(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = ["usr/sbin", "usr/bin"].map(inside).into_iter().chain(std::env::split_paths(&path));
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .arg(tools.join("usr/sbin/debootstrap"))
        .env("PATH", std::env::join_paths(programs)?)
        .env("DEBOOTSTRAP_DIR", tools.join("usr/share/debootstrap"))
        .env("LD_LIBRARY_PATH", tools.join("usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH)));
    Ok(command)
}

/// The mirror of Debian that this machine uses, if it is known.
fn mirror() -> Option<String> {
    let mut question = Command::new("apt-get");
    question.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Component: main"]);
    let answer = capture(&mut question).ok()?;
    answer.lines().find(|mirror| mirror.trim_end_matches('/').ends_with("/debian")).map(str::to_owned)
}
