//! What the engine cannot show: sockets, processes, deleted programs, files in memory. Commands read them, in the container itself or
//! in a helper that joins its namespaces.
//!
//! A helper's programs are its own image's, so nothing of the container is run. It sees the container's files below `/proc/1/root`.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher as _,
    time::{Duration, Instant},
};

use engine::{Body, Method, Path, Request, Segment};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    ask::Ask,
    collection::{Asked, Collection, Form, Named, Source},
    wanted::{Kind, Probe, Wanted},
};
use crate::{Error, Kind as ErrorOf, run::call::Call};

/// What the kernel tells of sockets and the ways between them. What cannot be read is told among it.
const SOCKETS: &str = "exec 2>&1; cd /proc/net; for file in tcp tcp6 udp udp6 raw raw6 unix route arp dev; do echo \"== $file\"; cat $file; done; :";
/// What it tells of each process.
const PROCESSES: &str = "exec 2>&1; for process in /proc/[0-9]*; do echo \"== $process\"; ls -l $process/exe $process/cwd $process/fd; for file in \
                         status cmdline environ maps; do echo \"-- $file\"; tr '\\0' '\\n' < $process/$file; done; done; :";
/// The processes whose program was deleted, which only runs in memory any more.
const DELETED: &str = "for process in /proc/[0-9]*; do case \"$(readlink $process/exe)\" in *'(deleted)') echo ${process#/proc/};; esac; done";
/// No more deleted programs than this are copied.
const MOST_PROGRAMS: usize = 32;
/// A helper ends by itself so long after the time limit.
const LATE: Duration = Duration::from_mins(1);

impl<'c, 'a> Collection<'c, 'a> {
    /// Podman starts nothing beside a paused container: there the helper comes before the pause. The container could disturb it until
    /// then, and not afterwards, when it reads.
    pub(super) fn early_helper(&mut self, suspect: &str, wanted: &Wanted<'_>) -> Option<Helper<'c, 'a>> {
        let is_early = self.is_podman && self.state == "running";
        let is_wanted = wanted.probe == Probe::Helper && wanted.probes();
        // If it fails, it is tried again at its usual place, and told.
        (is_early && is_wanted).then(|| Helper::begin(self, suspect, wanted.helper_image).ok()).flatten()
    }

    /// Reads by a helper, which is removed afterwards.
    pub(super) fn probe_by_helper(
        &mut self,
        suspect: &str,
        in_memory: &[String],
        wanted: &Wanted<'_>,
        early: Option<Helper<'c, 'a>>,
    ) -> Result<(), Error> {
        if !wanted.probes() {
            return Ok(());
        }
        let begun = match early {
            Some(helper) => Ok(helper),
            None => Helper::begin(self, suspect, wanted.helper_image),
        };
        let helper = match begun {
            Ok(helper) => helper,
            Err(error) => {
                let why = self.told(error)?;
                let is_absent = why.to_lowercase().contains("image");
                let hint = match (is_absent, self.is_podman) {
                    (true, _) => " The image must be on the engine: name one with helper_image.",
                    (false, true) => {
                        " Podman starts nothing beside a paused container: use a helper before you isolate it, or Exec."
                    }
                    (false, false) => "",
                };
                self.miss("helper", "what is in memory only", format!("{why}{hint}"));
                return Ok(());
            }
        };
        let probed = self.probe(&helper.name, in_memory, wanted);
        let removed = helper.end(self);
        probed?;
        if let Err(error) = removed {
            let why = self.told(error)?;
            self.warnings.push(format!(
                "The helper container {why} could not be removed. Remove it with remove_container."
            ));
        }
        Ok(())
    }

