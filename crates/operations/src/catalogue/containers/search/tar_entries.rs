//! The entries of a tar while it streams by. Nothing of it is kept, and no header can make this hold more than it may.

use bytes::{Bytes, BytesMut};
use tar::{EntryType, Header, PaxExtensions};

const BLOCK: usize = 512;
/// No header that stands before an entry, such as a long name, is longer.
const LONGEST_EXTENSION: u64 = 1024 * 1024;

/// What a tar's header says of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name as the tar has it.
    pub(super) name: String,
    /// What a link leads to.
    pub(super) link: Option<String>,
    pub(super) kind: EntryType,
    pub(super) size: u64,
    pub(super) mode: u32,
    pub(super) uid: u64,
    pub(super) gid: u64,
    pub(super) user: String,
    pub(super) group: String,
    /// In seconds since 1970.
    pub(super) modified: i64,
}

/// Why no more of a tar can be read.
#[derive(Debug)]
pub(super) enum Ended<E> {
    /// The source has failed.
    Source(E),
    /// The tar is cut off or damaged.
    Broken(&'static str),
}

/// Reads a tar from the pieces that `source` gives.
pub(super) struct Entries<S> {
    source: S,
    piece: Bytes,
    /// What of the current entry's contents is to come, and what then fills its last block.
    left: u64,
    padding: u64,
}

impl<E, S: FnMut() -> Result<Option<Bytes>, E>> Entries<S> {
    pub(super) fn new(source: S) -> Self {
        Self { source, piece: Bytes::new(), left: 0, padding: 0 }
    }

    /// The next entry, after what is left of the last one; `None` at the tar's end.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, Ended<E>> {
        while self.contents()?.is_some() {}
        let (mut name, mut link, mut pax) = (None, None, Vec::new());
        loop {
            let block = self.exactly(BLOCK)?;
            if block.iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            let header = Header::from_byte_slice(&block);
            let sum: u32 = block[..148].iter().chain(&block[156..]).map(|byte| u32::from(*byte)).sum();
            if header.cksum().ok() != Some(sum + 8 * u32::from(b' ')) {
                return Err(Ended::Broken("a header is damaged"));
            }
            let kind = header.entry_type();
            let size = header.entry_size().map_err(|_| Ended::Broken("a size is damaged"))?;
            let extends = kind.is_gnu_longname() || kind.is_gnu_longlink();
            if extends || kind.is_pax_local_extensions() || kind.is_pax_global_extensions() {
                if size > LONGEST_EXTENSION {
                    return Err(Ended::Broken("the header of an entry is longer than 1 MiB"));
                }
                let length = usize::try_from(size).unwrap_or_default();
                let data = self.exactly(length.next_multiple_of(BLOCK))?.split_to(length);
                match kind {
                    kind if kind.is_gnu_longname() => name = Some(text_of(&data)),
                    kind if kind.is_gnu_longlink() => link = Some(text_of(&data)),
                    kind if kind.is_pax_local_extensions() => pax = data.to_vec(),
                    _ => {}
                }
                continue;
            }
            let mut entry = entry(header, size);
            entry.name = name.unwrap_or(entry.name);
            entry.link = link.or(entry.link);
            extend(&mut entry, &pax);
            let has_contents = matches!(kind, EntryType::Regular | EntryType::Continuous)
                || !(kind.is_hard_link()
                    || kind.is_symlink()
                    || kind.is_dir()
                    || kind.is_fifo()
                    || kind.is_block_special()
                    || kind.is_character_special());
            // Links and devices have no contents, whatever their size says.
            entry.size = if has_contents { entry.size } else { 0 };
            self.left = entry.size;
            let block = BLOCK as u64;
            self.padding = (block - entry.size % block) % block;
            return Ok(Some(entry));
        }
    }

    /// The next piece of the current entry's contents; `None` at its end.
    pub(super) fn contents(&mut self) -> Result<Option<Bytes>, Ended<E>> {
        if self.left == 0 {
            let padding = usize::try_from(std::mem::take(&mut self.padding)).unwrap_or_default();
            self.exactly(padding)?;
            return Ok(None);
        }
        if self.piece.is_empty() {
            self.fill()?;
        }
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.piece.len());
        self.left -= length as u64;
        Ok(Some(self.piece.split_to(length)))
    }

    fn exactly(&mut self, length: usize) -> Result<Bytes, Ended<E>> {
        if self.piece.len() >= length {
            return Ok(self.piece.split_to(length));
        }
        let mut joined = BytesMut::with_capacity(length);
        while joined.len() < length {
            if self.piece.is_empty() {
                self.fill()?;
            }
            let part = self.piece.split_to((length - joined.len()).min(self.piece.len()));
            joined.extend_from_slice(&part);
        }
        Ok(joined.freeze())
    }

    fn fill(&mut self) -> Result<(), Ended<E>> {
        loop {
            match (self.source)().map_err(Ended::Source)? {
                Some(piece) if piece.is_empty() => {}
                Some(piece) => {
                    self.piece = piece;
                    return Ok(());
                }
                None => return Err(Ended::Broken("it was cut off")),
            }
        }
    }
}

