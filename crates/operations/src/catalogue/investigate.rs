//! What an analyst asks of a host of containers, each in one call. All of it only reads.

mod attachment;
pub(crate) mod attack;
mod explain;
mod hunt;
mod looks;
mod plain;
mod posture;
mod related;
mod survey;
mod svg;
mod table;
mod timeline;

use crate::Group;

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of(
    "Investigate",
    &[explain::OPERATIONS, posture::OPERATIONS, related::OPERATIONS, hunt::OPERATIONS, timeline::OPERATIONS],
);
