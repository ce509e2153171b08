//! An HTTP proxy that leads to an engine: `CONNECT` (RFC 9110, 9.3.6), then TLS from end to end.

mod exempt;

use std::{
    cell::Cell,
    env, fmt,
    future::{Future as _, poll_fn},
    io,
    net::IpAddr,
    os::fd::{AsRawFd, RawFd},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use http::{
    HeaderValue, Request, StatusCode, Uri,
    header::{HOST, PROXY_AUTHORIZATION},
};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::{client::proxy::matcher::Matcher, rt::TokioIo};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{
    Address, Error, ErrorKind, Remedy, Subject,
    address::authority,
    dial::{Undialed, dial},
    socket::{Socket, Wait},
    stage::Stage,
};

/// An HTTP proxy: where it listens, and how to sign in there.
#[derive(Clone)]
pub struct Proxy {
    host: String,
    port: u16,
    credentials: Option<HeaderValue>,
    /// The setting that names it, for errors.
    named_by: Subject,
}

impl Proxy {
    /// Reads `http://proxy:3128`, or with basic credentials (percent-encoded) `http://user:password@proxy:3128`.
    pub fn read(url: &SecretString) -> Result<Self, Error> {
        let everywhere = Matcher::builder().https(url.expose_secret().trim()).build();
        Self::of(&everywhere, "any.invalid", 443, Subject::Proxy)
            .transpose()
            .unwrap_or_else(|| Err(unreadable(Subject::Proxy)))
    }

    /// The proxy that this process's environment wants for `https://host:port`: `HTTPS_PROXY`, unless `NO_PROXY` names the host;
    /// also in lower case. As with Go's programs, `localhost` and loopback addresses are reached without one.
    pub fn of_environment(host: &str, port: u16) -> Result<Option<Self>, Error> {
        let first_of = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| {
                let value = env::var(name).ok().filter(|value| !value.trim().is_empty())?;
                Some((name, value))
            })
        };
        let is_loopback = host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let Some((name, url)) = first_of(["HTTPS_PROXY", "https_proxy"]).filter(|_| !is_loopback) else {
            return Ok(None);
        };
        let (named_by, url) = (Subject::ProxyOfEnvironment(name), url.trim());
        if Matcher::builder().https(url).build().intercept(&destination("any.invalid", 443)?).is_none() {
            return Err(unreadable(named_by));
        }
        if first_of(["NO_PROXY", "no_proxy"]).is_some_and(|(_, list)| exempt::is_exempt(&list, host, port)) {
            return Ok(None);
        }
        Self::of(&Matcher::builder().https(url).build(), host, port, named_by)
    }

    fn of(matcher: &Matcher, host: &str, port: u16, named_by: Subject) -> Result<Option<Self>, Error> {
        let Some(found) = matcher.intercept(&destination(host, port)?) else { return Ok(None) };
        let uri = found.uri();
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        // What stands there and is no port must not become port 80.
        let digits = uri.authority().and_then(|authority| authority.as_str().rsplit_once(':'));
        let is_said = digits.is_some_and(|(_, port)| !port.is_empty() && !port.contains(']'));
        let port = if is_said { uri.port_u16() } else { Some(80) };
        let Some(port) =
            port.filter(|port| *port > 0 && uri.scheme_str() == Some("http") && !host.is_empty())
        else {
            return Err(unreadable(named_by));
        };
        let mut credentials = found.basic_auth().cloned();
        if let Some(value) = &mut credentials {
            value.set_sensitive(true);
        }
        Ok(Some(Self { host, port, credentials, named_by }))
    }

    /// Connects to the proxy itself, on the way to `engine`.
    pub(crate) fn dial(&self, engine: &Address, until: Instant, wait: &Arc<Wait>) -> Result<Socket, Error> {
        dial(&self.host, self.port, self.named_by, until, wait).map_err(|undialed| match undialed {
            Undialed::Never(error) => error,
            Undialed::Failed(error) => self.unreachable(&error).with_source(error),
            Undialed::Late(tried) => {
                let late = Stage::Proxy.too_late(engine);
                tried.iter().fold(late, |late, tried| late.and(tried))
            }
        })
    }

    /// Has the proxy, on a connection to it, connect to `host` and `port`.
    pub(crate) async fn connect(
        &self,
        socket: Socket,
        host: &str,
        port: u16,
        stage: &Cell<Stage>,
    ) -> Result<Tunnel, Error> {
        stage.set(Stage::Proxy);
        let failed = |error: hyper::Error| {
            let what = if error.is_parse() { "does not speak HTTP" } else { "closed the connection" };
            Error::new(ErrorKind::Unreachable, format!("the {self} {what}"))
                .mend(Remedy::Check(self.named_by))
                .hint(NO_HTTP_PROXY)
                .with_source(error)
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.map_err(failed)?;
        let mut connection = pin!(connection.with_upgrades());
        let mut answer = pin!(sender.send_request(self.request(host, port)?));
        let response = poll_fn(|context| {
            let _its_end_shows_in_the_answer = connection.as_mut().poll(context);
            answer.as_mut().poll(context)
        });
        let response = response.await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(self.refused(response.status(), &authority(host, port)));
        }
        let tunnel = hyper::upgrade::on(response).await.map_err(failed)?;
        match tunnel.downcast::<TokioIo<Socket>>() {
            Ok(parts) if parts.read_buf.is_empty() => Ok(Tunnel(parts.io.into_inner())),
            // Nobody speaks before the client does, in TLS.
            _ => Err(self.unreachable(&"it sent data before it was asked")),
        }
    }

    fn unreachable(&self, why: &dyn fmt::Display) -> Error {
        Error::new(ErrorKind::Unreachable, format!("no connection to the {self}: {why}"))
            .mend(Remedy::Check(self.named_by))
            .hint("Check that the proxy runs")
    }

    fn request(&self, host: &str, port: u16) -> Result<Request<Empty<Bytes>>, Error> {
        let target = authority(host, port);
        let mut request = Request::connect(&target).header(HOST, &target);
        if let Some(credentials) = &self.credentials {
            request = request.header(PROXY_AUTHORIZATION, credentials);
        }
        request.body(Empty::new()).map_err(|_| not_a_host(host))
    }

    fn refused(&self, status: StatusCode, target: &str) -> Error {
        let refusal =
            |kind, what: &str| Error::new(kind, format!("the {self} {what}")).with_status(status.as_u16());
        match status {
            // 401 is not for proxies, and yet some say so.
            StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED
                if self.credentials.is_some() =>
            {
                refusal(ErrorKind::Unauthorized, "refuses the sign-in")
                    .mend(Remedy::Check(self.named_by))
                    .hint("The user or the password is wrong, or the proxy does not take basic credentials")
            }
            StatusCode::PROXY_AUTHENTICATION_REQUIRED | StatusCode::UNAUTHORIZED => {
                refusal(ErrorKind::Unauthorized, "wants a sign-in").mend(Remedy::SignInToProxy(self.named_by))
            }
            _ if status.is_server_error() => {
                refusal(ErrorKind::Unavailable, &format!("cannot reach {target} ({status})"))
                    .hint("Check the engine's address, and the way from the proxy to the engine")
            }
            _ if status.is_client_error() => {
                refusal(ErrorKind::Forbidden, &format!("does not allow a connection to {target} ({status})"))
                    .mend(Remedy::UseNoProxy)
                    .hint("Or allow CONNECT to this host and port in the proxy")
            }
            _ => refusal(
                ErrorKind::Protocol,
                &format!("answered {status} to the request for a tunnel to {target}"),
            )
            .mend(Remedy::Check(self.named_by))
            .hint(NO_HTTP_PROXY),
        }
    }
}

