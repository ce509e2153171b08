//! Making a plugin from a file: `POST /plugins/create`.

use engine::ErrorKind;
use serde_json::{Map, Value};

use super::{PLUGIN, confirm};
use crate::{
    Category, Error, Kind, Operation, Output, Schema,
    catalogue::{containers::archive::most, images::messages::PROGRESS_LIMIT},
    declare::{param::text, target::Touch},
    run::{
        call::Call,
        files::{MAX_SIZE, Upload},
        progress::Flow,
    },
    values::reference::Reference,
};

const WHAT_MAKES_ONE: &str =
    "The attachment must be a tar that is not compressed, with config.json and the folder rootfs.";

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("create_plugin", "/plugins/create")
    .title("Create Plugin")
    .about("Creates a plugin from a tar with its config.json and its root filesystem, the folder rootfs. The plugin is disabled.")
    .category_is(Category::Miscellaneous)
    .touches(&[Touch::Nothing])
    .params(&[
        PLUGIN.about("The plugin's name. To push the plugin, begin with its registry: registry:5000/team/plugin:1.0."),
        text("attachment")
            .title("Attachment")
            .about("The uncompressed tar with config.json and rootfs: the id of an attachment, or the IRI of a file.")
            .names_a_file()
            .required()
            .local(),
        MAX_SIZE,
        PROGRESS_LIMIT,
    ])
    .gives(Schema::Fields(&["result", "name", "id", "enabled", "outcome", "size", "sha256"]))
    .run(create)];

fn create(call: &Call<'_>) -> Result<Output, Error> {
    let name = call.arguments.text(PLUGIN).unwrap_or_default();
    Reference::name_for(PLUGIN.name, name)?.tag_to_give(PLUGIN.name)?;
    let upload = Upload::fetch(call.services, call.arguments.text("attachment").unwrap_or_default())?;
    if !upload.is_archive() {
        return Err(Error::fault("attachment must be a tar"));
    }
    let (payload, sent) = upload.payload(most(call), Flow::of(call, "Sending the plugin"))?;
    let limit = call.time_limit();
    let request = call.request()?.body("application/x-tar", payload).silence(limit).deadline(limit);
    call.send(request).map_err(explained)?;
    let plugin = confirm(call, name)?;
    let mut result = Map::from_iter([
        ("result".to_owned(), format!("Created plugin {name}").into()),
        ("name".to_owned(), plugin["Name"].clone()),
        ("id".to_owned(), plugin["Id"].clone()),
        ("enabled".to_owned(), plugin["Enabled"].clone()),
        ("outcome".to_owned(), "done".into()),
    ]);
    result.extend(sent.fields().as_object().cloned().unwrap_or_default());
    Ok(Value::Object(result).into())
}

/// The engine answers a tar that it cannot use with 500.
fn explained(error: Error) -> Error {
    match error.said() {
        Some(said) if ["read from tar", "config", "rootfs"].iter().any(|words| said.contains(words)) => {
            error.of_kind(Kind::Engine(ErrorKind::BadRequest)).and(WHAT_MAKES_ONE)
        }
        _ => error,
    }
}
