//! Whether a container's configuration lets its processes out to the host, in a word and a sentence.

use serde_json::Value;

use super::{
    checks::{Check, Escape, Verdict},
    facts::user,
};
use crate::run::objects::text;

/// The verdict on a container.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WayOut {
    /// `certain`, `likely`, or `not by configuration`.
    pub(super) verdict: &'static str,
    /// Why, as a sentence.
    pub(super) why: String,
    /// The checks that lead out.
    pub(super) by: Vec<&'static str>,
}

/// The verdict on a container's document, by all checks that may lead out.
pub(super) fn way_out(document: &Value, checks: &'static [Check]) -> WayOut {
    let leading = |escape: Escape| {
        let failed = checks
            .iter()
            .filter(|check| check.scope == super::checks::Scope::Container && check.may_lead_out());
        let failed = failed.filter(|check| {
            check.escape(document) == escape && matches!(check.verdict(document), Verdict::Failed)
        });
        failed.collect::<Vec<&'static Check>>()
    };
    let (ways, parts) = (leading(Escape::Host), leading(Escape::Part));
    let told = |checks: &[&'static Check]| -> String {
        // It comes with all the others.
        if let Some(privileged) = checks.iter().find(|check| check.id == "container.privileged") {
            return format!("{}, which includes the rest", lowered(&privileged.title));
        }
        let titles: Vec<String> = checks.iter().map(|check| lowered(&check.title)).collect();
        match titles.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{}, and {last}", others.join(", ")),
            None => String::new(),
        }
    };
    let by = |checks: &[&'static Check]| checks.iter().map(|check| check.id.as_str()).collect();
    let who = who(document);
    match (ways.as_slice(), who) {
        ([], _) if parts.len() >= 2 => WayOut {
            verdict: "likely",
            why: format!("No single setting leads to the host, but these do together: {}.", told(&parts)),
            by: by(&parts),
        },
        ([], _) => WayOut {
            verdict: "not by configuration",
            why: "Nothing in its configuration leads to the host; flaws of the kernel, runc and the engine remain.".to_owned(),
            by: Vec::new(),
        },
        (ways, Who::Root) => WayOut {
            verdict: "certain",
            why: format!("Its process is the host's root, and {}.", told(ways)),
            by: by(ways),
        },
        (ways, Who::Other(why)) => WayOut {
            verdict: "likely",
            why: format!("{why}, but {}.", told(ways)),
            by: by(ways),
        },
    }
}

enum Who {
    Root,
    /// Why its process is not the host's root.
    Other(&'static str),
}

fn who(document: &Value) -> Who {
    let has = |name: &str| {
        let options = document["engine"]["security"].as_array();
        options.is_some_and(|options| options.iter().any(|option| option["name"] == name))
    };
    let opts_out = text(&document["HostConfig"], "UsernsMode") == "host";
    match user(text(&document["Config"], "User")) {
        "root" if has("rootless") => {
            Who::Other("The engine runs without root, so a way out leads to its user's account")
        }
        "root" if has("userns") && !opts_out => {
            Who::Other("User namespaces make its root an ordinary user of the host")
        }
        "root" => Who::Root,
        _ => Who::Other("It does not begin as root"),
    }
}

/// A title as it stands within a sentence.
fn lowered(title: &str) -> String {
    let second_is_lower = title.chars().nth(1).is_some_and(|c| !c.is_uppercase());
    let mut characters = title.chars();
    match characters.next() {
        Some(first) if second_is_lower => first.to_lowercase().chain(characters).collect(),
        _ => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::investigate::posture::{asked::Asked, checks::table, facts};

    fn verdict(container: Value, security: &[&str]) -> &'static str {
        let asked = Asked { info: json!({"SecurityOptions": security}), ..Asked::default() };
        let mut whole = json!({"Config": {}, "HostConfig": {"MaskedPaths": ["/proc/kcore"], "ReadonlyPaths": ["/proc/sys"]}});
        for part in ["Config", "HostConfig"] {
            for (name, value) in container[part].as_object().into_iter().flatten() {
                whole[part][name] = value.clone();
            }
        }
        whole["Mounts"] = container["Mounts"].clone();
        let engine = facts::of_engine(&asked, false);
        way_out(&facts::document(&whole, &asked, &engine), &table().unwrap().checks).verdict
    }

    #[test]
    fn root_with_one_way_is_certain_and_two_parts_are_likely() {
        let host = |host: Value| json!({"HostConfig": host});
        assert_eq!(verdict(host(json!({})), &[]), "not by configuration");
        assert_eq!(verdict(host(json!({"Privileged": true})), &[]), "certain");
        assert_eq!(verdict(host(json!({"Privileged": true})), &["name=userns"]), "likely");
        assert_eq!(
            verdict(host(json!({"Privileged": true, "UsernsMode": "host"})), &["name=userns"]),
            "certain"
        );
        assert_eq!(verdict(host(json!({"Privileged": true})), &["name=rootless"]), "likely");
        assert_eq!(
            verdict(json!({"HostConfig": {"Privileged": true}, "Config": {"User": "web"}}), &[]),
            "likely"
        );
        assert_eq!(verdict(host(json!({"PidMode": "host"})), &[]), "not by configuration");
        assert_eq!(verdict(host(json!({"PidMode": "host", "CapAdd": ["SYS_PTRACE"]})), &[]), "certain");
        assert_eq!(verdict(host(json!({"CapAdd": ["SYS_PTRACE"]})), &[]), "not by configuration");
        assert_eq!(
            verdict(host(json!({"PidMode": "host", "SecurityOpt": ["seccomp=unconfined"]})), &[]),
            "likely"
        );
        assert_eq!(
            verdict(host(json!({"NetworkMode": "host", "CapAdd": ["NET_ADMIN"]})), &[]),
            "not by configuration"
        );
        assert_eq!(verdict(host(json!({"Devices": [{"PathOnHost": "/dev/sda"}]})), &[]), "certain");
        assert_eq!(
            verdict(host(json!({"Devices": [{"PathOnHost": "/dev/fuse"}]})), &[]),
            "not by configuration"
        );
        let mount = |path: &str, writable: bool| json!({"Mounts": [{"Type": "bind", "Source": path, "RW": writable}]});
        assert_eq!(verdict(mount("/etc", true), &[]), "certain");
        assert_eq!(verdict(mount("/etc", false), &[]), "not by configuration");
        assert_eq!(verdict(mount("/var/run/docker.sock", false), &[]), "certain");
        assert_eq!(verdict(mount("/srv/data", true), &[]), "not by configuration");
    }
}
