//! Looks side by side: many requests that only read, several at a time.
//!
//! The threads live within the call. The calling thread takes its part, as it alone hears of an interruption, and what breaks
//! it off ends the others' waits too.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use engine::{Engine, ErrorKind, Request};
use serde_json::Value;

use crate::{Error, Kind, run::call::Call};

/// More at a time gain nothing: engines take turns at their objects.
const AT_ONCE: usize = 8;
const AT_ONCE_BY_SSH: usize = 2;

/// Sends requests that only look, and gives each one's answer as JSON, in their order. One that fails is its own error, so that
/// the others count. An error where nothing more can be asked: no connection, no sign-in, an interruption.
pub(crate) fn look_side_by_side(
    call: &Call<'_>,
    requests: Vec<Request>,
) -> Result<Vec<Result<Value, Error>>, Error> {
    ask_side_by_side(call, requests, |engine, request| {
        let answer = engine.call(request)?;
        Ok((answer.status, answer.tries, answer.json()?))
    })
}

/// The same, where `ask` sends each request and reads what it needs of the answer: its status, how often it was asked for, and
/// what was read.
pub(crate) fn ask_side_by_side<T: Send>(
    call: &Call<'_>,
    requests: Vec<Request>,
    ask: impl Fn(&Engine, Request) -> Result<Came<T>, engine::Error> + Sync,
) -> Result<Vec<Result<T, Error>>, Error> {
    for request in &requests {
        call.about_to_send(request);
    }
    let work = Work::of(requests);
    let settings = call.configuration.settings();
    // A connection by SSH is dear, and servers of it take few at a time.
    let most = if settings.ssh.is_some() { AT_ONCE_BY_SSH } else { AT_ONCE };
    let at_once = most.min(settings.max_connections).min(work.requests.len());
    // What is traced belongs to the calling thread's log.
    let others = if call.engine.is_traced() { 0 } else { at_once.saturating_sub(1) };
    thread::scope(|scope| {
        for _ in 0..others {
            let (engine, work, ask) = (call.engine, &work, &ask);
            // A system without room for another thread has this one.
            let _fewer_do = thread::Builder::new().spawn_scoped(scope, move || {
                engine::also_interrupted_by(Arc::clone(&work.ended));
                work.run(engine, ask);
            });
        }
        work.run(call.engine, &ask);
        work.wait();
    });
    work.answers(call)
}

/// An answer: its status, how often it was asked for, and its body.
type Came<T> = (u16, u32, T);

/// Where it is put when it comes.
type Answer<T> = Mutex<Option<Result<Came<T>, engine::Error>>>;

/// What is to be asked, and what came.
struct Work<T> {
    requests: Vec<Mutex<Option<Request>>>,
    answers: Vec<Answer<T>>,
    next: AtomicUsize,
    left: AtomicUsize,
    /// Nothing more is to be asked, and waits end.
    ended: Arc<AtomicBool>,
}

impl<T: Send> Work<T> {
    fn of(requests: Vec<Request>) -> Self {
        Self {
            answers: requests.iter().map(|_| Mutex::default()).collect(),
            next: AtomicUsize::new(0),
            left: AtomicUsize::new(requests.len()),
            requests: requests.into_iter().map(|request| Mutex::new(Some(request))).collect(),
            ended: Arc::default(),
        }
    }

    /// Asks, until there is nothing left or nothing more can be asked.
    fn run(
        &self,
        engine: &Engine,
        ask: &(impl Fn(&Engine, Request) -> Result<Came<T>, engine::Error> + Sync),
    ) {
        while !self.ended.load(Ordering::Relaxed) {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(request) = self.requests.get(at).and_then(|request| locked(request).take()) else {
                return;
            };
            let answer = ask(engine, request);
            if answer.as_ref().is_err_and(|error| is_lost(error.kind())) {
                self.ended.store(true, Ordering::Relaxed);
            }
            *locked(&self.answers[at]) = Some(answer);
            self.left.fetch_sub(1, Ordering::Release);
        }
    }

    /// Waits for the other threads' last answers. They hear of an interruption by `ended`.
    fn wait(&self) {
        let mut pause = Duration::from_micros(50);
        while self.left.load(Ordering::Acquire) > 0 && !self.ended.load(Ordering::Relaxed) {
            if let Err(error) = engine::sleep(pause) {
                self.ended.store(true, Ordering::Relaxed);
                let first = self.answers.iter().find(|answer| locked(answer).is_none());
                if let Some(answer) = first {
                    *locked(answer) = Some(Err(error));
                }
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    fn answers(self, call: &Call<'_>) -> Result<Vec<Result<T, Error>>, Error> {
        let mut answers = Vec::with_capacity(self.answers.len());
        let mut lost: Option<engine::Error> = None;
        for answer in self.answers {
            match answer.into_inner().unwrap_or_else(PoisonError::into_inner) {
                Some(Ok((status, tries, value))) => {
                    call.note(Some(status), tries);
                    answers.push(Ok(value));
                }
                // Threads that were told to end say that they were interrupted: the cause says more.
                Some(Err(error)) if is_lost(error.kind()) => {
                    let cause = lost.take().filter(|cause| cause.kind() != ErrorKind::Interrupted);
                    lost = cause.or(Some(error));
                }
                Some(Err(error)) => answers.push(Err(call.noted(error))),
                None => {}
            }
        }
        match lost {
            Some(error) => Err(call.noted(error)),
            None => Ok(answers),
        }
    }
}

/// Whether nothing more can be asked of the engine, where an error is of this kind.
pub(crate) fn ends_it(error: &Error) -> bool {
    match error.kind() {
        Kind::Engine(kind) => is_lost(kind),
        _ => true,
    }
}

fn is_lost(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidRequest
            | ErrorKind::Unauthorized
            | ErrorKind::Unreachable
            | ErrorKind::Tls
            | ErrorKind::Ssh
            | ErrorKind::Interrupted
    )
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
