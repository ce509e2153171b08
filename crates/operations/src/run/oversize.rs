//! A result that is too large for a playbook's data becomes an attachment, with its beginning in its place.

use std::io::{self, BufWriter, Write as _};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    Error, Operation, Outcome, Output, Services,
    run::{
        files::Writer,
        output::{Large, unwritten},
        storable::make_storable,
        text::without_half_character,
        trim::{FIELDS, MAX_ITEMS},
    },
};

/// How much of the result's text is shown in its place, in bytes.
const PREVIEW: usize = 2000;

/// The parameters that make a result smaller, in the order in which a sentence names them.
const NARROWING: [&str; 6] = ["tail", "since", "form", "max_bytes", FIELDS.name, MAX_ITEMS.name];

/// What is written to a file goes there in pieces of this size, in bytes.
const PIECE: usize = 256 * 1024;

/// The result as it is, if its JSON has at most `most` bytes; else that of an attachment, with a preview.
pub(crate) fn fit(
    output: Output,
    operation: &Operation,
    most: Option<usize>,
    services: &dyn Services,
) -> Result<Outcome, Error> {
    let most = most.unwrap_or(usize::MAX);
    let mut spill = Spill::new(most);
    match output {
        Output::Large(large) => return attached(large, operation, most, services),
        Output::Written(written) => {
            let mut pieces = BufWriter::with_capacity(PIECE, &mut spill);
            let outcome = written.write(&mut pieces).map_err(|error| unwritten(&error));
            let _the_fault_is_kept = pieces.flush();
            drop(pieces);
            spill.fault.take().map_or(outcome, Err)?;
        }
        // Nobody needs its text.
        Output::Value(mut value) if largest(&value) <= most => {
            make_storable(&mut value);
            return Ok(Outcome::Value(value));
        }
        output => {
            let json = output.into_json()?;
            if json.len() <= most {
                return Ok(Outcome::Json(json));
            }
            spill.add(&json)?;
        }
    }
    match spill.finish()? {
        Output::Large(large) => attached(large, operation, most, services),
        output => Ok(Outcome::Json(output.into_json()?)),
    }
}

/// The result in whose place an attachment stands.
fn attached(
    large: Large,
    operation: &Operation,
    most: usize,
    services: &dyn Services,
) -> Result<Outcome, Error> {
    let Large { file, beginning } = large;
    let size = file.size();
    let (filename, description) =
        (format!("{}.json", operation.name), format!("Result of {}", operation.title));
    let record = file.save(services, &filename, &description)?;
    let preview = String::from_utf8_lossy(without_half_character(&beginning)).into_owned();
    let result = format!(
        "The result has {size} bytes, more than max_result_size ({} KiB), and is attached. {}",
        most / 1024,
        advice(operation)
    );
    let mut fields = json!({"result": result, "attachment": record, "preview": preview, "truncated": true});
    make_storable(&mut fields);
    Ok(Outcome::Value(fields))
}

/// What to set for a result that fits.
fn advice(operation: &Operation) -> String {
    let narrowing: Vec<&str> = NARROWING.into_iter().filter(|name| operation.param(name).is_some()).collect();
    match narrowing.split_last() {
        None => "To have it whole, raise max_result_size in the configuration".into(),
        Some((last, [])) => {
            format!("For a smaller result, set {last}; or raise max_result_size in the configuration")
        }
        Some((last, others)) => format!(
            "For a smaller result, set {} or {last}; or raise max_result_size in the configuration",
            others.join(", ")
        ),
    }
}

/// What a value's JSON has at most, in bytes: as if every byte of its texts had to be escaped.
fn largest(value: &Value) -> usize {
    const ESCAPED: usize = r"\u0000".len();
    const AROUND: usize = r#""":,"#.len();
    const NUMBER: usize = 32;
    let text = |text: &str| text.len().saturating_mul(ESCAPED).saturating_add(AROUND);
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => NUMBER,
        Value::String(string) => text(string),
        Value::Array(items) => items.iter().map(largest).fold(AROUND, usize::saturating_add),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| text(name).saturating_add(largest(value)))
            .fold(AROUND, usize::saturating_add),
    }
}

/// Text that is kept in memory up to a size; if there is more, all of it goes to a file, and only the preview stays.
pub(crate) struct Spill {
    most: usize,
    beginning: Vec<u8>,
    beyond: Option<Writer>,
    /// Why the file could not be written.
    fault: Option<Error>,
}

impl Spill {
    /// Keeps so many bytes in memory.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, beginning: Vec::new(), beyond: None, fault: None }
    }

    /// What came: text in memory, or a file.
    pub(crate) fn finish(self) -> Result<Output, Error> {
        let Self { beginning, beyond, .. } = self;
        match beyond {
            None => Ok(Output::Raw(beginning.into())),
            Some(beyond) => Ok(Output::Large(Large { file: beyond.finish()?, beginning })),
        }
    }

    pub(crate) fn add(&mut self, text: &[u8]) -> Result<(), Error> {
        if let Some(file) = &mut self.beyond {
            return file.add(Bytes::copy_from_slice(text));
        }
        self.beginning.extend_from_slice(text);
        if self.beginning.len() > self.most {
            let mut file = Writer::new(u64::MAX)?;
            let preview = self.beginning.iter().take(PREVIEW).copied().collect();
            file.add(std::mem::replace(&mut self.beginning, preview).into())?;
            self.beyond = Some(file);
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

    fn fitted(output: Output) -> Value {
        let listing = find("list_containers").unwrap();
        serde_json::from_slice(&fit(output, listing, Some(100), &Kept).unwrap().into_json()).unwrap()
    }

    #[test]
    fn a_large_result_is_attached_whole() {
        let large: Value = vec!["é".repeat(10); 200].into();
        let made = fitted(large.clone().into());
        let written = fitted(Output::Written(Box::new(large.clone())));
        assert_eq!(made["attachment"]["sha256"], written["attachment"]["sha256"]);
        assert_eq!((&made["preview"], &made["result"]), (&written["preview"], &written["result"]));
        assert_eq!(made["attachment"]["filename"], "list_containers.json");
        let contents: Value = serde_json::from_str(made["attachment"]["contents"].as_str().unwrap()).unwrap();
        assert_eq!(contents, large);
        assert!(made["preview"].as_str().unwrap().starts_with("[\"éé"));
    }

    #[test]
    fn a_small_result_stays_as_it_is_but_for_what_cannot_be_stored() {
        for small in [json!([1, "a\0"]), json!({"a\0": {"b": [null, 1.5, "\0c"]}}), json!("\u{1}".repeat(16))]
        {
            for output in [
                Output::Raw(small.to_string().into()),
                small.clone().into(),
                Output::Written(Box::new(small.clone())),
            ] {
                let text = small.to_string().replace("\\u0000", "\u{fffd}");
                assert_eq!(fitted(output), serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    }

    #[test]
    fn no_json_is_longer_than_foretold() {
        for value in [
            json!(null),
            json!(-1.234_567_890_123_456_7e-300),
            json!(u64::MAX),
            json!("\u{1}\"é\n"),
            json!([[], {}, [1, 2], {"\u{1}": "", "b": [true]}]),
        ] {
            assert!(value.to_string().len() <= largest(&value), "{value}");
        }
    }
}
