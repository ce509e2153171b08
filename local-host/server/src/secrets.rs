//! Who may come in: the API key, the one-time link of the page, and the page's sessions. And the seals that stand for
//! stored secrets in what is sent out.

use std::collections::HashSet;
use std::fs;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::error::Error;
use crate::layout::Layout;
use crate::private;

/// What a seal begins with.
const SEAL: &str = "sealed:";

/// The secrets of a running host.
pub(crate) struct Secrets {
    api_key: String,
    key: hmac::Key,
    link: Mutex<Option<String>>,
    sessions: Mutex<HashSet<String>>,
}

impl Secrets {
    /// Those of the state folder, and whether they were made just now.
    pub(crate) fn open(layout: &Layout) -> Result<(Self, bool), Error> {
        let path = layout.file("api-key");
        let kept = fs::read_to_string(&path).map(|text| text.trim().to_owned()).unwrap_or_default();
        let made = kept.is_empty();
        let api_key = if made { random() } else { kept };
        if made {
            private::write(&path, api_key.as_bytes()).map_err(Error::state(&path))?;
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, api_key.as_bytes());
        let secrets = Self { api_key, key, link: Mutex::default(), sessions: Mutex::default() };
        Ok((secrets, made))
    }

    /// The key that clients of the API sign in with.
    pub(crate) fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Whether it is the API key; the answer takes the same time whatever is given.
    pub(crate) fn is_api_key(&self, given: &str) -> bool {
        let expected = hmac::sign(&self.key, self.api_key.as_bytes());
        hmac::verify(&self.key, given.as_bytes(), expected.as_ref()).is_ok()
    }

    /// A token that opens the page once. The one before it is void.
    pub(crate) fn new_link(&self) -> String {
        let token = random();
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        token
    }

    /// A session in exchange for the token of the link, once.
    pub(crate) fn redeem(&self, token: &str) -> Option<String> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let tag = hmac::sign(&self.key, link.as_ref()?.as_bytes());
        hmac::verify(&self.key, token.as_bytes(), tag.as_ref()).ok()?;
        *link = None;
        Some(self.new_session())
    }

    /// A session of the page; it lasts as long as the host runs.
    pub(crate) fn new_session(&self) -> String {
        let session = random();
        self.sessions().insert(session.clone());
        session
    }

    /// Whether there is such a session.
    pub(crate) fn is_session(&self, given: &str) -> bool {
        self.sessions().contains(given)
    }

    /// Ends a session.
    pub(crate) fn end_session(&self, given: &str) {
        self.sessions().remove(given);
    }

    /// What stands for a secret outside: the same for the same secret, and useless without the host.
    pub(crate) fn seal(&self, secret: &str) -> String {
        let tag = hmac::sign(&self.key, format!("{SEAL}{secret}").as_bytes());
        format!("{SEAL}{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// Whether a value is a seal.
    pub(crate) fn is_seal(value: &str) -> bool {
        value.strip_prefix(SEAL).is_some_and(|tag| tag.len() == 43)
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 256 bits from the system, as text for URLs and headers.
fn random() -> String {
    let mut bytes = [0; 32];
    // The system's generator does not fail once the machine is up; zeros must never become a secret.
    while SystemRandom::new().fill(&mut bytes).is_err() {
        std::thread::yield_now();
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn secrets() -> (tempfile::TempDir, Layout, Secrets) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path()).unwrap();
        let (secrets, made) = Secrets::open(&layout).unwrap();
        assert!(made);
        (folder, layout, secrets)
    }

    #[test]
    fn the_key_is_kept_in_private() {
        let (_folder, layout, secrets) = secrets();
        let (again, made) = Secrets::open(&layout).unwrap();
        assert!(!made && again.is_api_key(secrets.api_key()));
        assert!(!again.is_api_key("") && !again.is_api_key("other"));
        let permissions = fs::metadata(layout.file("api-key")).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
    }

    #[test]
    fn the_link_opens_once() {
        let (_folder, _layout, secrets) = secrets();
        let token = secrets.new_link();
        assert!(secrets.redeem("guess").is_none());
        let session = secrets.redeem(&token).unwrap();
        assert!(secrets.is_session(&session) && !secrets.is_session(&token));
        assert!(secrets.redeem(&token).is_none());
        secrets.end_session(&session);
        assert!(!secrets.is_session(&session));
    }

    #[test]
    fn seals_stand_for_secrets() {
        let (_folder, _layout, secrets) = secrets();
        let seal = secrets.seal("hunter2");
        assert!(Secrets::is_seal(&seal) && !seal.contains("hunter2"));
        assert_eq!(seal, secrets.seal("hunter2"));
        assert_ne!(seal, secrets.seal("hunter3"));
        assert!(!Secrets::is_seal("sealed:no") && !Secrets::is_seal("hunter2"));
    }
}
