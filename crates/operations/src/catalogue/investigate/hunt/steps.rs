//! The steps of a hunt before files: events, the list, images, inspections and processes.

use engine::{Path, Request, Segment};
use serde_json::{Value, json};

use super::{
    EVENTS_TIME, Hunt, MOST_EVENTS, Subject, Whose,
    asking::{Wanted, look},
    facts,
    indicator::Kind,
    needs_images, needs_inspection,
    record::Trace,
};
use crate::{
    Error,
    run::{
        objects::{id, items},
        stream::Values,
    },
};

impl Hunt<'_, '_> {
    /// The events that the engine remembers, before anything that would push them out.
    pub(super) fn events(&mut self) -> Result<Vec<Value>, Error> {
        let info = match self.asking.one("info", Request::get(Path::fixed("/info"))) {
            Ok(info) => info,
            Err(error) if crate::run::side_by_side::ends_it(&error) => return Err(error),
            Err(_) => Value::Null,
        };
        // Podman has another ID with each answer.
        info["Name"].as_str().unwrap_or_default().clone_into(&mut self.engine);
        // Without the engine's own time it might be waited for.
        let Some(now) = info["SystemTime"].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok())
        else {
            self.limits.push("The engine did not tell its time, so its events were not read.".into());
            return Ok(Vec::new());
        };
        let until = format!("{}.{:09}", now.as_second(), now.subsec_nanosecond());
        let request = Request::get(Path::fixed("/events")).query("since", "1").query("until", &until);
        self.asking.count("events");
        let reply = self.asking.call.stream(request.silence(EVENTS_TIME).deadline(EVENTS_TIME));
        let read = reply.and_then(|reply| Values::of(reply.into_body(), MOST_EVENTS, |_| ()));
        match read {
            Ok(read) => {
                let oldest = read.items.first().and_then(|event| event["time"].as_i64());
                let oldest = oldest.and_then(|time| jiff::Timestamp::from_second(time).ok());
                self.limits.push(match oldest {
                    Some(oldest) => {
                        format!("The engine's events reach back to {oldest}: it remembers 256 at most.")
                    }
                    None => "The engine remembers no events.".into(),
                });
                Ok(read.items)
            }
            Err(error) if crate::run::side_by_side::ends_it(&error) => Err(error),
            Err(error) => {
                let error = error.hiding(&self.asking.call.secrets());
                self.limits.push(format!("The engine's events could not be read: {}", error.message()));
                Ok(Vec::new())
            }
        }
    }

    pub(super) fn in_events(&mut self, events: &[Value]) {
        let mut told = std::collections::HashSet::new();
        for event in events {
            for at in 0..self.indicators.len() {
                let Some((fact, executed)) = facts::of_event(&self.indicators[at], event) else { continue };
                let actor = &event["Actor"];
                let attribute = |name: &str| actor["Attributes"][name].as_str().unwrap_or_default();
                let of_container = event["Type"] == "container";
                let container = if of_container { actor["ID"].as_str().unwrap_or_default() } else { "" };
                let subject = self.subjects.iter().position(|one| one.id == container);
                let is_image = self.images.iter().any(|image| Some(image.as_str()) == actor["ID"].as_str());
                // What is there is found there; of it only what was run tells more.
                if is_image
                    || subject.is_some() && !executed
                    || !told.insert((at, container.to_owned(), fact.value.to_string()))
                {
                    continue;
                }
                let of = match subject {
                    Some(subject) => Whose::Container(subject),
                    None if of_container => Whose::Gone(
                        container.to_owned(),
                        attribute("name").to_owned(),
                        attribute("image").to_owned(),
                    ),
                    None => Whose::Image(String::new(), actor["ID"].as_str().unwrap_or_default().to_owned()),
                };
                self.hit(&of, at, "events", fact, if executed { Trace::Executed } else { Trace::None });
            }
        }
    }

    pub(super) fn in_list(&mut self) {
        for subject in 0..self.subjects.len() {
            for at in 0..self.indicators.len() {
                for fact in facts::of_listed(&self.indicators[at], &self.subjects[subject].listed) {
                    self.hit(&Whose::Container(subject), at, "list", fact, Trace::None);
                }
            }
        }
    }

    pub(super) fn in_images(&mut self) -> Result<(), Error> {
        if !needs_images(&self.indicators) {
            return Ok(());
        }
        let request = Request::get(Path::fixed("/images/json")).query("digests", "true");
        let mut images: Vec<Value> = match self.asking.one("images", request) {
            Ok(images) => items(&images).filter(|image| Segment::name(id(image)).is_ok()).cloned().collect(),
            Err(error) if crate::run::side_by_side::ends_it(&error) => return Err(error),
            Err(error) => {
                let error = error.hiding(&self.asking.call.secrets());
                self.asking.skip("", "", "images", error.message());
                Vec::new()
            }
        };
        // An image may have lost its name while containers still use it.
        for subject in &self.subjects {
            let own = subject.text("ImageID");
            if Segment::name(own).is_ok() && !images.iter().any(|image| id(image) == own) {
                images.push(json!({"Id": own}));
            }
        }
        self.images = images.iter().map(|image| id(image).to_owned()).collect();
        let layers = self.kinds(Kind::Layer);
        if !layers.is_empty() {
            let wanted = images.iter().enumerate().map(|(at, image)| {
                Ok(Wanted {
                    of: at,
                    name: String::new(),
                    id: id(image).to_owned(),
                    what: "the image's layers".into(),
                    request: look("/images/{id}/json", id(image))?,
                })
            });
            let wanted = wanted.collect::<Result<Vec<_>, Error>>()?;
            for (at, image) in self.asking.each("image", wanted)? {
                if let Some(own) = images[at].as_object_mut() {
                    own.insert("RootFS".into(), image["RootFS"].clone());
                }
            }
        }
        for at in self.kinds(Kind::ImageDigest).into_iter().chain(layers) {
            for image in &images {
                let Some(fact) = facts::of_image(&self.indicators[at], image) else { continue };
                let users: Vec<usize> = (0..self.subjects.len())
                    .filter(|subject| self.subjects[*subject].text("ImageID") == id(image))
                    .collect();
                let name =
                    items(&image["RepoTags"]).chain(items(&image["RepoDigests"])).find_map(Value::as_str);
                if users.is_empty() {
                    let of = Whose::Image(name.unwrap_or_default().to_owned(), id(image).to_owned());
                    self.hit(&of, at, "images", fact, Trace::None);
                    continue;
                }
                for subject in users {
                    self.hit(&Whose::Container(subject), at, "images", fact.clone(), Trace::None);
                }
            }
        }
        Ok(())
    }

    /// What is to be asked of these containers.
    pub(super) fn wanted(
        &self,
        what: &str,
        template: &str,
        needs: impl Fn(&Subject) -> bool,
    ) -> Result<Vec<Wanted>, Error> {
        let subjects = self.subjects.iter().enumerate().filter(|(_, one)| needs(one));
        let wanted = subjects.map(|(of, one)| {
            Ok(Wanted {
                of,
                name: one.name.clone(),
                id: one.id.clone(),
                what: what.to_owned(),
                request: look(template, &one.id)?,
            })
        });
        wanted.collect()
    }

    pub(super) fn in_inspections(&mut self) -> Result<(), Error> {
        let needs = |one: &Subject| needs_inspection(&self.indicators, one);
        let wanted = self.wanted("inspection", "/containers/{id}/json", needs)?;
        for (subject, container) in self.asking.each("inspect", wanted)? {
            for at in 0..self.indicators.len() {
                for fact in facts::of_inspected(&self.indicators[at], &container) {
                    self.hit(&Whose::Container(subject), at, "inspect", fact, Trace::None);
                }
            }
        }
        if !self.kinds(Kind::Address).is_empty() {
            self.limits.push(
                "An address is looked for among the containers' own and in what they were set up with: engines do not tell \
                 connections."
                    .into(),
            );
        }
        Ok(())
    }

    pub(super) fn in_processes(&mut self) -> Result<(), Error> {
        let processes = self.kinds(Kind::Process);
        if processes.is_empty() {
            return Ok(());
        }
        for at in 0..self.subjects.len() {
            let one = &self.subjects[at];
            if !one.is_running() {
                let (name, id) = (one.name.clone(), one.id.clone());
                let reason = format!("it is {}: no process is there", one.text("State"));
                self.asking.skip(&name, &id, "processes", &reason);
            }
        }
        let wanted = self.wanted("processes", "/containers/{id}/top", Subject::is_running)?;
        for (subject, top) in self.asking.each("top", wanted)? {
            for at in &processes {
                for fact in facts::of_processes(&self.indicators[*at], &top) {
                    self.hit(&Whose::Container(subject), *at, "top", fact, Trace::None);
                }
            }
        }
        Ok(())
    }
}
