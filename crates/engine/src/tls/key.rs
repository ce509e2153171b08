//! Private keys, in the forms that people have; what cannot be read gets the command that mends it.

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use secrecy::{ExposeSecret, SecretString};

use super::Identity;
use crate::{Error, ErrorKind};

const BEGIN: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";
const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
const PEM: &str = "A PEM key begins with -----BEGIN PRIVATE KEY-----";
const MEND: &str = "`openssl pkcs8 -topk8 -v2 aes256 -in key.pem -out new.pem` makes one that can be read";

/// Reads the key of an identity.
pub(super) fn read(identity: &Identity) -> Result<PrivateKeyDer<'static>, Error> {
    let pem = identity.key.expose_secret();
    let holds = |text: &[u8]| pem.windows(text.len()).any(|window| window == text);
    if holds(BEGIN.as_bytes()) {
        return decrypt(pem, identity.passphrase.as_ref());
    }
    if holds(b"Proc-Type: 4,ENCRYPTED") {
        return Err(refuse("is encrypted in OpenSSL's old form (DEK-Info)").hint(MEND));
    }
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| match pem {
        [] => refuse("is empty").hint(PEM),
        _ if holds(b"-----BEGIN ") => {
            refuse("holds something other than a private key that can be read").hint(MEND)
        }
        _ => refuse("is not PEM").hint(PEM),
    })
}

/// PKCS#8 encrypted by PBES2 (RFC 8018).
fn decrypt(pem: &[u8], passphrase: Option<&SecretString>) -> Result<PrivateKeyDer<'static>, Error> {
    let Some(passphrase) = passphrase else {
        return Err(refuse("is encrypted").hint("Give its passphrase as key_passphrase"));
    };
    let damaged = || refuse("is encrypted in a way that cannot be read, or damaged").hint(MEND);
    // The section alone: other text may stand around it.
    let text = std::str::from_utf8(pem).map_err(|_| damaged())?;
    let section =
        text.find(BEGIN).and_then(|begin| text[begin..].split_inclusive(END).next()).ok_or_else(damaged)?;
    let (_, der) = SecretDocument::from_pem(section).map_err(|_| damaged())?;
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(der.as_bytes()).map_err(|_| damaged())?;
    // With a wrong passphrase the padding is wrong, or what comes out is no key.
    let key = encrypted
        .decrypt(passphrase.expose_secret())
        .map_err(|_| refuse("does not open").hint(format!("Check key_passphrase; if it is right, {MEND}")))?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

/// What rustls says of a certificate and a key that it cannot use.
pub(super) fn unusable(error: rustls::Error) -> Error {
    let (why, hint) = match error {
        rustls::Error::InconsistentKeys(_) => (
            "is not the one that the client certificate (cert_path) was made for",
            "Give the key that belongs to the certificate",
        ),
        _ => (
            "is of a kind that TLS here does not know, such as P-521",
            "Use an RSA, P-256, P-384 or Ed25519 key; `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem` makes one",
        ),
    };
    refuse(why).hint(hint).with_source(error)
}

fn refuse(why: &str) -> Error {
    Error::new(ErrorKind::Tls, format!("the private key (key_path) {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -v2 aes256 -passout pass:opensesame`
    const ENCRYPTED: &str = include_str!("testdata/encrypted.pem");

    fn identity(key: &str, passphrase: Option<&str>) -> Identity {
        let passphrase = passphrase.map(|text| text.to_owned().into());
        Identity { certificate: Vec::new(), key: key.as_bytes().to_vec().into(), passphrase }
    }

    #[test]
    fn opens_an_encrypted_key() {
        let surrounded = format!("Bag Attributes: none\n{ENCRYPTED}\n");
        read(&identity(&surrounded, Some("opensesame"))).unwrap();
    }

    #[test]
    fn says_what_is_wrong_and_what_mends_it() {
        let fault = |key: &str, passphrase| read(&identity(key, passphrase)).unwrap_err().to_string();
        assert!(fault(ENCRYPTED, None).contains("key_passphrase"));
        assert!(fault(ENCRYPTED, Some("s3cret")).contains("does not open"));
        assert!(!fault(ENCRYPTED, Some("s3cret")).contains("s3cret"));
        assert!(fault("", None).contains("is empty"));
        assert!(fault("text", None).contains("is not PEM"));
        assert!(
            fault("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", None)
                .contains("something other")
        );
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----";
        assert!(fault(old, None).contains("openssl pkcs8 -topk8"), "{}", fault(old, None));
    }
}
