//! What a plugin may do on the engine's host, and whether somebody has granted that: `GET /plugins/privileges`.
//!
//! The engine installs a plugin only with exactly the privileges that it asks for. A person decides whether it gets them.

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::Value;

use crate::{
    Error, Kind, Operation, Output, Param, Schema, Secrecy,
    catalogue::images::registry::{SIGN_IN, SignIn},
    declare::param::{flag, joined, objects, reference},
    run::call::Call,
    values::reference::Reference,
};

pub(super) const REMOTE: Param = reference("remote")
    .secret(Secrecy::SignIn)
    .title("Plugin")
    .about("The plugin's name at its registry, such as vieux/sshfs or registry:5000/team/plugin:1.0.");

/// How a call grants what a plugin asks for.
pub(super) const GRANT: [Param; 2] = [
    flag("grant_all_permissions")
        .title("Grant All Permissions")
        .about("Grant every privilege that the plugin asks for, as docker plugin install --grant-all-permissions does.")
        .local(),
    objects("privileges")
        .secret(Secrecy::Open)
        .title("Privileges")
        .about("The privileges to grant, as get_plugin_privileges lists them: [{\"Name\": \"mount\", \"Value\": [\"/data\"]}]. The call is refused if the plugin asks for more.")
        .local(),
];

pub(super) const PRIVILEGES: Schema = Schema::Answer("GET /plugins/privileges");

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] =
    &[Operation::get("get_plugin_privileges", "/plugins/privileges")
        .title("Get Plugin Privileges")
        .about("Lists the privileges that a plugin at a registry asks for: mounts, devices, capabilities, the host's network. Installs nothing.")
        .params(&joined::<4>(&[&[REMOTE], &SIGN_IN]))
        .columns(&["Name", "Description", "Value"])
        .gives(PRIVILEGES)
        .run(list)];

fn list(call: &Call<'_>) -> Result<Output, Error> {
    let (remote, sign_in) = at_registry(call)?;
    let required = required(call, remote, &sign_in)?;
    Ok(Value::Array(required).into())
}

/// The plugin that the parameter `remote` names, and how the call signs in at its registry.
pub(super) fn at_registry<'a>(call: &'a Call<'_>) -> Result<(&'a str, SignIn), Error> {
    let remote = call.arguments.text(REMOTE).unwrap_or_default();
    let sign_in = SignIn::for_image(call, Reference::name_for(REMOTE.name, remote)?.name)?;
    Ok((remote, sign_in))
}

/// What a plugin asks for and the call grants, as the engine wants to have it.
pub(super) fn granted(call: &Call<'_>, remote: &str, sign_in: &SignIn) -> Result<Value, Error> {
    let required = required(call, remote, sign_in)?;
    let given = call.arguments.get("privileges").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let refused: Vec<String> =
        required.iter().filter(|privilege| !is_granted(privilege, given)).map(told).collect();
    if refused.is_empty() || call.arguments.is_on("grant_all_permissions") {
        return Ok(required.into());
    }
    Err(Error::new(
        Kind::Failed,
        format!(
            "Plugin {remote} asks for privileges that the call does not grant: {}. Nothing was changed. If the plugin can have \
             them, turn grant_all_permissions on, or give them in privileges.",
            refused.join("; ")
        ),
    ))
}

/// What a plugin asks for.
fn required(call: &Call<'_>, remote: &str, sign_in: &SignIn) -> Result<Vec<Value>, Error> {
    let header = sign_in.header();
    let ask = |request: Request| {
        let request = request.header("x-registry-auth", &header)?;
        call.send(request).map_err(|error| sign_in.explain(error))
    };
    let answer = ask(Request::get(Path::fixed("/plugins/privileges")).query("remote", remote))?;
    let status = answer.status;
    let is_privilege = |privilege: &Value| {
        privilege["Name"].is_string() && (privilege["Value"].is_array() || privilege["Value"].is_null())
    };
    match answer.json()? {
        Value::Array(required) if required.is_empty() => {
            // The engine answers the same where it could not read the plugin. This says why.
            ask(Request::get(Path::fill("/distribution/{name}/json", |_| Segment::reference(remote))?))?;
            Ok(required)
        }
        Value::Array(required) if required.iter().all(is_privilege) => Ok(required),
        _ => Err(engine::Error::new(ErrorKind::Protocol, "the answer is no list of privileges")
            .with_status(status)
            .into()),
    }
}

/// Whether one of those given has the privilege's name and all of its values.
fn is_granted(privilege: &Value, given: &[Value]) -> bool {
    given.iter().any(|grant| {
        let has = |value: &Value| values(grant).any(|granted| granted == value);
        grant["Name"] == privilege["Name"] && values(privilege).all(has)
    })
}

fn values(privilege: &Value) -> impl Iterator<Item = &Value> {
    privilege["Value"].as_array().into_iter().flatten()
}

/// `mount /data, /run (host path to mount)`.
fn told(privilege: &Value) -> String {
    let text = |name: &str| privilege[name].as_str().unwrap_or_default();
    let values: Vec<&str> = values(privilege).filter_map(Value::as_str).collect();
    match text("Description") {
        "" => format!("{} {}", text("Name"), values.join(", ")),
        description => format!("{} {} ({description})", text("Name"), values.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_privilege_is_granted_with_all_of_its_values() {
        let asked = json!({"Name": "mount", "Description": "host path to mount", "Value": ["/a", "/b"]});
        for (given, is) in [
            (json!([]), false),
            (json!([{"Name": "mount", "Value": ["/a"]}]), false),
            (json!([{"Name": "mount", "Value": "/a"}]), false),
            (json!([{"Name": "device", "Value": ["/a", "/b"]}]), false),
            (json!([{"Name": "mount", "Value": ["/b", "/c", "/a"]}]), true),
        ] {
            assert_eq!(is_granted(&asked, given.as_array().unwrap()), is, "{given}");
        }
        assert!(!is_granted(&json!({"Name": "host ipc namespace", "Value": ["true"]}), &[]));
        assert_eq!(told(&asked), "mount /a, /b (host path to mount)");
    }
}
