//! How operations are grouped: a folder of the catalogue declares one group.

use crate::Operation;

/// The operations on one of Docker's resources.
#[derive(Debug)]
pub struct Group {
    /// The name that people read: `Containers`.
    pub title: &'static str,
    files: &'static [&'static [Operation]],
}

impl Group {
    /// A group of what its files declare, in this order.
    pub(crate) const fn of(title: &'static str, files: &'static [&'static [Operation]]) -> Self {
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
