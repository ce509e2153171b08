//! Where an engine listens: a unix socket, a host and port, or a socket behind an SSH server.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::{DEFAULT_SOCKET, Error, ErrorKind};

/// The address of an engine. Reads the forms of `DOCKER_HOST`: `unix:///run/docker.sock`, `tcp://host:2375`,
/// `ssh://user@host:22/run/docker.sock`.
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

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::new(ErrorKind::InvalidRequest, format!("{text:?} is not an engine's address: {why}"))
                .hint("Write unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host")
        };
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(|| refuse("it has no scheme"))?;
        let default_port = match scheme {
            "unix" if rest.starts_with('/') => return Ok(Self::Unix(rest.into())),
            "unix" => return Err(refuse("the socket's path must be absolute")),
            "tcp" | "http" => 2375,
            "https" => 2376,
            "ssh" => 22,
            other => return Err(refuse(&format!("{other:?} is not a scheme known here"))),
        };
        let (rest, socket) = match rest.find('/') {
            Some(slash) if scheme == "ssh" => rest.split_at(slash),
            _ => (rest, ""),
        };
        // A user of a domain holds an @ itself.
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) if scheme == "ssh" && !user.is_empty() => (Some(user), rest),
            _ if scheme == "ssh" => return Err(refuse("it names no user")),
            _ => (None, rest),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '@', '?', '#']) {
            return Err(refuse("only a host and a port may follow the scheme"));
        }
        let (host, port) = match rest.strip_prefix('[') {
            Some(v6) => v6.split_once(']').ok_or_else(|| refuse("the bracket is not closed"))?,
            None => rest.find(':').map_or((rest, ""), |colon| rest.split_at(colon)),
        };
        let port = match port.strip_prefix(':') {
            Some(port) => port.parse().map_err(|_| refuse("the port is not a number up to 65535"))?,
            None if port.is_empty() => default_port,
            None => return Err(refuse("a port follows a colon")),
        };
        if host.is_empty() {
            return Err(refuse("it names no host"));
        }
        let host = host.to_owned();
        Ok(match user {
            None => Self::Tcp { host, port },
            Some(user) => {
                let socket = if socket.trim_matches('/').is_empty() { DEFAULT_SOCKET } else { socket };
                Self::Ssh { user: user.into(), host, port, socket: socket.into() }
            }
        })
    }
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

    #[test]
    fn reads_docker_hosts_forms() {
        let tcp = |host: &str, port| Address::Tcp { host: host.into(), port };
        let ssh = |host: &str, port, socket: &str| Address::Ssh {
            user: "me".into(),
            host: host.into(),
            port,
            socket: socket.into(),
        };
        for (text, address) in [
            ("unix:///run/docker.sock", Address::Unix("/run/docker.sock".into())),
            ("tcp://engine:2376", tcp("engine", 2376)),
            ("tcp://engine", tcp("engine", 2375)),
            ("https://engine/", tcp("engine", 2376)),
            ("tcp://[::1]:2376", tcp("::1", 2376)),
            ("ssh://me@engine", ssh("engine", 22, DEFAULT_SOCKET)),
            ("ssh://me@engine/run/a@b", ssh("engine", 22, "/run/a@b")),
            ("ssh://me@engine:2222/", ssh("engine", 2222, DEFAULT_SOCKET)),
            ("ssh://me@[::1]:2222/run/docker.sock", ssh("::1", 2222, "/run/docker.sock")),
        ] {
            assert_eq!(text.parse::<Address>().unwrap(), address, "{text}");
        }
        assert_eq!(tcp("::1", 2376).to_string(), "tcp://[::1]:2376");
        assert_eq!(ssh("engine", 22, DEFAULT_SOCKET).to_string(), "ssh://me@engine:22");
        assert_eq!(ssh("::1", 22, "/run/docker.sock").to_string(), "ssh://me@[::1]:22/run/docker.sock");
    }

    #[test]
    fn refuses_what_it_cannot_mean() {
        for text in [
            "",
            "engine",
            "unix://run",
            "tcp://",
            "tcp://a:b",
            "tcp://a/b",
            "tcp://u@a",
            "ftp://a",
            "ssh://a",
            "ssh://@a",
            "ssh://u@",
            "tcp://[::1",
        ] {
            assert_eq!(text.parse::<Address>().unwrap_err().kind(), ErrorKind::InvalidRequest, "{text}");
        }
    }
}
