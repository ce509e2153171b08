//! A request to the engine: method, path, query, headers, body and its bounds on time.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header::CONTENT_TYPE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::{ApiVersion, Error, ErrorKind, Path, Payload};

/// All but the unreserved characters (RFC 3986, 2.3).
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A request. Its path has no version: that is added when the version is known.
#[derive(Debug)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) path: Path,
    query: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) payload: Payload,
    pub(crate) unversioned: bool,
    pub(crate) version: Option<ApiVersion>,
    harmless: bool,
    pub(crate) silence: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
}

impl Request {
    /// A request of any method.
    pub fn new(method: Method, path: Path) -> Self {
        Self {
            method,
            path,
            query: String::new(),
            headers: Vec::new(),
            payload: Payload::Empty,
            unversioned: false,
            version: None,
            harmless: false,
            silence: None,
            deadline: None,
        }
    }

    /// A GET request.
    pub fn get(path: Path) -> Self {
        Self::new(Method::GET, path)
    }

    /// A POST request.
    pub fn post(path: Path) -> Self {
        Self::new(Method::POST, path)
    }

    /// Adds a query parameter; one name may stand several times.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.extend(utf8_percent_encode(name, RESERVED));
        self.query.push('=');
        self.query.extend(utf8_percent_encode(value, RESERVED));
        self
    }

    /// Adds a header; that of a registry (`X-Registry-...`) is secret. A value that HTTP does not allow (a line break, say) is
    /// refused.
    pub fn header(mut self, name: &'static str, value: &str) -> Result<Self, Error> {
        let refuse =
            || Error::new(ErrorKind::InvalidRequest, format!("the header {name} cannot carry this value"));
        let mut value = HeaderValue::from_str(value).map_err(|_| refuse())?;
        value.set_sensitive(name.starts_with("x-registry-"));
        self.headers.push((HeaderName::from_static(name), value));
        Ok(self)
    }

    /// Sends a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", Payload::Bytes(Bytes::from(body.to_string())))
    }

    /// Sends a body of a type that is known beforehand.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, payload: Payload) -> Self {
        self.headers.push((CONTENT_TYPE, HeaderValue::from_static(content_type)));
        self.payload(payload)
    }

    /// Sends a body whose type a header says.
    #[must_use]
    pub fn payload(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    /// Sends the path as it is, without an API version: for `/_ping`.
    #[must_use]
    pub fn unversioned(mut self) -> Self {
        self.unversioned = true;
        self
    }

    /// Speaks this API version, whatever the settings pin: see [`crate::Engine::newest_version`].
    #[must_use]
    pub fn speaking(mut self, version: ApiVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// Says that it changes nothing, whatever its method: a `POST /containers/{id}/wait` may be sent again, and when its
    /// answer does not come, nothing is left unknown.
    #[must_use]
    pub fn harmless(mut self) -> Self {
        self.harmless = true;
        self
    }

    /// Bounds each wait for the engine to say something; the settings' `timeout` otherwise.
    #[must_use]
    pub fn silence(mut self, bound: Duration) -> Self {
        self.silence = Some(bound);
        self
    }

    /// Bounds the whole: connecting, all tries, and reading the answer; the settings' `timeout` otherwise.
    #[must_use]
    pub fn deadline(mut self, bound: Duration) -> Self {
        self.deadline = Some(bound);
        self
    }

    /// Whether sending it twice does what sending it once does (RFC 9110, 9.2.2), and its body can be had again.
    pub(crate) fn is_repeatable(&self) -> bool {
        (self.harmless || self.method.is_idempotent()) && self.payload.again().is_some()
    }

    /// Whether it changes something, as far as its method and [`Request::harmless`] say.
    pub fn changes(&self) -> bool {
        !(self.harmless || self.method.is_safe())
    }

    /// The values of headers that nothing may show.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let secret = self.headers.iter().filter(|(_, value)| value.is_sensitive());
        secret.filter_map(|(_, value)| value.to_str().ok())
    }

    /// The target of the request line, below `prefix` (such as `/v1.41`).
    pub(crate) fn target(&self, prefix: &str) -> String {
        let mut target =
            String::with_capacity(prefix.len() + self.path.as_str().len() + self.query.len() + 1);
        target.push_str(prefix);
        target.push_str(self.path.as_str());
        if !self.query.is_empty() {
            target.push('?');
            target.push_str(&self.query);
        }
        target
    }
}

/// A query's name or value as it is sent: all but the unreserved characters percent-encoded (RFC 3986, 2.3).
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_the_query() {
        let request = Request::get(Path::fixed("/x")).query("a b", "c&d=é").query("a b", "").query("t", "0");
        assert_eq!(request.target("/v1.41"), "/v1.41/x?a%20b=c%26d%3D%C3%A9&a%20b=&t=0");
    }

    #[test]
    fn refuses_a_header_that_would_add_another() {
        let request = Request::get(Path::fixed("/x")).header("x-registry-auth", "a\r\nHost: elsewhere");
        assert_eq!(request.unwrap_err().kind(), ErrorKind::InvalidRequest);
    }

    #[test]
    fn debug_shows_neither_header_values_nor_bodies() {
        let request = Request::post(Path::fixed("/auth"))
            .header("x-registry-auth", "s3cret")
            .unwrap()
            .json(&serde_json::json!({"password": "s3cret"}));
        assert!(!format!("{request:?}").contains("s3cret"));
    }

    #[test]
    fn only_idempotent_requests_repeat() {
        let reader = || Payload::Reader { source: Box::new(std::io::empty()), length: None };
        assert!(Request::get(Path::fixed("/x")).is_repeatable());
        assert!(Request::new(Method::DELETE, Path::fixed("/x")).is_repeatable());
        assert!(!Request::post(Path::fixed("/x")).is_repeatable());
        assert!(Request::post(Path::fixed("/x")).harmless().is_repeatable());
        assert!(
            !Request::new(Method::PUT, Path::fixed("/x")).body("application/x-tar", reader()).is_repeatable()
        );
    }
}
