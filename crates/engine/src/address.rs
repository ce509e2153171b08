//! Where an engine listens: a unix socket, a host and port, or a socket behind an SSH server. The one reader of such addresses.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    str::FromStr,
};

use crate::{DEFAULT_SOCKET, Error, ErrorKind, Subject};

/// The address of an engine, as `DOCKER_HOST` has it: see [`DockerHost`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A unix socket, by its path.
    Unix(PathBuf),
    /// A host (name or IP address, IPv6 without brackets) and a port.
    Tcp {
        /// The host's name or IP address.
        host: String,
        /// The port.
        port: u16,
    },
    /// A socket on a machine that is reached by SSH.
    Ssh {
        /// The user to sign in as.
        user: String,
        /// The host's name or IP address.
        host: String,
        /// The SSH server's port.
        port: u16,
        /// The engine's socket on that machine, by its absolute path.
        socket: String,
    },
}

impl Address {
    /// The `Host` header: `localhost` for a socket, wherever that is.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Unix(_) | Self::Ssh { .. } => "localhost".into(),
            Self::Tcp { host, port } => authority(host, *port),
        }
    }
}

/// A host and a port as URLs have them.
pub(crate) fn authority(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// The default ports: of plain HTTP, of HTTPS, and of SSH.
pub const HTTP_PORT: u16 = 2375;
/// See [`HTTP_PORT`].
pub const HTTPS_PORT: u16 = 2376;
/// See [`HTTP_PORT`].
pub const SSH_PORT: u16 = 22;

/// An engine as `DOCKER_HOST` names it, read as `docker` reads it: `unix:///run/docker.sock`, `tcp://host:2376`, `host:2375`,
/// `ssh://user@host:22/run/docker.sock`, or nothing at all for the usual socket. `http://` and `https://` are known as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerHost {
    /// Where the engine listens. Without a user, an address by SSH has an empty one.
    pub address: Address,
    /// Whether TLS leads there.
    pub tls: bool,
    /// What stands before every path, without a slash at its end; empty if nothing does.
    pub base_path: String,
}

impl DockerHost {
    /// Reads an address. `tls` says whether TLS is asked for otherwise, as by `DOCKER_TLS_VERIFY`; a unix socket and SSH need none.
    pub fn read(text: &str, tls: bool) -> Result<Self, Error> {
        let text = text.trim();
        let written = Written::of(text);
        // What stands before an @ may hold a password.
        let shown = if text.contains('@') { String::new() } else { format!(": {text:?}") };
        let refuse = |why: &str| {
            Error::new(ErrorKind::InvalidRequest, format!("is not an engine's address ({why}){shown}"))
                .about(Subject::Address)
                .hint("Write unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host")
        };
        let socket =
            |path: &str| Self { address: Address::Unix(path.into()), tls: false, base_path: String::new() };
        let scheme = match written.scheme.map(str::to_ascii_lowercase) {
            None if text.is_empty() && !tls => return Ok(socket(DEFAULT_SOCKET)),
            // docker takes it for a host named unix, which nobody means.
            None if text.starts_with("unix:/") => return Ok(socket(&text["unix:".len()..])),
            None if text.starts_with('/') => return Err(refuse("a socket's path follows unix://")),
            None if is_scheme(written.host) && written.port.is_some_and(str::is_empty) => {
                return Err(refuse("two slashes follow the scheme's colon"));
            }
            None => "tcp".to_owned(),
            Some(scheme) => scheme,
        };
        if scheme == "unix" {
            let path = &text["unix://".len()..];
            return match path {
                "" => Ok(socket(DEFAULT_SOCKET)),
                path if path.starts_with('/') && !path.contains('\0') => Ok(socket(path)),
                _ => Err(refuse("the socket's path must be absolute")),
            };
        }
        let tls = tls && scheme == "tcp" || scheme == "https";
        let default_port = match scheme.as_str() {
            "tcp" | "http" | "https" => {
                if tls {
                    HTTPS_PORT
                } else {
                    HTTP_PORT
                }
            }
            "ssh" => SSH_PORT,
            other => return Err(refuse(&format!("{other:?} is not a scheme known here"))),
        };
        let port = match written.port {
            None | Some("") => default_port,
            Some(port) => port
                .parse()
                .ok()
                .filter(|_| port.bytes().all(|digit| digit.is_ascii_digit()))
                .ok_or_else(|| refuse("the port is not a number up to 65535"))?,
        };
        let host = match written.host {
            // As docker has it.
            "" if scheme == "tcp" => "localhost",
            "" => return Err(refuse("it names no host")),
            host if is_host(host) => host,
            _ => return Err(refuse("the host is neither a name nor an IP address")),
        };
        let host = host.to_owned();
        if scheme == "ssh" {
            let user = written.user.unwrap_or_default();
            if user.contains(':') {
                return Err(refuse("a password is not taken: SSH signs in with a key"));
            }
            let path = written.path.trim_end_matches('/');
            let socket = if path.is_empty() { DEFAULT_SOCKET } else { path }.to_owned();
            let address = Address::Ssh { user: user.to_owned(), host, port, socket };
            return Ok(Self { address, tls: false, base_path: String::new() });
        }
        if written.user.is_some() {
            return Err(refuse("it cannot hold a user"));
        }
        if written.path.contains(['?', '#']) {
            return Err(refuse("a query cannot follow"));
        }
        let base_path = written.path.trim_end_matches('/').to_owned();
        Ok(Self { address: Address::Tcp { host, port }, tls, base_path })
    }
}

