//! The bytes around the members of an archive: what is written, and what is expected when it is verified, come from here.
//!
//! Every member has the zip64 fields, whatever its size; there is no other extra field, no comment, no gap, no data
//! descriptor, and no time: a zip's have no zone, and the manifest has the real ones.

/// How a member's contents are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// As they are.
    Stored,
    /// Compressed (RFC 1951).
    Deflated,
}

impl Method {
    /// The word that the manifest has for it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Deflated => "deflated",
        }
    }

    const fn number(self) -> u16 {
        match self {
            Self::Stored => 0,
            Self::Deflated => 8,
        }
    }

    fn of(number: u16) -> Option<Self> {
        [Self::Stored, Self::Deflated].into_iter().find(|method| method.number() == number)
    }
}

/// A member, as the archive describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// ASCII, with `/` between folders.
    pub(crate) name: String,
    pub(crate) method: Method,
    pub(crate) crc: u32,
    /// The size of the contents, in bytes.
    pub(crate) size: u64,
    /// The size of what is in the archive, in bytes.
    pub(crate) stored: u64,
    /// Where its header begins.
    pub(crate) offset: u64,
}

/// The sizes of the parts that have one, in bytes.
const LOCAL: usize = 30;
const CENTRAL: usize = 46;
const LOCAL_EXTRA: usize = 20;
const CENTRAL_EXTRA: usize = 28;
/// The end of the directory in its two forms, and between them what leads to the first.
pub(crate) const END: usize = END_64 + LOCATOR + END_32;
const END_64: usize = 56;
const LOCATOR: usize = 20;
const END_32: usize = 22;

const LOCAL_SIGNATURE: &[u8] = b"PK\x03\x04";
const CENTRAL_SIGNATURE: &[u8] = b"PK\x01\x02";
/// Version 4.5 of the format has zip64.
const VERSION: u16 = 45;
/// Made on Unix, where a member's attributes are those of a file.
const MADE_BY: u16 = 3 << 8 | VERSION;
/// A regular file that its owner alone reads.
const ATTRIBUTES: u32 = 0o100_600 << 16;
/// The first day that the format can name.
const DAY: u16 = 1 << 5 | 1;
const ZIP64: u16 = 1;
/// What stands in a field whose value the zip64 fields have.
const ELSEWHERE_16: u16 = u16::MAX;
const ELSEWHERE: u32 = u32::MAX;

/// No name is longer, in bytes.
pub(crate) const LONGEST_NAME: usize = 200;
/// The longest header that stands before a member.
pub(crate) const LONGEST_LOCAL: usize = LOCAL + LONGEST_NAME + LOCAL_EXTRA;

impl Entry {
    /// What stands before its contents.
    pub(crate) fn local(&self) -> Vec<u8> {
        let mut bytes = Vec::from(LOCAL_SIGNATURE);
        self.common(&mut bytes, LOCAL_EXTRA);
        bytes.extend(self.name.as_bytes());
        for field in [ZIP64, 16] {
            bytes.extend(field.to_le_bytes());
        }
        for field in [self.size, self.stored] {
            bytes.extend(field.to_le_bytes());
        }
        bytes
    }

    /// What the directory says of it.
    pub(crate) fn central(&self) -> Vec<u8> {
        let mut bytes = Vec::from(CENTRAL_SIGNATURE);
        bytes.extend(MADE_BY.to_le_bytes());
        self.common(&mut bytes, CENTRAL_EXTRA);
        // No comment, the first disk, and nothing known of the contents.
        bytes.extend([0; 6]);
        bytes.extend(ATTRIBUTES.to_le_bytes());
        bytes.extend(ELSEWHERE.to_le_bytes());
        bytes.extend(self.name.as_bytes());
        for field in [ZIP64, 24] {
            bytes.extend(field.to_le_bytes());
        }
        for field in [self.size, self.stored, self.offset] {
            bytes.extend(field.to_le_bytes());
        }
        bytes
    }

