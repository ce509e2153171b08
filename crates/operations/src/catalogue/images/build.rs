//! Building an image: `POST /build`, by the classic builder.

use engine::{ErrorKind, Request};
use serde_json::{Map, Value, json};

use crate::{
    Category, Error, Kind, Notation, OfRegistry, Operation, Output, Param, Schema, Secrecy,
    catalogue::{
        containers::archive::most,
        images::{
            confirm,
            messages::{Messages, PROGRESS_LIMIT},
            registry::{Registries, is_refusal},
        },
    },
    declare::{
        arguments::Arguments,
        param::{
            ADDITIONAL_FIELDS, flag, integer, joined, lines, list, long_text, map, notation, secret, text,
        },
        result::TEXTS,
        target::Touch,
    },
    run::{
        call::Call,
        files::{MAX_SIZE, Sent, Upload},
        progress::Flow,
        provenance::CASE_ID,
    },
    values::reference::Reference,
};

const WHAT: [Param; 10] = [
    long_text("dockerfile_content")
        .secret(Secrecy::Instructions)
        .title("Dockerfile")
        .about(
            "The text of the Dockerfile. It cannot copy files: for that, use a context or a remote instead.",
        )
        .local(),
    list("t").title("Names").about("The image's name and tag, such as team/app:1.0. Several are possible."),
    flag("nocache").title("No Cache").about("Do not use the cache of earlier builds."),
    flag("pull").title("Pull").about("Always try to pull a newer version of the base images."),
    map("buildargs")
        .secret(Secrecy::Values)
        .title("Build Arguments")
        .about("Values for the Dockerfile's ARG instructions. They stay visible in the image's history."),
    map("labels").secret(Secrecy::Values).title("Labels").about("Labels of the image."),
    CASE_ID,
    text("networkmode")
        .title("Network Mode")
        .about("The network of its RUN steps: bridge, host, none, or a network's name."),
    text("platform").title("Platform").about("The platform to build for, as os/arch/variant."),
    ADDITIONAL_FIELDS,
];

const FROM_WHERE: [Param; 4] = [
    text("context")
        .title("Context")
        .about("A tar, compressed or not, with the Dockerfile and the files that it copies: the id of an attachment, or the IRI of a file.")
        .names_a_file()
        .local(),
    text("remote").secret(Secrecy::SignIn)
        .title("Remote")
        .about("Where the engine fetches the context: a Git repository, or the URL of an archive or a Dockerfile."),
    text("dockerfile").title("Dockerfile Path").about("The path of the Dockerfile in the context. If empty, Dockerfile."),
    text("target").title("Target").about("The build stage to stop at."),
];

