//! Plugins: `/plugins/...`. Installing, making and pushing have files of their own.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Plugin>

mod create;
mod install;
mod privileges;
mod push;

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::Value;

use crate::{
    Category, Effect, Error, Group, Kind, Notation, Operation, Output, Param, Schema,
    catalogue::dry_run::{self, DRY_RUN_RESULT},
    declare::{
        param::{DRY_RUN, FILTERS, flag, integer, notation, reference},
        result::{DONE, TEXTS, case},
        target::Touch,
    },
    run::{
        call::Call,
        redact::REDACT,
        trim::{FIELDS, MAX_ITEMS},
    },
};

const PLUGIN: Param =
    reference("name").title("Plugin").about("The plugin's name, such as vieux/sshfs:latest, or its id.");
const SETTINGS: Param = notation("settings", Notation::Environment)
    .title("Settings")
    .about("The plugin's settings: one NAME=value on each line, a list, or a JSON object. inspect_plugin shows the settings that it has.")
    .local();
/// How long the engine waits for a plugin that it starts.
const START_SECONDS: &str = "30";

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of(
    "Plugins",
    &[OPERATIONS, privileges::OPERATIONS, install::OPERATIONS, create::OPERATIONS, push::OPERATIONS],
);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("list_plugins", "/plugins")
        .title("List Plugins")
        .about("Lists the plugins that are installed on the engine, enabled or disabled.")
        .params(&[
            FILTERS.about("Docker's filters: capability, such as {\"capability\": [\"volumedriver\"]}, and enabled."),
            FIELDS,
            MAX_ITEMS,
            REDACT,
        ])
        .columns(&["Name", "Id", "Enabled", "Config.Description"])
        .list(),
    Operation::get("inspect_plugin", "/plugins/{name}/json")
        .title("Inspect Plugin")
        .about("Gets all details of a plugin: its settings, mounts and capabilities.")
        .params(&[PLUGIN, REDACT]),
    Operation::post("enable_plugin", "/plugins/{name}/enable")
        .title("Enable Plugin")
        .about("Starts an installed plugin, so that containers, volumes and networks can use it.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&[
            PLUGIN,
            integer("timeout")
                .title("Timeout (seconds)")
                .about("How long the engine waits for each answer of the plugin. 0 waits forever.")
                .default(START_SECONDS)
                .extends_deadline(),
        ])
        .gives(DONE)
        .run(enable),
    Operation::post("disable_plugin", "/plugins/{name}/disable")
        .title("Disable Plugin")
        .about("Disables a plugin. It stays installed. The engine refuses this for a plugin in use, unless force is on.")
        .effect(Effect::Contain)
        .touches(&[Touch::Plugin("name")])
        .params(&[PLUGIN, flag("force").title("Force").about("Disable the plugin even if it is in use. Whatever uses it can fail.")])
        .gives(DONE)
        .run(disable),
    Operation::post("configure_plugin", "/plugins/{name}/set")
        .title("Configure Plugin")
        .about("Changes settings of a plugin, which must be disabled. Other settings do not change.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&[PLUGIN, SETTINGS.required()])
        .gives(DONE)
        .run(configure),
    Operation::delete("remove_plugin", "/plugins/{name}")
        .title("Remove Plugin")
        .about("Removes a plugin, which must be disabled, unless force is on.")
        .touches(&[Touch::Plugin("name")])
        .params(&[
            PLUGIN,
            flag("force").title("Force").about("Remove the plugin even if it is enabled or in use. Whatever uses it can fail."),
            DRY_RUN,
        ])
        .gives_for(&[case(
            "dry_run",
            "true",
            Schema::All(&[
                DRY_RUN_RESULT,
                Schema::Fields(&["plugin", "enabled"]),
                Schema::Field("volumes", &TEXTS),
            ]),
        )])
        .dry_run(dry_run::plugin)
        .done("Removed plugin {name}", "Plugin {name} was already removed"),
];

fn enable(call: &Call<'_>) -> Result<Output, Error> {
    switch(call, true, "Enabled plugin {name}", "Plugin {name} was already enabled")
}

fn disable(call: &Call<'_>) -> Result<Output, Error> {
    switch(call, false, "Disabled plugin {name}", "Plugin {name} was already disabled")
}

/// Sends the request. The engine answers with a conflict where the plugin is already as wanted, and for other reasons: a look
/// at the plugin tells which. A look also tells what came of a request whose answer was lost.
fn switch(call: &Call<'_>, wanted: bool, done: &str, already: &str) -> Result<Output, Error> {
    let Err(error) = call.send(call.request()?) else { return Ok(call.done(done, false)) };
    let is_done = match error.kind() {
        Kind::Engine(ErrorKind::Conflict) => false,
        Kind::Engine(ErrorKind::TimedOut | ErrorKind::UnknownOutcome) => true,
        _ => return Err(error),
    };
    match call.look("/plugins/{name}/json") {
        Ok(plugin) if plugin["Enabled"] == wanted => {
            Ok(call.done(if is_done { done } else { already }, !is_done))
        }
        _ => Err(error),
    }
}

fn configure(call: &Call<'_>) -> Result<Output, Error> {
    let settings: Vec<&str> = call.arguments.texts(SETTINGS).collect();
    set(call, call.arguments.text(PLUGIN).unwrap_or_default(), &settings)?;
    Ok(call.done("Configured plugin {name}", false))
}

/// `POST /plugins/{name}/set`.
fn set(call: &Call<'_>, name: &str, settings: &[&str]) -> Result<(), Error> {
    let request = Request::post(path("/plugins/{name}/set", name)?).json(&settings.into());
    call.send(request).map(drop).map_err(|error| {
        let said = error.said().unwrap_or_default();
        // The engine answers all of these with 500.
        if said.contains("active plugin") {
            error.of_kind(Kind::Engine(ErrorKind::Conflict)).and("disable_plugin disables it.")
        } else if ["settable", "not found in the plugin"].iter().any(|words| said.contains(words)) {
            error
                .of_kind(Kind::Engine(ErrorKind::BadRequest))
                .and("inspect_plugin shows the settings of the plugin (Settings), and which can be set (Settable).")
        } else {
            error
        }
    })
}

/// A path with a plugin's name, which may hold slashes.
fn path(template: &str, name: &str) -> Result<Path, Error> {
    Ok(Path::fill(template, |_| Segment::reference(name))?)
}

/// A plugin, inspected once the engine has reported success: its word alone is not enough.
fn confirm(call: &Call<'_>, name: &str) -> Result<Value, Error> {
    let found = call.send(Request::get(path("/plugins/{name}/json", name)?)).map_err(|error| {
        let error =
            error.and(&format!("The engine had reported success, yet plugin {name} cannot be inspected."));
        match error.kind() {
            Kind::Engine(ErrorKind::NotFound | ErrorKind::BadRequest | ErrorKind::Conflict) => {
                error.of_kind(Kind::Engine(ErrorKind::UnknownOutcome))
            }
            _ => error,
        }
    })?;
    Ok(found.json()?)
}
