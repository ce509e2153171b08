//! How Docker's command line writes a small object: `type=volume,source=data,target=/data,readonly`.

/// The fields of one line. A name alone has no value. As in CSV, a field within quotation marks may hold commas.
pub(super) fn fields(line: &str) -> Result<Vec<(String, Option<String>)>, String> {
    let mut fields = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or("a line whose quotation marks are closed")?,
            None => rest.split_at(rest.find(',').unwrap_or(rest.len())),
        };
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => after,
            None => return Err("a line with a comma after each closing quotation mark".into()),
        };
        let (name, value) = field.split_once('=').map_or((field, None), |(name, value)| (name, Some(value)));
        fields.push((name.trim().to_ascii_lowercase(), value.map(|value| value.trim().to_owned())));
    }
    Ok(fields)
}

/// Whether a line is in this form, and not a short one such as `data:/data`.
pub(super) fn are_fields(line: &str) -> bool {
    line.contains('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_commas_outside_of_quotation_marks() {
        let read = fields(r#"type=tmpfs, readonly,"tmpfs-options=a,b",X=1=2"#).unwrap();
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        assert_eq!(
            read,
            [("type", Some("tmpfs")), ("readonly", None), ("tmpfs-options", Some("a,b")), ("x", Some("1=2"))]
        );
        assert!(fields("\"a=1").is_err() && fields("\"a=1\"b").is_err());
        assert_eq!(fields(" "), Ok(vec![]));
    }
}
