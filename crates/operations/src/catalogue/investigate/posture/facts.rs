//! What conditions cannot read off a container's inspection by themselves, computed from it: `facts` of a container's document.
//!
//! Each fact that a check fails by says where it was read (`field`) and what stands there (`value`).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{asked::Asked, secret_looking::in_environment};
use crate::run::objects::{items, text};

/// What a container has unless something else is said.
const DEFAULT_CAPABILITIES: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// Podman's default set is smaller.
const NOT_WITH_PODMAN: [&str; 3] = ["AUDIT_WRITE", "MKNOD", "NET_RAW"];
/// All that Linux has.
const ALL_CAPABILITIES: [&str; 41] = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// The document of a container: its inspection, with facts and what of the engine its checks need.
pub(super) fn document(container: &Value, asked: &Asked, engine: &Value) -> Value {
    let mut document = container.clone();
    document["facts"] = facts(container, asked, engine["is_podman"] == true);
    document["engine"] = engine.clone();
    document["refused"] = asked.refusals();
    document
}

fn facts(container: &Value, asked: &Asked, is_podman: bool) -> Value {
    let host = &container["HostConfig"];
    let user = user(text(&container["Config"], "User"));
    let default_runtime = text(&asked.info, "DefaultRuntime");
    let runtime = text(host, "Runtime");
    let is_default = runtime.is_empty()
        || runtime == default_runtime
        // The same thing by the name of containerd.
        || [runtime, default_runtime].iter().all(|name| ["runc", "io.containerd.runc.v2", "oci"].contains(name))
        || is_podman;
    json!({
        "runs_as": [{"name": user, "field": "Config.User", "value": container["Config"]["User"]}],
        "capabilities": capabilities(host, is_podman),
        "all_capabilities": all_capabilities(host),
        "drops_all": drops_all(host),
        "security": security(host),
        "mounts": mounts(container, &asked.volumes),
        "ports": ports(container),
        "tmpfs": tmpfs(host),
        "secrets": secrets(container),
        "execs": execs(container, asked, user),
        "drift": drift(container, asked),
        "programs": asked.programs.get(text(container, "Id")),
        "has_default_runtime": is_default || default_runtime.is_empty(),
    })
}

/// A user of a configuration: `root`, or `other`. A name may still be number 0.
pub(super) fn user(configured: &str) -> &'static str {
    let name = configured.split(':').next().unwrap_or_default().trim();
    let is_zero = !name.is_empty() && name.bytes().all(|byte| byte == b'0');
    if name.is_empty() || name == "root" || is_zero { "root" } else { "other" }
}

/// A capability in one form: `SYS_ADMIN`.
fn capability(name: &str) -> String {
    let name = name.trim().to_uppercase();
    name.strip_prefix("CAP_").map_or_else(|| name.clone(), str::to_owned)
}

fn listed<'v>(host: &'v Value, field: &'static str) -> impl Iterator<Item = (String, &'v str)> {
    items(&host[field]).filter_map(Value::as_str).map(|name| (capability(name), name))
}

/// The effective set, as the engine computes it, each with the entry that gives it.
fn capabilities(host: &Value, is_podman: bool) -> Vec<Value> {
    let found = |name: &str, field: &str, value: Value| json!({"name": name, "field": field, "value": value});
    if host["Privileged"] == true {
        let all = ALL_CAPABILITIES.iter();
        return all.map(|name| found(name, "HostConfig.Privileged", true.into())).collect();
    }
    let mut set: BTreeMap<String, Value> = BTreeMap::new();
    let adds_all = listed(host, "CapAdd").find(|(name, _)| name == "ALL");
    let drops_all = listed(host, "CapDrop").any(|(name, _)| name == "ALL");
    let dropped = |name: &str| listed(host, "CapDrop").any(|(other, _)| other == name);
    let adds_some = adds_all.is_none();
    if let Some((_, entry)) = adds_all {
        for name in ALL_CAPABILITIES.iter().filter(|name| !dropped(name)) {
            set.insert((*name).to_owned(), found(name, "HostConfig.CapAdd", entry.into()));
        }
    } else if !drops_all {
        let default =
            DEFAULT_CAPABILITIES.iter().filter(|name| !(is_podman && NOT_WITH_PODMAN.contains(name)));
        for name in default.filter(|name| !dropped(name)) {
            set.insert((*name).to_owned(), found(name, "HostConfig.CapDrop", host["CapDrop"].clone()));
        }
    }
    for (name, entry) in listed(host, "CapAdd").filter(|_| adds_some) {
        set.insert(name.clone(), found(&name, "HostConfig.CapAdd", entry.into()));
    }
    set.into_values().collect()
}