    /// How long its header is.
    pub(crate) fn local_length(&self) -> u64 {
        (LOCAL + self.name.len() + LOCAL_EXTRA) as u64
    }

    /// Where its contents end.
    pub(crate) fn end(&self) -> Option<u64> {
        self.offset.checked_add(self.local_length())?.checked_add(self.stored)
    }

    /// The fields that both headers have, in the same order.
    fn common(&self, bytes: &mut Vec<u8>, extra: usize) {
        for field in [VERSION, 0, self.method.number(), 0, DAY] {
            bytes.extend(field.to_le_bytes());
        }
        for field in [self.crc, ELSEWHERE, ELSEWHERE] {
            bytes.extend(field.to_le_bytes());
        }
        for length in [self.name.len(), extra] {
            bytes.extend(u16::try_from(length).unwrap_or(ELSEWHERE_16).to_le_bytes());
        }
    }

    /// Reads the header at the beginning of these bytes, which stand at `offset`. None if a single byte of it is not as
    /// [`Entry::local`] writes it.
    pub(crate) fn read_local(bytes: &[u8], offset: u64) -> Option<Self> {
        let name = name(bytes, 26, LOCAL)?;
        let extra = bytes.get(LOCAL + name.len()..)?;
        let entry = Self {
            method: Method::of(u16_at(bytes, 8)?)?,
            crc: u32_at(bytes, 14)?,
            size: u64_at(extra, 4)?,
            stored: u64_at(extra, 12)?,
            name,
            offset,
        };
        bytes.starts_with(&entry.local()).then_some(entry)
    }

    /// Reads the directory's entry at the beginning of these bytes, and says how long it is. Whether each byte is as it should
    /// be is another question: this finds members where headers are damaged.
    pub(crate) fn read_central(bytes: &[u8]) -> Option<(Self, usize)> {
        let name = name(bytes, 28, CENTRAL)?;
        let extra = bytes.get(CENTRAL + name.len()..)?;
        let length = CENTRAL + name.len() + CENTRAL_EXTRA;
        let entry = Self {
            method: Method::of(u16_at(bytes, 10)?)?,
            crc: u32_at(bytes, 16)?,
            size: u64_at(extra, 4)?,
            stored: u64_at(extra, 12)?,
            offset: u64_at(extra, 20)?,
            name,
        };
        (bytes.starts_with(CENTRAL_SIGNATURE) && bytes.len() >= length).then_some((entry, length))
    }
}

/// What ends an archive of so many members, whose directory is at `offset` and of this `size`.
pub(crate) fn end(count: u64, offset: u64, size: u64) -> Vec<u8> {
    let mut bytes = Vec::from(b"PK\x06\x06");
    bytes.extend((END_64 as u64 - 12).to_le_bytes());
    for field in [MADE_BY, VERSION] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend([0; 8]);
    for field in [count, count, size, offset] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend((offset + size).to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    for field in [ELSEWHERE_16, ELSEWHERE_16] {
        bytes.extend(field.to_le_bytes());
    }
    for field in [ELSEWHERE, ELSEWHERE] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend([0; 2]);
    bytes
}

/// Where the directory is, its size and the number of its entries, as the end of an archive says it.
pub(crate) fn read_end(bytes: &[u8]) -> Option<(u64, u64, u64)> {
    Some((u64_at(bytes, 48)?, u64_at(bytes, 40)?, u64_at(bytes, 32)?))
}

/// The name of an entry, whose length is at `at` and which begins at `from`.
fn name(bytes: &[u8], at: usize, from: usize) -> Option<String> {
    let length = usize::from(u16_at(bytes, at)?);
    let name = bytes.get(from..from + length)?;
    let is_plain = (1..=LONGEST_NAME).contains(&length) && name.iter().all(u8::is_ascii_graphic);
    is_plain.then(|| String::from_utf8_lossy(name).into_owned())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
