//! What an update adds to the lists and maps of a service, and takes out of them, as `docker service update` does with
//! `--label-add` and `--label-rm`. What is there already under the same name is replaced; what is not there need not go.

use serde_json::{Map, Value};

use crate::{
    Error, Kind, Notation, Param, Secrecy,
    declare::{
        arguments::Arguments,
        param::{lines, list, map, notation},
    },
    values::body::{conform, type_at},
};

/// A list or a map of a service's specification.
struct Pair {
    add: &'static str,
    remove: &'static str,
    /// The names that lead to it.
    at: &'static [&'static str],
    items: Items,
}

enum Items {
    /// Names with values.
    Map,
    /// A list. `key` tells which item a new one replaces, and `is_named` whether an item is one that is to go.
    List { key: fn(&Value) -> Value, is_named: fn(&Value, &Value) -> bool },
}

const CONTAINER: &str = "ContainerSpec";
const TASK: &str = "TaskTemplate";

const PAIRS: &[Pair] = &[
    Pair { add: "labels_add", remove: "labels_remove", at: &["Labels"], items: Items::Map },
    Pair {
        add: "container_labels_add",
        remove: "container_labels_remove",
        at: &[TASK, CONTAINER, "Labels"],
        items: Items::Map,
    },
    Pair {
        add: "env_add",
        remove: "env_remove",
        at: &[TASK, CONTAINER, "Env"],
        items: Items::List { key: variable, is_named: |item, name| variable(item) == *name },
    },
    Pair {
        add: "mounts_add",
        remove: "mounts_remove",
        at: &[TASK, CONTAINER, "Mounts"],
        items: Items::List {
            key: |item| item["Target"].clone(),
            is_named: |item, name| item["Target"] == *name,
        },
    },
    Pair {
        add: "networks_add",
        remove: "networks_remove",
        at: &[TASK, "Networks"],
        items: Items::List {
            key: |item| item["Target"].clone(),
            is_named: |item, name| item["Target"] == *name,
        },
    },
    Pair {
        add: "publish_add",
        remove: "publish_remove",
        at: &["EndpointSpec", "Ports"],
        items: Items::List { key: port, is_named: is_port },
    },
    Pair {
        add: "secrets_add",
        remove: "secrets_remove",
        at: &[TASK, CONTAINER, "Secrets"],
        items: Items::List {
            key: file,
            is_named: |item, name| is_any(item, &["SecretName", "SecretID"], name),
        },
    },
    Pair {
        add: "configs_add",
        remove: "configs_remove",
        at: &[TASK, CONTAINER, "Configs"],
        items: Items::List {
            key: file,
            is_named: |item, name| is_any(item, &["ConfigName", "ConfigID"], name),
        },
    },
    Pair {
        add: "constraints_add",
        remove: "constraints_remove",
        at: &[TASK, "Placement", "Constraints"],
        items: Items::List { key: spaceless, is_named: |item, name| spaceless(item) == spaceless(name) },
    },
    Pair { add: "hosts_add", remove: "hosts_remove", at: &[TASK, CONTAINER, "Hosts"], items: SAME },
    Pair { add: "groups_add", remove: "groups_remove", at: &[TASK, CONTAINER, "Groups"], items: SAME },
    Pair {
        add: "sysctls_add",
        remove: "sysctls_remove",
        at: &[TASK, CONTAINER, "Sysctls"],
        items: Items::Map,
    },
    Pair {
        add: "ulimits_add",
        remove: "ulimits_remove",
        at: &[TASK, CONTAINER, "Ulimits"],
        items: Items::List { key: |item| item["Name"].clone(), is_named: |item, name| item["Name"] == *name },
    },
];

const SAME: Items = Items::List { key: Value::clone, is_named: |item, name| item == name };