fn all_capabilities(host: &Value) -> Vec<Value> {
    let all = listed(host, "CapAdd").filter(|(name, _)| name == "ALL");
    all.map(|(name, entry)| json!({"name": name, "field": "HostConfig.CapAdd", "value": entry})).collect()
}

/// Whether it starts from nothing. Podman writes down what ALL means.
fn drops_all(host: &Value) -> Vec<Value> {
    let drops = |wanted: &str| listed(host, "CapDrop").any(|(name, _)| name == wanted);
    let podmans = DEFAULT_CAPABILITIES.iter().filter(|name| !NOT_WITH_PODMAN.contains(name));
    let is_all = drops("ALL") || podmans.into_iter().all(|name| drops(name));
    is_all.then(|| json!({"name": "ALL"})).into_iter().collect()
}

/// Security options by name and setting, whichever separator was sent.
fn security(host: &Value) -> Vec<Value> {
    let options = items(&host["SecurityOpt"]).filter_map(Value::as_str).enumerate();
    let option = |(at, option): (usize, &str)| {
        let (name, setting) = option.split_once(['=', ':']).unwrap_or((option, "true"));
        let setting = match (name, setting.trim_start()) {
            ("seccomp", profile) if profile.starts_with('{') => match allows_all(profile) {
                true => "allows all",
                false => "own profile",
            },
            (_, setting) => setting,
        };
        json!({
            "name": name.to_lowercase(),
            "setting": setting.to_lowercase(),
            "field": format!("HostConfig.SecurityOpt[{at}]"),
            "value": if setting == "own profile" || setting == "allows all" { format!("{name}=({setting})") } else { option.to_owned() },
        })
    };
    options.map(option).collect()
}

/// Whether a profile of seccomp filters nothing.
fn allows_all(profile: &str) -> bool {
    let profile: Value = serde_json::from_str(profile).unwrap_or_default();
    let forbids = items(&profile["syscalls"])
        .any(|rule| !matches!(text(rule, "action"), "SCMP_ACT_ALLOW" | "SCMP_ACT_LOG"));
    matches!(text(&profile, "defaultAction"), "SCMP_ACT_ALLOW" | "SCMP_ACT_LOG") && !forbids
}

/// What of the host is mounted: binds, and what volumes hide.
fn mounts(container: &Value, volumes: &BTreeMap<String, Value>) -> Vec<Value> {
    let mut found = Vec::new();
    for (at, mount) in items(&container["Mounts"]).enumerate() {
        let is_volume = mount["Type"] == "volume";
        let name = text(mount, "Name");
        let hidden = volumes.get(name).filter(|_| is_volume).map(hidden_folder).unwrap_or_default();
        let path = match (is_volume, hidden) {
            (true, "") => continue,
            (true, hidden) => hidden,
            (false, _) => text(mount, "Source"),
        };
        if !path.starts_with('/') {
            continue;
        }
        let field = match is_volume {
            true => format!("volumes[{name:?}].Options.device"),
            false => format!("Mounts[{at}].Source"),
        };
        found.push(json!({
            "path": path,
            "writable": mount["RW"] == true,
            "hidden": is_volume,
            "field": field,
            "value": path,
        }));
    }
    found
}

