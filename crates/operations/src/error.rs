//! The one error type of this crate. Its text is what a playbook's author reads.

mod meaning;

use std::fmt;

use engine::SwarmState;

pub use meaning::{Done, Meaning};

use crate::{
    configuration::wording::wording,
    declare::arguments::Aim,
    run::{secrets::Secrets, unmarshal::reworded},
};

/// What went wrong, for code to match on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A parameter is missing, ill-typed or unknown. Nothing was sent.
    InvalidParameters,
    /// A field of the configuration is missing or wrong. Nothing was sent.
    InvalidConfiguration,
    /// There is no operation of this name.
    UnknownOperation,
    /// The configuration does not allow it. Nothing was done.
    Blocked,
    /// The container is isolated, and the operation would undo that. Nothing was done.
    Isolated,
    /// The operation itself failed, though its requests did not: a command's exit code, a pull's error line.
    Failed,
    /// A fault of the connector's own.
    Internal,
    /// A file or attachment of FortiSOAR could not be read or made.
    Attachment,
    /// The engine, or the way to it.
    Engine(engine::ErrorKind),
}

impl Kind {
    /// The kind as stable text, such as `not_found`: what an error's text begins with.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidParameters => "invalid_parameters",
            Self::InvalidConfiguration => "invalid_configuration",
            Self::UnknownOperation => "unknown_operation",
            Self::Blocked => "blocked_by_policy",
            Self::Isolated => "isolated",
            Self::Failed => "failed",
            Self::Internal => "internal",
            Self::Attachment => "attachment",
            Self::Engine(kind) => kind.code(),
        }
    }
}

/// The most that is told of what an engine, or what stands before it, says of a refusal, in bytes.
const LONGEST_SAID: usize = 2000;

/// The most of any error, in bytes.
const LONGEST: usize = 16 * 1024;

/// An error, as text: `[not_found 404] stop_container: No such container: web. Check the id or name ...`.
pub struct Error {
    kind: Kind,
    operation: Option<String>,
    message: String,
    /// What the engine crate said, as it came: it may quote a secret, so nothing shows it.
    cause: Option<engine::Error>,
}

impl Error {
    /// An error of a kind, with whole sentences: what is wrong and what to do.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, operation: None, message: message.into(), cause: None }
    }

    /// One error for all faults of a form.
    pub(crate) fn faults(kind: Kind, faults: &[String]) -> Self {
        let what = if kind == Kind::InvalidConfiguration { "configuration" } else { "parameters" };
        let faults: Vec<&str> = faults.iter().map(|fault| fault.trim_end_matches('.')).collect();
        Self::new(kind, format!("The {what} cannot be used: {}. Nothing was sent.", faults.join("; ")))
    }

    /// An error for one fault of the parameters.
    pub(crate) fn fault(fault: impl Into<String>) -> Self {
        Self::faults(Kind::InvalidParameters, &[fault.into()])
    }

    /// Names the operation that failed, unless that is named already. A name may be anything that a caller gave.
    #[must_use]
    pub fn within(mut self, operation: &str) -> Self {
        self.operation.get_or_insert_with(|| operation.escape_debug().take(80).collect());
        self
    }

    /// The same error with a further sentence.
    #[must_use]
    pub(crate) fn and(mut self, sentence: &str) -> Self {
        self.message = format!("{} {sentence}", self.message);
        self
    }

    /// The same error with this to do about it, in place of what its status suggests.
    #[must_use]
    pub(crate) fn advise(mut self, advice: &str) -> Self {
        self.message = format!("{}. {advice}.", self.came_back());
        self
    }

    /// What came back, without advice and full stop.
    pub(crate) fn came_back(&self) -> &str {
        self.cause.as_ref().map_or(self.message.as_str(), engine::Error::message).trim_end_matches('.')
    }

    /// The same error without what was given in secret.
    #[must_use]
    pub(crate) fn hiding(mut self, secrets: &Secrets) -> Self {
        let said = self.cause.as_ref().map_or("", engine::Error::message).trim_end_matches('.');
        self.message = match self.message.split_once(said).filter(|_| said.len() > LONGEST_SAID) {
            // Looked through whole, and only then cut: a secret that is cut is not found, and its beginning would stay.
            Some((before, after)) => {
                let mut said = secrets.hidden_in_cut(said);
                if said.len() > LONGEST_SAID {
                    said.truncate(said.floor_char_boundary(LONGEST_SAID));
                    said.push('…');
                }
                format!("{}{said}{}", secrets.hidden_in(before), secrets.hidden_in(after))
            }
            None => secrets.hidden_in(&self.message),
        };
        if self.message.len() > LONGEST {
            self.message.truncate(self.message.floor_char_boundary(LONGEST));
            self.message.push('…');
        }
        self
    }

    /// The same error with the names that the caller gave in place of full ids. Ids within paths stay.
    #[must_use]
    pub(crate) fn naming(mut self, aims: &[Aim]) -> Self {
        for Aim { named, id } in aims {
            let pieces: Vec<&str> = self.message.split(id.as_str()).collect();
            let mut message = pieces.first().map_or(String::new(), |first| (*first).to_owned());
            for pair in pieces.windows(2) {
                let in_a_path = pair[0].ends_with('/') || pair[1].starts_with('/');
                message.push_str(if in_a_path { id } else { &named.text });
                message.push_str(pair[1]);
            }
            self.message = message;
        }
        self
    }

    /// The same error as one of another kind, where more is known than its status says.
    #[must_use]
    pub(crate) fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// What kind of error this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The HTTP status, if an answer came.
    pub fn status(&self) -> Option<u16> {
        self.cause.as_ref().and_then(engine::Error::status)
    }

    /// The `message` of Docker's own JSON, if that is what came back.
    pub(crate) fn said(&self) -> Option<&str> {
        self.cause.as_ref().and_then(engine::Error::said)
    }

    /// What stands in the way of a Swarm call, if that is what came back.
    pub(crate) fn swarm_state(&self) -> Option<SwarmState> {
        self.cause.as_ref()?.swarm_state()
    }

    /// How often the request was tried; 0 if it did not come to that.
    pub fn tries(&self) -> u32 {
        self.cause.as_ref().map_or(0, engine::Error::tries)
    }

    /// Whether a time limit is behind it. A change whose answer did not come in time has an unknown outcome.
    pub fn is_time_out(&self) -> bool {
        let mut cause = self.cause.as_ref().map(|error| error as &(dyn std::error::Error + 'static));
        while let Some(error) = cause {
            let timed_out = engine::ErrorKind::TimedOut;
            if error.downcast_ref::<engine::Error>().is_some_and(|error| error.kind() == timed_out) {
                return true;
            }
            cause = error.source();
        }
        self.kind == Kind::Engine(engine::ErrorKind::TimedOut)
    }

    /// Whether the same request went out before, and its answer was lost.
    pub(crate) fn is_after_a_lost_answer(&self) -> bool {
        self.cause.as_ref().is_some_and(engine::Error::is_after_a_lost_answer)
    }

    /// The text without the code.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl std::error::Error for Error {}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, operation, message, .. } = self;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("operation", operation)
            .field("message", message)
            .finish_non_exhaustive()
    }
}

