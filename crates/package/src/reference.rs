//! The operation reference, `docs/operations/`: a page for each group of operations, an index, and the endpoints of the API.

mod operation;

use std::fmt::{self, Write as _};

use operations::{Group, Operation, groups, shown};

use crate::{Page, documents::generated_from, endpoints};

/// The folder of the reference's pages.
pub(crate) const FOLDER: &str = "operations";

/// The pages, as Markdown.
pub(crate) fn pages() -> Vec<Page> {
    let mut pages = vec![page("README.md", write_index), page("endpoints.md", write_endpoints)];
    pages.extend(groups().map(|group| page(&file(group), |text| write_group(text, group))));
    pages
}

fn page(name: &str, write: impl FnOnce(&mut String) -> fmt::Result) -> Page {
    let mut text = generated_from("the declarations in crates/operations");
    // A String takes whatever is written to it.
    let _ = write(&mut text);
    Page { path: format!("{FOLDER}/{name}"), text }
}

fn write_index(page: &mut String) -> fmt::Result {
    writeln!(page, "# Operations\n")?;
    writeln!(
        page,
        "{} operations, grouped by what they work on. Each page lists the parameters as the form shows them. Most examples were recorded from a \
         real engine, Docker 20.10; long results are shortened.\n",
        shown().count()
    )?;
    writeln!(
        page,
        "- [What a field can hold](../playbooks.md#what-a-field-can-hold): the types in the tables, and what a text can hold\n\
         - [Endpoints of the API](endpoints.md): which operation calls an endpoint"
    )?;
    for group in groups() {
        writeln!(page, "\n## [{}]({})\n", group.title, file(group))?;
        writeln!(page, "| Operation | Name | Effect | |\n| --- | --- | --- | --- |")?;
        for operation in group.shown() {
            writeln!(
                page,
                "| [{}]({}) | `{}` | {} | {} |",
                operation.title,
                address(operation),
                operation.name,
                operation::effect(operation.effect),
                operation::cell(operation.about)
            )?;
        }
    }
    Ok(())
}

fn write_group(page: &mut String, group: &Group) -> fmt::Result {
    writeln!(page, "# {}\n\n[All operations](README.md)\n", group.title)?;
    for operation in group.shown() {
        writeln!(page, "- [{}](#{}): `{}`", operation.title, anchor(operation.title), operation.name)?;
    }
    group.shown().try_for_each(|operation| operation::write_operation(page, operation))
}

fn write_endpoints(page: &mut String) -> fmt::Result {
    endpoints::write_table(page, |operation| format!("[`{}`]({})", operation.name, address(operation)))
}

/// Where an operation's section is, seen from the folder of the reference.
fn address(operation: &Operation) -> String {
    let of = groups().find(|group| group.shown().any(|other| other.name == operation.name));
    format!("{}#{}", of.map(file).unwrap_or_default(), anchor(operation.title))
}

/// The file of a group's page: `incident-response.md`.
fn file(group: &Group) -> String {
    format!("{}.md", anchor(group.title))
}

/// Where Markdown's readers find a heading.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn headings(page: &Page) -> Vec<String> {
        page.text.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect()
    }

    #[test]
    fn every_operation_and_parameter_is_there() {
        let text: String = pages().into_iter().map(|page| page.text).collect();
        for operation in shown() {
            let heading = format!("\n## {}\n", operation.title);
            let section = text.split(&heading).nth(1).unwrap_or_else(|| panic!("{}", operation.name));
            let section = section.split("\n## ").next().unwrap();
            assert!(section.contains(&format!("Operation: `{}`", operation.name)), "{}", operation.name);
            assert!(section.contains("\nResult: "), "{}", operation.name);
            for param in operation.params {
                let is_there = section.contains(&format!("\n| `{}` | ", param.name));
                assert!(is_there, "{}.{}", operation.name, param.name);
            }
        }
    }

    #[test]
    fn links_lead_to_one_heading_each() {
        let pages = pages();
        let all: HashMap<&str, Vec<String>> = pages
            .iter()
            .map(|page| (page.path.strip_prefix("operations/").unwrap(), headings(page)))
            .collect();
        for page in &pages {
            let own = headings(page);
            let different: HashSet<&String> = own.iter().collect();
            assert_eq!(different.len(), own.len(), "two operations of one title in {}", page.path);
            for (link, _) in page.text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
                let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
                let there = match file {
                    "" => &own,
                    outside if outside.starts_with("../") || outside.contains(':') => continue,
                    file => all.get(file).unwrap_or_else(|| panic!("{} links to {file}", page.path)),
                };
                assert!(anchor.is_empty() || there.iter().any(|it| it == anchor), "{}: {link}", page.path);
            }
        }
    }

    #[test]
    fn tables_of_parameters_have_their_columns() {
        for page in
            pages().iter().filter(|page| !page.path.contains("README") && !page.path.contains("endpoints"))
        {
            for line in page.text.lines().filter(|line| line.starts_with("| `")) {
                assert_eq!(line.replace("\\|", "").matches('|').count(), 8, "{line}");
            }
        }
    }
}
