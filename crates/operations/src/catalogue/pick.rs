//! What forms offer to pick from: the containers, images, networks, secrets and so on that are there now.
//!
//! Forms ask while somebody waits: the answer comes within seconds or not at all, in one request, and no longer than a
//! person can use. People do not see these operations.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};

use crate::{
    Error, Group, Operation, Output, Schema,
    catalogue::compose::{PROJECT, STACK},
    run::call::Call,
};

/// The most that is offered.
const MOST: usize = 1000;
/// How long the engine has, tries included.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many digits of an id are enough to tell one from another.
const SHORT_ID: usize = 12;

/// A list as live dropdowns take it.
const PICKED: Schema = Schema::List(&Schema::Fields(&["title", "value"]));

/// People see none of these, and so no group.
pub(crate) static GROUP: Group = Group::of("Lists for Forms", &[OPERATIONS]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("pick_container", "/containers/json")
        .title("Pick Container")
        .about("Lists containers for a form: the running ones first.")
        .hidden()
        .gives(PICKED)
        .run(containers),
    Operation::get("pick_image", "/images/json")
        .title("Pick Image")
        .about("Lists images for a form, by their names.")
        .hidden()
        .gives(PICKED)
        .run(images),
    Operation::get("pick_network", "/networks")
        .title("Pick Network")
        .about("Lists the names of networks for a form.")
        .hidden()
        .gives(PICKED)
        .run(networks),
    Operation::get("pick_volume", "/volumes")
        .title("Pick Volume")
        .about("Lists the names of volumes for a form.")
        .hidden()
        .gives(PICKED)
        .run(volumes),
    Operation::get("pick_node", "/nodes")
        .title("Pick Node")
        .about("Lists the nodes of the swarm for a form, by their host names.")
        .hidden()
        .gives(PICKED)
        .run(nodes),
    Operation::get("pick_service", "/services")
        .title("Pick Service")
        .about("Lists the names of a swarm's services for a form.")
        .hidden()
        .gives(PICKED)
        .run(services),
    Operation::get("pick_secret", "/secrets")
        .title("Pick Secret")
        .about("Lists the names of secrets for a form.")
        .hidden()
        .gives(PICKED)
        .run(specified),
    Operation::get("pick_config", "/configs")
        .title("Pick Config")
        .about("Lists the names of configs for a form.")
        .hidden()
        .gives(PICKED)
        .run(specified),
    Operation::get("pick_project", "/containers/json")
        .title("Pick Project")
        .about("Lists the names of Compose projects and stacks for a form.")
        .hidden()
        .gives(PICKED)
        .run(projects),
];

fn containers(call: &Call<'_>) -> Result<Output, Error> {
    let listed = ask(call, &[("all", "true"), ("limit", &MOST.to_string())])?;
    let running_first = |container: &Value| container["State"] != "running";
    Ok(offered(list(&listed).filter_map(|container| {
        let value = match container["Names"][0].as_str() {
            Some(name) => name.trim_start_matches('/'),
            None => short(container["Id"].as_str()?),
        };
        let title = format!("{value} ({}, {})", text(&container["State"]), text(&container["Image"]));
        Some((running_first(container), title, value))
    })))
}

/// By every name; what has none, by its id.
fn images(call: &Call<'_>) -> Result<Output, Error> {
    let listed = ask(call, &[])?;
    Ok(offered(list(&listed).flat_map(|image| {
        let names: Vec<&str> = list(&image["RepoTags"])
            .filter_map(Value::as_str)
            .filter(|name| !name.starts_with('<'))
            .collect();
        let nameless = image["Id"].as_str().filter(|_| names.is_empty());
        let nameless = nameless.map(|id| (true, format!("{} (without a name)", short(id)), id));
        names.into_iter().map(|name| (false, name.to_owned(), name)).chain(nameless)
    })))
}

fn networks(call: &Call<'_>) -> Result<Output, Error> {
    let listed = ask(call, &[])?;
    Ok(offered(list(&listed).filter_map(|network| {
        let name = network["Name"].as_str()?;
        Some((false, format!("{name} ({})", text(&network["Driver"])), name))
    })))
}