    /// Reads by commands in this container: the one that is looked at, or a helper.
    pub(super) fn probe(
        &mut self,
        container: &str,
        in_memory: &[String],
        wanted: &Wanted<'_>,
    ) -> Result<(), Error> {
        let by_helper = wanted.probe == Probe::Helper;
        if wanted.has(Kind::Sockets) {
            let of = named(Kind::Sockets, "sockets.txt", "its sockets");
            self.output_of(container, &of, &["sh", "-c", SOCKETS], Form::Text)?;
        }
        if wanted.has(Kind::Programs) {
            let of = named(Kind::Programs, "programs/processes.txt", "its processes' environments and maps");
            self.output_of(container, &of, &["sh", "-c", PROCESSES], Form::Text)?;
            for process in self.deleted(container)?.into_iter().take(MOST_PROGRAMS) {
                let of = named(
                    Kind::Programs,
                    &format!("programs/{process}_deleted"),
                    &format!("the deleted program of process {process}"),
                );
                self.output_of(container, &of, &["cat", &format!("/proc/{process}/exe")], Form::File)?;
            }
        }
        if wanted.has(Kind::TemporaryFiles) {
            for (at, folder) in in_memory.iter().enumerate() {
                let of = named(
                    Kind::TemporaryFiles,
                    &format!("temporary-files/{:02}_{}.tar", at + 1, super::steps::slug(folder)),
                    folder,
                );
                let from = if by_helper { format!("/proc/1/root{folder}") } else { folder.clone() };
                self.output_of(container, &of, &["tar", "-cf", "-", "-C", &from, "."], Form::Tar)?;
            }
        }
        Ok(())
    }

    /// Keeps what a command writes.
    fn output_of(
        &mut self,
        container: &str,
        named: &Named,
        command: &[&str],
        form: Form,
    ) -> Result<(), Error> {
        let Some(Running { asked, status, body, id }) = self.run(container, named, command)? else {
            return Ok(());
        };
        let kept = self.items.len();
        self.stream(named, asked, status, form, Source::output(body), Map::new())?;
        let code = self.exit_code(&id);
        if let Some(item) = self.items.get_mut(kept) {
            item.more.insert("command".into(), json!(command));
            item.more.insert("exit_code".into(), code.clone());
            if code != 0 && item.why.is_none() {
                item.why = Some(match code.as_i64() {
                    // Of many files, some may vanish or be closed to it.
                    Some(code) => {
                        format!("the command ended with exit code {code}: something of it could not be read")
                    }
                    None => "the command's exit code is not known".to_owned(),
                });
            }
        }
        Ok(())
    }

    /// The processes whose programs were deleted.
    fn deleted(&mut self, container: &str) -> Result<Vec<u32>, Error> {
        let of = named(Kind::Programs, "", "its deleted programs");
        let Some(running) = self.run(container, &of, &["sh", "-c", DELETED])? else { return Ok(Vec::new()) };
        let (mut source, mut text) = (Source::output(running.body), Vec::new());
        while let Ok(Some(chunk)) = source.chunk() {
            text.extend_from_slice(&chunk);
            if text.len() > 64 * 1024 {
                break;
            }
        }
        Ok(String::from_utf8_lossy(&text).lines().filter_map(|line| line.trim().parse().ok()).collect())
    }

    /// Starts a command. `None` where it could not be started, which is noted.
    fn run(&mut self, container: &str, named: &Named, command: &[&str]) -> Result<Option<Running>, Error> {
        let started = Timestamp::now();
        let asked = |collection: &Self, request: String| Asked {
            request,
            started,
            ended: Timestamp::now(),
            state: collection.state.clone(),
        };
        let left = self.left();
        let begun = begin(self.call, container, command, left);
        match begun {
            Ok((id, reply)) => {
                let request = format!("POST /exec/{id}/start");
                self.actions.note(
                    format!("POST /containers/{container}/exec {}", json!(command)),
                    started,
                    Some(201),
                );
                let status = reply.status();
                Ok(Some(Running { asked: asked(self, request), status, body: reply.into_body(), id }))
            }
            Err(error) => {
                let status = error.status();
                let why = self.told(error)?;
                let asked = asked(self, format!("POST /containers/{container}/exec"));
                self.miss_asked(named, why, asked, status);
                Ok(None)
            }
        }
    }

    fn exit_code(&self, exec: &str) -> Value {
        let until = Instant::now() + Duration::from_secs(2);
        loop {
            let found = Ask::get("/exec/{id}/json", exec).and_then(|ask| self.call.send(ask.request()));
            let found = found.and_then(|answer| Ok(answer.json()?)).unwrap_or_default();
            if found["Running"] != true || Instant::now() > until {
                return found["ExitCode"].clone();
            }
            if engine::sleep(Duration::from_millis(20)).is_err() {
                return Value::Null;
            }
        }
    }
}

