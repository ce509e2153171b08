//! The files below a path of a container, as the engine's archive of it streams by: each with what its header says.

use std::time::{Duration, Instant};

use bytes::Bytes;
use engine::ErrorKind;
use serde_json::{Map, Value, json};
use tar::EntryType;

use super::{
    sought::Sought,
    tar_entries::{Ended, Entries, Entry},
};
use crate::{
    Error, Kind, Param, Schema,
    catalogue::containers::{archive::Source, processes},
    declare::param::{positive, text},
    run::{
        call::Call,
        objects::{id, items},
        progress::Flow,
    },
};

pub(super) const PATH: Param = text("path").title("Path").default("/").local();
pub(super) const MAX_READ: Param = positive("max_size")
    .title("Most Read (MiB)")
    .about("The engine sends all files below the path. After this much the rest is left out, and the result says so.")
    .default("1024")
    .local();
pub(super) const TIME: Param = positive("timeout")
    .title("Time Limit (seconds)")
    .about("The call ends after this long, with what it had found.")
    .default("300")
    .local();

pub(super) const NAME_PATTERN: Param = text("name_pattern")
    .title("Name Pattern")
    .about("Only files whose path matches this regular expression.")
    .local();

/// What a result says of each file.
pub(super) const FILE: Schema = Schema::Fields(&[
    "path",
    "kind",
    "size",
    "mode",
    "mode_text",
    "uid",
    "gid",
    "user",
    "group",
    "modified",
    "link_target",
]);
/// What was not read, and why.
pub(crate) const SKIPPED: Schema =
    Schema::Field("skipped", &Schema::List(&Schema::Fields(&["path", "reason"])));

const MIB: u64 = 1024 * 1024;

/// A file, with where it is in the container.
pub(crate) struct Found {
    pub(crate) path: String,
    entry: Entry,
}

