//! Derives from the catalogue what FortiSOAR installs: the description, the samples, the reference, the `.tgz`.
//!
//! Nothing here is said twice: an operation is declared in `operations`, and this crate puts the declarations into
//! FortiSOAR's words. [`build`] makes the package and [`write_documents`] the documents.

mod archive;
mod build_info;
mod contents;
mod documents;
mod endpoints;
mod error;
mod errors;
mod examples;
mod form;
mod icons;
mod identity;
mod info;
mod kind;
mod notices;
mod page;
mod paths;
mod playbooks;
mod python;
mod reference;
mod sbom;
mod schema;
mod stories;
mod values;
mod workflow;

pub use build_info::build_info;
pub use contents::{Package, build, build_program};
pub use documents::{Page, check as check_documents, write as write_documents};
pub use error::Error;
pub use identity::Identity;
pub use notices::notices;
pub use paths::paths;
pub use sbom::sbom;