/// A command whose output comes.
struct Running {
    asked: Asked,
    status: u16,
    body: Body,
    id: String,
}

fn begin(
    call: &Call<'_>,
    container: &str,
    command: &[&str],
    left: Duration,
) -> Result<(String, engine::Reply), Error> {
    let path = |template, name: &str| Path::fill(template, |_| Segment::name(name));
    let create = json!({"Cmd": command, "AttachStdout": true, "AttachStderr": true, "User": "0"});
    let created =
        call.send(Request::post(path("/containers/{id}/exec", container)?).json(&create))?.json()?;
    let id = created["Id"].as_str().unwrap_or_default().to_owned();
    let start = json!({"Detach": false, "Tty": false});
    let request = Request::post(path("/exec/{id}/start", &id)?).json(&start).deadline(left);
    call.stream(request).map(|reply| (id, reply))
}

/// A container beside the one that is looked at. Dropped, it is removed.
pub(super) struct Helper<'c, 'a> {
    call: &'c Call<'a>,
    name: String,
    is_there: bool,
}

impl<'c, 'a> Helper<'c, 'a> {
    fn begin(collection: &mut Collection<'c, 'a>, suspect: &str, image: &str) -> Result<Self, Error> {
        let call = collection.call;
        // Known before the engine answers, so that it can be removed even if the answer is lost.
        let name = format!("evidence-{:016x}", RandomState::new().hash_one(Instant::now()));
        let shared = format!("container:{suspect}");
        let seconds = (collection.left() + LATE).as_secs();
        let body = json!({
            "Image": image,
            "Entrypoint": ["sleep"],
            "Cmd": [seconds.to_string()],
            "User": "0",
            "Labels": {"fortisoar.evidence": suspect},
            "HostConfig": {
                "PidMode": shared,
                "NetworkMode": shared,
                "CapDrop": ["ALL"],
                "CapAdd": ["SYS_PTRACE", "DAC_READ_SEARCH"],
                "ReadonlyRootfs": true,
                "SecurityOpt": ["no-new-privileges"],
            },
        });
        let create = Request::post(Path::fixed("/containers/create")).query("name", &name).json(&body);
        let mut helper = Self { call, name, is_there: true };
        let started = Timestamp::now();
        let created = call.send(create);
        let status = created.as_ref().map_or_else(Error::status, |answer| Some(answer.status));
        collection.actions.note(
            format!("POST /containers/create?name={} {body}", helper.name),
            started,
            status,
        );
        if let Err(error) = created {
            helper.is_there = !matches!(error.status(), Some(400..=409));
            return Err(error);
        }
        let start = Ask::new(Method::POST, "/containers/{id}/start", &helper.name)?;
        collection.actions.send(call, &start)?;
        Ok(helper)
    }

    fn end(mut self, collection: &mut Collection<'_, '_>) -> Result<(), Error> {
        self.is_there = false;
        let started = Timestamp::now();
        let removed = self.call.send(removal(&self.name)?);
        let status = removed.as_ref().map_or_else(Error::status, |answer| Some(answer.status));
        collection.actions.note(
            format!("DELETE /containers/{}?force=true&v=true", self.name),
            started,
            status,
        );
        removed
            .map(drop)
            .map_err(|error| Error::new(ErrorOf::Failed, format!("{}: {}", self.name, error.message())))
    }
}

impl Drop for Helper<'_, '_> {
    fn drop(&mut self) {
        if self.is_there
            && let Ok(request) = removal(&self.name)
        {
            // It ends by itself in any case.
            let _best_effort = self.call.engine.call(request);
        }
    }
}

fn removal(name: &str) -> Result<Request, Error> {
    let path = Path::fill("/containers/{id}", |_| Segment::name(name))?;
    Ok(Request::new(Method::DELETE, path).query("force", "true").query("v", "true"))
}

fn named(kind: Kind, name: &str, what: &str) -> Named {
    Named { kind: kind.word(), name: name.to_owned(), what: what.to_owned() }
}