fn volumes(call: &Call<'_>) -> Result<Output, Error> {
    let listed = ask(call, &[])?;
    Ok(offered(list(&listed["Volumes"]).filter_map(|volume| {
        let name = volume["Name"].as_str()?;
        Some((false, name.to_owned(), name))
    })))
}

/// By id, since several nodes can have one host name. None where the engine manages no swarm.
fn nodes(call: &Call<'_>) -> Result<Output, Error> {
    let listed = match ask(call, &[]) {
        Err(error) if error.swarm_state().is_some() => Value::Null,
        listed => listed?,
    };
    Ok(offered(list(&listed).filter_map(|node| {
        let name = text(&node["Description"]["Hostname"]);
        let (role, state) = (text(&node["Spec"]["Role"]), text(&node["Status"]["State"]));
        Some((false, format!("{name} ({role}, {state})"), node["ID"].as_str()?))
    })))
}

/// None where the engine manages no swarm.
fn services(call: &Call<'_>) -> Result<Output, Error> {
    let listed = of_swarm(call)?;
    Ok(offered(list(&listed).filter_map(|service| {
        let name = service["Spec"]["Name"].as_str()?;
        let image = text(&service["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"]);
        let image = image.split('@').next().unwrap_or(image);
        Some((false, format!("{name} ({image})"), name))
    })))
}

/// By the names in their specs. None where the engine manages no swarm.
fn specified(call: &Call<'_>) -> Result<Output, Error> {
    let listed = of_swarm(call)?;
    Ok(offered(list(&listed).filter_map(|object| {
        let name = object["Spec"]["Name"].as_str()?;
        Some((false, name.to_owned(), name))
    })))
}

/// By the labels of their containers.
fn projects(call: &Call<'_>) -> Result<Output, Error> {
    let listed = ask(call, &[("all", "true")])?;
    let named = |label: &str| {
        list(&listed).filter_map(|container| container["Labels"][label].as_str()).collect::<BTreeSet<_>>()
    };
    let kinds = [(PROJECT, "Compose"), (STACK, "Stack")];
    let found = kinds.map(|(label, kind)| named(label).into_iter().map(move |name| (name, kind)));
    Ok(offered(found.into_iter().flatten().map(|(name, kind)| (false, format!("{name} ({kind})"), name))))
}

/// A list that only a manager of a swarm has.
fn of_swarm(call: &Call<'_>) -> Result<Value, Error> {
    match ask(call, &[]) {
        Err(error) if error.swarm_state().is_some() => Ok(Value::Null),
        listed => listed,
    }
}

fn ask(call: &Call<'_>, query: &[(&str, &str)]) -> Result<Value, Error> {
    let bound = PATIENCE.min(call.configuration.timeout());
    let request = call.request()?.silence(bound).deadline(bound);
    let request = query.iter().fold(request, |request, (name, value)| request.query(name, value));
    Ok(call.send(request)?.json()?)
}

/// The choices, as forms take them: the later ones last, else by their titles.
fn offered<'a>(choices: impl Iterator<Item = (bool, String, &'a str)>) -> Output {
    let mut choices: Vec<_> = choices.collect();
    choices.sort();
    let choices = choices.into_iter().take(MOST);
    choices.map(|(_, title, value)| json!({"title": title, "value": value})).collect::<Value>().into()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("unknown")
}

fn short(id: &str) -> &str {
    let digits = id.strip_prefix("sha256:").unwrap_or(id);
    digits.get(..SHORT_ID).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_ordered_and_bounded() {
        let many = (0..2 * MOST).map(|number| (number % 2 == 0, format!("{number:05}"), "value"));
        let Output::Value(Value::Array(offered)) = offered(many) else { panic!("no list") };
        assert_eq!(offered.len(), MOST);
        assert_eq!(offered[0], json!({"title": "00001", "value": "value"}));
        assert_eq!(offered[MOST - 1]["title"], "01999", "what comes first is what is offered");
    }

    #[test]
    fn ids_are_short() {
        assert_eq!(short("sha256:0123456789abcdef"), "0123456789ab");
        assert_eq!(short("012"), "012");
    }
}
