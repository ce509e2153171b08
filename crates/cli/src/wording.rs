//! The settings of an engine as variables and flags: the command line's words for what the engine crate says with types.

use std::borrow::Cow;

use engine::{Remedy, Subject, Wording};

/// The variables of `docker`, and the flags beside them.
pub(crate) struct Flags;

const HOST: &str = "DOCKER_HOST (--host)";
const CERT_PATH: &str = "DOCKER_CERT_PATH (--cert-path)";
const ELSEWHERE: &str = "If not, another machine is answering in its place";

impl Wording for Flags {
    fn subject(&self, subject: Subject) -> Cow<'static, str> {
        match subject {
            Subject::Protocol | Subject::Address | Subject::Port => HOST.into(),
            Subject::SignIn => "the sign-in".into(),
            Subject::Ca => format!("ca.pem in {CERT_PATH}").into(),
            Subject::ClientCertificate => format!("cert.pem in {CERT_PATH}").into(),
            Subject::ClientKey => format!("key.pem in {CERT_PATH}").into(),
            Subject::KeyPassphrase => "the passphrase of key.pem".into(),
            Subject::Pin => "the certificate's pin".into(),
            Subject::ServerName => "the server's name".into(),
            Subject::Proxy => "HTTPS_PROXY".into(),
            Subject::ProxyOfEnvironment(variable) => variable.into(),
            Subject::SshUser => format!("the user in {HOST}").into(),
            Subject::SshKey => "the SSH key (--ssh-key)".into(),
            Subject::SshPassphrase => "FSR_DOCKER_SSH_PASSPHRASE".into(),
            Subject::HostKey => "~/.ssh/known_hosts".into(),
            Subject::SshSocket => format!("the path in {HOST}").into(),
            Subject::ApiVersion => "DOCKER_API_VERSION (--api-version)".into(),
            Subject::Timeout => "--timeout".into(),
            Subject::ConnectTimeout => "the connection timeout".into(),
            Subject::MaxConnections => "the limit of connections".into(),
            Subject::RateLimit => "the rate limit".into(),
        }
    }

    fn remedy(&self, remedy: Remedy) -> String {
        match remedy {
            Remedy::Check(Subject::SignIn) => format!(
                "fsr-docker signs in by client certificate: give one in {CERT_PATH}, or reach the engine without the proxy that \
                 asks for a sign-in"
            ),
            Remedy::Check(subject) => format!("Check {}", self.subject(subject)),
            Remedy::CheckAddress => format!("Check {HOST}"),
            Remedy::CheckSshSignIn => {
                format!("Check {} and {}", self.subject(Subject::SshUser), self.subject(Subject::SshKey))
            }
            // docker has no passphrase either.
            Remedy::Give(Subject::KeyPassphrase) => {
                "Remove its passphrase: `openssl pkey -in key.pem -out new.pem`".to_owned()
            }
            Remedy::Give(subject) => format!("Set {}", self.subject(subject)),
            Remedy::Raise(Subject::Timeout) => "Raise --timeout".to_owned(),
            Remedy::Raise(Subject::MaxConnections) => "Run fewer calls at once".to_owned(),
            Remedy::Raise(_) | Remedy::Lower(_) => "Try again later".to_owned(),
            Remedy::UseTls => format!(
                "Set DOCKER_TLS_VERIFY (--tlsverify) to 1, and {CERT_PATH} to the certificates' folder, or give the context its TLS files"
            ),
            Remedy::UsePlainHttp => format!(
                "Unset DOCKER_TLS_VERIFY (--tlsverify) if plain HTTP is meant, or give the engine's TLS port ({}) in {HOST}",
                engine::HTTPS_PORT
            ),
            Remedy::TrustAuthority => format!(
                "Put the certificate of the authority that signed the engine's into {}",
                self.subject(Subject::Ca)
            ),
            Remedy::TrustCertificate => {
                format!("If it is the engine's, put that very certificate into {}", self.subject(Subject::Ca))
            }
            Remedy::UseItsName => format!("Use a name that the certificate carries in {HOST}"),
            Remedy::RenewPin => {
                format!("If the engine was given a new certificate, pin that one. {ELSEWHERE}")
            }
            Remedy::GiveClientCertificate => {
                format!(
                    "Put a certificate that the engine's authority has signed, and its key, into cert.pem and key.pem in {CERT_PATH}"
                )
            }
            Remedy::OfferClientCertificate => format!(
                "The engine may require a client certificate, or not accept the given one: check cert.pem and key.pem in {CERT_PATH}"
            ),
            Remedy::RenewHostKey => {
                format!("If the server was given a new key, put it into ~/.ssh/known_hosts. {ELSEWHERE}")
            }
            Remedy::NegotiateVersion => "Unset DOCKER_API_VERSION (--api-version)".to_owned(),
            Remedy::SignInToProxy(subject) => {
                format!(
                    "Give user and password in {}: http://user:password@proxy:3128",
                    self.subject(subject)
                )
            }
            Remedy::UseNoProxy => {
                "If there is a way without a proxy, name the engine's host in NO_PROXY".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::command;

    /// Every word of the command line that a text names is one, and no field of a configuration is named.
    fn assert_ours(told: &str) {
        let command = command();
        let flags: Vec<&str> = command.get_arguments().filter_map(|argument| argument.get_long()).collect();
        let variables: Vec<&str> =
            command.get_arguments().filter_map(|argument| argument.get_env()?.to_str()).collect();
        for word in told.split([' ', '(', ')', ',', ':', '.']) {
            if let Some(flag) = word.strip_prefix("--") {
                assert!(flags.contains(&flag), "{told}");
            }
            if word.starts_with("DOCKER_") {
                assert!(variables.contains(&word), "{told}");
            }
            let is_field = word.contains('_')
                && operations::Configuration::fields().iter().any(|field| field.name == word);
            assert!(!is_field, "{told}");
        }
        assert!(!told.contains("FortiSOAR") && !told.ends_with('.') && !told.is_empty(), "{told}");
    }

    #[test]
    fn each_setting_and_each_remedy_is_in_the_words_of_the_command_line() {
        for subject in Subject::ALL {
            assert_ours(&Flags.subject(*subject));
        }
        for remedy in Remedy::ALL {
            assert_ours(&Flags.remedy(*remedy));
        }
    }
}
