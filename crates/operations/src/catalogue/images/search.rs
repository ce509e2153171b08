//! What registries know, without a pull: `GET /images/search`, `GET /distribution/{name}/json`, `POST /auth`.

use bytes::Bytes;
use engine::{ErrorKind, Path, Request};
use serde_json::json;

use crate::{
    Effect, Error, Kind, OfRegistry, Operation, Output, Param, Schema,
    catalogue::images::registry::{DOCKER_HUB, SIGN_IN, SignIn},
    declare::param::{FILTERS, integer, joined, reference, text},
    run::{
        call::Call,
        trim::{FIELDS, MAX_ITEMS, trimmed},
    },
    values::reference::Reference,
};

const SEARCH: [Param; 8] = joined(&[
    &[
        text("term")
            .title("Term")
            .of_registry(OfRegistry::Image)
            .about("The search term. It can begin with a registry that supports search: registry:5000/app.")
            .required(),
        integer("limit").title("Limit").about("The maximum number of results.").default("25"),
        FILTERS,
        FIELDS,
        MAX_ITEMS,
    ],
    &SIGN_IN,
]);

const DISTRIBUTION: [Param; 4] = joined(&[
    &[reference("name")
        .title("Image")
        .about("The image's name at its registry, such as registry:5000/team/app:1.0.")],
    &SIGN_IN,
]);

const CREDENTIALS: [Param; 4] = joined(&[
    &[text("registry_server")
        .of_registry(OfRegistry::Server)
        .title("Registry Server")
        .about("The registry. If empty, the configuration's, or else Docker Hub.")
        .local()],
    &SIGN_IN,
]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("search_images", "/images/search")
        .title("Search Images")
        .about("Searches for images on Docker Hub, or on another registry that supports search.")
        .params(&SEARCH)
        .gives(Schema::Answer("GET /images/search"))
        .columns(&["name", "description", "star_count", "is_official"])
        .run(search),
    Operation::get("inspect_distribution", "/distribution/{name}/json")
        .title("Inspect Distribution")
        .about("Gets an image's digest and platforms from its registry, without pulling it.")
        .params(&DISTRIBUTION)
        .gives(Schema::Answer("GET /distribution/{name}/json"))
        .run(inspect),
    Operation::post("check_registry_credentials", "/auth")
        .title("Check Registry Credentials")
        .about("Checks that a registry accepts a user name and password, or an identity token. Nothing is stored.")
        .effect(Effect::Read)
        .params(&CREDENTIALS)
        .gives(Schema::Fields(&["result", "registry", "username", "outcome"]))
        .run(check_credentials),
];

fn search(call: &Call<'_>) -> Result<Output, Error> {
    let sign_in = SignIn::for_image(call, call.arguments.text("term").unwrap_or_default())?;
    // An engine that searches an index of its own would sign in there as nobody.
    let found = ask(call, &sign_in, sign_in.header_if_signed_in())?;
    let output = if found.trim_ascii() == b"null" { json!([]).into() } else { Output::Raw(found) };
    Ok(trimmed(output, &call.arguments))
}

fn inspect(call: &Call<'_>) -> Result<Output, Error> {
    let name = call.arguments.text("name").unwrap_or_default();
    Reference::name_for("name", name)?;
    let sign_in = SignIn::for_image(call, name)?;
    ask(call, &sign_in, Some(sign_in.header())).map(Output::Raw)
}

/// Sends the request with this header.
fn ask(call: &Call<'_>, sign_in: &SignIn, header: Option<String>) -> Result<Bytes, Error> {
    let mut request = call.request()?;
    if let Some(header) = header {
        request = request.header("x-registry-auth", &header)?;
    }
    Ok(call.send(request).map_err(|error| sign_in.explain(error))?.body)
}

fn check_credentials(call: &Call<'_>) -> Result<Output, Error> {
    let configured = call.configuration.registries().only();
    let server = call.arguments.text("registry_server").or(configured).unwrap_or(DOCKER_HUB);
    let sign_in = SignIn::at(call, server)?;
    let registry = sign_in.registry();
    let Some(credentials) = sign_in.credentials() else {
        return Err(Error::fault(format!(
            "there are no credentials for {registry}, here or in the configuration{}",
            sign_in.unusable().map(|why| format!(" ({why})")).unwrap_or_default()
        )));
    };
    if credentials.is_left_to_a_proxy() {
        return Err(Error::fault(format!(
            "the entry for {registry} has a registryId only, which the proxy knows and the engine does not: pull an image to check it"
        )));
    }
    let request = Request::post(Path::fixed("/auth")).json(&credentials.fields());
    if let Err(error) = call.send(request) {
        // What stands before the engine may answer 401 too, and then does so to every call.
        if error.status() == Some(401) {
            call.send(Request::get(Path::fixed("/version")))?;
        }
        let error = sign_in.explain(error);
        return Err(match error.kind() {
            Kind::Engine(ErrorKind::Unauthorized) => error,
            _ => error.and(&format!("Whether {registry} accepts the credentials is not known.")),
        });
    }
    // An identity token in the answer is a secret, and left out.
    let mut result = json!({"result": format!("{registry} accepts the credentials"), "registry": registry});
    if let Some(username) = sign_in.username() {
        result["username"] = username.into();
    }
    result["outcome"] = "done".into();
    Ok(result.into())
}
