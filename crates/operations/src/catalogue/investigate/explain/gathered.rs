//! What the page of a container is made from: every look that it takes, within its bounds.

use std::collections::BTreeSet;

use engine::{Path, Request, Segment};
use serde_json::{Map, Value, json};

use super::{masked::Masked, unusual};
use crate::{
    Error, Output,
    catalogue::{
        investigate::{
            attack::Technique,
            looks::Looks,
            posture,
            survey::Survey,
            timeline::{exec_commands, is_made_by_the_engine, remembered},
        },
        system::events::clock::now,
    },
    run::{
        call::Call,
        isolation::{self, Found, Undo},
        objects::{items, text},
        side_by_side::ends_it,
    },
};

/// What came.
pub(crate) struct Gathered {
    pub(crate) survey: Survey,
    pub(crate) masked: Masked,
    /// By the engine's clock, nanoseconds since 1970.
    pub(crate) now: i64,
    /// The command lines of its processes, secrets masked; none where it has no processes or they could not be had.
    pub(crate) processes: Vec<String>,
    pub(crate) had_processes: bool,
    pub(crate) is_podman: bool,
    /// Changed files: paths and kinds.
    pub(crate) changes: Vec<(String, i64)>,
    /// `GET /images/{id}/json`.
    pub(crate) image: Value,
    pub(crate) isolation: Option<Undo>,
    /// Commands that somebody ran by the API, secrets masked, in order.
    pub(crate) commands: Vec<String>,
    /// What `audit_posture` says of it: its entry in `containers`, and its findings.
    pub(crate) posture: Value,
    pub(crate) findings: Vec<Value>,
}

/// A process that is unusual.
pub(crate) struct Odd {
    pub(crate) command: String,
    pub(crate) why: &'static str,
    pub(crate) technique: Technique,
}

impl Gathered {
    /// Looks. Events come first: the engine keeps few, and other looks add to them.
    pub(crate) fn of(looks: &mut Looks<'_, '_>, named: &str) -> Result<Self, Error> {
        let call = looks.call;
        let now = now(call)?;
        let is_podman = call.is_podman();
        looks.count();
        looks.count();
        let events = remembered(looks, now, is_podman)?;
        let survey = Survey::of(looks, named)?;
        let container = &survey.container;
        let id = text(container, "Id").to_owned();
        let masked = Masked::of(container);
        let had_processes =
            container["State"]["Running"] == true && container["State"]["Status"] != "restarting";
        let mut processes = Vec::new();
        if had_processes {
            let columns = if is_podman { "pid,args" } else { "-eo pid,args" };
            let path = Path::fill("/containers/{id}/top", |_| Segment::name(&id))?;
            let listed = looks.may("Processes", Request::get(path).query("ps_args", columns))?;
            let commands = items(&listed["Processes"]).filter_map(|process| process[1].as_str());
            processes.extend(commands.map(|command| masked.command(command)));
        }
        let listed = looks.may_get("Changed files", "/containers/{id}/changes", &id)?;
        let changes = items(&listed)
            .filter_map(|change| Some((change["Path"].as_str()?.to_owned(), change["Kind"].as_i64()?)));
        let mut changes = files(changes.collect());
        changes.retain(|(path, _)| !is_made_by_the_engine(container, path));
        let image = looks.may_get("The image", "/images/{id}/json", text(container, "Image"))?;
        let isolation = isolated(looks, &id)?;
        let commands =
            exec_commands(&id, container, &events).iter().map(|command| masked.command(command)).collect();
        let (posture, findings) = posture(looks, &id)?;
        Ok(Self {
            masked,
            now: now.nanoseconds(),
            processes,
            had_processes,
            is_podman,
            changes,
            image,
            isolation,
            commands,
            posture,
            findings,
            survey,
        })
    }

    pub(crate) fn container(&self) -> &Value {
        &self.survey.container
    }

    /// Its unusual processes.
    pub(crate) fn odd(&self) -> Vec<Odd> {
        let odd = |command: &String| {
            let (why, technique) = unusual::process(command)?;
            Some(Odd { command: command.clone(), why, technique })
        };
        // Of one that does not run, what it is to run.
        let words = std::iter::once(&self.container()["Path"]).chain(items(&self.container()["Args"]));
        let words: Vec<&str> = words.filter_map(Value::as_str).collect();
        let configured = [self.masked.command(&words.join(" "))];
        let processes = if self.processes.is_empty() { &configured[..] } else { &self.processes };
        processes.iter().filter_map(odd).collect()
    }

    /// The checks that failed with this severity.
    pub(crate) fn findings_of(&self, severity: &str) -> impl Iterator<Item = &Value> {
        self.findings.iter().filter(move |finding| finding["severity"] == severity)
    }
}

/// The files among changes: a folder is listed for what lies in it.
fn files(mut changes: Vec<(String, i64)>) -> Vec<(String, i64)> {
    changes.sort_unstable();
    let parents: BTreeSet<String> = changes
        .iter()
        .filter_map(|(path, _)| path.rsplit_once('/').map(|(folder, _)| folder.to_owned()))
        .collect();
    changes.retain(|(path, _)| !parents.contains(path));
    changes
}

fn isolated(looks: &mut Looks<'_, '_>, id: &str) -> Result<Option<Undo>, Error> {
    looks.count();
    match isolation::find(looks.call, id) {
        Ok(Found::Record(undo)) => Ok(Some(undo)),
        Ok(Found::Nothing) => Ok(None),
        Ok(Found::Untrusted) => {
            looks.miss(
                "Isolation: the engine keeps a record that the configuration's signing_key has not signed",
            );
            Ok(None)
        }
        Err(error) if ends_it(&error) => Err(error),
        Err(_) => {
            looks.miss("Isolation: the engine does not tell its volumes");
            Ok(None)
        }
    }
}

/// What `audit_posture` says of this container alone.
fn posture(looks: &mut Looks<'_, '_>, id: &str) -> Result<(Value, Vec<Value>), Error> {
    if let Some(bound) = looks.bound() {
        looks.miss(&format!("Rights and settings: {bound}"));
        return Ok(Default::default());
    }
    let given = Map::from_iter([
        ("scope".to_owned(), "containers".into()),
        ("id".to_owned(), id.into()),
        ("timeout".to_owned(), looks.remaining().as_secs().max(1).into()),
    ]);
    let audited = |part: &Call<'_>| {
        let audited = posture::audit(part)?;
        Ok((audited, usize::try_from(part.tries.get()).unwrap_or_default()))
    };
    let (audited, requests) = match looks.call.part("audit_posture", &given, audited) {
        Ok(audited) => audited,
        Err(error) if ends_it(&error) => return Err(error),
        Err(error) => {
            let error = error.hiding(&looks.call.secrets());
            looks.miss(&format!("Rights and settings: {}", error.message()));
            return Ok(Default::default());
        }
    };
    for _ in 0..requests {
        looks.count();
    }
    let Output::Value(audited) = audited else { return Ok((json!({}), Vec::new())) };
    let findings = items(&audited["findings"]).cloned().collect();
    Ok((audited["containers"][0].clone(), findings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_no_file_of_its_own() {
        let of = |path: &str| (path.to_owned(), 1);
        assert_eq!(
            files(vec![of("/tmp/a/b"), of("/tmp"), of("/tmp/a"), of("/tmpx"), of("/etc")]),
            vec![of("/etc"), of("/tmp/a/b"), of("/tmpx")]
        );
    }
}
