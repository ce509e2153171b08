//! Evidence as it comes: each answer a member of the archive, with its request, times and hash; each that did not come, and why.

use std::{
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use engine::{Body, ErrorKind, FrameDecoder, Reply, StreamName};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{ask::Ask, clock::utc, wanted::Wanted};
use crate::{
    Error, Kind as ErrorOf,
    catalogue::response::{
        whole_tar::WholeTar,
        zip::{
            layout::Method,
            writer::{Archive, Kept, Member},
        },
    },
    run::{
        call::Call,
        files::{cannot, temporary},
        progress::Flow,
    },
};

/// The most of an answer that is held in memory, in bytes: JSON, which is looked into.
const MOST_IN_MEMORY: usize = 64 * 1024 * 1024;
/// What large items leave for the small ones after them, in bytes, or a sixteenth of all.
const RESERVE: u64 = 4 * 1024 * 1024;
/// What is read again goes on in pieces of this size, in bytes.
const PIECE: u64 = 256 * 1024;

/// What has become of one request, or of a part of its answer.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) asked: Asked,
    pub(super) status: u16,
    pub(super) kept: Kept,
    /// Why it is not complete, if it is not.
    pub(super) why: Option<String>,
    /// What else is known of it.
    pub(super) more: Map<String, Value>,
}

/// What could not be had.
#[derive(Debug)]
pub(super) struct Missing {
    pub(super) kind: &'static str,
    pub(super) what: String,
    pub(super) why: String,
    /// The request, and the status of its answer, where one was sent.
    pub(super) asked: Option<(Asked, Option<u16>)>,
}

/// A request that was sent: its line, the times, and the state that the container was in.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) request: String,
    pub(super) started: Timestamp,
    pub(super) ended: Timestamp,
    pub(super) state: String,
}

/// What an item is called, and what it is.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) kind: &'static str,
    /// The member's name in the archive.
    pub(super) name: String,
    /// What it is, for people, where it could not be had.
    pub(super) what: String,
}

/// Requests of the collection itself that change something.
#[derive(Debug, Default)]
pub(super) struct Actions(pub(super) Vec<Value>);

impl Actions {
    /// Sends one.
    pub(super) fn send(&mut self, call: &Call<'_>, ask: &Ask) -> Result<(), Error> {
        let started = Timestamp::now();
        let sent = call.send(ask.request());
        let status = match &sent {
            Ok(answer) => Some(answer.status),
            Err(error) => error.status(),
        };
        self.note(ask.to_string(), started, status);
        sent.map(drop)
    }

    /// Notes one.
    pub(super) fn note(&mut self, request: String, started: Timestamp, status: Option<u16>) {
        self.0.push(json!({
            "request": request, "status": status, "started": utc(started), "ended": utc(Timestamp::now()),
        }));
    }
}

/// Evidence as it comes.
pub(super) struct Collection<'c, 'a> {
    pub(super) call: &'c Call<'a>,
    pub(super) archive: Archive,
    pub(super) items: Vec<Item>,
    pub(super) missing: Vec<Missing>,
    pub(super) actions: Actions,
    /// What people have to see to.
    pub(super) warnings: Vec<String>,
    /// The container's state, as far as it is known.
    pub(super) state: String,
    pub(super) is_podman: bool,
    /// What the engine says of itself, and of the image's layers.
    pub(super) described: Value,
    pub(super) layers: Value,
    most: u64,
    until: Instant,
}

impl<'c, 'a> Collection<'c, 'a> {
    pub(super) fn new(call: &'c Call<'a>, wanted: &Wanted<'_>) -> Result<Self, Error> {
        Ok(Self {
            call,
            archive: Archive::new()?,
            items: Vec::new(),
            missing: Vec::new(),
            actions: Actions::default(),
            warnings: Vec::new(),
            state: "unknown".to_owned(),
            is_podman: false,
            described: Value::Null,
            layers: Value::Null,
            most: wanted.max_size,
            until: Instant::now() + wanted.time_limit,
        })
    }

