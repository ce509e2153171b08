//! The undo records of isolated containers: how an engine keeps them, and whether one is to be believed.
//!
//! A record is kept as labels of an empty volume that is named after the container. Labels of a volume never change, and of several
//! callers that make the same volume the engine obeys the first and tells all of them what that one wrote. Nothing is written
//! into the suspect. Whoever can call the engine can forge a record, so it is a memory and no authority. Where the
//! configuration has a key that signs, only a record that was signed by it counts.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use engine::{Path, Request, Segment};
use serde_json::{Value, json};

use crate::{
    Error, Kind,
    run::{
        call::Call,
        objects::{items, text},
    },
};

/// The label of every record's volume: the container's full id.
pub(crate) const LABEL: &str = "fortisoar.isolation";
/// What the names of the records' volumes begin with.
pub(crate) const VOLUME: &str = "fortisoar-isolation-";
/// The label that holds the record.
const RECORD: &str = "fortisoar.isolation.record";
/// The method of a record that is no isolation's: the container is paused only while its evidence is collected.
pub(crate) const FOR_EVIDENCE: &str = "evidence";
/// The version of the record's form.
const FORM: u64 = 1;
/// The field that holds the signature of the others.
const SIGNATURE: &str = "signature";

/// What a container was before it was isolated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Undo(Value);

/// What became of a record that was to be kept on the engine.
pub(crate) enum Kept {
    Here,
    /// Another caller's record was there before, and counts.
    Theirs(Undo),
    /// It could not be kept, for this reason.
    Not(String),
}

impl Undo {
    /// A record of these fields, signed where the configuration has a key for that.
    pub(crate) fn new(call: &Call<'_>, fields: Value) -> Self {
        let mut undo = Self(fields);
        undo.0["form"] = FORM.into();
        if let Some(signer) = call.configuration.signer() {
            undo.0[SIGNATURE] = BASE64_STANDARD.encode(signer.sign(&undo.signed_bytes())).into();
        }
        undo
    }

    /// Reads a record, of this container. A record that someone else has written may be anything.
    pub(crate) fn read(value: &Value, container: &str) -> Result<Self, Error> {
        let refused = |what: &str| {
            Error::new(Kind::Failed, format!("The undo record cannot be followed: {what}. Nothing was done."))
        };
        if value["form"] != FORM {
            return Err(refused("it has no form that this connector knows (\"form\": 1)"));
        }
        if value["container"] != container {
            return Err(refused(&format!("it is of container {}", short(text(value, "container")))));
        }
        let is_policy = matches!(
            value["restart_policy"]["Name"].as_str(),
            Some("no" | "always" | "unless-stopped" | "on-failure")
        );
        let is_place = |place: &Value| {
            is_an_id(text(place, "id")) && place["endpoint"].is_object() && place["name"].is_string()
        };
        let networks = value["networks"].as_array().filter(|networks| networks.iter().all(is_place));
        match is_policy && value["paused"].is_boolean() && value["status"].is_string() && networks.is_some() {
            true => Ok(Self(value.clone())),
            false => Err(refused("a part of it is missing or has another form")),
        }
    }

    /// The record in the form of a result.
    pub(crate) fn shown(&self) -> &Value {
        &self.0
    }

    pub(crate) fn container(&self) -> &str {
        text(&self.0, "container")
    }

    pub(crate) fn name(&self) -> &str {
        text(&self.0, "name")
    }

    pub(crate) fn at(&self) -> &str {
        text(&self.0, "at")
    }

    /// Whether it is no isolation's: the container is paused only while its evidence is collected.
    pub(crate) fn is_for_evidence(&self) -> bool {
        self.0["method"] == FOR_EVIDENCE
    }

    pub(crate) fn was_paused(&self) -> bool {
        self.0["paused"] == true
    }

    /// Whether its processes ran, or the engine was starting them again and again.
    pub(crate) fn was_running(&self) -> bool {
        matches!(text(&self.0, "status"), "running" | "paused" | "restarting")
    }

    /// Whether its processes ran, and were not paused: then they run on after a release, or where only its networks are cut.
    pub(crate) fn ran(&self) -> bool {
        self.was_running() && !self.was_paused()
    }

    pub(crate) fn policy(&self) -> &Value {
        &self.0["restart_policy"]
    }

    /// The places that it had in networks: `id`, `name`, `endpoint` (what was chosen) and `observed`.
    pub(crate) fn networks(&self) -> impl Iterator<Item = &Value> {
        items(&self.0["networks"])
    }

    pub(crate) fn is_signed(&self) -> bool {
        self.0[SIGNATURE].is_string()
    }