impl From<engine::Error> for Error {
    fn from(error: engine::Error) -> Self {
        let kind = match error.kind() {
            engine::ErrorKind::InvalidRequest => Kind::InvalidParameters,
            kind => Kind::Engine(kind),
        };
        let said = error.worded(wording());
        let message = reworded(&said).unwrap_or(said);
        Self { kind, operation: None, message, cause: Some(error) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.kind.code())?;
        if let Some(status) = self.status() {
            write!(f, " {status}")?;
        }
        f.write_str("] ")?;
        if let Some(operation) = &self.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::declare::arguments::Named;

    #[test]
    fn tells_names_in_place_of_ids() {
        let aims = [Aim { named: Named::by("id", "web"), id: "ab12".into() }];
        let error = Error::new(Kind::Failed, "ab12: container ab12 is gone, see /var/ab12/log and ab12");
        assert_eq!(error.naming(&aims).message(), "web: container web is gone, see /var/ab12/log and web");
    }

    #[test]
    fn what_was_said_is_looked_through_before_it_is_cut() {
        let secret = "s3cret-".repeat(12_000);
        for said in [
            format!("{}{secret}", "x".repeat(1990)),
            secret[..70_000].to_owned(),
            format!("{} {secret}", "x".repeat(3000)),
        ] {
            let error = engine::Error::new(engine::ErrorKind::BadRequest, said).hint("Do this");
            let text = Error::from(error).hiding(&Secrets::default().and_text(Some(&secret))).to_string();
            assert!(!text.contains("s3cr") && text.len() < 2100 && text.ends_with(". Do this."), "{text}");
        }
    }

    #[test]
    fn begins_with_a_stable_code() {
        let error = Error::from(
            engine::Error::new(engine::ErrorKind::NotFound, "No such container: web").with_status(404),
        );
        assert_eq!(
            error.within("stop_container").to_string(),
            "[not_found 404] stop_container: No such container: web."
        );
        let error =
            Error::faults(Kind::InvalidParameters, &["id is missing.".into(), "t must be a number".into()]);
        assert_eq!(
            error.to_string(),
            "[invalid_parameters] The parameters cannot be used: id is missing; t must be a number. Nothing was sent."
        );
    }
}
