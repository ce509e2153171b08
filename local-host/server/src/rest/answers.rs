//! The forms in which FortiSOAR's API answers: pages of rows, collections of records, and what is not there.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::error::Fault;

/// The one agent there is: this host itself.
pub(super) const AGENT: &str = "10ca10ca10ca10ca10ca10ca10ca10ca";

/// The list that the integrations service answers: everything on one page, unless less is asked for.
pub(super) fn listed(rows: Vec<Value>, page: usize, page_size: usize) -> Value {
    let (page, page_size) = (page.max(1), page_size.max(1));
    let total = rows.len();
    let has_next = page.saturating_mul(page_size) < total;
    let start = (page - 1).saturating_mul(page_size);
    let data: Vec<Value> = rows.into_iter().skip(start).take(page_size).collect();
    json!({
        "status": "success",
        "totalItems": total,
        "itemsPerPage": page_size,
        "nextPage": has_next.then_some(page + 1),
        "previousPage": (page > 1).then(|| page - 1),
        "data": data,
    })
}

/// The list that the records' API answers.
pub(super) fn hydra(path: &str, members: &[Value]) -> Value {
    json!({
        "@id": path,
        "@type": "hydra:Collection",
        "hydra:member": members,
        "hydra:totalItems": members.len(),
    })
}

/// What was read, or that there is none.
pub(crate) fn found<T>(what: Option<T>, name: impl FnOnce() -> String) -> Result<T, Fault> {
    what.ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, format!("There is no {}.", name())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_paged() {
        let rows = || (0..5).map(Value::from).collect::<Vec<_>>();
        let page = |number, size| {
            let page = listed(rows(), number, size);
            (page["data"].clone(), page["nextPage"].clone(), page["previousPage"].clone())
        };
        assert_eq!(page(1, 30), (json!([0, 1, 2, 3, 4]), Value::Null, Value::Null));
        assert_eq!(page(2, 2), (json!([2, 3]), json!(3), json!(1)));
        assert_eq!(page(3, 2), (json!([4]), Value::Null, json!(2)));
        assert_eq!(page(9, 2).0, json!([]));
    }
}
