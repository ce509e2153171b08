//! Signing in at registries: which credentials go with which image, as the engine wants them.
//!
//! Credentials go to the registry that they are for, and to no other. The engine takes them with each call that needs
//! them and forgets them: nothing is stored, as `docker login` would.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use engine::ErrorKind;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::{
    Error, Kind, Param,
    arguments::Arguments,
    call::Call,
    images::reference::split_registry,
    param::{secret, text},
};

/// The name that Docker uses for its own registry.
pub(crate) const DOCKER_HUB: &str = "docker.io";
/// The addresses by which Docker's own registry is also known.
const DOCKER_HUB_ALIASES: [&str; 4] =
    ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com"];
/// The address under which the engine looks for the credentials of Docker's own registry.
const DOCKER_HUB_ADDRESS: &str = "https://index.docker.io/v1/";

/// The parameters of an operation that may sign in at a registry.
pub(crate) const SIGN_IN: [Param; 3] = [
    text("registry_username")
        .title("Registry Username")
        .about("The user name at the image's registry; that of the configuration, if empty.")
        .local(),
    secret("registry_password")
        .title("Registry Password")
        .about("The password, or access token, that goes with the user name.")
        .local(),
    secret("registry_token")
        .title("Registry Identity Token")
        .about("An identity token, which some registries give in place of a password.")
        .local(),
];

/// The credentials of a configuration.
#[derive(Debug, Default)]
pub(crate) struct Registries(Vec<Credentials>);

/// The credentials at one registry.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// Its host, perhaps with a port.
    registry: String,
    username: Option<String>,
    secret: Secret,
}

#[derive(Debug, Clone)]
enum Secret {
    Password(SecretString),
    IdentityToken(SecretString),
}

/// How a call signs in at one registry: with these credentials, or not at all.
#[derive(Debug)]
pub(crate) struct SignIn {
    registry: String,
    credentials: Option<Credentials>,
}

impl Registries {
    /// Reads a configuration: one registry in fields of its own, and `registries`, JSON for any number.
    pub(crate) fn read(fields: &Arguments, warnings: &mut Vec<String>, faults: &mut Vec<String>) -> Self {
        let server = fields.text("registry_server").unwrap_or(DOCKER_HUB);
        let mut credentials = Vec::new();
        match given(fields, server) {
            Ok(own) => credentials.extend(own),
            // It may be left over from long ago, and all else works without it.
            Err(fault) => warnings.push(format!("{fault}: registries are spoken to without a sign-in.")),
        }
        match fields.text("registries").map(Self::parse).transpose() {
            Ok(several) => credentials.extend(several.unwrap_or_default().0),
            Err(fault) => faults.push(format!("registries {fault}")),
        }
        for (at, one) in credentials.iter().enumerate() {
            if credentials[..at].iter().any(|other| other.registry == one.registry) {
                faults.push(format!("registries names {} a second time", one.registry));
            }
        }
        Self(credentials)
    }

    /// Reads JSON: a list of objects with `server`, `username` and `password` or `token`; an object of them by server; or
    /// what `docker login` writes, `{"auths": {...}}`. The error follows the parameter's name, and shows nothing of it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let expected = || {
            "must be JSON such as [{\"server\": \"registry:5000\", \"username\": \"...\", \"password\": \"...\"}]"
                .to_owned()
        };
        let value: Value = serde_json::from_str(text).map_err(|_| expected())?;
        let value = value.get("auths").unwrap_or(&value);
        let server = |entry: &Value| {
            let named = ["server", "serveraddress"].iter().find_map(|name| entry[*name].as_str());
            named.filter(|server| !server.trim().is_empty()).map(str::to_owned)
        };
        let entry = |server: Option<String>, entry: &Value| match (server, entry) {
            (Some(server), Value::Object(fields)) => Credentials::parse(&server, fields),
            _ => Err(expected()),
        };
        let entries: Result<_, String> = match value {
            Value::Array(entries) => entries.iter().map(|one| entry(server(one), one)).collect(),
            one if server(one).is_some() => entry(server(one), one).map(|one| vec![one]),
            Value::Object(by_server) => {
                by_server.iter().map(|(server, one)| entry(Some(server.clone()), one)).collect()
            }
            _ => Err(expected()),
        };
        entries.map(Self)
    }

    /// The same, with what `other` has for further registries.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        for one in &other.0 {
            if self.at(&one.registry).is_none() {
                self.0.push(one.clone());
            }
        }
        self
    }

    /// The one registry that there are credentials for.
    pub(crate) fn only(&self) -> Option<&str> {
        match self.0.as_slice() {
            [one] => Some(&one.registry),
            _ => None,
        }
    }

    /// The value of `X-Registry-Config`, for a build: the credentials of all registries; none is none.
    pub(crate) fn header(&self) -> Option<String> {
        let all: Map<String, Value> =
            self.0.iter().map(|one| (address(&one.registry).to_owned(), one.fields())).collect();
        (!all.is_empty()).then(|| encode(&all.into()))
    }

    fn at(&self, registry: &str) -> Option<&Credentials> {
        self.0.iter().find(|one| one.registry == registry)
    }
}

