//! Signatures by Ed25519 (RFC 8032): what this connector signs, anyone can check with OpenSSL and the public key.
//!
//! ```text
//! openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in manifest.json -sigfile manifest.sig
//! ```

use std::fmt;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use engine::pem;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

/// What stands before the 32 bytes of an Ed25519 key in its DER form (`SubjectPublicKeyInfo`, RFC 8410).
const HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The sizes of a key and of a signature, in bytes.
const KEY: usize = 32;
const SIGNATURE: usize = 64;

const MAKE: &str = "`openssl genpkey -algorithm ed25519 -out key.pem` makes one";

/// The signature of these bytes by a private key in PEM (PKCS#8). The error says what is wrong with the key, to follow its name.
pub fn sign(key: &[u8], bytes: &[u8]) -> Result<[u8; SIGNATURE], String> {
    Signer::read(key).map(|signer| signer.sign(bytes))
}

/// Whether the signature of these bytes was made by the private key of this public one: PEM, its base64 alone, or DER. The error
/// says what is wrong with the key, to follow its name.
pub fn verify_signature(public_key: &[u8], bytes: &[u8], signature: &[u8]) -> Result<bool, String> {
    PublicKey::read(public_key).map(|key| key.verifies(bytes, signature))
}

/// The configuration's private key. It prints nothing of itself.
pub(crate) struct Signer(Ed25519KeyPair);

