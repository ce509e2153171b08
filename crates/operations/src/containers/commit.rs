//! Making an image of a container: `POST /commit`.

use crate::{
    Category, Effect, Operation,
    arguments::Arguments,
    containers::config::{
        COMMAND, ENTRYPOINT, ENVIRONMENT, EXPOSED_PORTS, HEALTHCHECK, LABELS, ON_BUILD, SHELL, STOP_SIGNAL,
        USER, VOLUMES, WORKING_FOLDER,
    },
    guard::{Reach, Target},
    param::{ADDITIONAL_FIELDS, CONTAINER, flag, lines, text},
};

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("container_commit", "/commit")
    .title("Commit Container")
    .about("Makes an image of a container's files and settings, as evidence or to run it again elsewhere.")
    .category_is(Category::Miscellaneous)
    .params(&[
        CONTAINER.wire("container"),
        text("repo")
            .title("Repository")
            .about("The image's name without its tag; the image has only an id, if empty."),
        text("tag").title("Tag").about("The image's tag.").default("latest"),
        text("comment").title("Comment").about("A message, kept in the image's history."),
        text("author").title("Author").about("Who made it, such as Ann <ann@example.com>."),
        lines("changes")
            .title("Changes")
            .about("Dockerfile instructions to apply, one a line, such as ENV A=1."),
        flag("pause").title("Pause").about("Pause the container meanwhile.").default("true"),
        ADDITIONAL_FIELDS,
        COMMAND.about("What the image runs."),
        ENTRYPOINT,
        ENVIRONMENT,
        USER,
        WORKING_FOLDER,
        LABELS,
        EXPOSED_PORTS,
        VOLUMES,
        STOP_SIGNAL,
        HEALTHCHECK,
        SHELL,
        ON_BUILD,
    ])
    .reach(reach)];

/// The container is in the query, and is paused meanwhile.
fn reach(arguments: &Arguments) -> Reach {
    let container = arguments.text("id").unwrap_or_default().to_owned();
    Reach { effect: Effect::Change, targets: vec![Target::Container(container)] }
}
