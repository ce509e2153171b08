//! A result that is too large for a playbook's data becomes an attachment, with its beginning in its place.

use std::io::{self, BufWriter, Write as _};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{Error, Operation, Output, Services, files::Writer, output::unwritten};

/// How much of the result's text is shown in its place, in bytes.
const PREVIEW: usize = 2000;

/// What is written to a file goes there in pieces of this size, in bytes.
const PIECE: usize = 256 * 1024;

/// The result's JSON as it is, if it has at most `most` bytes; else that of an attachment, with a preview.
pub(crate) fn fit(
    output: Output,
    operation: &Operation,
    most: Option<usize>,
    services: &dyn Services,
) -> Result<Bytes, Error> {
    let mut spill =
        Spill { most: most.unwrap_or(usize::MAX), beginning: Vec::new(), beyond: None, fault: None };
    match output {
        Output::Written(written) => {
            let mut pieces = BufWriter::with_capacity(PIECE, &mut spill);
            let outcome = written.write(&mut pieces).map_err(|error| unwritten(&error));
            let _the_fault_is_kept = pieces.flush();
            drop(pieces);
            spill.fault.take().map_or(outcome, Err)?;
        }
        output => {
            let json = output.into_json()?;
            if json.len() <= spill.most {
                return Ok(json);
            }
            spill.add(&json)?;
        }
    }
    let Spill { beginning, beyond, .. } = spill;
    let Some(beyond) = beyond else { return Ok(beginning.into()) };
    let file = beyond.finish();
    let size = file.size();
    let (filename, description) =
        (format!("{}.json", operation.name), format!("Result of {}", operation.title));
    let record = file.save(services, &filename, &description)?;
    let preview = String::from_utf8_lossy(&beginning).into_owned();
    let result = format!("The result has {size} bytes, more than max_result_size: it is attached");
    Ok(json!({"result": result, "attachment": Value::Object(record), "preview": preview, "truncated": true})
        .to_string()
        .into())
}

/// Text that is kept in memory up to a size; if there is more, all of it goes to a file, and only the preview stays.
struct Spill {
    most: usize,
    beginning: Vec<u8>,
    beyond: Option<Writer>,
    /// Why the file could not be written.
    fault: Option<Error>,
}

impl Spill {
    fn add(&mut self, text: &[u8]) -> Result<(), Error> {
        if let Some(file) = &mut self.beyond {
            return file.add(text);
        }
        self.beginning.extend_from_slice(text);
        if self.beginning.len() > self.most {
            let mut file = Writer::new(u64::MAX)?;
            file.add(&self.beginning)?;
            self.beyond = Some(file);
            self.beginning.truncate(PREVIEW);
        }
        Ok(())
    }
}

impl io::Write for Spill {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        match self.add(text) {
            Ok(()) => Ok(text.len()),
            Err(error) => {
                self.fault = Some(error);
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::catalogue::find;

    struct Kept;

    impl Services for Kept {
        fn read(&self, _: &str) -> Result<Vec<u8>, String> {
            Err("unused".into())
        }

        fn fetch(&self, _: &str) -> Result<(PathBuf, String), String> {
            Err("unused".into())
        }

        fn save(&self, path: &Path, filename: &str, _: &str) -> Result<Value, String> {
            Ok(json!({"filename": filename, "contents": std::fs::read_to_string(path).unwrap()}))
        }
    }

    #[test]
    fn a_large_result_is_attached_whole() {
        let listing = find("list_containers").unwrap();
        let large: Value = vec!["é".repeat(10); 200].into();
        let fitted: Value =
            serde_json::from_slice(&fit(large.clone().into(), listing, Some(100), &Kept).unwrap()).unwrap();
        let written = Output::Written(Box::new(large.clone()));
        let also: Value = serde_json::from_slice(&fit(written, listing, Some(100), &Kept).unwrap()).unwrap();
        assert_eq!(fitted["attachment"]["sha256"], also["attachment"]["sha256"]);
        assert_eq!((&fitted["preview"], &fitted["result"]), (&also["preview"], &also["result"]));
        assert_eq!(fitted["attachment"]["filename"], "list_containers.json");
        assert_eq!(
            serde_json::from_str::<Value>(fitted["attachment"]["contents"].as_str().unwrap()).unwrap(),
            large
        );
        assert!(fitted["preview"].as_str().unwrap().starts_with("[\"éé"));
        let small = || -> Value { json!([1, "a\0"]) };
        for output in
            [Output::Raw(small().to_string().into()), small().into(), Output::Written(Box::new(small()))]
        {
            assert_eq!(fit(output, listing, Some(100), &Kept).unwrap(), r#"[1,"a\ufffd"]"#);
        }
    }
}
