//! The keys that an SSH server may have, as `known_hosts` files, `.pub` files and fingerprints say them.

use ring::hmac;
use russh::keys::{
    Algorithm, EcdsaCurve, HashAlg, PublicKey,
    ssh_key::{
        Fingerprint,
        known_hosts::{Entry, HostPatterns},
    },
};

use crate::{Error, ErrorKind, Subject};

const FORM: &str = "`ssh-keyscan HOST` prints such lines and `ssh-keygen -lf KEY.pub` a fingerprint: compare with what \
                    the engine's machine has in /etc/ssh";

/// The keys that an SSH server may have. There is at least one.
#[derive(Debug, Clone)]
pub struct HostKeys {
    accepted: Vec<Accepted>,
    /// Never accepted, whatever else is said.
    revoked: Vec<PublicKey>,
}

#[derive(Debug, Clone)]
enum Accepted {
    Key(PublicKey),
    Fingerprint(Fingerprint),
}

impl HostKeys {
    /// Reads lines: of a `known_hosts` file (`host ssh-ed25519 AAAA...`, also hashed), of a `.pub` file (`ssh-ed25519 AAAA...`),
    /// or with a fingerprint (`SHA256:...`). Of a line that names hosts only this server's counts; wildcards match nothing.
    /// A key that is `@revoked` is refused for all hosts.
    pub fn read(text: &str, host: &str, port: u16) -> Result<Self, Error> {
        let (mut accepted, mut revoked) = (Vec::new(), Vec::new());
        let mut of_others = false;
        let text = crate::pem::plain(text);
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let fingerprints = fingerprints(line)?;
            if !fingerprints.is_empty() {
                accepted.extend(fingerprints.into_iter().map(Accepted::Fingerprint));
            } else if is_public_key(line) {
                accepted.push(Accepted::Key(line.parse().map_err(|_| not_a_line(line))?));
            } else if let Some(line) = line.strip_prefix("@revoked ") {
                revoked.push(entry(line)?.public_key().clone());
            } else {
                match known(line, host, port)? {
                    Some(key) => accepted.push(Accepted::Key(key)),
                    None => of_others = true,
                }
            }
        }
        if !accepted.is_empty() {
            return Ok(Self { accepted, revoked });
        }
        let name = written(host, port);
        Err(match of_others {
            true => refuse(format!("has lines for other hosts than {name} only"))
                .hint("Give this host's line, or the key without a host's name before it"),
            false => refuse("is empty").hint(FORM),
        })
    }

    /// Whether the server may have this key.
    pub(super) fn accept(&self, key: &PublicKey) -> bool {
        let is_revoked = self.revoked.iter().any(|revoked| revoked.key_data() == key.key_data());
        let is_known = self.accepted.iter().any(|accepted| match accepted {
            Accepted::Key(known) => known.key_data() == key.key_data(),
            Accepted::Fingerprint(fingerprint) => key.fingerprint(fingerprint.algorithm()) == *fingerprint,
        });
        is_known && !is_revoked
    }

    /// The kinds of keys to ask the server for: those that are known. Of a fingerprint any may be the kind.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        let mut algorithms = Vec::new();
        for accepted in &self.accepted {
            if let Accepted::Key(key) = accepted {
                algorithms.extend(with_hashes(key.algorithm()));
            }
        }
        if self.accepted.iter().any(|accepted| matches!(accepted, Accepted::Fingerprint(_))) {
            let ecdsa = |curve| Algorithm::Ecdsa { curve };
            algorithms.push(Algorithm::Ed25519);
            algorithms.extend([EcdsaCurve::NistP256, EcdsaCurve::NistP384, EcdsaCurve::NistP521].map(ecdsa));
            algorithms.extend(with_hashes(Algorithm::Rsa { hash: None }));
        }
        let mut once = Vec::new();
        for algorithm in algorithms {
            if !once.contains(&algorithm) {
                once.push(algorithm);
            }
        }
        once
    }
}

/// A signature by RSA is made with SHA-2, or not at all.
fn with_hashes(algorithm: Algorithm) -> Vec<Algorithm> {
    match algorithm {
        Algorithm::Rsa { .. } => {
            [HashAlg::Sha512, HashAlg::Sha256].map(|hash| Algorithm::Rsa { hash: Some(hash) }).into()
        }
        other => vec![other],
    }
}

/// The fingerprints in a line, which may be one of `ssh-keygen -l`.
fn fingerprints(line: &str) -> Result<Vec<Fingerprint>, Error> {
    if line.starts_with("MD5:") {
        return Err(
            refuse("has an MD5 fingerprint, which is no longer safe").hint("Give the SHA256 fingerprint")
        );
    }
    line.split([' ', '\t', ','])
        .filter(|word| word.starts_with("SHA256:"))
        .map(|word| {
            word.trim_end_matches('=').parse().map_err(|_| {
                refuse(format!("has a word that is no fingerprint: {word:?}"))
                    .hint("One is SHA256: and 43 characters of base64")
            })
        })
        .collect()
}