    /// How many bytes a large item may still have.
    pub(super) fn room(&self) -> u64 {
        self.most.saturating_sub(self.archive.size()).saturating_sub(RESERVE.min(self.most / 16))
    }

    /// How much time is left.
    pub(super) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Notes that something could not be had.
    pub(super) fn miss(&mut self, kind: &'static str, what: impl Into<String>, why: impl Into<String>) {
        self.missing.push(Missing { kind, what: what.into(), why: why.into(), asked: None });
    }

    /// The same, where a request was sent for it.
    pub(super) fn miss_asked(&mut self, named: &Named, why: String, asked: Asked, status: Option<u16>) {
        let asked = Some((asked, status));
        self.missing.push(Missing { kind: named.kind, what: named.what.clone(), why, asked });
    }

    /// Asks for JSON, keeps it as it came, and gives it. An error ends the collection; what did not come is noted.
    pub(super) fn json(&mut self, named: &Named, ask: &Ask) -> Result<Option<Value>, Error> {
        let text = self.text(named, ask)?;
        Ok(text.and_then(|text| engine::parse(&text, engine::MOST_OF_A_LOOK).ok()))
    }

    /// Asks for a text of moderate length, keeps it as it came, and gives it if it is whole.
    pub(super) fn text(&mut self, named: &Named, ask: &Ask) -> Result<Option<Bytes>, Error> {
        let Some((asked, reply)) = self.ask(named, ask)? else { return Ok(None) };
        let status = reply.status();
        let mut body = reply.into_body();
        let mut whole = BytesMut::new();
        let mut why = None;
        loop {
            match body.chunk() {
                Ok(Some(_)) if whole.len() > MOST_IN_MEMORY => {
                    why = Some("the answer is larger than 64 MiB and was cut off".to_owned());
                    break;
                }
                Ok(Some(chunk)) => whole.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    why = Some(self.told(error.into())?);
                    break;
                }
            }
        }
        drop(body);
        let whole = whole.freeze();
        let text = why.is_none().then(|| whole.clone());
        let kept = self.archive.add(&named.name, Method::Deflated, whole);
        self.keep(named, asked, status, kept, why, Map::new())?;
        Ok(text)
    }

    /// Asks for what may be large, and keeps it as it comes. A tar is checked to its end.
    pub(super) fn tar(&mut self, named: &Named, ask: &Ask, more: Map<String, Value>) -> Result<bool, Error> {
        let Some((asked, reply)) = self.ask(named, ask)? else { return Ok(false) };
        self.stream(named, asked, reply.status(), Form::Tar, reply.into_body().into(), more)
    }

    /// Keeps what comes from any source. A tar is checked to its end.
    pub(super) fn stream(
        &mut self,
        named: &Named,
        asked: Asked,
        status: u16,
        form: Form,
        mut source: Source,
        mut more: Map<String, Value>,
    ) -> Result<bool, Error> {
        let most = self.room();
        let method = if form == Form::Text { Method::Deflated } else { Method::Stored };
        let mut flow = Flow::of(self.call, &format!("Copying {}", named.what));
        let mut tar = WholeTar::default();
        let mut why = None;
        // An error in here is one of the writing, or an interruption.
        let kept = (|| {
            let mut member = self.archive.begin(&named.name, method)?;
            let streamed = stream(&mut source, &mut member, most, |chunk| {
                flow.add(chunk.len());
                if form == Form::Tar {
                    tar.see(chunk);
                }
            });
            match streamed? {
                None => {}
                Some(Cut::Size) => why = Some(format!("cut off at {most} bytes: max_size was reached")),
                Some(Cut::Broken(error)) if member.size() == 0 => return Err(error),
                Some(Cut::Broken(error)) => why = Some(told(self.call, error)?),
            }
            member.finish()
        })();
        drop(source);
        match (tar.finish(), &why) {
            _ if form != Form::Tar => {}
            (Ok((entries, bytes)), _) => {
                more.insert("entries".into(), entries.into());
                more.insert("content_bytes".into(), bytes.into());
            }
            (Err(fault), None) => why = Some(fault.to_string()),
            (Err(_), Some(_)) => {}
        }
        if why.is_some() && form == Form::Tar {
            more.insert("entries".into(), tar.entries().into());
        }
        self.keep(named, asked, status, kept, why, more)?;
        Ok(true)
    }

    /// Asks for a process's output: as it is, or each stream a member of its own, without the frames around its pieces.
    pub(super) fn output(
        &mut self,
        named: &Named,
        ask: &Ask,
        is_tty: bool,
        most: u64,
        more: &Map<String, Value>,
    ) -> Result<(), Error> {
        let Some((asked, reply)) = self.ask(named, ask)? else { return Ok(()) };
        let status = reply.status();
        let mut body = reply.into_body();
        let mut flow = Flow::of(self.call, &format!("Copying {}", named.what));
        let mut decoder = FrameDecoder::default();
        let mut spool = None;
        let mut why = None;
        let name = |stream: &str| Named { name: format!("{}/{stream}.log", named.name), ..named.clone() };
        let first = name(if is_tty { "output" } else { "stdout" });
        let kept = (|| {
            let mut member = self.archive.begin(&first.name, Method::Deflated)?;
            let mut size = 0;
            loop {
                let chunk = match body.chunk() {
                    Ok(Some(chunk)) => chunk,
                    Ok(None) => break,
                    Err(error) => {
                        why = Some(told(self.call, error.into())?);
                        break;
                    }
                };
                flow.add(chunk.len());
                size += chunk.len() as u64;
                if size > most {
                    why = Some(format!("cut off at {most} bytes: a log may have a quarter of max_size"));
                    break;
                }
                match is_tty {
                    true => member.write(chunk)?,
                    false => unframe(&mut decoder, chunk, &mut member, &mut spool)?,
                }
            }
            if !is_tty && why.is_none() && !decoder.is_complete() {
                why = Some("the answer ended within a piece of output".to_owned());
            }
            member.finish()
        })();
        drop(body);
        self.keep(&first, asked.clone(), status, kept, why.clone(), more.clone())?;
        if let Some(mut spool) = spool {
            let second = name("stderr");
            let kept = self.copied(&second.name, spool.as_file_mut());
            self.keep(&second, asked, status, kept, why, more.clone())?;
        }
        Ok(())
    }

    /// Sends a request. `None` where it failed, which is noted.
    pub(super) fn ask(&mut self, named: &Named, ask: &Ask) -> Result<Option<(Asked, Reply)>, Error> {
        let started = Timestamp::now();
        let left = self.left();
        if left.is_zero() {
            self.miss(named.kind, &named.what, "the time limit was reached before it was asked for");
            return Ok(None);
        }
        let asked = |state: &str| Asked {
            request: ask.to_string(),
            started,
            ended: Timestamp::now(),
            state: state.to_owned(),
        };
        match self.call.stream(ask.request().deadline(left)) {
            Ok(reply) => Ok(Some((asked(&self.state), reply))),
            Err(error) => {
                let status = error.status();
                let why = self.told(error)?;
                let asked = Some((asked(&self.state), status));
                self.missing.push(Missing { kind: named.kind, what: named.what.clone(), why, asked });
                Ok(None)
            }
        }
    }

    /// Enters what was kept, or that it could not be.
    fn keep(
        &mut self,
        named: &Named,
        mut asked: Asked,
        status: u16,
        kept: Result<Kept, Error>,
        why: Option<String>,
        more: Map<String, Value>,
    ) -> Result<(), Error> {
        asked.ended = Timestamp::now();
        match kept {
            Ok(kept) => {
                let (name, kind) = (named.name.clone(), named.kind);
                self.items.push(Item { name, kind, asked, status, kept, why, more });
                Ok(())
            }
            Err(error) => self.lost(named, asked, status, &error),
        }
    }

    /// Notes that an answer could not be kept, as where there is no room on this machine's disk.
    fn lost(&mut self, named: &Named, asked: Asked, status: u16, error: &Error) -> Result<(), Error> {
        let why = told(self.call, Error::new(error.kind(), error.message()))?;
        let asked = Some((asked, Some(status)));
        self.missing.push(Missing { kind: named.kind, what: named.what.clone(), why, asked });
        Ok(())
    }

    fn copied(&mut self, name: &str, from: &mut std::fs::File) -> Result<Kept, Error> {
        let mut member = self.archive.begin(name, Method::Deflated)?;
        from.seek(SeekFrom::Start(0)).map_err(|error| cannot("read", &error))?;
        loop {
            let mut piece = Vec::new();
            let read = (&*from).take(PIECE).read_to_end(&mut piece);
            match read.map_err(|error| cannot("read", &error))? {
                0 => return member.finish(),
                _ => member.write(piece.into())?,
            }
        }
    }

    /// Why something could not be had, as the manifest tells it. An interruption ends the whole call.
    pub(super) fn told(&self, error: Error) -> Result<String, Error> {
        told(self.call, error)
    }
}

