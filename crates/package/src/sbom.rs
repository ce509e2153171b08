//! The software bill of materials: what is in the native module, as `CycloneDX` JSON, from Cargo's own metadata.
//!
//! <https://cyclonedx.org/docs/1.5/json/>

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};
use uuid::{Uuid, uuid};

use crate::Identity;

const NAMESPACE: Uuid = uuid!("3b0d8c1e-7f53-4bb2-9a53-0a1f3f5a9d11");
/// The workspace's package that becomes the native module.
const MODULE: &str = "python";

/// The bill, for what `cargo metadata` and `Cargo.lock` say, and a compiler such as `rustc 1.95.0`. None where the metadata
/// is not of this workspace.
pub fn sbom(identity: &Identity, metadata: &Value, lock: &str, compiler: &str) -> Option<Value> {
    let packages: HashMap<&str, &Value> = by_id(&metadata["packages"]);
    let nodes: HashMap<&str, &Value> = by_id(&metadata["resolve"]["nodes"]);
    let root = own(MODULE, &packages)?;
    let linked = reached(root, &nodes, &packages);
    let checksums = checksums(lock);
    let foreign: Vec<&&Value> = linked.iter().filter_map(|id| packages.get(id)).collect();
    let mut components: Vec<Value> = foreign
        .iter()
        .filter(|package| !package["source"].is_null())
        .map(|package| component(package, &checksums))
        .collect();
    components.push(standard_library(compiler));
    components.sort_by_key(|component| component["bom-ref"].to_string());
    let own = format!("{}@{}", identity.name(), Identity::VERSION);
    let mut depends: Vec<Value> = linked
        .iter()
        .filter(|id| packages.get(*id).is_some_and(|package| !package["source"].is_null()))
        .map(|id| json!({"ref": purl(packages[id]), "dependsOn": dependencies(id, &nodes, &packages)}))
        .collect();
    let of_own: BTreeSet<String> = linked
        .iter()
        .filter(|id| packages.get(*id).is_some_and(|package| package["source"].is_null()))
        .flat_map(|id| dependencies(id, &nodes, &packages))
        .collect();
    depends.insert(0, json!({"ref": own, "dependsOn": of_own}));
    let mut bill = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": "",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": identity.name(),
                "version": Identity::VERSION,
                "description": "Docker Engine connector for FortiSOAR: Python of its own, and one native module.",
                "licenses": [{"expression": "Apache-2.0"}],
            },
        },
        "components": components,
        "dependencies": depends,
    });
    // The same contents have the same number, whenever and wherever they are written down.
    let serial = Uuid::new_v5(&NAMESPACE, bill.to_string().as_bytes());
    bill["serialNumber"] = format!("urn:uuid:{serial}").into();
    Some(bill)
}

/// What is linked into this package of the workspace, itself included, in the order of ids. None where there is no such package.
pub(crate) fn linked_packages<'a>(metadata: &'a Value, package: &str) -> Option<Vec<&'a Value>> {
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let linked = reached(own(package, &packages)?, &nodes, &packages);
    Some(linked.iter().filter_map(|id| packages.get(id).copied()).collect())
}

/// The id of this package of the workspace.
fn own<'a>(name: &str, packages: &HashMap<&'a str, &'a Value>) -> Option<&'a str> {
    let is_own = |package: &Value| package["name"] == name && package["source"].is_null();
    packages.iter().find(|(_, package)| is_own(package)).map(|(id, _)| *id)
}

/// Everything that a package leads to by dependencies that it is linked with, itself included, in the order of ids.
fn reached<'a>(
    root: &'a str,
    nodes: &HashMap<&'a str, &'a Value>,
    packages: &HashMap<&'a str, &'a Value>,
) -> BTreeSet<&'a str> {
    let (mut found, mut left) = (BTreeSet::new(), vec![root]);
    while let Some(id) = left.pop() {
        if found.insert(id) {
            left.extend(linked(id, nodes).filter(|id| !is_for_the_build_alone(packages.get(id))));
        }
    }
    found
}

