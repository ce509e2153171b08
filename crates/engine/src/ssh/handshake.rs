//! From a TCP connection to a session that is signed in.

use std::sync::{Arc, Mutex, PoisonError};

use russh::{
    AlgorithmKind,
    client::{self, AuthResult, DisconnectReason, Handle},
    keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate},
};
use tokio::net::TcpStream;

use super::{Client, HostKeys, Target, fault, fingerprint};
use crate::{Error, ErrorKind, Remedy, Subject};

/// A session. Dropping it ends it.
pub(super) struct Session {
    pub(super) handle: Handle<Visitor>,
    seen: Arc<Mutex<Seen>>,
}

/// What the server showed and said, for errors.
#[derive(Default)]
struct Seen {
    /// The key that it came with.
    key: Option<String>,
    /// Why it ended the session, in its own words.
    farewell: Option<String>,
}

/// What russh asks us, and tells us, while the session lives.
pub(super) struct Visitor {
    host_keys: HostKeys,
    seen: Arc<Mutex<Seen>>,
}

impl Visitor {
    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl client::Handler for Visitor {
    type Error = russh::Error;

    async fn check_server_key(&mut self, presented: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = presented else { return Ok(false) };
        self.note(|seen| seen.key = Some(fingerprint(key)));
        Ok(self.host_keys.accept(key))
    }

    async fn disconnected(&mut self, reason: DisconnectReason<russh::Error>) -> Result<(), russh::Error> {
        match reason {
            DisconnectReason::ReceivedDisconnect(told) => {
                self.note(|seen| seen.farewell = Some(told.message));
                Ok(())
            }
            DisconnectReason::Error(error) => Err(error),
        }
    }
}

/// Agrees on keys with the server, and makes sure that it is the right one.
pub(super) async fn begin(
    client: &Client,
    connection: TcpStream,
    target: &Target<'_>,
) -> Result<Session, Error> {
    let seen = Arc::<Mutex<Seen>>::default();
    let visitor = Visitor { host_keys: client.host_keys.clone(), seen: Arc::clone(&seen) };
    match client::connect_stream(Arc::clone(&client.config), connection, visitor).await {
        Ok(handle) => Ok(Session { handle, seen }),
        Err(error) => {
            let key = seen.lock().unwrap_or_else(PoisonError::into_inner).key.take();
            Err(refused(error, key, target))
        }
    }
}

fn refused(error: russh::Error, key: Option<String>, target: &Target<'_>) -> Error {
    let server = &target.server;
    let made = match &error {
        russh::Error::UnknownKey => fault(format!(
            "{server} has a different host key than the trusted one: {}",
            key.as_deref().unwrap_or("none that is known here")
        ))
        .mend(Remedy::RenewHostKey)
        .hint("Use a fingerprint of the key type that is named here"),
        russh::Error::NoCommonAlgo { kind: AlgorithmKind::Key, ours, theirs } => fault(format!(
            "{server} has no host key of the kinds that are trusted ({}), but {}",
            ours.join(", "),
            plain(&theirs.join(", "))
        ))
        .mend(Remedy::RenewHostKey),
        russh::Error::NoCommonAlgo { kind, theirs, .. } => {
            fault(format!("{server} offers no safe {kind:?} algorithm, only {}", plain(&theirs.join(", "))))
                .hint("The server's software is old: upgrade it")
        }
        russh::Error::Version => Error::new(ErrorKind::Protocol, format!("{server} does not speak SSH"))
            .hint("Check the port: SSH's is 22"),
        russh::Error::Disconnect | russh::Error::HUP | russh::Error::IO(_) => Error::new(
            ErrorKind::Unreachable,
            format!("{server} closed the connection during the SSH handshake"),
        )
        .hint("Check that the port speaks SSH; a busy server closes new connections (MaxStartups)"),
        other => fault(format!("the SSH handshake with {server} failed: {other}")),
    };
    made.with_source(error)
}

impl Session {
    /// Signs in with the key.
    pub(super) async fn sign_in(&mut self, client: &Client, target: &Target<'_>) -> Result<(), Error> {
        let (user, key) = (target.user, client.key.public_key());
        let ended = |error| self.ended(target).with_source(error);
        let hash = match key.algorithm() {
            Algorithm::Rsa { .. } => match self.handle.best_supported_rsa_hash().await.map_err(ended)? {
                Some(None) => {
                    return Err(fault(format!(
                        "{} accepts RSA keys only with SHA-1, which is not safe",
                        target.server
                    ))
                    .hint("Upgrade the server, or sign in with an Ed25519 key"));
                }
                Some(hash) => hash,
                None => Some(HashAlg::Sha512),
            },
            _ => None,
        };
        let key_with_hash = PrivateKeyWithHashAlg::new(Arc::clone(&client.key), hash);
        let result = self.handle.authenticate_publickey(user, key_with_hash).await;
        match result.map_err(|error| self.ended(target).with_source(error))? {
            AuthResult::Success => Ok(()),
            AuthResult::Failure { remaining_methods, .. } if remaining_methods.is_empty() => {
                // No method is left, or nobody is there to say which.
                Err(self.ended(target))
            }
            AuthResult::Failure { remaining_methods, partial_success } => {
                let methods: Vec<&str> = remaining_methods.iter().map(<&str>::from).collect();
                Err(not_let_in(key, target, partial_success, &methods))
            }
        }
    }

    /// The session ended before it was of use: for a reason that the server gave, or it was just gone.
    pub(super) fn ended(&self, target: &Target<'_>) -> Error {
        let farewell = self.seen.lock().unwrap_or_else(PoisonError::into_inner).farewell.take();
        let (server, user) = (&target.server, target.user);
        match farewell {
            Some(why) => Error::new(
                ErrorKind::Unauthorized,
                format!("{server} ended the session of {user}: {}", plain(&why)),
            )
            .mend(Remedy::CheckSshSignIn)
            .hint("The server's log says more"),
            None => Error::new(ErrorKind::Unreachable, format!("{server} closed the connection of {user}"))
                .hint("Look at the server's log, and at the network between"),
        }
    }
}

fn not_let_in(key: &PublicKey, target: &Target<'_>, partly: bool, methods: &[&str]) -> Error {
    let (user, server, key, methods) = (target.user, &target.server, fingerprint(key), methods.join(", "));
    if partly {
        return Error::new(
            ErrorKind::Unauthorized,
            format!("{server} accepts the key ({key}) of {user}, but also requires {methods}"),
        )
        .hint("Let this user in by its key alone: AuthenticationMethods in the server's sshd_config");
    }
    let error = Error::new(
        ErrorKind::Unauthorized,
        format!("{server} does not accept this key ({key}) for {user}; it offers {methods}"),
    );
    error.mend(Remedy::Check(Subject::SshUser)).hint(format!(
        "Add the public key to ~{user}/.ssh/authorized_keys. Only that user may have write access to it"
    ))
}

/// What a server said, on one line of bounded length.
pub(super) fn plain(text: &str) -> String {
    text.trim().chars().take(300).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
