//! The credentials at one registry, as the engine takes them.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{address, host};
use crate::declare::arguments::Arguments;

/// The credentials at one registry.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// Its host, perhaps with a port.
    pub(super) registry: String,
    pub(super) username: Option<String>,
    pub(super) secret: Option<Secret>,
    /// The number by which Portainer knows a registry, whose credentials it adds itself.
    pub(super) registry_id: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) enum Secret {
    Password(SecretString),
    IdentityToken(SecretString),
    RegistryToken(SecretString),
}

impl Credentials {
    /// Those that parameters, or a configuration's fields of the same names, hold for a registry: nothing, or a whole. None where an
    /// operation has no such parameters.
    pub(super) fn given(arguments: &Arguments, server: &str) -> Result<Option<Self>, String> {
        let text = |name| arguments.if_declared(name).and_then(Value::as_str);
        let (username, password, token) =
            (text("registry_username"), text("registry_password"), text("registry_token"));
        let secret = match (username, password, token) {
            (None, None, None) => return Ok(None),
            (_, None, Some(token)) => Secret::IdentityToken(token.into()),
            (Some(_), Some(password), None) => Secret::Password(password.into()),
            (_, Some(_), Some(_)) => return Err(of(server, "both a password and a token")),
            (None, Some(_), None) => return Err(of(server, "a password without a username")),
            (Some(_), None, None) => return Err(of(server, "a username without a password")),
        };
        Ok(Some(Self {
            registry: host(server),
            username: username.map(str::to_owned),
            secret: Some(secret),
            registry_id: None,
        }))
    }

    /// Docker's `AuthConfig`.
    pub(crate) fn fields(&self) -> Value {
        let mut fields = json!({"serveraddress": address(&self.registry)});
        if let Some(username) = &self.username {
            fields["username"] = username.as_str().into();
        }
        if let Some(secret) = &self.secret {
            fields[secret.field()] = secret.text().into();
        }
        if let Some(id) = self.registry_id {
            fields["registryId"] = id.into();
        }
        fields
    }

    /// Whether two sign in in the same way.
    pub(super) fn equals(&self, other: &Self) -> bool {
        self.fields() == other.fields()
    }

    /// Whether it only tells a proxy whose credentials to add.
    pub(crate) fn is_left_to_a_proxy(&self) -> bool {
        self.secret.is_none()
    }

    /// What no error may repeat.
    pub(super) fn secret_text(&self) -> Option<&str> {
        self.secret.as_ref().map(Secret::text)
    }
}

impl Secret {
    fn field(&self) -> &'static str {
        match self {
            Self::Password(_) => "password",
            Self::IdentityToken(_) => "identitytoken",
            Self::RegistryToken(_) => "registrytoken",
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Password(secret) | Self::IdentityToken(secret) | Self::RegistryToken(secret) => {
                secret.expose_secret()
            }
        }
    }
}

fn of(server: &str, what: &str) -> String {
    format!("the registry sign-in has {what} for {}", host(server))
}
