//! `explain_container`: one page on a container for an analyst who has never seen it.

mod gathered;
mod masked;
mod next;
mod page;
mod sections;
mod unusual;

use serde_json::{Map, Value, json};

use self::{
    gathered::Gathered,
    next::{Assessment, Step, next, unusual},
    page::{Section, markdown},
};
use super::{
    looks::Looks,
    plain::plain,
    related::{TECHNIQUE, ties::beyond},
    survey::MOST_REQUESTS,
};
use crate::{
    Error, Operation, Output, Schema,
    declare::{
        param::{CONTAINER, TIME_LIMIT},
        result::TEXTS,
    },
    run::call::Call,
};

/// What the survey of the other containers does not need.
const OWN_REQUESTS: usize = 60;

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("explain_container", "/containers/{id}/json")
    .title("Explain Container")
    .about("Explains a container on one page: what it is, since when, what it may do, what it talks to, what it has changed, what is unusual, and what to do next. Each sentence has the fact that it rests on. Values of its environment are not shown.")
    .params(&[CONTAINER, TIME_LIMIT])
    .gives(Schema::All(&[
        Schema::Fields(&["id", "name", "status", "image", "assessment", "summary", "markdown"]),
        Schema::Field(
            "sections",
            &Schema::List(&Schema::All(&[
                Schema::Fields(&["key", "title"]),
                Schema::Field(
                    "sentences",
                    &Schema::List(&Schema::All(&[
                        Schema::Fields(&["text"]),
                        Schema::Field("facts", &Schema::List(&Schema::Fields(&["field", "value"]))),
                        TECHNIQUE,
                    ])),
                ),
            ])),
        ),
        Schema::Field("next", &Schema::List(&Schema::Fields(&["operation", "why", "id"]))),
        Schema::Fields(&["requests"]),
        Schema::Field("limits", &TEXTS),
    ]))
    .table("next", &["operation", "why"])
    .run(explain)];

fn explain(call: &Call<'_>) -> Result<Output, Error> {
    let named = call.arguments.text("id").unwrap_or_default();
    let mut looks = Looks::within(call, MOST_REQUESTS + OWN_REQUESTS);
    let found = Gathered::of(&mut looks, named)?;
    let (odd, assessment, is_nothing) = unusual(&found);
    let (to_do, steps) = next(&found, assessment);
    let sections = [
        sections::what(&found),
        sections::since(&found),
        sections::rights(&found),
        sections::talks(&found),
        sections::changed(&found),
        odd,
        to_do,
    ];
    let mut limits = looks.missing();
    limits.extend(beyond(&found.survey));
    limits.push("Commands are known from the engine's last events only, and not who ran them.".into());
    limits.push("What is in memory, in tmpfs and in volumes is not among its changed files.".into());
    let seen = &found.survey.subject;
    let summary = summary(&found, assessment, is_nothing, &sections);
    let title = format!("Container {}", plain(&seen.name, 80));
    let next: Vec<Value> = steps.iter().map(|step: &Step| step.shown(&seen.id)).collect();
    Ok(Map::from_iter([
        ("id".to_owned(), seen.id.as_str().into()),
        ("name".to_owned(), seen.name.as_str().into()),
        ("status".to_owned(), seen.status.as_str().into()),
        ("image".to_owned(), seen.image.as_str().into()),
        ("assessment".to_owned(), assessment.word().into()),
        ("summary".to_owned(), summary.as_str().into()),
        ("markdown".to_owned(), markdown(&title, &summary, &sections, &limits).into()),
        ("sections".to_owned(), sections.iter().map(Section::shown).collect::<Vec<_>>().into()),
        ("next".to_owned(), next.into()),
        ("requests".to_owned(), looks.requests().into()),
        ("limits".to_owned(), json!(limits)),
    ])
    .into())
}

/// The page in two sentences.
fn summary(found: &Gathered, assessment: Assessment, is_nothing: bool, sections: &[Section]) -> String {
    let seen = &found.survey.subject;
    let standing = match found.isolation {
        Some(_) => format!("isolated, {}", seen.status),
        None => seen.status.clone(),
    };
    let what = format!(
        "{} ({}) is a container of image {}.",
        plain(&seen.name, 80),
        plain(&standing, 60),
        plain(&seen.image, 100)
    );
    let first = |key: &str| {
        let section = sections.iter().find(|section| section.key == key);
        section.and_then(|section| section.sentences.first()).map(|sentence| sentence.text().to_owned())
    };
    let judged = match assessment {
        Assessment::Suspicious => {
            format!("It is suspicious. {}", first("unusual").unwrap_or_default())
        }
        Assessment::Risky => {
            format!("Nothing in it is suspicious, but it is risky. {}", first("rights").unwrap_or_default())
        }
        Assessment::Unremarkable if is_nothing => "Nothing unusual was found.".to_owned(),
        Assessment::Unremarkable => {
            format!("Nothing in it is suspicious. {}", first("unusual").unwrap_or_default())
        }
    };
    format!("{what} {judged}")
}
