//! The engine's refusal of a field's type, in our words: its own names types of its program.

/// `json: cannot unmarshal number 1e10 into Go struct field Config.Healthcheck.Interval of type time.Duration` names the field
/// and what it must be. `None` for any other text.
pub(crate) fn reworded(message: &str) -> Option<String> {
    let (before, rest) = message.split_once("json: cannot unmarshal ")?;
    let (given, rest) = rest.split_once(" into Go ")?;
    let (place, rest) = rest.split_once(" of type ").or_else(|| rest.split_once("value"))?;
    let end = rest.find([' ', ',', ';', '"']).unwrap_or(rest.len());
    let (kind, after) = rest.split_at(end);
    let (kind, stop) = kind.strip_suffix('.').map_or((kind, ""), |kind| (kind, "."));
    // The first part is the name of a type, not of a field.
    let field =
        place.strip_prefix("struct field ").and_then(|field| field.split_once('.')).map(|(_, field)| field);
    let field = field.unwrap_or("the body");
    Some(format!(
        "{before}the engine refused the type of {field}: it must be {}, not {given}{stop}{after}",
        expected(kind)
    ))
}

fn expected(kind: &str) -> &'static str {
    let kind = kind.trim_start_matches('*');
    match kind {
        "string" => "text",
        "bool" => "true or false",
        "time.Duration" => "whole nanoseconds",
        kind if kind.starts_with("int")
            || kind.starts_with("uint")
            || kind == "fs.FileMode"
            || kind == "os.FileMode" =>
        {
            "a whole number within its bounds"
        }
        kind if kind.starts_with("float") => "a number",
        kind if kind.starts_with("[]") || kind == "strslice.StrSlice" => "a list",
        _ => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f30_names_the_field_and_no_type_of_go() {
        for (said, ours) in [
            (
                "json: cannot unmarshal number 1e10 into Go struct field HealthConfig.Healthcheck.Interval of type time.Duration",
                "the engine refused the type of Healthcheck.Interval: it must be whole nanoseconds, not number 1e10",
            ),
            (
                "invalid JSON: json: cannot unmarshal string into Go struct field HostConfig.Memory of type int64. Check it.",
                "invalid JSON: the engine refused the type of Memory: it must be a whole number within its bounds, not string. Check it.",
            ),
            (
                "json: cannot unmarshal array into Go value of type map[string]string",
                "the engine refused the type of the body: it must be an object, not array",
            ),
            (
                "json: cannot unmarshal bool into Go struct field A.b of type []string",
                "the engine refused the type of b: it must be a list, not bool",
            ),
        ] {
            assert_eq!(reworded(said).as_deref(), Some(ours), "{said}");
        }
        assert_eq!(reworded("No such container: web"), None);
    }
}
