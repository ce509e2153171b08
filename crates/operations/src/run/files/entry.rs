//! The head of a tar that holds one file: what the engine wants a single file in.

use std::path::Path;

/// The longest name of a file that Linux has, in bytes.
const LONGEST_NAME: usize = 255;
/// The longest name that a header holds by itself, in bytes.
const LONGEST_IN_HEADER: usize = 100;
const BLOCK: usize = 512;

/// What stands before a file's contents: its header, and a header of its own for a long name, in GNU's form.
/// The error says what is wrong with the name, to follow `filename`.
pub(super) fn head(filename: &str, size: u64, mode: u32) -> Result<Vec<u8>, String> {
    refuse_unsafe(filename)?;
    let mut head = Vec::new();
    if filename.len() > LONGEST_IN_HEADER {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.as_old_mut().name[..13].copy_from_slice(b"././@LongLink");
        // With the zero that ends it.
        header.set_size(filename.len() as u64 + 1);
        header.set_cksum();
        head.extend_from_slice(header.as_bytes());
        head.extend_from_slice(filename.as_bytes());
        head.resize(2 * BLOCK, 0);
    }
    let mut header = tar::Header::new_gnu();
    let within = &filename.as_bytes()[..filename.len().min(LONGEST_IN_HEADER)];
    header.as_old_mut().name[..within.len()].copy_from_slice(within);
    header.set_size(size);
    header.set_mode(mode);
    header.set_mtime(jiff::Timestamp::now().as_second().unsigned_abs());
    header.set_cksum();
    head.extend_from_slice(header.as_bytes());
    Ok(head)
}

fn refuse_unsafe(filename: &str) -> Result<(), String> {
    let bytes = filename.len();
    if bytes > LONGEST_NAME {
        let beginning: String = filename.chars().take(30).collect();
        return Err(format!("must be at most {LONGEST_NAME} bytes, and {beginning:?}... has {bytes}"));
    }
    let name = Path::new(filename);
    let is_plain = name.file_name().is_some_and(|part| part == name.as_os_str());
    if !is_plain || filename.contains(['/', '\0']) {
        return Err(format!(
            "must be one name, without a slash, not {filename:?}; the folder goes into path"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere() {
        for name in ["", "/", "..", ".", "../a", "a/b", "/etc/passwd", "a/", "a\0b"] {
            assert!(head(name, 0, 0o644).unwrap_err().contains("one name"), "{name:?}");
        }
        for name in ["x".repeat(256), "é".repeat(128)] {
            assert!(head(&name, 0, 0o644).unwrap_err().contains("has 256"), "{name:?}");
        }
    }
}
