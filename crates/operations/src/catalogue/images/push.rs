//! Pushing an image to its registry: `POST /images/{name}/push`.

use engine::{ErrorKind, Path, Request, Segment};
use serde_json::{Value, json};

use crate::{
    Category, Error, Notation, Operation, Output, Param, Schema,
    catalogue::images::{
        messages::{MOVED, Messages, PROGRESS_LIMIT},
        registry::{SIGN_IN, SignIn},
    },
    declare::{
        arguments::Arguments,
        param::{flag, joined, notation, reference, text},
        result::case,
        target::Touch,
    },
    run::call::Call,
    values::reference::{LATEST, Reference, join},
};

const PARAMS: [Param; 8] = joined(&[
    &[
        reference("name").title("Image").about(
            "The image's name, which begins with its registry, with or without a tag: registry:5000/team/app.",
        ),
        text("tag").title("Tag").about("The tag, if the name has none. If empty, latest.").local(),
        flag("all_tags").title("All Tags").about("Push every tag of the name.").local(),
        notation("platform", Notation::Platform)
            .title("Platform")
            .about("The platform of a multi-platform image to push, such as linux/arm64, or JSON.")
            .since(1, 46),
    ],
    &SIGN_IN,
    &[PROGRESS_LIMIT],
]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("push_image", "/images/{name}/push")
    .title("Push Image")
    .about("Pushes an image to the registry that its name begins with, and returns its digest there.")
    .category_is(Category::Miscellaneous)
    .touches(&[Touch::Nothing])
    .params(&PARAMS)
    .gives(Schema::All(&[Schema::Fields(&["image", "digest"]), MOVED]))
    .gives_for(&[case(
        "all_tags",
        "true",
        Schema::All(&[
            Schema::Fields(&["image"]),
            Schema::Field("tags", &Schema::List(&Schema::Fields(&["tag", "digest"]))),
            MOVED,
        ]),
    )])
    .validated_by(validate)
    .run(push)];

fn validate(arguments: &Arguments) -> Result<(), Error> {
    let image = Reference::of(arguments, "name")?;
    if image.digest.is_some() {
        return Err(Error::fault("an image is pushed by its tag, and a digest is given"));
    }
    match arguments.is_on("all_tags") && image.tag.is_some() {
        true => Err(Error::fault("all_tags pushes every tag, and a tag is given too")),
        false => Ok(()),
    }
}

fn push(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let image = Reference::of(arguments, "name")?;
    let (name, tag) = (image.name, image.tag);
    let all_tags = arguments.is_on("all_tags");
    let sign_in = SignIn::for_image(call, name)?;
    let path = Path::fill(call.endpoint.path, |_| Segment::reference(name))?;
    let mut request = Request::post(path).header("x-registry-auth", &sign_in.header())?;
    if let Some(platform) = arguments.get("platform") {
        request = request.query("platform", &platform.to_string());
    }
    // Without a tag, the engine pushes all of them.
    let tag = tag.unwrap_or(LATEST);
    let image = if all_tags { name.to_owned() } else { join(name, tag) };
    let request = if all_tags { request } else { request.query("tag", tag) };
    let messages = Messages::of(call, request).map_err(|error| sign_in.explain(error))?;
    let pushed = messages.facts().filter(|facts| facts["Digest"].is_string());
    let pushed: Vec<Value> =
        pushed.map(|facts| json!({"tag": facts["Tag"], "digest": facts["Digest"]})).collect();
    let mut result = json!({"result": format!("Pushed {image}"), "image": image});
    match pushed.last() {
        None if all_tags && !messages.log().iter().any(|line| line.contains("digest: ")) => {
            return Err(nothing_pushed());
        }
        _ if all_tags => result["tags"] = pushed.into(),
        Some(pushed) => result["digest"] = pushed["digest"].clone(),
        // Older Podman says it in words only.
        None => {
            let words = messages.after(&format!("{tag}: digest: "));
            let digest = words.and_then(|words| words.split(' ').next()).ok_or_else(nothing_pushed)?;
            result["digest"] = digest.into();
        }
    }
    result["outcome"] = "done".into();
    result["log"] = messages.log().into();
    result["truncated"] = messages.is_truncated().into();
    Ok(result.into())
}

/// Every engine ends a push with the digest at the registry. An answer without one was cut, or is somebody else's.
pub(crate) fn nothing_pushed() -> Error {
    engine::Error::new(ErrorKind::Protocol, "the answer ended and did not say what was pushed")
        .hint("Check the registry before you try again, and any proxy between this machine and the engine")
        .into()
}
