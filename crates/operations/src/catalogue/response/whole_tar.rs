//! Whether a tar is whole, found while it streams by: an engine ends the answer properly also where a file that shrank cut the
//! tar off, and no status and no length says so.

use std::fmt;

const BLOCK: usize = 512;
/// No header that stands before an entry, such as a long name, is longer.
const LONGEST_EXTENSION: u64 = 1024 * 1024;

/// What was seen of a tar so far.
#[derive(Debug)]
pub(crate) struct WholeTar {
    state: State,
    /// The block that is being filled.
    block: Vec<u8>,
    entries: u64,
    /// The bytes of files' contents.
    contents: u64,
    position: u64,
    /// The size that an extended header gives to the entry after it.
    size_to_come: Option<u64>,
    extension: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Header,
    /// So many bytes of contents are to come, with what fills the last block; an extended header is kept.
    Contents {
        left: u64,
        is_extension: bool,
    },
    /// One empty block came.
    HalfEnd,
    End,
    Broken(Fault),
}

/// Why a tar is not whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The header at this position is damaged.
    Header(u64),
    /// It ends within an entry's contents.
    WithinContents,
    /// It ends between entries, without the blocks that end a tar.
    WithoutEnd,
    /// Something stands after its end.
    AfterEnd(u64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(at) => write!(f, "the tar's header at byte {at} is damaged"),
            Self::WithinContents => f.write_str("the tar was cut off within a file"),
            Self::WithoutEnd => f.write_str("the tar was cut off: the blocks that end it are missing"),
            Self::AfterEnd(at) => write!(f, "something stands after the tar's end, at byte {at}"),
        }
    }
}

impl Default for WholeTar {
    fn default() -> Self {
        Self {
            state: State::Header,
            block: Vec::with_capacity(BLOCK),
            entries: 0,
            contents: 0,
            position: 0,
            size_to_come: None,
            extension: Vec::new(),
        }
    }
}

impl WholeTar {
    /// Looks at what came.
    pub(crate) fn see(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let length = match &mut self.state {
                State::Broken(_) => return,
                // Contents that nobody reads are counted, not copied.
                State::Contents { left, is_extension: false } => {
                    let length = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
                    *left -= length as u64;
                    if *left == 0 {
                        self.state = State::Header;
                    }
                    length
                }
                _ => {
                    let length = (BLOCK - self.block.len()).min(piece.len());
                    self.block.extend_from_slice(&piece[..length]);
                    if self.block.len() == BLOCK {
                        let block = std::mem::take(&mut self.block);
                        self.take(&block);
                        self.block = block;
                        self.block.clear();
                    }
                    length
                }
            };
            self.position += length as u64;
            piece = &piece[length..];
        }
    }

    /// The entries and the bytes of contents, if it is whole.
    pub(crate) fn finish(&self) -> Result<(u64, u64), Fault> {
        match &self.state {
            State::End if self.block.iter().all(|byte| *byte == 0) => Ok((self.entries, self.contents)),
            State::End => Err(Fault::AfterEnd(self.position)),
            State::Broken(fault) => Err(*fault),
            State::Contents { .. } => Err(Fault::WithinContents),
            State::Header | State::HalfEnd => Err(Fault::WithoutEnd),
        }
    }

    /// How many entries began so far.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    fn take(&mut self, block: &[u8]) {
        let at = self.position / BLOCK as u64 * BLOCK as u64;
        let is_empty = block.iter().all(|byte| *byte == 0);
        self.state = match &self.state {
            State::End if is_empty => State::End,
            State::End => State::Broken(Fault::AfterEnd(at)),
            State::HalfEnd if is_empty => State::End,
            State::HalfEnd => State::Broken(Fault::Header(at)),
            State::Header if is_empty => State::HalfEnd,
            State::Header => self.header(block).unwrap_or(State::Broken(Fault::Header(at))),
            State::Contents { left, .. } => {
                self.extension.extend_from_slice(block);
                match left.saturating_sub(BLOCK as u64) {
                    0 => {
                        self.size_to_come = size_of(&self.extension).or(self.size_to_come);
                        self.extension.clear();
                        State::Header
                    }
                    left => State::Contents { left, is_extension: true },
                }
            }
            State::Broken(fault) => State::Broken(*fault),
        };
    }

    fn header(&mut self, block: &[u8]) -> Option<State> {
        let header = tar::Header::from_byte_slice(block);
        let sum: u32 = block[..148].iter().chain(&block[156..]).map(|byte| u32::from(*byte)).sum();
        if header.cksum().ok()? != sum + 8 * u32::from(b' ') {
            return None;
        }
        let kind = header.entry_type();
        let own = header.entry_size().ok()?;
        let is_pax = kind.is_pax_local_extensions();
        if is_pax || kind.is_pax_global_extensions() || kind.is_gnu_longname() || kind.is_gnu_longlink() {
            if own > LONGEST_EXTENSION {
                return None;
            }
            let left = own.next_multiple_of(BLOCK as u64);
            return Some(match (left, is_pax) {
                (0, _) => State::Header,
                (left, is_extension) => State::Contents { left, is_extension },
            });
        }
        self.entries += 1;
        let size = self.size_to_come.take().unwrap_or(own);
        // Links and devices have no contents, whatever their size says; Go's and GNU's writers leave it at 0.
        let has_contents = !(kind.is_hard_link()
            || kind.is_symlink()
            || kind.is_dir()
            || kind.is_fifo()
            || kind.is_block_special()
            || kind.is_character_special());
        if !has_contents || size == 0 {
            return Some(State::Header);
        }
        self.contents += size;
        Some(State::Contents { left: size.checked_next_multiple_of(BLOCK as u64)?, is_extension: false })
    }
}