/// Why something could not be had, as the manifest tells it. An interruption ends the whole call.
fn told(call: &Call<'_>, error: Error) -> Result<String, Error> {
    if error.kind() == ErrorOf::Engine(ErrorKind::Interrupted) {
        return Err(error);
    }
    Ok(call.secrets().hidden_in(error.message()))
}

/// What an item is, as far as it matters for how it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Tar,
    Text,
    /// A file as it is.
    File,
}

/// Where the bytes of an item come from: an answer, or the standard output of a command.
pub(super) enum Source {
    Answer(Body),
    Output(Body, FrameDecoder),
}

impl From<Body> for Source {
    fn from(body: Body) -> Self {
        Self::Answer(body)
    }
}

impl Source {
    /// The standard output of a command without a terminal.
    pub(super) fn output(body: Body) -> Self {
        Self::Output(body, FrameDecoder::default())
    }

    pub(super) fn chunk(&mut self) -> Result<Option<Bytes>, engine::Error> {
        match self {
            Self::Answer(body) => body.chunk(),
            Self::Output(body, decoder) => loop {
                while let Some(frame) = decoder.next_frame()? {
                    if frame.stream == StreamName::Stdout && !frame.data.is_empty() {
                        return Ok(Some(frame.data));
                    }
                }
                match body.chunk()? {
                    Some(chunk) => decoder.push(chunk),
                    None => return Ok(None),
                }
            },
        }
    }
}

