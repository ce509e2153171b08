//! How to reach an engine, and with what patience.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use secrecy::{ExposeSecret, SecretString};

use crate::{Address, ApiVersion, Error, ErrorKind, Proxy, Ssh, Tls};

/// How to reach an engine. Start from [`Settings::new`] and change what differs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the engine listens.
    pub address: Address,
    /// TLS, or none for plain HTTP. Not used on a unix socket.
    pub tls: Option<Tls>,
    /// The key and the host keys of an address by SSH, which needs them.
    pub ssh: Option<Ssh>,
    /// The HTTP proxy that leads to an address by TCP.
    pub proxy: Option<Proxy>,
    /// How to sign in, other than by client certificate.
    pub sign_in: Option<SignIn>,
    /// Further headers of every request, such as one that a proxy in front of the engine asks for.
    pub headers: Vec<SignIn>,
    /// What stands before every path, where a proxy puts the API: `/api/endpoints/1/docker`. Else empty.
    pub base_path: String,
    /// The API version to speak; `None` negotiates it for each connection.
    pub api_version: Option<ApiVersion>,
    /// The longest wait for a plain answer, and the longest silence within a stream. 60 seconds.
    pub timeout: Duration,
    /// The longest wait for a connection, TLS included. 10 seconds.
    pub connect_timeout: Duration,
    /// Tries after the first, where that is safe. 3.
    pub retry_attempts: u32,
    /// The wait before the second try; it doubles with each further one, with jitter, up to 30 seconds. 1 second.
    pub retry_delay: Duration,
    /// The most requests in any 60 seconds, tries included, for all processes of this user on this machine together; 0 is
    /// no limit, and the default.
    pub rate_limit: u32,
    /// The most connections at a time; more callers wait their turn. 64.
    pub max_connections: usize,
}

impl Settings {
    /// The defaults, for an address.
    pub fn new(address: Address) -> Self {
        Self {
            address,
            tls: None,
            ssh: None,
            proxy: None,
            sign_in: None,
            headers: Vec::new(),
            base_path: String::new(),
            api_version: None,
            timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(10),
            retry_attempts: 3,
            retry_delay: Duration::from_secs(1),
            rate_limit: 0,
            max_connections: 64,
        }
    }
}

/// A header that signs every request in. It goes to the settings' address only: redirects are not followed.
#[derive(Clone)]
pub struct SignIn {
    name: HeaderName,
    value: HeaderValue,
}

impl SignIn {
    /// A user and a password (RFC 7617).
    pub fn basic(user: &str, password: &SecretString) -> Result<Self, Error> {
        if user.contains(':') {
            return Err(Error::new(ErrorKind::InvalidRequest, "a user name cannot hold a colon"));
        }
        let credentials = STANDARD.encode(format!("{user}:{}", password.expose_secret()));
        Self::header(AUTHORIZATION.as_str(), &format!("Basic {credentials}").into())
    }

    /// A bearer token (RFC 6750).
    pub fn bearer(token: &SecretString) -> Result<Self, Error> {
        Self::header(AUTHORIZATION.as_str(), &format!("Bearer {}", token.expose_secret().trim()).into())
    }

    /// A header of any name, such as `X-API-Key`.
    pub fn header(name: &str, value: &SecretString) -> Result<Self, Error> {
        let refuse =
            |what: &str| Error::new(ErrorKind::InvalidRequest, format!("{what} cannot stand in a header"));
        let name = HeaderName::try_from(name).map_err(|_| refuse("the header's name"))?;
        let mut value = HeaderValue::try_from(value.expose_secret().trim())
            .map_err(|_| refuse("what was given to sign in"))?;
        value.set_sensitive(true);
        Ok(Self { name, value })
    }

    /// What signs in, as it is sent, without the scheme: for those who keep it out of what they show.
    pub fn secret(&self) -> &str {
        let value = self.value.to_str().unwrap_or_default();
        ["Basic ", "Bearer "].iter().find_map(|scheme| value.strip_prefix(scheme)).unwrap_or(value)
    }

    pub(crate) fn sign(&self, headers: &mut http::HeaderMap) {
        headers.insert(self.name.clone(), self.value.clone());
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(sign_in: Result<SignIn, Error>) -> String {
        let mut headers = http::HeaderMap::new();
        sign_in.unwrap().sign(&mut headers);
        let (name, value) = headers.iter().next().unwrap();
        format!("{name}: {}", value.to_str().unwrap())
    }

    #[test]
    fn signs_in_as_the_rfcs_say() {
        let secret = |text: &str| SecretString::from(text.to_owned());
        assert_eq!(
            signed(SignIn::basic("Aladdin", &secret("open sesame"))),
            "authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert_eq!(signed(SignIn::bearer(&secret(" abc\n"))), "authorization: Bearer abc");
        assert_eq!(signed(SignIn::header("X-API-Key", &secret("k"))), "x-api-key: k");
    }

    #[test]
    fn refuses_what_would_add_a_header_and_shows_no_secret() {
        let error = SignIn::header("X-API-Key", &"s3cret\r\nHost: elsewhere".to_owned().into()).unwrap_err();
        assert!(!error.to_string().contains("s3cret"));
        assert!(SignIn::basic("a:b", &"c".to_owned().into()).is_err());
        let sign_in = SignIn::bearer(&"s3cret".to_owned().into()).unwrap();
        assert!(!format!("{sign_in:?}").contains("s3cret"));
    }
}
