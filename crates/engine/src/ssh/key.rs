//! The private key that signs in, in the forms that people have; what cannot be read gets the command that mends it.

use russh::keys::{PrivateKey, decode_secret_key};
use secrecy::ExposeSecret as _;

use super::{Ssh, fault};
use crate::{Error, Remedy, Subject, pem};

const CONVERT: &str = "`ssh-keygen -p -f KEYFILE` rewrites it in a supported format";
const FORM: &str = "A private key begins with -----BEGIN OPENSSH PRIVATE KEY-----";

/// Reads the key, and opens it if it is encrypted.
pub(super) fn read(settings: &Ssh) -> Result<PrivateKey, Error> {
    let bytes = settings.key.expose_secret();
    let block = pem::blocks(bytes).into_iter().find(|block| block.is("PRIVATE KEY"));
    let text = match &block {
        Some(block) => block.text(),
        None => std::str::from_utf8(bytes).map_err(|_| refuse("is not text").hint(FORM))?.to_owned(),
    };
    let text = text.as_str();
    let holds = |part: &str| text.contains(part);
    if text.trim().is_empty() {
        return Err(refuse("is empty").hint(FORM));
    }
    if !holds("PRIVATE KEY-----") {
        return Err(match text.split_whitespace().next() {
            Some(first) if first.starts_with("ssh-") || first.starts_with("ecdsa-") => {
                refuse("is a public key").hint("Give the private one: the file without .pub")
            }
            _ => refuse("is not a private key").hint(FORM),
        });
    }
    // Only these two forms tell by their first line that they are encrypted; OpenSSH's own tells it within.
    let is_encrypted = holds("BEGIN ENCRYPTED PRIVATE KEY") || holds("Proc-Type: 4,ENCRYPTED");
    let may_be_encrypted = is_encrypted || holds("BEGIN OPENSSH PRIVATE KEY");
    let passphrase = settings.passphrase.as_ref().filter(|_| may_be_encrypted);
    if is_encrypted && passphrase.is_none() {
        return Err(locked());
    }
    decode_secret_key(text, passphrase.map(secrecy::ExposeSecret::expose_secret)).map_err(|error| match error
    {
        russh::keys::Error::KeyIsEncrypted => locked(),
        _ if is_encrypted || (passphrase.is_some() && !is_open(text)) => refuse("does not open")
            .mend(Remedy::Check(Subject::SshPassphrase))
            .hint(format!("If the passphrase is right, {CONVERT}")),
        _ => refuse("is damaged or of an unsupported type")
            .hint(format!("Use an Ed25519, ECDSA or RSA key. {CONVERT}")),
    })
}

/// Whether a key in OpenSSH's form can be read without its passphrase, so that something else is wrong with it.
fn is_open(text: &str) -> bool {
    PrivateKey::from_openssh(text).is_ok_and(|key| !key.is_encrypted())
}

fn locked() -> Error {
    refuse("is encrypted").mend(Remedy::Give(Subject::SshPassphrase))
}

fn refuse(why: &str) -> Error {
    fault(why).about(Subject::SshKey)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use russh::keys::{Algorithm, ssh_key::LineEnding};

    use super::*;
    use crate::HostKeys;

    fn settings(key: &str, passphrase: Option<&str>) -> Ssh {
        let host_keys =
            HostKeys::read("SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "host", 22).unwrap();
        let passphrase = passphrase.map(|text| text.to_owned().into());
        Ssh { key: key.as_bytes().to_vec().into(), passphrase, host_keys }
    }

    fn fault_of(key: &str, passphrase: Option<&str>) -> String {
        read(&settings(key, passphrase)).unwrap_err().to_string()
    }

    #[test]
    fn opens_keys_with_and_without_a_passphrase() {
        let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
        let plain = key.to_openssh(LineEnding::LF).unwrap();
        read(&settings(&plain, None)).unwrap();
        // A passphrase that is not needed does no harm.
        read(&settings(&plain, Some("s3cret"))).unwrap();
        let locked = key.encrypt(&mut rand::rng(), "opensesame").unwrap().to_openssh(LineEnding::LF).unwrap();
        assert_eq!(read(&settings(&locked, Some("opensesame"))).unwrap().public_key(), key.public_key());
        let remedy = read(&settings(&locked, None)).unwrap_err().remedy();
        assert_eq!(remedy, Some(Remedy::Give(Subject::SshPassphrase)));
        let wrong = fault_of(&locked, Some("s3cret"));
        assert!(wrong.contains("does not open") && !wrong.contains("s3cret"), "{wrong}");
    }

    /// F34
    #[test]
    fn reads_what_editors_and_templates_leave() {
        let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
        let plain = key.to_openssh(LineEnding::LF).unwrap();
        let pem = include_str!("../tls/testdata/encrypted.pem");
        for text in [plain.as_str(), pem] {
            for form in [
                format!("\u{feff}{text}"),
                text.replace('\n', "\r\n"),
                text.replace('\n', "\r"),
                text.replace('\n', "\\n"),
                text.replace('\n', "\n  "),
                text.replace('\n', " "),
                text.replace('\n', "&#10;"),
                format!("me@host\n{text}-----BEGIN X-----"),
            ] {
                read(&settings(&form, Some("opensesame"))).unwrap_or_else(|error| panic!("{form}: {error}"));
            }
        }
        let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let wide = Ssh { key: [&[0xff, 0xfe][..], &wide].concat().into(), ..settings("", None) };
        assert_eq!(read(&wide).unwrap().public_key(), key.public_key());
    }

    #[test]
    fn reads_the_forms_of_openssl() {
        let encrypted = include_str!("../tls/testdata/encrypted.pem");
        read(&settings(encrypted, Some("opensesame"))).unwrap();
        assert!(fault_of(encrypted, None).contains("is encrypted"));
        assert!(fault_of(encrypted, Some("s3cret")).contains("does not open"));
    }

    proptest! {
        #[test]
        fn nothing_panics(kind in "(OPENSSH |ENCRYPTED |RSA |EC |)", header in "(Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,[0-9A-F]{0,40}\n\n|)", body in "[A-Za-z0-9+/=\n]{0,200}") {
            let text = format!("-----BEGIN {kind}PRIVATE KEY-----\n{header}{body}\n-----END {kind}PRIVATE KEY-----\n");
            prop_assert!(read(&settings(&text, None)).is_err());
            prop_assert!(read(&settings(&text, Some("opensesame"))).is_err());
        }
    }

    #[test]
    fn says_what_it_was_given_instead() {
        assert!(fault_of("", None).contains("is empty"));
        assert!(fault_of("s3cret", None).contains("is not a private key"));
        assert!(!fault_of("s3cret", None).contains("s3cret"));
        assert!(fault_of("ssh-ed25519 AAAA me", None).contains("public key"));
        let damaged = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
        assert!(fault_of(damaged, None).contains("damaged"));
        assert!(!format!("{:?}", settings("s3cret", Some("s3cret"))).contains("s3cret"));
    }
}
