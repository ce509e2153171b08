//! What a call does and touches, by its method and path.
//!
//! Docker's router matches a path from both ends: in `/containers/{name:.*}/stop` everything between is the name, slashes too, as
//! in `/containers/web/alias/stop`. So this table reads the last segment first. A change that the table does not know is
//! [`Target::Unclear`].

use serde_json::Value;

use super::{
    is_empty,
    pieces::{Route, is_read_of_libpod},
    query::{query, settle},
};
use crate::{
    Effect, Method,
    declare::{
        arguments::{Arguments, Named},
        target::{NAMESPACE, Reach, Target},
    },
};

const UNKNOWN: &str = "the connector does not know this request";
const NO_MEMBER: &str = "the body must be a JSON object with Container";
const LINK: &str = "the query of this request can hold force and v only";
const SERVICE: &[&str] = &["TaskTemplate", "ContainerSpec"];
const NO_CONTAINER: &str = "the query must have container";

/// What a call does and touches.
pub(super) fn reach(arguments: &mut Arguments) -> Reach {
    let method = match arguments.text("method") {
        Some("GET") => Method::Get,
        Some("HEAD") => Method::Head,
        Some("PUT") => Method::Put,
        Some("DELETE") => Method::Delete,
        _ => Method::Post,
    };
    // A path or a query that cannot be read is refused before anything is sent.
    let query = query(arguments).unwrap_or_default();
    settle(arguments, &query);
    let Some(route) = arguments.text("path").and_then(Route::read) else {
        return Reach { effect: effect(method, &[]), targets: Vec::new() };
    };
    arguments.set("path", route.path.as_str().into());
    let segments: Vec<&str> = route.segments.iter().map(String::as_str).collect();
    let targets = targets(method, &route, &segments, arguments, &query);
    let is_read = targets.is_none();
    let effect = match effect(method, &segments) {
        // A read that is not known to be one can be a change, such as libpod's healthcheck.
        Effect::Read if !is_read => Effect::Change,
        effect => effect,
    };
    Reach { effect, targets: targets.unwrap_or_default() }
}

/// What a method does, unless the table knows better. What prunes removes, though it is a POST.
fn effect(method: Method, segments: &[&str]) -> Effect {
    match method {
        Method::Get | Method::Head => Effect::Read,
        Method::Delete => Effect::Destroy,
        Method::Post if segments.last() == Some(&"prune") || segments == ["swarm", "leave"] => {
            Effect::Destroy
        }
        Method::Post | Method::Put => Effect::Change,
    }
}

