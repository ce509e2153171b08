//! SSH: who we are, whom to trust, and the way to the engine's socket behind it.

mod handshake;
mod host_keys;
mod key;
mod relay;
mod stream;

use std::{borrow::Cow, cell::Cell, fmt, sync::Arc, time::Duration};

use russh::{
    Preferred,
    client::Config,
    keys::{PrivateKey, ssh_key},
};
use secrecy::{SecretSlice, SecretString};
use tokio::net::TcpStream;

pub use self::host_keys::HostKeys;
pub(crate) use self::stream::Stream;
use crate::{Error, ErrorKind, stage::Stage};

/// The engine's socket, unless another is named.
pub const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// A server that says nothing for so long is asked whether it is alive; after three questions the connection is given up.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// SSH settings: the key that signs in, and the keys that the server may have.
#[derive(Clone)]
pub struct Ssh {
    /// The private key: OpenSSH's own form, or PEM (PKCS#8, PKCS#1, SEC1), also encrypted. Ed25519, ECDSA, RSA.
    pub key: SecretSlice<u8>,
    /// What opens the key, if it is encrypted.
    pub passphrase: Option<SecretString>,
    /// The server's keys. Any other ends the connection before anything is said.
    pub host_keys: HostKeys,
}

impl fmt::Debug for Ssh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ssh").field("host_keys", &self.host_keys).finish_non_exhaustive()
    }
}

/// Where to go and as whom.
pub(crate) struct Target<'a> {
    pub(crate) user: &'a str,
    /// The server, for people.
    pub(crate) server: String,
    /// The engine's socket on the server's machine.
    pub(crate) socket: &'a str,
}

/// What every connection of one configuration needs, checked and made once.
pub(crate) struct Client {
    key: Arc<PrivateKey>,
    host_keys: HostKeys,
    config: Arc<Config>,
}

impl Client {
    /// Reads the key. Each fault says which setting it was found in.
    pub(crate) fn of(settings: &Ssh) -> Result<Self, Error> {
        let key = Arc::new(key::read(settings)?);
        let preferred =
            Preferred { key: Cow::Owned(settings.host_keys.algorithms()), ..Preferred::default() };
        let config = Arc::new(Config {
            client_id: russh::SshId::Standard(Cow::Borrowed(concat!(
                "SSH-2.0-fsr-docker_",
                env!("CARGO_PKG_VERSION")
            ))),
            keepalive_interval: Some(KEEP_ALIVE),
            preferred,
            ..Config::default()
        });
        Ok(Self { key, host_keys: settings.host_keys.clone(), config })
    }

    /// Signs in and reaches the engine's socket. The caller bounds the time; `stage` tells it what was waited for.
    pub(crate) async fn open(
        &self,
        connection: TcpStream,
        target: &Target<'_>,
        stage: &Cell<Stage>,
    ) -> Result<Stream, Error> {
        take_own_randomness()?;
        stage.set(Stage::SshHandshake);
        let mut session = handshake::begin(self, connection, target).await?;
        stage.set(Stage::SshSignIn);
        session.sign_in(self, target).await?;
        stage.set(Stage::SshSocket);
        session.reach_socket(target).await
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// Makes this thread's random numbers its own. russh draws session keys from a generator that each thread keeps, and a
/// `fork()` copies it: without this, workers of one parent would make the same keys.
pub(crate) fn take_own_randomness() -> Result<(), Error> {
    thread_local! {
        static SEEDED_IN: Cell<u32> = const { Cell::new(0) };
    }
    let pid = std::process::id();
    if SEEDED_IN.get() != pid {
        rand::rng()
            .reseed()
            .map_err(|error| fault(format!("the system gives no random numbers: {error}")))?;
        SEEDED_IN.set(pid);
    }
    Ok(())
}

/// A key's kind and SHA-256, as `ssh-keygen -l` shows them.
fn fingerprint(key: &ssh_key::PublicKey) -> String {
    format!("{} {}", key.algorithm(), key.fingerprint(ssh_key::HashAlg::Sha256))
}

fn fault(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Ssh, message)
}
