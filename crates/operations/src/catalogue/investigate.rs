//! What an analyst asks of a host of containers, each in one call. All of it only reads.

pub(crate) mod attack;

use crate::Group;

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of("Investigate", &[]);
