//! The bytes around the members: each is held against what the writer would have written.
//!
//! Ready-made readers skip most of them, and what they skip can be changed. Members are found by their headers, from the beginning
//! on, as no directory could hide one; where a header is damaged, the directory finds the rest.

use std::{fs::File, io, os::unix::fs::FileExt as _};

use super::{Findings, What};
use crate::catalogue::response::zip::layout::{END, Entry, LONGEST_LOCAL, end, read_end};

/// No directory is larger, in bytes: it has some hundred members.
const LARGEST_DIRECTORY: u64 = 16 * 1024 * 1024;

/// The members of an archive.
pub(super) fn read(file: &File, findings: &mut Findings) -> io::Result<Vec<Entry>> {
    let length = file.metadata()?.len();
    let (walked, reached) = walk(file, length)?;
    let mut expected: Vec<u8> = walked.iter().flat_map(Entry::central).collect();
    let directory = expected.len() as u64;
    expected.extend(end(walked.len() as u64, reached, directory));
    let tail = length - reached;
    if tail <= LARGEST_DIRECTORY {
        let actual = bytes(file, reached, tail)?;
        if actual == expected {
            return Ok(walked);
        }
        if actual.len() == expected.len() {
            differences(&actual, &walked, findings);
            return Ok(walked);
        }
        if !walked.is_empty() && actual.starts_with(&expected) {
            let more = actual.len() - expected.len();
            findings.add(What::Added, "", format!("{more} bytes stand after the archive's end"));
            return Ok(walked);
        }
    }
    match listed(file, length)? {
        Some(listed) => {
            against_directory(file, length, &listed, findings)?;
            Ok(listed.into_iter().filter(|entry| entry.end().is_some_and(|end| end <= length)).collect())
        }
        None => {
            let last = walked.last().map_or("", |entry| entry.name.as_str());
            let why = format!(
                "the archive was cut off or changed at byte {reached}, after {} whole members{}",
                walked.len(),
                if last.is_empty() { String::new() } else { format!(", the last of them {last}") }
            );
            findings.add(What::Cut, "", why);
            Ok(walked)
        }
    }
}

/// The members that follow one another from the beginning, and where the last of them ends.
fn walk(file: &File, length: u64) -> io::Result<(Vec<Entry>, u64)> {
    let (mut entries, mut position) = (Vec::new(), 0);
    loop {
        let header = bytes(file, position, (length - position).min(LONGEST_LOCAL as u64))?;
        let entry = Entry::read_local(&header, position);
        match entry.and_then(|entry| Some((entry.end().filter(|end| *end <= length)?, entry))) {
            Some((end, entry)) => {
                position = end;
                entries.push(entry);
            }
            None => return Ok((entries, position)),
        }
    }
}

/// Which parts of a directory differ from those of these members, where its length is right.
fn differences(actual: &[u8], entries: &[Entry], findings: &mut Findings) {
    let mut at = 0;
    for entry in entries {
        let expected = entry.central();
        if actual[at..at + expected.len()] != expected[..] {
            findings.add(What::Changed, &entry.name, "its entry in the archive's directory was changed");
        }
        at += expected.len();
    }
    if actual[at..]
        != end(entries.len() as u64, entries.last().and_then(Entry::end).unwrap_or_default(), at as u64)[..]
    {
        findings.add(What::Changed, "", "the archive's end was changed");
    }
}

/// The members as the directory lists them. `None` where it cannot be found or read.
fn listed(file: &File, length: u64) -> io::Result<Option<Vec<Entry>>> {
    let Some(at) = length.checked_sub(END as u64) else { return Ok(None) };
    let Some((offset, size, count)) = read_end(&bytes(file, at, END as u64)?) else { return Ok(None) };
    if size > LARGEST_DIRECTORY || offset.checked_add(size) != Some(at) {
        return Ok(None);
    }
    let directory = bytes(file, offset, size)?;
    let (mut rest, mut entries) = (directory.as_slice(), Vec::new());
    while let Some((entry, length)) = Entry::read_central(rest) {
        entries.push(entry);
        rest = &rest[length..];
    }
    Ok((rest.is_empty() && entries.len() as u64 == count).then_some(entries))
}

/// What differs from a directory that can be read: headers, gaps, and the directory's own bytes.
fn against_directory(file: &File, length: u64, entries: &[Entry], findings: &mut Findings) -> io::Result<()> {
    let mut position = 0;
    for entry in entries {
        let header = entry.local();
        let is_within = entry.end().is_some_and(|end| end <= length);
        if !is_within {
            findings.add(What::Cut, &entry.name, "it reaches beyond the archive's end");
            continue;
        }
        if entry.offset != position {
            let why = format!("it does not begin where the member before it ends, at byte {position}");
            findings.add(What::Changed, &entry.name, why);
        }
        if bytes(file, entry.offset, header.len() as u64)? != header {
            findings.add(What::Changed, &entry.name, "its header was changed");
        }
        position = entry.end().unwrap_or(length);
    }
    let mut expected: Vec<u8> = entries.iter().flat_map(Entry::central).collect();
    let directory = expected.len() as u64;
    expected.extend(end(entries.len() as u64, position, directory));
    let actual = bytes(file, length - expected.len() as u64, expected.len() as u64)?;
    if position + expected.len() as u64 != length {
        findings.add(What::Added, "", format!("bytes that belong to no member stand at byte {position}"));
    } else if actual != expected {
        differences(&actual, entries, findings);
    }
    Ok(())
}

fn bytes(file: &File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}