/// The host's folder or disk behind a volume, if there is one.
pub(super) fn hidden_folder(volume: &Value) -> &str {
    let options = &volume["Options"];
    let is_remote = ["nfs", "nfs4", "cifs", "smb3", "ceph", "tmpfs"].contains(&text(options, "type"));
    let device = text(options, "device");
    if !is_remote && device.starts_with('/') && !device.starts_with("//") { device } else { "" }
}

/// Ports of the host, as configured and as they are. What is both is listed once.
fn ports(container: &Value) -> Vec<Value> {
    let mut found: Vec<Value> = Vec::new();
    let configured = ("HostConfig.PortBindings", &container["HostConfig"]["PortBindings"]);
    let present = ("NetworkSettings.Ports", &container["NetworkSettings"]["Ports"]);
    for (field, ports) in [configured, present] {
        for (port, bindings) in ports.as_object().into_iter().flatten() {
            for (at, binding) in items(bindings).enumerate() {
                let address = text(binding, "HostIp");
                let number =
                    text(binding, "HostPort").split('-').next().and_then(|number| number.parse::<u64>().ok());
                let is_that = |other: &Value| {
                    let is_address = other["host_ip"] == address || other["host_ip"] == "";
                    other["port"] == port.as_str() && is_address && other["host_port"] == json!(number)
                };
                if !found.iter().any(is_that) {
                    found.push(json!({
                        "host_ip": address,
                        "host_port": number,
                        "port": port,
                        "field": format!("{field}[{port:?}][{at}]"),
                        "value": binding.to_string(),
                    }));
                }
            }
        }
    }
    found
}

fn tmpfs(host: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    for (target, options) in host["Tmpfs"].as_object().into_iter().flatten() {
        let text = options.as_str().unwrap_or_default();
        let options: Vec<&str> = text.split(',').map(str::trim).collect();
        found.push(
            json!({"options": options, "field": format!("HostConfig.Tmpfs[{target:?}]"), "value": text}),
        );
    }
    for (at, mount) in items(&host["Mounts"]).enumerate().filter(|(_, mount)| mount["Type"] == "tmpfs") {
        let options: Vec<&str> =
            items(&mount["TmpfsOptions"]["Options"]).flat_map(items).filter_map(Value::as_str).collect();
        let shown = options.join(",");
        found.push(json!({"options": options, "field": format!("HostConfig.Mounts[{at}].TmpfsOptions.Options"), "value": shown}));
    }
    found
}

fn secrets(container: &Value) -> Vec<Value> {
    let entries = items(&container["Config"]["Env"]).filter_map(Value::as_str);
    let found = in_environment(entries);
    found
        .map(|(at, name)| {
            let value = format!("{name} (its value is not shown)");
            json!({"name": name, "field": format!("Config.Env[{at}]"), "value": value})
        })
        .collect()
}

fn execs(container: &Value, asked: &Asked, user_of_container: &str) -> Vec<Value> {
    let ids = items(&container["ExecIDs"]).filter_map(Value::as_str);
    let running = ids.filter_map(|id| asked.execs.get(id)).filter(|exec| exec["Running"] == true);
    running
        .map(|exec| {
            let process = &exec["ProcessConfig"];
            let name = text(process, "user");
            let raises = !name.is_empty() && user(name) == "root" && user_of_container != "root";
            let privileged = process["privileged"] == true;
            json!({
                "privileged": privileged,
                "raises_user": raises,
                "field": if privileged { "ProcessConfig.privileged" } else { "ProcessConfig.user" },
                "value": if privileged { "true".to_owned() } else { name.to_owned() },
            })
        })
        .collect()
}

