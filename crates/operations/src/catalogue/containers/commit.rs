//! Making an image of a container: `POST /commit`.

use crate::Secrecy;
use crate::{
    Category, Error, Operation, Output, Schema,
    catalogue::containers::config::{
        COMMAND, ENTRYPOINT, ENVIRONMENT, EXPOSED_PORTS, HEALTHCHECK, LABELS, ON_BUILD, SHELL, STOP_SIGNAL,
        USER, VOLUMES, WORKING_FOLDER,
    },
    declare::{
        param::{ADDITIONAL_FIELDS, CONTAINER, flag, image, lines, text},
        target::Touch,
    },
    run::{call::Call, provenance::CASE_ID},
    values::reference::{LATEST, Reference},
};

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("container_commit", "/commit")
    .title("Commit Container")
    .about("Creates an image from a container's files and settings, as evidence or to run it elsewhere.")
    .category_is(Category::Miscellaneous)
    .params(&[
        CONTAINER.wire("container"),
        image("repo")
            .title("Repository")
            .about("The image's name, with or without a tag, such as evidence/web. If empty, the image has only an id.")
            .local(),
        text("tag").title("Tag").about("The image's tag, if the name has none. If empty, latest.").local(),
        text("comment").title("Comment").about("A message, kept in the image's history."),
        text("author").title("Author").about("Who made it, such as Ann <ann@example.com>."),
        lines("changes").secret(Secrecy::Instructions)
            .title("Changes")
            .about("Dockerfile instructions to apply, one on each line, such as ENV A=1."),
        flag("pause").title("Pause").about("Pause the container while the image is created.").default("true"),
        ADDITIONAL_FIELDS,
        COMMAND.about("The command that the image runs by default."),
        ENTRYPOINT,
        ENVIRONMENT,
        USER,
        WORKING_FOLDER,
        LABELS,
        CASE_ID,
        EXPOSED_PORTS,
        VOLUMES,
        STOP_SIGNAL,
        HEALTHCHECK,
        SHELL,
        ON_BUILD,
    ])
    .gives(Schema::Answer("POST /commit"))
    // The engine pauses it meanwhile.
    .touches(&[Touch::Container("id")])
    .run(commit)];

fn commit(call: &Call<'_>) -> Result<Output, Error> {
    let mut request = call.request()?;
    if let Some(repo) = call.arguments.text("repo") {
        let named = Reference::read(repo).map_err(Error::fault)?;
        // The published form sends `latest` unless another tag is written: the name's own is meant then.
        let is_default = named.tag.is_some() && call.arguments.text("tag").map(str::trim) == Some(LATEST);
        let named = if is_default { named } else { Reference::of(&call.arguments, "repo")? };
        request = request.query("repo", named.name).query("tag", named.tag_to_give("repo")?);
    }
    Ok(Output::Raw(call.send(request)?.body))
}
