//! Whether the server is the one that is meant: by an authority, as exactly a given certificate, or by a pin.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{
    CertificateError, DigitallySignedStruct, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use sha2::{Digest as _, Sha256};

use crate::{Error, ErrorKind, Subject, pem};

/// The SHA-256 of a key or of a certificate that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// Of the certificate's public key (its SubjectPublicKeyInfo): `sha256/` and base64, as in RFC 7469.
    Key([u8; 32]),
    /// Of the certificate: 64 hexadecimal digits, perhaps with colons.
    Certificate([u8; 32]),
}

impl std::str::FromStr for Pin {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = || {
            Error::new(ErrorKind::InvalidRequest, format!("has {text:?}, which is not a pin"))
                .about(Subject::Pin)
                .hint(
                    "Write sha256/ and the base64 of the key's SHA-256, or the certificate's SHA-256 in hex",
                )
        };
        let text = pem::plain(text);
        let text = text.trim();
        // As curl writes it, and as `openssl x509 -fingerprint` prints it.
        if let Some(base64) = text.strip_prefix("sha256/") {
            // A second slash is curl's, or the first letter of the base64: only one of both gives a whole hash.
            let forms = [Some(base64), base64.strip_prefix('/')];
            let mut hashes = forms.into_iter().flatten().filter_map(|form| STANDARD.decode(form).ok());
            return hashes.find_map(|hash| hash.try_into().ok()).map(Self::Key).ok_or_else(refuse);
        }
        let printed =
            text.split_once("Fingerprint=").filter(|(of, _)| of.trim().eq_ignore_ascii_case("sha256"));
        let digits = printed.map_or(text, |(_, digits)| digits).replace(':', "");
        let mut hash = [0; 32];
        hex::decode_to_slice(digits, &mut hash).map_err(|_| refuse())?;
        Ok(Self::Certificate(hash))
    }
}

impl Pin {
    fn matches(&self, certificate: &CertificateDer<'_>) -> bool {
        match self {
            Self::Certificate(hash) => Sha256::digest(certificate).as_slice() == hash,
            Self::Key(hash) => ParsedCertificate::try_from(certificate)
                .is_ok_and(|parsed| Sha256::digest(parsed.subject_public_key_info()).as_slice() == hash),
        }
    }
}

#[derive(Debug)]
pub(super) struct Verifier {
    /// None where no authority is asked: pins alone, or no verification at all.
    pub(super) by_authority: Option<Arc<WebPkiServerVerifier>>,
    pub(super) exact: Vec<CertificateDer<'static>>,
    pub(super) pins: Vec<Pin>,
    pub(super) verify: bool,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let pinned = self.pins.iter().any(|pin| pin.matches(certificate));
        if !self.pins.is_empty() && !pinned {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        if !self.verify || self.exact.contains(certificate) {
            return Ok(ServerCertVerified::assertion());
        }
        match &self.by_authority {
            Some(authority) => {
                authority.verify_server_cert(certificate, intermediates, name, ocsp_response, now)
            }
            None if pinned => Ok(ServerCertVerified::assertion()),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        let hex = "AB:".repeat(31) + "AB";
        assert_eq!(hex.parse::<Pin>().unwrap(), Pin::Certificate([0xAB; 32]));
        assert_eq!(hex.replace(':', "").to_lowercase().parse::<Pin>().unwrap(), Pin::Certificate([0xAB; 32]));
        let key = format!("sha256/{}", STANDARD.encode([7; 32]));
        assert_eq!(key.parse::<Pin>().unwrap(), Pin::Key([7; 32]));
        // A hash whose base64 begins with a slash, in both forms.
        for hash in [[7; 32], [0xFF; 32]] {
            for prefix in ["sha256/", "sha256//"] {
                let pin = format!("{prefix}{}", STANDARD.encode(hash));
                assert_eq!(pin.parse::<Pin>().unwrap(), Pin::Key(hash), "{pin}");
            }
        }
        for odd in ["", "sha256/", "sha256/AAAA", "abcd", "zz", &"a".repeat(63), &"é".repeat(32)] {
            assert!(odd.parse::<Pin>().is_err(), "{odd}");
        }
    }
}
