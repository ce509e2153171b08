//! Why a package cannot be made.

use std::{io, path::PathBuf};

/// Why a package cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name is not one that FortiSOAR takes.
    #[error(
        "The name {0:?} will not do: it begins with a letter and holds lower-case letters, digits and single hyphens, such as docker-engine."
    )]
    Name(String),
    /// The label is not one that a form can show.
    #[error("The label {0:?} will not do: it is one line of text, such as Docker Engine.")]
    Label(String),
    /// The address of the documentation is not one that FortiSOAR can link to.
    #[error("The address {0:?} of the documentation cannot be used. Give an https:// address.")]
    Help(String),
    /// A file that the package is made of is not there, or cannot be read.
    #[error("Cannot read {}, which the package is made of: {source}.", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A library asks for its licence's text to be passed on, and ships none.
    #[error(
        "{0}: its package holds no text of its license, which has to go along. Use another release of it, or another library."
    )]
    Licence(String),
    /// The archive cannot be put together.
    #[error("Cannot put the archive together: {0}.")]
    Archive(#[from] io::Error),
}