impl Found {
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.entry.kind, EntryType::Regular | EntryType::Continuous)
    }

    /// As a result shows it.
    pub(super) fn shown(&self) -> Map<String, Value> {
        let Entry { kind, size, mode, uid, gid, user, group, modified, link, .. } = &self.entry;
        let (word, bits) = match kind {
            EntryType::Regular | EntryType::Continuous => ("file", 0),
            EntryType::Directory => ("folder", processes::DIRECTORY),
            EntryType::Symlink => ("link", processes::LINK),
            EntryType::Link => ("hard_link", 0),
            EntryType::Fifo => ("fifo", processes::FIFO),
            EntryType::Char => ("character_device", processes::CHARACTER_DEVICE),
            EntryType::Block => ("block_device", processes::DEVICE),
            _ => ("other", 0),
        };
        let modified = jiff::Timestamp::from_second(*modified).map(|time| time.to_string());
        let fields = json!({
            "path": self.path,
            "kind": word,
            "size": size,
            "mode": format!("{mode:04o}"),
            "mode_text": processes::mode_text(bits | processes::go_mode(*mode)),
            "uid": uid,
            "gid": gid,
            "user": user,
            "group": group,
            "modified": modified.ok(),
            "link_target": link.as_deref().filter(|_| matches!(kind, EntryType::Symlink | EntryType::Link)),
        });
        match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

/// Why no more of a tree was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// All of it was.
    Whole,
    TimedOut,
    /// More than may be read.
    TooMuch,
    /// The archive is cut off or damaged.
    Broken(&'static str),
}

/// What is below a path, on its way.
pub(crate) struct Tree<S> {
    entries: Entries<S>,
    /// Where it is: what was asked for, or what that leads to.
    root: String,
    /// How the archive calls it.
    base: String,
    pub(crate) end: End,
}

/// What the arguments of a call ask for: the files below a path, of some names, within a time.
pub(super) struct Asked<S> {
    pub(super) tree: Tree<S>,
    pub(super) until: Instant,
    /// What the engine's archive lacks from the beginning, and why.
    pub(super) skipped: Vec<Value>,
    names: Option<Sought>,
}

impl<S> Asked<S> {
    /// Whether a file has such a name.
    pub(super) fn names(&self, found: &Found) -> bool {
        self.names.as_ref().is_none_or(|names| names.occurs_in(found.path.as_bytes()))
    }
}

/// Opens what the arguments ask for.
pub(super) fn asked<'c, 'k>(
    call: &'c Call<'k>,
) -> Result<Asked<impl FnMut() -> Result<Option<Bytes>, Stop> + use<'c, 'k>>, Error> {
    let arguments = &call.arguments;
    let names = arguments.text(NAME_PATTERN.name);
    let names = names.map(|pattern| Sought::pattern(NAME_PATTERN.name, pattern, false)).transpose()?;
    let until = Instant::now() + Duration::from_secs(arguments.integer(TIME).unwrap_or_default());
    let path = arguments.text(PATH).unwrap_or_default();
    let container = call.look("/containers/{id}/json")?;
    let skipped = unreachable(&container, path);
    let tree = Tree::open(call, id(&container), path, most(call), until)
        .map_err(|error| explained(error, &container, path))?;
    Ok(Asked { tree, until, skipped, names })
}

/// Why a source of pieces has ended.
pub(crate) enum Stop {
    TimedOut,
    TooMuch,
    Failed(Error),
}

impl Tree<()> {
    /// Asks the engine for all below a path. If that is a symbolic link, for what it leads to within the container.
    pub(crate) fn open<'c, 'k>(
        call: &'c Call<'k>,
        id: &str,
        path: &str,
        most: u64,
        until: Instant,
    ) -> Result<Tree<impl FnMut() -> Result<Option<Bytes>, Stop> + use<'c, 'k>>, Error> {
        let left = until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        let source = Source::open(call, id, path, true, left)?;
        let mut flow = Flow::of(call, &format!("Reading {path}"));
        let base = source.stat["name"].as_str().unwrap_or_default().trim_matches('/').to_owned();
        let (mut body, mut read) = (source.reply.into_body(), 0);
        let pieces = move || {
            if read > most {
                return Err(Stop::TooMuch);
            }
            match body.chunk() {
                Ok(Some(piece)) => {
                    flow.add(piece.len());
                    read += piece.len() as u64;
                    Ok(Some(piece))
                }
                Ok(None) => Ok(None),
                Err(error) if error.kind() == ErrorKind::TimedOut => Err(Stop::TimedOut),
                Err(error) => Err(Stop::Failed(error.into())),
            }
        };
        Ok(Tree { entries: Entries::new(pieces), root: source.path, base, end: End::Whole })
    }
}

impl<S: FnMut() -> Result<Option<Bytes>, Stop>> Tree<S> {
    /// Where it is.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// The next file or folder; `None` where the tree ends, or where no more of it can be read: see [`Tree::end`].
    pub(crate) fn next(&mut self) -> Result<Option<Found>, Error> {
        let entry = match self.entries.next() {
            Ok(Some(entry)) => entry,
            Ok(None) => return Ok(None),
            Err(ended) => return self.ended(ended).map(|()| None),
        };
        Ok(Some(Found { path: located(&self.root, &self.base, &entry.name), entry }))
    }

    /// The next piece of the file that came last.
    pub(crate) fn contents(&mut self) -> Result<Option<Bytes>, Error> {
        match self.entries.contents() {
            Ok(piece) => Ok(piece),
            Err(ended) => self.ended(ended).map(|()| None),
        }
    }

    fn ended(&mut self, ended: Ended<Stop>) -> Result<(), Error> {
        self.end = match ended {
            Ended::Source(Stop::Failed(error)) => return Err(error),
            Ended::Source(Stop::TimedOut) => End::TimedOut,
            Ended::Source(Stop::TooMuch) => End::TooMuch,
            Ended::Broken(why) => End::Broken(why),
        };
        Ok(())
    }
}

/// Where an entry is in the container: the archive's names begin with the last part of the path.
fn located(root: &str, base: &str, name: &str) -> String {
    let name = name.trim_start_matches("./").trim_matches('/');
    let name = if name == "." { "" } else { name };
    let within = match name.strip_prefix(base) {
        Some(rest) if base.is_empty() || rest.is_empty() || rest.starts_with('/') => rest,
        _ => name,
    };
    let (root, within) = (root.trim_matches('/'), within.trim_matches('/'));
    match (root, within) {
        ("", within) => format!("/{within}"),
        (root, "") => format!("/{root}"),
        (root, within) => format!("/{root}/{within}"),
    }
}

/// What below a path, or around it, no archive shows: what the kernel makes, and what is in memory. Each with the reason.
pub(crate) fn unreachable(container: &Value, path: &str) -> Vec<Value> {
    const MADE: [&str; 3] = ["/proc", "/sys", "/dev"];
    let host = &container["HostConfig"];
    let named = host["Tmpfs"].as_object().into_iter().flatten().map(|(path, _)| path.as_str());
    let mounted = items(&container["Mounts"]).chain(items(&host["Mounts"]));
    let mounted = mounted.filter(|mount| mount["Type"] == "tmpfs");
    let mounted = mounted.filter_map(|mount| mount["Destination"].as_str().or(mount["Target"].as_str()));
    let mut places: Vec<(&str, &str)> =
        named.chain(mounted).map(|path| (path, "it is in memory (tmpfs), which no archive shows")).collect();
    places.extend(MADE.map(|path| (path, "the kernel makes it, and no archive shows it")));
    places.sort_unstable();
    places.dedup_by(|one, other| one.0 == other.0);
    let touches = |place: &str| is_below(place, path) || is_below(path, place);
    let places = places.into_iter().filter(|(place, _)| touches(place));
    places.map(|(path, reason)| json!({"path": path, "reason": reason})).collect()
}

/// Whether a path is another, or below it.
fn is_below(path: &str, folder: &str) -> bool {
    let parts = |path| str::split(path, '/').filter(|part| !part.is_empty() && *part != ".");
    let mut path = parts(path);
    parts(folder).all(|part| path.next() == Some(part))
}

/// The bytes that a call may read, by its parameter [`MAX_READ`].
pub(super) fn most(call: &Call<'_>) -> u64 {
    call.arguments.integer(MAX_READ).unwrap_or_default().saturating_mul(MIB)
}

/// What is said of the rest of a tree.
pub(super) fn rest(call: &Call<'_>, end: &End, after: &str) -> Option<Value> {
    let reason = match end {
        End::Whole => return None,
        End::TimedOut => format!("the time limit ended the call; what follows {after:?} was not read"),
        End::TooMuch => format!(
            "more than max_size ({} MiB) would have to be read; what follows {after:?} was not read. Give a folder below",
            call.arguments.integer(MAX_READ).unwrap_or_default()
        ),
        End::Broken(why) => format!(
            "the engine's archive is not whole: {why}; what follows {after:?} was not read. A running container may have \
             cut it off: pause it, and try again"
        ),
    };
    Some(json!({"path": after, "reason": reason}))
}

/// The same error; a path that no archive shows is said to be none, and not to be absent.
pub(super) fn explained(error: Error, container: &Value, path: &str) -> Error {
    if error.status() != Some(404) {
        return error;
    }
    let around = unreachable(container, path);
    let around = around.iter().find(|place| is_below(path, place["path"].as_str().unwrap_or_default()));
    match around {
        Some(place) => Error::new(
            Kind::Failed,
            format!(
                "{path} cannot be read: {} ({}). That does not mean that it is not there.",
                place["reason"].as_str().unwrap_or_default(),
                place["path"].as_str().unwrap_or_default()
            ),
        ),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_where_they_are_in_the_container() {
        for (root, base, name, expected) in [
            ("/etc", "etc", "etc/", "/etc"),
            ("/etc", "etc", "etc/passwd", "/etc/passwd"),
            ("/usr/etc/", "etc", "etc/etc/a", "/usr/etc/etc/a"),
            ("/", "", "bin/ls", "/bin/ls"),
            ("/", "/", "/", "/"),
            ("/", "", "./a", "/a"),
            ("/a", "a", "ab", "/a/ab"),
            ("/x", "x", "x", "/x"),
        ] {
            assert_eq!(located(root, base.trim_matches('/'), name), expected, "{root} {name}");
        }
    }

    #[test]
    fn what_no_archive_shows_is_told_where_it_matters() {
        let container = json!({
            "HostConfig": {"Tmpfs": {"/run": ""}},
            "Mounts": [{"Type": "tmpfs", "Destination": "/srv/cache"}, {"Type": "volume", "Destination": "/data"}],
        });
        let paths = |path: &str| {
            let told = unreachable(&container, path);
            told.iter().map(|place| place["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(paths("/"), ["/dev", "/proc", "/run", "/srv/cache", "/sys"]);
        assert_eq!(paths("/srv"), ["/srv/cache"]);
        assert_eq!(paths("/run/secrets"), ["/run"]);
        assert_eq!(paths("/runner"), Vec::<String>::new());
    }
}
