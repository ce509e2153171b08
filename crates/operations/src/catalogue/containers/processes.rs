//! What goes on in a container, and what it has done to its files: `top`, `changes`, and the state of a path.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use engine::ErrorKind;
use serde_json::Value;

use crate::{
    Error, Kind, Operation, Output, Schema,
    catalogue::containers::state::State,
    declare::param::{CONTAINER, text},
    run::{
        call::Call,
        redact::REDACT,
        trim::{FIELDS, MAX_ITEMS},
    },
};

/// What is at a path in a container.
pub(crate) const STAT: Schema = Schema::Fields(&[
    "name",
    "size",
    "mode",
    "mtime",
    "linkTarget",
    "permissions",
    "mode_text",
    "is_directory",
    "is_link",
]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("list_processes", "/containers/{id}/top")
        .title("List Processes")
        .about("Lists the processes of a running container.")
        .params(&[
            CONTAINER,
            text("ps_args").title("ps Arguments").about("Arguments for ps, such as aux. If empty, -ef."),
            REDACT,
        ])
        .table("Processes", &[]),
    Operation::get("container_changes", "/containers/{id}/changes")
        .title("Get Changed Files")
        .about("Lists the files that a container has changed (Kind 0), added (1) or deleted (2).")
        .params(&[CONTAINER, FIELDS, MAX_ITEMS])
        .columns(&["Kind", "Path"])
        .list(),
    Operation::head("stat_path", "/containers/{id}/archive")
        .title("Get State of Path")
        .about("Gets size, permissions and times of a file or folder in a container, without its contents.")
        .params(&[
            CONTAINER,
            text("path").title("Path").about("The file or folder in the container.").required(),
        ])
        .gives(STAT)
        .run(stat_path),
];

fn stat_path(call: &Call<'_>) -> Result<Output, Error> {
    let answer = call.send(call.request()?).map_err(|error| explained(call, error))?;
    let header = answer.headers.get("x-docker-container-path-stat").and_then(|stat| stat.to_str().ok());
    let stat = header.and_then(stat).ok_or_else(|| {
        Error::new(
            Kind::Failed,
            "The engine did not say what is at the path. A proxy may have dropped its header.",
        )
    })?;
    Ok(stat.into())
}

/// The answer to a HEAD has no body, so a 404 does not say what was not found: a look at the container tells.
fn explained(call: &Call<'_>, error: Error) -> Error {
    if error.status() != Some(404) {
        return error;
    }
    match State::look(call) {
        Ok(Some(_)) => {
            let message = call.arguments.fill("there is no {path} in container {id}");
            engine::Error::new(ErrorKind::NotFound, message)
                .with_status(404)
                .hint("Check the path: list_files shows what exists")
                .into()
        }
        Ok(None) => {
            let message = call.arguments.fill("No such container: {id}");
            engine::Error::new(ErrorKind::NotFound, message)
                .with_status(404)
                .hint("Check the id or name: list_containers shows what exists")
                .into()
        }
        Err(_) => error,
    }
}

/// What `X-Docker-Container-Path-Stat` says (JSON in base64), with the mode also as people read it.
pub(crate) fn stat(header: &str) -> Option<Value> {
    let mut stat: Value = serde_json::from_slice(&STANDARD.decode(header).ok()?).ok()?;
    let mode = stat["mode"].as_u64()?;
    let special = SPECIAL.iter().filter(|(bit, ..)| mode & bit != 0).map(|(_, octal, ..)| octal).sum::<u64>();
    stat["permissions"] = format!("{:04o}", special | mode & 0o777).into();
    stat["mode_text"] = mode_text(mode).into();
    stat["is_directory"] = (mode & DIRECTORY != 0).into();
    stat["is_link"] = (mode & LINK != 0).into();
    Some(stat)
}

/// Go's `fs.FileMode`: kinds from the highest bit down, permissions in the lowest nine.
pub(crate) const DIRECTORY: u64 = 1 << 31;
pub(crate) const LINK: u64 = 1 << 27;
pub(crate) const DEVICE: u64 = 1 << 26;
pub(crate) const CHARACTER_DEVICE: u64 = 1 << 21;
pub(crate) const FIFO: u64 = 1 << 25;

/// Set-user-id, set-group-id and sticky: Go's bit, the octal one, and the letter that stands in place of an x, or of none.
const SPECIAL: [(u64, u64, usize, char); 3] =
    [(1 << 23, 0o4000, 2, 's'), (1 << 22, 0o2000, 5, 's'), (1 << 20, 0o1000, 8, 't')];

/// Unix's permissions, with set-user-id and its like, as Go has them.
pub(crate) fn go_mode(mode: u32) -> u64 {
    let mode = u64::from(mode);
    let special = SPECIAL.iter().filter(|(_, octal, ..)| mode & octal != 0).map(|(bit, ..)| bit);
    special.fold(mode & 0o777, |go, bit| go | bit)
}

/// A mode as `ls -l` shows it.
pub(crate) fn mode_text(mode: u64) -> String {
    let kinds =
        [(DIRECTORY, 'd'), (LINK, 'l'), (CHARACTER_DEVICE, 'c'), (DEVICE, 'b'), (FIFO, 'p'), (1 << 24, 's')];
    let kind = kinds.iter().find(|(bit, _)| mode & bit != 0).map_or('-', |(_, letter)| *letter);
    let mut permissions: Vec<char> = "rwxrwxrwx"
        .chars()
        .zip((0..9).rev())
        .map(|(letter, bit)| if mode & (1 << bit) == 0 { '-' } else { letter })
        .collect();
    for (_, _, at, letter) in SPECIAL.iter().filter(|(bit, ..)| mode & bit != 0) {
        permissions[*at] = if permissions[*at] == 'x' { *letter } else { letter.to_ascii_uppercase() };
    }
    std::iter::once(kind).chain(permissions).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_go_modes() {
        assert_eq!(mode_text(DIRECTORY | 0o755), "drwxr-xr-x");
        assert_eq!(mode_text(0o640), "-rw-r-----");
        // As the engine has them of a set-user-id program, /tmp, and a device.
        assert_eq!(mode_text(8_389_101), "-rwsr-xr-x");
        assert_eq!(mode_text(2_148_532_735), "drwxrwxrwt");
        assert_eq!(mode_text(69_206_436), "crw-r--r--");
        assert_eq!(mode_text(1 << 22 | 0o640), "-rw-r-S---");
        let program = stat(&STANDARD.encode(json!({"mode": 8_389_101}).to_string())).unwrap();
        assert_eq!(program["permissions"], "4755");
        let header = STANDARD
            .encode(json!({"name": "x", "size": 1, "mode": LINK | 0o777, "linkTarget": "/y"}).to_string());
        let stat = stat(&header).unwrap();
        assert_eq!(
            (stat["permissions"].as_str(), stat["mode_text"].as_str()),
            (Some("0777"), Some("lrwxrwxrwx"))
        );
        assert_eq!(stat["is_link"], true);
        assert!(super::stat("not base64").is_none());
    }
}
