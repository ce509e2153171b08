//! `operations.py`: the package's name and version, and every operation that it answers to, for Python.

use std::fmt::Write as _;

use crate::Identity;

/// The file's text. FortiSOAR's tools look in it for the name of each operation of `info.json`.
pub(crate) fn operations_py(identity: &Identity) -> String {
    let mut names = String::new();
    for name in
        operations::operations().flat_map(|operation| std::iter::once(&operation.name).chain(operation.also))
    {
        let _ = writeln!(names, "    \"{name}\",");
    }
    format!(
        r#""""The package's name, its version, and every operation that it answers to. Generated: see crates/package."""

NAME: str = "{}"
VERSION: str = "{}"
OPERATIONS: tuple[str, ...] = (
{names})
"#,
        identity.name(),
        Identity::VERSION,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_package_and_every_operation_once() {
        let text = operations_py(&Identity::new("docker", None).unwrap());
        assert!(text.starts_with("\"\"\"") && text.contains("Generated") && text.ends_with(",\n)\n"));
        assert!(text.contains("\nNAME: str = \"docker\"\n"));
        for operation in operations::operations() {
            assert_eq!(
                text.matches(&format!("\n    \"{}\",\n", operation.name)).count(),
                1,
                "{}",
                operation.name
            );
        }
        assert!(text.lines().all(|line| line.len() <= 120));
    }
}
