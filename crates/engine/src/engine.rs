//! The engine as its callers see it: send a request, get an answer.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;
use http::{
    HeaderValue, Method, StatusCode,
    header::{CONTENT_LENGTH, DATE, HOST, USER_AGENT},
    response::Parts,
};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;

use crate::{
    ApiVersion, Error, ErrorKind, Input, Path, Payload, Reply, Request, Settings, SwarmState,
    connect::Way,
    json,
    lane::{Lane, SendError},
    lanes::Lanes,
    rate::RateLimit,
    refusal,
    retry::{Again, Failure, retrying},
    unanswered::{Try, unknown_outcome},
};

/// Explanations are short; of a longer one no more than this is read.
const LONGEST_EXPLANATION: usize = 64 * 1024;

/// The header in which an engine says its newest API version.
const API_VERSION: &str = "api-version";

/// A Docker Engine, with the connections kept to it. Share it: any number of threads may call at once.
///
/// Nothing is sent before the first call. After a `fork()` both processes may go on calling: the child opens
/// connections of its own.
pub struct Engine {
    settings: Settings,
    way: Arc<Way>,
    host: HeaderValue,
    lanes: Arc<Lanes>,
    rate_limit: Option<Arc<RateLimit>>,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status: 2xx or 304.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How often the request was tried.
    pub tries: u32,
}

impl Answer {
    /// How many seconds the other side's clock is ahead of this machine's, by the answer's `Date` (RFC 9110, 6.6.1).
    pub fn clock_ahead(&self) -> Option<i64> {
        let date = httpdate::parse_http_date(self.headers.get(DATE)?.to_str().ok()?).ok()?;
        let seconds = |time: SystemTime| {
            i64::try_from(time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs()).ok()
        };
        Some(seconds(date)? - seconds(SystemTime::now())?)
    }

    /// The body as JSON, if that is not too large to be looked at in memory.
    pub fn json(&self) -> Result<Value, Error> {
        json::parse(&self.body, json::MOST_OF_A_LOOK)
    }
}

