//! Where an engine listens: a unix socket, or a host and port.

use std::{fmt, path::PathBuf, str::FromStr};

use crate::{Error, ErrorKind};

/// The address of an engine. Reads the forms of `DOCKER_HOST`: `unix:///run/docker.sock`, `tcp://host:2375`.
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
}

impl Address {
    /// The `Host` header and the authority of a URL: `localhost` for a unix socket.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Unix(_) => "localhost".into(),
            Self::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port } => format!("{host}:{port}"),
        }
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |why: &str| {
            Error::new(ErrorKind::InvalidRequest, format!("{text:?} is not an engine's address: {why}"))
                .hint("Write unix:///var/run/docker.sock or tcp://host:2376")
        };
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(|| refuse("it has no scheme"))?;
        let default_port = match scheme {
            "unix" if rest.starts_with('/') => return Ok(Self::Unix(rest.into())),
            "unix" => return Err(refuse("the socket's path must be absolute")),
            "tcp" | "http" => 2375,
            "https" => 2376,
            other => return Err(refuse(&format!("{other:?} is not a scheme known here"))),
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
        Ok(Self::Tcp { host: host.into(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { .. } => write!(f, "tcp://{}", self.authority()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_docker_hosts_forms() {
        let tcp = |host: &str, port| Address::Tcp { host: host.into(), port };
        for (text, address) in [
            ("unix:///run/docker.sock", Address::Unix("/run/docker.sock".into())),
            ("tcp://engine:2376", tcp("engine", 2376)),
            ("tcp://engine", tcp("engine", 2375)),
            ("https://engine/", tcp("engine", 2376)),
            ("tcp://[::1]:2376", tcp("::1", 2376)),
        ] {
            assert_eq!(text.parse::<Address>().unwrap(), address, "{text}");
        }
        assert_eq!(tcp("::1", 2376).to_string(), "tcp://[::1]:2376");
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
            "tcp://[::1",
        ] {
            assert_eq!(text.parse::<Address>().unwrap_err().kind(), ErrorKind::InvalidRequest, "{text}");
        }
    }
}
