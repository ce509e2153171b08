//! Paths of the API, built so that a value can never lead to another endpoint.

use std::fmt;

use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};

use crate::{Error, ErrorKind, request::RESERVED};

/// The path of an endpoint, without the version: `/containers/web/json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    /// A path without values, such as `/containers/json`.
    pub fn fixed(path: &'static str) -> Self {
        Self(path.into())
    }

    /// Fills a template such as `/containers/{id}/json`: each placeholder takes the segment of its name.
    pub fn fill(
        template: &str,
        mut segment: impl FnMut(&str) -> Result<Segment, Error>,
    ) -> Result<Self, Error> {
        let mut path = String::with_capacity(template.len() + 64);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            path.push_str(before);
            path.push_str(&segment(name)?.0);
            rest = after;
        }
        path.push_str(rest);
        Ok(Self(path))
    }

    /// A path that a caller has written, such as `/containers/web/json`, in its one form: each segment decoded, checked and
    /// encoded again. Refuses what would lead elsewhere: an address, a query, a fragment, `..`, an encoded `/`.
    pub fn checked(path: &str) -> Result<Self, Error> {
        let refuse = |why: &str| Err(refused(path, "a path of the API", why));
        let Some(segments) = path.strip_prefix('/') else { return refuse("it does not begin with /") };
        if segments.contains(['?', '#']) {
            return refuse("it holds a ? or a #; a query is given apart from the path");
        }
        let mut checked = String::with_capacity(path.len());
        for segment in segments.split('/') {
            let Some(decoded) = decoded(segment) else { return refuse("a % in it begins no character") };
            if decoded.contains('/') {
                return refuse("it holds an encoded slash");
            }
            if let Some(fault) = fault(&decoded) {
                return refuse(fault);
            }
            checked.push('/');
            checked.push_str(&encode(&decoded));
        }
        Ok(Self(checked))
    }

    /// The segments, decoded: `containers`, `web`, `json`.
    pub fn segments(&self) -> impl Iterator<Item = String> {
        self.0.split('/').skip(1).map(|segment| decoded(segment).unwrap_or_else(|| segment.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value within a path, encoded. The engine decodes a path before it looks for the endpoint, so an encoded `/` or
/// `..` would still lead elsewhere: those are refused, and all else is percent-encoded (RFC 3986, 2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment(String);

impl Segment {
    /// An id or a name: one segment, so no `/`. A leading one is dropped, as inspect shows names that way (`/web`).
    pub fn name(value: &str) -> Result<Self, Error> {
        let name = value.strip_prefix('/').unwrap_or(value);
        check(value, name)?;
        if name.contains('/') {
            return Err(refused(value, "an id or a name", "it holds a slash"));
        }
        Ok(Self(encode(name)))
    }

    /// An image's name, which may have several segments: `registry:5000/team/app:1.0`.
    pub fn reference(value: &str) -> Result<Self, Error> {
        let segments = value.split('/').map(|segment| {
            check(value, segment)?;
            Ok(encode(segment))
        });
        Ok(Self(segments.collect::<Result<Vec<_>, Error>>()?.join("/")))
    }
}

fn check(value: &str, segment: &str) -> Result<(), Error> {
    let fault = if value.is_empty() { Some("it is empty") } else { fault(segment) };
    fault.map_or(Ok(()), |why| Err(refused(value, "an id or a name", why)))
}

/// Why a segment cannot stand in a path.
fn fault(segment: &str) -> Option<&'static str> {
    match segment {
        "" => Some("a part of it is empty"),
        "." | ".." => Some("it would lead to another endpoint"),
        _ if segment.contains(|c: char| c.is_control() || c == '\\') => {
            Some("it holds a control character or a backslash")
        }
        _ => None,
    }
}

fn refused(value: &str, what: &str, why: &str) -> Error {
    let shown: String = value.chars().take(80).collect();
    Error::new(ErrorKind::InvalidRequest, format!("{shown:?} cannot be {what}: {why}"))
}

/// A text without its percent-encoding, as of a password in a URL; `None` where a `%` begins no byte, or the bytes are not UTF-8.
pub fn decoded(text: &str) -> Option<String> {
    // The library takes such a % for itself.
    let is_a_byte = |piece: &str| piece.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let is_whole = text.split('%').skip(1).all(is_a_byte);
    is_whole.then(|| percent_decode_str(text).decode_utf8().ok().map(Into::into)).flatten()
}

/// What a segment of a path holds only percent-encoded. `:` and `@` stand in ids and references as they are.
const RESERVED_IN_PATHS: &AsciiSet = &RESERVED.remove(b':').remove(b'@');

fn encode(segment: &str) -> String {
    utf8_percent_encode(segment, RESERVED_IN_PATHS).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(id: &str) -> Result<String, Error> {
        Path::fill("/containers/{id}/json", |_| Segment::name(id)).map(|path| path.to_string())
    }

    #[test]
    fn encodes_what_it_accepts() {
        assert_eq!(path("web").unwrap(), "/containers/web/json");
        assert_eq!(path("/web").unwrap(), "/containers/web/json");
        assert_eq!(path("%2e%2e").unwrap(), "/containers/%252e%252e/json");
        assert_eq!(path("a?b#c d").unwrap(), "/containers/a%3Fb%23c%20d/json");
        assert_eq!(path("é").unwrap(), "/containers/%C3%A9/json");
    }

    #[test]
    fn refuses_what_would_lead_elsewhere() {
        for id in [
            "",
            "/",
            ".",
            "..",
            "//",
            "/..",
            "../images",
            "x/../../images/json",
            "a\\b",
            "a\0",
            "a\nb",
            "a/b",
        ] {
            assert_eq!(path(id).unwrap_err().kind(), ErrorKind::InvalidRequest, "{id:?}");
        }
    }

    #[test]
    fn references_keep_their_slashes() {
        let reference = |name: &str| Segment::reference(name).map(|segment| segment.0);
        assert_eq!(reference("host:5000/team/app@sha256:ab").unwrap(), "host:5000/team/app@sha256:ab");
        for name in ["", "/a", "a/", "a//b", "../a", "a/../b", "a/."] {
            assert!(reference(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_callers_path_has_one_form() {
        let checked = |path: &str| Path::checked(path).map(|path| path.to_string());
        for (written, form) in [
            ("/containers/json", "/containers/json"),
            (
                "/images/registry:5000/team/app@sha256:ab/json",
                "/images/registry:5000/team/app@sha256:ab/json",
            ),
            ("/containers/a b/json", "/containers/a%20b/json"),
            ("/containers/a%20b%25/j%73on", "/containers/a%20b%25/json"),
            ("/containers/%c3%a9/json", "/containers/%C3%A9/json"),
            ("/containers/a%3Fb/json", "/containers/a%3Fb/json"),
        ] {
            assert_eq!(checked(written).unwrap(), form);
        }
        for written in [
            "",
            "/",
            "containers/json",
            "http://elsewhere/containers/json",
            "//elsewhere/containers/json",
            "/containers//json",
            "/containers/json/",
            "/containers/json?all=1",
            "/containers/json#top",
            "/containers/../images/json",
            "/containers/%2e%2E/images/json",
            "/containers/.%2e/images/json",
            "/containers/x%2f..%2fy/json",
            "/containers/x%5cy",
            "/containers/x\\y",
            "/containers/x%00",
            "/containers/x\r\nHost: y",
            "/containers/%",
            "/containers/%2",
            "/containers/%+1",
            "/containers/%ff",
        ] {
            assert_eq!(checked(written).unwrap_err().kind(), ErrorKind::InvalidRequest, "{written:?}");
        }
        let segments: Vec<_> = Path::checked("/containers/a%20b/json").unwrap().segments().collect();
        assert_eq!(segments, ["containers", "a b", "json"]);
    }

    proptest! {
        #[test]
        fn a_callers_path_leads_nowhere_else(path in "(/([a-z]|%[0-9a-fA-F]{2}|[.%?#é /]){0,6}){1,4}|.*") {
            if let Ok(checked) = Path::checked(&path) {
                let text = checked.to_string();
                prop_assert!(text.starts_with('/'));
                prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:@/%".contains(&b)));
                prop_assert_eq!(text.matches('/').count(), path.matches('/').count());
                for segment in checked.segments() {
                    prop_assert!(!["", ".", ".."].contains(&segment.as_str()) && !segment.contains(['/', '\\']));
                }
                prop_assert_eq!(Path::checked(&text).unwrap(), checked);
            }
        }

        #[test]
        fn decoding_undoes_encoding(segment in ".*") {
            prop_assert_eq!(decoded(&encode(&segment)), Some(segment));
        }

        #[test]
        fn never_adds_a_segment_or_a_query(id in ".*") {
            if let Ok(path) = path(&id) {
                prop_assert_eq!(path.matches('/').count(), 3);
                prop_assert!(!path.contains(['?', '#', ' ']));
                prop_assert!(path.starts_with("/containers/") && path.ends_with("/json"));
            }
        }
    }
}
