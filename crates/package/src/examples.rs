//! A real result of each operation, recorded by `cargo xtask examples` in `data/examples.json`.

use std::sync::LazyLock;

use serde_json::Value;

static RECORDED: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/examples.json")).unwrap_or_default());

/// What an operation was given, and what it gave, shortened.
pub(crate) struct Example {
    pub(crate) params: &'static Value,
    pub(crate) result: &'static Value,
}

/// The recorded call of an operation, if there is one.
pub(crate) fn example(operation: &str) -> Option<Example> {
    let recorded = RECORDED.get(operation)?;
    Some(Example { params: &recorded["params"], result: &recorded["result"] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_of_operations_and_name_no_place() {
        let recorded = RECORDED.as_object().unwrap();
        assert!(!recorded.is_empty());
        for (name, example) in recorded {
            let operation = operations::find(name).unwrap_or_else(|| panic!("{name} is no operation"));
            for param in example["params"].as_object().unwrap().keys() {
                assert!(operation.param(param).is_some(), "{name}.{param}");
            }
            let text = example.to_string();
            assert!(
                !text.contains("/target/") && !text.contains("/local-host"),
                "{name} tells where it was made"
            );
        }
    }
}
