//! Tables as CSV (RFC 4180), which spreadsheets open: no cell acts as a formula there.

/// What makes a spreadsheet take a cell for a formula where it comes first.
const FORMULA: &[char] = &['=', '+', '-', '@', '\t', '\r'];

/// Rows of texts, the first with the names of the columns.
pub(crate) fn csv<'t>(rows: impl Iterator<Item = Vec<&'t str>>) -> String {
    let mut table = String::new();
    for row in rows {
        let cells: Vec<String> = row.into_iter().map(cell).collect();
        table.push_str(&cells.join(","));
        table.push_str("\r\n");
    }
    table
}

fn cell(text: &str) -> String {
    let mark = if text.trim_start().starts_with(FORMULA) || text.starts_with(FORMULA) { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\"").replace('\0', "\u{fffd}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let rows = [vec!["=1+1", "-2", " @x"], vec!["a\"b", "c,\nd", ""]];
        assert_eq!(csv(rows.into_iter()), "\"'=1+1\",\"'-2\",\"' @x\"\r\n\"a\"\"b\",\"c,\nd\",\"\"\r\n");
    }
}