impl Credentials {
    fn parse(server: &str, fields: &Map<String, Value>) -> Result<Self, String> {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        // `docker login` writes user and password as one.
        let auth = text("auth")
            .and_then(|auth| STANDARD.decode(auth).ok())
            .and_then(|auth| String::from_utf8(auth).ok());
        let (auth_username, auth_password) = match auth.as_deref().and_then(|auth| auth.split_once(':')) {
            Some((username, password)) => (Some(username), Some(password)),
            None => (None, None),
        };
        let username = text("username").or(auth_username.filter(|username| !username.is_empty()));
        let password = text("password").or(auth_password.filter(|password| !password.is_empty()));
        let token = text("token").or(text("identitytoken"));
        Self::of(server, username, password, token)?
            .ok_or_else(|| format!("has neither username and password nor token for {}", host(server)))
    }

    /// From what was given, which is nothing, or a whole.
    fn of(
        server: &str,
        username: Option<&str>,
        password: Option<&str>,
        token: Option<&str>,
    ) -> Result<Option<Self>, String> {
        let secret = match (username, password, token) {
            (None, None, None) => return Ok(None),
            (_, None, Some(token)) => Secret::IdentityToken(token.into()),
            (Some(_), Some(password), None) => Secret::Password(password.into()),
            (_, Some(_), Some(_)) => {
                return Err(format!("has both a password and a token for {}", host(server)));
            }
            (None, Some(_), None) => {
                return Err(format!("has a password without a username for {}", host(server)));
            }
            (Some(_), None, None) => {
                return Err(format!("has a username without a password for {}", host(server)));
            }
        };
        Ok(Some(Self { registry: host(server), username: username.map(str::to_owned), secret }))
    }

    /// Docker's `AuthConfig`.
    pub(crate) fn fields(&self) -> Value {
        let mut fields = json!({"serveraddress": address(&self.registry)});
        if let Some(username) = &self.username {
            fields["username"] = username.as_str().into();
        }
        match &self.secret {
            Secret::Password(password) => fields["password"] = password.expose_secret().into(),
            Secret::IdentityToken(token) => fields["identitytoken"] = token.expose_secret().into(),
        }
        fields
    }
}

impl SignIn {
    /// How a call signs in at the registry of an image: as its parameters say, else as the configuration does.
    pub(crate) fn for_image(call: &Call<'_>, image: &str) -> Result<Self, Error> {
        Self::at(call, &registry_of(image))
    }

    /// How a call signs in at a registry.
    pub(crate) fn at(call: &Call<'_>, server: &str) -> Result<Self, Error> {
        let given = given(&call.arguments, server)
            .map_err(|fault| Error::faults(Kind::InvalidParameters, &[fault]))?;
        let registry = host(server);
        let credentials = given.or_else(|| call.configuration.registries().at(&registry).cloned());
        Ok(Self { registry, credentials })
    }

    /// The registry's host, perhaps with a port.
    pub(crate) fn registry(&self) -> &str {
        &self.registry
    }

    /// What it signs in with, if it does.
    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The user who signs in, if one is named.
    pub(crate) fn username(&self) -> Option<&str> {
        self.credentials.as_ref()?.username.as_deref()
    }

    /// The value of `X-Registry-Auth`, if there are credentials.
    pub(crate) fn header(&self) -> Option<String> {
        self.credentials.as_ref().map(|credentials| encode(&credentials.fields()))
    }

    /// As [`SignIn::header`], for an endpoint that demands one: without credentials it is an empty object.
    pub(crate) fn header_or_empty(&self) -> String {
        self.header().unwrap_or_else(|| encode(&json!({})))
    }

    /// The error, which says how the call was signed in if that is what it is about.
    pub(crate) fn explain(&self, error: Error) -> Error {
        if says(&error, &["manifest unknown"]) {
            return error.advise(&format!("Check name and tag: {} has no such image", self.registry));
        }
        let refused = is_refusal(&error);
        if !refused && !says(&error, &["denied", "403 forbidden"]) {
            return error;
        }
        let error = error.advise(&match (&self.credentials, self.username()) {
            (None, _) => format!(
                "The call did not sign in at {}: give registry_username and registry_password, or set them in the configuration",
                self.registry
            ),
            (Some(_), Some(username)) => {
                format!("The call signed in at {} as {username}: check name, password and rights", self.registry)
            }
            (Some(_), None) => format!("The call signed in at {} with an identity token: check it", self.registry),
        });
        if refused { error.of_kind(Kind::Engine(ErrorKind::Unauthorised)) } else { error }
    }
}

/// Whether a registry refused credentials, or asked for some. There is no code for it: what a registry refuses comes with
/// the status 500, or 200 within progress.
pub(crate) fn is_refusal(error: &Error) -> bool {
    error.status() == Some(401)
        || says(error, &["unauthorized", "authentication required", "no basic auth credentials"])
}

fn says(error: &Error, texts: &[&str]) -> bool {
    let message = error.message().to_lowercase();
    texts.iter().any(|text| message.contains(text))
}

