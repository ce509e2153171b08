//! One call of an operation: what its function works with.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use engine::{Answer, Engine, ErrorKind, Input, Path, Reply, Request};
use serde_json::{Map, Value, json};

use crate::{
    Configuration, Effect, Error, Kind, Method, Operation, Output, Services, Shape,
    declare::{
        arguments::{Aim, Arguments},
        operation::Run,
    },
    run::{
        guard::{self, Named, Target},
        redact::{self, Secrets},
        request,
        trim::trimmed,
        validate::suit,
    },
};

/// One call. Requests go through [`Call::send`] and [`Call::stream`], so that the log knows of them.
pub struct Call<'a> {
    pub(crate) operation: &'static Operation,
    pub(crate) arguments: Arguments,
    pub(crate) engine: &'a Engine,
    pub(crate) configuration: &'a Configuration,
    pub(crate) services: &'a dyn Services,
    /// The last status that came, and how many requests were tried.
    pub(crate) status: Cell<Option<u16>>,
    pub(crate) tries: Cell<u32>,
    /// Whether the engine has accepted a request that changes something.
    pub(crate) changed: Cell<bool>,
    /// What it was given and has sent in secret: no error may repeat it, nor what the configuration holds.
    pub(crate) secrets: RefCell<Secrets>,
}

