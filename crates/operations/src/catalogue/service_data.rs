//! What secrets and configs share: both are data that a swarm keeps and that services mount as files.
//!
//! A secret's data comes from the engine never again; a config's does. All else is the same, so both are declared here.

mod labels;
mod naming;
mod payload;
mod removal;
mod rotation;
mod users;

use serde_json::{Map, Value, json};

use self::payload::Given;
use crate::{
    Category, Effect, Error, Operation, Output, Param, Schema, Secrecy,
    catalogue::{
        dry_run::DRY_RUN_RESULT,
        labels::{ADD_LABELS, LABELS, REMOVE_LABELS},
    },
    declare::{
        param::{DRY_RUN, FILTERS, flag, integer, json as any, long_text, map, text},
        result::{Case, DONE, TEXTS, case},
        target::{Touch, Unused},
    },
    run::{
        call::Call,
        redact::REDACT,
        request::{body, merge},
        secrets::MASK,
        trim::{FIELDS, MAX_ITEMS},
    },
};

pub(crate) const NAME: Param = text("name")
    .title("Name")
    .about("The name: at most 64 letters, digits and -_. characters. It must begin and end with a letter or digit.")
    .wire("Name")
    .required()
    .body();
pub(crate) const DATA: Param = long_text("data")
    .secret(Secrecy::Lines)
    .title("Data")
    .about("The data, as text. Give exactly one of Data, Data (base64) and Attachment.")
    .local();
pub(crate) const DATA_BASE64: Param = long_text("data_base64")
    .secret(Secrecy::Whole)
    .title("Data (base64)")
    .about("The data in base64, such as a binary file.")
    .local();
pub(crate) const ATTACHMENT: Param = text("attachment")
    .title("Attachment")
    .about("The id of an attachment, or the IRI of a file, that holds the data.")
    .names_a_file()
    .local();
pub(crate) const NEW_LABELS: Param =
    map("Labels").secret(Secrecy::Values).title("Labels").about("The labels, such as team=shop.").body();
pub(crate) const TEMPLATING: Param = any("Templating")
    .secret(Secrecy::Within)
    .title("Templating")
    .about("The template driver, by its name (golang) or as the API's Driver object: the engine fills in the placeholders in the data for each task.")
    .local();

const NEW_NAME: Param = text("new_name")
    .title("New Name")
    .about("The name of the replacement. If empty, the old name with a number: db-v2 follows db.")
    .local();
const KEEP_OLD: Param = flag("keep_old")
    .title("Keep Old")
    .about("Keep the old one, so that rollback_service can return to it.")
    .local();
const ROTATION_TIME: Param = integer("timeout")
    .title("Time Limit (seconds)")
    .about("The call fails after this time. The error says which service uses the old and which the new one.")
    .default("300")
    .local();

/// A config, with its data as text.
pub(crate) const SHOWN_CONFIG: Schema =
    Schema::All(&[Schema::Answer("GET /configs/{id}"), Schema::Fields(&["data"])]);
/// A rotation, and in a dry run.
const ROTATION: Schema = Schema::All(&[
    Schema::Fields(&["old_id", "old_name", "new_id", "new_name"]),
    Schema::Field("services", &Schema::List(&Schema::Fields(&["id", "name"]))),
]);
const ROTATED: Schema = Schema::All(&[DONE, ROTATION, Schema::Fields(&["old_removed"])]);
const ROTATING: &[Case] = &[case("dry_run", "true", Schema::All(&[DRY_RUN_RESULT, ROTATION]))];

/// A removal in a dry run.
const REMOVAL: &[Case] = &[case(
    "dry_run",
    "true",
    Schema::All(&[DRY_RUN_RESULT, Schema::Fields(&["name"]), Schema::Field("services", &TEXTS)]),
)];

/// Secrets or configs: their words, and the names of their fields in a service's spec.
#[derive(Debug)]
pub(crate) struct Sort {
    noun: &'static str,
    /// Where they are: `/secrets`.
    path: &'static str,
    /// The field of a `ContainerSpec` with the references, and in each of these the fields with id and name.
    references: &'static str,
    id: &'static str,
    name: &'static str,
    /// The data must have fewer bytes.
    bound: usize,
}

static SECRETS: Sort = Sort {
    noun: "secret",
    path: "/secrets",
    references: "Secrets",
    id: "SecretID",
    name: "SecretName",
    bound: 500 * 1024,
};
static CONFIGS: Sort = Sort {
    noun: "config",
    path: "/configs",
    references: "Configs",
    id: "ConfigID",
    name: "ConfigName",
    bound: 1000 * 1024,
};

