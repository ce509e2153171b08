//! Incident response: containment, evidence and its verification.

mod evidence;
mod verify;
mod whole_tar;
mod zip;

pub use self::verify::verify_file;
use crate::Group;

/// What stands up in an investigation, in one step each.
pub(crate) static GROUP: Group = Group::of("Incident Response", &[evidence::OPERATIONS, verify::OPERATIONS]);
