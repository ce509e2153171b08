//! A hit as FortiSOAR's alerts and indicators take it.
//!
//! The fields are those of the module Alerts and Indicators; picklists are given by the words that stock systems have.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    facts::Fact,
    indicator::{Indicator, Kind},
};
use crate::{
    Schema,
    catalogue::investigate::{
        attack::{
            CONTAINER_ADMINISTRATION_COMMAND, CONTAINER_AND_RESOURCE_DISCOVERY, DEPLOY_CONTAINER,
            ESCAPE_TO_HOST, EXTERNAL_REMOTE_SERVICES, FILE_DELETION, IMPLANT_INTERNAL_IMAGE,
            INGRESS_TOOL_TRANSFER, MALICIOUS_IMAGE, RESOURCE_HIJACKING, Technique,
        },
        plain::plain,
    },
};

pub(super) const TECHNIQUES: Schema =
    Schema::Field("techniques", &Schema::List(&Schema::Fields(&["id", "name"])));
pub(super) const ALERT: Schema = Schema::Field(
    "alert",
    &Schema::Fields(&[
        "name",
        "sourceId",
        "source",
        "severity",
        "type",
        "description",
        "computerName",
        "processName",
        "commandLine",
        "fileHash",
        "filePath",
        "destinationIp",
        "destinationPort",
        "mitreattackid",
        "mitreTechnique",
    ]),
);
pub(super) const RECORD: Schema =
    Schema::Field("indicator_record", &Schema::Fields(&["typeofindicator", "value", "description"]));

/// Words by which those who mine are known.
const MINERS: [&str; 7] = ["xmrig", "minerd", "cpuminer", "ethminer", "kinsing", "stratum+", "nicehash"];

/// What was done with a hit's fact, where it decides the technique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    None,
    /// A command was run in the container.
    Executed,
    Deleted,
}

/// The techniques that a hit speaks of.
pub(super) fn techniques(indicator: &Indicator, fact: &Fact, trace: Trace) -> Vec<Technique> {
    let text = fact.value.as_str().unwrap_or_default();
    let mut found = match (indicator.kind, trace) {
        (Kind::Process, Trace::Executed) => vec![CONTAINER_ADMINISTRATION_COMMAND],
        (Kind::ImageDigest, _) => vec![MALICIOUS_IMAGE, DEPLOY_CONTAINER],
        (Kind::Layer, _) => vec![MALICIOUS_IMAGE, IMPLANT_INTERNAL_IMAGE],
        (Kind::ChangedPath, Trace::Deleted) => vec![FILE_DELETION],
        (Kind::ChangedPath | Kind::Path | Kind::Sha256, _) => vec![INGRESS_TOOL_TRANSFER],
        (Kind::Mount, _) if text.contains("docker.sock") || indicator.value.contains("docker.sock") => {
            vec![ESCAPE_TO_HOST, CONTAINER_AND_RESOURCE_DISCOVERY]
        }
        (Kind::Mount, _) if fact.field == "Mounts.Source" => vec![ESCAPE_TO_HOST],
        (Kind::Port, _) if fact.field.ends_with("PublicPort") => vec![EXTERNAL_REMOTE_SERVICES],
        (Kind::StartedAfter, _) => vec![DEPLOY_CONTAINER],
        _ => Vec::new(),
    };
    let lower = text.to_ascii_lowercase();
    if matches!(indicator.kind, Kind::Process | Kind::Environment)
        && MINERS.iter().any(|miner| lower.contains(miner))
    {
        found.push(RESOURCE_HIJACKING);
    }
    found
}

/// The container of a hit, as its records name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'h> {
    pub(super) engine: &'h str,
    pub(super) container: &'h str,
    pub(super) id: &'h str,
    pub(super) image: &'h str,
}

/// The fields of an alert. The same find of a later hunt has the same `sourceId`, so that it can be an upsert.
pub(super) fn alert(of: Of<'_>, indicator: &Indicator, fact: &Fact, techniques: &[Technique]) -> Value {
    let kind = indicator.kind.name();
    let (severity, class) = match indicator.kind {
        Kind::Sha256 | Kind::ImageDigest | Kind::Layer | Kind::Process => ("High", "Malware"),
        Kind::Path | Kind::ChangedPath | Kind::Address | Kind::Mount => ("Medium", "Other / Unknown"),
        _ => ("Low", "Other / Unknown"),
    };
    let subject = match of.container {
        "" => format!("image {}", plain(of.image, 100)),
        container => format!("container {}", plain(container, 100)),
    };
    let value = plain(&indicator.value, 200);
    let said = fact.value.as_str().map_or_else(|| fact.value.to_string(), str::to_owned);
    let joined =
        |of: fn(&Technique) -> &'static str| techniques.iter().map(of).collect::<Vec<_>>().join(", ");
    let only = |is: bool, text: &str| is.then(|| plain(text, 500));
    let path = if indicator.path.is_empty() { &indicator.value } else { &indicator.path };
    json!({
        "name": format!("Indicator {kind} {value} found in {subject}"),
        "sourceId": source_id(&[of.engine, of.id, of.image, kind, &indicator.value, &indicator.path]),
        "source": "Docker Engine",
        "severity": severity,
        "type": class,
        "description": format!(
            "{}: {} ({} of image {})", plain(&fact.field, 200), plain(&said, 500), subject, plain(of.image, 100)
        ),
        "computerName": of.engine,
        "processName": only(indicator.kind == Kind::Process, &indicator.value),
        "commandLine": only(indicator.kind == Kind::Process, &said),
        "fileHash": only(indicator.kind == Kind::Sha256, &indicator.value),
        "filePath": match indicator.kind {
            Kind::ChangedPath | Kind::Sha256 => Some(plain(&said, 500)),
            Kind::Path => Some(plain(path, 500)),
            _ => None,
        },
        "destinationIp": only(indicator.kind == Kind::Address, &indicator.value),
        "destinationPort": only(indicator.kind == Kind::Port, &indicator.value),
        "mitreattackid": joined(|technique| technique.id),
        "mitreTechnique": joined(|technique| technique.name),
    })
}

/// The fields of an indicator.
pub(super) fn record(indicator: &Indicator) -> Value {
    let kind = match indicator.kind {
        Kind::Sha256 | Kind::ImageDigest | Kind::Layer => "FileHash-SHA256",
        Kind::Address if indicator.value.parse::<std::net::IpAddr>().is_ok() => "IP Address",
        Kind::Address => "Host",
        Kind::Port => "Port",
        Kind::Process => "Process",
        Kind::Path | Kind::ChangedPath => "File",
        _ => "Other",
    };
    json!({
        "typeofindicator": kind,
        "value": indicator.value,
        "description": format!("{} of a Docker Engine", indicator.kind.name()),
    })
}

fn source_id(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    hex::encode(&digest.finalize()[..16])
}
