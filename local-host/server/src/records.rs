//! Files and attachments: contents and JSON records in a private folder, the same that the workers' `integrations.records`
//! reads and writes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::private;
use crate::store::now;

/// What a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Attachment,
}

impl Kind {
    /// As in its IRI: `/api/3/files/<uuid>`.
    pub(crate) fn collection(self) -> &'static str {
        match self {
            Self::File => "files",
            Self::Attachment => "attachments",
        }
    }
}

/// The folder with the records.
#[derive(Debug, Clone)]
pub(crate) struct Records {
    folder: PathBuf,
}

impl Records {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Takes a file over, which is moved, and answers its record.
    pub(crate) fn create_file(&self, contents: &Path, filename: &str, mime_type: &str) -> io::Result<Value> {
        let uuid = Uuid::new_v4();
        let size = fs::metadata(contents)?.len();
        let record = json!({
            "@context": "/api/3/contexts/FileRecord",
            "@id": format!("/api/3/files/{uuid}"),
            "@type": "File",
            "uuid": uuid,
            "filename": filename,
            "mimeType": mime_type,
            "size": size,
            "uploadDate": now(),
        });
        // The record first: contents without one would be found, and removed, by nobody.
        let record = self.keep(Kind::File, uuid, record)?;
        if let Err(fault) = fs::rename(contents, self.contents(uuid)) {
            let _ = fs::remove_file(self.record(Kind::File, uuid));
            return Err(fault);
        }
        Ok(record)
    }

    /// Makes an attachment that carries a file.
    pub(crate) fn create_attachment(&self, name: &str, description: &str, file: &Value) -> io::Result<Value> {
        let uuid = Uuid::new_v4();
        let record = json!({
            "@context": "/api/3/contexts/Attachment",
            "@id": format!("/api/3/attachments/{uuid}"),
            "@type": "Attachment",
            "uuid": uuid,
            "name": name,
            "description": description,
            "file": file,
            "createDate": now(),
        });
        self.keep(Kind::Attachment, uuid, record)
    }

    /// A record, if there is one.
    pub(crate) fn read(&self, kind: Kind, uuid: Uuid) -> io::Result<Option<Value>> {
        match fs::read(self.record(kind, uuid)) {
            Ok(text) => Ok(Some(serde_json::from_slice(&text)?)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// All records of a kind, the latest first.
    pub(crate) fn list(&self, kind: Kind) -> io::Result<Vec<Value>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let id =
                name.strip_prefix(&format!("{}-", kind.collection())).and_then(|id| id.strip_suffix(".json"));
            if let Some(id) = id.and_then(|id| Uuid::parse_str(id).ok())
                && let Some(record) = self.read(kind, id)?
            {
                found.push((entry.metadata()?.modified()?, record));
            }
        }
        found.sort_by_key(|(written, _)| std::cmp::Reverse(*written));
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    /// Where a file's contents are.
    pub(crate) fn contents(&self, uuid: Uuid) -> PathBuf {
        self.folder.join(format!("{}-{uuid}", Kind::File.collection()))
    }

    /// Forgets a record, and a file's contents with it; false where there is none.
    pub(crate) fn delete(&self, kind: Kind, uuid: Uuid) -> io::Result<bool> {
        let gone = match fs::remove_file(self.record(kind, uuid)) {
            Ok(()) => true,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => false,
            Err(fault) => return Err(fault),
        };
        if kind == Kind::File && gone {
            fs::remove_file(self.contents(uuid))?;
        }
        Ok(gone)
    }

    fn record(&self, kind: Kind, uuid: Uuid) -> PathBuf {
        self.folder.join(format!("{}-{uuid}.json", kind.collection()))
    }

    fn keep(&self, kind: Kind, uuid: Uuid, record: Value) -> io::Result<Value> {
        private::write(&self.record(kind, uuid), record.to_string().as_bytes())?;
        Ok(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_its_attachment_live_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::new(folder.path().to_owned());
        let upload = folder.path().join("upload");
        fs::write(&upload, "evidence").unwrap();
        let file = records.create_file(&upload, "a.txt", "text/plain").unwrap();
        assert!(!upload.exists() && file["size"] == 8);
        let attachment = records.create_attachment("Evidence", "", &file).unwrap();
        assert_eq!(attachment["file"]["@id"], file["@id"]);
        let listed = records.list(Kind::Attachment).unwrap();
        assert_eq!((listed.len(), &listed[0]["@id"]), (1, &attachment["@id"]));

        let uuid = Uuid::parse_str(file["uuid"].as_str().unwrap()).unwrap();
        assert_eq!(fs::read_to_string(records.contents(uuid)).unwrap(), "evidence");
        assert!(records.delete(Kind::File, uuid).unwrap() && !records.delete(Kind::File, uuid).unwrap());
        assert_eq!(records.read(Kind::File, uuid).unwrap(), None);
        assert!(!records.contents(uuid).exists());
    }
}