impl Signer {
    /// Reads a private key in PEM (PKCS#8). The error says what is wrong, to follow the field's name.
    pub(crate) fn read(file: &[u8]) -> Result<Self, String> {
        let blocks = pem::blocks(file);
        let Some(block) = blocks.iter().find(|block| block.is("PRIVATE KEY")) else {
            return Err(match blocks.is_empty() {
                true => format!("{}: give a private key, {MAKE}", pem::no_blocks(file)),
                false => format!("holds no private key: {MAKE}"),
            });
        };
        if block.is("ENCRYPTED PRIVATE KEY") || block.is_of_old_form() {
            let open = "`openssl pkey -in key.pem -out open.pem` makes one that is not";
            return Err(format!("is encrypted: {open}"));
        }
        if block.label != "PRIVATE KEY" {
            return Err(format!("is no Ed25519 key in PKCS#8, but {:?}: {MAKE}", block.label));
        }
        let der = block.der().ok_or("is damaged: its PEM block cannot be read")?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der);
        pair.map(Self).map_err(|_| format!("is no Ed25519 key in PKCS#8: {MAKE}"))
    }

    /// The signature of these bytes.
    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; SIGNATURE] {
        let mut signature = [0; SIGNATURE];
        signature.copy_from_slice(self.0.sign(bytes).as_ref());
        signature
    }

    /// The public key that verifies what this signs.
    pub(crate) fn public_key(&self) -> PublicKey {
        let mut key = [0; KEY];
        key.copy_from_slice(self.0.public_key().as_ref());
        PublicKey(key)
    }

    /// The public key as a PEM file.
    pub(crate) fn public_key_pem(&self) -> String {
        self.public_key().pem()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

/// A public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PublicKey([u8; KEY]);

impl PublicKey {
    /// Reads a public key: PEM, its base64 alone, or DER. The error says what is wrong, to follow the parameter's name.
    pub(crate) fn read(given: &[u8]) -> Result<Self, String> {
        let blocks = pem::blocks(given);
        if blocks.iter().any(|block| block.is("PRIVATE KEY")) {
            return Err(
                "is a private key: give the public one, which `openssl pkey -in key.pem -pubout` prints"
                    .to_owned(),
            );
        }
        let block = blocks.iter().find(|block| block.label == "PUBLIC KEY");
        let der = match block {
            Some(block) => block.der(),
            None if given.starts_with(&HEAD) => Some(given.to_vec()),
            None => BASE64_STANDARD.decode(given.trim_ascii()).ok(),
        };
        let key = der.as_deref().and_then(|der| der.strip_prefix(&HEAD)).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or_else(|| "is no Ed25519 public key in PEM (-----BEGIN PUBLIC KEY-----)".to_owned())
    }

    /// Whether the signature of these bytes was made by this key's private one.
    pub(crate) fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(bytes, signature).is_ok()
    }

    /// The key as a PEM file.
    pub(crate) fn pem(&self) -> String {
        let der = [HEAD.as_slice(), &self.0].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64_STANDARD.encode(der))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = include_str!("../../../../tests/data/keys/ed25519-key.pem");
    /// `openssl pkey -in ed25519-key.pem -pubout`
    const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAHnPM8vuMOKIuE4hBo9c7Yy9fNOniUWHImvVr96DfT88=\n-----END PUBLIC KEY-----\n";
    /// `openssl pkeyutl -sign -inkey ed25519-key.pem -rawin -in message | xxd -p`, of this message.
    const MESSAGE: &[u8] = b"{\"items\": []}\n";
    const BY_OPENSSL: &str = "50603bceef03afe6969e8855fd51a6180a868aac8251c5236a79038f80e720a8ef6a5ada8fa32b92b6e04254e3c9a04d1e750128ab87922c4d41007240922a0f";

    fn verify(public_key: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
        PublicKey::read(public_key).is_ok_and(|key| key.verifies(bytes, signature))
    }

    /// Ed25519 has one signature for each message: ours is OpenSSL's, byte for byte.
    #[test]
    fn signs_and_verifies_as_openssl_does() {
        let signer = Signer::read(KEY.as_bytes()).unwrap();
        assert_eq!(hex::encode(signer.sign(MESSAGE)), BY_OPENSSL);
        assert_eq!(signer.public_key_pem(), PUBLIC);
        let signature = hex::decode(BY_OPENSSL).unwrap();
        assert!(verify(PUBLIC.as_bytes(), MESSAGE, &signature));
        assert!(verify(&pem::blocks(PUBLIC.as_bytes())[0].der().unwrap(), MESSAGE, &signature));
        assert!(verify(PUBLIC.lines().nth(1).unwrap().as_bytes(), MESSAGE, &signature));
    }

    #[test]
    fn any_bit_that_is_changed_makes_the_signature_wrong() {
        let signer = Signer::read(KEY.as_bytes()).unwrap();
        let signature = signer.sign(MESSAGE);
        for bit in 0..SIGNATURE * 8 {
            let mut changed = signature;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify(PUBLIC.as_bytes(), MESSAGE, &changed), "{bit}");
        }
        assert!(!verify(PUBLIC.as_bytes(), b"other", &signature) && !verify(b"", MESSAGE, &signature));
        assert!(!verify(PUBLIC.as_bytes(), MESSAGE, &signature[1..]));
    }

    /// F34
    #[test]
    fn reads_what_editors_and_templates_leave() {
        let expected = Signer::read(KEY.as_bytes()).unwrap().public_key();
        for form in [
            KEY.replace('\n', "\\n"),
            KEY.replace('\n', "\r\n"),
            KEY.replace('\n', " "),
            KEY.replace('-', "&#45;"),
            format!("\u{feff}the key:\n{KEY}"),
        ] {
            assert_eq!(
                Signer::read(form.as_bytes()).map(|signer| signer.public_key()),
                Ok(expected),
                "{form}"
            );
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_key_and_repeats_nothing_of_it() {
        for (file, why) in [
            (include_str!("../../../../tests/data/keys/ec-key.pem"), "is no Ed25519 key in PKCS#8"),
            (include_str!("../../../../tests/data/keys/ec-sec1-key.pem"), "is no Ed25519 key in PKCS#8, but"),
            (include_str!("../../../../tests/data/keys/ec-aes256-key.pem"), "is encrypted: `openssl pkey"),
            (include_str!("../../../../tests/data/keys/rsa-dek-info-key.pem"), "is encrypted: `openssl pkey"),
            (include_str!("../../../../tests/data/keys/ec.pem"), "holds no private key"),
            (PUBLIC, "holds no private key"),
            ("", "is empty"),
            ("MC4CAQAwBQYDK2VwBCIEI", "is not PEM"),
            ("-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----", "is no Ed25519 key"),
            ("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI", "is damaged"),
        ] {
            let error = Signer::read(file.as_bytes()).unwrap_err();
            assert!(error.contains(why) && !error.contains("MC4C"), "{file}: {error}");
        }
        let error = PublicKey::read(KEY.as_bytes()).unwrap_err();
        assert!(error.contains("-pubout"), "{error}");
        let signer = Signer::read(KEY.as_bytes()).unwrap();
        assert_eq!(format!("{signer:?}"), "Signer { .. }");
    }
}
