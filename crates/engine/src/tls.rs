//! TLS: whom to trust, and who we are.

mod certificates;
mod key;
mod verifier;

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    client::WebPkiServerVerifier,
    crypto::{CryptoProvider, ring},
};
use secrecy::{SecretSlice, SecretString};

pub use self::verifier::Pin;
use self::{certificates::Certificates, verifier::Verifier};
use crate::{Error, ErrorKind, Subject};

/// TLS settings. By default the server is verified against the system's certificates.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Certificates (PEM) of the authorities to trust, instead of the system's. A server's own certificate among them is
    /// trusted as exactly that one.
    pub ca: Option<Vec<u8>>,
    /// If there are any: the only certificates or keys to accept. Without `ca` they are enough; with it both must hold.
    pub pins: Vec<Pin>,
    /// The client certificate, if the engine asks for one.
    pub identity: Option<Identity>,
    /// The name that the server's certificate must carry, if it is not the address.
    pub server_name: Option<String>,
    /// Whether to verify the server. Off, and without pins, whoever stands in between can read and change everything.
    pub verify: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self { ca: None, pins: Vec::new(), identity: None, server_name: None, verify: true }
    }
}

/// A client certificate with its private key.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, and what leads from it to its authority (PEM).
    pub certificate: Vec<u8>,
    /// The private key (PEM: PKCS#8, also encrypted; PKCS#1; SEC1).
    pub key: SecretSlice<u8>,
    /// What opens the key, if it is encrypted.
    pub passphrase: Option<SecretString>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Tls {
    /// What is in the files and not used, and why: sentences without a full stop.
    pub fn unused(&self) -> Vec<(Subject, String)> {
        let ca = self.ca.as_deref().map(|file| (Subject::Ca, file, false));
        let client = self.identity.as_ref();
        let client =
            client.map(|identity| (Subject::ClientCertificate, identity.certificate.as_slice(), true));
        [ca, client]
            .into_iter()
            .flatten()
            .flat_map(|(of, file, may_hold_key)| {
                Certificates::read(file).unused(may_hold_key).into_iter().map(move |why| (of, why))
            })
            .collect()
    }

    /// Checks everything and makes rustls' configuration. Each fault says which setting it was found in.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| fault("TLS cannot be set up", error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(self.verifier(provider)?));
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain = Certificates::read(&identity.certificate).chain(Subject::ClientCertificate)?;
                builder.with_client_auth_cert(chain, key::read(identity)?).map_err(key::unusable)?
            }
        };
        Ok(Arc::new(config))
    }

    fn verifier(&self, provider: Arc<CryptoProvider>) -> Result<Verifier, Error> {
        let given =
            self.ca.as_deref().map(|file| Certificates::read(file).authorities(Subject::Ca)).transpose()?;
        let mut roots = RootCertStore::empty();
        // What is no authority's certificate, or of an old form, still counts as exactly itself.
        roots.add_parsable_certificates(given.iter().flatten().cloned());
        if given.is_none() && self.pins.is_empty() {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        let by_authority = match roots.is_empty() {
            true => None,
            false => {
                let verifier =
                    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                        .build();
                let refuse =
                    |error| Error::new(ErrorKind::Tls, format!("the authorities cannot be used: {error}"));
                Some(verifier.map_err(refuse)?)
            }
        };
        let exact = given.unwrap_or_default();
        Ok(Verifier { by_authority, exact, pins: self.pins.clone(), verify: self.verify, provider })
    }
}

fn fault(message: &str, error: rustls::Error) -> Error {
    Error::new(ErrorKind::Tls, format!("{message}: {error}")).with_source(error)
}
