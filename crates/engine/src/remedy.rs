//! Which setting an error is about, and what to do about it: facts, which each program words for its own users.
//!
//! This crate does not know where its settings come from. A form has fields, a command line has flags and variables.

use std::{borrow::Cow, fmt};

/// A setting that an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Whether HTTP, HTTPS, a unix socket or SSH leads to the engine.
    Protocol,
    /// The engine's host, or the path of its socket.
    Address,
    /// The engine's port.
    Port,
    /// What signs requests in, other than a client certificate.
    SignIn,
    /// The certificates of the authorities to trust.
    Ca,
    /// The client certificate.
    ClientCertificate,
    /// The client certificate's private key.
    ClientKey,
    /// The passphrase of the client certificate's private key.
    KeyPassphrase,
    /// The keys or certificates that are pinned.
    Pin,
    /// The name that the engine's certificate must carry.
    ServerName,
    /// The HTTP proxy, as the settings name it.
    Proxy,
    /// The HTTP proxy, as this variable of the environment names it.
    ProxyOfEnvironment(&'static str),
    /// The user who signs in by SSH.
    SshUser,
    /// The private key that signs in by SSH.
    SshKey,
    /// The passphrase of the private key that signs in by SSH.
    SshPassphrase,
    /// The keys that the SSH server may have.
    HostKey,
    /// The engine's socket on the SSH server's machine.
    SshSocket,
    /// The API version to speak.
    ApiVersion,
    /// The bound on each wait for an answer.
    Timeout,
    /// The bound on each wait for a connection.
    ConnectTimeout,
    /// The most connections at a time.
    MaxConnections,
    /// The most requests in a minute.
    RateLimit,
}

impl Subject {
    /// All of them, for tests of how a program words them.
    pub const ALL: &[Self] = &[
        Self::Protocol,
        Self::Address,
        Self::Port,
        Self::SignIn,
        Self::Ca,
        Self::ClientCertificate,
        Self::ClientKey,
        Self::KeyPassphrase,
        Self::Pin,
        Self::ServerName,
        Self::Proxy,
        Self::ProxyOfEnvironment("HTTPS_PROXY"),
        Self::SshUser,
        Self::SshKey,
        Self::SshPassphrase,
        Self::HostKey,
        Self::SshSocket,
        Self::ApiVersion,
        Self::Timeout,
        Self::ConnectTimeout,
        Self::MaxConnections,
        Self::RateLimit,
    ];
}

/// Names the setting as Docker's documentation does.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Protocol => "the protocol",
            Self::Address => "the address",
            Self::Port => "the port",
            Self::SignIn => "the sign-in",
            Self::Ca => "the CA certificate",
            Self::ClientCertificate => "the client certificate",
            Self::ClientKey => "the client key",
            Self::KeyPassphrase => "the client key's passphrase",
            Self::Pin => "the pin",
            Self::ServerName => "the server's name",
            Self::Proxy => "the proxy",
            Self::ProxyOfEnvironment(variable) => variable,
            Self::SshUser => "the SSH user",
            Self::SshKey => "the SSH key",
            Self::SshPassphrase => "the SSH key's passphrase",
            Self::HostKey => "the SSH host key",
            Self::SshSocket => "the socket on the SSH server",
            Self::ApiVersion => "the API version",
            Self::Timeout => "the timeout",
            Self::ConnectTimeout => "the connection timeout",
            Self::MaxConnections => "the limit of connections",
            Self::RateLimit => "the rate limit",
        })
    }
}

/// What to do about an error, where that is to change or to look at a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Look at this setting.
    Check(Subject),
    /// Look at everything that leads to the engine: its protocol, address and port.
    CheckAddress,
    /// Look at who signs in by SSH, and with which key.
    CheckSshSignIn,
    /// Give this setting: it is needed.
    Give(Subject),
    /// Raise this limit.
    Raise(Subject),
    /// Lower this limit.
    Lower(Subject),
    /// The engine's port speaks TLS: use HTTPS.
    UseTls,
    /// The engine's port does not speak TLS: use plain HTTP if that is meant, or the TLS port.
    UsePlainHttp,
    /// Trust the authority that signed the engine's certificate.
    TrustAuthority,
    /// Trust the engine's certificate itself.
    TrustCertificate,
    /// Reach the engine by a name that its certificate carries, or say which name that is.
    UseItsName,
    /// Pin the new key, if the engine was given one.
    RenewPin,
    /// Give a client certificate that the engine's authority has signed.
    GiveClientCertificate,
    /// The engine may require a client certificate, or not accept the given one.
    OfferClientCertificate,
    /// Trust the SSH server's new key, if it was given one.
    RenewHostKey,
    /// Agree with the engine on an API version instead of speaking a fixed one.
    NegotiateVersion,
    /// Give the user and password for the proxy.
    SignInToProxy(Subject),
    /// Use no proxy, if there is a direct way.
    UseNoProxy,
}

impl Remedy {
    /// All of them, for tests of how a program words them.
    pub const ALL: &[Self] = &[
        Self::Check(Subject::Address),
        Self::Check(Subject::SignIn),
        Self::Check(Subject::KeyPassphrase),
        Self::Check(Subject::SshPassphrase),
        Self::Check(Subject::SshUser),
        Self::Check(Subject::SshSocket),
        Self::Check(Subject::Proxy),
        Self::Check(Subject::ProxyOfEnvironment("HTTPS_PROXY")),
        Self::CheckAddress,
        Self::CheckSshSignIn,
        Self::Give(Subject::KeyPassphrase),
        Self::Give(Subject::SshPassphrase),
        Self::Raise(Subject::Timeout),
        Self::Raise(Subject::ConnectTimeout),
        Self::Raise(Subject::MaxConnections),
        Self::Raise(Subject::RateLimit),
        Self::Lower(Subject::RateLimit),
        Self::UseTls,
        Self::UsePlainHttp,
        Self::TrustAuthority,
        Self::TrustCertificate,
        Self::UseItsName,
        Self::RenewPin,
        Self::GiveClientCertificate,
        Self::OfferClientCertificate,
        Self::RenewHostKey,
        Self::NegotiateVersion,
        Self::SignInToProxy(Subject::Proxy),
        Self::SignInToProxy(Subject::ProxyOfEnvironment("HTTPS_PROXY")),
        Self::UseNoProxy,
    ];
}

/// How a program's users know the settings.
pub trait Wording: Sync {
    /// The setting's name, as it begins a sentence and as it stands in one.
    fn subject(&self, subject: Subject) -> Cow<'static, str>;

    /// What to do, as a sentence without its full stop.
    fn remedy(&self, remedy: Remedy) -> String;
}
