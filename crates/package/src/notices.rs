//! The notices that the licences of what is linked ask for: who made it, and under which terms it is passed on.
//!
//! Where a choice includes Apache-2.0, the licence of this project, that is the choice, and the text in `LICENSE` serves all. Of the
//! rest, and of every `NOTICE`, the text goes along as its author ships it.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use serde_json::Value;

use crate::{Error, sbom::linked_packages};

const OURS: &str = "Apache-2.0";

const HEAD: &str = "\
THIRD-PARTY NOTICES

This program contains the libraries that are listed here. Each is passed on under the terms that stand with it.
";

/// Rust's own library, of which Cargo knows nothing.
const STANDARD_LIBRARY: &str = "rust-std (the Rust Project Developers)";

/// What a static program contains besides.
const MUSL: &str = "musl libc (Copyright © 2005-2020 Rich Felker, et al.), MIT";

/// The notices for what is linked into this package of the workspace. None where the metadata is not of this workspace.
pub fn notices(metadata: &Value, package: &str, is_static: bool) -> Result<Option<String>, Error> {
    let Some(linked) = linked_packages(metadata, package) else { return Ok(None) };
    let mut ours = vec![STANDARD_LIBRARY.to_owned()];
    // Those that share a text stand together, in the order of their names.
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in linked.iter().filter(|package| !package["source"].is_null()) {
        let name = described(package);
        let is_ours = has_choice(package, OURS);
        let files = files(package)?;
        if !is_ours && files.is_empty() {
            return Err(Error::Licence(name));
        }
        if is_ours {
            ours.push(name.clone());
        }
        for (file, text) in files {
            if !is_ours || file.to_uppercase().starts_with("NOTICE") {
                texts.entry(text).or_default().push(name.clone());
            }
        }
    }
    ours.sort();
    let mut page = format!("{HEAD}\n\n{OURS}: the text is in the file LICENSE\n\n");
    for name in ours {
        let _ = writeln!(page, "  {name}");
    }
    if is_static {
        let _ = writeln!(page, "\n\n{MUSL}: the text is that of the MIT license below\n");
    }
    let mut texts: Vec<_> = texts.into_iter().map(|(text, names)| (names, text)).collect();
    texts.sort();
    for (names, text) in texts {
        let _ = write!(page, "\n\n{}\n\n  {}\n\n", "-".repeat(80), names.join("\n  "));
        for line in text.lines() {
            let _ = writeln!(page, "{}", line.trim_end());
        }
    }
    Ok(Some(page))
}

/// Its name, version, authors and terms.
fn described(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    let authors = package["authors"].as_array().into_iter().flatten().filter_map(Value::as_str);
    // Addresses are of no use to the reader.
    let authors: Vec<&str> =
        authors.map(|author| author.split('<').next().unwrap_or_default().trim()).collect();
    let authors = if authors.is_empty() { String::new() } else { format!(" ({})", authors.join(", ")) };
    format!("{} {}{authors}, {}", text("name"), text("version"), text("license"))
}

/// Whether the terms are a choice, of which this is one.
fn has_choice(package: &Value, license: &str) -> bool {
    let terms = package["license"].as_str().unwrap_or_default();
    // The slash is how older packages write OR.
    !terms.contains(" AND ")
        && terms
            .replace('/', " OR ")
            .split(" OR ")
            .any(|choice| choice.trim_matches(['(', ')', ' ']) == license)
}

/// What an author ships of licences and notices, by name.
fn files(package: &Value) -> Result<BTreeMap<String, String>, Error> {
    let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
    let folder = manifest.parent().unwrap_or(manifest);
    let read = || -> std::io::Result<BTreeMap<String, String>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_notice = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"]
                .iter()
                .any(|start| name.to_uppercase().starts_with(start));
            if is_notice && path.is_file() {
                files.insert(name, String::from_utf8_lossy(&fs::read(&path)?).trim().to_owned());
            }
        }
        Ok(files)
    };
    read().map_err(|source| Error::Read { path: folder.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A workspace that links one library, under these terms and with these files.
    fn page(license: &str, files: &[(&str, &str)]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let metadata = json!({
            "packages": [
                {"id": "cli", "name": "cli", "source": null, "targets": []},
                {"id": "dep", "name": "dep", "version": "1.2.3", "source": "registry", "license": license, "targets": [],
                 "authors": ["Ada <ada@example.com>"], "manifest_path": folder.path().join("Cargo.toml")},
            ],
            "resolve": {"nodes": [
                {"id": "cli", "deps": [{"pkg": "dep", "dep_kinds": [{"kind": null}]}]},
                {"id": "dep", "deps": []},
            ]},
        });
        assert!(notices(&metadata, "another", false).unwrap().is_none());
        notices(&metadata, "cli", false).map(Option::unwrap).map_err(|error| error.to_string())
    }

    #[test]
    fn one_text_serves_all_who_leave_the_choice() {
        for terms in ["Apache-2.0", "MIT OR Apache-2.0", "MIT/Apache-2.0", "MIT OR (Apache-2.0)"] {
            let page =
                page(terms, &[("LICENSE-MIT", "Permission is granted"), ("NOTICE", "made by Ada")]).unwrap();
            let line = format!("  dep 1.2.3 (Ada), {terms}\n");
            assert!(page.contains(&line) && !page.contains("Permission"), "{page}");
            assert!(page.contains("made by Ada"), "{page}");
        }
    }

    #[test]
    fn who_leaves_none_is_quoted() {
        for terms in ["MIT", "Apache-2.0 AND ISC", "Apache-2.0 WITH LLVM-exception"] {
            let page =
                page(terms, &[("LICENSE", "Permission is granted \nto all"), ("README.md", "no")]).unwrap();
            assert!(
                page.ends_with(&format!("  dep 1.2.3 (Ada), {terms}\n\nPermission is granted\nto all\n")),
                "{page}"
            );
        }
        let error = page("MIT", &[("README.md", "no")]).unwrap_err();
        assert!(error.contains("dep 1.2.3 (Ada), MIT"), "{error}");
    }
}
