//! What an investigation draws or tabulates, as an attachment.

use serde_json::{Map, Value};

use crate::{
    Error,
    catalogue::containers::archive::safe,
    run::{call::Call, files::Writer},
};

/// Saves a text as an attachment, named after a container.
pub(crate) fn attach(
    call: &Call<'_>,
    container: &str,
    what: &str,
    description: &str,
    contents: String,
) -> Result<Map<String, Value>, Error> {
    let mut writer = Writer::new(u64::MAX)?;
    writer.add(contents.into())?;
    writer.finish()?.save(call.services, &format!("{}-{what}", safe(container)), description)
}