/// The credentials that parameters, or a configuration's fields of the same names, hold for a registry.
fn given(arguments: &Arguments, server: &str) -> Result<Option<Credentials>, String> {
    let text = |name| arguments.text(name);
    Credentials::of(server, text("registry_username"), text("registry_password"), text("registry_token"))
        .map_err(|fault| format!("the registry sign-in {fault}"))
}

/// Base64 for URLs, of JSON: as the API's "Authentication" section has it.
fn encode(fields: &Value) -> String {
    URL_SAFE.encode(fields.to_string())
}

/// The registry that an image's name leads to.
fn registry_of(image: &str) -> String {
    split_registry(image).0.map_or_else(|| DOCKER_HUB.into(), host)
}

/// The host of a registry's address, with its port, without scheme and path.
fn host(server: &str) -> String {
    let server = server.trim();
    let bare = server.split_once("://").map_or(server, |(_, rest)| rest);
    let host = bare.split('/').next().unwrap_or(bare).to_ascii_lowercase();
    if DOCKER_HUB_ALIASES.contains(&host.as_str()) { DOCKER_HUB.into() } else { host }
}

/// The address under which the engine knows a registry.
fn address(registry: &str) -> &str {
    if registry == DOCKER_HUB { DOCKER_HUB_ADDRESS } else { registry }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(header: &str) -> Value {
        serde_json::from_slice(&URL_SAFE.decode(header).unwrap()).unwrap()
    }

    fn registries(json: &Value) -> Registries {
        Registries::parse(&json.to_string()).unwrap()
    }

    fn one(server: &str) -> Registries {
        registries(&json!({"server": server, "username": "u", "password": "s3cret"}))
    }

    #[test]
    fn credentials_go_to_their_own_registry_only() {
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
    }

    #[test]
    fn several_registries_come_in_several_forms() {
        let password = json!({"username": "u", "password": "p:w"});
        let expected = json!({"serveraddress": "a:5000", "username": "u", "password": "p:w"});
        for form in [
            json!([{"server": "a:5000", "username": "u", "password": "p:w"}]),
            json!({"serveraddress": "http://a:5000", "username": "u", "password": "p:w"}),
            json!({"a:5000": password}),
            json!({"auths": {"a:5000": {"auth": STANDARD.encode("u:p:w")}}}),
        ] {
            let registries = registries(&form);
            assert_eq!(registries.at("a:5000").unwrap().fields(), expected, "{form}");
            assert_eq!(decoded(&registries.header().unwrap()), json!({"a:5000": expected}));
        }
        let token = registries(&json!({"docker.io": {"token": "t"}, "b": {"username": "u", "token": "t"}}));
        assert_eq!(
            decoded(&token.header().unwrap()),
            json!({
                DOCKER_HUB_ADDRESS: {"serveraddress": DOCKER_HUB_ADDRESS, "identitytoken": "t"},
                "b": {"serveraddress": "b", "username": "u", "identitytoken": "t"},
            })
        );
        assert_eq!(token.only(), None);
        assert_eq!(one("a").and(&one("b")).and(&one("a")).0.len(), 2);
    }

    #[test]
    fn half_credentials_are_refused_without_showing_them() {
        for form in [
            json!([{"server": "a", "username": "u"}]),
            json!([{"server": "a", "password": "s3cret"}]),
            json!([{"server": "a", "username": "u", "password": "s3cret", "token": "s3cret"}]),
            json!([{"username": "u", "password": "s3cret"}]),
            json!({"a": "s3cret"}),
            json!({"a": {"auth": "s3cret"}}),
            json!("s3cret"),
        ] {
            let fault = Registries::parse(&form.to_string()).unwrap_err();
            assert!(!fault.contains("s3cret"), "{fault}");
        }
        assert!(!Registries::parse("{\"a\": s3cret").unwrap_err().contains("s3cret"));
    }

    #[test]
    fn an_error_about_signing_in_says_how_the_call_did() {
        let failed = |message: &str| {
            Error::from(engine::Error::new(ErrorKind::EngineError, message).with_status(500).hint("Look"))
        };
        let explained = |credentials: Option<Credentials>| {
            let sign_in = SignIn { registry: "a:5000".into(), credentials };
            sign_in.explain(failed("Head: no basic auth credentials")).to_string()
        };
        assert!(explained(None).starts_with("[unauthorised 500] Head"), "{}", explained(None));
        assert!(explained(None).contains("The call did not sign in at a:5000"));
        let signed_in = explained(one("a:5000").at("a:5000").cloned());
        assert!(signed_in.contains("as u:") && !signed_in.contains("s3cret"), "{signed_in}");
        let nobody = SignIn { registry: "a".into(), credentials: None };
        let denied = nobody.explain(failed("pull access denied")).to_string();
        assert!(
            denied.starts_with("[engine_error 500] pull access denied. The call did not sign in at a:"),
            "{denied}"
        );
        assert_eq!(
            nobody.explain(failed("manifest not found")).to_string(),
            failed("manifest not found").to_string()
        );
    }

    #[test]
    fn debug_shows_no_password() {
        let registries = one("a");
        assert!(!format!("{registries:?}").contains("s3cret"));
    }
}