const HOW: [Param; 19] = [
    lines("cachefrom").open().title("Cache From").about("Images to use as cache sources, one on each line.").local(),
    lines("extrahosts").open().title("Extra Hosts").about("Additional entries for /etc/hosts during the build, such as db:10.0.0.5."),
    flag("q").title("Quiet").about("Leave the output of the build steps out of the result."),
    flag("rm").title("Remove Containers").about("Remove intermediate containers after a successful build. This is the default."),
    flag("forcerm").title("Always Remove Containers").about("Remove intermediate containers also after a failed build."),
    flag("squash").title("Squash").about("Squash all new layers into one. The engine must run with experimental features."),
    notation("memory", Notation::Size).title("Memory").about("The memory limit of a build step, in bytes or with a unit, such as 512m."),
    notation("memswap", Notation::Size).title("Memory and Swap").about("The limit for memory and swap together. -1 is unlimited swap."),
    notation("shmsize", Notation::Size).title("Shared Memory").about("The size of /dev/shm during the build, in bytes or with a unit, such as 64m."),
    integer("cpushares").title("CPU Shares").about("The share of CPU time of the build steps relative to other containers."),
    integer("cpuperiod").title("CPU Period").about("The length of the CPU period, in microseconds."),
    integer("cpuquota").title("CPU Quota").about("The CPU time that the build steps may use in each period, in microseconds."),
    text("cpusetcpus").title("CPUs").about("The CPUs to use, such as 0-3 or 0,1."),
    text("cpusetmems").title("Memory Nodes").about("The NUMA memory nodes to use, such as 0-1."),
    text("cgroupparent").title("Parent Cgroup").about("The parent cgroup of the build steps."),
    notation("ulimits", Notation::Ulimits).title("Limits").about("Limits for the processes of the build steps, such as nofile=1024:2048.").local(),
    secret("registries").secret(Secrecy::Within)
        .of_registry(OfRegistry::AllCredentials)
        .title("Registries")
        .about("Credentials for private base images, in addition to the configuration's: JSON such as [{\"server\": ..., \"username\": ..., \"password\": ...}].")
        .local(),
    text("version")
        .title("Builder Version")
        .about("The builder: 1 is the classic builder. 2, BuildKit, is refused, because it needs a session during the build."),
    text("outputs").title("Outputs").about("BuildKit's output settings. They are refused, because BuildKit is not supported.").local(),
];

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("build_image", "/build")
    .title("Build Image")
    .about(
        "Builds an image from a Dockerfile, a context archive or a remote context, with the classic builder.",
    )
    .category_is(Category::Miscellaneous)
    .touches(&[Touch::Namespace("networkmode")])
    .params(&joined::<35>(&[&WHAT, &FROM_WHERE, &HOW, &[MAX_SIZE, PROGRESS_LIMIT]]))
    .gives(Schema::All(&[
        Schema::Fields(&["result", "id"]),
        Schema::Field("names", &TEXTS),
        Schema::Fields(&["outcome"]),
        Schema::Field("log", &TEXTS),
        Schema::Fields(&["truncated", "status_code"]),
        Schema::Field("context", &Schema::Fields(&["size", "sha256"])),
        Schema::Field(
            "build_output",
            &Schema::List(&Schema::All(&[
                Schema::Fields(&["stream"]),
                Schema::Field("aux", &Schema::Fields(&["ID"])),
            ])),
        ),
    ]))
    .validated_by(validate)
    .run(build)];

/// Each name that the image gets is one, before anything is built.
fn check_names(arguments: &Arguments) -> Result<(), Error> {
    let names = arguments.get("t").and_then(Value::as_array);
    for name in names.into_iter().flatten().filter_map(Value::as_str) {
        Reference::name_for("t", name)?.tag_to_give("t")?;
    }
    Ok(())
}

fn validate(arguments: &Arguments) -> Result<(), Error> {
    refuse_buildkit(arguments)?;
    check_names(arguments)?;
    match ["dockerfile_content", "context", "remote"].map(|name| arguments.text(name).is_some()) {
        [true, false, false] if arguments.text("dockerfile").is_some() => {
            Err(Error::fault("dockerfile is a path within a context, and dockerfile_content has none"))
        }
        [true, false, false] | [false, true, false] | [false, false, true] => Ok(()),
        _ => Err(Error::fault("give exactly one of dockerfile_content, context and remote")),
    }
}

fn build(call: &Call<'_>) -> Result<Output, Error> {
    let (request, sent) = with_context(call, call.request()?)?;
    let request = with_lists(call, request);
    let registries = registries(call)?;
    let request = match registries.header() {
        Some(header) => request.header("x-registry-config", &header)?,
        None => request,
    };
    let messages = Messages::of(call, request).map_err(|error| explain(error, call, &registries))?;
    let id = image_id(&messages)
        .ok_or_else(|| Error::new(Kind::Failed, "The engine reported no image and no error."))?;
    let found = confirm(call, &id)?;
    let names = call.arguments.get("t").cloned().unwrap_or_else(|| json!([]));
    let what = names[0].as_str().or(found["Id"].as_str()).unwrap_or(&id);
    let mut result = Map::from_iter([
        ("result".to_owned(), format!("Built {what}").into()),
        ("id".to_owned(), found["Id"].clone()),
        ("names".to_owned(), names),
        ("outcome".to_owned(), "done".into()),
        ("log".to_owned(), messages.log().into()),
        ("truncated".to_owned(), messages.is_truncated().into()),
        // As the published connector has it.
        ("status_code".to_owned(), 200.into()),
    ]);
    if let Some(sent) = sent {
        result.insert("context".into(), sent.fields());
    }
    result.insert("build_output".into(), messages.into_values().into());
    Ok(Value::Object(result).into())
}