impl Engine {
    /// Checks the settings, certificates and keys included. Connects to nothing yet.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let way = Arc::new(Way::of(&settings)?);
        let host = HeaderValue::from_str(&settings.address.authority()).map_err(|_| {
            Error::new(ErrorKind::InvalidRequest, format!("{} is not an address", settings.address))
        })?;
        let lanes = Arc::new(Lanes::new(settings.max_connections));
        let limited = format!("{}{}", settings.address, settings.base_path);
        let rate_limit = (settings.rate_limit > 0).then(|| RateLimit::new(&limited, settings.rate_limit));
        Ok(Self { settings, way, host, lanes, rate_limit: rate_limit.map(Arc::new) })
    }

    /// The same engine, with the same connections and rate limit, but no call is tried again: to see how things are now.
    pub fn without_retries(&self) -> Self {
        Self {
            settings: Settings { retry_attempts: 0, ..self.settings.clone() },
            way: Arc::clone(&self.way),
            host: self.host.clone(),
            lanes: Arc::clone(&self.lanes),
            rate_limit: self.rate_limit.clone(),
        }
    }

    /// How the engine is reached.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The API version that calls speak: what the settings say, or what was negotiated. May connect.
    pub fn api_version(&self) -> Result<ApiVersion, Error> {
        if let Some(version) = self.settings.api_version {
            return Ok(version);
        }
        let until = Instant::now() + self.settings.timeout;
        let negotiated = retrying(&self.settings, until, || {
            let lease = self.lanes.lease(until, || Ok(()), || self.open(until));
            let lease = lease.map_err(Failure::connecting)?;
            let version = lease.lane.version;
            lease.give_back();
            Ok(version)
        });
        negotiated.map(|(version, _tries)| version)
    }

    /// The newest API version that the engine and this crate both know, whatever the settings pin. Asks the engine where they
    /// pin one.
    pub fn newest_version(&self) -> Result<ApiVersion, Error> {
        if self.settings.api_version.is_none() {
            return self.api_version();
        }
        let ping = self.call(Request::get(Path::fixed("/_ping")).unversioned())?;
        let newest: ApiVersion = match ping.headers.get(API_VERSION).and_then(|version| version.to_str().ok())
        {
            Some(version) => version.parse()?,
            None => said_version(&self.call(Request::get(Path::fixed("/version")).unversioned())?.body)?,
        };
        newest.negotiate()
    }

    /// Sends a request and reads the whole answer, again where that is safe: see [`ErrorKind::UnknownOutcome`] for the
    /// case where it is not. A status other than 2xx or 304 is an error.
    pub fn call(&self, request: Request) -> Result<Answer, Error> {
        let whole = |reply: &mut Reply| {
            let body = reply.bytes()?;
            Ok(Answer { status: reply.status(), headers: reply.take_headers(), body, tries: 1 })
        };
        let (mut answer, tries) = self.receive(request, whole)?;
        answer.tries = tries;
        Ok(answer)
    }

    /// As [`Engine::call`], for an answer that may be large: `read` reads it as it comes, and is called anew where the request is
    /// tried again. Gives also how often the request was tried.
    pub fn receive<T>(
        &self,
        request: Request,
        read: impl Fn(&mut Reply) -> Result<T, Error>,
    ) -> Result<(T, u32), Error> {
        self.retry(request, |mut reply, repeatable| match read(&mut reply) {
            Ok(read) => Ok(read),
            Err(error) if repeatable && error.kind() == ErrorKind::Protocol && error.may_be_tried_again() => {
                Err(Failure::lost(error, Again::Later))
            }
            Err(error) if repeatable => Err(Failure::never(error)),
            Err(error) => Err(Failure::never(unknown_outcome(error))),
        })
    }

    /// Sends a request and gives the answer as soon as its head is there, to read the body as it comes.
    pub fn stream(&self, request: Request) -> Result<Reply, Error> {
        let (reply, tries) = self.retry(request, |reply, _| Ok(reply))?;
        Ok(reply.with_tries(tries))
    }

    /// As [`Engine::stream`], for an endpoint that takes the connection over (attach, exec): sends `input` on it and gives
    /// what comes as the body.
    pub fn converse(&self, request: Request, input: Input) -> Result<Reply, Error> {
        let request = request.header("connection", "Upgrade")?.header("upgrade", "tcp")?;
        self.stream(request)?.converse(input)
    }

    /// Whether somebody takes what this thread's calls trace.
    pub fn is_traced(&self) -> bool {
        tracing::enabled!(tracing::Level::DEBUG)
    }

    /// Whether the rate limit, if there is one, is shared with other processes.
    pub fn shares_rate_limit(&self) -> bool {
        self.rate_limit.as_ref().is_none_or(|limit| limit.is_shared())
    }

    /// Closes the connections that no call is using.
    pub fn close_idle(&self) {
        self.lanes.close_idle();
    }

    /// In a process made by `fork()`: leaves the parent's connections to the parent. Calls do this by themselves;
    /// it helps where the engine is not called again.
    pub fn leave_to_parent(&self) {
        self.lanes.abandon();
    }

    fn retry<T>(
        &self,
        mut request: Request,
        finish: impl Fn(Reply, bool) -> Result<T, Failure>,
    ) -> Result<(T, u32), Error> {
        let until = Instant::now() + request.deadline.unwrap_or(self.settings.timeout);
        let repeatable = request.is_repeatable();
        retrying(&self.settings, until, || finish(self.attempt(&mut request, repeatable, until)?, repeatable))
    }

    /// Waits for this request's turn under the rate limit; answers whether there was a wait.
    fn wait_for_turn(&self, until: Instant) -> Result<bool, Error> {
        self.rate_limit.as_ref().map_or(Ok(false), |limit| limit.wait(until))
    }

    /// One try, on one lane.
    fn attempt(&self, request: &mut Request, repeatable: bool, until: Instant) -> Result<Reply, Failure> {
        let mut fresh = false;
        let open = || {
            fresh = true;
            self.open(until)
        };
        // Not worth a connection if no turn comes in time.
        let is_worth_it = || self.rate_limit.as_ref().map_or(Ok(()), |limit| limit.check(until));
        let lease = self.lanes.lease(until, is_worth_it, open);
        let mut lease = lease.map_err(|error| match (error.kind(), error.status()) {
            // Our own limit, not an engine's answer: its next turn is known, and comes too late.
            (ErrorKind::RateLimited, None) => Failure::never(error),
            _ => Failure::connecting(error),
        })?;
        // The turn comes last: it must not grow old while a connection is waited for.
        let waited = self.wait_for_turn(until).map_err(Failure::never)?;
        if waited && !lease.lane.is_usable() {
            // Closed meanwhile.
            fresh = true;
            lease.lane = self.reopen(&lease.lane, until).map_err(Failure::connecting)?;
        }
        let version = request.version.unwrap_or(lease.lane.version);
        let base = &self.settings.base_path;
        let prefix = if request.unversioned { base.clone() } else { format!("{base}/v{version}") };
        let silence = request.silence.unwrap_or(self.settings.timeout);
        let spare = request.payload.again();
        let message = self.message(request, &prefix).map_err(Failure::never)?;
        let started = Instant::now();
        let response = match lease.lane.send(message, until.min(started + silence)) {
            Ok(response) => response,
            Err(mut failed) => {
                request.payload = failed.take_payload().or(spare).unwrap_or_default();
                return Err(self.a_try(repeatable, fresh, started.elapsed()).failed(failed));
            }
        };
        let status = response.status();
        tracing::debug!(
            method = %request.method,
            path = %request.path,
            status = status.as_u16(),
            milliseconds = started.elapsed().as_millis(),
            "answered"
        );
        let reply = Reply::new(response, lease, version, silence, until);
        if refusal::is_success(status) {
            return Ok(reply);
        }
        request.payload = spare.unwrap_or_default();
        let error = refused(reply);
        let may_pass = refusal::is_transient(status) && error.may_be_tried_again();
        let again = if repeatable && may_pass { Again::Later } else { Again::Never };
        let is_lost =
            refusal::is_of_a_lost_answer(status) || error.swarm_state().is_some_and(SwarmState::leaves_open);
        Err(match is_lost {
            true if repeatable => Failure::lost(error, again),
            true => Failure::never(unknown_outcome(error).with_status(status.as_u16())),
            false => Failure { error, again, lost: false },
        })
    }

    fn a_try(&self, repeatable: bool, fresh: bool, waited: Duration) -> Try<'_> {
        Try { address: &self.settings.address, tls: self.way.is_tls(), repeatable, fresh, waited }
    }

    fn message(&self, request: &mut Request, prefix: &str) -> Result<http::Request<Payload>, Error> {
        let target = request.target(prefix);
        let uri = target.parse().map_err(|_| {
            Error::new(
                ErrorKind::InvalidRequest,
                format!("the request's line is too long ({} bytes)", target.len()),
            )
            .hint("Give fewer or shorter values, such as filters")
        })?;
        let is_empty = request.payload.is_end_stream();
        let mut message = http::Request::new(std::mem::take(&mut request.payload));
        *message.method_mut() = request.method.clone();
        *message.uri_mut() = uri;
        let headers = message.headers_mut();
        headers.insert(HOST, self.host.clone());
        headers
            .insert(USER_AGENT, HeaderValue::from_static(concat!("fsr-docker/", env!("CARGO_PKG_VERSION"))));
        headers.extend(request.headers.iter().cloned());
        if is_empty && takes_a_body(&request.method) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        for header in &self.settings.headers {
            header.sign(headers);
        }
        if let Some(sign_in) = &self.settings.sign_in {
            sign_in.sign(headers);
        }
        Ok(message)
    }

    /// Opens a lane and, unless the version is given, asks for the engine's newest: a header of `GET /_ping`, asked
    /// without a version so that no engine can find it too new; where a proxy hides that, `GET /version`. A lane that is not
    /// proven is asked in any case: what leads to the engine may yet fail, and must not do so after a change was sent.
    fn open(&self, until: Instant) -> Result<Lane, Error> {
        let connect = || Lane::open(&self.settings, &self.way, until);
        let mut lane = connect()?;
        if self.settings.api_version.is_some() && lane.is_proven() {
            return Ok(lane);
        }
        let (ping, body) = self.ask(&mut lane, Path::fixed("/_ping"), until)?;
        let header = ping.headers.get(API_VERSION).and_then(|version| version.to_str().ok());
        if header.is_none() && !(ping.status.is_success() || is_hidden(ping.status)) {
            return Err(refusal::refusal(ping.status, &ping.headers, &body));
        }
        if !lane.is_kept_alive(until) {
            lane = connect()?;
        }
        if let Some(version) = self.settings.api_version {
            lane.version = version;
            return Ok(lane);
        }
        let version: ApiVersion = match header {
            Some(version) => version.parse()?,
            None => {
                let (head, body) = self.ask(&mut lane, Path::fixed("/version"), until)?;
                if !lane.is_kept_alive(until) {
                    lane = connect()?;
                }
                version_of(&head, &body)?
            }
        };
        lane.version = version.negotiate()?;
        tracing::debug!(engine = %self.settings.address, version = %lane.version, "connected");
        Ok(lane)
    }

    /// A lane in place of one that was closed just now, to the same engine: it speaks the same version.
    fn reopen(&self, closed: &Lane, until: Instant) -> Result<Lane, Error> {
        let mut lane = Lane::open(&self.settings, &self.way, until)?;
        if !lane.is_proven() {
            return self.open(until);
        }
        lane.version = closed.version;
        Ok(lane)
    }

    /// One small GET on a lane that no call has yet.
    fn ask(&self, lane: &mut Lane, path: Path, until: Instant) -> Result<(Parts, Bytes), Error> {
        self.wait_for_turn(until)?;
        let message = self.message(&mut Request::get(path), &self.settings.base_path)?;
        let failed = |failed| self.a_try(true, true, self.settings.connect_timeout).failed(failed).error;
        let (head, body) = lane.send(message, until).map_err(failed)?.into_parts();
        let body = lane.drive(until, Limited::new(body, LONGEST_EXPLANATION).collect());
        let body = body.map_err(|stopped| failed(SendError::Stopped(stopped)))?;
        let body = body.map_err(|error| {
            Error::new(ErrorKind::Protocol, "the engine's answer broke off").with_source(error)
        })?;
        Ok((head, body.to_bytes()))
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Whether a request of this method says its body's length even where it has none (RFC 9110, 8.6). A strict server answers
/// 411 to one that does not.
fn takes_a_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

/// Whether a proxy in front of the engine may let other paths through.
fn is_hidden(status: StatusCode) -> bool {
    matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
}

/// The API version in an answer to `GET /version`.
fn version_of(head: &Parts, body: &[u8]) -> Result<ApiVersion, Error> {
    if !refusal::is_success(head.status) {
        return Err(refusal::refusal(head.status, &head.headers, body));
    }
    said_version(body)
}

/// The API version in the body of such an answer.
fn said_version(body: &[u8]) -> Result<ApiVersion, Error> {
    let version: Option<Value> = serde_json::from_slice(body).ok();
    match version.as_ref().and_then(|version| version.get("ApiVersion")).and_then(Value::as_str) {
        Some(version) => version.parse(),
        None => Err(Error::new(ErrorKind::Protocol, "what answers does not say which Docker API it speaks")
            .hint("Check that a Docker Engine listens at this address")),
    }
}

/// The error for an answer that is not a success. Reads its explanation, as far as it is worth it.
fn refused(reply: Reply) -> Error {
    let (status, headers) = (reply.status_code(), reply.headers().clone());
    let mut body = reply.into_body();
    let mut explanation = Vec::new();
    while explanation.len() < LONGEST_EXPLANATION {
        // The status says what matters; where its explanation breaks off, half of it is better than none.
        let Ok(Some(chunk)) = body.chunk() else { break };
        explanation.extend_from_slice(&chunk);
    }
    refusal::refusal(status, &headers, &explanation)
}
