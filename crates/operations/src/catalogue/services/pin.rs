//! The image of a service: pinned to the digest that its registry has for it, as docker's command line does. The engine itself
//! pins nothing, and nodes that pull a tag by themselves may come to run different images.

use std::time::Duration;

use engine::{Path, Request, Segment};
use serde_json::{Value, json};

use crate::{
    Error, Param,
    catalogue::images::registry::SignIn,
    declare::param::flag,
    run::{call::Call, objects::items},
    values::reference::{LATEST, Reference, join},
};

/// A registry that does not answer holds a call up no longer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) const RESOLVE_IMAGE: Param = flag("resolve_image")
    .title("Pin Image")
    .about("Resolve the image to its digest at the registry, and pin the service to it.")
    .default("true")
    .local();

/// An image as a service is to have it.
pub(super) struct Pinned {
    image: String,
    /// What the registry says that it is for.
    platforms: Vec<Value>,
    /// Why it is not pinned, where it should be.
    pub(super) warning: Option<String>,
}

impl Pinned {
    /// Pins the image that the call gives, if it gives one and wants that.
    pub(super) fn of(call: &Call<'_>, sign_in: Option<&SignIn>) -> Result<Option<Self>, Error> {
        let Some(image) = call.arguments.text("image") else { return Ok(None) };
        let plain = |image: String| Some(Self { image, platforms: Vec::new(), warning: None });
        if is_id(image) {
            return Ok(plain(image.to_owned()));
        }
        let reference = Reference::name_for("image", image)?;
        if reference.digest.is_some() {
            return Ok(plain(image.to_owned()));
        }
        let image = join(reference.name, reference.tag.unwrap_or(LATEST));
        if !call.arguments.is_on(RESOLVE_IMAGE) {
            return Ok(plain(image));
        }
        Ok(Some(match Self::asked(call, &image, sign_in) {
            Ok((digest, platforms)) => Self { image: format!("{image}@{digest}"), platforms, warning: None },
            Err(error) if error.status().is_none() && !error.is_time_out() => return Err(error),
            Err(error) => {
                let why = call.secrets().hidden_in(error.came_back());
                let warning = format!(
                    "No registry told the digest of {image} ({why}). Each node looks for {image} by itself, so nodes may run different images."
                );
                Self { image, platforms: Vec::new(), warning: Some(warning) }
            }
        }))
    }

    /// Puts the image into a service.
    pub(super) fn put(&self, spec: &mut Value) {
        let task = &mut spec["TaskTemplate"];
        task["ContainerSpec"]["Image"] = self.image.as_str().into();
        if !self.platforms.is_empty() {
            task["Placement"]["Platforms"] = self.platforms.clone().into();
        }
    }

    fn asked(call: &Call<'_>, image: &str, sign_in: Option<&SignIn>) -> Result<(String, Vec<Value>), Error> {
        let bound = PATIENCE.min(call.time_limit());
        let path = Path::fill("/distribution/{name}/json", |_| Segment::reference(image))?;
        let mut request = Request::get(path).silence(bound).deadline(bound);
        if let Some(header) = sign_in.and_then(SignIn::header_if_signed_in) {
            request = request.header("x-registry-auth", &header)?;
        }
        let answer = call.send(request)?.json()?;
        let digest = answer["Descriptor"]["digest"].as_str().filter(|digest| digest.contains(':'));
        let digest = digest.map(str::to_owned).ok_or_else(|| {
            Error::from(
                engine::Error::new(engine::ErrorKind::Protocol, "the answer has no digest").with_status(200),
            )
        })?;
        // As docker's command line has it: all kinds of arm are one to the scheduler.
        let platforms = items(&answer["Platforms"]).map(|platform| {
            let architecture = platform["architecture"].as_str().unwrap_or_default();
            let architecture = if architecture.eq_ignore_ascii_case("arm") { "" } else { architecture };
            json!({"Architecture": architecture, "OS": platform["os"]})
        });
        Ok((digest, platforms.collect()))
    }
}

/// Whether it names an image by its id, which no registry knows.
fn is_id(image: &str) -> bool {
    let digits = image.strip_prefix("sha256:").unwrap_or(image);
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
