//! Refuses what would undo an isolation, or take away what a release needs, while the isolation's record stands.
//!
//! One look at the records comes before such a change. Where there are none, it is the only one.

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::Value;

use crate::{
    Error, Kind, Operation,
    declare::target::{Target, Touch, Unused},
    run::{
        call::Call,
        isolation::{self, Undo, VOLUME},
        objects::items,
    },
};

/// Refuses the call, if one of the engine's records is about what it touches. `targets` is what its arguments have decided.
pub(super) fn check(operation: &Operation, call: &Call<'_>, targets: &[Target]) -> Result<(), Error> {
    let is_overridden = call.arguments.if_declared("override_isolation").is_some_and(|flag| *flag == true);
    if is_overridden || !operation.upsets_isolation.is_some_and(|upsets| upsets(&call.arguments)) {
        return Ok(());
    }
    let records = records(call)?;
    if records.is_empty() {
        return Ok(());
    }
    for target in targets {
        match target {
            Target::Container(named) | Target::Member(named) | Target::Resumed(named) => {
                container(call, &records, &named.text)?;
            }
            Target::Network(named) => network(call, &records, &named.text)?,
            Target::Volume(named) => volume(&records, &named.text)?,
            Target::Service(named) => service(call, &records, &named.text)?,
            Target::Node(named) => node(call, &records, &named.text)?,
            Target::StoppedContainers => stopped(call, &records)?,
            Target::UnusedNetworks => unused_networks(&records)?,
            Target::UnusedVolumes => {
                return Err(refused(
                    &records[0],
                    &format!("Container {}, whose record is such a volume,", records[0].name()),
                ));
            }
            Target::OwnNode => own_node(&records)?,
            Target::Unclear(form) => {
                let undo = &records[0];
                let message = format!(
                    "The connector cannot tell what the call would change, and container {} is isolated: {form}. {WAY_OUT}",
                    undo.name()
                );
                return Err(Error::new(Kind::Isolated, message));
            }
            _ => {}
        }
    }
    for touch in operation.touches {
        match touch {
            Touch::Unused(Unused::Networks) => unused_networks(&records)?,
            Touch::Unused(Unused::Containers) => stopped(call, &records)?,
            _ => {}
        }
    }
    Ok(())
}

/// The records of the engine, for what is to spare isolated containers.
pub(crate) fn records(call: &Call<'_>) -> Result<Vec<Undo>, Error> {
    match isolation::all(call) {
        // Who may not look at volumes cannot have kept a record among them, and an answer that is none tells of none.
        Err(error) if error.status().is_some() || error.kind() == Kind::Engine(ErrorKind::Protocol) => {
            Ok(Vec::new())
        }
        records => records,
    }
}

/// Refuses a change to a container, by its full id, if one of the records is about it.
pub(crate) fn refuse(records: &[Undo], id: &str, named: &str) -> Result<(), Error> {
    let record = records.iter().find(|undo| undo.container() == id);
    record.map_or(Ok(()), |undo| Err(refused(undo, &format!("Container {named}"))))
}

/// Refuses what would end the tasks of a service, by its id, if one of the records is about such a task.
pub(crate) fn refuse_service(records: &[Undo], id: &str, named: &str) -> Result<(), Error> {
    task(records, "service", &id.into(), &format!("A task of service {named}"))
}

fn container(call: &Call<'_>, records: &[Undo], named: &str) -> Result<(), Error> {
    let found = look(call, "/containers/{id}/json", named)?;
    refuse(records, found["Id"].as_str().unwrap_or_default(), named)
}

fn network(call: &Call<'_>, records: &[Undo], named: &str) -> Result<(), Error> {
    let id = look(call, "/networks/{id}", named)?["Id"].clone();
    let is_in_it = |undo: &&Undo| undo.networks().any(|place| place["id"] == id);
    match records.iter().find(is_in_it).filter(|_| id.is_string()) {
        Some(undo) => Err(Error::new(
            Kind::Isolated,
            format!(
                "Network {named} is where container {} comes back to when it is released. {}",
                undo.name(),
                WAY_OUT
            ),
        )),
        None => Ok(()),
    }
}

