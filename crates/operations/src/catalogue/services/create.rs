//! Creating a service: `POST /services/create`.

use engine::{Path, Request};
use serde_json::{Value, json};

use super::{
    names, newer,
    pin::{Pinned, RESOLVE_IMAGE},
    replicas,
    spec::{self, AS_THE_API_HAS_IT, COMMON, IMAGE, RARE, REPLICAS},
};
use crate::{
    Error, Operation, Output, Param, Schema,
    catalogue::images::registry::{SIGN_IN, SignIn},
    declare::{
        arguments::Arguments,
        param::{choice, joined, text},
        result::TEXTS,
        target::Touch,
    },
    run::{
        call::Call,
        guard::joins,
        objects::items,
        provenance::CASE_ID,
        request::{self, merge},
    },
};

/// Where the containers of a service are described, in its specification.
pub(super) const CONTAINER_SPEC: &[&str] = &["TaskTemplate", "ContainerSpec"];

const MODES: &[(&str, &str)] = &[
    ("Replicated", "Replicated"),
    ("Global", "Global"),
    ("Replicated Job", "ReplicatedJob"),
    ("Global Job", "GlobalJob"),
];

const FIRST: &[Param] = &[
    text("name").title("Name").about("The service's name. If empty, the engine generates one.").body().wire("Name"),
    IMAGE.required(),
    choice("mode", MODES)
        .title("Mode")
        .about("Replicated runs a number of tasks, Global one task on each node. The tasks of a job run until they complete. If empty, Replicated.")
        .local(),
    REPLICAS.about("The number of tasks of a replicated service. If empty, 1. For a replicated job, the number of tasks that must complete."),
];

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("create_service", "/services/create")
    .title("Create Service")
    .about("Creates a service. The swarm then starts its tasks. To wait until they are running, use Wait for Service.")
    .touches(&[Touch::Joins])
    .params(&joined::<
        { FIRST.len() + COMMON.len() + RARE.len() + AS_THE_API_HAS_IT.len() + SIGN_IN.len() + 2 },
    >(&[FIRST, COMMON, RARE, AS_THE_API_HAS_IT, &SIGN_IN, &[RESOLVE_IMAGE, CASE_ID]]))
    .gives(Schema::All(&[
        Schema::Fields(&["ID"]),
        Schema::Field("Warnings", &TEXTS),
        Schema::Fields(&["image"]),
    ]))
    .validated_by(|arguments| mode(arguments).map(drop))
    .run(create)];

fn create(call: &Call<'_>) -> Result<Output, Error> {
    let mut body = request::body(&call.arguments)?;
    if let Some(mode) = mode(&call.arguments)? {
        merge(&mut body, json!({"Mode": mode}))?;
    }
    spec::complete(&mut body);
    let version = newer::version(call)?;
    newer::refuse_lost(&body, version)?;
    names::resolve(call, &mut body)?;
    joins::check(call, &mut body, CONTAINER_SPEC)?;
    let image = call.arguments.text("image").unwrap_or_default();
    let sign_in = SignIn::for_image(call, image)?;
    let pinned = Pinned::of(call, Some(&sign_in))?;
    if let Some(pinned) = &pinned {
        pinned.put(&mut body);
    }
    let mut request = Request::post(Path::fixed("/services/create")).speaking(version).json(&body);
    if let Some(header) = sign_in.header_if_signed_in() {
        request = request.header("x-registry-auth", &header)?;
    }
    let answer = call.send(request)?.json()?;
    Ok(json!({
        "ID": answer["ID"],
        "Warnings": warnings(&answer, pinned.as_ref()),
        "image": body["TaskTemplate"]["ContainerSpec"]["Image"],
    })
    .into())
}

/// The API's `Mode`, if the call gives one by fields of their own.
fn mode(arguments: &Arguments) -> Result<Option<Value>, Error> {
    let replicas = arguments.integer(REPLICAS);
    let mode = arguments.text("mode");
    match (mode, replicas) {
        (None, None) => Ok(None),
        (Some(mode @ ("Global" | "GlobalJob")), None) => Ok(Some(json!({mode: {}}))),
        (Some("Global" | "GlobalJob"), Some(_)) => Err(Error::fault(
            "replicas is for a replicated service, and mode is global: one task runs on each node",
        )),
        (mode, replicas) => {
            let mut described = json!({mode.unwrap_or("Replicated"): {}});
            if let Some(replicas) = replicas {
                replicas::set(&mut described, replicas);
            }
            Ok(Some(described))
        }
    }
}

/// What the engine warns of, and that the image is not pinned.
pub(super) fn warnings(answer: &Value, pinned: Option<&Pinned>) -> Vec<Value> {
    let older = answer["Warning"].as_str().filter(|text| !text.is_empty());
    let told = items(&answer["Warnings"]).cloned().chain(older.map(Value::from));
    told.chain(pinned.and_then(|pinned| pinned.warning.as_deref()).map(Value::from)).collect()
}