pub(super) const PARAMS: &[Param] = &[
    map("labels_add").secret(Secrecy::Values).title("Add Labels").about("Labels to add to the service, or to change.").local(),
    list("labels_remove").title("Remove Labels").about("Names of labels to remove from the service.").local(),
    map("container_labels_add")
        .secret(Secrecy::Values)
        .title("Add Container Labels")
        .about("Labels to add to the service's containers, or to change. Others stay.")
        .local(),
    list("container_labels_remove")
        .title("Remove Container Labels")
        .about("Names of labels to remove from the service's containers. The other labels stay.")
        .local(),
    notation("env_add", Notation::Environment)
        .title("Add Variables")
        .about("Environment variables to add or change: one NAME=value on each line.")
        .local(),
    list("env_remove").title("Remove Variables").about("Names of environment variables to remove.").local(),
    notation("mounts_add", Notation::Mounts)
        .secret(Secrecy::Within)
        .title("Add Mounts")
        .about("Mounts to add, one on each line, such as type=volume,source=data,target=/data. A mount at the same target is replaced.")
        .local(),
    list("mounts_remove").title("Remove Mounts").about("Targets of mounts to remove, such as /data.").local(),
    notation("networks_add", Notation::Attachments)
        .title("Add Networks")
        .about("Networks to add: names, or lines such as name=backend,alias=web.")
        .local(),
    list("networks_remove").title("Remove Networks").about("Networks that the service leaves, by name or id.").local(),
    notation("publish_add", Notation::ServicePorts)
        .title("Add Published Ports")
        .about("Published ports to add, such as 8080:80/tcp.")
        .local(),
    notation("publish_remove", Notation::ServicePorts)
        .title("Remove Published Ports")
        .about("Published ports to remove, by the container's port, such as 80 or 53/udp.")
        .local(),
    notation("secrets_add", Notation::Secrets)
        .title("Add Secrets")
        .about("Secrets to add, by name, or lines such as source=key,target=key.pem. A secret with the same target is replaced.")
        .local(),
    list("secrets_remove").title("Remove Secrets").about("Secrets to remove from the service, by name or id.").local(),
    notation("configs_add", Notation::Configs)
        .title("Add Configs")
        .about("Configs to add, by name, or lines such as source=conf,target=/etc/app.conf.")
        .local(),
    list("configs_remove").title("Remove Configs").about("Configs to remove from the service, by name or id.").local(),
    list("constraints_add")
        .title("Add Constraints")
        .about("Placement constraints to add, such as node.labels.zone==a.")
        .local(),
    list("constraints_remove").title("Remove Constraints").about("Placement constraints to remove, each as it is written in the service.").local(),
    lines("hosts_add").open().title("Add Hosts").about("Entries to add to the hosts file, one on each line, such as 10.0.0.1 name.").local(),
    lines("hosts_remove").open().title("Remove Hosts").about("Entries to remove from the hosts file, as they are written.").local(),
    list("groups_add").title("Add Groups").about("Additional groups of the user to add.").local(),
    list("groups_remove").title("Remove Groups").about("Additional groups of the user to remove.").local(),
    map("sysctls_add").open().title("Add Sysctls").about("Kernel parameters to add or change.").local(),
    list("sysctls_remove").title("Remove Sysctls").about("Names of kernel parameters to remove from the service.").local(),
    notation("ulimits_add", Notation::Ulimits)
        .title("Add Ulimits")
        .about("Limits to add or change, such as nofile=1024:2048.")
        .since(1, 41)
        .local(),
    list("ulimits_remove")
        .title("Remove Ulimits")
        .about("Names of limits to remove, such as nofile.")
        .since(1, 41)
        .local(),
];

/// Whether the parameters ask for anything of this.
pub(super) fn are_given(arguments: &Arguments) -> bool {
    PAIRS.iter().any(|pair| arguments.get(pair.add).is_some() || arguments.get(pair.remove).is_some())
}

/// Puts what is to be added into the types that the API has for it.
pub(super) fn fit(arguments: &mut Arguments) -> Result<(), Error> {
    let mut faults = Vec::new();
    for pair in PAIRS {
        if let Some(value) = arguments.get(pair.add).cloned() {
            let kind = type_at("/services/create", pair.at.iter().copied());
            arguments.set(pair.add, conform(kind, value, pair.add, &mut faults).unwrap_or_default());
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::faults(Kind::InvalidParameters, &faults)) }
}

/// Makes the changes that the parameters ask for: first what goes, then what comes, in the order in which it is given.
pub(super) fn apply(spec: &mut Value, arguments: &Arguments) {
    for pair in PAIRS {
        let (add, remove) = (arguments.get(pair.add), arguments.get(pair.remove));
        if add.is_none() && remove.is_none() {
            continue;
        }
        let place = pair.at.iter().fold(&mut *spec, |place, name| {
            if !place.is_object() {
                *place = Map::new().into();
            }
            &mut place[*name]
        });
        match pair.items {
            Items::Map => change_map(place, add, remove),
            Items::List { key, is_named } => change_list(place, add, remove, key, is_named),
        }
    }
}

fn change_map(place: &mut Value, add: Option<&Value>, remove: Option<&Value>) {
    let mut fields = place.as_object().cloned().unwrap_or_default();
    for name in items(remove).filter_map(Value::as_str) {
        fields.remove(name);
    }
    fields.extend(add.and_then(Value::as_object).cloned().into_iter().flatten());
    *place = fields.into();
}

