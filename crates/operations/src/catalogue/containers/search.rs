//! Searches in containers: a folder's listing, texts and hashes in files, lines in logs. Nothing is unpacked, and nothing runs there.
//!
//! All of them are bounded in time and bytes, and say what they have not read, and why.

mod files;
mod list;
mod log_lines;
mod logs;
mod sought;
mod tar_entries;
mod tree;
mod wait;

pub(crate) use self::{files::hash_of_file, sought::Sought};
use crate::Operation;

/// The operations of this folder, as its group lists them.
pub(crate) static LISTING: &[Operation] = list::OPERATIONS;
pub(crate) static FILES: &[Operation] = files::OPERATIONS;
pub(crate) static LOGS: &[Operation] = logs::OPERATIONS;
pub(crate) static WAITING: &[Operation] = wait::OPERATIONS;
