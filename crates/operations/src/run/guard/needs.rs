//! What protected containers need in order to run: their networks, volumes, images and services.

use engine::{Path, Request};
use serde_json::Value;

use super::{look, rules::Rules};
use crate::{
    Error,
    run::{
        call::Call,
        objects::{as_inspected, id, items},
        policy::blocked,
    },
};

/// A container that a rule protects.
pub(crate) struct Protected {
    /// An inspection of it.
    container: Value,
    pub(crate) rule: String,
}

/// All containers that a rule protects.
pub(crate) fn protected(call: &Call<'_>) -> Result<Vec<Protected>, Error> {
    let rules = Rules::of(call);
    // The list may take the engine as long as the operation itself.
    let limit = call.time_limit();
    let all =
        Request::get(Path::fixed("/containers/json")).query("all", "true").silence(limit).deadline(limit);
    let mut found = Vec::new();
    for listed in look::listed(call, all)? {
        if let Some(rule) = rules.protecting(&as_inspected(&listed))? {
            match look::container(call, id(&listed)) {
                Ok((_, container)) => found.push(Protected { container, rule: rule.to_string() }),
                // It was removed in between.
                Err(error) if look::is_absence(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(found)
}

/// Refuses a change to what a protected container needs.
pub(crate) fn refuse(
    what: &str,
    protected: &[Protected],
    needs: impl Fn(&Protected) -> bool,
) -> Result<(), Error> {
    match protected.iter().find(|protected| needs(protected)) {
        None => Ok(()),
        Some(container) => Err(blocked(format!(
            "Container {} needs {what}, and is protected by {}. Nothing was done. An administrator can lift the protection.",
            container.name(),
            container.rule
        ))),
    }
}

impl Protected {
    pub(crate) fn name(&self) -> &str {
        self.container["Name"].as_str().unwrap_or_default().trim_start_matches('/')
    }

    /// Whether it is in a network, or comes back to it when it starts.
    pub(crate) fn is_in(&self, network: &Value) -> bool {
        let is_this = |text: &str| network["Name"] == text || network["Id"] == text;
        let places = self.container["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
        let mut places = places.map(|(name, place)| is_this(name) || place["NetworkID"] == network["Id"]);
        places.any(|it| it) || self.container["HostConfig"]["NetworkMode"].as_str().is_some_and(is_this)
    }

    /// Whether a prune of networks could take one that it comes back to.
    pub(crate) fn leaves_a_network_unused(&self) -> bool {
        let state = self.container["State"]["Status"].as_str();
        let networks = self.container["NetworkSettings"]["Networks"].as_object().into_iter().flatten();
        let mut networks = networks.map(|(name, _)| name.as_str());
        !matches!(state, Some("running" | "paused" | "restarting"))
            && networks.any(|name| !matches!(name, "bridge" | "host" | "none" | "podman"))
    }

    /// Whether it has a volume mounted: by the volume's name, or a folder of the host that lies in it.
    pub(crate) fn mounts(&self, source: &str) -> bool {
        self.volumes().any(|(name, folder)| {
            let is_within = |folder: &str| source == folder || source.starts_with(&format!("{folder}/"));
            name == source || !folder.is_empty() && is_within(folder.trim_end_matches('/'))
        })
    }

    /// Whether a plugin has its volumes, or takes its logs.
    pub(crate) fn is_driven_by(&self, plugin: &str) -> bool {
        let host = &self.container["HostConfig"];
        let drivers = items(&self.container["Mounts"]).map(|mount| &mount["Driver"]);
        let mut drivers = drivers.chain([&host["LogConfig"]["Type"], &host["VolumeDriver"]]);
        // A driver may be written without the tag that is meant where there is none.
        let plain = |name: &str| name.strip_suffix(":latest").unwrap_or(name).to_owned();
        drivers.any(|driver| driver.as_str().is_some_and(|driver| plain(driver) == plain(plugin)))
    }

    /// Names of volumes, and the folders of the host where they lie.
    fn volumes(&self) -> impl Iterator<Item = (&str, &str)> {
        let mounts = items(&self.container["Mounts"]).filter(|mount| mount["Type"] == "volume");
        mounts
            .filter_map(|mount| Some((mount["Name"].as_str()?, mount["Source"].as_str().unwrap_or_default())))
    }

    /// Whether it was made from an image.
    pub(crate) fn runs_from(&self, image: &str) -> bool {
        let plain = |id: &str| id.trim_start_matches("sha256:").to_owned();
        self.container["Image"].as_str().is_some_and(|own| plain(own) == plain(image))
    }

    /// Whether it is a task that a swarm runs on this node; on any, if none is named.
    pub(crate) fn is_task_on(&self, node: Option<&str>) -> bool {
        let its = self.container["Config"]["Labels"]["com.docker.swarm.node.id"].as_str();
        its.is_some_and(|its| node.is_none_or(|node| node == its))
    }

    /// Whether it is a task of a service.
    pub(crate) fn is_task_of(&self, service: &str) -> bool {
        self.container["Config"]["Labels"]["com.docker.swarm.service.id"] == service
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn protected(container: Value) -> Protected {
        Protected { container, rule: String::new() }
    }

    #[test]
    fn a_network_is_known_by_id_and_by_name() {
        let network = json!({"Name": "dmz", "Id": "ab12"});
        for container in [
            json!({"NetworkSettings": {"Networks": {"dmz": {"NetworkID": ""}}}}),
            json!({"NetworkSettings": {"Networks": {"alias": {"NetworkID": "ab12"}}}}),
            json!({"NetworkSettings": {"Networks": {}}, "HostConfig": {"NetworkMode": "ab12"}}),
        ] {
            assert!(protected(container.clone()).is_in(&network), "{container}");
        }
        let other = json!({"NetworkSettings": {"Networks": {"web": {"NetworkID": "cd34"}}}});
        assert!(!protected(other).is_in(&network));
    }

    #[test]
    fn a_plugin_is_known_as_a_driver() {
        for container in [
            json!({"Mounts": [{"Type": "volume", "Driver": "team/nfs:latest"}]}),
            json!({"HostConfig": {"LogConfig": {"Type": "team/nfs"}}}),
            json!({"HostConfig": {"VolumeDriver": "team/nfs:latest"}}),
        ] {
            assert!(protected(container.clone()).is_driven_by("team/nfs:latest"), "{container}");
        }
        let others =
            json!({"Mounts": [{"Driver": "local"}], "HostConfig": {"LogConfig": {"Type": "team/nfs:2"}}});
        assert!(!protected(others).is_driven_by("team/nfs:latest"));
    }

    #[test]
    fn a_volume_is_known_by_its_name_and_its_folder() {
        let mount = json!({"Type": "volume", "Name": "data", "Source": "/var/lib/docker/volumes/data/_data"});
        let container = protected(json!({"Mounts": [mount, {"Type": "bind", "Source": "/run"}]}));
        for source in ["data", "/var/lib/docker/volumes/data/_data", "/var/lib/docker/volumes/data/_data/x"] {
            assert!(container.mounts(source), "{source}");
        }
        for source in ["dat", "/run", "/var/lib/docker/volumes/data/_data2", "/"] {
            assert!(!container.mounts(source), "{source}");
        }
    }
}
