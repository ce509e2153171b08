//! The data of a secret or config, as a playbook gives it: text, base64 or a file. It is sent in standard base64, since engines
//! refuse the URL-safe one that the API's description names.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};

use super::{ATTACHMENT, DATA, DATA_BASE64, Sort};
use crate::{
    Error,
    run::{call::Call, files::Upload},
};

/// What a playbook gave.
pub(super) struct Given(Vec<u8>);

impl Given {
    /// The data of a call; `None` where none is given. Keeps it out of every text of the call.
    pub(super) fn read(call: &Call<'_>, sort: &Sort) -> Result<Option<Self>, Error> {
        let text = |name| call.arguments.text(name);
        let data = match (text(DATA), text(DATA_BASE64), text(ATTACHMENT)) {
            (None, None, None) => return Ok(None),
            (Some(data), None, None) => data.as_bytes().to_vec(),
            (None, Some(encoded), None) => decoded(encoded)
                .ok_or_else(|| Error::fault("data_base64 must be base64, such as cGFzc3dvcmQ="))?,
            (None, None, Some(reference)) => {
                Upload::fetch(call.services, reference)?.into_bytes(sort.bound)?
            }
            _ => return Err(Error::fault("only one of data, data_base64 and attachment can be given")),
        };
        if data.is_empty() {
            return Err(Error::fault("the data is empty"));
        }
        if data.len() >= sort.bound {
            let (noun, bound) = (sort.noun, sort.bound);
            return Err(Error::fault(format!("the data of a {noun} must be less than {} KiB", bound / 1024)));
        }
        let data = Self(data);
        call.hide_data(&data.0);
        Ok(Some(data))
    }

    /// The same of an operation that cannot do without.
    pub(super) fn required(call: &Call<'_>, sort: &Sort) -> Result<Self, Error> {
        Self::read(call, sort)?.ok_or_else(missing)
    }

    pub(super) fn encoded(&self) -> String {
        BASE64_STANDARD.encode(&self.0)
    }
}

pub(super) fn missing() -> Error {
    Error::fault("one of data, data_base64 and attachment must be given")
}

/// A config's data, if it is text.
pub(super) fn as_text(encoded: &str) -> Option<String> {
    String::from_utf8(decoded(encoded)?).ok().filter(|text| !text.contains('\0'))
}

/// Base64 of either alphabet, also with line breaks and without padding.
fn decoded(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const READER: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    READER.decode(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_in_every_form() {
        for text in ["+/8=", "-_8=", "-_8", "+/\n8=", " +/8=\r\n"] {
            assert_eq!(decoded(text).as_deref(), Some(&[0xfb, 0xff][..]), "{text:?}");
        }
        for text in ["+/8*", "=", "a"] {
            assert_eq!(decoded(text), None, "{text:?}");
        }
    }

    #[test]
    fn only_text_is_shown_as_text() {
        assert_eq!(as_text("aMOpCg==").as_deref(), Some("hé\n"));
        assert_eq!(as_text("AAE="), None, "a zero byte");
        assert_eq!(as_text("+/8="), None, "no UTF-8");
    }
}
