//! How a call is carried out, in this order: `connector` finds the declaration, `validate` reads the parameters, `perform` carries
//! it out: `guard` asks the configuration's `policy` whether it is allowed, `request` makes what is sent, `call` sends it, `redact`
//! masks results, and `secrets` keeps what was given in secret out of every text. `oversize` and `storable` fit the result to FortiSOAR's database.

pub(crate) mod call;
pub(crate) mod collect;
pub(crate) mod connector;
pub(crate) mod files;
pub(crate) mod guard;
pub(crate) mod health;
pub(crate) mod isolation;
pub(crate) mod objects;
pub(crate) mod output;
pub(crate) mod oversize;
pub(crate) mod perform;
pub(crate) mod policy;
pub(crate) mod progress;
pub(crate) mod provenance;
pub(crate) mod redact;
pub(crate) mod request;
pub(crate) mod secrets;
pub(crate) mod services;
pub(crate) mod side_by_side;
pub(crate) mod signing;
pub(crate) mod states;
pub(crate) mod storable;
pub(crate) mod stream;
pub(crate) mod swarm;
pub(crate) mod swarm_update;
pub(crate) mod text;
pub(crate) mod trim;
pub(crate) mod unmarshal;
pub(crate) mod validate;
