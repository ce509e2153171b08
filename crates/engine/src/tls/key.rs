//! Private keys, in the forms that people have; what cannot be read gets the command that mends it.

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use secrecy::{ExposeSecret, SecretString};

use super::Identity;
use crate::{Error, ErrorKind, Remedy, Subject, pem};

const PEM: &str = "A PEM key begins with -----BEGIN PRIVATE KEY-----";
const CONVERT: &str =
    "`openssl pkcs8 -topk8 -v2 aes256 -in key.pem -out new.pem` creates one in a supported format";

/// Reads the key of an identity: the first one in PEM of any form, or one in DER.
pub(super) fn read(identity: &Identity) -> Result<PrivateKeyDer<'static>, Error> {
    let file = identity.key.expose_secret();
    let passphrase = identity.passphrase.as_ref();
    let blocks = pem::blocks(file);
    let Some(block) = blocks.iter().find(|block| block.is("PRIVATE KEY")) else {
        return match blocks.as_slice() {
            [] => der(file, passphrase),
            _ => Err(refuse("does not hold a private key in a supported format").hint(CONVERT)),
        };
    };
    if block.is("ENCRYPTED PRIVATE KEY") {
        let (_, der) = SecretDocument::from_pem(&block.text()).map_err(|_| damaged())?;
        return decrypt(der.as_bytes(), passphrase);
    }
    if block.is_of_old_form() {
        return Err(refuse("is encrypted in OpenSSL's old form (DEK-Info)").hint(CONVERT));
    }
    PrivateKeyDer::from_pem_slice(block.text().as_bytes())
        .map_err(|_| refuse("does not hold a private key in a supported format").hint(CONVERT))
}

/// A key without PEM around it.
fn der(file: &[u8], passphrase: Option<&SecretString>) -> Result<PrivateKeyDer<'static>, Error> {
    if EncryptedPrivateKeyInfoRef::try_from(file).is_ok() {
        return decrypt(file, passphrase);
    }
    let key = PrivateKeyDer::try_from(file).map_err(|_| refuse(pem::no_blocks(file)).hint(PEM))?;
    Ok(key.clone_key())
}

/// PKCS#8 encrypted by PBES2 (RFC 8018).
fn decrypt(der: &[u8], passphrase: Option<&SecretString>) -> Result<PrivateKeyDer<'static>, Error> {
    let Some(passphrase) = passphrase else {
        return Err(refuse("is encrypted").mend(Remedy::Give(Subject::KeyPassphrase)));
    };
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| damaged())?;
    // With a wrong passphrase the padding is wrong, or what comes out is no key.
    let key = encrypted.decrypt(passphrase.expose_secret()).map_err(|_| {
        refuse("does not open")
            .mend(Remedy::Check(Subject::KeyPassphrase))
            .hint(format!("If the passphrase is right, {CONVERT}"))
    })?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

fn damaged() -> Error {
    refuse("is damaged, or encrypted in an unsupported way").hint(CONVERT)
}

/// What rustls says of a certificate and a key that it cannot use.
pub(super) fn unusable(error: rustls::Error) -> Error {
    let (why, hint) = match error {
        rustls::Error::InconsistentKeys(_) => {
            ("does not belong to the client certificate", "Use the private key of that certificate")
        }
        _ => (
            "is of a kind that TLS here does not know, such as P-521",
            "Use an RSA, P-256, P-384 or Ed25519 key; `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem` makes one",
        ),
    };
    refuse(why).hint(hint).with_source(error)
}

fn refuse(why: &str) -> Error {
    Error::new(ErrorKind::Tls, why).about(Subject::ClientKey)
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
        let remedy = read(&identity(ENCRYPTED, None)).unwrap_err().remedy();
        assert_eq!(remedy, Some(Remedy::Give(Subject::KeyPassphrase)));
        assert!(fault(ENCRYPTED, Some("s3cret")).contains("does not open"));
        assert!(!fault(ENCRYPTED, Some("s3cret")).contains("s3cret"));
        assert!(fault("", None).contains("is empty"));
        assert!(fault("text", None).contains("is not PEM"));
        assert!(
            fault("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", None)
                .contains("does not hold")
        );
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----";
        assert!(fault(old, None).contains("openssl pkcs8 -topk8"), "{}", fault(old, None));
    }
}
