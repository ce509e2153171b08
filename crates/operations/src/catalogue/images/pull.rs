//! Pulling an image, or importing one: `POST /images/create`, what the engine says of it, and a look at what came.

use engine::{Path, Request};
use serde_json::{Value, json};

use crate::{
    Error, Kind, Operation, Output, Param, Schema, Secrecy,
    catalogue::{
        containers::archive::most,
        images::{
            confirm,
            messages::{MOVED, Messages, PROGRESS_LIMIT},
            registry::{SIGN_IN, SignIn},
        },
    },
    declare::{
        arguments::Arguments,
        param::{ADDITIONAL_FIELDS, flag, image, joined, lines, text},
        result::{TEXTS, case},
        target::Touch,
    },
    run::{
        call::Call,
        files::{MAX_SIZE, Upload},
        progress::Flow,
    },
    values::reference::{LATEST, Reference, familiar, join},
};

const PARAMS: [Param; 14] = joined(&[
    &[
        image("fromImage")
            .title("Image")
            .about("The image's name, such as nginx, nginx:1.27 or nginx@sha256:....")
            .local(),
        text("fromSrc").secret(Secrecy::SignIn)
            .title("Source")
            .about("The URL to import an image from. The engine must be able to reach it."),
        image("repo").title("Repository").about("The name of the imported image, with or without a tag.").local(),
        text("tag")
            .title("Tag or Digest")
            .about("The image's tag or digest, if the name has none. If empty, latest.")
            .local(),
        text("message").title("Message").about("The commit message of the imported image."),
        flag("all_tags").title("All Tags").about("Pull every tag of the name.").local(),
        text("platform").title("Platform").about("The platform of a multi-platform image, as os/arch/variant."),
        lines("changes").secret(Secrecy::Instructions).title("Changes").about("Dockerfile instructions to apply to the imported image, one on each line."),
        text("attachment")
            .title("Attachment")
            .about("The tar to import, with a root filesystem, such as container_export creates: the id of an attachment, or the IRI of a file.")
            .names_a_file()
            .local(),
    ],
    &SIGN_IN,
    &[MAX_SIZE, PROGRESS_LIMIT],
]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("pull_image", "/images/create")
    .title("Pull Image")
    .about("Pulls an image from a registry, or imports one, and checks that it is on the engine.")
    .touches(&[Touch::Nothing])
    .params(&joined::<15>(&[&PARAMS, &[ADDITIONAL_FIELDS]]))
    .gives(Schema::All(&[Schema::Fields(&["image", "id", "digest"]), MOVED]))
    .gives_for(&[case(
        "all_tags",
        "true",
        Schema::All(&[Schema::Fields(&["image"]), Schema::Field("tags", &TEXTS), MOVED]),
    )])
    .validated_by(validate)
    .run(pull_or_import)];

fn validate(arguments: &Arguments) -> Result<(), Error> {
    match ["fromImage", "fromSrc", "attachment"].map(|name| arguments.text(name).is_some()) {
        [true, false, false] => {
            let image = Reference::of(arguments, "fromImage")?;
            match arguments.is_on("all_tags") && image.version().is_some() {
                true => Err(Error::fault("all_tags pulls every tag, and a tag or digest is given too")),
                false => Ok(()),
            }
        }
        [false, true, false] | [false, false, true] => Ok(()),
        _ => Err(Error::fault("give exactly one of fromImage, fromSrc and attachment")),
    }
}

fn pull_or_import(call: &Call<'_>) -> Result<Output, Error> {
    let text = |name| call.arguments.text(name);
    match (text("fromSrc"), text("attachment")) {
        (Some(source), _) => import(call, source, call.request()?),
        (None, Some(attachment)) => {
            let upload = Upload::fetch(call.services, attachment)?;
            let (payload, _) = upload.payload(most(call), Flow::of(call, "Sending the archive"))?;
            let request = call.request()?.query("fromSrc", "-").body("application/octet-stream", payload);
            import(call, attachment, request)
        }
        (None, None) => pull(call),
    }
}

