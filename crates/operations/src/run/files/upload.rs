//! A file on its way to the engine: an attachment, a file of FortiSOAR, or text.

use std::{
    fs::{self, File},
    io::{self, Read},
};

use engine::Payload;

use super::{
    TAR_END, cannot,
    contents::Contents,
    entry,
    hashing::{Hashing, Sent},
};
use crate::{
    Error, Kind, Services,
    run::progress::{Counted, Flow},
};

/// A file on its way to the engine.
pub(crate) struct Upload {
    source: Box<dyn Read + Send>,
    length: u64,
    /// The file's own name, where FortiSOAR tells it.
    pub(crate) filename: Option<String>,
    contents: Contents,
}

impl Upload {
    /// An attachment or a file of FortiSOAR. Its temporary copy is removed at once; the open file stays readable.
    pub(crate) fn fetch(services: &dyn Services, reference: &str) -> Result<Self, Error> {
        let (path, filename) =
            services.fetch(reference).map_err(|error| Error::new(Kind::Attachment, error))?;
        let opened = File::open(&path);
        let _already_gone = fs::remove_file(&path);
        let mut file = opened.map_err(|error| cannot("read", &error))?;
        let described = file.metadata().and_then(|metadata| Ok((metadata.len(), Contents::of(&mut file)?)));
        let (length, contents) = described.map_err(|error| cannot("read", &error))?;
        Ok(Self {
            source: Box::new(file),
            length,
            filename: Some(filename).filter(|name| !name.is_empty()),
            contents,
        })
    }

    /// These contents, which are no archive.
    pub(crate) fn of(contents: Vec<u8>) -> Self {
        let length = contents.len() as u64;
        Self {
            source: Box::new(io::Cursor::new(contents)),
            length,
            filename: None,
            contents: Contents::Other,
        }
    }

    /// Its bytes, for what is not sent as a file. Of a file that has more than so many, only these.
    pub(crate) fn into_bytes(self, most: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let read = self.source.take(most as u64).read_to_end(&mut bytes);
        read.map_err(|error| cannot("read", &error))?;
        Ok(bytes)
    }

    /// What it holds.
    pub(crate) fn contents(&self) -> Contents {
        self.contents
    }

    /// Whether the engine can unpack it: a tar, perhaps compressed.
    pub(crate) fn is_archive(&self) -> bool {
        self.contents != Contents::Other
    }

    /// The same file as the one entry of a tar.
    pub(crate) fn wrapped(self, filename: &str, mode: u32) -> Result<Self, Error> {
        let head = entry::head(filename, self.length, mode)
            .map_err(|fault| Error::fault(format!("filename {fault}")))?;
        let padding = self.length.next_multiple_of(512) - self.length + TAR_END.unsigned_abs();
        let length = head.len() as u64 + self.length + padding;
        let source =
            io::Cursor::new(head).chain(self.source.take(self.length)).chain(io::repeat(0).take(padding));
        let filename = Some(filename.to_owned());
        Ok(Self { source: Box::new(source), length, filename, contents: Contents::Tar })
    }

    /// The body of a request, hashed while it is sent. More than `most` MiB is refused.
    pub(crate) fn payload(self, most: u64, flow: Flow) -> Result<(Payload, Sent), Error> {
        if self.length > most.saturating_mul(1024 * 1024) {
            let message =
                format!("The file has {} bytes, which is more than max_size. Nothing was sent.", self.length);
            return Err(Error::new(Kind::Failed, message));
        }
        let (source, sent) = Hashing::begin(self.source).map_err(|error| cannot("read", &error))?;
        let source = Box::new(Counted(source, flow.to(self.length)));
        Ok((Payload::Reader { source, length: Some(self.length) }, sent))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn bytes(upload: Upload) -> Vec<u8> {
        let mut bytes = Vec::new();
        let Ok((Payload::Reader { mut source, length }, _)) = upload.payload(1, Flow::new(None, "")) else {
            panic!("no reader")
        };
        source.read_to_end(&mut bytes).unwrap();
        assert_eq!(length, Some(bytes.len() as u64));
        bytes
    }

    #[test]
    fn an_upload_is_hashed_as_it_goes() {
        let (payload, sent) = Upload::of(b"hello".to_vec()).payload(1, Flow::new(None, "")).unwrap();
        let Payload::Reader { mut source, .. } = payload else { panic!("no reader") };
        io::copy(&mut source, &mut io::sink()).unwrap();
        assert_eq!(
            sent.fields(),
            json!({"size": 5, "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"})
        );
        assert!(Upload::of(vec![0; 1024 * 1024 + 1]).payload(1, Flow::new(None, "")).is_err());
    }

    proptest! {
        #[test]
        fn a_wrapped_file_is_a_tar(contents in prop::collection::vec(any::<u8>(), 0..2000), name in "[a-zA-Z0-9._é-]{1,120}") {
            prop_assume!(name != "." && name != "..");
            let tar = bytes(Upload::of(contents.clone()).wrapped(&name, 0o600).unwrap());
            prop_assert_eq!(tar.len() % 512, 0);
            let mut archive = tar::Archive::new(tar.as_slice());
            let mut entries = archive.entries().unwrap();
            let mut entry = entries.next().unwrap().unwrap();
            let path = entry.path_bytes().into_owned();
            prop_assert_eq!(path, name.as_bytes());
            prop_assert_eq!(entry.header().mode().unwrap(), 0o600);
            let mut read = Vec::new();
            entry.read_to_end(&mut read).unwrap();
            prop_assert_eq!(read, contents);
            drop(entry);
            prop_assert!(entries.next().is_none());
        }
    }
}
