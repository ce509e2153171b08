//! The credentials of a configuration: its own fields, and `registries`, which may be a file that another program wrote.
//!
//! Such a file is salvaged, not judged as a whole: what can be used is used, and the rest is told entry by entry.

use std::fmt;

use serde_json::{Map, Value};

use super::{
    Credentials, DOCKER_HUB, DOCKER_HUB_ADDRESS, address, encode,
    entry::{ENTER, Lowered, lowered, shown, usable},
};
use crate::{
    Check, Finding,
    configuration::fields::{REGISTRIES, REGISTRY_SERVER},
    declare::arguments::Arguments,
};

/// The credentials of a configuration, or of a call.
#[derive(Debug, Default)]
pub(crate) struct Registries {
    usable: Vec<Credentials>,
    unusable: Vec<Unusable>,
}

/// What could not be used, and why. Nothing of it is secret.
#[derive(Debug, Clone)]
struct Unusable {
    about: About,
    /// What is wrong and what to do, to follow what it is about.
    why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    /// The entry for a registry.
    Entry(String),
    /// The whole file, so that credentials for any registry may be missing.
    File,
    /// Something that is in the file and has nothing to do with registries.
    Setting,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.about {
            About::Entry(registry) => write!(f, "registries: the entry for {registry} {}", self.why),
            About::File | About::Setting => write!(f, "registries {}", self.why),
        }
    }
}

/// What is expected of the field as a whole.
const EXPECTED: &str =
    "must be JSON such as [{\"server\": \"registry:5000\", \"username\": \"...\", \"password\": \"...\"}]";
/// Where an entry names its registry, in lower case.
const SERVERS: [&str; 3] = ["server", "serveraddress", "serverurl"];
/// Fields of credentials, in lower case.
const FIELDS: [&str; 9] = [
    "auth",
    "username",
    "password",
    "secret",
    "token",
    "identitytoken",
    "registrytoken",
    "registryid",
    "email",
];
/// What a config.json of Docker has besides registries, in lower case.
const SETTINGS: [&str; 20] = [
    "aliases",
    "clipluginsextradirs",
    "configformat",
    "credhelpers",
    "credsstore",
    "currentcontext",
    "detachkeys",
    "experimental",
    "features",
    "httpheaders",
    "imagesformat",
    "nodesformat",
    "plugins",
    "proxies",
    "psformat",
    "secretformat",
    "servicesformat",
    "stackorchestrator",
    "statsformat",
    "tasksformat",
];
impl Registries {
    /// Reads a configuration: one registry in fields of its own, and `registries`, JSON for any number. All else works
    /// without them, so that nothing in them makes the configuration unusable.
    pub(crate) fn read(fields: &Arguments, warnings: &mut Vec<Finding>) -> Self {
        let server = fields.text(REGISTRY_SERVER).unwrap_or(DOCKER_HUB);
        let mut own = Self::default();
        match Credentials::given(fields, server) {
            Ok(given) => own.usable.extend(given),
            Err(fault) => {
                let what = format!("{fault}: the connector does not sign in to registries.");
                warnings.push(Finding::warning(Check::Registries, what, ""));
            }
        }
        let Some(text) = fields.text(REGISTRIES) else { return own };
        let several = Self::salvage(text);
        if let Some(given) = own.usable.first()
            && several.at(&given.registry).is_some_and(|other| !other.equals(given))
        {
            let what = format!(
                "registries: the entry for {} is not used, since registry_server and the fields beside it are for that registry too.",
                given.registry
            );
            warnings.push(Finding::warning(Check::Registries, what, "Remove one of the two."));
        }
        let unusable = several.unusable.iter();
        warnings.extend(unusable.map(|it| Finding::warning(Check::Registries, format!("{it}."), "")));
        Self { unusable: several.unusable.clone(), ..own.and(&several) }
    }