/// What the name of its image means now, where a name is known and means something.
fn drift(container: &Value, asked: &Asked) -> Vec<Value> {
    let name = text(&container["Config"], "Image");
    let now = asked.image_named(name).map(|image| text(image, "Id"));
    let made_from = text(container, "Image");
    let Some(now) = now.filter(|_| !made_from.is_empty()) else { return Vec::new() };
    // Podman writes ids without the algorithm.
    let plain = |id: &str| id.trim_start_matches("sha256:").to_owned();
    vec![json!({
        "differs": plain(now) != plain(made_from),
        "field": "Image",
        "value": format!("{made_from}, and {name} is now {now}"),
    })]
}

/// What of the engine the checks of a container need.
pub(super) fn of_engine(asked: &Asked, is_podman: bool) -> Value {
    let mut engine = Map::new();
    engine.insert("security".into(), super::facts_engine::security(&asked.info).into());
    engine.insert("cgroup_version".into(), asked.info["CgroupVersion"].clone());
    engine.insert("is_podman".into(), is_podman.into());
    Value::Object(engine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(host: Value) -> Vec<String> {
        capabilities(&host, false).iter().map(|one| text(one, "name").to_owned()).collect()
    }

    #[test]
    fn capabilities_are_the_effective_ones() {
        let default = names(json!({}));
        assert!(default.len() == 14 && default.contains(&"NET_RAW".into()));
        assert_eq!(names(json!({"CapDrop": ["all"], "CapAdd": ["cap_net_raw"]})), ["NET_RAW"]);
        assert!(!names(json!({"CapDrop": ["Cap_Mknod"]})).contains(&"MKNOD".into()));
        assert!(names(json!({"CapAdd": ["sys_admin"]})).contains(&"SYS_ADMIN".into()));
        assert_eq!(names(json!({"CapAdd": ["ALL"]})).len(), 41);
        assert!(!names(json!({"CapAdd": ["ALL"], "CapDrop": ["SYS_ADMIN"]})).contains(&"SYS_ADMIN".into()));
        assert_eq!(names(json!({"Privileged": true, "CapAdd": null})).len(), 41);
    }

    #[test]
    fn security_options_are_read_with_either_separator() {
        let read = |option: &str| {
            let option = security(&json!({"SecurityOpt": [option]})).remove(0);
            (text(&option, "name").to_owned(), text(&option, "setting").to_owned())
        };
        let pair = |name: &str, setting: &str| (name.to_owned(), setting.to_owned());
        assert_eq!(read("no-new-privileges"), pair("no-new-privileges", "true"));
        assert_eq!(read("no-new-privileges:false"), pair("no-new-privileges", "false"));
        assert_eq!(read("no-new-privileges=true"), pair("no-new-privileges", "true"));
        assert_eq!(read("seccomp:unconfined"), pair("seccomp", "unconfined"));
        assert_eq!(read(r#"seccomp={"defaultAction":"SCMP_ACT_ALLOW"}"#), pair("seccomp", "allows all"));
        assert_eq!(read(r#"seccomp={"defaultAction":"SCMP_ACT_ERRNO"}"#), pair("seccomp", "own profile"));
    }

    #[test]
    fn users_are_root_or_not() {
        for (configured, read) in [
            ("", "root"),
            ("0", "root"),
            ("00", "root"),
            ("root", "root"),
            ("0:0", "root"),
            ("root:adm", "root"),
            ("1000", "other"),
            ("web", "other"),
            (":100", "root"),
        ] {
            assert_eq!(user(configured), read, "{configured}");
        }
    }

    #[test]
    fn volumes_hide_folders_and_disks() {
        let hides = |options: Value| hidden_folder(&json!({"Options": options})).to_owned();
        assert_eq!(hides(json!({"type": "none", "o": "bind", "device": "/etc"})), "/etc");
        assert_eq!(hides(json!({"type": "ext4", "device": "/dev/sda1"})), "/dev/sda1");
        assert_eq!(hides(json!({"type": "nfs", "device": ":/export"})), "");
        assert_eq!(hides(json!({"type": "cifs", "device": "//server/share"})), "");
        assert_eq!(hides(Value::Null), "");
    }
}
