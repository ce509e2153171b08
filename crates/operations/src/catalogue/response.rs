//! Incident response: isolating a container, releasing it as it was, and evidence of it that stands up, each in one step.

mod evidence;
mod isolate;
mod isolated;
mod pause;
mod plan;
mod record;
mod release;
mod restoration;
pub(crate) mod suspect;
mod verify;
mod whole_tar;
mod zip;

pub use self::verify::verify_file;
use crate::Group;

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of(
    "Incident Response",
    &[
        isolate::OPERATIONS,
        release::OPERATIONS,
        isolated::OPERATIONS,
        evidence::OPERATIONS,
        verify::OPERATIONS,
    ],
);
