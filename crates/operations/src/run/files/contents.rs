//! What a file holds, by its first bytes: a tar, something compressed, or anything else.

use std::{
    fs::File,
    io::{self, Read, Seek as _, SeekFrom},
};

use flate2::read::MultiGzDecoder;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    /// A tar, perhaps compressed with gzip.
    Tar,
    /// Data compressed with bzip2, xz or zstd. Only the engine can tell whether a tar is in it.
    Compressed,
    /// Anything else.
    Other,
}

/// A tar begins with a header of this size.
const BLOCK: usize = 512;
/// Where a tar's header has its checksum, and where it has the name of its format.
const CHECKSUM: std::ops::Range<usize> = 148..156;
const FORMAT: std::ops::Range<usize> = 257..262;

impl Contents {
    /// Looks at the beginning of a file, and leaves the file there.
    pub(super) fn of(file: &mut File) -> io::Result<Self> {
        let head = beginning(&mut *file)?;
        file.seek(SeekFrom::Start(0))?;
        if is_tar(&head) {
            return Ok(Self::Tar);
        }
        if head.starts_with(b"\x1f\x8b") {
            // What is damaged is copied as it is.
            let within = beginning(MultiGzDecoder::new(&mut *file)).unwrap_or_default();
            file.seek(SeekFrom::Start(0))?;
            return Ok(if is_tar(&within) { Self::Tar } else { Self::Other });
        }
        let magics: [&[u8]; 3] = [b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"];
        Ok(if magics.iter().any(|magic| head.starts_with(magic)) { Self::Compressed } else { Self::Other })
    }
}

fn beginning(source: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    source.take(BLOCK as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Whether a tar begins so: with the name of its format, or, in the oldest form, with a right checksum.
fn is_tar(head: &[u8]) -> bool {
    head.len() == BLOCK && (&head[FORMAT] == b"ustar" || has_checksum(head))
}

/// Whether the checksum is the sum of all bytes, its own taken for spaces.
fn has_checksum(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&head[CHECKSUM]);
    let told = u32::from_str_radix(text.trim_matches(['\0', ' ']), 8);
    let others = head.iter().enumerate().filter(|(at, _)| !CHECKSUM.contains(at));
    let sum = others.map(|(_, byte)| u32::from(*byte)).sum::<u32>();
    // An empty block is no header.
    sum > 0 && told == Ok(sum + 8 * u32::from(b' '))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn of(bytes: &[u8]) -> Contents {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let contents = Contents::of(&mut file).unwrap();
        assert_eq!(file.stream_position().unwrap(), 0);
        contents
    }

    fn tar(mut header: tar::Header) -> Vec<u8> {
        header.set_path("a").unwrap();
        header.set_size(4);
        header.set_cksum();
        let mut archive = tar::Builder::new(Vec::new());
        archive.append(&header, b"text".as_slice()).unwrap();
        archive.into_inner().unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn tells_tars_from_the_rest() {
        for header in [tar::Header::new_gnu(), tar::Header::new_ustar(), tar::Header::new_old()] {
            assert_eq!(of(&tar(header.clone())), Contents::Tar);
            assert_eq!(of(&gzip(&tar(header))), Contents::Tar);
        }
        for (bytes, expected) in [
            (&b"BZh91AY"[..], Contents::Compressed),
            (b"\xfd7zXZ\0\0", Contents::Compressed),
            (b"\x28\xb5\x2f\xfd", Contents::Compressed),
            (b"", Contents::Other),
            (b"rule a { condition: true }", Contents::Other),
            (&[0; 2048], Contents::Other),
            (&[b'7'; 2048], Contents::Other),
            (b"\x1f\x8b", Contents::Other),
            (b"\x1f\x8b\x08\0damaged", Contents::Other),
        ] {
            assert_eq!(of(bytes), expected, "{bytes:?}");
        }
        assert_eq!(of(&gzip(b"rule a { condition: true }")), Contents::Other);
        assert_eq!(of(&gzip(&vec![b'x'; 100_000])), Contents::Other);
        assert_eq!(of(&gzip(b"")), Contents::Other);
    }
}
