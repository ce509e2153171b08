//! Pushing a plugin to its registry: `POST /plugins/{name}/push`.

use serde_json::json;

use super::PLUGIN;
use crate::{
    Category, Error, Operation, Output, Schema,
    catalogue::images::{
        messages::{MOVED, Messages, PROGRESS_LIMIT},
        push::nothing_pushed,
        registry::{SIGN_IN, SignIn},
    },
    declare::{param::joined, target::Touch},
    run::call::Call,
    values::reference::Reference,
};

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("push_plugin", "/plugins/{name}/push")
    .title("Push Plugin")
    .about("Pushes a plugin to the registry that its name begins with, and returns its digest there.")
    .category_is(Category::Miscellaneous)
    .touches(&[Touch::Nothing])
    .params(&joined::<5>(&[
        &[PLUGIN.about("The plugin's name, which begins with its registry: registry:5000/team/plugin:1.0.")],
        &SIGN_IN,
        &[PROGRESS_LIMIT],
    ]))
    .gives(Schema::All(&[Schema::Fields(&["name", "digest"]), MOVED]))
    .run(push)];

fn push(call: &Call<'_>) -> Result<Output, Error> {
    let name = call.arguments.text(PLUGIN).unwrap_or_default();
    let sign_in = SignIn::for_image(call, Reference::name_for(PLUGIN.name, name)?.name)?;
    let request = call.request()?.header("x-registry-auth", &sign_in.header())?;
    let messages = Messages::of(call, request).map_err(|error| sign_in.explain(error))?;
    let digest = messages.facts().rev().find_map(|facts| facts["Digest"].as_str());
    let digest = digest.ok_or_else(nothing_pushed)?;
    Ok(json!({
        "result": format!("Pushed plugin {name}"),
        "name": name,
        "digest": digest,
        "outcome": "done",
        "log": messages.log(),
        "truncated": messages.is_truncated(),
    })
    .into())
}
