//! Creating a container: `POST /containers/create`.

use engine::{Path, Request};
use serde_json::{Map, Value, json};

use crate::{
    Error, Operation, Output, Param, Schema, Secrecy,
    catalogue::containers::{
        config::{self, COMMAND},
        host_config::{self, HOST_CONFIG},
        networking::{self, ENDPOINT},
    },
    declare::{
        param::{ADDITIONAL_FIELDS, flag, joined, object, reference, text},
        target::Touch,
    },
    run::{
        call::Call,
        guard::joins,
        provenance::CASE_ID,
        request::{self, merge},
    },
};

const FIRST: &[Param] = &[
    text("name").title("Name").about("The container's name. If empty, the engine generates one."),
    reference("image")
        .title("Image")
        .about("The image, such as nginx:1.27.")
        .picked_from("pick_image")
        .body()
        .wire("Image"),
    COMMAND,
];

const NAMING: &[Param] = &[
    text("Hostname").title("Host Name").about("The host name in the container.").body(),
    text("domain_name")
        .title("Domain Name")
        .about("The domain name in the container.")
        .body()
        .wire("Domainname"),
    text("platform")
        .title("Platform")
        .about("The platform of a multi-platform image, as os/arch/variant.")
        .since(1, 41),
    CASE_ID,
];

/// What has no field of its own.
pub(crate) const AS_THE_API_HAS_IT: &[Param] = &[
    object("HostConfig").secret(Secrecy::Within)
        .title("Host Configuration")
        .about("Ports, binds, limits and so on, as the API's HostConfig. It is merged with the other fields of this form.")
        .body(),
    object("NetworkingConfig").secret(Secrecy::Within)
        .title("Networking Configuration")
        .about("The container's networks, as the API's NetworkingConfig: {\"EndpointsConfig\": {\"NETWORK\": {\"Aliases\": [\"db\"]}}}.")
        .body(),
    ADDITIONAL_FIELDS,
];

/// What is usual, for every container that is made.
pub(crate) const COMMON: &[Param] =
    &joined::<
        {
            FIRST.len()
                + config::COMMON.len()
                + host_config::COMMON.len()
                + host_config::PUBLISHED_RESOURCES.len()
        },
    >(&[FIRST, config::COMMON, host_config::COMMON, host_config::PUBLISHED_RESOURCES]);

/// What is rare, for every container that is made.
pub(crate) const RARE: &[Param] = &joined::<
    {
        NAMING.len()
            + host_config::FURTHER_RESOURCES.len()
            + ENDPOINT.len()
            + config::RARE.len()
            + host_config::RARE.len()
            + host_config::BY_DEVICE.len()
    },
>(&[
    NAMING,
    host_config::FURTHER_RESOURCES,
    ENDPOINT,
    config::RARE,
    host_config::RARE,
    host_config::BY_DEVICE,
]);

/// Its input and output, for whoever attaches to it later.
const ATTACHABLE: &[Param] = &[
    flag("OpenStdin").title("Open Stdin").about("Keep standard input open for clients that attach.").body(),
    flag("StdinOnce")
        .title("Stdin Once")
        .about("Close standard input when the first attached client disconnects.")
        .body(),
    flag("AttachStdin")
        .title("Attach Stdin")
        .about("Mark standard input as attached in the container's settings.")
        .body(),
    flag("AttachStdout")
        .title("Attach Stdout")
        .about("Mark standard output as attached in the container's settings.")
        .body(),
    flag("AttachStderr")
        .title("Attach Stderr")
        .about("Mark standard error as attached in the container's settings.")
        .body(),
];

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("create_container", "/containers/create")
    .title("Create Container")
    .about("Creates a container from an image, without starting it.")
    .touches(&[Touch::Joins])
    .params(&joined::<
        { COMMON.len() + host_config::KEPT.len() + RARE.len() + ATTACHABLE.len() + AS_THE_API_HAS_IT.len() },
    >(&[COMMON, host_config::KEPT, RARE, ATTACHABLE, AS_THE_API_HAS_IT]))
    .gives(Schema::Answer("POST /containers/create"))
    .run(create)];

fn create(call: &Call<'_>) -> Result<Output, Error> {
    Ok(Output::Raw(call.send(request(call, call.arguments.text("name"), &body(call)?))?.body))
}

/// The request of a creation.
pub(crate) fn request(call: &Call<'_>, name: Option<&str>, body: &Value) -> Request {
    [("name", name), ("platform", call.arguments.text("platform"))]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .fold(Request::post(Path::fixed("/containers/create")), |request, (name, value)| {
            request.query(name, value)
        })
        .json(body)
}

/// The body of a creation.
pub(crate) fn body(call: &Call<'_>) -> Result<Value, Error> {
    let arguments = &call.arguments;
    let mut body = request::body(arguments)?;
    if let Some(Value::Object(ports)) = arguments.get("ports") {
        // The engine publishes only what is exposed too.
        let exposed: Map<String, Value> = ports.keys().map(|port| (port.clone(), json!({}))).collect();
        merge(&mut body, json!({"ExposedPorts": exposed}))?;
    }
    networking::join(&mut body, arguments, || Ok(call.engine.api_version()?))?;
    joins::check(call, &mut body, &[HOST_CONFIG])?;
    Ok(body)
}