fn change_list(
    place: &mut Value,
    add: Option<&Value>,
    remove: Option<&Value>,
    key: fn(&Value) -> Value,
    is_named: fn(&Value, &Value) -> bool,
) {
    let mut list = place.as_array().cloned().unwrap_or_default();
    list.retain(|item| !items(remove).any(|name| is_named(item, name)));
    for item in items(add) {
        match list.iter_mut().find(|present| key(present) == key(item)) {
            Some(present) => present.clone_from(item),
            None => list.push(item.clone()),
        }
    }
    *place = list.into();
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

/// The name of `NAME=value`.
fn variable(item: &Value) -> Value {
    item.as_str().map_or(Value::Null, |text| text.split('=').next().unwrap_or(text).into())
}

fn spaceless(item: &Value) -> Value {
    item.as_str().unwrap_or_default().split_whitespace().collect::<String>().into()
}

/// What a port is known by: its protocol, and both its numbers.
fn port(item: &Value) -> Value {
    let protocol = item["Protocol"].as_str().unwrap_or("tcp");
    serde_json::json!([protocol, item["TargetPort"], item["PublishedPort"].as_u64().unwrap_or_default()])
}

/// Whether a port is one that is to go: published at that number, if the call says one.
fn is_port(item: &Value, named: &Value) -> bool {
    let (item_key, named_key) = (port(item), port(named));
    item_key[0] == named_key[0]
        && item_key[1] == named_key[1]
        && (named["PublishedPort"].is_null() || item_key[2] == named_key[2])
}

/// What a secret or a config is known by: the file that it becomes.
fn file(item: &Value) -> Value {
    item["File"]["Name"].clone()
}

fn is_any(item: &Value, fields: &[&str], name: &Value) -> bool {
    fields.iter().any(|field| item[*field] == *name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::values::normalise;

    fn changed(mut spec: Value, given: &Value) -> Value {
        let mut arguments = Arguments::of(PARAMS);
        for (param, value) in PARAMS.iter().filter_map(|param| Some((param, given.get(param.name)?))) {
            arguments.push(param, normalise(param.kind, value).unwrap().unwrap());
        }
        assert!(are_given(&arguments));
        apply(&mut spec, &arguments);
        spec
    }

    #[test]
    fn a_map_keeps_what_is_not_named() {
        let spec = json!({"Labels": {"a": "1", "b": "2"}});
        let given = json!({"labels_add": "b=3\nc=4", "labels_remove": "a, nothing"});
        assert_eq!(changed(spec, &given), json!({"Labels": {"b": "3", "c": "4"}}));
        let made = changed(json!({"TaskTemplate": {"ContainerSpec": null}}), &json!({"sysctls_add": "x=1"}));
        assert_eq!(made, json!({"TaskTemplate": {"ContainerSpec": {"Sysctls": {"x": "1"}}}}));
    }

    #[test]
    fn an_item_is_replaced_where_it_stands() {
        let spec = json!({"TaskTemplate": {"ContainerSpec": {"Env": ["A=1", "B=2", "C"]}}});
        let given = json!({"env_add": "B=3\nD=4", "env_remove": ["A", "C"]});
        assert_eq!(changed(spec, &given)["TaskTemplate"]["ContainerSpec"]["Env"], json!(["B=3", "D=4"]));
        let spec = json!({"TaskTemplate": {"Placement": {"Constraints": ["node.role == worker"]}}});
        let given = json!({"constraints_remove": "node.role==worker", "constraints_add": "node.id!=x"});
        assert_eq!(changed(spec, &given)["TaskTemplate"]["Placement"]["Constraints"], json!(["node.id!=x"]));
    }

    #[test]
    fn a_port_goes_by_its_target_and_protocol() {
        let web = json!({"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080});
        let dns = json!({"Protocol": "udp", "TargetPort": 53});
        let spec = json!({"EndpointSpec": {"Mode": "vip", "Ports": [web, dns]}});
        let ports = |given: Value| changed(spec.clone(), &given)["EndpointSpec"]["Ports"].clone();
        assert_eq!(ports(json!({"publish_remove": "80"})), json!([dns]));
        assert_eq!(ports(json!({"publish_remove": "8081:80, 53/tcp"})), json!([web, dns]));
        assert_eq!(ports(json!({"publish_add": "8080:80"})), json!([web, dns]));
    }
}