/// Whether it is a line of a `.pub` file: after the kind comes the key, whose first four bytes are a length.
fn is_public_key(line: &str) -> bool {
    line.split_whitespace().nth(1).is_some_and(|word| word.starts_with("AAAA"))
}

/// A line of a `known_hosts` file.
fn entry(line: &str) -> Result<Entry, Error> {
    // Hosts, kind and key may stand apart by any space.
    let words: Vec<&str> = line.split_whitespace().take(3).collect();
    words.join(" ").parse().map_err(|_| not_a_line(line))
}

/// The key in a line of a `known_hosts` file, if the line is this server's.
fn known(line: &str, host: &str, port: u16) -> Result<Option<PublicKey>, Error> {
    if line.starts_with('@') {
        return Err(refuse("has a line with @cert-authority, which is not understood")
            .hint("Give the host's own key"));
    }
    let entry = entry(line)?;
    // As ssh does: with the port, or without one.
    let names = [written(host, port), host.to_ascii_lowercase()];
    let is_ours = match entry.host_patterns() {
        HostPatterns::Patterns(patterns) => {
            patterns.iter().any(|pattern| names.iter().any(|name| pattern.eq_ignore_ascii_case(name)))
        }
        HostPatterns::HashedName { salt, hash } => {
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
            names.iter().any(|name| hmac::verify(&key, name.as_bytes(), hash).is_ok())
        }
    };
    Ok(is_ours.then(|| entry.public_key().clone()))
}

/// A host as `known_hosts` writes it.
fn written(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

fn not_a_line(line: &str) -> Error {
    let shown: String = line.chars().take(60).collect();
    refuse(format!(
        "has a line that is neither one of known_hosts, nor a public key, nor a SHA256 fingerprint: {shown:?}"
    ))
    .hint(FORM)
}

fn refuse(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidRequest, why.to_string()).about(Subject::HostKey)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use russh::keys::PrivateKey;

    use super::*;

    fn key() -> PublicKey {
        let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
        PublicKey::new(key.public_key().key_data().clone(), "")
    }

    fn accepts(text: &str, key: &PublicKey) -> bool {
        HostKeys::read(text, "Engine.example.com", 2222).unwrap().accept(key)
    }

    #[test]
    fn each_form_accepts_its_key_and_no_other() {
        let (ours, other) = (key(), key());
        let public = ours.to_openssh().unwrap();
        let fingerprint = ours.fingerprint(HashAlg::Sha256).to_string();
        for text in [
            public.clone(),
            format!("{public} root@engine"),
            format!("engine.example.com {public}"),
            format!("# engine\n\n10.0.0.1,[engine.example.com]:2222\t{}", public.replace(' ', "\t")),
            format!("elsewhere {}\nengine.example.com {public} comment", other.to_openssh().unwrap()),
            fingerprint.clone(),
            format!("256 {fingerprint} root@engine (ED25519)"),
            format!("SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU, {fingerprint}"),
        ] {
            assert!(accepts(&text, &ours), "{text}");
            assert!(!accepts(&text, &other), "{text}");
        }
    }

    #[test]
    fn a_revoked_key_is_never_accepted() {
        let (ours, gone) = (key(), key());
        let (kept, revoked) = (ours.to_openssh().unwrap(), gone.to_openssh().unwrap());
        let text = format!("{kept}\n{revoked}\n@revoked * {revoked}");
        assert!(accepts(&text, &ours) && !accepts(&text, &gone));
    }

    #[test]
    fn reads_hashed_names() {
        let ours = key();
        let salt = [7; 20];
        let name = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt),
            b"[engine.example.com]:2222",
        );
        let base64 = |bytes: &[u8]| {
            use base64::Engine as _;
            base64::engine::general_purpose::STANDARD.encode(bytes)
        };
        let line = format!("|1|{}|{} {}", base64(&salt), base64(name.as_ref()), ours.to_openssh().unwrap());
        assert!(accepts(&line, &ours));
        let error = HostKeys::read(&line, "engine.example.com", 22).unwrap_err().to_string();
        assert!(error.contains("other hosts"), "{error}");
    }

    #[test]
    fn what_is_none_is_refused_by_name() {
        let public = key().to_openssh().unwrap();
        for (text, why) in [
            ("", "is empty"),
            ("# nothing\n", "is empty"),
            ("engine", "neither"),
            ("ssh-ed25519 damaged", "neither"),
            ("SHA256:short", "no fingerprint"),
            ("MD5:aa:bb", "MD5"),
            (&format!("@cert-authority *.example.com {public}"), "@cert-authority"),
            (&format!("elsewhere {public}"), "other hosts than [engine]:2222"),
        ] {
            let error = HostKeys::read(text, "engine", 2222).unwrap_err().to_string();
            assert!(error.starts_with("the SSH host key ") && error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn asks_for_the_kinds_that_are_known() {
        let of = |text: &str| HostKeys::read(text, "engine", 22).unwrap().algorithms();
        assert_eq!(of(&key().to_openssh().unwrap()), [Algorithm::Ed25519]);
        assert_eq!(of(&key().fingerprint(HashAlg::Sha256).to_string()).len(), 6);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,200}") {
            let _ = HostKeys::read(&text, "engine", 22);
        }
    }
}
