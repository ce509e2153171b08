//! All operations, by the groups that people see: the folders that declare them.

mod closest;
pub(crate) mod compose;
pub(crate) mod configs;
pub(crate) mod containers;
pub(crate) mod dry_run;
pub(crate) mod images;
pub(crate) mod investigate;
mod labels;
pub(crate) mod networks;
pub(crate) mod nodes;
pub(crate) mod pick;
pub(crate) mod plugins;
pub(crate) mod prune;
pub(crate) mod response;
pub(crate) mod secrets;
pub(crate) mod service_data;
pub(crate) mod services;
pub(crate) mod swarm;
pub(crate) mod system;
pub(crate) mod tasks;
pub(crate) mod volumes;

use std::{collections::HashMap, sync::LazyLock};

pub use self::closest::closest;
use crate::{Error, Group, Kind, Operation};

static CATALOGUE: &[&Group] = &[
    &containers::GROUP,
    &response::GROUP,
    &investigate::GROUP,
    &images::GROUP,
    &networks::GROUP,
    &volumes::GROUP,
    &swarm::GROUP,
    &nodes::GROUP,
    &services::GROUP,
    &tasks::GROUP,
    &secrets::GROUP,
    &configs::GROUP,
    &plugins::GROUP,
    &compose::GROUP,
    &system::GROUP,
    &pick::GROUP,
];

/// The groups that people see, in the order in which they do.
pub fn groups() -> impl Iterator<Item = &'static Group> {
    CATALOGUE.iter().copied().filter(|group| group.shown().next().is_some())
}

/// The operations that people see, by group.
pub fn shown() -> impl Iterator<Item = &'static Operation> {
    groups().flat_map(Group::shown)
}

/// Every operation, by group; also those that only forms call.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    CATALOGUE.iter().flat_map(|group| group.operations())
}

/// The operation that answers to this name.
pub fn find(name: &str) -> Option<&'static Operation> {
    named(name).map(|(_, operation)| operation)
}

/// The same with the name, which then is one of those declared.
pub(crate) fn named(name: &str) -> Option<(&'static str, &'static Operation)> {
    static BY_NAME: LazyLock<HashMap<&str, &Operation>> = LazyLock::new(|| {
        let names = |operation: &'static Operation| {
            std::iter::once(operation.name)
                .chain(operation.also.iter().copied())
                .map(move |name| (name, operation))
        };
        all().flat_map(names).collect()
    });
    BY_NAME.get_key_value(name).map(|(name, operation)| (*name, *operation))
}

/// Every operation, also the samples where they are built.
fn all() -> impl Iterator<Item = &'static Operation> {
    let all = operations();
    #[cfg(feature = "samples")]
    let all = all.chain(crate::samples::operations());
    all
}

/// The error for a name that no operation has, with those that resemble it.
pub fn unknown(name: &str) -> Error {
    let shown: String = name.chars().take(60).collect();
    let names = self::shown().map(|operation| operation.name);
    let hint = match closest(&shown, names).as_slice() {
        [] => String::new(),
        alike => format!(" Similar ones: {}.", alike.join(", ")),
    };
    Error::new(Kind::UnknownOperation, format!("There is no operation {shown:?}.{hint}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{
        Effect, Method, Place, Shape, ValueKind,
        declare::param,
        run::trim::{FIELDS, MAX_ITEMS},
    };

    #[test]
    fn names_are_unique_and_snake_case() {
        let mut seen = HashSet::new();
        for name in all().flat_map(|operation| std::iter::once(&operation.name).chain(operation.also)) {
            assert!(seen.insert(name), "{name} stands twice");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{name}");
        }
    }

    #[test]
    fn every_placeholder_has_its_required_parameter() {
        for operation in all() {
            for name in operation.placeholders() {
                let param = operation
                    .param(name)
                    .unwrap_or_else(|| panic!("{}: {{{name}}} is no parameter", operation.name));
                assert!(param.required && param.place == Place::Query, "{}: {name}", operation.name);
                assert!(
                    matches!(param.kind, ValueKind::Id | ValueKind::Reference),
                    "{}: {name}",
                    operation.name
                );
            }
        }
    }

    #[test]
    fn parameters_obey_the_rules() {
        for operation in all() {
            param::rules::assert_obeyed(operation.name, operation.params);
        }
    }

    #[test]
    fn texts_are_uniform() {
        for operation in all() {
            let name = operation.name;
            assert!(!operation.title.is_empty() && !operation.title.ends_with('.'), "{name}: title");
            assert!(
                operation.about.ends_with('.') && operation.about.starts_with(char::is_uppercase),
                "{name}: about"
            );
            assert!(operation.is_offline() || operation.path.starts_with('/'), "{name}: path");
            if let Shape::Done { done, already } = operation.shape {
                for sentence in [done, already] {
                    assert!(
                        sentence.starts_with(char::is_uppercase) && !sentence.ends_with('.'),
                        "{name}: {sentence}"
                    );
                    for part in sentence.split('{').skip(1) {
                        let placeholder = part.split('}').next().unwrap();
                        assert!(
                            operation.param(placeholder).is_some(),
                            "{name}: {{{placeholder}}} is no parameter"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn effects_agree_with_methods() {
        for operation in all() {
            let reads = matches!(operation.method, Method::Get | Method::Head);
            assert!(!reads || operation.effect == Effect::Read, "{}: a GET that changes", operation.name);
            assert!(
                operation.method != Method::Delete || operation.effect == Effect::Destroy,
                "{}",
                operation.name
            );
        }
    }

    #[test]
    fn what_is_picked_is_listed_by_a_hidden_operation() {
        for operation in all() {
            for param in operation.params {
                let Some(name) = param.picked_from else { continue };
                let list = find(name).unwrap_or_else(|| panic!("{}.{}: {name}", operation.name, param.name));
                assert!(!list.visible && list.params.is_empty(), "{name} is no hidden list");
            }
        }
    }

    #[test]
    fn a_dry_run_is_a_preview() {
        for operation in all() {
            let has_parameter = operation.param("dry_run").is_some();
            assert_eq!(has_parameter, operation.dry_run.is_some(), "{}", operation.name);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_similar_ones() {
        let error = unknown("container_list").to_string();
        assert!(error.starts_with("[unknown_operation] ") && error.contains("list_containers"), "{error}");
    }

    #[test]
    fn every_list_can_be_made_small() {
        for operation in shown().filter(|one| one.effect == Effect::Read) {
            if matches!(operation.shape, Shape::List) {
                for param in [FIELDS, MAX_ITEMS] {
                    assert!(
                        operation.param(param.name).is_some(),
                        "{} has no {}",
                        operation.name,
                        param.name
                    );
                }
            }
        }
    }
}
