//! The report of an audit as a page. Names, labels and paths were chosen by whoever made a container: here they are
//! text, and nothing else.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    catalogue::investigate::plain::plain,
    run::objects::{items, text},
};

const STYLE: &str = "body{font:14px/1.4 system-ui,sans-serif;margin:2em;color:#1b1f24}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}\
table{border-collapse:collapse;width:100%}th,td{border:1px solid #d0d7de;padding:.35em .6em;text-align:left;vertical-align:top}\
td{overflow-wrap:anywhere}th{background:#f3f5f7}.critical{background:#ffd7d5}.high{background:#ffe3cc}.medium{background:#fff5c7}";

/// The page: one file without scripts, pictures or anything from elsewhere.
pub(super) fn html(result: &Value) -> String {
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    let engine = &result["engine"];
    let _ = write!(
        page,
        "<title>Posture of {}</title><style>{STYLE}</style></head><body>",
        escaped(text(engine, "name"))
    );
    let _ = write!(
        page,
        "<h1>Posture of {}</h1><p>{}</p>",
        escaped(text(engine, "name")),
        escaped(text(result, "summary"))
    );
    let _ = write!(
        page,
        "<p>Docker Engine {}, API {}. Audited {}.</p>",
        escaped(text(engine, "version")),
        escaped(text(engine, "api_version")),
        escaped(text(result, "time"))
    );
    let comparison = &result["comparison"];
    if comparison.is_object() {
        let _ =
            write!(page, "<h2>Since the earlier report</h2><p>{}</p>", escaped(text(comparison, "summary")));
        table(
            &mut page,
            &comparison["new"],
            &[("New", "title"), ("Severity", "severity"), ("Of", "subject"), ("Value", "value")],
        );
        table(
            &mut page,
            &comparison["gone"],
            &[("Gone", "title"), ("Severity", "severity"), ("Of", "subject"), ("Why", "why")],
        );
    }
    page.push_str("<h2>Findings</h2>");
    let columns = [
        ("Severity", "severity"),
        ("Finding", "title"),
        ("Of", "subject"),
        ("Where and what", "evidence"),
        ("CIS", "cis"),
        ("ATT&CK", "attack"),
        ("What to do", "remedy"),
    ];
    table(&mut page, &result["findings"], &columns);
    page.push_str("<h2>Ways out of containers</h2>");
    table(
        &mut page,
        &result["containers"],
        &[("Container", "name"), ("State", "state"), ("Escape", "escape"), ("Why", "why")],
    );
    page.push_str("<h2>Known flaws</h2>");
    table(
        &mut page,
        &result["flaws"],
        &[
            ("Component", "component"),
            ("Version", "version"),
            ("Flaw", "id"),
            ("What", "what"),
            ("Fixed in", "fixed_in"),
            ("Certainty", "certainty"),
        ],
    );
    page.push_str("<h2>What this report cannot say</h2>");
    table(&mut page, &result["unknown"], &[("CIS", "cis"), ("What", "what"), ("Why", "why")]);
    for missing in items(&result["missing"]).filter_map(Value::as_str) {
        let _ = write!(page, "<p>{}</p>", escaped(missing));
    }
    page.push_str("</body></html>\n");
    page
}

fn table(page: &mut String, rows: &Value, columns: &[(&str, &str)]) {
    if items(rows).next().is_none() {
        page.push_str("<p>None.</p>");
        return;
    }
    page.push_str("<table><tr>");
    for (title, _) in columns {
        let _ = write!(page, "<th>{}</th>", escaped(title));
    }
    page.push_str("</tr>");
    for row in items(rows) {
        let class = match text(row, "severity") {
            severity @ ("critical" | "high" | "medium") => severity,
            _ => "",
        };
        let _ = write!(page, "<tr class=\"{class}\">");
        for (_, field) in columns {
            let _ = write!(page, "<td>{}</td>", escaped(&cell(&row[*field])));
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}

/// A value as the cell of a table has it.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in plain(text, usize::MAX).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_page_holds_hostile_texts_as_text() {
        let hostile = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\u{202e}\"'&";
        let result = json!({
            "engine": {"name": hostile}, "summary": hostile, "missing": [hostile],
            "findings": [{"title": hostile, "severity": "\"><script>", "subject": hostile, "evidence": hostile}],
        });
        let page = html(&result);
        assert!(!page.contains("<script") && !page.contains("<img") && !page.contains('\u{202e}'), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("\\u{202e}"));
    }
}
