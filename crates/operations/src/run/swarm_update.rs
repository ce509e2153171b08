//! Updates an object of a swarm: a service, a node, a secret, a config, or the swarm itself.
//!
//! The engine has no endpoint that changes one setting. An update replaces the whole specification, and the engine takes it only
//! if nobody else has changed the object since it was read. Otherwise it answers "update out of sequence". Then the object is
//! read again, and the change applied to what it is now. The orchestrator changes objects, too, so one writer alone can meet
//! this; of W writers at once the last one needs about W tries.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use engine::{ApiVersion, ErrorKind, Path, Request, Segment, SwarmState};
use serde_json::Value;

use crate::{Error, Kind, run::call::Call};

/// There are at least so many tries, as long as they take no more than twice the time limit.
const FEWEST_TRIES: u32 = 30;
const FIRST_WAIT: Duration = Duration::from_millis(5);
const LONGEST_WAIT: Duration = Duration::from_millis(200);

/// Where an object is read, and where its update goes.
pub(crate) struct Versioned {
    look: Path,
    update: Path,
    /// The API version that both speak, if it is not the configuration's.
    api: Option<ApiVersion>,
}

/// What came of an update.
pub(crate) struct Updated {
    /// The object as it was read, right before it was changed.
    pub(crate) before: Value,
    /// The specification that the engine took. `None` where there was nothing to change.
    pub(crate) spec: Option<Value>,
    /// The engine's answer, such as a service's `Warnings`. Null where it is empty.
    pub(crate) answer: Value,
}

impl Versioned {
    /// An object of a collection: `Versioned::of("services", "web")`.
    pub(crate) fn of(collection: &str, id: &str) -> Result<Self, Error> {
        let path = |template: &str| Path::fill(&format!("/{collection}/{template}"), |_| Segment::name(id));
        Ok(Self { look: path("{id}")?, update: path("{id}/update")?, api: None })
    }

    /// The swarm itself.
    pub(crate) fn swarm() -> Self {
        Self { look: Path::fixed("/swarm"), update: Path::fixed("/swarm/update"), api: None }
    }

    /// Speaks this API version: an older one may drop settings that it does not know.
    pub(crate) fn speaking(self, version: ApiVersion) -> Self {
        Self { api: Some(version), ..self }
    }

    /// Reads the object, applies a change to it and sends that, until the engine takes it. `change` gets the whole object and
    /// gives the new specification, or `None` where there is nothing to change. It is called anew for each try, so it must make
    /// the same change to whatever it is given. `finish` adds to the request: a query or a header.
    pub(crate) fn update(
        &self,
        call: &Call<'_>,
        finish: impl Fn(Request) -> Result<Request, Error>,
        mut change: impl FnMut(&Value) -> Result<Option<Value>, Error>,
    ) -> Result<Updated, Error> {
        let started = Instant::now();
        let limit = call.time_limit();
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .without_max_times()
            .with_jitter()
            .build();
        let mut tries = 0;
        let mut refused_at = None;
        loop {
            let before = call.send(self.spoken(Request::get(self.look.clone())))?.json()?;
            let version = before["Version"]["Index"].as_u64().ok_or_else(|| no_version(&self.look))?;
            // A read may be older than the refusal: the same body would only be refused again.
            let is_stale = refused_at == Some(version);
            let mut refusal = None;
            if !is_stale {
                let Some(spec) = change(&before)? else {
                    return Ok(Updated { before, spec: None, answer: Value::Null });
                };
                tries += 1;
                let request = self.spoken(Request::post(self.update.clone()));
                let request = request.query("version", &version.to_string());
                match call.send(finish(request.json(&spec))?) {
                    Ok(answer) => {
                        let answer = if answer.body.is_empty() { Value::Null } else { answer.json()? };
                        return Ok(Updated { before, spec: Some(spec), answer });
                    }
                    Err(error) if may_be_repeated(&error) => {
                        refused_at = Some(version);
                        refusal = Some(error);
                    }
                    Err(error) => return Err(error),
                }
            }
            let passed = started.elapsed();
            if passed >= limit && (tries >= FEWEST_TRIES || passed >= limit * 2) {
                return Err(given_up(refusal, tries, passed));
            }
            engine::sleep(waits.next().unwrap_or(LONGEST_WAIT))?;
        }
    }

    fn spoken(&self, request: Request) -> Request {
        match self.api {
            Some(version) => request.speaking(version),
            None => request,
        }
    }
}

/// Whether the change is to be applied again to what the object is now. While a manager's role changes, the engine answers that
/// it is unavailable for a moment; the version keeps an update from being made twice.
fn may_be_repeated(error: &Error) -> bool {
    let is_passing = || {
        error.kind() == Kind::Engine(ErrorKind::Unavailable)
            && error.said().is_some_and(|said| said.contains("code = Unavailable"))
    };
    error.swarm_state() == Some(SwarmState::OutOfSequence) || is_passing()
}

fn no_version(path: &Path) -> Error {
    let message = format!("the answer to GET {path} has no Version.Index, so nothing was changed");
    engine::Error::new(ErrorKind::Protocol, message).hint("Check that a Docker Engine answers").into()
}

fn given_up(refusal: Option<Error>, tries: u32, passed: Duration) -> Error {
    let many =
        format!("{tries} tries in {:.1} seconds, each after reading the object again", passed.as_secs_f64());
    match refusal {
        Some(error) => error.advise(&format!(
            "There were {many}. Others change the object all the time: let fewer playbooks change it at once, or raise the time limit"
        )),
        None => Error::new(
            Kind::Engine(ErrorKind::Conflict),
            format!("The engine refused the update as out of sequence, and then gave no newer version to change ({many}). Call again."),
        ),
    }
}
