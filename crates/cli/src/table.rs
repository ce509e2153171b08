//! Results as tables: the columns of the operation's declaration, or those that were asked for.

use std::time::{SystemTime, UNIX_EPOCH};

use operations::Table;
use serde_json::Value;

use crate::{clean, format};

/// Longer cells are cut.
const WIDEST: usize = 64;
const GAP: &str = "   ";

/// The items of a result: the list itself, the one that the operation's table names, or the result alone.
pub(crate) fn rows(result: &Value, table: Option<Table>) -> Vec<&Value> {
    let list = match table {
        Some(Table { rows, .. }) if !rows.is_empty() => &result[rows],
        _ => result,
    };
    match list.as_array().or(result.as_array()) {
        Some(items) => items.iter().collect(),
        None if list.is_null() && !result.is_object() => Vec::new(),
        None => vec![result],
    }
}

/// A table with a heading.
pub(crate) fn of(result: &Value, table: Option<Table>, fields: &[String]) -> String {
    let rows = rows(result, table);
    if let (Some(titles), Some(lines)) = (result["Titles"].as_array(), result["Processes"].as_array()) {
        let heading = titles.iter().map(|title| cell("", title)).collect();
        let lines = lines.iter().filter_map(Value::as_array);
        return aligned(
            heading,
            lines.map(|line| line.iter().map(|text| cell("", text)).collect()).collect(),
        );
    }
    let is_single = !result.is_array() && rows.first().is_some_and(|row| std::ptr::eq(*row, result));
    if is_single && fields.is_empty() {
        let mut lines = Vec::new();
        leaves("", result, &mut lines);
        return aligned(vec!["FIELD".into(), "VALUE".into()], lines);
    }
    let columns = columns(&rows, table, fields);
    let lines = rows.iter().map(|row| line(row, &columns)).collect();
    aligned(columns.iter().map(|column| heading(column)).collect(), lines)
}

/// The columns: those that were asked for, the declaration's, or the plain fields of the first item.
pub(crate) fn columns(rows: &[&Value], table: Option<Table>, fields: &[String]) -> Vec<String> {
    if !fields.is_empty() {
        return fields.to_vec();
    }
    let declared = table.map(|table| table.columns).unwrap_or_default();
    if !declared.is_empty() {
        return declared.iter().map(|column| (*column).to_owned()).collect();
    }
    let first = rows.first().and_then(|row| row.as_object()).into_iter().flatten();
    first.filter(|(_, value)| !value.is_object() && !value.is_array()).map(|(name, _)| name.clone()).collect()
}

/// The cells of an item.
pub(crate) fn line(row: &Value, columns: &[String]) -> Vec<String> {
    if !row.is_object() {
        return vec![cell("", row)];
    }
    columns.iter().map(|column| cell(column, &at(row, column))).collect()
}

/// A row of what comes one by one, in columns that fit most values.
pub(crate) fn row_as_it_comes(cells: &[String]) -> String {
    let padded: Vec<String> = cells.iter().map(|cell| format!("{cell:12}")).collect();
    padded.join(GAP).trim_end().to_owned()
}

/// `Actor.ID` is ACTOR ID, and `NetworkSettings` NETWORKSETTINGS.
pub(crate) fn heading(column: &str) -> String {
    clean::line(&column.replace(['.', '_'], " ").to_uppercase())
}

/// What an item is called: `name`, or its id.
pub(crate) fn name(row: &Value) -> Option<String> {
    let named = [&row["Names"][0], &row["RepoTags"][0], &row["Name"], &row["name"]];
    let text = named.into_iter().find_map(Value::as_str).filter(|text| *text != "<none>:<none>");
    text.map(|text| clean::line(text.trim_start_matches('/'))).or_else(|| id(row))
}

/// An item's id; a volume's is its name.
pub(crate) fn id(row: &Value) -> Option<String> {
    let fields = ["Id", "ID", "id", "image_id", "Name", "name", "Deleted", "Untagged"];
    fields.iter().find_map(|name| row[*name].as_str()).map(clean::line)
}

fn at(row: &Value, path: &str) -> Value {
    let mut value = operations::selected(row, &[path]);
    // One path leads through objects of one field each.
    if row.get(path).is_some() {
        return row[path].clone();
    }
    for _ in path.split('.') {
        value = match value {
            Value::Object(fields) if fields.len() == 1 => {
                fields.into_iter().next().map(|(_, value)| value).unwrap_or_default()
            }
            other => return other,
        };
    }
    value
}

/// A value in few words, by the names that Docker gives to fields.
fn cell(column: &str, value: &Value) -> String {
    let name = column.rsplit('.').next().unwrap_or(column);
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => short_id(text),
        Value::Number(number) => match number.as_f64() {
            Some(seconds) if name == "Created" || name == "time" => since(seconds),
            Some(bytes) if is_size(name) => size(bytes),
            Some(percent) if name.ends_with("percent") => format!("{percent:.2}%"),
            _ => number.to_string(),
        },
        Value::Array(items) if name == "Ports" => items.iter().map(port).collect::<Vec<_>>().join(", "),
        Value::Array(items) if items.iter().all(|item| item.is_string() || item.is_number()) => {
            let texts = items.iter().map(|item| cell(name, item));
            texts.map(|text| text.trim_start_matches('/').to_owned()).collect::<Vec<_>>().join(",")
        }
        Value::Object(fields) if fields.values().all(Value::is_string) => {
            let pair =
                |(name, value): (&String, &Value)| format!("{name}={}", value.as_str().unwrap_or_default());
            fields.iter().map(pair).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    };
    let text = clean::line(&text);
    match text.chars().count() > WIDEST {
        true => text.chars().take(WIDEST - 1).chain(['…']).collect(),
        false => text,
    }
}

