//! The settings of an engine as the fields of a configuration: the connector's words for what the engine crate says with types.
//!
//! A program whose users see no such fields, as the command line's, sets words of its own.

use std::{borrow::Cow, sync::OnceLock};

use engine::{Remedy, Subject, Wording};

use super::fields;

static OF_THE_PROGRAM: OnceLock<&'static dyn Wording> = OnceLock::new();

/// Has all errors of this process name settings by these words, in place of the fields' names. The first call counts.
pub fn set_wording(wording: &'static dyn Wording) {
    let _the_first_counts = OF_THE_PROGRAM.set(wording);
}

/// The words for settings in this process.
pub(crate) fn wording() -> &'static dyn Wording {
    OF_THE_PROGRAM.get().copied().unwrap_or(&Fields)
}

/// The fields of a configuration.
#[derive(Debug)]
pub struct Fields;

impl Wording for Fields {
    fn subject(&self, subject: Subject) -> Cow<'static, str> {
        let field = match subject {
            Subject::Protocol => fields::PROTOCOL,
            Subject::Address => fields::SERVER_ADDRESS,
            Subject::Port => fields::PORT,
            Subject::SignIn => fields::AUTHENTICATION_TYPE,
            Subject::Ca => fields::CA_CERT_PATH,
            Subject::ClientCertificate => fields::CERT_PATH,
            Subject::ClientKey => fields::KEY_PATH,
            Subject::KeyPassphrase => fields::KEY_PASSPHRASE,
            Subject::Pin => fields::CERTIFICATE_PIN,
            Subject::ServerName => fields::TLS_SERVER_NAME,
            Subject::Proxy => fields::PROXY,
            Subject::ProxyOfEnvironment(variable) => return variable.into(),
            Subject::SshUser => fields::SSH_USERNAME,
            Subject::SshKey => fields::SSH_KEY,
            Subject::SshPassphrase => fields::SSH_PASSPHRASE,
            Subject::HostKey => fields::SSH_HOST_KEY,
            Subject::SshSocket => fields::SSH_SOCKET,
            Subject::ApiVersion => fields::API_VERSION,
            Subject::Timeout => fields::TIMEOUT,
            Subject::ConnectTimeout => fields::CONNECT_TIMEOUT,
            Subject::MaxConnections => fields::MAX_CONNECTIONS,
            Subject::RateLimit => fields::RATE_LIMIT,
        };
        field.name.into()
    }

    fn remedy(&self, remedy: Remedy) -> String {
        let field = |subject| self.subject(subject);
        match remedy {
            Remedy::Check(subject) => format!("Check {}", field(subject)),
            Remedy::CheckAddress => format!(
                "Check {}, {} and {}",
                field(Subject::Protocol),
                field(Subject::Address),
                field(Subject::Port)
            ),
            Remedy::CheckSshSignIn => {
                format!("Check {} and {}", field(Subject::SshUser), field(Subject::SshKey))
            }
            Remedy::Give(subject) => format!("Fill in {}", field(subject)),
            Remedy::Raise(subject) => format!("Raise {}", field(subject)),
            Remedy::Lower(subject) => format!("Lower {}", field(subject)),
            Remedy::UseTls => format!("Set {} to HTTPS", field(Subject::Protocol)),
            Remedy::UsePlainHttp => format!(
                "Set {} to HTTP if plain HTTP is meant, or set {} to the engine's TLS port ({})",
                field(Subject::Protocol),
                field(Subject::Port),
                engine::HTTPS_PORT
            ),
            Remedy::TrustAuthority => {
                format!(
                    "Give the certificate of the CA that signed the engine's certificate as {}",
                    field(Subject::Ca)
                )
            }
            Remedy::TrustCertificate => {
                format!("If it is the engine's, give that very certificate as {}", field(Subject::Ca))
            }
            Remedy::UseItsName => format!(
                "Use a name that the certificate carries as {}, or give that name as {}",
                field(Subject::Address),
                field(Subject::ServerName)
            ),
            Remedy::RenewPin => format!(
                "If the engine was given a new certificate, put its pin into {}. If not, another machine is answering in its place",
                field(Subject::Pin)
            ),
            Remedy::GiveClientCertificate => format!(
                "Give a certificate that the engine's authority has signed as {}, and its key as {}",
                field(Subject::ClientCertificate),
                field(Subject::ClientKey)
            ),
            Remedy::OfferClientCertificate => format!(
                "The engine may require a client certificate, or not accept the given one: check {}, {} and {}",
                field(Subject::SignIn),
                field(Subject::ClientCertificate),
                field(Subject::ClientKey)
            ),
            Remedy::RenewHostKey => format!(
                "If the server was given a new key, put it into {}. If not, another machine is answering in its place",
                field(Subject::HostKey)
            ),
            Remedy::NegotiateVersion => format!("Set {} to Auto", field(Subject::ApiVersion)),
            Remedy::SignInToProxy(subject) => {
                format!("Give user and password in {}: http://user:password@proxy:3128", field(subject))
            }
            Remedy::UseNoProxy => {
                format!("If there is a way without a proxy, set {} to none", field(Subject::Proxy))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_remedy_names_a_field() {
        for remedy in Remedy::ALL {
            let told = Fields.remedy(*remedy);
            let names_one = Subject::ALL.iter().any(|subject| told.contains(&*Fields.subject(*subject)));
            assert!(names_one && !told.ends_with('.') && !told.contains("DOCKER_"), "{remedy:?}: {told}");
        }
    }
}