/// What the table knows of a request; `None` is a read.
#[allow(clippy::unnested_or_patterns, reason = "a row for each form of a path")]
fn targets(
    method: Method,
    route: &Route,
    segments: &[&str],
    arguments: &Arguments,
    query: &[(String, String)],
) -> Option<Vec<Target>> {
    use Method::{Delete, Get, Head, Post, Put};
    let nothing = Vec::new;
    let one = |target| vec![target];
    let unknown = || one(Target::Unclear(UNKNOWN));
    // The name between the first segment and the last ones.
    let name = |after: usize| route.name(1, segments.len() - after);
    let targets = match (method, segments) {
        (Get | Head, ["containers", _, .., "attach", "ws"]) => unknown(),
        (Get | Head, _) if !route.is_libpod || is_read_of_libpod(segments) => return None,

        (Post, ["containers", "prune"]) => one(Target::StoppedContainers),
        (Post, ["containers", _, .., "start"]) if !is_plain_start(arguments, query) => {
            one(Target::Container(name(1)))
        }
        (Post, ["containers", _, .., "start" | "unpause"]) => one(Target::Resumed(name(1))),
        (Post, ["containers", _, .., "wait"]) => nothing(),
        (
            Post,
            [
                "containers",
                _,
                ..,
                "stop" | "restart" | "kill" | "pause" | "rename" | "update" | "resize" | "attach" | "exec"
                | "checkpoints",
            ],
        )
        | (Put, ["containers", _, .., "archive"]) => one(Target::Container(name(1))),
        (Delete, ["containers", _, "checkpoints", _]) => one(Target::Container(name(2))),
        // A link of the name `web/alias` belongs to two containers, and Podman takes along what depends on a container.
        (Delete, ["containers", _, ..]) if !has_only(query, &["force", "v"]) => one(Target::Unclear(LINK)),
        (Delete, ["containers", _, ..]) => one(Target::Container(name(0))),
        (Post, ["commit"]) => match of_query(query, "container") {
            named if named.is_empty() => one(Target::Unclear(NO_CONTAINER)),
            named => named.into_iter().map(Target::Container).collect(),
        },
        (Post, ["exec", id @ .., "start" | "resize"]) if !id.is_empty() => one(Target::Exec(id.join("/"))),

        (Post, ["networks", _, .., verb @ ("connect" | "disconnect")]) => match of_body(arguments) {
            members if members.is_empty() => one(Target::Unclear(NO_MEMBER)),
            members => {
                let target = if *verb == "connect" { Target::Container } else { Target::Member };
                members.into_iter().map(target).chain([Target::Place(name(1))]).collect()
            }
        },
        (Delete, ["networks", _, ..]) => one(Target::Network(name(0))),
        (Put | Delete, ["volumes", _, ..]) => one(Target::Volume(name(0))),

        // libpod's further requests have other bodies, or touch more than one thing: pods, removals by list, system prune.
        _ if route.is_libpod => unknown(),
        // Without force the engine keeps what a container uses.
        (Delete, ["images", _, ..]) if !is_on(query, "force") => nothing(),
        (Delete, ["images", _, ..]) => one(Target::Image(name(0))),
        (Post, ["plugins", _, .., "disable"]) if !is_on(query, "force") => nothing(),
        (Post, ["plugins", _, .., "disable"]) => one(Target::Plugin(name(1))),
        (Delete, ["plugins", _, ..]) if !is_on(query, "force") => nothing(),
        (Delete, ["plugins", _, ..]) => one(Target::Plugin(name(0))),
        (Post, ["containers", "create"]) => one(Target::Joins(&["HostConfig"])),
        (Post, ["services", "create"]) => one(Target::Joins(SERVICE)),
        (Post, ["services", _, "update"]) => vec![Target::Service(name(1)), Target::Joins(SERVICE)],
        (Delete, ["services", _]) => one(Target::Service(name(0))),
        (Post, ["nodes", _, "update"]) => one(Target::Node(name(1))),
        (Delete, ["nodes", _]) => one(Target::Node(name(0))),
        (Post, ["swarm", "leave"]) => one(Target::OwnNode),
        (Post, ["networks", "prune"]) => one(Target::UnusedNetworks),
        (Post, ["volumes", "prune"]) => one(Target::UnusedVolumes),
        (Post, ["build"]) => of_query(query, "networkmode")
            .into_iter()
            .filter_map(|named| named.after(NAMESPACE).map(Target::Container))
            .collect(),
        (
            Post,
            ["networks" | "volumes" | "secrets" | "configs" | "images", "create"]
            | ["images" | "build", "prune"]
            | ["images", "load"]
            | ["swarm", "init" | "join" | "update" | "unlock"]
            | ["images", _, .., "push" | "tag"]
            | ["plugins", "create" | "pull"]
            | ["plugins", _, .., "enable" | "push" | "set" | "upgrade"]
            | ["build", "cancel"]
            | ["auth"],
        ) => nothing(),
        _ => unknown(),
    };
    Some(targets)
}

/// Whether a start only starts. Before API 1.24 its body could change how the container runs, and it can begin from a
/// checkpoint.
fn is_plain_start(arguments: &Arguments, query: &[(String, String)]) -> bool {
    let has_body =
        arguments.text("body_file").is_some() || arguments.get("body").is_some_and(|body| !is_empty(body));
    !has_body && has_only(query, &["detachKeys"])
}

