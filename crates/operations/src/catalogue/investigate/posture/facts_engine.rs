//! The document of an engine: its answers by the request's name, and what is computed from them.

use serde_json::{Value, json};

use super::{
    asked::Asked,
    secret_looking::{in_environment, without_sign_in},
};
use crate::run::{
    health::flaws::{Component, Flaw, Line, flaws_of, is_rebuilt, line},
    objects::{items, text},
};

/// A known flaw that a component's version tells of.
pub(super) struct Known {
    pub(super) component: Component,
    pub(super) version: String,
    pub(super) flaw: &'static Flaw,
}

impl Known {
    /// Whether the number tells: a distribution fixes flaws under an old one.
    pub(super) fn is_certain(&self) -> bool {
        !is_rebuilt(&self.version)
    }
}

/// The flaws that the engine's own words tell of.
pub(super) fn known_flaws(version: &Value) -> Vec<Known> {
    let components = [Component::Engine, Component::Containerd, Component::Runc];
    let known = components.into_iter().flat_map(|component| {
        let version = version_of(version, component);
        flaws_of(component, &version).into_iter().map(move |flaw| Known {
            component,
            version: version.clone(),
            flaw,
        })
    });
    known.collect()
}

/// What the engine says of a component's version; empty, where it says nothing.
fn version_of(version: &Value, component: Component) -> String {
    let name = match component {
        Component::Engine => "Engine",
        other => other.word(),
    };
    let named = items(&version["Components"]).find(|one| text(one, "Name").eq_ignore_ascii_case(name));
    match (named, component) {
        (Some(named), _) => text(named, "Version").to_owned(),
        // Podman's version is none of Docker Engine's.
        (None, Component::Engine) if items(&version["Components"]).next().is_none() => {
            text(version, "Version").to_owned()
        }
        (None, _) => String::new(),
    }
}

/// The security options of an engine, by name and profile.
pub(super) fn security(info: &Value) -> Vec<Value> {
    let options = items(&info["SecurityOptions"]).filter_map(Value::as_str).enumerate();
    let option = |(at, option): (usize, &str)| {
        let part = |wanted: &str| {
            option.split(',').find_map(|part| part.trim().strip_prefix(wanted)?.strip_prefix('='))
        };
        // Before 1.13 only the name stood there.
        let name = part("name").unwrap_or(option);
        json!({
            "name": name,
            "profile": part("profile"),
            "field": format!("info.SecurityOptions[{at}]"),
            "value": option,
        })
    };
    options.map(option).collect()
}

/// The document of the engine.
pub(super) fn document(asked: &Asked, is_podman: bool) -> Value {
    let default_bridge = items(&asked.networks).find(|network| text(network, "Name") == "bridge");
    json!({
        "info": asked.info,
        "version": asked.version,
        "networks": asked.networks,
        "bridge": default_bridge,
        "plugins": asked.plugins,
        "services": asked.services,
        "facts": facts(asked, is_podman),
        "refused": asked.refusals(),
    })
}

fn facts(asked: &Asked, is_podman: bool) -> Value {
    let info = &asked.info;
    let (containers, running) = (info["Containers"].as_u64(), info["ContainersRunning"].as_u64());
    let flaws = |component| -> Vec<Value> {
        let flaws = known_flaws(&asked.version).into_iter().filter(|known| known.component == component);
        flaws
            .map(|known| {
                json!({
                    "is_certain": known.is_certain(),
                    "bypasses_authorization": known.flaw.bypasses_authorization,
                    "field": format!("version.Components[{}].Version", component.word()),
                    "value": format!("{} ({})", known.version, known.flaw.id),
                })
            })
            .collect()
    };
    let version =
        |component| Some(version_of(&asked.version, component)).filter(|version| !version.is_empty());
    let images = items(&asked.images).count();
    let used = |image: &&Value| items(&asked.listed).any(|container| container["ImageID"] == image["Id"]);
    let in_use = items(&asked.images).filter(used).count();
    json!({
        "is_podman": is_podman,
        "api_minor": asked.api_minor(),
        "security": security(info),
        "engine_version": version(Component::Engine),
        "containerd_version": version(Component::Containerd),
        "runc_version": version(Component::Runc),
        "engine_line": version(Component::Engine).and_then(|version| line(&version)).map(|line| match line {
            Line::Maintained => "maintained",
            Line::Ended => "ended",
            Line::Distribution => "distribution",
        }),
        "flaws": {
            "engine": flaws(Component::Engine),
            "containerd": flaws(Component::Containerd),
            "runc": flaws(Component::Runc),
        },
        "insecure_registries": insecure_registries(info),
        "mirrors": mirrors(info),
        "commits": commits(info),
        "stopped": containers.zip(running).map(|(all, running)| all.saturating_sub(running)),
        "images": images,
        "images_in_use": in_use,
        "images_unused_share": (images > 0).then(|| (images - in_use) * 100 / images),
        "services_with_secrets": services_with_secrets(&asked.services),
    })
}

