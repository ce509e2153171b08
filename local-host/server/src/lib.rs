//! The local host: what a playbook author with a laptop has in place of a `FortiSOAR` appliance.
//!
//! It serves, over https on the loopback interface only, `FortiSOAR`'s integration API as its clients use it, and a page.
//! Operations run in Python workers that load an installed package as `FortiSOAR` loads it, so that what is tried is what
//! ships. What it keeps is in one private folder.

mod certificate;
mod doors;
mod error;
mod history;
mod host;
mod jobs;
mod layout;
mod masks;
mod noted;
mod page;
mod private;
mod progress;
mod records;
mod rest;
mod secrets;
mod server;
mod store;
mod workers;

pub use crate::{
    error::Error,
    server::{Options, serve},
};