fn volume(records: &[Undo], named: &str) -> Result<(), Error> {
    let record = records.iter().find(|undo| named.strip_prefix(VOLUME) == Some(undo.container()));
    let message = |undo: &Undo| {
        format!("Volume {named} is the record of how to release container {}. {WAY_OUT}", undo.name())
    };
    record.map_or(Ok(()), |undo| Err(Error::new(Kind::Isolated, message(undo))))
}

fn service(call: &Call<'_>, records: &[Undo], named: &str) -> Result<(), Error> {
    let id = look(call, "/services/{id}", named)?["ID"].clone();
    task(records, "service", &id, &format!("A task of service {named}"))
}

fn node(call: &Call<'_>, records: &[Undo], named: &str) -> Result<(), Error> {
    let id = look(call, "/nodes/{id}", named)?["ID"].clone();
    task(records, "node", &id, &format!("A task on node {named}"))
}

/// A node that leaves its swarm ends its tasks.
fn own_node(records: &[Undo]) -> Result<(), Error> {
    let record = records.iter().find(|undo| undo.shown()["service"].is_string());
    let message = |undo: &Undo| {
        format!(
            "Container {}, a task of the swarm, is isolated, and this would end it. {WAY_OUT}",
            undo.name()
        )
    };
    record.map_or(Ok(()), |undo| Err(Error::new(Kind::Isolated, message(undo))))
}

/// Refuses what would end a task that is isolated. `of` is the record's field with the id of its service or node.
fn task(records: &[Undo], of: &str, id: &Value, what: &str) -> Result<(), Error> {
    let record = records.iter().find(|undo| id.is_string() && undo.shown()[of] == *id);
    let message = |undo: &Undo| {
        format!("{what}, container {}, is isolated, and this would end it. {WAY_OUT}", undo.name())
    };
    record.map_or(Ok(()), |undo| Err(Error::new(Kind::Isolated, message(undo))))
}

/// A prune takes every container that does not run.
fn stopped(call: &Call<'_>, records: &[Undo]) -> Result<(), Error> {
    let request = Request::get(Path::fixed("/containers/json")).query("all", "true");
    let listed: Value = call.send(request)?.json()?;
    for undo in records {
        let is_it = |container: &&Value| container["Id"] == undo.container();
        let state = items(&listed).find(is_it).and_then(|container| container["State"].as_str());
        if state.is_some_and(|state| !matches!(state, "running" | "paused" | "restarting")) {
            return Err(refused(undo, &format!("Container {}, which does not run,", undo.name())));
        }
    }
    Ok(())
}

/// A prune takes every network that no running container is in. The networks of isolated containers look so.
fn unused_networks(records: &[Undo]) -> Result<(), Error> {
    let is_the_engines = |name: &str| matches!(name, "bridge" | "host" | "none" | "ingress" | "podman");
    for undo in records {
        let mut names = undo.networks().filter_map(|place| place["name"].as_str());
        if let Some(name) = names.find(|name| !is_the_engines(name)) {
            let message = format!(
                "Container {} comes back to network {name} when it is released, and a prune could remove the network. {WAY_OUT}",
                undo.name()
            );
            return Err(Error::new(Kind::Isolated, message));
        }
    }
    Ok(())
}

const WAY_OUT: &str =
    "Nothing was done. Release the container first (release_container), or set override_isolation.";

fn refused(undo: &Undo, what: &str) -> Error {
    if undo.is_for_evidence() {
        let message = format!(
            "{what} is paused since {} while its evidence is collected. Nothing was done. Call again when collect_evidence has \
             ended. If that was cut off, release_container lets it run on. Or set override_isolation.",
            undo.at()
        );
        return Error::new(Kind::Isolated, message);
    }
    Error::new(Kind::Isolated, format!("{what} is isolated since {}. {WAY_OUT}", undo.at()))
}

/// Looks at what is named. What is not there is the change's own error.
fn look(call: &Call<'_>, template: &str, named: &str) -> Result<Value, Error> {
    let path = Path::fill(template, |_| Segment::reference(named.trim_start_matches('/')))?;
    match call.send(Request::get(path)) {
        Ok(answer) => Ok(answer.json()?),
        Err(error) if error.status().is_some() => Ok(Value::Null),
        Err(error) => Err(error),
    }
}
