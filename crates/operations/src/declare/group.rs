//! How operations are grouped: a folder of the catalogue declares one group.

use super::operation::{Operation, undeclared};

/// The operations on one of Docker's resources.
#[derive(Debug)]
pub struct Group {
    /// The name that people read: `Containers`.
    pub title: &'static str,
    files: &'static [&'static [Operation]],
}

impl Group {
    /// A group of what its files declare, in this order. It does not compile if an operation that changes something does not
    /// declare what it touches.
    #[allow(clippy::panic, reason = "at compile time only: every group is a static")]
    pub(crate) const fn of(title: &'static str, files: &'static [&'static [Operation]]) -> Self {
        if let Some(name) = undeclared(files) {
            panic!("{}", name); // It changes something: declare what with .touches.
        }
        Self { title, files }
    }

    /// Its operations; also those that only forms call.
    pub(crate) fn operations(&self) -> impl Iterator<Item = &'static Operation> + use<> {
        self.files.iter().copied().flatten()
    }

    /// Its operations that people see.
    pub fn shown(&self) -> impl Iterator<Item = &'static Operation> + use<> {
        self.operations().filter(|operation| operation.visible)
    }
}
