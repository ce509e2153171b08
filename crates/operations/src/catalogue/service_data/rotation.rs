//! Rotation: a secret or config gives way to one with other data, in all services that use it.
//!
//! The data of what a swarm keeps cannot change, so the replacement is another object with another name. The services are
//! updated to it, and the old one goes when they have converged. Whatever stops a call half-way, the next one with the same data
//! continues: the replacement says in a label what it replaces, and the engine tells whether its data is the same.

use std::{collections::HashSet, time::Instant};

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::{Map, Value, json};

use super::{KEEP_OLD, NEW_NAME, Sort, make, naming, payload::Given, users};
use crate::{
    Error, Kind, Output, Progress,
    catalogue::{
        dry_run::would,
        services::{change::Change, wait::wait},
    },
    run::{call::Call, guard, objects::items, progress::Watch, swarm_update::Versioned},
};

/// The label of a replacement: the id and the name of what it replaces.
const REPLACES: &str = "fsr-docker.replaces";

/// What is to be done.
struct Rotation<'c> {
    call: &'c Call<'c>,
    sort: &'static Sort,
    old: Value,
    /// Replacements of it that earlier calls have made, and that are not all in use yet.
    earlier: Vec<Value>,
    /// The services that use any of these.
    services: Vec<Value>,
    /// The names that are taken.
    taken: HashSet<String>,
}

/// How far a service has come.
struct Step<'r> {
    service: &'r str,
    /// Whether its spec names the replacement.
    is_updated: bool,
    failure: Option<String>,
}

/// `rotate_secret` and `rotate_config`.
pub(super) fn rotate(call: &Call<'_>) -> Result<Output, Error> {
    let sort = Sort::of(call);
    let end = Instant::now() + call.time_limit();
    let data = Given::required(call, sort)?;
    let Some(rotation) = Rotation::look(call, sort)? else { return finished(call, sort, &data) };
    guard::permit_services(
        call,
        rotation.services.iter().map(|service| (id(service), users::name(service))),
    )?;
    let new = rotation.replacement(&data)?;
    let steps = rotation.update_services(&new, end)?;
    if steps.iter().any(|step| step.failure.is_some()) {
        return Err(rotation.incomplete(&new, &steps));
    }
    let removes = !call.arguments.is_on(KEEP_OLD);
    if removes {
        rotation.remove_all_but(&new)?;
    }
    let sentence = format!("Rotated {} {{id}}: {} replaces it", sort.noun, name(&new));
    let mut result = call.outcome_fields(&sentence, false);
    result.extend(rotation.told(id(&new).into(), name(&new)));
    result.insert("old_removed".into(), removes.into());
    Ok(result.into())
}

/// What a rotation would do. It needs no data.
pub(super) fn dry_run(call: &Call<'_>) -> Result<Output, Error> {
    let sort = Sort::of(call);
    Given::read(call, sort)?;
    let Some(rotation) = Rotation::look(call, sort)? else { return absent(call, sort) };
    let protection = guard::permit_services(
        call,
        rotation.services.iter().map(|service| (id(service), users::name(service))),
    )
    .err();
    let obstacles = protection.map(|error| error.message().trim_end_matches('.').to_owned());
    let found = rotation.told(Value::Null, &rotation.new_name()?);
    let what = format!("rotate {} {{id}}", sort.noun);
    Ok(would(call, &what, &obstacles.into_iter().collect::<Vec<_>>(), found.into()))
}

/// The result where the old one is gone: an earlier call has done all, if there is a replacement with this data.
fn finished(call: &Call<'_>, sort: &'static Sort, data: &Given) -> Result<Output, Error> {
    let given = call.arguments.text("id").unwrap_or_default();
    for new in all(call, sort)? {
        let replaced = new["Spec"]["Labels"][REPLACES].as_str().and_then(|label| label.split_once(' '));
        let Some((old_id, old_name)) = replaced.filter(|(id, name)| *id == given || *name == given) else {
            continue;
        };
        if !holds(call, sort, &new, data)? {
            let message = format!(
                "There is no {} {given} any more: {} replaces it, with other data. Rotate that one. Nothing was changed.",
                sort.noun,
                name(&new)
            );
            return Err(Error::new(Kind::Failed, message));
        }
        let services = users::users(call, sort, &[id(&new)])?;
        let sentence = format!("{} replaced {} {{id}} already", name(&new), sort.noun);
        let mut result = call.outcome_fields(&sentence, true);
        result.extend(told((old_id, old_name), (id(&new).into(), name(&new)), &services));
        result.insert("old_removed".into(), true.into());
        return Ok(result.into());
    }
    absent(call, sort)
}