/// Whether the query has a flag that the engine takes for true.
fn is_on(query: &[(String, String)], flag: &str) -> bool {
    let is_true = |value: &str| !matches!(value, "" | "0" | "no" | "false" | "none");
    query.iter().any(|(name, value)| name.eq_ignore_ascii_case(flag) && is_true(value))
}

fn has_only(query: &[(String, String)], names: &[&str]) -> bool {
    query.iter().all(|(name, _)| names.contains(&name.as_str()))
}

/// The names that the query gives for a parameter. Podman reads a parameter's name without regard to case.
fn of_query(query: &[(String, String)], wanted: &str) -> Vec<Named> {
    let mut found = Vec::new();
    for (at, (name, value)) in query.iter().enumerate() {
        if name.eq_ignore_ascii_case(wanted) {
            let before = query[..at].iter().filter(|(other, _)| other == name).count();
            found.push(Named::by("query", value).at(&[name, &before.to_string()]));
        }
    }
    found
}

/// The containers that the body names. Go reads a field's name without regard to case.
fn of_body(arguments: &Arguments) -> Vec<Named> {
    let fields = arguments.get("body").and_then(Value::as_object).into_iter().flatten();
    let containers = fields.filter(|(name, _)| name.eq_ignore_ascii_case("container"));
    containers.filter_map(|(name, value)| Some(Named::by("body", value.as_str()?).at(&[name]))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{catalogue::system::call_api::OPERATIONS, run::validate::validated};

    fn arguments(given: Value) -> Arguments {
        validated(&OPERATIONS[0], given.as_object().unwrap()).unwrap()
    }

    /// What a call is after each of its targets got the id `f00d`, and what these were.
    fn aimed(given: Value) -> (Arguments, String) {
        let mut arguments = arguments(given);
        let mut told = String::new();
        for target in reach(&mut arguments).targets {
            use Target::{Container, Image, Member, Network, Node, Place, Resumed, Service, Volume};
            let kind = match &target {
                Container(_) => "container",
                Member(_) => "member",
                Resumed(_) => "resumed",
                Network(_) => "network",
                Place(_) => "place",
                Volume(_) => "volume",
                Image(_) => "image",
                Target::Exec(_) => "exec",
                Target::Plugin(_) => "plugin",
                Service(_) => "service",
                Node(_) => "node",
                Target::OwnNode => "own node",
                Target::Joins(_) => "joins",
                Target::StoppedContainers => "stopped",
                Target::UnusedNetworks | Target::UnusedVolumes => "unused",
                Target::Unclear(_) => "unclear",
            };
            let named = match target {
                Container(named)
                | Member(named)
                | Network(named)
                | Place(named)
                | Volume(named)
                | Image(named)
                | Resumed(named)
                | Service(named)
                | Node(named)
                | Target::Plugin(named) => {
                    let text = named.text.clone();
                    assert!(arguments.aim(named, "f00d".into()), "{text}");
                    text
                }
                Target::Exec(id) => id,
                _ => String::new(),
            };
            told = format!("{told} {kind} {named}").trim().to_owned();
        }
        (arguments, told)
    }

    fn told(method: &str, path: &str) -> String {
        aimed(json!({"method": method, "path": path, "body": {"Container": "m"}})).1
    }

    fn does(method: &str, path: &str) -> Effect {
        reach(&mut arguments(json!({"method": method, "path": path}))).effect
    }

    #[test]
    fn a_path_is_read_from_its_end() {
        for (method, path, expected) in [
            ("POST", "/containers/web/stop", "container web"),
            ("POST", "/containers/web/alias/stop", "container web/alias"),
            ("POST", "/containers/web/stop/stop", "container web/stop"),
            ("POST", "/containers/create/stop", "container create"),
            ("POST", "/containers/prune/kill", "container prune"),
            ("POST", "/containers/json/rename", "container json"),
            ("POST", "/containers/containers/stop", "container containers"),
            ("POST", "/containers/create", "joins"),
            ("POST", "/services/create", "joins"),
            ("POST", "/services/s/update", "service s joins"),
            ("DELETE", "/services/s", "service s"),
            ("POST", "/networks/prune", "unused"),
            ("POST", "/volumes/prune", "unused"),
            ("POST", "/containers/prune", "stopped"),
            ("POST", "/containers/web/alias/start", "container web/alias"),
            ("POST", "/containers/web/unpause", "resumed web"),
            ("POST", "/containers/web/wait", ""),
            ("PUT", "/containers/web/alias/archive", "container web/alias"),
            ("DELETE", "/containers/prune", "container prune"),
            ("DELETE", "/containers/web/alias", "container web/alias"),
            ("DELETE", "/containers/web/checkpoints/c", "container web"),
            ("POST", "/exec/e/start", "exec e"),
            ("POST", "/networks/n/connect", "container m place n"),
            ("POST", "/networks/a/b/disconnect", "member m place a/b"),
            ("POST", "/networks/create/disconnect", "member m place create"),
            ("DELETE", "/networks/a/b", "network a/b"),
            ("DELETE", "/volumes/v", "volume v"),
            ("DELETE", "/images/team/app:1", ""),
            ("POST", "/images/team/app/tag", ""),
            ("GET", "/containers/web/json", ""),
            ("POST", "/containers/web/anything", "unclear"),
            ("POST", "/containers/stop", "unclear"),
            ("POST", "/containers/web/copy", "unclear"),
            ("POST", "/swarm/leave", "own node"),
            ("POST", "/nodes/n/update", "node n"),
            ("POST", "/swarm/anything", "unclear"),
            ("POST", "/plugins/team/p/disable", ""),
            ("POST", "/plugins/team/p/upgrade", ""),
            ("POST", "/plugins/p/anything", "unclear"),
            ("DELETE", "/nodes/n", "node n"),
            ("POST", "/v1.40/v1.40/containers/web/stop", "unclear"),
            ("POST", "/session", "unclear"),
            ("PUT", "/containers/web", "unclear"),
        ] {
            assert_eq!(told(method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn force_takes_a_plugin_from_those_who_use_it() {
        let forced = |method: &str, path: &str| {
            aimed(json!({"method": method, "path": path, "query": {"force": "1"}})).1
        };
        assert_eq!(forced("POST", "/plugins/r:5000/team/p:1/disable"), "plugin r:5000/team/p:1");
        assert_eq!(forced("DELETE", "/plugins/r:5000/team/p:1"), "plugin r:5000/team/p:1");
        assert_eq!(told("DELETE", "/plugins/p"), "");
    }

    #[test]
    fn a_version_and_libpod_lead_on() {
        for path in [
            "/v1.41/containers/web/stop",
            "/v1.99/containers/%77eb/stop",
            "/v1.41.0/containers/web/stop",
            "/v1.041/containers/web/stop",
            "/v4.0.0/libpod/containers/web/stop",
            "/v4.0.0-rc1/libpod/containers/web/stop",
            "/libpod/containers/web/stop",
        ] {
            assert_eq!(told("post", path), "container web", "{path}");
        }
        for (method, path) in [
            ("POST", "/libpod/containers/create"),
            ("POST", "/libpod/system/prune"),
            ("POST", "/v4.0.0/libpod/pods/p/stop"),
            ("DELETE", "/libpod/pods/p"),
            ("DELETE", "/libpod/images/remove"),
            ("POST", "/libpod/volumes/prune"),
            ("POST", "/libpod/play/kube"),
            ("GET", "/libpod/containers/web/healthcheck"),
            ("GET", "/v4.0.0/libpod/containers/web/mount"),
            ("HEAD", "/libpod/new"),
        ] {
            assert_eq!(told(method, path), "unclear", "{method} {path}");
            assert_ne!(does(method, path), Effect::Read, "{method} {path}");
        }
        for path in
            ["/libpod/containers/json", "/v4.0.0/libpod/containers/web/json", "/libpod/images/a/b/json"]
        {
            assert_eq!((told("GET", path), does("GET", path)), (String::new(), Effect::Read), "{path}");
        }
    }

    #[test]
    fn a_call_counts_as_what_it_does() {
        assert_eq!(does("GET", "/containers/web/json"), Effect::Read);
        assert_eq!(does("POST", "/containers/web/stop"), Effect::Change);
        assert_eq!(does("POST", "/v1.41/containers/prune"), Effect::Destroy);
        assert_eq!(does("DELETE", "/containers/web"), Effect::Destroy);
        assert_eq!(does("GET", "/containers/web/attach/ws"), Effect::Change);
    }

    #[test]
    fn each_name_in_the_body_and_the_query_counts() {
        let of = |given: Value| aimed(given).1;
        // Go takes the last of them, and any spelling.
        let spelt = json!({"Container": "other", "container": "web", "CONTAINER": "db"});
        let left = json!({"method": "POST", "path": "/networks/n/disconnect", "body": spelt});
        assert_eq!(of(left), "member other member web member db place n");
        for query in
            [json!({"container": "web"}), json!("repo=x\ncontainer=web"), json!({"Container": ["web"]})]
        {
            let commit = json!({"method": "POST", "path": "/commit", "query": query});
            assert_eq!(of(commit), "container web");
        }
        assert_eq!(of(json!({"method": "POST", "path": "/commit"})), "unclear");
        assert_eq!(of(json!({"method": "POST", "path": "/networks/n/connect", "body": "text"})), "unclear");
        let removal =
            |query: Value| of(json!({"method": "DELETE", "path": "/containers/web", "query": query}));
        assert_eq!(removal(json!({"force": 1, "v": true})), "container web");
        assert_eq!(removal(json!({"link": "1"})), "unclear");
        let image = |query: Value| of(json!({"method": "DELETE", "path": "/images/a/b:1", "query": query}));
        assert_eq!(
            (image(json!({"force": 0})), image(json!({"Force": "t"}))),
            (String::new(), "image a/b:1".into())
        );
        let build = json!({"method": "POST", "path": "/build", "query": {"networkmode": "container:web"}});
        assert_eq!(of(build), "container web");
        assert_eq!(removal(json!({"depend": "true"})), "unclear");
    }

    #[test]
    fn a_start_touches_nothing_that_is_protected_unless_it_does_more() {
        let touches = |query: Value, body: Value| {
            let given = json!({"method": "POST", "path": "/v1.23/containers/web/start", "query": query, "body": body});
            aimed(given).1 != "resumed web"
        };
        assert!(!touches(Value::Null, Value::Null) && !touches(json!({"detachKeys": "ctrl-p"}), json!({})));
        assert!(touches(Value::Null, json!({"Privileged": true})));
        assert!(touches(json!({"checkpoint": "c"}), Value::Null));
    }

    #[test]
    fn a_full_id_takes_the_place_of_each_name() {
        for (path, expected) in [
            ("/containers/web/stop", "/containers/f00d/stop"),
            ("/v1.41/libpod/containers/%77eb/stop", "/v1.41/libpod/containers/f00d/stop"),
            ("/containers/a b/alias/stop", "/containers/f00d/stop"),
            ("/containers/containers/stop", "/containers/f00d/stop"),
        ] {
            let given = json!({"method": "POST", "path": path});
            assert_eq!(aimed(given).0.text("path"), Some(expected));
        }
        let body = json!({"Container": "web", "container": "db", "Force": true});
        let given = json!({"method": "POST", "path": "/networks/n/disconnect", "body": body});
        let (arguments, _) = aimed(given);
        assert_eq!(
            arguments.get("body"),
            Some(&json!({"Container": "f00d", "container": "f00d", "Force": true}))
        );
        assert_eq!(arguments.text("path"), Some("/networks/f00d/disconnect"));
        let query = json!({"repo": "web", "container": ["web", "db"]});
        let (arguments, _) = aimed(json!({"method": "POST", "path": "/commit", "query": query}));
        assert_eq!(arguments.get("query"), Some(&json!({"repo": ["web"], "container": ["f00d", "f00d"]})));
    }
}