fn refuse_buildkit(arguments: &Arguments) -> Result<(), Error> {
    let version = arguments.text("version").unwrap_or("1");
    let asked = match arguments.text("outputs") {
        Some(_) => "outputs".to_owned(),
        None if version != "1" => format!("version {version}"),
        None => return Ok(()),
    };
    Err(Error::fault(format!(
        "{asked} is BuildKit's, which builds only for a client that serves it a session; this is the classic builder, version 1"
    )))
}

/// Adds the body: a tar with the Dockerfile, or the archive; or nothing, if the engine fetches it.
fn with_context(call: &Call<'_>, request: Request) -> Result<(Request, Option<Sent>), Error> {
    let text = |name| call.arguments.text(name);
    let upload = match (text("dockerfile_content"), text("context")) {
        (Some(content), _) => Upload::of(content.into()).wrapped("Dockerfile", 0o644)?,
        (None, Some(context)) => Upload::fetch(call.services, context)?,
        (None, None) => return Ok((request, None)),
    };
    if !upload.is_archive() {
        return Err(Error::fault("context is neither a tar nor a compressed one"));
    }
    let (payload, sent) = upload.payload(most(call), Flow::of(call, "Sending the build context"))?;
    Ok((request.body("application/x-tar", payload), Some(sent)))
}

/// Adds the lists that the endpoint takes as JSON. (It takes others as one parameter for each item.)
fn with_lists(call: &Call<'_>, request: Request) -> Request {
    ["cachefrom", "ulimits"].iter().fold(request, |request, name| match call.arguments.get(name) {
        Some(list) => request.query(name, &list.to_string()),
        None => request,
    })
}

/// The credentials for base images: those of this call, then those of the configuration.
fn registries(call: &Call<'_>) -> Result<Registries, Error> {
    let own = call.arguments.text("registries").map(Registries::parse).transpose();
    let own = own.map_err(Error::fault)?.unwrap_or_default();
    call.hide(own.secrets());
    Ok(own.and(call.configuration.registries()))
}

/// The error, with what to do where a base image's registry wants a sign-in.
fn explain(error: Error, call: &Call<'_>, own: &Registries) -> Error {
    if !is_refusal(&error) {
        return error;
    }
    let error = error.advise(
        "Credentials for the registries of base images go into registries, here or in the configuration",
    );
    let faults = own.faults().chain(call.configuration.registries().faults());
    faults
        .fold(error, |error, fault| error.and(&format!("{fault}.")))
        .of_kind(Kind::Engine(ErrorKind::Unauthorized))
}

/// The id of what was built: told to programs, or in words.
fn image_id(messages: &Messages) -> Option<String> {
    let told = messages.facts().rev().find_map(|facts| facts["ID"].as_str()).map(str::to_owned);
    let in_words = || messages.after("Successfully built ").map(str::to_owned);
    // All that a quiet build says; on Podman, without the prefix.
    let quietly = || {
        let digits = messages.after("sha256:").or_else(|| messages.after("").filter(|last| is_id(last)))?;
        Some(format!("sha256:{digits}"))
    };
    told.or_else(in_words).or_else(quietly)
}

/// Whether a text is an image's id: 64 hexadecimal digits.
fn is_id(text: &str) -> bool {
    const DIGITS: usize = 64;
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
