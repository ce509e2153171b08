//! The settings of a swarm, and how they change.

use serde_json::Value;

use super::super::labels;
use crate::{
    Error, Output, Param, Secrecy,
    declare::{
        arguments::Arguments,
        param::{flag, integer, long_text, object, objects, secret, text},
    },
    run::{
        call::Call,
        request::{body, is_empty},
        swarm_update::Versioned,
    },
    values::body::overlay,
};

/// The fields of a swarm's specification, but for its labels.
pub(super) const SETTINGS: [Param; 11] = [
    flag("AutoLockManagers")
        .title("Lock Managers")
        .about("Lock managers when they restart, until they get the unlock key. This protects the swarm's keys on disk.")
        .wire("EncryptionConfig.AutoLockManagers")
        .body(),
    integer("TaskHistoryRetentionLimit")
        .title("Task History Limit")
        .about("How many ended tasks the swarm keeps for each running task, as their history.")
        .wire("Orchestration.TaskHistoryRetentionLimit")
        .body(),
    text("HeartbeatPeriod")
        .title("Heartbeat Period")
        .about("How often nodes report, such as 5s. With a longer period, a lost node is noticed later.")
        .wire("Dispatcher.HeartbeatPeriod")
        .body(),
    text("NodeCertExpiry")
        .title("Certificate Expiry")
        .about("How long a node's certificate is valid, such as 2160h; at least 1h.")
        .wire("CAConfig.NodeCertExpiry")
        .body(),
    objects("ExternalCAs")
        .secret(Secrecy::Within)
        .title("External Authorities")
        .about("External certificate authorities that sign instead of the swarm, as the API's ExternalCAs.")
        .wire("CAConfig.ExternalCAs")
        .body(),
    long_text("SigningCACert")
        .open()
        .title("Authority's Certificate")
        .about("The certificate, in PEM, of the authority that signs the nodes' certificates.")
        .wire("CAConfig.SigningCACert")
        .body(),
    secret("SigningCAKey")
        .title("Authority's Key")
        .about("The private key, in PEM, of that authority.")
        .wire("CAConfig.SigningCAKey")
        .body(),
    integer("ForceRotate")
        .title("Rotate Authority")
        .about("Change this number to create a new CA and new certificates for all nodes.")
        .wire("CAConfig.ForceRotate")
        .body(),
    integer("SnapshotInterval")
        .title("Snapshot Interval")
        .about("The number of log entries after which managers take a snapshot of their Raft log.")
        .wire("Raft.SnapshotInterval")
        .body(),
    integer("KeepOldSnapshots")
        .title("Old Snapshots")
        .about("How many older snapshots of the Raft log managers keep.")
        .wire("Raft.KeepOldSnapshots")
        .body(),
    object("LogDriver")
        .secret(Secrecy::Within)
        .title("Log Driver")
        .about("The log driver of tasks whose service has none: an object with Name and Options.")
        .wire("TaskDefaults.LogDriver")
        .body(),
];

/// What is made anew, and not set.
pub(super) const ROTATIONS: [Param; 3] = [
    flag("rotateWorkerToken")
        .title("Rotate Worker Token")
        .about("Create a new join token for workers. The old one becomes invalid at once."),
    flag("rotateManagerToken")
        .title("Rotate Manager Token")
        .about("Create a new join token for managers. The old one becomes invalid at once."),
    flag("rotateManagerUnlockKey")
        .title("Rotate Unlock Key")
        .about("Create a new key for unlocking managers after a restart. Get Unlock Key returns it."),
];

pub(super) fn validate(arguments: &Arguments) -> Result<(), Error> {
    match is_empty(&body(arguments)?) && !rotates(arguments) && !labels::are_given(arguments) {
        true => Err(Error::fault("a setting, labels or something to rotate must be given")),
        false => Ok(()),
    }
}

fn rotates(arguments: &Arguments) -> bool {
    ROTATIONS.iter().any(|param| arguments.is_on(param))
}

/// `POST /swarm/update`: changes the present specification by what is given.
pub(super) fn update(call: &Call<'_>) -> Result<Output, Error> {
    let given = body(&call.arguments)?;
    let rotates = rotates(&call.arguments);
    let finish = |request| Ok(rotating(&call.arguments, &ROTATIONS, request));
    let updated = Versioned::swarm().update(call, finish, |swarm| {
        let mut spec = swarm["Spec"].clone();
        overlay(call.endpoint.path, &mut spec, given.clone());
        if labels::are_given(&call.arguments) {
            let present = spec["Labels"].as_object().cloned().unwrap_or_default();
            spec["Labels"] = Value::Object(labels::changed(&call.arguments, present));
        }
        Ok((rotates || spec != swarm["Spec"]).then_some(spec))
    })?;
    Ok(match updated.spec {
        Some(_) => call.done("Updated the swarm", false),
        None => call.done("The swarm was already up to date", true),
    })
}

/// The request, with the flags as they are given.
pub(super) fn rotating(arguments: &Arguments, flags: &[Param], request: engine::Request) -> engine::Request {
    let given = flags.iter().filter_map(|param| Some((param.name, arguments.flag(param)?)));
    given.fold(request, |request, (name, is_on)| request.query(name, &is_on.to_string()))
}