fn pull(call: &Call<'_>) -> Result<Output, Error> {
    let image = Reference::of(&call.arguments, "fromImage")?;
    let (name, version) = (image.name, image.version());
    let all_tags = call.arguments.is_on("all_tags");
    let sign_in = SignIn::for_image(call, name)?;
    let mut request = call.request()?.query("fromImage", name);
    request = request.header("x-registry-auth", &sign_in.header())?;
    if all_tags {
        let messages = Messages::of(call, request).map_err(|error| sign_in.explain(error))?;
        let filters = json!({"reference": [familiar(name)]}).to_string();
        let found = Request::get(Path::fixed("/images/json")).query("filters", &filters);
        let found = call.send(found)?.json()?;
        let tags: Vec<&Value> = found
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|image| image["RepoTags"].as_array())
            .flatten()
            .collect();
        let sentence = format!("Pulled every tag of {name}");
        return Ok(result(json!({"result": sentence, "image": name, "tags": tags}), &messages));
    }
    // Without a tag, or with an empty one, the engine pulls all of them.
    let version = version.unwrap_or(LATEST);
    let image = join(name, version);
    let messages =
        Messages::of(call, request.query("tag", version)).map_err(|error| sign_in.explain(error))?;
    let found = confirm(call, &image)?;
    // An image may come from several registries, and has a digest at each. What the engine has just said is the right one.
    let digest = messages.after("Digest: ").map(Value::from).or_else(|| digest_of(&found, name));
    let mut facts = json!({"result": format!("Pulled {image}"), "image": image, "id": found["Id"]});
    if let Some(digest) = digest {
        facts["digest"] = digest;
    }
    Ok(result(facts, &messages))
}

fn import(call: &Call<'_>, source: &str, request: Request) -> Result<Output, Error> {
    let request = match call.arguments.get("repo") {
        None => request,
        Some(_) => {
            let named = Reference::of(&call.arguments, "repo")?;
            request.query("repo", named.name).query("tag", named.tag_to_give("repo")?)
        }
    };
    let messages = Messages::of(call, request)?;
    let Some(id) = messages.after("sha256:") else {
        return Err(Error::new(
            Kind::Failed,
            "The engine did not say which image it made. Look at list_images.",
        ));
    };
    let found = confirm(call, &format!("sha256:{id}"))?;
    let image = found["RepoTags"].as_array().and_then(|tags| tags.last()).unwrap_or(&found["Id"]);
    let facts = json!({"result": format!("Imported {source}"), "image": image, "id": found["Id"]});
    Ok(result(facts, &messages))
}

/// The digest by which a registry knows an image, from its inspection.
fn digest_of(image: &Value, name: &str) -> Option<Value> {
    let known = image["RepoDigests"].as_array()?;
    let mut known = known.iter().filter_map(|known| Reference::read(known.as_str()?).ok());
    known.find(|known| familiar(known.name) == familiar(name))?.digest.map(Value::from)
}

fn result(mut facts: Value, messages: &Messages) -> Output {
    let up_to_date = messages.after("Status: Image is up to date").is_some();
    facts["outcome"] = if up_to_date { "already" } else { "done" }.into();
    facts["log"] = messages.log().into();
    facts["truncated"] = messages.is_truncated().into();
    facts.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_digest_of_the_registry_that_was_asked() {
        let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
        let known = [format!("a:5000/app@{}", digest("1")), format!("busybox@{}", digest("2"))];
        let image = json!({"RepoDigests": known});
        for (name, digit) in [("a:5000/app", "1"), ("docker.io/library/busybox", "2")] {
            assert_eq!(digest_of(&image, name), Some(digest(digit).into()));
        }
        assert_eq!(digest_of(&image, "my-busybox"), None);
        assert_eq!(digest_of(&json!({"RepoDigests": null}), "app"), None);
    }
}
