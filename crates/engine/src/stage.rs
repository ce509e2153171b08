//! How far a connection that is being made has come: what to say when its time is up.

use crate::{Address, Error, ErrorKind, Remedy, Subject};

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Network,
    Proxy,
    Tls,
    SshHandshake,
    SshSignIn,
    SshSocket,
}

impl Stage {
    /// The time is up.
    pub(crate) fn too_late(self, address: &Address) -> Error {
        let (what, hint) = match self {
            Self::Network => ("", "Check the address, the port and any firewalls"),
            Self::Proxy => (": the proxy did not open the connection", "Check the proxy"),
            Self::Tls => (": the TLS handshake did not end", "Check that the port speaks TLS"),
            Self::SshHandshake => {
                (": the SSH handshake did not end", "Check that an SSH server listens there")
            }
            Self::SshSignIn => (": the SSH server did not answer the sign-in", "Look at its log"),
            Self::SshSocket => {
                (": the SSH server did not open the way to the engine's socket", "Look at its log")
            }
        };
        Error::new(ErrorKind::Unreachable, format!("no connection to {address} in time{what}"))
            .mend(Remedy::Raise(Subject::ConnectTimeout))
            .hint(hint)
    }
}
