//! Images as files: `GET /images/get` and `POST /images/load`, what `docker save` and `docker load` do.

use engine::{ApiVersion, ErrorKind};
use serde_json::{Map, Value, json};

use crate::{
    Category, Error, Kind, Notation, Operation, Output, Param, Schema,
    catalogue::{
        containers::archive::{FILE_TIME_LIMIT, most, safe},
        images::{
            confirm,
            messages::{Messages, PROGRESS_LIMIT},
        },
    },
    declare::{
        param::{flag, list, notation, text},
        result::TEXTS,
        target::Touch,
    },
    run::{
        call::Call,
        files::{ATTACHMENT, MAX_SIZE, Received, Upload},
        progress::Flow,
    },
    values::reference::Reference,
};

const PLATFORM: Param = notation("platform", Notation::Platforms)
    .title("Platform")
    .about("Only this platform of multi-platform images, such as linux/arm64, or JSON; several from API 1.52 on.")
    .since(1, 48);
/// The first API version that takes several platforms. An older engine would take one of them and say nothing.
const SEVERAL_PLATFORMS: ApiVersion = ApiVersion::new(1, 52);

const WHAT_LOADS: &str =
    "What save_images or docker save made can be loaded; pull_image imports a root file system.";

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("save_images", "/images/get")
        .title("Save Images")
        .about("Saves images with their layers and names as a tar attachment, which load_images can load.")
        .params(&[
            list("names")
                .title("Images")
                .about("The names or ids of the images. An image that is given by its id is saved without a name.")
                .required(),
            PLATFORM,
            MAX_SIZE,
            FILE_TIME_LIMIT,
        ])
        .gives(Schema::All(&[ATTACHMENT, Schema::Field("images", &TEXTS)]))
        .run(save),
    Operation::post("load_images", "/images/load")
        .title("Load Images")
        .about("Loads images from a tar that save_images or docker save created.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&[
            text("attachment")
                .title("Attachment")
                .about("The tar, compressed or not: the id of an attachment, or the IRI of a file.")
                .names_a_file()
                .required()
                .local(),
            flag("quiet").title("Quiet").about("Leave the progress of each layer out of the result."),
            PLATFORM,
            MAX_SIZE,
            PROGRESS_LIMIT,
        ])
        .gives(Schema::All(&[
            Schema::Fields(&["result"]),
            Schema::Field("images", &TEXTS),
            Schema::Field("ids", &TEXTS),
            Schema::Fields(&["outcome", "size", "sha256", "truncated"]),
            Schema::Field("log", &TEXTS),
        ]))
        .run(load),
];

fn save(call: &Call<'_>) -> Result<Output, Error> {
    let names: Vec<&str> = call
        .arguments
        .get("names")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if names.is_empty() {
        return Err(Error::fault("names is missing"));
    }
    for name in &names {
        Reference::read(name).map_err(|expected| {
            Error::fault(format!("names must be a list, each {expected}, not {name:?}"))
        })?;
    }
    check_platforms(call)?;
    let flow = Flow::of(call, &format!("Saving {}", names.join(", ")));
    let limit = call.time_limit();
    let reply = call.stream(call.request()?.silence(limit).deadline(limit))?;
    let tar = Received::read_tar(reply.into_body(), most(call), flow)?;
    let filename = match names.as_slice() {
        [name] => format!("{}.tar", safe(name)),
        _ => "images.tar".to_owned(),
    };
    let mut record = tar.save(call.services, &filename, &format!("Images {}", names.join(", ")))?;
    record.insert("images".into(), names.into());
    Ok(Value::Object(record).into())
}

fn load(call: &Call<'_>) -> Result<Output, Error> {
    check_platforms(call)?;
    let upload = Upload::fetch(call.services, call.arguments.text("attachment").unwrap_or_default())?;
    if !upload.is_archive() {
        return Err(Error::fault("attachment is neither a tar nor a compressed one"));
    }
    let (payload, sent) = upload.payload(most(call), Flow::of(call, "Sending the archive"))?;
    let request = call.request()?.body("application/x-tar", payload);
    let messages = Messages::of(call, request).map_err(|error| match error.kind() {
        Kind::Failed => error.and(WHAT_LOADS),
        _ => error,
    })?;
    let log = messages.log();
    let images: Vec<&str> = log.iter().filter_map(|line| loaded(line)).collect();
    if images.is_empty() {
        let message =
            "The engine reported no image that it loaded. The archive may hold none for this platform.";
        return Err(Error::new(Kind::Failed, message));
    }
    let ids = images.iter().map(|image| Ok(confirm(call, image)?["Id"].clone()));
    let ids: Vec<Value> = ids.collect::<Result<_, Error>>()?;
    let mut result = Map::from_iter([
        ("result".to_owned(), format!("Loaded {}", images.join(", ")).into()),
        ("images".to_owned(), json!(images)),
        ("ids".to_owned(), ids.into()),
        ("outcome".to_owned(), "done".into()),
    ]);
    result.extend(sent.fields().as_object().cloned().unwrap_or_default());
    result.insert("truncated".into(), messages.is_truncated().into());
    result.insert("log".into(), log.into());
    Ok(Value::Object(result).into())
}

/// Refuses several platforms where the engine takes one.
fn check_platforms(call: &Call<'_>) -> Result<(), Error> {
    let several = call.arguments.get(PLATFORM).and_then(Value::as_array).is_some_and(|all| all.len() > 1);
    if !several {
        return Ok(());
    }
    let version = call.engine.api_version()?;
    if version >= SEVERAL_PLATFORMS {
        return Ok(());
    }
    let message = format!(
        "several platforms need API {SEVERAL_PLATFORMS}, and the engine speaks {version}. Give one, or upgrade the engine."
    );
    Err(Error::new(Kind::Engine(ErrorKind::Unsupported), message))
}

/// The image that a line of progress says is loaded: by its name, or by its id where the tar has no name.
fn loaded(line: &str) -> Option<&str> {
    ["Loaded image: ", "Loaded image ID: "].iter().find_map(|beginning| line.strip_prefix(beginning))
}