/// Reads what [`DockerHost`] reads, if it is an address alone.
impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let DockerHost { address, base_path, .. } = DockerHost::read(text, false)?;
        match base_path.is_empty() {
            true => Ok(address),
            false => {
                Err(Error::new(ErrorKind::InvalidRequest, "has a path, which an address alone cannot have")
                    .about(Subject::Address))
            }
        }
    }
}

/// What was given as an address, taken apart as a URL is. Each part may be anything.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// What stands before `://`.
    pub scheme: Option<&'a str>,
    /// What stands before the last `@` of the authority: a user, perhaps with a password.
    pub user: Option<&'a str>,
    /// The host, without the brackets of an IPv6 address.
    pub host: &'a str,
    /// What follows the host's colon.
    pub port: Option<&'a str>,
    /// The rest: a path, a query, a fragment.
    pub path: &'a str,
}

impl<'a> Written<'a> {
    /// Takes a text apart.
    pub fn of(given: &'a str) -> Self {
        let given = given.trim();
        let (scheme, rest) =
            given.split_once("://").map_or((None, given), |(scheme, rest)| (Some(scheme), rest));
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, host) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let (host, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((inner, port)) if port.is_empty() || port.starts_with(':') => {
                (inner, port.strip_prefix(':'))
            }
            Some(_) => (host, None),
            None if is_v6(host) => (host, None),
            None => host.rsplit_once(':').map_or((host, None), |(host, port)| (host, Some(port))),
        };
        Self { scheme, user, host, port, path }
    }
}

/// Whether it is a host: a name of DNS or of a hosts file, or an IP address without brackets.
pub fn is_host(text: &str) -> bool {
    is_v6(text) || is_name(text)
}

/// Whether it is an IPv6 address, also one with a zone (`fe80::1%eth0`).
pub fn is_v6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    address.parse::<Ipv6Addr>().is_ok()
        && zone.is_none_or(|zone| {
            !zone.is_empty()
                && zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        })
}

/// A name of DNS or of a hosts file, or an IPv4 address. Underscores are in names that container networks give.
fn is_name(text: &str) -> bool {
    /// The longest name, and the longest label of one (RFC 1035, 2.3.4).
    const LONGEST_NAME: usize = 253;
    const LONGEST_LABEL: usize = 63;
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=LONGEST_LABEL).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // Four numbers are an address or nothing: 192.0.2.256 would be asked of DNS.
    let is_numeric = name.split('.').count() == 4 && name.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    name.len() <= LONGEST_NAME
        && name.split('.').all(is_label)
        && (!is_numeric || text.parse::<Ipv4Addr>().is_ok())
}

