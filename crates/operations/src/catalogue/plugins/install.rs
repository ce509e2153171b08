//! Installing a plugin from a registry, and taking a newer one: `POST /plugins/pull` and `POST /plugins/{name}/upgrade`.

use engine::Request;
use serde_json::{Value, json};

use super::{
    PLUGIN, SETTINGS, START_SECONDS, confirm, path,
    privileges::{GRANT, PRIVILEGES, REMOTE, at_registry, granted},
    set,
};
use crate::{
    Category, Error, Operation, Output, Param, Schema, Secrecy,
    catalogue::images::{
        messages::{MOVED, Messages, PROGRESS_LIMIT},
        registry::{SIGN_IN, SignIn},
    },
    declare::{
        param::{flag, image, joined},
        target::Touch,
    },
    run::call::Call,
    values::reference::{LATEST, Reference, familiar, join},
};

const INSTALL: [Param; 10] = joined(&[
    &[
        REMOTE,
        image("name")
            .title("Local Name")
            .about("The name of the plugin on the engine. If empty, its own name."),
    ],
    &GRANT,
    &[
        SETTINGS,
        flag("enable")
            .title("Enable")
            .about("Enable the plugin after the installation, as docker plugin install does.")
            .default("true")
            .local(),
    ],
    &SIGN_IN,
    &[PROGRESS_LIMIT],
]);

const UPGRADE: [Param; 8] = joined(&[
    &[
        PLUGIN,
        image("remote")
            .secret(Secrecy::SignIn)
            .title("Remote")
            .about("The plugin's name at its registry. If empty, the name that it was installed from."),
    ],
    &GRANT,
    &SIGN_IN,
    &[PROGRESS_LIMIT],
]);

/// A plugin that came from a registry.
const INSTALLED: Schema = Schema::All(&[
    Schema::Fields(&["name", "id", "digest", "enabled"]),
    Schema::Field("privileges", &PRIVILEGES),
    MOVED,
]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::post("install_plugin", "/plugins/pull")
        .title("Install Plugin")
        .about("Installs a plugin from a registry with the privileges that the call grants, and enables it. If the plugin asks for more, the call is refused and lists them.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&INSTALL)
        .gives(INSTALLED)
        .run(install),
    Operation::post("upgrade_plugin", "/plugins/{name}/upgrade")
        .title("Upgrade Plugin")
        .about("Replaces a plugin, which must be disabled, with the version at its registry. It keeps its settings. If the plugin asks for privileges that the call does not grant, the call is refused and lists them.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&UPGRADE)
        .gives(INSTALLED)
        .run(upgrade),
];

fn install(call: &Call<'_>) -> Result<Output, Error> {
    let (remote, sign_in) = at_registry(call)?;
    let local = match call.arguments.text("name") {
        Some(name) => with_tag(&Reference::name_for("name", name)?),
        None => with_tag(&Reference::name_for(REMOTE.name, remote)?),
    };
    let privileges = granted(call, remote, &sign_in)?;
    let messages =
        Messages::of(call, signed_in(call.request()?, &privileges, &sign_in)?).map_err(|error| {
            let exists = error.message().contains("already exists");
            let error = sign_in.explain(error);
            if exists { error.and("upgrade_plugin replaces an installed plugin.") } else { error }
        })?;
    let mut plugin = confirm(call, &local)?;
    let settings: Vec<&str> = call.arguments.texts(SETTINGS).collect();
    let installed = |error: Error| error.and(&format!("Plugin {local} is installed, and disabled."));
    if !settings.is_empty() {
        set(call, &local, &settings).map_err(installed)?;
    }
    let enables = call.arguments.is_on("enable");
    if enables {
        let enable = Request::post(path("/plugins/{name}/enable", &local)?).query("timeout", START_SECONDS);
        call.send(enable).map_err(installed)?;
        plugin = confirm(call, &local)?;
    }
    let sentence = format!("Installed plugin {local}{}", if enables { " and enabled it" } else { "" });
    Ok(result(&sentence, &plugin, privileges, &messages))
}

fn upgrade(call: &Call<'_>) -> Result<Output, Error> {
    let name = call.arguments.text(PLUGIN).unwrap_or_default();
    let plugin = call.look("/plugins/{name}/json")?;
    let remote = match call.arguments.text("remote") {
        Some(remote) => remote,
        None => plugin["PluginReference"].as_str().ok_or_else(|| {
            Error::fault("remote is missing: the engine does not say where the plugin came from")
        })?,
    };
    let sign_in = SignIn::for_image(call, Reference::name_for("remote", remote)?.name)?;
    let privileges = granted(call, remote, &sign_in)?;
    let request = Request::post(path(call.endpoint.path, name)?).query("remote", remote);
    let messages = Messages::of(call, signed_in(request, &privileges, &sign_in)?).map_err(|error| {
        let is_enabled = error.message().contains("must be disabled");
        let error = sign_in.explain(error);
        if is_enabled { error.and("disable_plugin disables it.") } else { error }
    })?;
    let plugin = confirm(call, name)?;
    Ok(result(&format!("Upgraded plugin {name} to {remote}"), &plugin, privileges, &messages))
}

/// The request with what the plugin is granted, and signed in at its registry.
fn signed_in(request: Request, privileges: &Value, sign_in: &SignIn) -> Result<Request, Error> {
    Ok(request.json(privileges).header("x-registry-auth", &sign_in.header())?)
}

/// The name under which the engine knows a plugin.
fn with_tag(named: &Reference<'_>) -> String {
    join(familiar(named.name), named.tag.unwrap_or(LATEST))
}

fn result(sentence: &str, plugin: &Value, privileges: Value, messages: &Messages) -> Output {
    let mut result = json!({
        "result": sentence,
        "name": plugin["Name"],
        "id": plugin["Id"],
        "enabled": plugin["Enabled"],
        "outcome": "done",
    });
    if let Some(digest) = messages.after("Digest: ") {
        result["digest"] = digest.into();
    }
    result["privileges"] = privileges;
    result["log"] = messages.log().into();
    result["truncated"] = messages.is_truncated().into();
    result.into()
}
