//! A file that came from the engine: written to a private temporary file, and made an attachment.

use std::{
    fs::File,
    io::{self, Read, Seek as _, SeekFrom},
};

use engine::Body;
use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use super::{TAR_END, cannot, writing::Writer};
use crate::{Error, Kind, Services, run::progress::Flow};

/// No name, and no other header before an entry of a tar, is longer.
const LONGEST_EXTENSION: u64 = 1024 * 1024;
/// What is unpacked goes on in pieces of this size, in bytes.
const PIECE: u64 = 256 * 1024;

/// A file that came from the engine, whole. It is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Received {
    pub(super) file: NamedTempFile,
    pub(super) size: u64,
    pub(super) sha256: String,
}

impl Received {
    /// Writes a body to a private temporary file. More than `most` MiB is refused.
    pub(crate) fn read(mut body: Body, most: u64, mut flow: Flow) -> Result<Self, Error> {
        let mut writer = Writer::new(most)?;
        while let Some(chunk) = body.chunk()? {
            flow.add(chunk.len());
            writer.add(chunk)?;
        }
        writer.finish()
    }

    /// As [`Received::read`], for a tar: one without its end was cut, and is refused.
    pub(crate) fn read_tar(body: Body, most: u64, flow: Flow) -> Result<Self, Error> {
        let mut received = Self::read(body, most, flow)?;
        if received.ends_like_a_tar().map_err(|error| cannot("read", &error))? {
            return Ok(received);
        }
        Err(Error::new(
            Kind::Failed,
            "The archive broke off before its end. Nothing of it was kept; try again.",
        ))
    }

    /// The first entry of a tar as a file of its own, if it is a file. Names in the tar lead nowhere.
    pub(crate) fn unpacked(&self) -> Result<Option<Self>, Error> {
        let damaged =
            |error: io::Error| Error::new(Kind::Failed, format!("The archive cannot be read: {error}."));
        if self.longest_extension().map_err(damaged)? > LONGEST_EXTENSION {
            return Err(Error::new(Kind::Failed, "The archive's first name is longer than any name can be."));
        }
        let mut archive = tar::Archive::new(self.open()?);
        let Some(mut entry) = archive.entries().map_err(damaged)?.next().transpose().map_err(damaged)? else {
            return Ok(None);
        };
        if !entry.header().entry_type().is_file() {
            return Ok(None);
        }
        let mut writer = Writer::new(u64::MAX)?;
        loop {
            let mut piece = Vec::new();
            match entry.by_ref().take(PIECE).read_to_end(&mut piece).map_err(damaged)? {
                0 => return writer.finish().map(Some),
                _ => writer.add(piece.into())?,
            }
        }
    }

    /// The size of the longest header that stands before the first entry, such as a long name: a reader holds them in
    /// memory.
    fn longest_extension(&self) -> io::Result<u64> {
        let mut archive = tar::Archive::new(File::open(self.file.path())?);
        let mut longest = 0;
        for entry in archive.entries()?.raw(true) {
            let entry = entry?;
            let kind = entry.header().entry_type();
            if !(kind.is_gnu_longname() || kind.is_gnu_longlink() || kind.is_pax_local_extensions()) {
                break;
            }
            longest = longest.max(entry.size());
            if longest > LONGEST_EXTENSION {
                break;
            }
        }
        Ok(longest)
    }

    /// Its size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The file, to be read from its beginning.
    pub(crate) fn open(&self) -> Result<File, Error> {
        File::open(self.file.path()).map_err(|error| cannot("read", &error))
    }

    /// Makes it an attachment: FortiSOAR's record, with `size` in bytes and `sha256`.
    pub(crate) fn save(
        self,
        services: &dyn Services,
        filename: &str,
        description: &str,
    ) -> Result<Map<String, Value>, Error> {
        let record = services.save(self.file.path(), filename, description);
        attachment(record, self.size, self.sha256)
    }

    fn ends_like_a_tar(&mut self) -> io::Result<bool> {
        let mut end = Vec::new();
        let file = self.file.as_file_mut();
        if self.size < TAR_END.unsigned_abs() {
            return Ok(false);
        }
        file.seek(SeekFrom::End(-TAR_END))?;
        file.read_to_end(&mut end)?;
        Ok(end.iter().all(|byte| *byte == 0))
    }
}

/// FortiSOAR's record of an attachment, with what is known of its contents.
pub(super) fn attachment(
    record: Result<Value, String>,
    size: u64,
    sha256: String,
) -> Result<Map<String, Value>, Error> {
    let mut record = match record.map_err(|error| Error::new(Kind::Attachment, error))? {
        Value::Object(record) => record,
        other => Map::from_iter([("record".to_owned(), other)]),
    };
    record.insert("size".into(), size.into());
    record.insert("sha256".into(), sha256.into());
    Ok(record)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn holding(contents: &[u8]) -> Received {
        let mut writer = Writer::new(u64::MAX).unwrap();
        writer.add(Bytes::copy_from_slice(contents)).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn a_name_without_end_is_not_read_into_memory() {
        for kind in [tar::EntryType::GNULongName, tar::EntryType::XHeader] {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(LONGEST_EXTENSION + 1);
            header.set_cksum();
            let mut bomb = header.as_bytes().to_vec();
            bomb.resize(2 * 1024 * 1024, b'a');
            let refused = holding(&bomb).unpacked().unwrap_err();
            assert!(refused.to_string().contains("longer than any name"), "{refused}");
        }
    }

    #[test]
    fn a_file_is_gone_with_its_owner() {
        let received = holding(b"x");
        let path = received.file.path().to_owned();
        assert!(path.exists());
        drop(received);
        assert!(!path.exists());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_as_a_tar_without_harm(junk in prop::collection::vec(any::<u8>(), 0..1500)) {
            let _either = holding(&junk).unpacked();
        }

        #[test]
        fn a_name_in_a_tar_leads_nowhere(name in "(\\.\\./|/)?[a-z./]{1,40}", contents in prop::collection::vec(any::<u8>(), 0..600)) {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(contents.len() as u64);
            header.set_cksum();
            let mut tar = header.as_bytes().to_vec();
            tar.extend_from_slice(&contents);
            tar.resize(tar.len().next_multiple_of(512) + 1024, 0);
            let unpacked = holding(&tar).unpacked().unwrap().unwrap();
            let folder = std::env::temp_dir();
            prop_assert_eq!(unpacked.file.path().parent(), Some(folder.as_path()));
            let mut read = Vec::new();
            unpacked.open().unwrap().read_to_end(&mut read).unwrap();
            prop_assert_eq!(read, contents);
        }
    }
}
