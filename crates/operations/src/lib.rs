//! The catalogue of operations on a Docker Engine, and what carries one out.
//!
//! An [`Operation`] is data: its name, endpoint, effect and parameters. Everything else follows from it: the checks, the
//! request, the form in FortiSOAR, the reference, the command line's help. The files are Docker's resources:
//! `containers.rs`, `images.rs`, `networks.rs`, `volumes.rs`, `system.rs`; what takes more than one request has a file of
//! its own (`exec.rs`, `pull.rs`, ...).
//!
//! A [`Connector`] is one configuration, ready to run them.

mod archive;
mod arguments;
mod attach;
mod build;
mod call;
mod call_api;
mod capture;
mod catalogue;
mod check;
mod commit;
mod configuration;
mod connector;
mod container_config;
mod containers;
mod create;
mod error;
mod events;
mod exec;
mod exit_code;
mod files;
mod guard;
mod host_config;
mod images;
mod ipam;
mod lifecycle;
mod logs;
mod membership;
mod networks;
mod notation;
mod operation;
mod output;
mod oversize;
mod param;
mod preview;
mod processes;
mod progress;
mod prune;
mod pull;
mod push;
mod reference;
mod registry;
mod request;
mod resources;
mod run;
#[cfg(feature = "samples")]
#[path = "../samples/mod.rs"]
mod samples;
mod save;
mod search;
mod services;
mod state;
mod stats;
mod storable;
mod stream;
mod system;
mod update;
mod values;
mod volumes;
mod wait;

pub use catalogue::{find, operations};
pub use configuration::{Configuration, FIELDS, Field};
pub use connector::{Connector, Health, Report};
pub use error::{Error, Kind};
pub use notation::Notation;
pub use operation::{Category, Effect, Method, Operation, Shape};
pub use output::Output;
pub use param::{Param, Place, ValueKind};
pub use services::{NoServices, Services};
