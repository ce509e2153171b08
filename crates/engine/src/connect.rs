//! Makes a connection: socket, proxy, TLS or SSH. Every failure says which of them it was.

use std::{
    cell::Cell,
    io,
    os::fd::{AsRawFd, RawFd},
    sync::Arc,
    time::Instant,
};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use crate::{
    Address, Error, ErrorKind, Remedy, Settings, Subject,
    address::authority,
    dial::{Undialed, dial},
    driver::{Driver, Stopped},
    interrupt,
    socket::{Socket, Wait},
    ssh,
    stage::Stage,
};

/// A byte stream to the engine, whatever carries it.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What the way to an engine needs besides its address, checked and made once.
pub(crate) struct Way {
    tls: Option<Arc<ClientConfig>>,
    ssh: Option<ssh::Client>,
}

impl Way {
    /// Checks certificates and keys.
    pub(crate) fn of(settings: &Settings) -> Result<Self, Error> {
        let tls = settings.tls.as_ref().map(crate::Tls::config).transpose()?;
        let ssh = settings.ssh.as_ref().map(ssh::Client::of).transpose()?;
        Ok(Self { tls, ssh })
    }

    /// Whether TLS goes all the way to the engine.
    pub(crate) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

/// A connection as it was made.
pub(crate) struct Connection {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) carrier: Carrier,
    pub(crate) driver: Driver,
}

/// What carries a connection.
#[derive(Clone, Copy)]
pub(crate) struct Carrier {
    pub(crate) socket: RawFd,
    /// Whether it speaks also when no request is under way, as SSH does.
    pub(crate) is_talkative: bool,
    /// Whether the engine itself was reached, and not only what leads to it.
    pub(crate) is_proven: bool,
}

/// Connects within `until`.
pub(crate) fn connect(settings: &Settings, way: &Way, until: Instant) -> Result<Connection, Error> {
    let stage = Cell::new(Stage::Network);
    let wait = Arc::<Wait>::default();
    let driver = Driver::thread(Arc::clone(&wait));
    let in_time = |stopped| match stopped {
        Stopped::Interrupted => interrupt::interrupted(),
        Stopped::Elapsed => stage.get().too_late(&settings.address),
    };
    let (stream, socket) = match &settings.address {
        Address::Unix(path) => {
            let socket =
                Socket::to_path(path, &wait).map_err(|error| unreachable(&settings.address, error))?;
            let descriptor = socket.as_raw_fd();
            (Box::new(socket) as Box<dyn Stream>, descriptor)
        }
        Address::Tcp { host, port } => match &settings.proxy {
            Some(proxy) => {
                let socket = proxy.dial(&settings.address, until, &wait)?;
                let secured = async {
                    let tunnel = proxy.connect(socket, host, *port, &stage).await?;
                    secure(tunnel, host, settings, way, &stage).await
                };
                driver.drive(until, secured).map_err(in_time)??
            }
            None => {
                let socket = reach(&settings.address, host, *port, until, &wait)?;
                driver.drive(until, secure(socket, host, settings, way, &stage)).map_err(in_time)??
            }
        },
        Address::Ssh { user, host, port, socket: path } => {
            let Some(client) = &way.ssh else {
                let message = "an address by SSH needs a key and host keys";
                return Err(Error::new(ErrorKind::InvalidRequest, message));
            };
            let reached = reach(&settings.address, host, *port, until, &wait)?;
            let socket = reached.as_raw_fd(); // stays the same
            let server = format!("the SSH server {}", authority(host, *port));
            let target = ssh::Target { user, server, socket: path };
            let driver = Driver::runtime()?;
            let opened = driver.drive(until, async {
                let stream = reached.into_tokio().map_err(|error| unreachable(&settings.address, error))?;
                client.open(stream, &target, &stage).await
            });
            let stream = opened.map_err(in_time)??;
            let carrier = Carrier { socket, is_talkative: true, is_proven: stream.is_proven() };
            return Ok(Connection { stream: Box::new(stream), carrier, driver });
        }
    };
    let carrier = Carrier { socket, is_talkative: false, is_proven: true };
    Ok(Connection { stream, carrier, driver })
}

/// The host of an address, by TCP.
fn reach(
    address: &Address,
    host: &str,
    port: u16,
    until: Instant,
    wait: &Arc<Wait>,
) -> Result<Socket, Error> {
    dial(host, port, Subject::Address, until, wait).map_err(|undialed| match undialed {
        Undialed::Never(error) => error,
        Undialed::Failed(error) => unreachable(address, error),
        Undialed::Late(None) => Stage::Network.too_late(address),
        Undialed::Late(Some(tried)) => Stage::Network.too_late(address).and(&tried),
    })
}

