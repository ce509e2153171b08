//! Copying out of a container: a tar, a file, or a file's text. A symbolic link is told, and followed if that is asked for.

use std::{io::Read as _, time::Duration};

use engine::{ErrorKind, Path, Reply, Request, Segment};
use serde_json::{Map, Value, json};

use super::{most, safe, safe_within};
use crate::{
    Error, Kind, Output,
    catalogue::containers::processes::stat,
    run::{call::Call, files::Received, progress::Flow},
};

/// The most that is given as text, in bytes.
const MOST_TEXT: u64 = 1024 * 1024;
/// The longest name of a file that Linux has, in bytes.
const LONGEST_NAME: usize = 255;
/// The most links that lead to one another, as Linux has it.
const MOST_LINKS: usize = 40;

pub(super) fn copy_from(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let text = |name| arguments.text(name).unwrap_or_default();
    let (id, given) = (text("id"), text("path"));
    let flow = Flow::of(call, &format!("Copying {given} from {id}"));
    let follows = arguments.is_on("follow_link");
    let source = Source::open(call, id, given, follows, call.time_limit())?;
    let path = &source.path;
    let as_text = text("output") == "text";
    if as_text && source.stat["is_directory"] == true {
        return Err(no_text(path, "is a folder, not a single file"));
    }
    let tar = Received::read_tar(source.reply.into_body(), most(call), flow)?;
    let file = (as_text || arguments.is_on("unpack")).then(|| tar.unpacked()).transpose()?.flatten();
    let target = target(path, &source.stat).filter(|_| file.is_none());
    let name = source.stat["name"].as_str().unwrap_or("files");
    let description = format!("{path} of container {id}");
    let mut result = match (file, target) {
        // Podman gives what a link leads to, Docker the link itself.
        (None, Some(target)) if as_text || arguments.is_on("unpack") => return Err(is_link(path, &target)),
        (None, _) if as_text => return Err(no_text(path, "is not a regular file")),
        (Some(file), _) if as_text => contents(&file, path)?,
        (Some(file), _) => file.save(call.services, &safe_within(name, LONGEST_NAME), &description)?,
        (None, _) => tar.save(call.services, &format!("{}_{}.tar", safe(id), safe(name)), &description)?,
    };
    result.insert("path".into(), path.as_str().into());
    result.insert("stat".into(), source.stat);
    Ok(Value::Object(result).into())
}

/// A path of a container, with the engine's answer about it.
pub(crate) struct Source {
    /// Where it is: what was given, or what that leads to.
    pub(crate) path: String,
    /// What the engine says of it; an empty object where it says nothing.
    pub(crate) stat: Value,
    pub(crate) reply: Reply,
}

impl Source {
    /// Asks for a path; if that is a symbolic link and `follows` is on, for what it leads to. The engine resolves each
    /// path within the container, so no target leads out of it.
    pub(crate) fn open(
        call: &Call<'_>,
        id: &str,
        given: &str,
        follows: bool,
        limit: Duration,
    ) -> Result<Self, Error> {
        let mut source = Self::ask(call, id, given, limit)?;
        let mut seen = vec![given.to_owned()];
        while let Some(target) = target(&source.path, &source.stat).filter(|_| follows) {
            if seen.contains(&target) || seen.len() > MOST_LINKS {
                return Err(Error::new(
                    Kind::Failed,
                    format!(
                        "{given} is a symbolic link that leads to itself, or through more than {MOST_LINKS} links. Nothing was copied."
                    ),
                ));
            }
            source = Self::ask(call, id, &target, limit).map_err(|error| match error.status() {
                Some(404) => {
                    let message =
                        format!("{given} is a symbolic link to {target}, which is not in container {id}");
                    let advice = match call.arguments.if_declared("follow_link") {
                        Some(_) => "Turn off follow_link to copy the link itself",
                        None => "Give the path of a file or folder that is there",
                    };
                    let error = engine::Error::new(ErrorKind::NotFound, message).with_status(404);
                    error.hint(advice).into()
                }
                _ => error,
            })?;
            seen.push(target);
        }
        Ok(source)
    }

    fn ask(call: &Call<'_>, id: &str, path: &str, limit: Duration) -> Result<Self, Error> {
        let archive = Path::fill("/containers/{id}/archive", |_| Segment::name(id))?;
        let reply = call.stream(Request::get(archive).query("path", path).deadline(limit))?;
        let stat = reply.header("x-docker-container-path-stat").and_then(stat).unwrap_or_else(|| json!({}));
        Ok(Self { path: path.to_owned(), stat, reply })
    }
}

/// Whether what the engine says of a path is of a symbolic link.
pub(crate) fn is_a_link(stat: &Value) -> bool {
    stat["is_link"] == true
}

/// Where a symbolic link at a path leads, within the container.
pub(crate) fn led_to(path: &str, stat: &Value) -> String {
    resolved(path, stat["linkTarget"].as_str().unwrap_or_default())
}

/// Where a path leads, if it is a symbolic link.
fn target(path: &str, stat: &Value) -> Option<String> {
    is_a_link(stat).then(|| led_to(path, stat))
}

fn is_link(path: &str, target: &str) -> Error {
    Error::new(
        Kind::Failed,
        format!(
            "{path} is a symbolic link to {target}. Turn on follow_link to copy what it leads to, or give that path."
        ),
    )
}

fn no_text(path: &str, why: &str) -> Error {
    Error::new(Kind::Failed, format!("{path} {why}. Choose an attachment as output."))
}

/// Where a link leads: its target, from the link's own folder if that is relative. `..` does not lead above the root.
fn resolved(link: &str, target: &str) -> String {
    let folder = link.trim_end_matches('/').rsplit_once('/').map_or("", |(folder, _)| folder);
    let from_root = if target.starts_with('/') { target.to_owned() } else { format!("{folder}/{target}") };
    let mut parts = Vec::new();
    for part in from_root.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// A file's text.
fn contents(file: &Received, path: &str) -> Result<Map<String, Value>, Error> {
    if file.size() > MOST_TEXT {
        return Err(no_text(path, "is larger than 1 MiB"));
    }
    let mut text = String::new();
    file.open()?.read_to_string(&mut text).map_err(|_| no_text(path, "is not text (UTF-8)"))?;
    Ok(Map::from_iter([("size".to_owned(), text.len().into()), ("content".to_owned(), text.into())]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_stays_within_the_root() {
        for (link, target, expected) in [
            ("/etc/mtab", "/proc/mounts", "/proc/mounts"),
            ("/etc/a", "b", "/etc/b"),
            ("/etc/a", "../b/./c//d", "/b/c/d"),
            ("/a", "../../../etc/passwd", "/etc/passwd"),
            ("/etc/a/", "b", "/etc/b"),
            ("a", "b", "/b"),
            ("/a", "/..", "/"),
            ("/a", "", "/"),
        ] {
            assert_eq!(resolved(link, target), expected, "{link} -> {target}");
        }
    }
}