/// Why a stream ended before its end.
enum Cut {
    Size,
    Broken(Error),
}

/// Writes what comes into a member, up to so many bytes. `Err` is a failure of the writing.
fn stream(
    source: &mut Source,
    member: &mut Member<'_>,
    most: u64,
    mut see: impl FnMut(&[u8]),
) -> Result<Option<Cut>, Error> {
    loop {
        match source.chunk() {
            Ok(Some(chunk)) => {
                let room = most.saturating_sub(member.size());
                if chunk.len() as u64 > room {
                    let fitting = chunk.slice(..usize::try_from(room).unwrap_or_default());
                    see(&fitting);
                    member.write(fitting)?;
                    return Ok(Some(Cut::Size));
                }
                see(&chunk);
                member.write(chunk)?;
            }
            Ok(None) => return Ok(None),
            Err(error) => return Ok(Some(Cut::Broken(error.into()))),
        }
    }
}

/// Standard output goes into the member, and standard error beside it.
fn unframe(
    decoder: &mut FrameDecoder,
    chunk: Bytes,
    member: &mut Member<'_>,
    spool: &mut Option<tempfile::NamedTempFile>,
) -> Result<(), Error> {
    decoder.push(chunk);
    while let Some(frame) = decoder.next_frame()? {
        if frame.stream == StreamName::Stdout {
            member.write(frame.data)?;
            continue;
        }
        let spool = match spool {
            Some(spool) => spool,
            None => spool.insert(temporary()?),
        };
        spool.write_all(&frame.data).map_err(|error| cannot("written", &error))?;
    }
    Ok(())
}
