//! `docs/playbooks.md`: what each story does, asks and takes.

use std::fmt::{self, Write as _};

use super::{Action, Step, Story, stories};
use crate::{Identity, documents::generated_from, values::write_values};

/// The page, as Markdown.
pub(crate) fn page() -> String {
    let mut page = generated_from("crates/package/src/stories");
    // A String takes whatever is written to it.
    let _ = write_page(&mut page);
    page
}

fn write_page(page: &mut String) -> fmt::Result {
    writeln!(page, "# Sample playbooks\n")?;
    writeln!(
        page,
        "The package brings a collection, `Sample - Docker Engine - {}`: {} playbooks that tell a story, and one for each \
         operation. All are inactive and run by hand; nothing in them names a configuration, so they use the default one. Copy \
         what you want to keep into a collection of your own and activate it there: the samples go when the connector is upgraded.\n",
        Identity::VERSION,
        stories().count()
    )?;
    writeln!(
        page,
        "Each story ends with a step Report, which sets `{{{{vars.report}}}}`: mail it, or write it to a record. A step that may fail \
         without ending the playbook is marked \"may fail\"; `{{{{vars.steps.NAME.status}}}}` says whether it did. A step \"for each\" runs \
         once for each item of a list, and its result is a list.\n"
    )?;
    for story in stories() {
        writeln!(page, "- [{}](#{})", story.title, story.title.to_lowercase().replace(' ', "-"))?;
    }
    writeln!(
        page,
        "\nThe last part, [What a field can hold](#what-a-field-can-hold), is for every step of every playbook."
    )?;
    stories().try_for_each(|story| write_story(page, story))?;
    write_values(page)
}

fn write_story(page: &mut String, story: &Story) -> fmt::Result {
    writeln!(page, "\n## {}\n\n{}\n", story.title, story.about)?;
    if story.on_alert {
        writeln!(page, "It is started on an alert.\n")?;
    }
    if !story.asks.is_empty() {
        writeln!(page, "| Asks for | Default | Meaning |\n| --- | --- | --- |")?;
        for ask in story.asks {
            let default = match ask.default {
                None => "must be given".to_owned(),
                Some("") => String::new(),
                Some(default) => format!("`{default}`"),
            };
            writeln!(page, "| {} (`{}`) | {default} | {} |", ask.label, ask.name, ask.about)?;
        }
        writeln!(page)?;
    }
    for (index, step) in story.steps.iter().enumerate() {
        writeln!(page, "{}. **{}**: {}", index + 1, step.name, what(step))?;
    }
    Ok(())
}

/// What a step does and where it leads, in a line.
fn what(step: &Step) -> String {
    let mut text = match step.action {
        Action::Run(operation, _) => format!("`{operation}`"),
        Action::Set(values) => {
            let names: Vec<String> = values.iter().map(|(name, _)| format!("`{name}`")).collect();
            format!("sets {}", names.join(", "))
        }
        Action::Choose(branches) => {
            let ways: Vec<String> =
                branches.iter().map(|branch| format!("{}: {}", branch.option, branch.step)).collect();
            format!("a decision. {}", ways.join("; "))
        }
        Action::Comment(_) => "adds a comment to the alert".into(),
        Action::Attach(_) => "adds attachments to the alert".into(),
    };
    if step.for_each.is_some() {
        text.push_str(", for each");
    }
    if step.may_fail {
        text.push_str("; may fail");
    }
    if let Some(then) = step.then {
        let _ = write!(text, "; then {then}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_story_and_step_is_there() {
        let page = page();
        for story in stories() {
            let section = page.split(&format!("\n## {}\n", story.title)).nth(1).unwrap();
            for (index, step) in story.steps.iter().enumerate() {
                assert!(
                    section.contains(&format!("\n{}. **{}**: ", index + 1, step.name)),
                    "{}",
                    story.title
                );
            }
        }
    }
}