/// The ids of what a package is linked with; what only its build or its tests need is none of it.
fn linked<'a>(id: &str, nodes: &HashMap<&'a str, &'a Value>) -> impl Iterator<Item = &'a str> {
    let dependencies = nodes.get(id).and_then(|node| node["deps"].as_array()).into_iter().flatten();
    let is_linked = |dependency: &&Value| {
        dependency["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null())
    };
    dependencies.filter(is_linked).filter_map(|dependency| dependency["pkg"].as_str())
}

/// A macro runs in the compiler, and is not in what that makes.
fn is_for_the_build_alone(package: Option<&&Value>) -> bool {
    let targets = package.and_then(|package| package["targets"].as_array()).into_iter().flatten();
    targets.filter_map(|target| target["kind"].as_array()).flatten().any(|kind| kind == "proc-macro")
}

fn dependencies(
    id: &str,
    nodes: &HashMap<&str, &Value>,
    packages: &HashMap<&str, &Value>,
) -> BTreeSet<String> {
    linked(id, nodes)
        .filter_map(|id| packages.get(id))
        .filter(|package| !package["source"].is_null() && !is_for_the_build_alone(Some(package)))
        .map(|package| purl(package))
        .collect()
}

fn component(package: &Value, checksums: &BTreeMap<(String, String), String>) -> Value {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    let mut component = Map::new();
    let mut say = |key: &str, value: Value| component.insert(key.to_owned(), value);
    say("type", "library".into());
    say("bom-ref", purl(package).into());
    say("name", text("name").into());
    say("version", text("version").into());
    if let Some(checksum) = checksums.get(&(text("name").to_owned(), text("version").to_owned())) {
        say("hashes", json!([{"alg": "SHA-256", "content": checksum}]));
    }
    if let Some(license) = package["license"].as_str() {
        // The slash is how older packages write OR.
        say("licenses", json!([{"expression": license.replace('/', " OR ").replace("  ", " ")}]));
    }
    say("purl", purl(package).into());
    if let Some(repository) = package["repository"].as_str() {
        say("externalReferences", json!([{"type": "vcs", "url": repository}]));
    }
    component.into()
}

/// What every Rust program is linked with, and Cargo does not count.
fn standard_library(compiler: &str) -> Value {
    let version = compiler.split_whitespace().nth(1).unwrap_or("unknown");
    json!({
        "type": "library",
        "bom-ref": format!("rust-std@{version}"),
        "name": "rust-std",
        "version": version,
        "description": "Rust's standard library",
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
        "externalReferences": [{"type": "vcs", "url": "https://github.com/rust-lang/rust"}],
    })
}

fn purl(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    format!("pkg:cargo/{}@{}", text("name"), text("version").replace('+', "%2B"))
}

fn by_id(list: &Value) -> HashMap<&str, &Value> {
    list.as_array().into_iter().flatten().filter_map(|entry| Some((entry["id"].as_str()?, entry))).collect()
}

/// The hashes of the packages as Cargo fetched them, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(&format!("{name} = \"")))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    let blocks = lock.split("[[package]]").skip(1);
    blocks
        .filter_map(|block| {
            Some(((field(block, "name")?, field(block, "version")?), field(block, "checksum")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> Value {
        let package = |id: &str, source: Value, kind: &str| {
            json!({"id": id, "name": id, "version": "1.0.0", "source": source, "license": "MIT/Apache-2.0",
                "repository": "https://example.com/x", "targets": [{"kind": [kind]}]})
        };
        let registry = || json!("registry+https://example.com");
        let link = |id: &str, kind: Value| json!({"pkg": id, "dep_kinds": [{"kind": kind}]});
        json!({
            "packages": [
                package("python", Value::Null, "cdylib"),
                package("engine", Value::Null, "lib"),
                package("hyper", registry(), "lib"),
                package("derive", registry(), "proc-macro"),
                package("proptest", registry(), "lib"),
            ],
            "resolve": {"nodes": [
                {"id": "python", "deps": [link("engine", Value::Null)]},
                {"id": "engine", "deps": [link("hyper", Value::Null), link("derive", Value::Null), link("proptest", "dev".into())]},
                {"id": "hyper", "deps": []},
            ]},
        })
    }

    #[test]
    fn lists_what_is_linked_and_nothing_else() {
        let lock = "[[package]]\nname = \"hyper\"\nversion = \"1.0.0\"\nchecksum = \"abc\"\n";
        let identity = Identity::new("docker-engine", None).unwrap();
        let bill = sbom(&identity, &metadata(), lock, "rustc 1.95.0 (abc)").unwrap();
        let names: Vec<&Value> =
            bill["components"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
        assert_eq!(names, ["hyper", "rust-std"]);
        let hyper = &bill["components"][0];
        assert_eq!(
            (&hyper["purl"], &hyper["hashes"][0]["content"]),
            (&json!("pkg:cargo/hyper@1.0.0"), &json!("abc"))
        );
        assert_eq!(hyper["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(bill["dependencies"][0]["dependsOn"], json!(["pkg:cargo/hyper@1.0.0"]));
        assert_eq!(sbom(&identity, &metadata(), lock, "rustc 1.95.0 (abc)").unwrap(), bill);
    }

    #[test]
    fn what_is_of_another_workspace_is_none() {
        let identity = Identity::new("docker-engine", None).unwrap();
        assert!(sbom(&identity, &json!({"packages": []}), "", "").is_none());
    }
}
