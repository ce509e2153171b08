//! The archive of evidence: a zip whose every structural byte follows from its entries, so that any that was changed is found.

pub(super) mod layout;
pub(super) mod writer;