const NO_HTTP_PROXY: &str = "It is not an HTTP proxy";

/// A connection through a proxy. Many proxies end both its ways when one is closed, and an answer is lost with that. So it is
/// closed as a whole only: the end of input is told by TLS within it.
pub(crate) struct Tunnel(Socket);

impl AsRawFd for Tunnel {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, room)
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

/// Without the credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "proxy http://{}", authority(&self.host, self.port))
    }
}

/// As [`Proxy`]'s text: without the credentials.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

fn destination(host: &str, port: u16) -> Result<Uri, Error> {
    format!("https://{}", authority(host, port)).parse().map_err(|_| not_a_host(host))
}

fn not_a_host(host: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("{host:?} cannot be a host's name"))
}

/// What was given is not repeated: it may hold a password.
fn unreadable(named_by: Subject) -> Error {
    Error::new(ErrorKind::InvalidRequest, "is not the URL of an HTTP proxy")
        .about(named_by)
        .mend(Remedy::UseNoProxy)
        .hint("Write http://proxy:3128 or http://user:password@proxy:3128")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Proxy, Error> {
        Proxy::read(&url.to_owned().into())
    }

    #[test]
    fn reads_urls_and_shows_no_credentials() {
        let proxy = read(" http://fortisoar:p%40ss@proxy.example.com:3128 ").unwrap();
        assert_eq!(proxy.to_string(), "proxy http://proxy.example.com:3128");
        assert_eq!(proxy.credentials.as_ref().unwrap(), "Basic Zm9ydGlzb2FyOnBAc3M=");
        let shown = format!("{proxy:?}");
        assert!(!shown.contains("p@ss") && !shown.contains("Zm9y"), "{shown}");
        assert_eq!(read("proxy:3128").unwrap().to_string(), "proxy http://proxy:3128");
        assert_eq!(read("http://[::1]:3128").unwrap().to_string(), "proxy http://[::1]:3128");
    }

    #[test]
    fn refuses_what_is_no_http_proxy_without_repeating_it() {
        for url in [
            "",
            "http://",
            "http://proxy:0",
            "http://s3cret@proxy:99999",
            "http://[::1]:70000",
            "https://user:s3cret@proxy",
            "socks5://user:s3cret@proxy",
            "ftp://s3cret",
            "a b",
        ] {
            let error = read(url).unwrap_err().to_string();
            assert!(error.contains("HTTP proxy") && !error.contains("s3cret"), "{url}: {error}");
        }
    }

    #[test]
    fn tells_its_own_refusals_from_the_engines() {
        let refused = |url: &str, status: u16| {
            read(url).unwrap().refused(StatusCode::from_u16(status).unwrap(), "engine:2376")
        };
        for (status, kind) in [
            (407, ErrorKind::Unauthorized),
            (403, ErrorKind::Forbidden),
            (405, ErrorKind::Forbidden),
            (502, ErrorKind::Unavailable),
            (302, ErrorKind::Protocol),
        ] {
            let error = refused("http://u:s3cret@proxy:3128", status);
            assert_eq!((error.kind(), error.status()), (kind, Some(status)));
            let text = error.to_string();
            assert!(text.contains("the proxy http://proxy:3128") && !text.contains("s3cret"), "{text}");
        }
        assert!(refused("http://proxy", 407).to_string().contains("wants a sign-in"));
    }
}
