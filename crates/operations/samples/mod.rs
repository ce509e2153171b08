//! Operations to copy from, one for each method of HTTP. They work, and `tests/real_samples.rs` runs them on a real engine;
//! but they are built for the tests alone, and the catalogue does not show them.
//!
//! See `docs/adding-an-operation.md`.

mod leave_note;
mod list_published_ports;
mod remove_finished_container;
mod throttle_container;

use crate::{Operation, declare::operation::undeclared};

static SAMPLES: &[&[Operation]] = &[
    list_published_ports::OPERATIONS,
    throttle_container::OPERATIONS,
    leave_note::OPERATIONS,
    remove_finished_container::OPERATIONS,
];

const _: () = assert!(undeclared(SAMPLES).is_none(), "a sample does not declare what it touches");

/// All of them.
pub(crate) fn operations() -> impl Iterator<Item = &'static Operation> {
    SAMPLES.iter().flat_map(|operations| operations.iter())
}
