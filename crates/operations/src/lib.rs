//! The catalogue of operations on a Docker Engine, and what carries one out.
//!
//! An [`Operation`] is data: its name, endpoint, effect and parameters. Everything else follows from it: the checks, the
//! request, the form in FortiSOAR, the reference, the command line's help.
//!
//! - `declare`: how an operation, a parameter and a result are declared
//! - `values`: what playbooks write, read by the engine's own rules
//! - `catalogue`: the operations, by Docker's resources; what takes more than one request has a file of its own
//! - `run`: how a call is carried out
//! - `configuration`: the fields of a configuration
//!
//! A [`Connector`] is one configuration, ready to run them.

mod catalogue;
mod configuration;
mod declare;
mod error;
mod finding;
mod run;
#[cfg(feature = "samples")]
#[path = "../samples/mod.rs"]
mod samples;
mod values;

pub use catalogue::images::registry::{host as registry_host, registry_of};
pub use catalogue::response::verify_file;
pub use catalogue::{closest, find, groups, operations, shown, unknown};
pub use configuration::{
    Configuration,
    wording::{Fields, set_wording},
};
pub use declare::effect::{Category, Effect};
pub use declare::endpoint::Method;
pub use declare::group::Group;
pub use declare::operation::{Comes, Operation, Shape, Table};
pub use declare::param::{OfRegistry, Param, Pattern, Place, ShownFor, ValueKind};
pub use declare::result::{Case, Schema};
pub use declare::secrecy::Secrecy;
pub use declare::states::Subject;
pub use declare::view::View;
pub use engine::ApiVersion;
pub use error::{Done, Error, Kind, Meaning};
pub use finding::{Check, Finding, Level};
pub use run::connector::{Connector, Report};
pub use run::health::Health;
pub use run::output::{Outcome, Output, Written};
pub use run::policy::AccessLevel;
pub use run::services::{NoServices, Progress, Services, Taker, Watcher};
pub use run::signing::{sign, verify_signature};
pub use run::trim::selected;
pub use values::notation::Notation;
