//! GET: the host's ports that lead into containers, one by one. Shows how an answer becomes a list of one's own, and a
//! parameter that is not sent.

use serde_json::{Value, json};

use crate::{
    Error, Operation, Output,
    declare::param::{FILTERS, flag},
    run::call::Call,
};

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("list_published_ports", "/containers/json")
    .title("List Published Ports")
    .about("Lists the host's ports that lead into running containers.")
    .params(&[
        FILTERS,
        flag("exposed").title("Exposed Only").about("Only those that other machines reach.").local(),
    ])
    .run(list_published_ports)];

fn list_published_ports(call: &Call<'_>) -> Result<Output, Error> {
    let containers = call.send(call.request()?)?.json()?;
    let mut published = Vec::new();
    for container in items(&containers) {
        for port in items(&container["Ports"]).filter(|port| port["PublicPort"].is_u64()) {
            let host_only = port["IP"].as_str().is_some_and(|ip| ip == "::1" || ip.starts_with("127."));
            if host_only && call.arguments.is_on("exposed") {
                continue;
            }
            published.push(json!({
                "container": container["Names"][0].as_str().unwrap_or_default().trim_start_matches('/'),
                "image": container["Image"],
                "address": port["IP"],
                "port": port["PublicPort"],
                "container_port": port["PrivatePort"],
                "protocol": port["Type"],
            }));
        }
    }
    Ok(Value::from(published).into())
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}
