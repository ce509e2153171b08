//! Looks within bounds: so many requests and so much time for one call. What could not be looked at is said, and the rest goes on.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use engine::{Path, Request, Segment};
use serde_json::Value;

use crate::{
    Error,
    run::{
        call::Call,
        side_by_side::{ends_it, look_side_by_side},
    },
};

/// So many are asked for side by side before the bounds are looked at again.
const ROUND: usize = 64;

/// The looks of one call.
pub(crate) struct Looks<'a, 'c> {
    pub(crate) call: &'a Call<'c>,
    until: Instant,
    left: usize,
    made: usize,
    /// What could not be looked at: why, and how often.
    missing: BTreeMap<String, usize>,
}

impl<'a, 'c> Looks<'a, 'c> {
    /// Within so many requests, and the call's time limit.
    pub(crate) fn within(call: &'a Call<'c>, requests: usize) -> Self {
        Self {
            call,
            until: Instant::now() + call.time_limit(),
            left: requests,
            made: 0,
            missing: BTreeMap::new(),
        }
    }

    /// A look that the call cannot do without.
    pub(crate) fn must(&mut self, request: Request) -> Result<Value, Error> {
        self.made += 1;
        self.left = self.left.saturating_sub(1);
        Ok(self.call.send(request.deadline(self.remaining()))?.json()?)
    }

    /// A look that adds to the result. Null where the engine refuses it, where it is not there, or where a bound is reached:
    /// the result says so, as `what`.
    pub(crate) fn may(&mut self, what: &str, request: Request) -> Result<Value, Error> {
        if let Some(bound) = self.bound() {
            self.miss(&format!("{what}: {bound}"));
            return Ok(Value::Null);
        }
        let answer = self.must(request);
        self.had(what, answer)
    }

    /// [`Looks::may`] at a path with one name in it.
    pub(crate) fn may_get(&mut self, what: &str, template: &str, name: &str) -> Result<Value, Error> {
        self.may(what, Request::get(Path::fill(template, |_| Segment::name(name))?))
    }

    /// [`Looks::may_get`] for each of these names, several at a time; the answers are in their order.
    pub(crate) fn may_get_each(
        &mut self,
        what: &str,
        template: &str,
        names: &[&str],
    ) -> Result<Vec<Value>, Error> {
        let mut answers = Vec::with_capacity(names.len());
        for round in names.chunks(ROUND) {
            if let Some(bound) = self.bound() {
                self.miss(&format!("{what}: {bound}"));
                break;
            }
            let within = self.remaining();
            let asked = round.iter().take(self.left).map(|name| {
                Ok(Request::get(Path::fill(template, |_| Segment::name(name))?).deadline(within))
            });
            let asked = asked.collect::<Result<Vec<_>, Error>>()?;
            self.made += asked.len();
            self.left -= asked.len();
            for answer in look_side_by_side(self.call, asked)? {
                answers.push(self.had(what, answer)?);
            }
        }
        answers.resize(names.len(), Value::Null);
        Ok(answers)
    }

    /// An answer, or null and what is missing.
    fn had(&mut self, what: &str, answer: Result<Value, Error>) -> Result<Value, Error> {
        match answer {
            Ok(value) => Ok(value),
            Err(error) if ends_it(&error) => Err(error),
            Err(error) => {
                let error = error.hiding(&self.call.secrets());
                // Containers come and go while they are listed.
                if error.status() != Some(404) {
                    self.miss(&format!("{what}: {}", error.message()));
                }
                Ok(Value::Null)
            }
        }
    }

    /// Which bound is reached, if one is.
    pub(crate) fn bound(&self) -> Option<&'static str> {
        if self.left == 0 {
            Some("the call may send no more requests")
        } else if self.remaining().is_zero() {
            Some("the time limit is reached")
        } else {
            None
        }
    }

    pub(crate) fn remaining(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Counts a request that was sent beside these.
    pub(crate) fn count(&mut self) {
        self.made += 1;
        self.left = self.left.saturating_sub(1);
    }

    /// Notes what the result lacks.
    pub(crate) fn miss(&mut self, what: &str) {
        *self.missing.entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn requests(&self) -> usize {
        self.made
    }

    /// What the result lacks, a sentence each.
    pub(crate) fn missing(&self) -> Vec<String> {
        let told = |(what, times): (&String, &usize)| match times {
            1 => what.clone(),
            times => format!("{what} ({times} times)"),
        };
        self.missing.iter().map(told).collect()
    }
}
