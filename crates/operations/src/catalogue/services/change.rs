//! One change of a service: the present specification is read, changed and sent back whole.

use std::cell::RefCell;

use engine::{ApiVersion, ErrorKind, Request};
use serde_json::Value;

use super::{SERVICE, newer, pin::Pinned};
use crate::{
    Error, Kind,
    catalogue::images::registry::SignIn,
    run::{
        call::Call,
        swarm_update::{Updated, Versioned},
    },
};

/// A change of the service that the parameter `id` names.
pub(crate) struct Change<'c, 'a> {
    call: &'c Call<'a>,
    api: ApiVersion,
    /// The image that it gets.
    pub(super) pinned: Option<Pinned>,
    /// Whether it is sent though nothing would change.
    pub(super) insists: bool,
    pub(super) query: Vec<(&'static str, String)>,
    /// The version of the service that it is for.
    pub(super) version: Option<u64>,
}

impl<'c, 'a> Change<'c, 'a> {
    pub(crate) fn of(call: &'c Call<'a>) -> Result<Self, Error> {
        let api = newer::version(call)?;
        Ok(Self { call, api, pinned: None, insists: false, query: Vec::new(), version: None })
    }

    /// Makes it. `change` gets the service and its specification, which it changes; it is called anew for each try. Where the
    /// specification stays as it was, nothing is sent.
    pub(crate) fn make(
        &self,
        mut change: impl FnMut(&Value, &mut Value) -> Result<(), Error>,
    ) -> Result<Updated, Error> {
        let call = self.call;
        let service = Versioned::of("services", call.arguments.text(SERVICE).unwrap_or_default())?;
        // The nodes sign in for the image that the service has then.
        let sign_in: RefCell<Option<String>> = RefCell::default();
        let finish = |mut request: Request| {
            for (name, value) in &self.query {
                request = request.query(name, value);
            }
            match &*sign_in.borrow() {
                Some(header) => Ok(request.header("x-registry-auth", header)?),
                None => Ok(request),
            }
        };
        service.speaking(self.api).update(call, finish, |service| {
            self.refuse_other(service)?;
            let mut spec = service["Spec"].clone();
            change(service, &mut spec)?;
            newer::refuse_lost(&spec, self.api)?;
            if let Some(image) = spec.pointer("/TaskTemplate/ContainerSpec/Image").and_then(Value::as_str) {
                sign_in.replace(SignIn::for_image(call, image)?.header_if_signed_in());
            }
            Ok((self.insists || spec != service["Spec"]).then_some(spec))
        })
    }

    /// Refuses a service that is at another version than the call is for.
    fn refuse_other(&self, service: &Value) -> Result<(), Error> {
        let present = service["Version"]["Index"].as_u64();
        match self.version {
            Some(version) if present != Some(version) => Err(Error::new(
                Kind::Engine(ErrorKind::Conflict),
                format!(
                    "The service is at version {} now, and the change is for version {version}. Nothing was done. Inspect the service, and give the \
                     version that it has; or leave version empty.",
                    present.unwrap_or_default()
                ),
            )),
            _ => Ok(()),
        }
    }
}
