//! What has happened on the engine: `GET /events`.
//!
//! All points in time are of the engine's clock, since it compares them with it. `memory.rs` says what it can still remember.

pub(crate) mod clock;
mod memory;

pub(crate) use self::memory::REMEMBERED;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::{
    clock::{Point, now},
    memory::Memory,
};
use crate::{
    Comes, Error, Operation, Output, Schema,
    declare::param::{FILTERS, TIME_LIMIT, flag, integer, time},
    run::{call::Call, redact::REDACT, stream::Values},
};

/// The engine itself ends a stream at the time limit; so much later nobody waits for it any more.
const GRACE: Duration = Duration::from_secs(2);
/// Where the engine's time is known to the second only, what comes next may lie so far ahead.
const A_MOMENT: Duration = Duration::from_secs(2);
/// A stream that ends so much before its last moment was not ended by it.
const EARLY: Duration = Duration::from_millis(500);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("system_events", "/events")
    .title("Get Events")
    .about("Gets the engine's events: for example, containers that started or died, images that were pulled, networks that were connected.")
    .params(&[
        FILTERS,
        time("since").title("Since").about("Only events since this time, by the engine's clock. To continue after an earlier call, use its next_since. The engine remembers only the last 256 events.").local(),
        time("until").title("Until").about("Only events until this time, by the engine's clock. If empty, until now.").local(),
        flag("follow").title("Follow").about("Wait for further events until the time limit, or until the time in Until.").local(),
        integer("max_events").title("Most Events").about("The maximum number of events to return.").default("1000").local(),
        TIME_LIMIT,
        REDACT,
    ])
    .gives(Schema::All(&[
        Schema::Fields(&["count"]),
        Schema::Field("events", &Schema::List(&Schema::Answer("GET /events"))),
        Schema::Fields(&[
            "since",
            "until",
            "next_since",
            "truncated",
            "timed_out",
            "may_be_incomplete",
            "incomplete_reason",
            "oldest_remembered",
            "engine_time",
        ]),
    ]))
    .table("events", &["time", "Type", "Action", "Actor.ID", "Actor.Attributes"])
    .comes(Comes::Values)
    .run(events)];

fn events(call: &Call<'_>) -> Result<Output, Error> {
    let (began, limit) = (Instant::now(), call.time_limit());
    let now = now(call)?;
    let asked = Instant::now();
    let ours = Point::ours();
    // How long ago something was is meant by the engine's clock, and was read by ours.
    let on_its_clock =
        |name, point: Point| if call.arguments.is_ago(name) { point.shifted(ours, now) } else { point };
    let given = |name| Some(on_its_clock(name, Point::read(call.arguments.text(name)?)?));
    let (since, follow) = (given("since"), call.arguments.is_on("follow"));
    // Where nobody wants to wait, the engine must not: it waits for a time that it has not reached.
    let last_moment = if follow { now.after(limit.saturating_sub(began.elapsed())) } else { now };
    let until = given("until").map_or(last_moment, |until| until.min(last_moment));
    if let Some(since) = since.filter(|since| *since > until && *since > now) {
        return Ok(nothing_yet(since, until, now));
    }
    let most = call.arguments.integer("max_events").unwrap_or_default();
    let most = usize::try_from(most).unwrap_or(usize::MAX);

    let taker = call.services.taker();
    let mut room = most;
    let mut shown = |event: &Value| {
        if let Some(taker) = taker.iter().find(|_| room > 0) {
            room -= 1;
            taker.value(event);
        }
    };
    let (mut read, mut memory, mut reason) = (Values::default(), Memory::default(), String::new());
    // What was. One more than is wanted tells whether there are more, and where they begin.
    if !follow || since.is_some_and(|since| since <= now) {
        read = between(call, since, until.min(now), most.saturating_add(1), limit, &mut shown)?;
        // Afterwards, as what the engine forgets until it answers is missing from the answer.
        memory = Memory::look(call, now)?;
        reason = memory.cannot_tell(since);
    }
    // What comes. For more than is wanted nobody waits.
    let left = most.saturating_sub(read.items.len());
    if until > now && left > 0 {
        let since = since.map_or(now.next(), |since| since.max(now.next()));
        let came = between(call, Some(since), until, left, limit + GRACE, &mut shown)?;
        read.items.extend(came.items);
        (read.timed_out, read.cut) = (came.timed_out, read.cut || came.cut);
    }

    let Values { items: mut events, timed_out, cut } = read;
    let truncated = events.len() > most || (until > now && events.len() >= most);
    let is_over = truncated || timed_out || now.after(asked.elapsed() + EARLY) >= until;
    let ended_early = cut || !is_over;
    let left_out = events.get(most).and_then(Point::of_event);
    events.truncate(most);
    // What was not delivered must come again: from the first that was left out, or behind the last that came.
    let last = events.last().and_then(Point::of_event);
    let next = match left_out {
        Some(left_out) => left_out,
        None if truncated || timed_out || ended_early => last.map(Point::next).or(since).unwrap_or(now),
        None => until.next(),
    };
    if reason.is_empty() && cut {
        reason =
            "The stream ended within an event, which is left out. With next_since it comes again.".into();
    } else if reason.is_empty() && ended_early {
        reason =
            "The engine ended the stream early: the engine, or a proxy on the way, may have stopped.".into();
    }
    Ok(json!({
        "count": events.len(),
        "events": events,
        "since": since.map(|since| since.to_string()),
        "until": until.to_string(),
        "next_since": next.to_string(),
        "truncated": truncated,
        "timed_out": timed_out || (follow && until == last_moment && !truncated && !ended_early),
        "may_be_incomplete": !reason.is_empty(),
        "incomplete_reason": reason,
        "oldest_remembered": memory.oldest().map(|oldest| oldest.to_string()),
        "engine_time": now.to_string(),
    })
    .into())
}

/// The events between two points in time, `enough` at most.
fn between(
    call: &Call<'_>,
    since: Option<Point>,
    until: Point,
    enough: usize,
    bound: Duration,
    shown: &mut dyn FnMut(&Value),
) -> Result<Values, Error> {
    let request = call.request()?.query("until", &until.to_string());
    let request = since.iter().fold(request, |request, since| request.query("since", &since.to_string()));
    Values::of(call.stream(request.silence(bound).deadline(bound))?.into_body(), enough, shown)
}

/// The answer where the time that is asked for has not come yet, by the engine's clock: it would refuse, or wait.
fn nothing_yet(since: Point, until: Point, now: Point) -> Output {
    let is_a_moment_ahead = since <= now.after(A_MOMENT);
    let reason = format!(
        "The engine's clock has not reached since: it says {now}. If since came from another clock, the two differ: set them \
         by one time server, and use next_since."
    );
    json!({
        "count": 0,
        "events": [],
        "since": since.to_string(),
        "until": until.to_string(),
        "next_since": if is_a_moment_ahead { since } else { now.next() }.to_string(),
        "truncated": false,
        "timed_out": false,
        "may_be_incomplete": !is_a_moment_ahead,
        "incomplete_reason": if is_a_moment_ahead { "" } else { &reason },
        "oldest_remembered": null,
        "engine_time": now.to_string(),
    })
    .into()
}
