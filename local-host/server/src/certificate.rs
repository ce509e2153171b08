//! The certificate that the host makes for itself and keeps, so that a browser's exception for it lasts.

use std::fs;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use ring::digest;

use crate::error::Error;
use crate::layout::Layout;
use crate::private;

/// The names that the page and the API are reached by.
pub(crate) const NAMES: &[&str] = &["127.0.0.1", "localhost"];

const DAY: Duration = Duration::from_hours(24);
const VALID: Duration = Duration::from_hours(24 * 397); // browsers take no certificate of a longer life
const RENEWED_AFTER: Duration = Duration::from_hours(24 * 330);

/// A certificate and its key, as PEM.
pub(crate) struct Certificate {
    pub(crate) chain: Vec<u8>,
    pub(crate) key: Vec<u8>,
    /// SHA-256 over the certificate, as browsers show it.
    pub(crate) fingerprint: String,
}

/// The certificate of the state folder: a new one if there is none, or it comes of age.
pub(crate) fn keep(layout: &Layout) -> Result<Certificate, Error> {
    let (certificate_file, key_file) = (layout.file("certificate.pem"), layout.file("key.pem"));
    let young = fs::metadata(&certificate_file)
        .and_then(|metadata| metadata.modified())
        .is_ok_and(|made| made.elapsed().is_ok_and(|age| age < RENEWED_AFTER));
    if !(young && key_file.exists()) {
        let (certificate, key) = make().map_err(|fault| Error::Certificate(fault.to_string()))?;
        private::write(&key_file, key.as_bytes()).map_err(Error::state(&key_file))?;
        private::write(&certificate_file, certificate.as_bytes()).map_err(Error::state(&certificate_file))?;
    }
    let chain = fs::read(&certificate_file).map_err(Error::state(&certificate_file))?;
    let key = fs::read(&key_file).map_err(Error::state(&key_file))?;
    let fingerprint = fingerprint(&chain)?;
    Ok(Certificate { chain, key, fingerprint })
}

fn make() -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::new(NAMES.iter().copied().map(str::to_owned).collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, "fsr-docker's local host");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    let now = SystemTime::now();
    (params.not_before, params.not_after) = ((now - DAY).into(), (now + VALID - DAY).into());
    let key = KeyPair::generate()?;
    Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
}

fn fingerprint(pem: &[u8]) -> Result<String, Error> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let der = CertificateDer::from_pem_slice(pem).map_err(|fault| Error::Certificate(fault.to_string()))?;
    let digest = digest::digest(&digest::SHA256, &der);
    let pairs: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    Ok(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path()).unwrap();
        let first = keep(&layout).unwrap();
        assert_eq!(first.fingerprint.len(), 32 * 3 - 1);
        assert_eq!(keep(&layout).unwrap().fingerprint, first.fingerprint);
        fs::remove_file(layout.file("key.pem")).unwrap();
        assert_ne!(keep(&layout).unwrap().fingerprint, first.fingerprint, "a certificate without its key");
    }
}
