//! The engine itself: `/_ping`, `/version`, `/info`, `/system/df`.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/System>

mod call_api;
pub(crate) mod connection;
pub(crate) mod events;

use serde_json::Map;

use crate::{
    Error, Group, Operation, Output, Schema,
    declare::param::{choices, flag},
    run::{call::Call, redact::REDACT},
};

const DISK_USERS: &[(&str, &str)] =
    &[("Container", "container"), ("Image", "image"), ("Volume", "volume"), ("Build Cache", "build-cache")];

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group =
    Group::of("System", &[OPERATIONS, connection::OPERATIONS, events::OPERATIONS, call_api::OPERATIONS]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("ping", "/_ping")
        .title("Ping Engine")
        .about("Checks that the engine answers, and returns its version and features.")
        .gives(Schema::All(&[
            Schema::Fields(&["status_code", "response"]),
            Schema::Field(
                "headers",
                &Schema::Fields(&[
                    "api-version",
                    "docker-experimental",
                    "ostype",
                    "builder-version",
                    "swarm",
                    "server",
                ]),
            ),
        ]))
        .run(ping),
    Operation::get("get_version", "/version")
        .title("Get Version")
        .about("Gets the version of the engine, its API and its components."),
    Operation::get("get_info", "/info")
        .title("Get System Information")
        .about(
            "Gets system-wide information: the number of containers and images, storage, security options, swarm.",
        )
        .params(&[REDACT]),
    Operation::get("system_df", "/system/df")
        .title("Get Disk Usage")
        .about("Gets the disk usage of images, containers, volumes and the build cache.")
        .params(&[
            choices("type", DISK_USERS).title("Type").about("Return only these kinds of objects.").since(1, 42),
            flag("verbose").title("Verbose").about("Return every object, not only the totals.").since(1, 52),
            REDACT,
        ]),
];

/// `GET /_ping`, without a version: the text, the status, and the headers in which the engine says what it is.
fn ping(call: &Call<'_>) -> Result<Output, Error> {
    let answer = call.send(call.request()?.unversioned())?;
    let of_the_engine =
        ["api-version", "docker-experimental", "ostype", "builder-version", "swarm", "server"];
    let mut headers = Map::with_capacity(of_the_engine.len());
    for name in of_the_engine {
        if let Some(value) = answer.headers.get(name).and_then(|value| value.to_str().ok()) {
            headers.insert(name.into(), value.into());
        }
    }
    let mut fields = Map::with_capacity(3);
    fields.insert("status_code".into(), answer.status.into());
    fields.insert("response".into(), String::from_utf8_lossy(&answer.body).into());
    fields.insert("headers".into(), headers.into());
    Ok(fields.into())
}
