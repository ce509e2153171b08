//! What a hunt asks the engine: side by side, within so many requests and so much time, and what it could not ask.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use engine::{Engine, ErrorKind, Method, Path, Request, Segment};
use serde_json::{Value, json};

use crate::{
    Error,
    catalogue::containers::{processes::stat, search::hash_of_file},
    run::{
        call::Call,
        side_by_side::{ask_side_by_side, ends_it, look_side_by_side},
    },
};

/// So many are asked for before the bounds are looked at again.
const ROUND: usize = 64;
/// One container must not take the time of all others.
const LONGEST_LOOK: Duration = Duration::from_secs(30);
/// More that is skipped is counted, and not listed.
const MOST_SKIPPED: usize = 500;

/// The requests of one hunt.
pub(super) struct Asking<'a, 'c> {
    pub(super) call: &'a Call<'c>,
    until: Instant,
    left: u64,
    /// How many of each kind were sent.
    pub(super) made: BTreeMap<&'static str, u64>,
    pub(super) skipped: Vec<Value>,
    pub(super) skipped_count: u64,
    pub(super) timed_out: bool,
    pub(super) truncated: bool,
    /// The bytes of files that may still be read.
    bytes: AtomicU64,
}

/// What is asked for, of which container.
pub(super) struct Wanted {
    /// The position of the container, or of the image, that it is about.
    pub(super) of: usize,
    /// For what is skipped: the name, the id, and what is asked.
    pub(super) name: String,
    pub(super) id: String,
    pub(super) what: String,
    pub(super) request: Request,
}

impl<'a, 'c> Asking<'a, 'c> {
    pub(super) fn within(call: &'a Call<'c>, requests: u64, bytes: u64) -> Self {
        Self {
            call,
            until: Instant::now() + call.time_limit(),
            left: requests,
            made: BTreeMap::new(),
            skipped: Vec::new(),
            skipped_count: 0,
            timed_out: false,
            truncated: false,
            bytes: AtomicU64::new(bytes),
        }
    }

    pub(super) fn count(&mut self, kind: &'static str) {
        *self.made.entry(kind).or_default() += 1;
        self.left = self.left.saturating_sub(1);
    }

    pub(super) fn requests(&self) -> u64 {
        self.made.values().sum()
    }

    /// One look that the hunt cannot do without.
    pub(super) fn one(&mut self, kind: &'static str, request: Request) -> Result<Value, Error> {
        self.count(kind);
        Ok(self.call.send(request.deadline(self.remaining().max(Duration::from_secs(1))))?.json()?)
    }

    pub(super) fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    pub(super) fn skip(&mut self, name: &str, id: &str, what: &str, reason: &str) {
        self.skipped_count += 1;
        if self.skipped.len() < MOST_SKIPPED {
            self.skipped.push(json!({"container": name, "id": id, "what": what, "reason": reason}));
        }
    }

    /// JSON of each; a container that fails is skipped, with the reason.
    pub(super) fn each(
        &mut self,
        kind: &'static str,
        wanted: Vec<Wanted>,
    ) -> Result<Vec<(usize, Value)>, Error> {
        self.rounds(kind, wanted, look_side_by_side)
    }

    /// What is at a path of each: the file's state, or nothing where there is none.
    pub(super) fn heads(&mut self, wanted: Vec<Wanted>) -> Result<Vec<(usize, Option<Value>)>, Error> {
        self.rounds("head", wanted, |call, requests| ask_side_by_side(call, requests, head))
    }

    /// The SHA-256 of one file of each; nothing where it is no file, or too large by now.
    pub(super) fn hashes(
        &mut self,
        wanted: Vec<Wanted>,
        most: u64,
    ) -> Result<Vec<(usize, Option<String>)>, Error> {
        let until = self.until;
        let bytes = AtomicU64::new(self.bytes.load(Ordering::Relaxed));
        let hashed = self.rounds("get", wanted, |call, requests| {
            ask_side_by_side(call, requests, |engine, request| {
                let reply = engine.stream(request.silence(LONGEST_LOOK))?;
                let (status, tries) = (reply.status(), reply.tries());
                let room = most.min(bytes.load(Ordering::Relaxed));
                let (hash, read) = hash_of_file(reply.into_body(), room, until)?;
                let _before = bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    Some(left.saturating_sub(read))
                });
                Ok((status, tries, hash))
            })
        });
        self.bytes.store(bytes.into_inner(), Ordering::Relaxed);
        hashed
    }

    pub(super) fn bytes_left(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn rounds<T>(
        &mut self,
        kind: &'static str,
        wanted: Vec<Wanted>,
        ask: impl Fn(&Call<'_>, Vec<Request>) -> Result<Vec<Result<T, Error>>, Error>,
    ) -> Result<Vec<(usize, T)>, Error> {
        let mut came = Vec::with_capacity(wanted.len());
        let mut wanted = wanted.into_iter().peekable();
        while wanted.peek().is_some() {
            let remaining = self.remaining();
            let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(ROUND);
            if remaining.is_zero() || room == 0 {
                self.timed_out |= remaining.is_zero();
                self.truncated |= room == 0;
                let reason = match room {
                    0 => "max_requests was used up before",
                    _ => "the time limit was reached before",
                };
                wanted.by_ref().for_each(|one| self.skip(&one.name, &one.id, &one.what, reason));
                break;
            }
            let mut round = Vec::with_capacity(room);
            let mut requests = Vec::with_capacity(room);
            for Wanted { of, name, id, what, request } in wanted.by_ref().take(room) {
                requests.push(request.deadline(remaining.min(LONGEST_LOOK)));
                round.push((of, name, id, what));
            }
            *self.made.entry(kind).or_default() += round.len() as u64;
            self.left -= round.len() as u64;
            for ((of, name, id, what), answer) in round.into_iter().zip(ask(self.call, requests)?) {
                match answer {
                    Ok(value) => came.push((of, value)),
                    Err(error) if ends_it(&error) => return Err(error),
                    Err(error) => {
                        let error = error.hiding(&self.call.secrets());
                        self.skip(&name, &id, &what, error.message());
                    }
                }
            }
        }
        Ok(came)
    }
}

/// A look at a path with one name in it.
pub(super) fn look(template: &str, name: &str) -> Result<Request, Error> {
    Ok(Request::get(Path::fill(template, |_| Segment::name(name))?))
}

/// A look at a file's state, or at its contents.
pub(super) fn archive(method: Method, id: &str, path: &str) -> Result<Request, Error> {
    let archive = Path::fill("/containers/{id}/archive", |_| Segment::name(id))?;
    Ok(Request::new(method, archive).query("path", path))
}

fn head(engine: &Engine, request: Request) -> Result<(u16, u32, Option<Value>), engine::Error> {
    let answer = match engine.call(request) {
        Ok(answer) => answer,
        Err(error) if error.status() == Some(404) => return Ok((404, error.tries(), None)),
        Err(error) => return Err(error),
    };
    let header = answer.headers.get("x-docker-container-path-stat").and_then(|stat| stat.to_str().ok());
    match header.and_then(stat) {
        Some(state) => Ok((answer.status, answer.tries, Some(state))),
        None => Err(engine::Error::new(ErrorKind::Protocol, "the engine did not say what is at the path")),
    }
}