    /// Whether the record is to be believed: signed by the configuration's key, where it has one.
    fn is_trusted(&self, call: &Call<'_>) -> bool {
        let Some(signer) = call.configuration.signer() else { return true };
        let signature = self.0[SIGNATURE].as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
        signature.is_some_and(|signature| signer.public_key().verifies(&self.signed_bytes(), &signature))
    }

    /// What is signed: the record without its signature, with the names of each object in order. FortiSOAR may give an object
    /// back with its names in another order.
    fn signed_bytes(&self) -> Vec<u8> {
        let mut unsigned = self.0.clone();
        unsigned.as_object_mut().map(|fields| fields.remove(SIGNATURE));
        unsigned.sort_all_objects();
        unsigned.to_string().into_bytes()
    }

    /// Whether two records are of the same moment: a record that is there already may be this call's own, made by an earlier try.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.0["at"] == other.0["at"] && self.container() == other.container()
    }
}

/// Keeps a record on the engine. The first one that was written for a container counts.
pub(crate) fn keep(call: &Call<'_>, undo: &Undo) -> Kept {
    match write(call, undo) {
        Ok(kept) => kept,
        Err(error) => Kept::Not(error.hiding(&call.secrets()).message().to_owned()),
    }
}

fn write(call: &Call<'_>, undo: &Undo) -> Result<Kept, Error> {
    let volume = json!({
        "Name": format!("{VOLUME}{}", undo.container()),
        "Driver": "local",
        "Labels": {LABEL: undo.container(), RECORD: undo.0.to_string()},
    });
    let request = Request::post(Path::fixed("/volumes/create")).json(&volume);
    let written: Value = call.send(request)?.json()?;
    match record_of(&written, undo.container()) {
        Some(theirs) if theirs.is_same(undo) => Ok(Kept::Here),
        Some(theirs) if theirs.is_trusted(call) => Ok(Kept::Theirs(theirs)),
        Some(_) => Err(Error::new(Kind::Failed, UNTRUSTED)),
        // A full disk leaves a volume without labels, which the next try finds.
        None => {
            remove(call, undo.container())?;
            Err(Error::new(
                Kind::Failed,
                "The engine made a volume for it without the labels. Its disk may be full.",
            ))
        }
    }
}

/// What an engine keeps of a container's isolation.
pub(crate) enum Found {
    Nothing,
    Record(Undo),
    /// A record that the configuration's key has not signed.
    Untrusted,
}

/// Why a record is not followed.
pub(crate) const UNTRUSTED: &str = "The engine keeps a record of the container that the configuration's signing_key has not signed. It is not followed.";

/// The record of a container, if its engine keeps one.
pub(crate) fn find(call: &Call<'_>, container: &str) -> Result<Found, Error> {
    match call.send(Request::get(path(container)?)) {
        Ok(answer) => Ok(match record_of(&answer.json()?, container) {
            None => Found::Nothing,
            Some(undo) if undo.is_trusted(call) => Found::Record(undo),
            Some(_) => Found::Untrusted,
        }),
        Err(error) if error.status() == Some(404) => Ok(Found::Nothing),
        Err(error) => Err(error),
    }
}

/// Every record that the engine keeps, and that is to be believed.
pub(crate) fn all(call: &Call<'_>) -> Result<Vec<Undo>, Error> {
    let filter = json!({"label": [LABEL]}).to_string();
    let listed: Value = call.send(Request::get(Path::fixed("/volumes")).query("filters", &filter))?.json()?;
    let of = |volume: &Value| record_of(volume, volume["Labels"][LABEL].as_str()?);
    Ok(items(&listed["Volumes"]).filter_map(of).filter(|undo| undo.is_trusted(call)).collect())
}

/// Removes the record of a container.
pub(crate) fn remove(call: &Call<'_>, container: &str) -> Result<(), Error> {
    match call.send(Request::new(engine::Method::DELETE, path(container)?)) {
        Err(error) if error.status() != Some(404) => Err(error),
        _ => Ok(()),
    }
}

/// The first digits of an id, as Docker's own lists show them.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

fn path(container: &str) -> Result<Path, Error> {
    Ok(Path::fill("/volumes/{name}", |_| Segment::name(&format!("{VOLUME}{container}")))?)
}

/// The record that a volume holds, if it is one of this container and can be read.
fn record_of(volume: &Value, container: &str) -> Option<Undo> {
    let is_its = volume["Labels"][LABEL] == container && volume["Name"] == format!("{VOLUME}{container}");
    let record = volume["Labels"][RECORD].as_str().filter(|_| is_its)?;
    Undo::read(&serde_json::from_str(record).ok()?, container).ok()
}

/// Whether a text can be a network's id: 64 hexadecimal digits, or a swarm's own letters and digits.
fn is_an_id(id: &str) -> bool {
    (12..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
