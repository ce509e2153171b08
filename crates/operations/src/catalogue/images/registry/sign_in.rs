//! How a call signs in at a registry, and what an error about that says.

use engine::ErrorKind;
use serde_json::json;

use super::{Credentials, address, encode, host, registry_of};
use crate::{Error, Kind, run::call::Call};

/// How a call signs in at one registry: with these credentials, or not at all.
#[derive(Debug)]
pub(crate) struct SignIn {
    registry: String,
    credentials: Option<Credentials>,
    /// Why an entry for this registry could not be used, where there are no others.
    unusable: Option<String>,
}

impl SignIn {
    /// How a call signs in at the registry of an image: as its parameters say, else as the configuration does.
    pub(crate) fn for_image(call: &Call<'_>, image: &str) -> Result<Self, Error> {
        Self::at(call, &registry_of(image))
    }

    /// How a call signs in at a registry.
    pub(crate) fn at(call: &Call<'_>, server: &str) -> Result<Self, Error> {
        let given = Credentials::given(&call.arguments, server)
            .map_err(|fault| Error::faults(Kind::InvalidParameters, &[fault]))?;
        let registry = host(server);
        let configured = call.configuration.registries();
        let credentials = given.or_else(|| configured.at(&registry).cloned());
        let unusable = configured.unusable(&registry).filter(|_| credentials.is_none());
        Ok(Self { registry, credentials, unusable })
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

    /// Why an entry for this registry could not be used.
    pub(crate) fn unusable(&self) -> Option<&str> {
        self.unusable.as_deref()
    }

    /// The value of `X-Registry-Auth`. Without credentials it names the registry, since a proxy such as Portainer adds its
    /// own only where the header is, and the engine demands one of a push.
    pub(crate) fn header(&self) -> String {
        let anonymous = || json!({"serveraddress": address(&self.registry)});
        encode(&self.credentials.as_ref().map_or_else(anonymous, Credentials::fields))
    }

    /// As [`SignIn::header`], if there are credentials.
    pub(crate) fn header_if_signed_in(&self) -> Option<String> {
        self.credentials.as_ref().map(|credentials| encode(&credentials.fields()))
    }

    /// The error, which says how the call was signed in if that is what it is about.
    pub(crate) fn explain(&self, error: Error) -> Error {
        let not_used = |error: Error| match &self.unusable {
            Some(why) => error.and(&format!("The call did not sign in at {}: {why}.", self.registry)),
            None => error,
        };
        if says(&error, &["manifest unknown"]) {
            return not_used(
                error.advise(&format!("Check name and tag: {} has no such image", self.registry)),
            );
        }
        let refused = is_refusal(&error);
        if !refused && !says(&error, &["denied", "403 forbidden"]) {
            return not_used(error);
        }
        let registry = &self.registry;
        let error = error.advise(&match (&self.credentials, self.username(), &self.unusable) {
            (None, _, Some(why)) => format!("The call did not sign in at {registry}: {why}"),
            (None, _, None) => format!(
                "The call did not sign in at {registry}: give registry_username and registry_password, or set them in the configuration"
            ),
            (Some(_), Some(username), _) => {
                format!("The call signed in at {registry} as {username}: check name, password and rights")
            }
            (Some(credentials), None, _) if credentials.is_left_to_a_proxy() => format!(
                "The call named a registryId and left it to the proxy to sign in at {registry}: check the id, and what the proxy has for it"
            ),
            (Some(_), None, _) => format!("The call signed in at {registry} with an identity token: check it"),
        });
        if refused { error.of_kind(Kind::Engine(ErrorKind::Unauthorized)) } else { error }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::images::registry::Registries;

    #[test]
    fn an_error_about_signing_in_says_how_the_call_did() {
        let failed = |message: &str| {
            Error::from(engine::Error::new(ErrorKind::EngineError, message).with_status(500).hint("Look"))
        };
        let of = |json: &str| {
            let registries = Registries::parse(json).unwrap();
            let unusable = registries.unusable("a:5000");
            SignIn { registry: "a:5000".into(), credentials: registries.at("a:5000").cloned(), unusable }
        };
        let explained = |json: &str| of(json).explain(failed("Head: no basic auth credentials")).to_string();
        let nobody = explained("{}");
        assert!(nobody.starts_with("[unauthorized 500] Head"), "{nobody}");
        assert!(nobody.contains("The call did not sign in at a:5000: give registry_username"), "{nobody}");
        let signed_in = explained(r#"{"server": "a:5000", "username": "u", "password": "s3cret"}"#);
        assert!(signed_in.contains("as u:") && !signed_in.contains("s3cret"), "{signed_in}");
        let unusable = r#"{"a:5000": {}, "b": {"token": "t"}}"#;
        let told = explained(unusable);
        assert!(
            told.contains("did not sign in at a:5000: registries: the entry for a:5000 has no credentials"),
            "{told}"
        );
        assert!(explained(r#"{"a:5000": {"registryId": 3}}"#).contains("left it to the proxy"));
        let denied = of("{}").explain(failed("pull access denied")).to_string();
        assert!(
            denied.starts_with("[engine_error 500] pull access denied. The call did not sign in at a:5000:"),
            "{denied}"
        );
        assert_eq!(
            of("{}").explain(failed("manifest not found")).to_string(),
            failed("manifest not found").to_string()
        );
        let other = of(unusable).explain(failed("manifest not found")).to_string();
        assert!(other.contains("the entry for a:5000 has no credentials"), "{other}");
    }
}
