//! Files on their way between the engine and FortiSOAR: streamed, hashed, capped, and whole or not at all.

mod hashing;
mod writing;

use std::{
    fs::{self, File},
    io::{self, Read, Seek as _, SeekFrom},
    path::Path,
};

use engine::{Body, Payload};
use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use crate::{
    Error, Kind, Param, Schema, Services,
    param::integer,
    progress::{Counted, Flow},
};

/// FortiSOAR's record of an attachment, with what is known of its contents.
pub(crate) const ATTACHMENT: Schema = Schema::All(&[
    Schema::Fields(&["@id", "@type", "uuid", "name", "description", "createDate"]),
    Schema::Field(
        "file",
        &Schema::Fields(&["@id", "@type", "uuid", "filename", "size", "mimeType", "uploadDate"]),
    ),
    Schema::Fields(&["size", "sha256"]),
]);

use hashing::Hashing;
pub(crate) use hashing::Sent;
pub(crate) use writing::Writer;

/// The most that is received or sent.
pub(crate) const MAX_SIZE: Param = integer("max_size")
    .title("Largest Size (MiB)")
    .about("A larger file is refused, and nothing of it is kept.")
    .default("4096")
    .local();

/// Temporary files are named so, with the process's id: what a killed worker leaves is known by it.
const PREFIX: &str = "fsr-docker-";
/// No name, and no other header before an entry of a tar, is longer.
const LONGEST_EXTENSION: u64 = 1024 * 1024;
/// What is unpacked goes on in pieces of this size, in bytes.
const PIECE: u64 = 256 * 1024;
/// A tar ends with two empty blocks.
const TAR_END: i64 = 1024;

/// A file that came from the engine, whole. It is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Received {
    file: NamedTempFile,
    size: u64,
    sha256: String,
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
        let record = services
            .save(self.file.path(), filename, description)
            .map_err(|error| Error::new(Kind::Attachment, error))?;
        let mut record = match record {
            Value::Object(record) => record,
            other => Map::from_iter([("record".to_owned(), other)]),
        };
        record.insert("size".into(), self.size.into());
        record.insert("sha256".into(), self.sha256.into());
        Ok(record)
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

/// A file on its way to the engine.
pub(crate) struct Upload {
    source: Box<dyn Read + Send>,
    length: u64,
    /// The file's own name, where FortiSOAR tells it.
    pub(crate) filename: Option<String>,
    is_tar: bool,
}

impl Upload {
    /// An attachment or a file of FortiSOAR. Its temporary copy is removed at once; the open file stays readable.
    pub(crate) fn fetch(services: &dyn Services, reference: &str) -> Result<Self, Error> {
        let (path, filename) =
            services.fetch(reference).map_err(|error| Error::new(Kind::Attachment, error))?;
        let opened = File::open(&path);
        let _already_gone = fs::remove_file(&path);
        let mut file = opened.map_err(|error| cannot("read", &error))?;
        let described = file.metadata().and_then(|metadata| Ok((metadata.len(), is_archive(&mut file)?)));
        let (length, is_tar) = described.map_err(|error| cannot("read", &error))?;
        Ok(Self {
            source: Box::new(file),
            length,
            filename: Some(filename).filter(|name| !name.is_empty()),
            is_tar,
        })
    }

    /// These contents.
    pub(crate) fn of(contents: Vec<u8>) -> Self {
        let length = contents.len() as u64;
        Self { source: Box::new(io::Cursor::new(contents)), length, filename: None, is_tar: false }
    }

    /// Whether it is an archive that the engine unpacks: a tar, perhaps compressed.
    pub(crate) fn is_archive(&self) -> bool {
        self.is_tar
    }

    /// The same file as the one entry of a tar.
    pub(crate) fn wrapped(self, filename: &str, mode: u32) -> Result<Self, Error> {
        let name = Path::new(filename);
        let plain =
            name.components().count() == 1 && name.file_name().is_some_and(|part| part == name.as_os_str());
        let mut header = tar::Header::new_gnu();
        if !plain || header.set_path(name).is_err() {
            let fault = format!("filename must be one name of at most 100 bytes, not {filename:?}");
            return Err(Error::faults(Kind::InvalidParameters, &[fault]));
        }
        header.set_size(self.length);
        header.set_mode(mode);
        header.set_mtime(jiff::Timestamp::now().as_second().unsigned_abs());
        header.set_cksum();
        let padding = self.length.next_multiple_of(512) - self.length + TAR_END.unsigned_abs();
        let length = header.as_bytes().len() as u64 + self.length + padding;
        let source = io::Cursor::new(header.as_bytes().to_vec())
            .chain(self.source.take(self.length))
            .chain(io::repeat(0).take(padding));
        Ok(Self { source: Box::new(source), length, filename: Some(filename.to_owned()), is_tar: true })
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

/// Whether a file is one that the engine unpacks: tar, gzip, bzip2, xz or zstd, by their first bytes. Leaves the file at
/// its beginning.
fn is_archive(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::new();
    file.take(262).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    let magics: [&[u8]; 4] = [b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"];
    Ok(head.get(257..262) == Some(b"ustar") || magics.iter().any(|magic| head.starts_with(magic)))
}

/// A private file of this process, after removing what processes that are gone have left.
fn temporary() -> Result<NamedTempFile, Error> {
    let folder = std::env::temp_dir();
    sweep(&folder);
    let file =
        tempfile::Builder::new().prefix(&format!("{PREFIX}{}-", std::process::id())).tempfile_in(&folder);
    file.map_err(|error| cannot(&format!("made in {}", folder.display()), &error))
}

fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid =
            name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            // Another user's file stays: removing it fails.
            let _best_effort = fs::remove_file(entry.path());
        }
    }
}

fn cannot(what: &str, error: &io::Error) -> Error {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull => {
            " Free room where temporary files go, or set TMPDIR to a larger file system."
        }
        _ => "",
    };
    Error::new(Kind::Attachment, format!("A temporary file could not be {what}: {error}.{hint}"))
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
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

    fn holding(contents: &[u8]) -> Received {
        let mut writer = Writer::new(u64::MAX).unwrap();
        writer.add(Bytes::copy_from_slice(contents)).unwrap();
        writer.finish().unwrap()
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

    #[test]
    fn a_wrapped_file_cannot_escape() {
        for name in ["", "/", "..", ".", "../a", "a/b", "/etc/passwd", "a/", &"x".repeat(300)] {
            assert!(Upload::of(Vec::new()).wrapped(name, 0o644).is_err(), "{name:?}");
        }
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

        #[test]
        fn a_wrapped_file_is_a_tar(contents in prop::collection::vec(any::<u8>(), 0..2000), name in "[a-zA-Z0-9._é-]{1,40}") {
            prop_assume!(name != "." && name != "..");
            let tar = bytes(Upload::of(contents.clone()).wrapped(&name, 0o600).unwrap());
            prop_assert_eq!(tar.len() % 512, 0);
            let mut archive = tar::Archive::new(tar.as_slice());
            let mut entries = archive.entries().unwrap();
            let mut entry = entries.next().unwrap().unwrap();
            let path = entry.path_bytes().into_owned();
            prop_assert_eq!(path, name.as_bytes());
            let mut read = Vec::new();
            entry.read_to_end(&mut read).unwrap();
            prop_assert_eq!(read, contents);
        }
    }
}
