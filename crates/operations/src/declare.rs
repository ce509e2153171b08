//! How an operation and its parameters are declared, and what a call gives for them.

pub(crate) mod arguments;
pub(crate) mod effect;
pub(crate) mod endpoint;
pub(crate) mod group;
pub(crate) mod operation;
pub(crate) mod param;
pub(crate) mod result;
pub(crate) mod secrecy;
pub(crate) mod states;
pub(crate) mod target;
pub(crate) mod view;
