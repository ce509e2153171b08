//! What an answer that is not a success means.

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::Value;

use crate::{Error, ErrorKind, Remedy, Subject, SwarmState};

const WEB_PAGE: &str =
    "This is a web page, not the engine's answer: the proxy's rules do not let this call through";

/// What a proxy may mean by 400: one that is too long for it, among other things.
const UNREADABLE: &str = "The proxy cannot read this call; its own log says why. If filters or other values are long, give \
                          fewer or shorter ones, or raise its limit (HAProxy: tune.bufsize)";

/// Whether the status is a success: 2xx, 101 (the connection was taken over), or 304 (already so).
pub(crate) fn is_success(status: StatusCode) -> bool {
    status.is_success() || matches!(status, StatusCode::NOT_MODIFIED | StatusCode::SWITCHING_PROTOCOLS)
}

/// Whether the same request may succeed in a while.
pub(crate) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// Whether it is a gateway that speaks, and the engine may have done what was asked: it gave the gateway no good answer
/// (502), or none in time (504; RFC 9110, 15.6.3 and 15.6.5).
pub(crate) fn is_of_a_lost_answer(status: StatusCode) -> bool {
    matches!(status.as_u16(), 502 | 504)
}

/// Whether an engine never answers so: what stands before it does.
fn is_an_intermediarys(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 411 | 413 | 414 | 431 | 502 | 504)
}

/// The error for an answer with this status, headers and (the beginning of the) body.
pub(crate) fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let text = String::from_utf8_lossy(body);
    let (kind, hint) = meaning(status);
    let said = said(&text);
    let html = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let error = if is_plain_http_to_tls(&text) {
        Error::new(ErrorKind::Tls, "the engine's port speaks TLS, and plain HTTP was sent")
            .mend(Remedy::UseTls)
    } else if html || (text.trim().is_empty() && is_an_intermediarys(status)) {
        Error::new(kind, format!("a proxy in front of the engine answered {status}")).hint(
            match status.as_u16() {
                400 => UNREADABLE,
                403..=405 => WEB_PAGE,
                _ => hint,
            },
        )
    } else if let Some((ours, theirs)) = version_refused(&text) {
        Error::new(ErrorKind::Unsupported, explanation(&text))
            .mend(Remedy::NegotiateVersion)
            .hint(format!("The call used API {ours}, and the engine requires {theirs}"))
    } else if let Some(state) = said.as_deref().and_then(|message| SwarmState::of(status.as_u16(), message)) {
        Error::new(state.kind(), explanation(&text)).hint(state.advice()).for_good()
    } else {
        Error::new(
            kind,
            if text.trim().is_empty() { format!("the engine answered {status}") } else { explanation(&text) },
        )
        .hint(hint)
    };
    let said = said.filter(|_| !html);
    let error = match remedy(status) {
        Some(remedy) if error.remedy().is_none() => error.mend(remedy),
        _ => error,
    };
    error.with_status(status.as_u16()).with_said(said).with_retry_after(retry_after(headers))
}

/// The `message` of Docker's JSON.
fn said(text: &str) -> Option<String> {
    let fields: Value = serde_json::from_str(text).ok()?;
    fields.get("message")?.as_str().map(str::to_owned)
}

