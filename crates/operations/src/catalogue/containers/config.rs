//! Parameters of a container's `Config`: what runs in it, and as whom. A commit makes an image of some of them.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container/operation/ContainerCreate>

use crate::{
    Notation, Param, Secrecy,
    declare::param::{command, flag, integer, lines, list, map, notation, text},
};

pub(crate) const COMMAND: Param = command("Cmd")
    .title("Command")
    .about("The command that replaces the image's command: a list, JSON, or a line split by the shell's rules. No shell runs it.")
    .body();
pub(crate) const ENTRYPOINT: Param = command("Entrypoint")
    .title("Entrypoint")
    .about("The entrypoint to use instead of the image's. Use [\"\"] for none.")
    .body();
pub(crate) const ENVIRONMENT: Param = notation("Env", Notation::Environment)
    .title("Environment")
    .about("Variables: one NAME=value on each line, a list, or a JSON object. A comma belongs to the value.")
    .body();
pub(crate) const USER: Param =
    text("User").title("User").about("The user to run as, such as root or 1000:1000.").body();
pub(crate) const WORKING_FOLDER: Param =
    text("WorkingDir").title("Working Directory").about("The folder in which the command runs.").body();
pub(crate) const LABELS: Param = map("Labels")
    .secret(Secrecy::Values)
    .title("Labels")
    .about("Labels: one name=value on each line, or a JSON object. A comma belongs to the value.")
    .body();
pub(crate) const EXPOSED_PORTS: Param = notation("ExposedPorts", Notation::ExposedPorts)
    .title("Exposed Ports")
    .about(
        "Ports that the container listens on, such as 80/tcp or 7000-7002/udp. This does not publish them.",
    )
    .body();
pub(crate) const VOLUMES: Param = notation("Volumes", Notation::Folders)
    .title("Anonymous Volumes")
    .about("Folders of the container that become anonymous volumes.")
    .body();
pub(crate) const STOP_SIGNAL: Param = text("StopSignal")
    .title("Stop Signal")
    .about("The signal that asks the container to stop, such as SIGINT.")
    .body();
pub(crate) const HEALTHCHECK: Param = notation("Healthcheck", Notation::Healthcheck)
    .title("Health Check")
    .about("A command that the container's shell runs, none, or a JSON object with Test, Interval (such as 30s), Timeout, StartPeriod and Retries.")
    .body();
pub(crate) const ON_BUILD: Param = lines("OnBuild")
    .secret(Secrecy::Instructions)
    .title("On Build")
    .about("Dockerfile instructions for images that are built on this one, one on each line.")
    .body();
pub(crate) const SHELL: Param =
    list("Shell").title("Shell").about("The shell for commands in shell form, such as /bin/sh,-c.").body();

/// What most containers set.
pub(crate) const COMMON: &[Param] = &[ENVIRONMENT, ENTRYPOINT, USER, WORKING_FOLDER, LABELS];

/// What few containers set.
pub(crate) const RARE: &[Param] = &[
    EXPOSED_PORTS,
    VOLUMES,
    STOP_SIGNAL,
    integer("StopTimeout")
        .title("Stop Timeout (seconds)")
        .about("How long the container may take to stop before it is killed.")
        .body(),
    HEALTHCHECK,
    flag("Tty")
        .title("TTY")
        .about("Allocate a terminal. The output then comes as one stream, stdout.")
        .body(),
    flag("NetworkDisabled")
        .title("Network Disabled")
        .about("Give the container no network, only its loopback interface.")
        .body(),
    SHELL,
    ON_BUILD,
];
