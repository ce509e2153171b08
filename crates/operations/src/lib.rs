//! The catalogue of operations on a Docker Engine, and what carries one out.
//!
//! An [`Operation`] is data: its name, endpoint, effect and parameters. Everything else follows from it: the checks, the
//! request, the form in FortiSOAR, the reference, the command line's help. The files are Docker's resources:
//! `containers.rs`, `images.rs`, `networks.rs`, `volumes.rs`, `system.rs`; what takes more than one request has a file of
//! its own beside them (`containers/exec.rs`, `images/pull.rs`, ...). The others are what carries a declaration out.
//!
//! A [`Connector`] is one configuration, ready to run them.

mod arguments;
mod body;
mod call;
mod call_api;
mod catalogue;
mod check;
mod configuration;
mod connector;
mod containers;
mod error;
mod files;
mod guard;
mod health;
mod images;
#[cfg(feature = "internals")]
pub mod internals;
mod networks;
mod notation;
mod operation;
mod output;
mod oversize;
mod param;
mod pick;
mod preview;
mod progress;
mod prune;
mod redact;
mod request;
mod result;
#[cfg(feature = "samples")]
#[path = "../samples/mod.rs"]
mod samples;
mod services;
mod storable;
mod stream;
mod system;
mod text;
mod trim;
mod unmarshal;
mod values;
mod volumes;

pub use catalogue::{find, operations};
pub use configuration::{Configuration, FIELDS, Field};
pub use connector::{Connector, Report};
pub use engine::ApiVersion;
pub use error::{Error, Kind};
pub use health::Health;
pub use notation::Notation;
pub use operation::{Category, Effect, Method, Operation, Shape};
pub use output::{Outcome, Output, Written};
pub use param::{Param, Place, ShownFor, ValueKind};
pub use result::{Case, Schema};
pub use services::{NoServices, Progress, Services, Watcher};