fn entry(header: &Header, size: u64) -> Entry {
    let text = |bytes: Option<&[u8]>| bytes.map(text_of).unwrap_or_default();
    Entry {
        name: text_of(&header.path_bytes()),
        link: header.link_name_bytes().map(|link| text_of(&link)),
        kind: header.entry_type(),
        size,
        mode: header.mode().unwrap_or_default() & 0o7777,
        uid: header.uid().unwrap_or_default(),
        gid: header.gid().unwrap_or_default(),
        user: text(header.username_bytes()),
        group: text(header.groupname_bytes()),
        modified: header.mtime().ok().and_then(|time| i64::try_from(time).ok()).unwrap_or_default(),
    }
}

/// Puts in what an extended header says in place of the entry's own.
fn extend(entry: &mut Entry, pax: &[u8]) {
    for record in PaxExtensions::new(pax).flatten() {
        let (Ok(key), Ok(value)) = (record.key(), std::str::from_utf8(record.value_bytes())) else {
            continue;
        };
        match key {
            "path" => value.clone_into(&mut entry.name),
            "linkpath" => entry.link = Some(value.to_owned()),
            "size" => entry.size = value.parse().unwrap_or(entry.size),
            "uid" => entry.uid = value.parse().unwrap_or(entry.uid),
            "gid" => entry.gid = value.parse().unwrap_or(entry.gid),
            "uname" => value.clone_into(&mut entry.user),
            "gname" => value.clone_into(&mut entry.group),
            "mtime" => {
                let seconds = value.split('.').next().unwrap_or_default();
                entry.modified = seconds.parse().unwrap_or(entry.modified);
            }
            _ => {}
        }
    }
}

/// A text of a header, which a zero may end.
fn text_of(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        header.set_size(0);
        header.set_mode(0o1777);
        archive.append_data(&mut header, "d/", std::io::empty()).unwrap();
        header.set_entry_type(EntryType::Symlink);
        archive.append_link(&mut header, "l", "x/".repeat(80)).unwrap();
        header.set_entry_type(EntryType::Regular);
        header.set_size(700);
        header.set_uid(1000);
        header.set_mtime(1_700_000_000);
        header.set_username("me").unwrap();
        archive.append_data(&mut header, "d/".repeat(80) + "n", std::io::repeat(1).take(700)).unwrap();
        archive.append_pax_extensions([("path", b"p\xc3\xa9".as_slice()), ("mtime", b"12.5")]).unwrap();
        header.set_size(3);
        archive.append_data(&mut header, "s", b"abc".as_slice()).unwrap();
        archive.into_inner().unwrap()
    }

    use std::io::Read as _;

    type Read = (Vec<(Entry, Vec<u8>)>, Option<&'static str>);

    fn read(bytes: &[u8], piece: usize) -> Read {
        let mut pieces = bytes.chunks(piece).map(Bytes::copy_from_slice);
        let mut entries = Entries::new(|| Ok::<_, ()>(pieces.next()));
        let mut read = Vec::new();
        loop {
            let mut whole = Vec::new();
            let entry = match entries.next() {
                Ok(Some(entry)) => entry,
                Ok(None) => return (read, None),
                Err(Ended::Broken(why)) => return (read, Some(why)),
                Err(Ended::Source(())) => unreachable!(),
            };
            loop {
                match entries.contents() {
                    Ok(Some(piece)) => whole.extend_from_slice(&piece),
                    Ok(None) => break,
                    Err(Ended::Broken(why)) => return (read, Some(why)),
                    Err(Ended::Source(())) => unreachable!(),
                }
            }
            read.push((entry, whole));
        }
    }

    #[test]
    fn entries_are_the_same_in_any_pieces() {
        let tar = sample();
        let whole = read(&tar, 1 << 20);
        assert_eq!(whole.1, None);
        let names: Vec<&str> = whole.0.iter().map(|(entry, _)| entry.name.as_str()).collect();
        assert_eq!(names, ["d/", "l", &("d/".repeat(80) + "n"), "pé"]);
        assert_eq!(whole.0[1].0.link.as_deref(), Some("x/".repeat(80).as_str()));
        let (file, contents) = &whole.0[2];
        assert_eq!(
            (file.uid, file.modified, file.user.as_str(), contents.len()),
            (1000, 1_700_000_000, "me", 700)
        );
        assert_eq!((whole.0[3].0.modified, whole.0[3].1.as_slice()), (12, b"abc".as_slice()));
        for piece in [1, 7, 511, 512, 513] {
            assert_eq!(read(&tar, piece), whole, "{piece}");
        }
    }

    #[test]
    fn one_that_lies_about_a_size_is_broken_and_takes_no_room() {
        let mut header = Header::new_gnu();
        header.set_path("a").unwrap();
        header.set_size(1 << 60);
        header.set_cksum();
        assert_eq!(read(&[header.as_bytes().as_slice(), &[0; 2048]].concat(), 512).1, Some("it was cut off"));
        header.set_entry_type(EntryType::XHeader);
        header.set_cksum();
        let said = read(header.as_bytes(), 512).1;
        assert_eq!(said, Some("the header of an entry is longer than 1 MiB"));
        let mut link = Header::new_gnu();
        link.set_entry_type(EntryType::Symlink);
        link.set_path("l").unwrap();
        link.set_size(1 << 40);
        link.set_cksum();
        let (entries, why) = read(&[link.as_bytes().as_slice(), &[0; 1024]].concat(), 512);
        assert_eq!((entries[0].0.size, why), (0, None));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..3000), at in 0usize..6000, byte: u8) {
            let _either = read(&bytes, 100);
            let mut tar = sample();
            let length = tar.len();
            tar[at % length] = byte;
            let _either = read(&tar, 100);
        }
    }
}