/// Networks and names of registries without verified TLS. Loopback is always among them.
fn insecure_registries(info: &Value) -> Vec<Value> {
    let registries = &info["RegistryConfig"];
    let networks = items(&registries["InsecureRegistryCIDRs"]).filter_map(Value::as_str).enumerate().map(
        |(at, network)| {
            json!({
                "is_loopback": network.starts_with("127.") || network == "::1/128",
                "field": format!("info.RegistryConfig.InsecureRegistryCIDRs[{at}]"),
                "value": network,
            })
        },
    );
    let names = registries["IndexConfigs"].as_object().into_iter().flatten();
    let names = names.filter(|(_, index)| index["Secure"] == false).map(|(name, _)| {
        let host = name.split(':').next().unwrap_or_default();
        json!({
            "is_loopback": host == "localhost" || host.starts_with("127.") || name.starts_with("[::1]"),
            "field": format!("info.RegistryConfig.IndexConfigs[{name:?}].Secure"),
            "value": format!("false ({name})"),
        })
    });
    networks.chain(names).collect()
}

fn mirrors(info: &Value) -> Vec<String> {
    let registries = &info["RegistryConfig"];
    let of_names = registries["IndexConfigs"].as_object().into_iter().flatten();
    let of_names = of_names.flat_map(|(_, index)| items(&index["Mirrors"]));
    let all = items(&registries["Mirrors"]).chain(of_names).filter_map(Value::as_str);
    let mut mirrors: Vec<String> = all.map(without_sign_in).collect();
    mirrors.sort();
    mirrors.dedup();
    mirrors
}

/// Builds that the engine found beside the ones it was made with. Newer engines do not say what they expect.
fn commits(info: &Value) -> Vec<Value> {
    let names = ["ContainerdCommit", "RuncCommit", "InitCommit"];
    let told = names.into_iter().filter_map(|name| {
        let (id, expected) = (text(&info[name], "ID"), text(&info[name], "Expected"));
        (!id.is_empty() && !expected.is_empty()).then(|| {
            json!({
                // One of them may be shortened.
                "differs": !(id.starts_with(expected) || expected.starts_with(id)),
                "field": format!("info.{name}.ID"),
                "value": format!("{id}, expected {expected}"),
            })
        })
    });
    told.collect()
}

fn services_with_secrets(services: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for service in items(services) {
        let name = text(&service["Spec"], "Name");
        let entries =
            items(&service["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"]).filter_map(Value::as_str);
        for (at, variable) in in_environment(entries) {
            found.push(json!({
                "name": variable,
                "field": format!("services[{name:?}].Spec.TaskTemplate.ContainerSpec.Env[{at}]"),
                "value": format!("{variable} of service {name} (its value is not shown)"),
            }));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_no_insecure_registry() {
        let info = json!({"RegistryConfig": {
            "InsecureRegistryCIDRs": ["127.0.0.0/8", "::1/128", "10.0.0.0/8"],
            "IndexConfigs": {"docker.io": {"Secure": true}, "reg.corp:5000": {"Secure": false}, "localhost:5000": {"Secure": false}},
        }});
        let found = insecure_registries(&info);
        let open: Vec<&str> =
            found.iter().filter(|one| one["is_loopback"] == false).map(|one| text(one, "value")).collect();
        assert_eq!(open, ["10.0.0.0/8", "false (reg.corp:5000)"]);
    }

    #[test]
    fn a_distributions_flaws_are_possible_ones() {
        let version = |engine: &str| json!({"Components": [{"Name": "Engine", "Version": engine}]});
        let known = known_flaws(&version("20.10.24+dfsg1"));
        assert!(!known.is_empty() && known.iter().all(|one| !one.is_certain()));
        assert!(known_flaws(&version("20.10.24")).iter().all(Known::is_certain));
        assert!(
            known_flaws(&json!({"Components": [{"Name": "Podman Engine", "Version": "4.3.1"}]})).is_empty()
        );
    }

    #[test]
    fn builds_that_belong_together_may_be_shortened() {
        let differs = |id: &str, expected: &str| {
            commits(&json!({"RuncCommit": {"ID": id, "Expected": expected}}))
                .iter()
                .any(|one| one["differs"] == true)
        };
        assert!(
            differs("aaaa", "bbbb")
                && !differs("aaaa", "aaaa")
                && !differs("aaaabbbb", "aaaa")
                && !differs("aaaa", "")
        );
    }
}