/// Whether it is a scheme of an engine's address, whose slashes may have been forgotten.
fn is_scheme(text: &str) -> bool {
    ["unix", "tcp", "http", "https", "ssh", "npipe", "fd"]
        .iter()
        .any(|scheme| text.eq_ignore_ascii_case(scheme))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port } => write!(f, "tcp://{}", authority(host, *port)),
            Self::Ssh { user, host, port, socket } => {
                let path = if socket == DEFAULT_SOCKET { "" } else { socket };
                write!(f, "ssh://{user}@{}{path}", authority(host, *port))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp { host: host.into(), port }
    }

    fn ssh(user: &str, host: &str, port: u16, socket: &str) -> Address {
        Address::Ssh { user: user.into(), host: host.into(), port, socket: socket.into() }
    }

    /// Each as `docker` 20.10 reads it, besides `unix:/path` and the schemes that it does not know.
    #[test]
    fn reads_what_docker_reads() {
        let unix = |path: &str| Address::Unix(path.into());
        for (text, address) in [
            ("", unix(DEFAULT_SOCKET)),
            (" \n", unix(DEFAULT_SOCKET)),
            ("unix://", unix(DEFAULT_SOCKET)),
            ("unix:/run/docker.sock", unix("/run/docker.sock")),
            ("unix:///run/docker.sock", unix("/run/docker.sock")),
            (" unix:///run/docker.sock\n", unix("/run/docker.sock")),
            ("unix:///run/a?b#c@d", unix("/run/a?b#c@d")),
            ("UNIX:///run/docker.sock", unix("/run/docker.sock")),
            ("tcp://", tcp("localhost", 2375)),
            ("tcp://:1", tcp("localhost", 1)),
            (":1", tcp("localhost", 1)),
            ("engine", tcp("engine", 2375)),
            ("engine:1", tcp("engine", 1)),
            ("tcp://engine:2376", tcp("engine", 2376)),
            ("tcp://engine:2376/", tcp("engine", 2376)),
            ("tcp://engine:", tcp("engine", 2375)),
            ("tcp://engine", tcp("engine", 2375)),
            ("TCP://engine", tcp("engine", 2375)),
            ("http://engine", tcp("engine", 2375)),
            ("https://engine/", tcp("engine", 2376)),
            ("tcp://[::1]:2376", tcp("::1", 2376)),
            ("tcp://[::1]", tcp("::1", 2375)),
            ("ssh://me@engine", ssh("me", "engine", 22, DEFAULT_SOCKET)),
            ("ssh://engine", ssh("", "engine", 22, DEFAULT_SOCKET)),
            ("ssh://me@domain@engine", ssh("me@domain", "engine", 22, DEFAULT_SOCKET)),
            ("ssh://me@engine/run/a@b", ssh("me", "engine", 22, "/run/a@b")),
            ("ssh://me@engine:2222/", ssh("me", "engine", 2222, DEFAULT_SOCKET)),
            ("ssh://me@[::1]:2222/run/docker.sock", ssh("me", "::1", 2222, "/run/docker.sock")),
        ] {
            assert_eq!(text.parse::<Address>().unwrap(), address, "{text}");
        }
        assert_eq!(tcp("::1", 2376).to_string(), "tcp://[::1]:2376");
        assert_eq!(ssh("me", "engine", 22, DEFAULT_SOCKET).to_string(), "ssh://me@engine:22");
        assert_eq!(ssh("me", "::1", 22, "/run/docker.sock").to_string(), "ssh://me@[::1]:22/run/docker.sock");
    }

    #[test]
    fn tls_and_paths_are_told_beside_the_address() {
        let read = |text, tls| DockerHost::read(text, tls).unwrap();
        let found = |text, tls| {
            let DockerHost { address, tls, base_path } = read(text, tls);
            (address.to_string(), tls, base_path)
        };
        for (text, asked, (address, tls, base_path)) in [
            ("", true, ("tcp://localhost:2376", true, "")),
            ("tcp://engine", true, ("tcp://engine:2376", true, "")),
            ("https://engine", false, ("tcp://engine:2376", true, "")),
            ("http://engine", true, ("tcp://engine:2375", false, "")),
            ("unix:///run/d", true, ("unix:///run/d", false, "")),
            ("ssh://me@engine", true, ("ssh://me@engine:22", false, "")),
            ("tcp://engine:1/api/docker/", false, ("tcp://engine:1", false, "/api/docker")),
        ] {
            assert_eq!(found(text, asked), (address.to_owned(), tls, base_path.to_owned()), "{text}");
        }
        assert!("tcp://engine/docker".parse::<Address>().is_err());
    }

    #[test]
    fn refuses_what_it_cannot_mean_and_repeats_no_password() {
        for text in [
            "unix://run",
            "unix:",
            "/run/docker.sock",
            "http://",
            "tcp://a:b",
            "tcp://a:99999",
            "tcp://a:+1",
            "tcp://a?b",
            "tcp://u:s3cret@a",
            "tcp://a b",
            "tcp://[::1",
            "tcp://[::1]x",
            "tcp://::1:2375:x",
            "ftp://a",
            "fd://",
            "npipe:////./pipe/docker_engine",
            "ssh://",
            "ssh://u@",
            "ssh://u:s3cret@a",
            "ssh://a:b",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert_eq!(
                (error.kind(), error.subject()),
                (ErrorKind::InvalidRequest, Some(Subject::Address)),
                "{text}"
            );
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn knows_hosts() {
        for host in ["engine", "a.b.", "docker_engine", "192.0.2.1", "0", "::1", "fe80::1%eth0"] {
            assert!(is_host(host), "{host}");
        }
        for other in
            ["", "[::1]", "192.0.2.256", "a..b", ".a", "-a", "a b", "a\nb", "bücher", "fe80::1%", "*"]
        {
            assert!(!is_host(other), "{other}");
        }
        assert!(!is_host(&"a".repeat(64)) && !is_host(&"a.".repeat(128)));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in ".{0,40}", tls: bool) {
            let _or_not = DockerHost::read(&text, tls);
        }
    }
}