/// TLS over a stream, if that is wanted.
async fn secure(
    stream: impl Stream + AsRawFd + 'static,
    host: &str,
    settings: &Settings,
    way: &Way,
    stage: &Cell<Stage>,
) -> Result<(Box<dyn Stream>, RawFd), Error> {
    let socket = stream.as_raw_fd();
    let Some(config) = &way.tls else { return Ok((Box::new(stream), socket)) };
    stage.set(Stage::Tls);
    let name = settings.tls.as_ref().and_then(|tls| tls.server_name.as_deref()).unwrap_or(host);
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| Error::new(ErrorKind::InvalidRequest, format!("{name:?} cannot be a server's name")))?;
    let connector = TlsConnector::from(Arc::clone(config));
    let stream =
        connector.connect(name, stream).await.map_err(|error| handshake_failed(&settings.address, error))?;
    Ok((Box::new(stream), socket))
}

fn unreachable(address: &Address, error: io::Error) -> Error {
    let hint = match (address, error.kind()) {
        (Address::Unix(path), io::ErrorKind::NotFound) => {
            format!("There is no socket {}: check the path, and that the engine is running", path.display())
        }
        (Address::Unix(path), io::ErrorKind::PermissionDenied) => {
            format!(
                "This user cannot use {}. Usually, the user must be a member of the group docker",
                path.display()
            )
        }
        (_, io::ErrorKind::ConnectionRefused) => {
            "Nothing listens there. Check the address, and that the engine is running".into()
        }
        _ => "Check the address, the port and the network".into(),
    };
    Error::new(ErrorKind::Unreachable, format!("no connection to {address}: {error}"))
        .hint(hint)
        .with_source(error)
}

/// What a failed TLS handshake, or an alert after it, means.
pub(crate) fn handshake_failed(address: &Address, error: io::Error) -> Error {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error as Tls};
    let failed =
        |what: &str| Error::new(ErrorKind::Tls, format!("no secure connection to {address}: {what}"));
    let told = match tls_error(&error) {
        Some(Tls::InvalidMessage(_)) => failed("it does not speak TLS").mend(Remedy::UsePlainHttp),
        // A bad signature is how an authority shows itself that was made anew under its old name.
        Some(Tls::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature)) => {
            failed("its certificate is not signed by a trusted CA").mend(Remedy::TrustAuthority)
        }
        Some(Tls::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. })) => {
            failed("its certificate has expired")
                .hint("Renew the engine's certificate, or check this machine's clock")
        }
        Some(Tls::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. })) => {
            failed("its certificate is not valid yet").hint("Check the clocks of both machines")
        }
        Some(Tls::InvalidCertificate(bad @ (Bad::NotValidForName | Bad::NotValidForNameContext { .. }))) => {
            failed(&format!("its certificate is for another name ({bad})")).mend(Remedy::UseItsName)
        }
        Some(Tls::InvalidCertificate(Bad::ApplicationVerificationFailure)) => {
            failed("neither its certificate nor its key is pinned").mend(Remedy::RenewPin)
        }
        Some(Tls::InvalidCertificate(Bad::Other(why))) => refused_by_webpki(&why.to_string(), failed),
        Some(Tls::InvalidCertificate(bad)) => {
            failed(&format!("its certificate is refused: {bad}")).hint("Check the engine's certificate")
        }
        Some(Tls::AlertReceived(
            Alert::CertificateRequired
            | Alert::BadCertificate
            | Alert::UnknownCA
            | Alert::CertificateUnknown
            | Alert::CertificateExpired
            | Alert::CertificateRevoked
            | Alert::AccessDenied,
        )) => {
            failed(&format!("it refuses the client certificate: {error}")).mend(Remedy::GiveClientCertificate)
        }
        Some(Tls::AlertReceived(Alert::HandshakeFailure)) => failed("it ended the handshake")
            .mend(Remedy::OfferClientCertificate)
            .hint("Or it supports no safe cipher"),
        _ if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
            failed("the connection ended during the handshake")
                .hint("Check that the port speaks TLS, and whether it asks for a client certificate")
        }
        _ => failed(&format!("the TLS handshake failed: {error}"))
            .mend(Remedy::CheckAddress)
            .hint("Check the certificates, too"),
    };
    told.with_source(error)
}

/// Faults that rustls has no word of its own for.
fn refused_by_webpki(why: &str, failed: impl Fn(&str) -> Error) -> Error {
    if why.contains("UnsupportedCertVersion") {
        failed("its certificate has the old format X.509 v1")
            .hint("Create an X.509 v3 certificate for the engine, with its name as subjectAltName")
    } else if why.contains("CaUsedAsEndEntity") {
        failed("its certificate is a CA certificate").mend(Remedy::TrustCertificate)
    } else {
        failed(&format!("its certificate is refused: {why}")).hint("Check the engine's certificate")
    }
}

/// The TLS fault within an I/O error, if that is what it carries.
pub(crate) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