    /// Reads what a playbook gives. Where nothing of it can be used, that is a fault.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let read = Self::salvage(text);
        match read.unusable.first() {
            Some(unusable) if read.usable.is_empty() => Err(unusable.to_string()),
            _ => Ok(read),
        }
    }

    /// Reads JSON: a list of objects with `server`, `username` and `password` or `token`; an object of them by server; or
    /// a config.json of Docker or Podman.
    fn salvage(text: &str) -> Self {
        let mut read = Self::default();
        match serde_json::from_str(text.trim_start_matches('\u{feff}').trim()) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => read.add_any(&value),
            _ => read.unusable.push(Unusable { about: About::File, why: EXPECTED.into() }),
        }
        read.settle();
        read
    }

    /// The same, with what `other` has for further registries.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        for one in &other.usable {
            if self.at(&one.registry).is_none() {
                self.usable.push(one.clone());
            }
        }
        self
    }

    /// The one registry that there are credentials for.
    pub(crate) fn only(&self) -> Option<&str> {
        match self.usable.as_slice() {
            [one] => Some(&one.registry),
            _ => None,
        }
    }

    /// The value of `X-Registry-Config`, for a build: the credentials of all registries; none is none.
    pub(crate) fn header(&self) -> Option<String> {
        let all: Map<String, Value> =
            self.usable.iter().map(|one| (address(&one.registry).to_owned(), one.fields())).collect();
        (!all.is_empty()).then(|| encode(&all.into()))
    }

    /// The credentials for a registry.
    pub(super) fn at(&self, registry: &str) -> Option<&Credentials> {
        self.usable.iter().find(|one| one.registry == registry)
    }

    /// Why an entry for this registry could not be used, or the whole field.
    pub(super) fn unusable(&self, registry: &str) -> Option<String> {
        let concerns = |unusable: &&Unusable| match &unusable.about {
            About::Entry(of) => of == registry,
            About::File => true,
            About::Setting => false,
        };
        self.unusable.iter().find(concerns).map(ToString::to_string)
    }

    /// What could not be used, and why.
    pub(crate) fn faults(&self) -> impl Iterator<Item = String> {
        self.unusable.iter().map(ToString::to_string)
    }

    /// What no error may repeat.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.usable.iter().filter_map(Credentials::secret_text)
    }

    fn add_any(&mut self, value: &Value) {
        let Value::Object(fields) = value else {
            return value.as_array().into_iter().flatten().for_each(|item| match item {
                Value::Object(_) => self.add_any(item),
                _ => self.note(About::File, "has an entry that is not an object"),
            });
        };
        let entry = lowered(fields);
        if let Some(server) = SERVERS.iter().find_map(|name| entry.text(name)) {
            return self.add(server, value);
        }
        if FIELDS.iter().any(|name| entry.0.get(*name).is_some_and(|field| !field.is_object())) {
            return self.note(
                About::File,
                "has an entry with credentials and no server. Enter the registry as server",
            );
        }
        let store = entry.text("credsstore");
        let auths = entry.0.get("auths");
        match auths {
            Some(Value::Object(by_server)) => self.add_by_server(by_server, store),
            Some(list @ Value::Array(_)) => self.add_any(list),
            Some(Value::Null) => {}
            Some(_) => self.note(About::File, "has auths that are no object"),
            None => {
                let is_setting = |name: &str| SETTINGS.contains(&name.to_ascii_lowercase().as_str());
                let by_server = fields.iter().filter(|(name, _)| !is_setting(name));
                let by_server = by_server.map(|(name, value)| (name.clone(), value.clone())).collect();
                self.add_by_server(&by_server, store);
            }
        }
        self.note_settings(&entry, store);
    }

    fn add_by_server(&mut self, by_server: &Map<String, Value>, store: Option<&str>) {
        let mut entries: Vec<_> = by_server.iter().collect();
        entries.sort_by_key(|(server, _)| rank(server));
        for (server, entry) in entries {
            if entry.as_object().is_some_and(Map::is_empty)
                && let Some(store) = store
            {
                let why = format!(
                    "is empty: docker keeps these credentials in the store {store:.40}, which the connector cannot read. {ENTER}"
                );
                self.reject(server, why);
            } else {
                self.add(server, entry);
            }
        }
    }

    /// What a config.json says of credentials that are elsewhere.
    fn note_settings(&mut self, entry: &Lowered, store: Option<&str>) {
        let helpers = entry.0.get("credhelpers").and_then(|helpers| helpers.as_object());
        for (server, helper) in helpers.into_iter().flatten() {
            let helper = helper.as_str().unwrap_or_default();
            let why = format!(
                "is for the program docker-credential-{helper:.40}, and the connector runs no credential helpers. {ENTER}"
            );
            self.reject(server, why);
        }
        if let Some(store) = store
            && self.usable.is_empty()
            && self.unusable.is_empty()
        {
            let why = format!(
                "says in credsStore that docker keeps the credentials in {store:.40}, which the connector cannot read. {ENTER} for each registry"
            );
            self.note(About::File, &why);
        }
        if entry.0.get("httpheaders").is_some_and(|headers| !is_empty(headers)) {
            let why = "has HttpHeaders, which are not used here. Put them into http_headers";
            self.note(About::Setting, why);
        }
    }

    fn add(&mut self, server: &str, entry: &Value) {
        match usable(server, entry) {
            Ok(credentials) => self.usable.push(credentials),
            Err(why) => self.reject(server, why),
        }
    }

    fn reject(&mut self, server: &str, why: String) {
        self.unusable.push(Unusable { about: About::Entry(shown(server)), why });
    }

    fn note(&mut self, about: About, why: &str) {
        self.unusable.push(Unusable { about, why: why.to_owned() });
    }

    /// Keeps one entry for each registry, however its name is spelled.
    fn settle(&mut self) {
        let mut kept: Vec<Credentials> = Vec::new();
        for one in std::mem::take(&mut self.usable) {
            match kept.iter().find(|other| other.registry == one.registry) {
                Some(other) if !other.equals(&one) => self.unusable.push(Unusable {
                    about: About::Entry(one.registry.clone()),
                    why: "is there more than once, with different credentials. The one whose name is the plain host is used, or else the first. Remove the others".into(),
                }),
                Some(_) => {}
                None => kept.push(one),
            }
        }
        self.usable = kept;
    }
}