fn meaning(status: StatusCode) -> (ErrorKind, &'static str) {
    match status.as_u16() {
        400 => (ErrorKind::BadRequest, "The engine does not accept these parameters"),
        401 => (ErrorKind::Unauthorized, "The engine, or a proxy in front of it, does not know this user"),
        403 => (
            ErrorKind::Forbidden,
            "The engine, or a proxy or plugin in front of it, does not allow this call",
        ),
        404 => (ErrorKind::NotFound, "Check the id or name: the list operations show what exists"),
        408 => (
            ErrorKind::BadRequest,
            "The proxy waited too long for the whole request: raise its time limit for request bodies (nginx: \
             client_body_timeout; Apache: RequestReadTimeout; HAProxy: timeout client), or look at the network",
        ),
        409 => (ErrorKind::Conflict, "The object's current state does not allow this"),
        411 => (
            ErrorKind::BadRequest,
            "The proxy requires the length of every body, and did not receive it with this call: check for other proxies \
             on the way, or connect to the engine without this proxy",
        ),
        413 => (
            ErrorKind::BadRequest,
            "The proxy refuses bodies of this size: raise its limit (nginx: client_max_body_size; Apache: \
             LimitRequestBody; lighttpd: server.max-request-size; Caddy: request_body max_size), or send less",
        ),
        414 | 431 => (
            ErrorKind::BadRequest,
            "The proxy refuses a request line or headers of this length: give fewer or shorter values, such as filters, \
             or raise its limit (nginx: large_client_header_buffers; Apache: LimitRequestLine; lighttpd: \
             server.max-request-field-size; HAProxy: tune.bufsize)",
        ),
        429 => (ErrorKind::RateLimited, "Or wait, and call again later"),
        502 => (
            ErrorKind::Unavailable,
            "The engine cannot answer now; try again later, and check that it runs and that the proxy reaches it",
        ),
        503 => (ErrorKind::Unavailable, "The engine cannot answer now; try again later"),
        504 => (
            ErrorKind::Unavailable,
            "The proxy did not wait long enough for the engine's answer: raise its time limit (nginx: proxy_read_timeout; \
             Apache: ProxyTimeout; HAProxy: timeout server; lighttpd: server.max-write-idle), or give the call a shorter \
             timeout",
        ),
        500..=599 => (ErrorKind::EngineError, "The engine's own log says more"),
        300..=399 => (ErrorKind::Protocol, "Redirects are not followed"),
        _ => (ErrorKind::BadRequest, "The engine does not accept this call"),
    }
}

/// What a status says of a setting.
fn remedy(status: StatusCode) -> Option<Remedy> {
    match status.as_u16() {
        401 => Some(Remedy::Check(Subject::SignIn)),
        429 => Some(Remedy::Lower(Subject::RateLimit)),
        300..=399 => Some(Remedy::CheckAddress),
        _ => None,
    }
}

/// Docker's own words: the `message` of its JSON, or the text as it is. It is not cut here: who shows it knows the secrets that
/// it may quote, and must find them first.
fn explanation(text: &str) -> String {
    let message = match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => ["message", "cause", "error"]
            .iter()
            .find_map(|name| fields.get(*name).and_then(Value::as_str).map(str::to_owned)),
        _ => None,
    };
    message.as_deref().unwrap_or(text).trim().trim_end_matches([' ', '.']).to_owned()
}

/// What Go's server, and nginx, answer to plain HTTP on a TLS port. There is no code for it.
fn is_plain_http_to_tls(text: &str) -> bool {
    text.contains("HTTP request to an HTTPS server")
        || text.contains("plain HTTP request was sent to HTTPS port")
}

/// The two versions in Docker's refusal of an API version: `client version 1.30 is too old. Minimum supported API
/// version is 1.44, ...` or `... is too new. Maximum supported API version is 1.41`. There is no code for it.
fn version_refused(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once("client version ")?;
    let (ours, rest) = rest.split_once(" is too ")?;
    let (_, theirs) = rest.split_once("supported API version is ")?;
    Some((ours, theirs.trim_start().split([',', '"', ' ', '\\']).next()?))
}

/// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, kind: &'static str, body: &str) -> Error {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        refusal(StatusCode::from_u16(status).unwrap(), &headers, body.as_bytes())
    }

    #[test]
    fn keeps_dockers_own_words() {
        let error = refused(404, "application/json", r#"{"message":"No such container: web"}"#);
        assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)));
        assert!(error.to_string().starts_with("No such container: web. Check the id"), "{error}");
        assert_eq!(error.said(), Some("No such container: web"));
    }

    #[test]
    fn takes_nothing_else_for_dockers_own_words() {
        for (kind, body) in [
            ("text/plain", "No such container: web"),
            ("text/html", r#"{"message":"No such container: web"}"#),
            ("application/json", r#"{"error":"No such container: web"}"#),
            ("application/json", r#"{"message":["No such container: web"]}"#),
            ("application/json", r#"["No such container: web"]"#),
            ("application/json", "{}"),
            ("application/json", ""),
        ] {
            assert_eq!(refused(404, kind, body).said(), None, "{kind} {body}");
        }
    }

    #[test]
    fn tells_a_proxys_page_from_the_engine() {
        let error = refused(403, "text/html; charset=utf-8", "<html><h1>403 Forbidden</h1></html>");
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert!(error.to_string().contains("web page") && !error.to_string().contains("<h1>"), "{error}");
        for (status, hint) in [(301, "not followed"), (401, "know this user"), (502, "try again later")] {
            let error = refused(status, "text/html", "<h1>No</h1>");
            assert!(error.to_string().contains("proxy") && error.to_string().contains(hint), "{error}");
        }
    }

    /// Bodies as most servers have them, and none, as some do.
    #[test]
    fn says_whose_limit_it_is_and_where_to_raise_it() {
        for (status, advice) in [
            (408, "client_body_timeout"),
            (411, "length of every body"),
            (413, "client_max_body_size"),
            (414, "large_client_header_buffers"),
            (431, "server.max-request-field-size"),
            (502, "that the proxy reaches it"),
            (504, "proxy_read_timeout"),
        ] {
            for (kind, body) in [("text/html", "<h1>No</h1>"), ("text/plain", "")] {
                let error = refused(status, kind, body);
                let text = error.to_string();
                assert!(text.starts_with("a proxy in front of the engine answered"), "{text}");
                assert!(text.contains(advice) && error.status() == Some(status), "{text}");
            }
            let text = refused(status, "text/plain", "their own words").to_string();
            assert!(text.starts_with("their own words") && text.contains(advice), "{text}");
        }
        let text = refused(400, "text/html", "<h1>400 Bad request</h1>").to_string();
        assert!(text.contains("tune.bufsize"), "{text}");
        assert!(refused(404, "text/plain", "").to_string().starts_with("the engine answered 404"));
    }

    /// A 503 that lasts until somebody acts is not one that passes.
    #[test]
    fn tells_a_state_of_the_swarm_from_an_engine_that_is_busy() {
        let no_swarm = r#"{"message":"This node is not a swarm manager. Use \"docker swarm init\""}"#;
        let error = refused(503, "application/json", no_swarm);
        assert_eq!((error.kind(), error.may_be_tried_again()), (ErrorKind::Conflict, false));
        assert!(error.to_string().contains("Call a manager of the swarm"), "{error}");
        let busy = r#"{"message":"rpc error: code = Unavailable desc = closing transport"}"#;
        for (kind, body) in [
            ("application/json", busy),
            ("text/html", no_swarm),
            ("text/plain", "This node is not a swarm manager"),
        ] {
            let error = refused(503, kind, body);
            assert_eq!((error.kind(), error.may_be_tried_again()), (ErrorKind::Unavailable, true), "{body}");
        }
        let error = refused(
            500,
            "application/json",
            r#"{"message":"rpc error: code = Unknown desc = update out of sequence"}"#,
        );
        assert!(error.is_out_of_sequence() && error.kind() == ErrorKind::Conflict, "{error}");
    }

    #[test]
    fn tells_a_tls_port_and_a_wrong_version() {
        let error = refused(400, "text/plain", "Client sent an HTTP request to an HTTPS server.\n");
        assert_eq!(error.kind(), ErrorKind::Tls);
        let body = r#"{"message":"client version 1.50 is too new. Maximum supported API version is 1.41"}"#;
        let error = refused(400, "application/json", body);
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("requires 1.41"), "{error}");
    }

    #[test]
    fn each_status_is_its_own_kind() {
        let kinds =
            [400, 401, 403, 404, 409, 429, 500, 503].map(|status| refused(status, "text/plain", "x").kind());
        let distinct: std::collections::HashSet<_> = kinds.iter().collect();
        assert_eq!(distinct.len(), kinds.len());
    }

    #[test]
    fn reads_retry_after() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(90));
        headers.insert(RETRY_AFTER, date.parse().unwrap());
        assert!(retry_after(&headers).unwrap() > Duration::from_secs(80));
    }
}
