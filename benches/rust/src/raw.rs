//! The floor: a socket kept open, written to and read from in a loop.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    sync::Arc,
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _},
};

use crate::{Outcome, Peer, certificate, each, given, together::together, unknown};

/// Its connections, each opened at first use.
pub struct Raw {
    unix: UnixStream,
    tls: Option<StreamOwned<ClientConnection, TcpStream>>,
}

impl Raw {
    pub fn new() -> Outcome<Self> {
        Ok(Self { unix: over_unix()?, tls: None })
    }
}

impl Peer for Raw {
    fn work(&mut self, name: &str, count: usize, argument: &str) -> Outcome<Vec<f64>> {
        match name {
            "ping" => each(count, || ping(&mut self.unix)),
            "ping_tls" => {
                let tls = match self.tls.take() {
                    Some(tls) => tls,
                    None => over_tls()?,
                };
                let tls = self.tls.insert(tls);
                each(count, || ping(tls))
            }
            "threads" => {
                let work = || {
                    let mut unix = over_unix()?;
                    Ok(move || ping(&mut unix))
                };
                (0..count).map(|_| together(argument.parse()?, work)).collect()
            }
            other => unknown(other),
        }
    }
}

fn over_unix() -> Outcome<UnixStream> {
    Ok(UnixStream::connect(given("ENGINE_SOCKET")?)?)
}

fn over_tls() -> Outcome<StreamOwned<ClientConnection, TcpStream>> {
    let address = given("ENGINE_TLS")?;
    let host = address.split(':').next().unwrap_or_default().to_owned();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&fs::read(certificate("ca.pem")?)?)?)?;
    let chain = vec![CertificateDer::from_pem_slice(&fs::read(certificate("cert.pem")?)?)?];
    let key = PrivateKeyDer::from_pem_slice(&fs::read(certificate("key.pem")?)?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?;
    let stream = TcpStream::connect(&address)?;
    stream.set_nodelay(true)?;
    let connection = ClientConnection::new(Arc::new(config), ServerName::try_from(host)?)?;
    Ok(StreamOwned::new(connection, stream))
}

fn ping(stream: &mut (impl Read + Write)) -> Outcome<()> {
    let mut answer = [0; 4096];
    stream.write_all(b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n")?;
    let mut length = 0;
    while !answer[..length].ends_with(b"\r\n\r\nOK") {
        match stream.read(&mut answer[length..])? {
            0 => return Err("the engine answered something else".into()),
            more => length += more,
        }
    }
    Ok(())
}
