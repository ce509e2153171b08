//! Certificates in a file, and what else is in it.

use rustls::pki_types::CertificateDer;

use crate::{
    Error, ErrorKind, Subject,
    pem::{self, Block},
};

/// What a file of certificates holds.
pub(super) struct Certificates {
    found: Vec<CertificateDer<'static>>,
    skipped: Vec<Skipped>,
    /// What the file is, if it has no blocks at all, to follow its name.
    instead: Option<&'static str>,
}

/// A block that is not used.
struct Skipped {
    /// Where it stands, from 1, and what it says it is.
    name: String,
    why: &'static str,
    is_certificate: bool,
    is_key: bool,
}

const FORM: &str = "Give a PEM file: it begins with -----BEGIN CERTIFICATE-----";
const OTHER_FORMS: &str = "`openssl pkcs7 -print_certs` makes PEM of PKCS#7 (.p7b), and `openssl pkcs12 -nodes` of PKCS#12 (.p12, .pfx); \
                           -inform DER reads what is not text";

impl Certificates {
    /// Reads PEM in any form, or one certificate in DER.
    pub(super) fn read(file: &[u8]) -> Self {
        let blocks = pem::blocks(file);
        let mut read = Self { found: Vec::new(), skipped: Vec::new(), instead: None };
        if blocks.is_empty() {
            match first_element(file).filter(|first| first.len() == file.len() && is_certificate(first)) {
                Some(der) => read.found.push(der.to_vec().into()),
                None => read.instead = Some(pem::no_blocks(file)),
            }
        }
        for (at, block) in blocks.iter().enumerate() {
            match certificate(block) {
                Ok(certificate) => read.found.push(certificate),
                Err(why) => read.skipped.push(Skipped {
                    name: match block.is("PRIVATE KEY") {
                        // Nothing in a log should look like the beginning of a key.
                        true => format!("block {}", at + 1),
                        false => format!("block {} ({:.30})", at + 1, block.label),
                    },
                    why,
                    is_certificate: block.is("CERTIFICATE"),
                    is_key: block.is("PRIVATE KEY"),
                }),
            }
        }
        read
    }

    /// Those of authorities: what can be used.
    pub(super) fn authorities(self, of: Subject) -> Result<Vec<CertificateDer<'static>>, Error> {
        self.some(of)
    }

    /// A certificate and what leads from it to its authority: none of them may be damaged.
    pub(super) fn chain(self, of: Subject) -> Result<Vec<CertificateDer<'static>>, Error> {
        match self.skipped.iter().find(|skipped| skipped.is_certificate) {
            Some(skipped) => Err(refuse(of, &format!("has a fault: {} {}", skipped.name, skipped.why), FORM)),
            None => self.some(of),
        }
    }

    /// What is not used, and why.
    pub(super) fn unused(&self, may_hold_key: bool) -> Vec<String> {
        let told = self.skipped.iter().filter(|skipped| !(skipped.is_key && may_hold_key));
        told.map(|skipped| format!("{} is not used: it {}", skipped.name, skipped.why)).collect()
    }

    fn some(self, of: Subject) -> Result<Vec<CertificateDer<'static>>, Error> {
        match (self.skipped.first(), self.instead) {
            _ if !self.found.is_empty() => Ok(self.found),
            (Some(skipped), _) if skipped.is_certificate => {
                Err(refuse(of, &format!("is damaged: {} {}", skipped.name, skipped.why), FORM))
            }
            (Some(skipped), _) => Err(refuse(
                of,
                &format!("holds no certificate, but something else: {} {}", skipped.name, skipped.why),
                FORM,
            )),
            (None, Some(instead @ "is not PEM")) => {
                Err(refuse(of, instead, &format!("{FORM}. {OTHER_FORMS}")))
            }
            (None, instead) => Err(refuse(of, instead.unwrap_or("is empty"), FORM)),
        }
    }
}

/// The certificate in a block; or why there is none, to follow its name.
fn certificate(block: &Block) -> Result<CertificateDer<'static>, &'static str> {
    match block.label.as_str() {
        "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            let der = block.der().ok_or("is damaged")?;
            // In OpenSSL's trusted form, what it is trusted for follows the certificate.
            let first = first_element(&der).filter(|first| is_certificate(first)).ok_or("is damaged")?;
            match first.len() == der.len() || block.label.starts_with("TRUSTED") {
                true => Ok(first.to_vec().into()),
                false => Err("is damaged"),
            }
        }
        "PKCS7" | "CMS" => {
            Err("holds certificates in PKCS#7; `openssl pkcs7 -print_certs` makes PEM of them")
        }
        "X509 CRL" => Err("is a certificate revocation list"),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
            Err("is a certificate signing request, not a certificate")
        }
        label if label.ends_with("PRIVATE KEY") => {
            Err("is a private key, which does not belong in this file")
        }
        label if label.ends_with("PARAMETERS") => Err("has parameters of keys"),
        _ => Err("is not a certificate"),
    }
}

/// The first element of DER, with its header, if it is a whole sequence.
fn first_element(der: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    let (header, length) = match der {
        [SEQUENCE, short @ ..0x80, ..] => (2, usize::from(*short)),
        [SEQUENCE, long, rest @ ..] => {
            let bytes =
                rest.get(..usize::from(long & 0x7f)).filter(|bytes| (1..=4).contains(&bytes.len()))?;
            (2 + bytes.len(), bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
        }
        _ => return None,
    };
    der.get(..header.checked_add(length)?)
}

/// Whether a sequence begins as a certificate: with what is signed, a sequence too, and then the kind of the signature.
fn is_certificate(der: &[u8]) -> bool {
    let header =
        if der.get(1).is_some_and(|length| *length < 0x80) { 2 } else { 2 + usize::from(der[1] & 0x7f) };
    let signed = der.get(header..).and_then(first_element);
    let kind = signed.and_then(|signed| der.get(header + signed.len()..)).and_then(first_element);
    kind.is_some()
}

fn refuse(of: Subject, why: &str, hint: &str) -> Error {
    Error::new(ErrorKind::Tls, why).about(of).hint(hint)
}