/// The size in an extended header (`30 size=8589934592\n`).
fn size_of(extension: &[u8]) -> Option<u64> {
    let mut rest = extension;
    while let Some(space) = rest.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        let record = rest.get(space + 1..length)?;
        if let Some(size) = record.strip_prefix(b"size=") {
            return std::str::from_utf8(size).ok()?.trim_end().parse().ok();
        }
        rest = &rest[length..];
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use proptest::prelude::*;

    use super::*;

    /// A tar of a folder, a link, a file with a long name, a large one by an extended header, and a small one.
    fn sample() -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Directory);
        header.set_size(0);
        archive.append_data(&mut header, "d/", std::io::empty()).unwrap();
        header.set_entry_type(tar::EntryType::Symlink);
        archive.append_link(&mut header, "l", "d").unwrap();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(700);
        archive.append_data(&mut header, "d/".repeat(80) + "n", std::io::repeat(1).take(700)).unwrap();
        archive.append_pax_extensions([("comment", b"x".as_slice()), ("size", b"1025")]).unwrap();
        let mut large = tar::Header::new_ustar();
        large.set_path("large").unwrap();
        large.set_size(1025);
        large.set_cksum();
        archive.append(&large, std::io::repeat(2).take(1025)).unwrap();
        header.set_size(3);
        archive.append_data(&mut header, "s", b"abc".as_slice()).unwrap();
        archive.into_inner().unwrap()
    }

    fn seen(bytes: &[u8], piece: usize) -> Result<(u64, u64), Fault> {
        let mut tar = WholeTar::default();
        bytes.chunks(piece).for_each(|piece| tar.see(piece));
        tar.finish()
    }

    #[test]
    fn a_whole_tar_is_counted_in_any_pieces() {
        let tar = sample();
        for piece in [1, 7, 511, 512, 513, 100_000] {
            assert_eq!(seen(&tar, piece), Ok((5, 700 + 1025 + 3)), "{piece}");
        }
        let empty = tar::Builder::new(Vec::new()).into_inner().unwrap();
        assert_eq!(seen(&empty, 100), Ok((0, 0)));
    }

    /// F: a running container cuts its own evidence.
    #[test]
    fn every_cut_is_found() {
        let tar = sample();
        for length in 0..tar.len() - 1 {
            assert!(seen(&tar[..length], 512).is_err(), "{length}");
        }
        assert_eq!(seen(&[&tar[..], &[0; 9216]].concat(), 512).unwrap().0, 5);
        assert!(matches!(seen(&[&tar[..], b"x"].concat(), 512), Err(Fault::AfterEnd(_))));
    }

    #[test]
    fn a_file_that_says_more_than_it_has_is_found() {
        let mut header = tar::Header::new_gnu();
        header.set_path("a").unwrap();
        header.set_size(10_000);
        header.set_cksum();
        let tar = [header.as_bytes().as_slice(), &[0; 2048]].concat();
        assert_eq!(seen(&tar, 512), Err(Fault::WithinContents));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..3000), at in 0usize..5000, byte: u8) {
            let _either = seen(&bytes, 100);
            let mut tar = sample();
            let length = tar.len();
            tar[at % length] = byte;
            let _either = seen(&tar, 100);
        }
    }
}