/// Which spelling of a registry's name counts, of several: Docker's own, then the plain host.
fn rank(server: &str) -> u8 {
    match server {
        DOCKER_HUB_ADDRESS => 0,
        plain if !plain.contains('/') => 1,
        _ => 2,
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine as _,
        engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
    };
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::catalogue::images::registry::registry_of;

    fn salvaged(json: &Value) -> Registries {
        Registries::salvage(&json.to_string())
    }

    fn decoded_header(registries: &Registries) -> Value {
        serde_json::from_slice(&URL_SAFE.decode(registries.header().unwrap()).unwrap()).unwrap()
    }

    /// What is told of a file, with nothing secret in it.
    fn told(json: &Value) -> String {
        let told = salvaged(json).faults().collect::<Vec<_>>().join("; ");
        assert!(!told.contains("s3cret"), "{told}");
        told
    }

    #[test]
    fn credentials_go_to_their_own_registry_only() {
        let one = |server: &str| salvaged(&json!({"server": server, "username": "u", "password": "s3cret"}));
        let own = one("https://Registry.example:5000/v2/");
        let has = |registries: &Registries, image: &str| registries.at(&registry_of(image)).is_some();
        assert!(has(&own, "registry.example:5000/team/app:1"));
        for other in ["registry.example/team/app", "busybox", "elsewhere:5000/app", "team/app"] {
            assert!(!has(&own, other), "{other}");
        }
        for hub in ["docker.io", "https://index.docker.io/v1/", "registry-1.docker.io"] {
            for image in ["busybox", "team/app", "docker.io/library/busybox", "index.docker.io/team/app"] {
                assert!(has(&one(hub), image), "{hub} {image}");
            }
            assert!(!has(&one(hub), "localhost/app"));
        }
        assert!(!format!("{own:?}").contains("s3cret"));
    }

    #[test]
    fn every_form_of_a_file_is_read() {
        let expected = json!({"serveraddress": "a:5000", "username": "u", "password": "p:w \u{fe}?"});
        let pair = "u:p:w \u{fe}?";
        let password = json!({"username": "u", "password": "p:w \u{fe}?"});
        for form in [
            json!([{"server": "a:5000", "username": "u", "password": "p:w \u{fe}?"}]),
            json!({"serveraddress": "http://a:5000", "username": "u", "password": "p:w \u{fe}?"}),
            json!({"ServerURL": "http://a:5000", "Username": "u", "Secret": "p:w \u{fe}?"}),
            json!({"a:5000": password}),
            json!([{"a:5000": password}]),
            json!([{"auths": {"a:5000": password}}]),
            json!({"auths": [{"server": "a:5000", "username": "u", "password": "p:w \u{fe}?"}]}),
            json!({"auths": {"a:5000": {"auth": STANDARD.encode(pair)}}}),
            json!({"auths": {"a:5000": {"auth": STANDARD_NO_PAD.encode(pair)}}}),
            json!({"auths": {"a:5000": {"auth": URL_SAFE.encode(pair)}}}),
            json!({"auths": {"a:5000": {"auth": URL_SAFE_NO_PAD.encode(pair)}}}),
            json!({"auths": {"a:5000": {"auth": STANDARD.encode(format!("{pair}\0\0")), "email": "e", "x": [1]}}}),
            json!({"currentContext": "lab", "plugins": {"x": {"hooks": "y"}}, "a:5000": password}),
            json!({"a:5000": password, "https://a:5000/v1/": password, "A:5000/v2": password}),
        ] {
            let registries = salvaged(&form);
            assert_eq!(registries.at("a:5000").unwrap().fields(), expected, "{form}");
            assert_eq!(decoded_header(&registries), json!({"a:5000": expected}), "{form}");
            assert_eq!(told(&form), "", "{form}");
        }
        let marked = format!("\u{feff} {}\n", json!({"auths": {"a": password}}));
        assert!(Registries::salvage(&marked).at("a").is_some());
        for nothing in [json!({}), json!([]), json!({"auths": {}}), json!({"auths": null})] {
            assert_eq!((told(&nothing), salvaged(&nothing).usable.len()), (String::new(), 0), "{nothing}");
        }
    }

    #[test]
    fn tokens_and_ids_of_a_proxy() {
        let registries = salvaged(&json!({
            "docker.io": {"token": "t"},
            "b": {"username": "u", "identitytoken": "t", "auth": STANDARD.encode("u:old")},
            "c": {"Username": "<token>", "Secret": "t"},
            "d": {"registrytoken": "t"},
            "e": {"registryId": 3},
            "f": {"registryId": "4", "username": "u", "password": "p"},
        }));
        assert_eq!(
            decoded_header(&registries),
            json!({
                DOCKER_HUB_ADDRESS: {"serveraddress": DOCKER_HUB_ADDRESS, "identitytoken": "t"},
                "b": {"serveraddress": "b", "username": "u", "identitytoken": "t"},
                "c": {"serveraddress": "c", "identitytoken": "t"},
                "d": {"serveraddress": "d", "registrytoken": "t"},
                "e": {"serveraddress": "e", "registryId": 3},
                "f": {"serveraddress": "f", "username": "u", "password": "p", "registryId": 4},
            })
        );
        assert_eq!(registries.faults().count(), 0);
        assert_eq!(registries.only(), None);
    }

    #[test]
    fn what_cannot_be_used_is_told_and_the_rest_is_used() {
        let good = json!({"auth": STANDARD.encode("u:s3cret")});
        for (entries, about) in [
            (json!({"bad": {}}), "entry for bad has no credentials"),
            (json!({"bad": null}), "entry for bad is not an object"),
            (json!({"bad": "s3cret"}), "entry for bad is not an object"),
            (json!({"bad": ["s3cret"]}), "entry for bad is not an object"),
            (json!({"bad": {"auth": "s3cret!"}}), "entry for bad has an auth that is not base64"),
            (
                json!({"bad": {"auth": STANDARD.encode("s3cret")}}),
                "entry for bad has an auth that is not base64",
            ),
            (json!({"bad": {"username": "u"}}), "entry for bad has a username without a password"),
            (json!({"bad": {"password": "s3cret"}}), "entry for bad has a password without a username"),
            (
                json!({"bad": {"username": "u", "password": "s3cret", "token": "s3cret"}}),
                "entry for bad has both",
            ),
            (json!({"bad": {"registryId": "s3cret"}}), "entry for bad has a registryId that"),
            (json!({"https://u:s3cret@bad/": good}), "entry for bad does not name a registry"),
            (json!({"": good}), "(no name) does not name a registry"),
            (json!({"two words": good}), "does not name a registry"),
            (
                json!({"https://index.docker.io/v1/access-token": good}),
                "docker.io (access-token) is a token that Docker Desktop",
            ),
            (
                json!({"https://index.docker.io/v1/refresh-token": good}),
                "docker.io (refresh-token) is a token that Docker Desktop",
            ),
            (
                json!({"good/": {"auth": STANDARD.encode("u:0ther")}}),
                "entry for good is there more than once",
            ),
        ] {
            let mut all = entries.as_object().unwrap().clone();
            all.insert("good".into(), good.clone());
            for form in [json!({"auths": all}), json!(all)] {
                let registries = salvaged(&form);
                assert_eq!(registries.usable.len(), 1, "{form}");
                assert_eq!(registries.at("good").unwrap().fields()["password"], "s3cret", "{form}");
                assert!(told(&form).contains(about), "{about}: {}", told(&form));
                assert_eq!(registries.unusable("other"), None, "{form}");
            }
        }
        assert!(
            salvaged(&json!({"bad": {}, "good": good})).unusable("bad").unwrap().contains("no credentials")
        );
    }

    #[test]
    fn what_a_config_json_says_besides_is_told_too() {
        let good = json!({"auth": STANDARD.encode("u:s3cret")});
        for (file, about) in [
            (json!({"auths": {"a": {}}, "credsStore": "desktop"}), "the entry for a is empty: docker keeps"),
            (json!({"credsStore": "desktop"}), "credsStore that docker keeps the credentials in desktop"),
            (
                json!({"auths": {"b": good}, "credHelpers": {"a": "ecr-login"}}),
                "entry for a is for the program docker-credential-ecr-login",
            ),
            (
                json!({"auths": {"b": good}, "HttpHeaders": {"X-Token": "s3cret"}}),
                "has HttpHeaders, which are not used here",
            ),
            (json!({"auths": "s3cret"}), "auths that are no object"),
            (json!(["s3cret"]), "an entry that is not an object"),
            (json!([{"username": "u", "password": "s3cret"}]), "credentials and no server"),
            (json!({"username": "u", "password": "s3cret"}), "credentials and no server"),
            (json!("s3cret"), "must be JSON"),
        ] {
            assert!(told(&file).contains(about), "{about}: {}", told(&file));
        }
        let broken = Registries::salvage("{\"a\": s3cret");
        assert!(broken.unusable("any").unwrap().contains("must be JSON"));
        assert!(!Registries::parse("{\"a\": s3cret").unwrap_err().contains("s3cret"));
        assert!(Registries::parse("{\"a\": {}}").is_err());
        assert!(Registries::parse("{}").is_ok());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".*", server in ".{0,40}", auth in ".{0,40}") {
            drop(Registries::salvage(&text));
            drop(salvaged(&json!({"auths": {server.clone(): {"auth": auth}}})));
            drop(salvaged(&json!([{"server": server, "token": "t"}])));
        }
    }
}