impl Sort {
    /// Which of the two an operation is about.
    fn of(call: &Call<'_>) -> &'static Self {
        if call.endpoint.path.starts_with(SECRETS.path) { &SECRETS } else { &CONFIGS }
    }
}

/// The parameters of an update, of what `id` names.
pub(crate) const fn of_update(id: &Param) -> [Param; 4] {
    [*id, LABELS, ADD_LABELS, REMOVE_LABELS]
}

/// The parameters of a rotation, of what `id` names; its data is declared with the sort.
pub(crate) const fn of_rotation(id: &Param, data: &Param, data_base64: &Param) -> [Param; 8] {
    [id.local(), *data, *data_base64, ATTACHMENT, NEW_NAME, KEEP_OLD, ROTATION_TIME, DRY_RUN]
}

pub(crate) const fn list(name: &'static str, path: &'static str) -> Operation {
    Operation::get(name, path)
        .params(&[FILTERS, FIELDS, MAX_ITEMS, REDACT])
        .columns(&["ID", "Spec.Name", "CreatedAt", "UpdatedAt"])
        .list()
}

pub(crate) const fn inspect(name: &'static str, path: &'static str) -> Operation {
    Operation::get(name, path)
}

pub(crate) const fn create(name: &'static str, path: &'static str) -> Operation {
    Operation::post(name, path)
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .gives(Schema::Fields(&["ID"]))
        .run(created)
}

pub(crate) const fn update(name: &'static str, path: &'static str) -> Operation {
    Operation::post(name, path)
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .gives(DONE)
        .validated_by(labels::validate)
        .run(labels::update)
}

pub(crate) const fn remove(name: &'static str, path: &'static str) -> Operation {
    Operation::delete(name, path)
        // The engine keeps what a service uses.
        .touches(&[Touch::Unused(Unused::Other)])
        .gives(DONE)
        .gives_for(REMOVAL)
        .dry_run(removal::dry_run)
        .run(removal::remove)
}

pub(crate) const fn rotate(name: &'static str, path: &'static str) -> Operation {
    Operation::post(name, path)
        .effect(Effect::Destroy)
        .touches(&[Touch::Found])
        .gives(ROTATED)
        .gives_for(ROTATING)
        .dry_run(rotation::dry_run)
        .run(rotation::rotate)
}

/// `POST /secrets/create` and `POST /configs/create`.
fn created(call: &Call<'_>) -> Result<Output, Error> {
    let sort = Sort::of(call);
    let mut spec = body(&call.arguments)?;
    for name in ["Driver", "Templating"] {
        if let Some(driver) = call.arguments.if_declared(name) {
            merge(&mut spec, json!({name: as_driver(driver)}))?;
        }
    }
    let has_driver = spec.get("Driver").is_some();
    let data = match Given::read(call, sort)? {
        None if has_driver => None,
        None => return Err(payload::missing()),
        data => data,
    };
    if let Some(data) = data {
        merge(&mut spec, json!({"Data": data.encoded()}))?;
    }
    let id = make(call, sort, &spec)?;
    Ok(Value::Object(Map::from_iter([("ID".to_owned(), id.into())])).into())
}

/// Creates one of this spec, and gives its id. Engines write `ID`, and their description `Id`.
fn make(call: &Call<'_>, sort: &Sort, spec: &Value) -> Result<String, Error> {
    let request = engine::Request::post(call.path(&format!("{}/create", sort.path))?).json(spec);
    let answer: Value = call.send(request)?.json()?;
    let id = answer["ID"].as_str().or(answer["Id"].as_str()).unwrap_or_default();
    Ok(id.to_owned())
}

/// A driver by its name, or as the API has it.
fn as_driver(given: &Value) -> Value {
    match given {
        Value::String(name) => json!({"Name": name}),
        given => given.clone(),
    }
}

/// `GET /configs/{id}`, and the data as text where it is text.
pub(crate) fn show_config(call: &Call<'_>) -> Result<Output, Error> {
    let mut config = call.look("/configs/{id}")?;
    let text = config["Spec"]["Data"].as_str().and_then(payload::as_text);
    let shown = match text {
        Some(_) if call.arguments.is_on(REDACT) => MASK.into(),
        text => text.into(),
    };
    if let Some(fields) = config.as_object_mut() {
        fields.insert("data".into(), shown);
    }
    Ok(config.into())
}
