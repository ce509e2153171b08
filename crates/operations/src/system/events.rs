//! What has happened on the engine: `GET /events`.

use engine::Request;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    Error, Operation, Output, Schema,
    call::Call,
    param::{FILTERS, TIME_LIMIT, flag, integer, time},
    stream::Values,
};

/// The engine remembers so many events, whatever they are about.
const REMEMBERED: usize = 256;
const NANOSECONDS: i64 = 1_000_000_000;

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("system_events", "/events")
    .title("Get Events")
    .about("Gets what has happened on the engine: containers started and died, images pulled, networks connected.")
    .params(&[
        FILTERS,
        time("since").title("Since").about("Only what happened from then on. The engine remembers the last 256 events only."),
        time("until").title("Until").about("Only what happened until then; until now, if empty.").local(),
        flag("follow").title("Follow").about("Wait for more, until the time limit or the time given.").local(),
        integer("max_events").title("Most Events").about("No more than this many are read.").default("1000").local(),
        TIME_LIMIT,
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
        ]),
    ]))
    .run(events)];

fn events(call: &Call<'_>) -> Result<Output, Error> {
    let now = Timestamp::now();
    let now = point(now.as_second(), now.subsec_nanosecond());
    let (since, follow) = (call.arguments.text("since"), call.arguments.is_on("follow"));
    let until = call.arguments.text("until").or((!follow).then_some(&now));
    // What was remembered when the call began, before more pushes it out.
    let oldest = if since.is_none() && until.is_none() { None } else { oldest_remembered(call, &now)? };
    let request = until.iter().fold(call.request()?, |request, until| request.query("until", until));
    let most = call.arguments.integer("max_events").unwrap_or_default();
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    // One more tells whether there are more; but for what is still to come nobody waits.
    let enough = if follow { most } else { most.saturating_add(1) };
    let Values { values: mut events, timed_out } = Values::read(call, request, enough)?;
    let truncated = events.len() >= enough;
    events.truncate(most);
    let last = events.last().and_then(|event| event["timeNano"].as_i64());
    let last = last.map(|nanoseconds| {
        point(nanoseconds / NANOSECONDS, i32::try_from(nanoseconds % NANOSECONDS).unwrap_or_default())
    });
    // From the last event on where there was no end, or it was not reached: that event comes again, and none is missed.
    let next = if truncated || timed_out { last.as_deref().or(since) } else { until };
    let forgotten =
        oldest.is_some_and(|oldest| since.is_none_or(|since| reaches_back_only_to(&oldest, since)));
    let why = if forgotten {
        "The engine remembers its last 256 events only, and forgets what was before."
    } else {
        ""
    };
    Ok(json!({
        "count": events.len(),
        "events": events,
        "since": since,
        "until": until,
        "next_since": next.unwrap_or(&now),
        "truncated": truncated,
        "timed_out": timed_out,
        "may_be_incomplete": forgotten,
        "incomplete_reason": why,
    })
    .into())
}

/// A point in time as the engine takes it.
fn point(seconds: i64, nanoseconds: i32) -> String {
    format!("{seconds}.{nanoseconds:09}")
}

/// The oldest event that the engine remembers, if its memory is full: what came before is lost.
fn oldest_remembered(call: &Call<'_>, now: &str) -> Result<Option<Value>, Error> {
    let everything = Request::get(call.path("/events")?).query("since", "1").query("until", now);
    let remembered = Values::read(call, everything, REMEMBERED)?.values;
    Ok(if remembered.len() < REMEMBERED { None } else { remembered.into_iter().next() })
}

/// Whether an event is younger than `since`, in seconds with a fraction.
fn reaches_back_only_to(oldest: &Value, since: &str) -> bool {
    let (seconds, fraction) = since.split_once('.').unwrap_or((since, "0"));
    let nanoseconds = seconds.parse::<u64>().ok().and_then(|seconds| seconds.checked_mul(1_000_000_000));
    let since = nanoseconds
        .zip(format!("{fraction:0<9}").parse::<u64>().ok())
        .map(|(seconds, fraction)| seconds + fraction);
    oldest["timeNano"].as_u64().zip(since).is_some_and(|(oldest, since)| oldest > since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_whether_the_memory_reaches_back() {
        let oldest = json!({"timeNano": 1_700_000_000_500_000_000_u64});
        assert!(reaches_back_only_to(&oldest, "1700000000"));
        assert!(reaches_back_only_to(&oldest, "1700000000.4"));
        assert!(!reaches_back_only_to(&oldest, "1700000000.6"));
        assert!(!reaches_back_only_to(&oldest, "1800000000"));
    }
}
