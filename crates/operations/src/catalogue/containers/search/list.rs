//! `list_files`: a folder of a container, by the headers of the archive that the engine sends of it.

use serde_json::{Map, Value};

use super::tree::{Asked, End, FILE, MAX_READ, NAME_PATTERN, PATH, SKIPPED, TIME, asked, rest};
use crate::{
    Error, Operation, Output, Schema,
    declare::param::{CONTAINER, integer, positive},
    run::call::Call,
};

/// The operations of this file.
pub(super) static OPERATIONS: &[Operation] = &[Operation::get("list_files", "/containers/{id}/archive")
    .title("List Files")
    .about("Lists the files of a folder in a container, also in one that does not run: sizes, times, owners, permissions and the targets of links. Nothing runs in the container, and nothing is unpacked.")
    .params(&[
        CONTAINER,
        PATH.about("The folder or file within the container. A symbolic link is followed."),
        integer("depth")
            .title("Depth")
            .about("How many levels of folders are listed; 0 lists all. The engine sends all of them in any case.")
            .default("1")
            .local(),
        NAME_PATTERN.placeholder("\\.sh$"),
        positive("max_files")
            .title("Most Files")
            .about("No more than this many are listed.")
            .default("1000")
            .local(),
        MAX_READ,
        TIME,
    ])
    .gives(Schema::All(&[
        Schema::Fields(&["path", "count"]),
        Schema::Field("files", &Schema::List(&FILE)),
        SKIPPED,
        Schema::Fields(&["truncated", "timed_out"]),
    ]))
    .table("files", &["mode_text", "uid", "gid", "size", "modified", "path", "link_target"])
    .run(list)];

fn list(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let number = |name| usize::try_from(arguments.integer(name).unwrap_or_default()).unwrap_or(usize::MAX);
    let (depth, wanted) = (number("depth"), number("max_files"));
    let mut asked = asked(call)?;
    let root = asked.tree.root().trim_end_matches('/').to_owned();
    let mut last = arguments.text(PATH).unwrap_or_default().to_owned();
    let (mut files, mut truncated) = (Vec::new(), false);
    while let Some(found) = asked.tree.next()? {
        last.clone_from(&found.path);
        let within = found.path.strip_prefix(&root).unwrap_or(&found.path);
        let level = within.split('/').filter(|part| !part.is_empty()).count();
        // The folder itself is no file of it; a file that was asked for is.
        let is_listed = if level == 0 { found.is_file() } else { depth == 0 || level <= depth };
        if !is_listed || !asked.names(&found) {
            continue;
        }
        if files.len() == wanted {
            truncated = true;
            break;
        }
        files.push(Value::Object(found.shown()));
    }
    let Asked { tree, mut skipped, .. } = asked;
    skipped.extend(rest(call, &tree.end, &last));
    let result = [
        ("path", Value::from(tree.root())),
        ("count", files.len().into()),
        ("files", files.into()),
        ("skipped", skipped.into()),
        ("truncated", (truncated || matches!(tree.end, End::TooMuch | End::Broken(_))).into()),
        ("timed_out", (tree.end == End::TimedOut).into()),
    ];
    Ok(Map::from_iter(result.map(|(name, value)| (name.to_owned(), value))).into())
}
