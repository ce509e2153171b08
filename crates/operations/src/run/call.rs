//! One call of an operation: what its function works with.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use engine::{Answer, Engine, ErrorKind, Input, Path, Reply, Request};
use serde_json::{Map, Value};

use crate::{
    Configuration, Error, Output, Services,
    catalogue::{self, find},
    declare::{arguments::Arguments, endpoint::Endpoint},
    run::{request, secrets::Secrets, validate::validated},
};

/// One call. Requests go through [`Call::send`] and [`Call::stream`], so that the log knows of them.
pub struct Call<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) arguments: Arguments,
    pub(crate) engine: &'a Engine,
    pub(crate) configuration: &'a Configuration,
    pub(crate) services: &'a dyn Services,
    /// The last status that came, and how many requests were tried.
    pub(crate) status: Cell<Option<u16>>,
    pub(crate) tries: Cell<u32>,
    /// Whether the engine has accepted a request that changes something.
    pub(crate) changed: Cell<bool>,
    /// The parameters as they were given.
    pub(crate) given: &'a Map<String, Value>,
    /// What it has sent in secret, beside what it was given: no text may repeat it.
    pub(crate) sent: RefCell<Secrets>,
    /// The rule that protects a container of this call, and that the call sets aside.
    pub(crate) overridden: RefCell<Option<String>>,
    /// What the last look at the target has shown, if nothing was sent since then that changes something.
    pub(crate) seen: RefCell<Option<Value>>,
}

impl Call<'_> {
    /// The request that the declaration describes.
    pub(crate) fn request(&self) -> Result<Request, Error> {
        request::request(self.endpoint, &self.arguments, self.configuration.timeout())
    }

    /// The same with another value of a parameter, which may not have been given.
    pub(crate) fn request_with(&self, name: &str, value: Value) -> Result<Request, Error> {
        let mut arguments = self.arguments.clone();
        arguments.put(name, value);
        request::request(self.endpoint, &arguments, self.configuration.timeout())
    }

    /// A path of a further request, filled from the parameters: `/containers/{id}/json`.
    pub(crate) fn path(&self, template: &str) -> Result<Path, Error> {
        Ok(request::path(template, &self.arguments)?)
    }

    /// Sends a request and reads the whole answer.
    pub(crate) fn send(&self, request: Request) -> Result<Answer, Error> {
        let changes = self.about_to_send(&request);
        match self.engine.call(request) {
            Ok(answer) => {
                self.note(Some(answer.status), answer.tries);
                if changes {
                    let kind = answer.headers.get("content-type").and_then(|kind| kind.to_str().ok());
                    refuse_page(answer.status, kind, &answer.body)?;
                    self.changed.set(true);
                }
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
    pub(crate) fn about_to_send(&self, request: &Request) -> bool {
        self.sent.borrow_mut().add(request);
        let changes = request.changes();
        if changes {
            self.seen.take();
        }
        changes
    }

    /// What no text of this call may repeat: what the configuration holds, what was given, what was sent.
    pub(crate) fn secrets(&self) -> Secrets {
        // As they were given and as they were read: on the way to what is sent, a parameter may take another form.
        Secrets::given(self.arguments.declared(), self.given)
            .and(&Secrets::of(&self.arguments))
            .and(self.configuration.secrets())
            .and(&self.sent.borrow())
    }

    /// Notes what else was given in secret.
    pub(crate) fn hide<'s>(&self, secrets: impl Iterator<Item = &'s str>) {
        let known = self.sent.take();
        self.sent.replace(secrets.fold(known, |known, secret| known.and_text(Some(secret))));
    }

    /// Notes that these are the contents of a secret.
    pub(crate) fn hide_data(&self, data: &[u8]) {
        let known = self.sent.take();
        self.sent.replace(known.and_data(data));
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

    /// Whether the engine is Podman, which goes by rules of its own whatever API version it speaks. One that does not say so
    /// is taken for Docker.
    pub(crate) fn is_podman(&self) -> bool {
        let version = self.send(Request::get(Path::fixed("/version"))).and_then(|answer| Ok(answer.json()?));
        is_of_podman(&version.unwrap_or_default())
    }

    /// Carries out another operation as a part of this call. The guard must have been asked already.
    pub(crate) fn part<T>(
        &self,
        name: &str,
        given: &Map<String, Value>,
        run: impl FnOnce(&Call<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Some(operation) = find(name) else { return Err(catalogue::unknown(name)) };
        let part = Call {
            endpoint: operation.endpoint(),
            arguments: validated(operation, given)?,
            engine: self.engine,
            configuration: self.configuration,
            services: self.services,
            status: Cell::new(None),
            tries: Cell::new(0),
            changed: Cell::new(false),
            given,
            sent: RefCell::default(),
            overridden: RefCell::default(),
            seen: RefCell::default(),
        };
        let output = run(&part);
        self.note(part.status.get(), part.tries.get());
        self.changed.set(self.changed.get() || part.changed.get());
        let sent = self.sent.take();
        self.sent.replace(sent.and(&part.sent.borrow()));
        output
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

    pub(crate) fn noted(&self, error: engine::Error) -> Error {
        self.note(error.status(), error.tries());
        error.into()
    }

    /// Notes the status of an answer, and how many requests it took.
    pub(crate) fn note(&self, status: Option<u16>, tries: u32) {
        self.status.set(status);
        self.tries.set(self.tries.get() + tries);
    }
}

/// Whether this is Podman's answer to `GET /version`.
pub(crate) fn is_of_podman(version: &Value) -> bool {
    let mut components = version["Components"].as_array().into_iter().flatten();
    components.any(|component| component["Name"].as_str().is_some_and(|name| name.starts_with("Podman")))
}

/// A change is not done because something answers 200: a proxy that wants a sign-in answers so with a page. Engines answer a
/// change with nothing or with JSON.
pub(crate) fn refuse_page(status: u16, kind: Option<&str>, body: &[u8]) -> Result<(), Error> {
    let body = body.trim_ascii_start();
    let is_html = kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html"));
    let is_page = body.starts_with(b"<") || !body.is_empty() && is_html;
    if !is_page {
        return Ok(());
    }
    let message = format!(
        "the answer ({status}) is a web page, not the engine's: nothing says that the change was done"
    );
    Err(engine::Error::new(ErrorKind::Protocol, message)
        .hint("A proxy in front of the engine may want a sign-in, or not let this call through: open the address in a browser")
        .into())
}
