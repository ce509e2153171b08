//! Playbooks that tell a story: several steps, each with what the one before has found, and a report at the end.
//!
//! A story is data. To add one, write it into the file of its kind below; the playbook, its ids, its page in the documents
//! and the checks follow. The tests then ask for a run of it on a real engine, in `tests/test_playbooks.py`.
//!
//! A step's name is its key for the steps after it, with `_` for spaces: `{{vars.steps.Read_Log.data.stderr}}`. What was
//! asked for is `{{vars.input.params.container}}`, and what a [`set`] step made is `{{vars.report}}`.

mod containing;
mod deploying;
mod housekeeping;
mod investigating;
mod page;

pub(crate) use page::page;

/// A story, as data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Story {
    /// The playbook's name.
    pub(crate) title: &'static str,
    /// What it does, for whom, and what it leaves.
    pub(crate) about: &'static str,
    /// What whoever starts it is asked for.
    pub(crate) asks: &'static [Ask],
    /// Whether it is started on an alert, which it writes to.
    pub(crate) on_alert: bool,
    /// Its steps, in the order in which a reader meets them.
    pub(crate) steps: &'static [Step],
}

/// Something that whoever starts a playbook is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) about: &'static str,
    /// What counts where nothing is given; without it, something must be.
    pub(crate) default: Option<&'static str>,
}

/// A step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) action: Action,
    /// The step after it; the next in the list if empty.
    pub(crate) then: Option<&'static str>,
    /// A list: the step runs for each of it, as `vars.item`, and its result is a list.
    pub(crate) for_each: Option<&'static str>,
    /// Whether the playbook goes on where the step fails.
    pub(crate) may_fail: bool,
}

/// Names with values, which may be templates.
pub(crate) type Values = &'static [(&'static str, &'static str)];

/// What a step does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    /// Runs an operation of this connector.
    Run(&'static str, Values),
    /// Sets variables.
    Set(Values),
    /// Goes on with the first branch whose condition holds.
    Choose(&'static [Branch]),
    /// Adds a comment to the alert.
    Comment(&'static str),
    /// Adds attachments, a list of their references, to the alert.
    Attach(&'static str),
}

/// A way on from a choice; without a condition, the way where no other holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Branch {
    pub(crate) option: &'static str,
    pub(crate) condition: Option<&'static str>,
    pub(crate) step: &'static str,
}

/// All stories, in the order of the documents.
pub(crate) fn stories() -> impl Iterator<Item = &'static Story> {
    [containing::STORIES, investigating::STORIES, deploying::STORIES, housekeeping::STORIES]
        .into_iter()
        .flatten()
}

/// A container, as most stories ask for one.
const CONTAINER: Ask = ask("container", "Container", "The container's name or id.");

const fn ask(name: &'static str, label: &'static str, about: &'static str) -> Ask {
    Ask { name, label, about, default: None }
}

impl Ask {
    const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
}

const fn step(name: &'static str, action: Action) -> Step {
    Step { name, action, then: None, for_each: None, may_fail: false }
}

const fn run(name: &'static str, operation: &'static str, params: Values) -> Step {
    step(name, Action::Run(operation, params))
}

const fn set(name: &'static str, values: Values) -> Step {
    step(name, Action::Set(values))
}

const fn choose(name: &'static str, branches: &'static [Branch]) -> Step {
    step(name, Action::Choose(branches))
}

/// The end of a story: what happened, as the variable `report`.
const fn report(text: &'static [(&'static str, &'static str); 1]) -> Step {
    set("Report", text)
}

const fn when(option: &'static str, condition: &'static str, step: &'static str) -> Branch {
    Branch { option, condition: Some(condition), step }
}

const fn otherwise(option: &'static str, step: &'static str) -> Branch {
    Branch { option, condition: None, step }
}

impl Step {
    const fn then(self, step: &'static str) -> Self {
        Self { then: Some(step), ..self }
    }

    const fn for_each(self, list: &'static str) -> Self {
        Self { for_each: Some(list), ..self }
    }

    const fn may_fail(self) -> Self {
        Self { may_fail: true, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn steps_lead_to_steps_and_run_operations() {
        for story in stories() {
            let title = story.title;
            let names: HashSet<&str> = story.steps.iter().map(|step| step.name).collect();
            assert_eq!(names.len(), story.steps.len(), "{title}: two steps of one name");
            assert!(!names.contains("Start"), "{title}: that is what a playbook begins with");
            assert_eq!(story.steps.last().unwrap().name, "Report", "{title} ends with what happened");
            for step in story.steps {
                let what = format!("{title}, {}", step.name);
                assert!(step.then.is_none_or(|then| names.contains(then)), "{what}: then");
                assert!(step.name.chars().all(|c| c.is_ascii_alphanumeric() || c == ' '), "{what}: a key");
                match step.action {
                    Action::Run(operation, params) => {
                        let operation = operations::find(operation).unwrap_or_else(|| panic!("{what}"));
                        assert!(operation.visible, "{what}");
                        for (name, _) in params {
                            assert!(operation.param(name).is_some(), "{what}: {name} is no parameter");
                        }
                        for param in operation.params.iter().filter(|param| param.required) {
                            assert!(
                                params.iter().any(|(name, _)| *name == param.name),
                                "{what}: {}",
                                param.name
                            );
                        }
                    }
                    Action::Choose(branches) => {
                        assert!(
                            branches.iter().all(|branch| names.contains(branch.step)),
                            "{what}: a branch"
                        );
                        let ways_out = branches.iter().filter(|branch| branch.condition.is_none()).count();
                        assert_eq!(ways_out, 1, "{what}: where nothing holds");
                    }
                    Action::Comment(_) | Action::Attach(_) => assert!(story.on_alert, "{what}: which alert?"),
                    Action::Set(_) => {}
                }
            }
        }
    }

    #[test]
    fn titles_are_unique_also_among_the_operations() {
        let mut seen: HashSet<&str> = operations::operations().map(|operation| operation.title).collect();
        for story in stories() {
            assert!(seen.insert(story.title), "{} stands twice", story.title);
            assert!(story.about.ends_with('.') && story.about.len() > 60, "{}", story.title);
        }
    }

    #[test]
    fn templates_name_steps_and_questions_that_exist() {
        for story in stories() {
            let keys: HashSet<String> = story.steps.iter().map(|step| step.name.replace(' ', "_")).collect();
            for text in texts(story) {
                for rest in text.split("vars.steps.").skip(1) {
                    let key: String =
                        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                    assert!(keys.contains(&key), "{}: {key}", story.title);
                }
                for rest in text.split("vars.input.params.").skip(1) {
                    let name: String =
                        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                    assert!(story.asks.iter().any(|ask| ask.name == name), "{}: {name}", story.title);
                }
            }
        }
    }

    /// Every text of a story's steps that may be a template.
    fn texts(story: &Story) -> Vec<&'static str> {
        let of_step = |step: &Step| {
            let mut texts: Vec<&str> = match step.action {
                Action::Run(_, values) | Action::Set(values) => {
                    values.iter().map(|(_, text)| *text).collect()
                }
                Action::Choose(branches) => branches.iter().filter_map(|branch| branch.condition).collect(),
                Action::Comment(text) | Action::Attach(text) => vec![text],
            };
            texts.extend(step.for_each);
            texts
        };
        story.steps.iter().flat_map(of_step).collect()
    }
}
