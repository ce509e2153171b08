//! What a specification names by an id: secrets, configs and networks. People give names, and the engine looks up networks only.

use engine::{Path, Request, Segment};
use serde_json::Value;

use crate::{Error, declare::arguments::Arguments, run::call::Call};

/// Puts ids in the place of names, in the parameters that add to lists and take from them.
pub(super) fn resolve_pairs(call: &Call<'_>, arguments: &mut Arguments) -> Result<(), Error> {
    for (name, resolve) in [
        ("secrets_add", secrets as fn(&Call<'_>, &mut Value) -> Result<(), Error>),
        ("configs_add", configs),
        ("networks_add", networks),
        ("networks_remove", networks),
    ] {
        if let Some(mut list) = arguments.get(name).cloned() {
            resolve(call, &mut list)?;
            arguments.set(name, list);
        }
    }
    Ok(())
}

/// Puts ids in the place of names, in a specification or a part of one.
pub(super) fn resolve(call: &Call<'_>, spec: &mut Value) -> Result<(), Error> {
    for (pointer, resolve) in [
        ("/TaskTemplate/ContainerSpec/Secrets", secrets as fn(&Call<'_>, &mut Value) -> Result<(), Error>),
        ("/TaskTemplate/ContainerSpec/Configs", configs),
        ("/TaskTemplate/Networks", networks),
    ] {
        if let Some(list) = spec.pointer_mut(pointer) {
            resolve(call, list)?;
        }
    }
    Ok(())
}

fn secrets(call: &Call<'_>, list: &mut Value) -> Result<(), Error> {
    files(call, list, "/secrets/{name}", ("SecretID", "SecretName"))
}

fn configs(call: &Call<'_>, list: &mut Value) -> Result<(), Error> {
    files(call, list, "/configs/{name}", ("ConfigID", "ConfigName"))
}

fn files(call: &Call<'_>, list: &mut Value, template: &str, (id, name): (&str, &str)) -> Result<(), Error> {
    for file in list.as_array_mut().into_iter().flatten() {
        let Some(named) = file[name].as_str().filter(|_| !file[id].is_string()) else { continue };
        let found = look(call, template, named)?;
        (file[id], file[name]) = (found["ID"].clone(), found["Spec"]["Name"].clone());
    }
    Ok(())
}

/// Of networks as the API has them, or of names alone.
fn networks(call: &Call<'_>, list: &mut Value) -> Result<(), Error> {
    for network in list.as_array_mut().into_iter().flatten() {
        let place = if network.is_object() { &mut network["Target"] } else { network };
        if let Some(named) = place.as_str() {
            *place = look(call, "/networks/{name}", named)?["Id"].clone();
        }
    }
    Ok(())
}

fn look(call: &Call<'_>, template: &str, named: &str) -> Result<Value, Error> {
    let path = Path::fill(template, |_| Segment::name(named))?;
    Ok(call.send(Request::get(path))?.json()?)
}
