//! What of a parameter's value is secret: declared with the parameter, so that no other file knows it by its name.

use crate::{Notation, ValueKind};

/// The part of a value that no text may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// Nothing.
    Open,
    /// All of it.
    Whole,
    /// The user and password of a URL.
    SignIn,
    /// The value of each `NAME=value`, or of each entry of a map.
    Values,
    /// What follows the first word of a command.
    Words,
    /// Each line.
    Lines,
    /// The values that a Dockerfile's instructions set.
    Instructions,
    /// The lines of a key. A path, or a file of FortiSOAR, is open.
    Key,
    /// In JSON, the fields that hold secrets: an environment, a password, a command. Text that is no JSON, line by line.
    Within,
}

impl ValueKind {
    /// What is secret of every value of this kind. `None` for a kind that may or may not carry a secret: its parameters say so
    /// themselves, with [`Param::secret`](crate::Param::secret) or [`Param::open`](crate::Param::open).
    pub const fn secrecy(self) -> Option<Secrecy> {
        match self {
            Self::Secret => Some(Secrecy::Whole),
            Self::Notation(Notation::Environment) => Some(Secrecy::Values),
            Self::Notation(Notation::Healthcheck) => Some(Secrecy::Within),
            Self::Command => Some(Secrecy::Words),
            Self::LongText | Self::Lines | Self::File => None,
            Self::Object | Self::Objects | Self::Json | Self::Map => None,
            _ => Some(Secrecy::Open),
        }
    }
}