impl Call<'_> {
    /// Carries the operation out.
    pub(crate) fn run(mut self) -> (Result<Output, Error>, Option<u16>, u32) {
        let result = self.outcome().and_then(|output| redact::result(output, &self.arguments));
        let result = result.map_err(|error| {
            let error = self.qualified(error).naming(self.arguments.aims());
            error.hiding(self.configuration.secrets()).hiding(&self.secrets.borrow())
        });
        // A look after a refusal is not what the call came to.
        let refused = result.as_ref().err().and_then(Error::status);
        (result, refused.or(self.status.get()), self.tries.get())
    }

    /// An error that reads as if nothing was done, after something was, is one of an unknown outcome.
    fn qualified(&self, error: Error) -> Error {
        let says_nothing_was_done = matches!(
            error.kind(),
            Kind::Engine(ErrorKind::Unreachable | ErrorKind::Tls | ErrorKind::RateLimited)
        );
        if !(self.changed.get() && says_nothing_was_done) {
            return error;
        }
        error
            .and("The engine had accepted the change before: look at the present state before trying again.")
            .of_kind(Kind::Engine(ErrorKind::UnknownOutcome))
    }

    fn outcome(&mut self) -> Result<Output, Error> {
        guard::check(self)?;
        let newer = self.arguments.iter().any(|(param, _)| param.since.is_some() || !param.newer.is_empty());
        if newer || self.operation.since.is_some() {
            let version =
                self.engine.api_version().inspect_err(|error| self.note(error.status(), error.tries()))?;
            suit(self.operation, &mut self.arguments, version)?;
        }
        if let Some(preview) = self.preview() {
            return preview(self);
        }
        match self.operation.shape {
            Shape::Run(run) => run(self),
            Shape::Json => self.json(),
            Shape::List => match self.json() {
                Ok(Output::Raw(body)) if body.trim_ascii() == b"null" => Ok(json!([]).into()),
                Err(error) if self.was_removed_before(&error) => Ok(json!([]).into()),
                output => Ok(trimmed(output?, &self.arguments)),
            },
            Shape::Done { done, already } => {
                let is_already = match self.send(self.request()?) {
                    Ok(answer) => answer.status == 304,
                    Err(error) if self.was_removed_before(&error) => true,
                    Err(error) => return Err(error),
                };
                Ok(self.done(if is_already { already } else { done }, is_already))
            }
        }
    }

    /// What runs instead, if only a preview is asked for.
    fn preview(&self) -> Option<Run> {
        self.operation.preview.filter(|_| self.arguments.is_on("dry_run"))
    }

    /// What it does to the engine.
    pub(crate) fn effect(&self) -> Effect {
        match self.operation.reach {
            _ if self.preview().is_some() => Effect::Read,
            Some(reach) => reach(&self.arguments).effect,
            None => self.operation.effect,
        }
    }

    /// What it touches, for protected containers.
    pub(crate) fn targets(&self) -> Vec<Target> {
        if let Some(reach) = self.operation.reach {
            return reach(&self.arguments).targets;
        }
        let segment =
            |segment: &'static str| match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => self.arguments.text(name).unwrap_or_default(),
                None => segment,
            };
        let path: Vec<&str> = self.operation.path.split('/').skip(1).map(segment).collect();
        let member = self.arguments.if_declared("Container").and_then(Value::as_str);
        let members = member.map(|text| Named::by("Container", text)).into_iter().collect();
        let by = self.operation.placeholders().next().unwrap_or_default();
        guard::targets(self.operation.method, &path, by, members)
    }

    /// From here on a full id stands in the place of the name that a parameter gave, in every request of this call.
    pub(crate) fn aim(&mut self, named: Named, id: String) {
        let aim = Aim { param: named.param, named: named.text, id };
        match self.operation.aim {
            Some(replace) => replace(&mut self.arguments, &aim),
            None => self.arguments.set(aim.param, aim.id.as_str().into()),
        }
        self.arguments.aim(aim);
    }

    /// Whether a removal found nothing since an earlier try, whose answer was lost, had done its work.
    fn was_removed_before(&self, error: &Error) -> bool {
        self.operation.method == Method::Delete
            && error.kind() == Kind::Engine(ErrorKind::NotFound)
            && error.is_after_a_lost_answer()
    }

    /// The engine's JSON, as it is.
    fn json(&self) -> Result<Output, Error> {
        let answer = self.send(self.request()?)?;
        if answer.body.trim_ascii().is_empty() {
            let message = format!(
                "the engine answered {} with nothing, where it should answer with JSON",
                answer.status
            );
            return Err(engine::Error::new(ErrorKind::Protocol, message)
                .hint("Look at what stands between; Podman answers so where it does not know a parameter")
                .into());
        }
        Ok(Output::Raw(answer.body))
    }

    /// The request that the declaration describes.
    pub(crate) fn request(&self) -> Result<Request, Error> {
        request::request(self.operation, &self.arguments, self.configuration.timeout())
    }

    /// A path of a further request, filled from the parameters: `/containers/{id}/json`.
    pub(crate) fn path(&self, template: &str) -> Result<Path, Error> {
        Ok(request::path(template, self.operation, &self.arguments)?)
    }

    /// Sends a request and reads the whole answer.
    pub(crate) fn send(&self, request: Request) -> Result<Answer, Error> {
        let changes = self.about_to_send(&request);
        match self.engine.call(request) {
            Ok(answer) => {
                self.changed.set(changes || self.changed.get());
                self.note(Some(answer.status), answer.tries);
                Ok(answer)
            }
            Err(error) => Err(self.noted(error)),
        }
    }

    /// Sends a request and gives the answer as soon as its head is there.
    pub(crate) fn stream(&self, request: Request) -> Result<Reply, Error> {
        self.begun(self.about_to_send(&request), self.engine.stream(request))
    }

    /// As [`Call::stream`], on a connection that the engine takes over, to send `input`.
    pub(crate) fn converse(&self, request: Request, input: Input) -> Result<Reply, Error> {
        self.begun(self.about_to_send(&request), self.engine.converse(request, input))
    }

    /// Notes what a request carries in secret; answers whether it changes something.
    fn about_to_send(&self, request: &Request) -> bool {
        self.secrets.borrow_mut().add(request);
        request.changes()
    }

    /// Notes what else was given in secret.
    pub(crate) fn hide<'s>(&self, secrets: impl Iterator<Item = &'s str>) {
        let known = self.secrets.take();
        self.secrets.replace(secrets.fold(known, |known, secret| known.and_text(Some(secret))));
    }

    fn begun(&self, changes: bool, reply: Result<Reply, engine::Error>) -> Result<Reply, Error> {
        match reply {
            Ok(reply) => {
                self.changed.set(changes || self.changed.get());
                self.note(Some(reply.status()), reply.tries());
                Ok(reply)
            }
            Err(error) => Err(self.noted(error)),
        }
    }

    /// GETs a path and gives its JSON: a look at what a change has led to.
    pub(crate) fn look(&self, template: &str) -> Result<Value, Error> {
        Ok(self.send(Request::get(self.path(template)?))?.json()?)
    }

    /// How long this call may take, from its parameter `timeout`.
    pub(crate) fn time_limit(&self) -> Duration {
        let own = self.arguments.if_declared("timeout").and_then(Value::as_u64);
        own.map_or(self.configuration.timeout(), Duration::from_secs)
    }

    /// The result of an action that the engine answers with nothing.
    pub(crate) fn done(&self, sentence: &str, already: bool) -> Output {
        self.outcome_fields(sentence, already).into()
    }

    /// The fields of [`Call::done`], for those who add to them.
    pub(crate) fn outcome_fields(&self, sentence: &str, already: bool) -> Map<String, Value> {
        let named = ["id", "name"].iter().find_map(|name| {
            self.arguments.if_declared(name)?;
            self.arguments.shown(name)
        });
        let mut fields = Map::from_iter([("result".to_owned(), self.arguments.fill(sentence).into())]);
        if let Some(named) = named {
            fields.insert("id".into(), named.into());
        }
        fields.insert("outcome".into(), if already { "already" } else { "done" }.into());
        fields
    }

    fn noted(&self, error: engine::Error) -> Error {
        self.note(error.status(), error.tries());
        error.into()
    }

    fn note(&self, status: Option<u16>, tries: u32) {
        self.status.set(status);
        self.tries.set(self.tries.get() + tries);
    }
}