/// The first 12 digits of what is an id.
fn short_id(text: &str) -> String {
    let bare = text.strip_prefix("sha256:").unwrap_or(text);
    let is_id = bare.len() == 64 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id { bare[..12].to_owned() } else { text.to_owned() }
}

fn is_size(name: &str) -> bool {
    name.ends_with("Size") || name.ends_with("_bytes") || name == "memory_usage" || name == "memory_limit"
}

/// As docker shows sizes: powers of 1000.
fn size(bytes: f64) -> String {
    let (mut bytes, mut unit) = (bytes, "B");
    for next in ["kB", "MB", "GB", "TB", "PB"] {
        if bytes < 1000.0 {
            break;
        }
        (bytes, unit) = (bytes / 1000.0, next);
    }
    if unit == "B" {
        format!("{bytes}B")
    } else {
        format!("{bytes:.3}").chars().take(5).collect::<String>() + unit
    }
}

fn since(seconds: f64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let ago = (now - seconds).max(0.0);
    let (count, unit) = match ago {
        ago if ago < 60.0 => (ago, "second"),
        ago if ago < 3600.0 => (ago / 60.0, "minute"),
        ago if ago < 172_800.0 => (ago / 3600.0, "hour"),
        ago => (ago / 86_400.0, "day"),
    };
    let count = count.floor();
    format!("{count} {unit}{} ago", if (count - 1.0).abs() < f64::EPSILON { "" } else { "s" })
}

fn port(port: &Value) -> String {
    let inner = format!("{}/{}", port["PrivatePort"], port["Type"].as_str().unwrap_or_default());
    match (port["IP"].as_str(), port["PublicPort"].as_u64()) {
        (Some(address), Some(outer)) => format!("{address}:{outer}->{inner}"),
        (None, Some(outer)) => format!("{outer}->{inner}"),
        _ => inner,
    }
}

fn leaves(path: &str, value: &Value, lines: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&path, field, lines);
            }
        }
        other => lines.push(vec![clean::line(path), cell(path, other)]),
    }
}

fn aligned(heading: Vec<String>, lines: Vec<Vec<String>>) -> String {
    let count = heading.len();
    let width = |column: usize| {
        let cells = lines.iter().chain([&heading]).filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let joined = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    let bold =
        |text: String| if format::has_color(false) { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text };
    let mut text = bold(joined(&heading));
    for line in &lines {
        text.push('\n');
        text.push_str(&joined(line));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_are_short_and_clean() {
        let id = "0123456789ab".to_owned() + &"c".repeat(52);
        for (column, value, expected) in [
            ("Id", json!(id), "0123456789ab"),
            ("Id", json!(format!("sha256:{id}")), "0123456789ab"),
            ("Names", json!(["/web", "/db/web"]), "web,db/web"),
            ("Names", json!(["/a\u{1b}[2J\u{202e}\n"]), "a\\u{1b}[2J\\u{202e}\\n"),
            ("Size", json!(1_234_567), "1.235MB"),
            ("Size", json!(7), "7B"),
            (
                "Ports",
                json!([{"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}]),
                "0.0.0.0:8080->80/tcp",
            ),
            ("Labels", json!({"a": "b"}), "a=b"),
            ("cpu_percent", json!(12.345), "12.35%"),
            ("x", json!(null), ""),
        ] {
            assert_eq!(cell(column, &value), expected, "{column} {value}");
        }
        assert_eq!(cell("x", &json!("y".repeat(100))).chars().count(), WIDEST);
    }

    #[test]
    fn a_table_has_the_columns_that_were_asked_for() {
        let list = json!([{"Id": "a", "Config": {"Image": "app"}, "Labels": {"a.b": "c"}}, {"Id": "bb"}]);
        let fields = ["Id", "Config.Image", "Labels.a.b"].map(str::to_owned);
        assert_eq!(of(&list, None, &fields), "ID   CONFIG IMAGE   LABELS A B\na    app            c\nbb");
        let table = Some(Table { rows: "Volumes", columns: &["Name"] });
        assert_eq!(of(&json!({"Volumes": [{"Name": "data"}], "Warnings": null}), table, &[]), "NAME\ndata");
        assert_eq!(of(&json!({"Volumes": []}), table, &[]), "NAME");
        assert_eq!(of(&json!({"a": {"b": 1}}), None, &[]), "FIELD   VALUE\na.b     1");
        let top = json!({"Titles": ["PID", "CMD"], "Processes": [["1", "sleep 600"]]});
        assert_eq!(
            of(&top, Some(Table { rows: "Processes", columns: &[] }), &[]),
            "PID   CMD\n1     sleep 600"
        );
    }
}
