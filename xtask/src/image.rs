//! The image `busybox:test`, made of Debian's static busybox, as no registry is within reach.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tar::{Builder, EntryType, Header};

use crate::command::capture;
use crate::machine;
use crate::system::System;
use crate::unix_http::request;

/// What the image is called in every private engine.
pub(crate) const NAME: &str = "busybox:test";

/// Makes the image in the engine behind this socket, from the busybox of its system.
pub(crate) fn import(socket: &Path, system: &System) -> Result<()> {
    let busybox =
        system.find(&["bin/busybox", "usr/bin/busybox"]).context("the engine's system has no busybox")?;
    let command = "CMD%20%5B%22%2Fbin%2Fsh%22%5D"; // CMD ["/bin/sh"]
    let target = format!("/images/create?fromSrc=-&repo=busybox&tag=test&changes={command}");
    let said = request(socket, "POST", &target, &archive(&busybox)?)?;
    ensure!(!said.contains("\"error\""), "the engine did not take the image {NAME}: {said}");
    Ok(())
}

/// Writes what an engine builds the same image from, and answers where it is: an archive for `POST /build`.
pub(crate) fn write_context(folder: &Path) -> Result<PathBuf> {
    let busybox = machine::unpacked("busybox", &["busybox-static"])?.join("bin/busybox");
    let mut context = Builder::new(Vec::new());
    file(&mut context, "Dockerfile", 0o644, b"FROM scratch\nADD root.tar /\nCMD [\"/bin/sh\"]\n")?;
    file(&mut context, "root.tar", 0o644, &archive(&busybox)?)?;
    fs::create_dir_all(folder)?;
    let path = folder.join("context.tar");
    fs::write(&path, context.into_inner()?).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn archive(busybox: &Path) -> Result<Vec<u8>> {
    let mut archive = Builder::new(Vec::new());
    for (folder, mode) in [("bin/", 0o755), ("etc/", 0o755), ("root/", 0o700), ("tmp/", 0o1777)] {
        let mut header = header(EntryType::Directory, mode);
        archive.append_data(&mut header, folder, std::io::empty())?;
    }
    file(
        &mut archive,
        "etc/passwd",
        0o644,
        b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    )?;
    file(&mut archive, "etc/group", 0o644, b"root:x:0:\nnogroup:x:65534:\n")?;
    file(&mut archive, "bin/busybox", 0o755, &fs::read(busybox)?)?;
    for applet in capture(Command::new(busybox).arg("--list"))?.lines().filter(|applet| *applet != "busybox")
    {
        archive.append_link(&mut header(EntryType::Symlink, 0o777), format!("bin/{applet}"), "busybox")?;
    }
    Ok(archive.into_inner()?)
}

fn file(archive: &mut Builder<impl Write>, path: &str, mode: u32, contents: &[u8]) -> Result<()> {
    let mut header = header(EntryType::Regular, mode);
    header.set_size(contents.len() as u64);
    Ok(archive.append_data(&mut header, path, contents)?)
}

fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(0);
    header
}
