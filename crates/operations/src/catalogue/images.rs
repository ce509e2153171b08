//! Images: `/images/...`. Pulling, pushing, building, and what registries know have files of their own.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image>

pub(crate) mod build;
pub(crate) mod messages;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod registry;
pub(crate) mod save;
pub(crate) mod search;

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::{Value, json};

use crate::{
    Category, Error, Group, Kind, Notation, Operation, Output, Param, Schema,
    catalogue::{
        dry_run::{self, DRY_RUN_RESULT},
        prune,
    },
    declare::{
        param::{DRY_RUN, FILTERS, flag, list, notation, reference, text},
        result::{DONE, TEXTS, case},
        target::Touch,
    },
    run::{
        call::Call,
        provenance::ONLY_CASE,
        redact::REDACT,
        trim::{FIELDS, MAX_ITEMS},
    },
    values::reference::{Reference, join},
};

const IMAGE: Param =
    reference("name").title("Image").about("The image's name or id.").picked_from("pick_image");
const PLATFORM: Param = notation("platform", Notation::Platform)
    .title("Platform")
    .about("The platform of a multi-platform image, such as linux/arm64, or JSON.");

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of(
    "Images",
    &[
        OPERATIONS,
        search::OPERATIONS,
        pull::OPERATIONS,
        push::OPERATIONS,
        build::OPERATIONS,
        save::OPERATIONS,
        prune::IMAGES,
    ],
);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("list_images", "/images/json")
        .title("List Images")
        .about("Lists the images on the engine, with their names and sizes.")
        .params(&[
            flag("all").title("All").about("Also list intermediate images."),
            FILTERS,
            flag("shared_size")
                .title("Shared Size")
                .about("Also return the size that each image shares with others.")
                .wire("shared-size")
                .since(1, 42),
            flag("digests")
                .title("Digests")
                .about("Also return the digests of the images at their registries."),
            flag("manifests")
                .title("Manifests")
                .about("Also return the manifests of multi-platform images.")
                .since(1, 47),
            flag("identity")
                .title("Identity")
                .about("Also return who built and signed each image.")
                .since(1, 54),
            FIELDS,
            MAX_ITEMS,
            REDACT,
        ])
        .columns(&["RepoTags", "Id", "Created", "Size"])
        .list(),
    Operation::get("inspect_image", "/images/{name}/json")
        .title("Inspect Image")
        .about("Gets all details of an image: its configuration, layers and platform.")
        .params(&[
            IMAGE,
            flag("manifests")
                .title("Manifests")
                .about("Also return the manifests of a multi-platform image.")
                .since(1, 48),
            PLATFORM.since(1, 49),
            REDACT,
        ]),
    Operation::get("image_history", "/images/{id}/history")
        .title("Get Image History")
        .about("Gets the layers of an image, newest first, with the instructions that created them.")
        .params(&[
            reference("id").title("Image").about("The image's name or id.").picked_from("pick_image"),
            PLATFORM.since(1, 48),
            FIELDS,
            MAX_ITEMS,
            REDACT,
        ])
        .columns(&["Id", "Created", "CreatedBy", "Size", "Comment"])
        .list(),
    Operation::get("list_image_attestations", "/images/{name}/attestations")
        .title("List Image Attestations")
        .about("Lists what an image's builder attests, such as its provenance and its SBOM.")
        .since(1, 55)
        .params(&[
            IMAGE,
            PLATFORM,
            list("type")
                .title("Types")
                .about("Only attestations of these predicate types, such as https://slsa.dev/provenance/v1."),
            flag("statement")
                .title("Statement")
                .about("Also return each attestation's statement, as in-toto JSON."),
            FIELDS,
            MAX_ITEMS,
        ])
        .columns(&["PredicateType", "Descriptor.digest"])
        .list(),
    Operation::post("tag_image", "/images/{name}/tag")
        .title("Tag Image")
        .about("Adds another name to an image.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&[
            IMAGE,
            reference("repo")
                .title("Repository")
                .about("The new name, with or without a tag, such as registry:5000/team/app.")
                .local(),
            text("tag").title("Tag").about("The tag, if the new name has none. If empty, latest.").local(),
        ])
        .gives(Schema::All(&[DONE, Schema::Fields(&["name"])]))
        .run(tag),
    Operation::delete("remove_image", "/images/{name}")
        .title("Remove Image")
        .about("Removes an image's name and, with the last one, the image.")
        .touches(&[Touch::Image("name")])
        .params(&[
            IMAGE,
            flag("force")
                .title("Force")
                .about("Remove the image even if stopped containers use it or it has other names."),
            flag("noprune").title("Keep Parents").about("Keep untagged parent images."),
            notation("platforms", Notation::Platforms)
                .title("Platforms")
                .about("Only these platforms of a multi-platform image, such as linux/arm64, or JSON.")
                .since(1, 50),
            DRY_RUN,
            ONLY_CASE,
        ])
        .gives_for(&[case(
            "dry_run",
            "true",
            Schema::All(&[
                DRY_RUN_RESULT,
                Schema::Fields(&["image_id"]),
                Schema::Field("tags", &TEXTS),
                Schema::Fields(&["size"]),
                Schema::Field("containers", &TEXTS),
            ]),
        )])
        .dry_run(dry_run::image)
        .columns(&["Untagged", "Deleted"])
        .list(),
];

/// An image, inspected once the engine has reported success: its word alone is not enough.
pub(crate) fn confirm(call: &Call<'_>, image: &str) -> Result<Value, Error> {
    let path = Path::fill("/images/{name}/json", |_| Segment::reference(image))?;
    let found = call.send(Request::get(path)).map_err(|error| {
        let error = error.and(&format!("The engine had reported success, yet {image} cannot be inspected."));
        // Something was done: what an operation is refused with would say that nothing was.
        match error.kind() {
            Kind::Engine(ErrorKind::NotFound | ErrorKind::BadRequest | ErrorKind::Conflict) => {
                error.of_kind(Kind::Engine(ErrorKind::UnknownOutcome))
            }
            _ => error,
        }
    })?;
    Ok(found.json()?)
}

fn tag(call: &Call<'_>) -> Result<Output, Error> {
    let named = Reference::of(&call.arguments, "repo")?;
    let (repository, tag) = (named.name, named.tag_to_give("repo")?);
    let named = join(repository, tag);
    call.send(call.request()?.query("repo", repository).query("tag", tag))?;
    let image = call.arguments.text("name").unwrap_or_default();
    let sentence = format!("Tagged image {image} as {named}");
    Ok(json!({"result": sentence, "id": image, "name": named, "outcome": "done"}).into())
}
