//! Indicators as CSV: the columns `type` and `value`, and `path` where there is one.

use super::indicator::{Comparison, Given, Kind, given, shortened, unknown};

type Located<T> = (String, T);

/// Reads the rows. A first row that names the columns sets their order.
pub(super) fn read(text: &str) -> Result<Vec<Located<Given>>, Vec<Located<String>>> {
    let mut rows = records(text).into_iter().enumerate().peekable();
    let mut columns = (0, 1, Some(2));
    let heads = rows.peek().map(|(_, cells)| {
        let named = |name: &str| cells.iter().position(|cell| cell.trim().eq_ignore_ascii_case(name));
        (named("type"), named("value"), named("path"))
    });
    if let Some((Some(kind), Some(value), path)) = heads {
        columns = (kind, value, path);
        rows.next();
    }
    let (mut all, mut faults) = (Vec::new(), Vec::new());
    for (at, cells) in rows {
        let cell = |at: usize| cells.get(at).map_or("", String::as_str).trim();
        if cells.iter().all(|cell| cell.trim().is_empty()) || cell(0).starts_with('#') {
            continue;
        }
        let place = format!(" row {}", at + 1);
        match row(cell(columns.0), cell(columns.1), columns.2.map_or("", cell)) {
            Ok(one) => all.push((place, one)),
            Err(fault) => faults.push((place, fault)),
        }
    }
    if faults.is_empty() { Ok(all) } else { Err(faults) }
}

/// One row.
pub(super) fn row(kind: &str, value: &str, path: &str) -> Result<Given, String> {
    let Some(found) = Kind::of(kind) else {
        return Err(format!("{}. A CSV has the columns type, value and path", unknown(kind)));
    };
    if !path.trim().is_empty() && found != Kind::Sha256 {
        return Err(format!("{} takes no path ({:?})", found.name(), shortened(path)));
    }
    Ok(given(found, value, path, Comparison::Usual))
}

/// The cells of each row (RFC 4180): a cell within quotes may hold commas, line breaks and doubled quotes.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                cell.push('"');
                letters.next();
            }
            '"' if quoted => quoted = false,
            '"' if cell.trim().is_empty() => {
                cell.clear();
                quoted = true;
            }
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted && letters.peek() == Some(&'\n') => {}
            '\n' | '\r' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let read = read(text).unwrap();
        read.into_iter().map(|(_, one)| (one.kind.name().to_owned(), one.value)).collect()
    }

    #[test]
    fn rows_are_read_as_spreadsheets_write_them() {
        let expected = vec![("process".to_owned(), "a, \"b\"".to_owned()), ("name".into(), "web".into())];
        for text in [
            "type,value\r\nprocess,\"a, \"\"b\"\"\"\r\nname,web\r\n",
            "value,note,type\n\"a, \"\"b\"\"\",x,process\n\n# a remark\nweb,,name",
            "process,\"a, \"\"b\"\"\"\nname,web",
        ] {
            assert_eq!(values(text), expected, "{text}");
        }
    }

    #[test]
    fn each_wrong_row_is_named() {
        let faults = read("type,value,path\nprocess,a,/x\nnope,b\nname,ok").unwrap_err();
        let places: Vec<&str> = faults.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, [" row 2", " row 3"]);
    }
}