/// The engine's own error.
fn absent(call: &Call<'_>, sort: &Sort) -> Result<Output, Error> {
    call.look(&format!("{}/{{id}}", sort.path)).map(Output::from)
}

impl<'c> Rotation<'c> {
    /// Looks at what is there; `None` where the old one is gone.
    fn look(call: &'c Call<'c>, sort: &'static Sort) -> Result<Option<Self>, Error> {
        let old = match call.look(&format!("{}/{{id}}", sort.path)) {
            Ok(old) => old,
            Err(error) if error.kind() == Kind::Engine(ErrorKind::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let all = all(call, sort)?;
        let taken = all.iter().map(|one| name(one).to_owned()).collect();
        let replaces = |label: &str| label.split(' ').next() == Some(id(&old));
        let is_replacement = |one: &Value| one["Spec"]["Labels"][REPLACES].as_str().is_some_and(replaces);
        let earlier: Vec<Value> = all.into_iter().filter(is_replacement).collect();
        let ids: Vec<&str> = std::iter::once(&old).chain(&earlier).map(id).collect();
        let services = users::users(call, sort, &ids)?;
        Ok(Some(Self { call, sort, old, earlier, services, taken }))
    }

    /// The replacement: one of an earlier call, if it has this data, or a new one.
    fn replacement(&self, data: &Given) -> Result<Value, Error> {
        if holds(self.call, self.sort, &self.old, data)? {
            let message = format!(
                "{} {} has this data already. Give other data. Nothing was changed.",
                capitalized(self.sort.noun),
                name(&self.old)
            );
            return Err(Error::new(Kind::Failed, message));
        }
        for one in &self.earlier {
            if holds(self.call, self.sort, one, data)? {
                return Ok(one.clone());
            }
        }
        let mut spec = self.old["Spec"].clone();
        spec["Name"] = self.new_name()?.into();
        spec["Data"] = data.encoded().into();
        let mut labels = spec["Labels"].as_object().cloned().unwrap_or_default();
        labels.insert(REPLACES.into(), format!("{} {}", id(&self.old), name(&self.old)).into());
        spec["Labels"] = labels.into();
        let id = make(self.call, self.sort, &spec)?;
        Ok(json!({"ID": id, "Spec": {"Name": spec["Name"]}}))
    }

    fn new_name(&self) -> Result<String, Error> {
        match self.call.arguments.text(NEW_NAME) {
            Some(name) => Ok(name.to_owned()),
            None => naming::next(name(&self.old), &self.taken).ok_or_else(|| {
                Error::fault("new_name must be given: with a number, the old name would be too long")
            }),
        }
    }

    /// Updates every service to the replacement, and waits until all have converged. A service that fails stops no other.
    fn update_services(&self, new: &Value, end: Instant) -> Result<Vec<Step<'_>>, Error> {
        let others: Vec<&str> = self.others(new).map(id).collect();
        let mut watch = Watch::of(self.call);
        let mut tell = |service: &str, text: &str, is_done| {
            if let Some(watch) = &mut watch {
                watch.note(&Progress { part: service, text, is_done, ..Progress::default() });
            }
        };
        let mut steps = Vec::new();
        for service in &self.services {
            let step = users::name(service);
            tell(step, "Updating", false);
            let its = Map::from_iter([("id".to_owned(), id(service).into())]);
            let updated = self.call.part("update_service", &its, |call| {
                Change::of(call)?.make(|_, spec| {
                    users::replace(self.sort, spec, &others, (id(new), name(new)));
                    Ok(())
                })
            });
            let failure = updated.err().map(passing).transpose()?;
            steps.push(Step { service: step, is_updated: failure.is_none(), failure });
        }
        for (step, service) in steps.iter_mut().zip(&self.services).filter(|(step, _)| step.is_updated) {
            tell(step.service, "Converging", false);
            let left = end.saturating_duration_since(Instant::now()).as_secs_f64().ceil();
            let its = [("id".to_owned(), id(service).into()), ("timeout".to_owned(), left.into())];
            let waited = self.call.part("wait_for_service", &Map::from_iter(its), wait);
            step.failure = waited.err().map(passing).transpose()?;
            tell(step.service, if step.failure.is_none() { "Converged" } else { "Not converged" }, true);
        }
        Ok(steps)
    }

    /// What the replacement replaces.
    fn others<'r>(&'r self, new: &Value) -> impl Iterator<Item = &'r Value> {
        let new = id(new).to_owned();
        std::iter::once(&self.old).chain(&self.earlier).filter(move |one| id(one) != new)
    }

    fn remove_all_but(&self, new: &Value) -> Result<(), Error> {
        for one in self.others(new) {
            let path = Path::fill(&format!("{}/{{id}}", self.sort.path), |_| Segment::name(id(one)))?;
            match self.call.send(Request::new(engine::Method::DELETE, path)) {
                Err(error) if error.kind() != Kind::Engine(ErrorKind::NotFound) => {
                    return Err(error.and(&format!(
                        "All services use {} and have converged, but {} {} is still there. Call rotate_{} again with \
                         the same data to remove it.",
                        name(new),
                        self.sort.noun,
                        name(one),
                        self.sort.noun
                    )));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The error that says what is where.
    fn incomplete(&self, new: &Value, steps: &[Step<'_>]) -> Error {
        let why = |step: &Step<'_>| step.failure.as_deref().map(|why| format!("{} ({why})", step.service));
        let part = |what: &str, of: &dyn Fn(&Step<'_>) -> Option<String>| {
            let services: Vec<String> = steps.iter().filter_map(of).collect();
            if services.is_empty() { String::new() } else { format!("{what}: {}. ", services.join("; ")) }
        };
        let parts = [
            part("Converged on it", &|step| step.failure.is_none().then(|| step.service.to_owned())),
            part("Updated, but not converged", &|step| why(step).filter(|_| step.is_updated)),
            part("Not updated", &|step| why(step).filter(|_| !step.is_updated)),
        ]
        .concat();
        let noun = self.sort.noun;
        let message = format!(
            "The rotation is not finished. The new {noun} is {} ({}). {parts}The old {noun} {} is still there. Fix the \
             cause, then call rotate_{noun} again with the same data: it continues.",
            name(new),
            id(new),
            name(&self.old)
        );
        Error::new(Kind::Failed, message)
    }

    fn told(&self, new_id: Value, new_name: &str) -> Map<String, Value> {
        told((id(&self.old), name(&self.old)), (new_id, new_name), &self.services)
    }
}

/// The fields of a result.
fn told(old: (&str, &str), new: (Value, &str), services: &[Value]) -> Map<String, Value> {
    let service = |service: &Value| json!({"id": id(service), "name": users::name(service)});
    let fields = [
        ("old_id", old.0.into()),
        ("old_name", old.1.into()),
        ("new_id", new.0),
        ("new_name", new.1.into()),
        ("services", services.iter().map(service).collect()),
    ];
    fields.into_iter().map(|(name, value): (&str, Value)| (name.to_owned(), value)).collect()
}

fn all(call: &Call<'_>, sort: &Sort) -> Result<Vec<Value>, Error> {
    let listed: Value = call.send(Request::get(Path::fixed(sort.path)))?.json()?;
    Ok(items(&listed).cloned().collect())
}

/// Whether one has this data. The engine never shows that of a secret, but takes an update with the same data and refuses one
/// with other data.
fn holds(call: &Call<'_>, sort: &Sort, one: &Value, data: &Given) -> Result<bool, Error> {
    let update = Versioned::of(&sort.path[1..], id(one))?.update(call, Ok, |found| {
        let mut spec = found["Spec"].clone();
        spec["Data"] = data.encoded().into();
        Ok(Some(spec))
    });
    match update {
        Ok(_) => Ok(true),
        Err(error) if error.status() == Some(400) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The text of an error that stops one service and not the whole.
fn passing(error: Error) -> Result<String, Error> {
    match error.kind() {
        Kind::Engine(ErrorKind::Interrupted) => Err(error),
        _ => Ok(error.message().trim_end_matches('.').to_owned()),
    }
}

fn id(one: &Value) -> &str {
    one["ID"].as_str().unwrap_or_default()
}

fn name(one: &Value) -> &str {
    one["Spec"]["Name"].as_str().unwrap_or_default()
}

fn capitalized(noun: &str) -> String {
    let mut letters = noun.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
