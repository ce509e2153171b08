//! `find_related`: what a container has in common with others, the engine and the host, and who controls whom.

mod graph;
mod picture;
mod shares;
pub(crate) mod ties;

pub(super) use self::shares::{SWARM_SERVICE, SWARM_SERVICE_NAME};

use serde_json::{Map, Value, json};

use self::{
    graph::{Related, graph},
    ties::{Control, Risk, Tie, between, beyond, to_the_engine, to_the_host},
};
use super::{
    attachment::attach,
    looks::Looks,
    plain::plain,
    survey::{MOST_REQUESTS, Survey},
};
use crate::{
    Error, Operation, Output, Param, Schema,
    declare::{
        param::{CONTAINER, TIME_LIMIT, choice},
        result::{TEXTS, case},
    },
    run::{
        call::Call,
        files::ATTACHMENT,
        trim::{FIELDS, MAX_ITEMS, trim},
    },
};

const FORMAT: Param = choice("format", &[("JSON", "json"), ("SVG", "svg")])
    .title("Format")
    .about("JSON gives the result alone. SVG also attaches a picture of the relations.")
    .default("JSON")
    .local();

/// ATT&CK's id and name of a technique.
pub(super) const TECHNIQUE: Schema = Schema::Field("technique", &Schema::Fields(&["id", "name"]));
const FOUND: Schema = Schema::All(&[
    Schema::Fields(&["id", "name", "status", "image", "summary", "count"]),
    Schema::Field("by_risk", &Schema::Fields(&["critical", "high", "medium", "low", "info"])),
    Schema::Field(
        "related",
        &Schema::List(&Schema::All(&[
            Schema::Fields(&["type", "id", "name", "status", "image", "risk", "reason", "control"]),
            Schema::Field(
                "ways",
                &Schema::List(&Schema::All(&[
                    Schema::Fields(&[
                        "kind",
                        "through",
                        "what",
                        "control",
                        "risk",
                        "subject_address",
                        "address",
                        "subject_access",
                        "access",
                    ]),
                    TECHNIQUE,
                ])),
            ),
        ])),
    ),
    Schema::Field(
        "graph",
        &Schema::All(&[
            Schema::Field(
                "nodes",
                &Schema::List(&Schema::Fields(&["id", "kind", "name", "status", "risk", "is_subject"])),
            ),
            Schema::Field(
                "edges",
                &Schema::List(&Schema::Fields(&["from", "to", "kind", "label", "risk", "control"])),
            ),
        ]),
    ),
    Schema::Fields(&["examined", "requests", "truncated"]),
    Schema::Field("limits", &TEXTS),
]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("find_related", "/containers/{id}/json")
    .title("Find Related")
    .about("Finds what a container is related to, and who controls whom: containers that share a network, volume, host folder, namespace, image, project or service with it, the engine, and the host. The riskiest come first. Looks at 500 containers at most.")
    .params(&[CONTAINER, FORMAT, FIELDS, MAX_ITEMS, TIME_LIMIT])
    .gives(FOUND)
    .gives_for(&[case("format", "SVG", Schema::All(&[FOUND, Schema::Field("attachment", &ATTACHMENT)]))])
    .table("related", &["risk", "type", "name", "control", "reason"])
    .shows(crate::View::Relations)
    .run(find_related)];

fn find_related(call: &Call<'_>) -> Result<Output, Error> {
    let named = call.arguments.text("id").unwrap_or_default();
    let mut looks = Looks::within(call, MOST_REQUESTS);
    let survey = Survey::of(&mut looks, named)?;
    let related = related(&survey);
    let one = &survey.subject;
    let subject = json!({"id": one.id, "name": one.name, "status": one.status, "image": one.image});
    let summary = summary(&one.name, &related);
    let mut limits = looks.missing();
    limits.extend(beyond(&survey));
    limits.push("Only this engine was looked at: what a program reaches outside of it is not known.".into());
    let mut listed: Value = related.iter().map(shown).collect();
    trim(&mut listed, &call.arguments);
    let is_trimmed = listed.as_array().is_some_and(|listed| listed.len() < related.len());
    let mut result = Map::new();
    for (name, value) in subject.as_object().into_iter().flatten() {
        result.insert(name.clone(), value.clone());
    }
    let counted = |risk: Risk| related.iter().filter(|thing| thing.risk() == risk).count();
    let by_risk: Map<String, Value> =
        Risk::ALL.iter().map(|risk| (risk.name().to_owned(), counted(*risk).into())).collect();
    result.insert("summary".into(), summary.as_str().into());
    result.insert("count".into(), related.len().into());
    result.insert("by_risk".into(), by_risk.into());
    result.insert("related".into(), listed);
    result.insert("graph".into(), graph(&subject, &related));
    result.insert("examined".into(), (survey.others.len() + 1).into());
    result.insert("requests".into(), looks.requests().into());
    result.insert("truncated".into(), is_trimmed.into());
    result.insert("limits".into(), limits.into());
    if call.arguments.text(FORMAT) == Some("svg") {
        let drawn = picture::picture(&subject, &summary, &related);
        let attached = attach(
            call,
            &one.name,
            "related.svg",
            &format!("What is related to container {}", one.name),
            drawn,
        )?;
        result.insert("attachment".into(), attached.into());
    }
    Ok(result.into())
}

/// What the subject is related to, the riskiest first.
pub(super) fn related(survey: &Survey) -> Vec<Related> {
    let thing = |kind, id: &str, name: &str, ties: Vec<Tie>| Related {
        kind,
        id: id.to_owned(),
        name: name.to_owned(),
        status: String::new(),
        image: String::new(),
        ties,
    };
    let (engine, host) = ties::host(&survey.info);
    let name = |name: &str, other: &str| if name.is_empty() { other.to_owned() } else { name.to_owned() };
    let mut related = vec![
        thing("engine", engine, &name(host, "engine"), to_the_engine(survey)),
        thing("host", engine, &name(host, "host"), to_the_host(survey)),
    ];
    related.extend(survey.others.iter().map(|other| Related {
        kind: "container",
        id: other.id.clone(),
        name: other.name.clone(),
        status: other.status.clone(),
        image: other.image.clone(),
        ties: between(survey, other),
    }));
    related.retain(|thing| !thing.ties.is_empty());
    // The sort is stable: what is alike stays in the engine's order.
    related.sort_by(|a, b| {
        let of = |thing: &Related| (thing.risk(), thing.kind != "container", thing.ties.len());
        of(b).cmp(&of(a)).then_with(|| a.name.cmp(&b.name))
    });
    related
}

fn shown(thing: &Related) -> Value {
    let ways: Vec<Value> = thing.ties.iter().map(Tie::shown).collect();
    let or_null = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
    json!({
        "type": thing.kind,
        "id": or_null(&thing.id),
        "name": thing.name,
        "status": or_null(&thing.status),
        "image": or_null(&thing.image),
        "risk": thing.risk().name(),
        "reason": thing.ties.first().map(|tie| tie.what.as_str()),
        "control": thing.control().name(),
        "ways": ways,
    })
}

/// The result in a sentence or two.
fn summary(name: &str, related: &[Related]) -> String {
    let name = plain(name, 80);
    let containers = related.iter().filter(|thing| thing.kind == "container").count();
    let controls = |wanted: Control| {
        related
            .iter()
            .filter(|thing| thing.kind == "container")
            .filter(|thing| thing.control() == wanted || thing.control() == Control::Both)
            .count()
    };
    let mut told = vec![match containers {
        0 => format!("No other container is related to {name}."),
        1 => format!("One container is related to {name}."),
        count => format!("{count} containers are related to {name}."),
    }];
    let has =
        |kind: &str| related.iter().any(|thing| thing.kind == kind && thing.control() == Control::Controls);
    let (over, under) = (controls(Control::Controls), controls(Control::ControlledBy));
    let are =
        |count: usize| if count == 1 { "1 container".to_owned() } else { format!("{count} containers") };
    if has("engine") {
        told.push("It can control the engine, and so every container and the host.".to_owned());
    } else if has("host") {
        told.push("It can control the host, and so every container.".to_owned());
    } else if over > 0 {
        told.push(format!("It can control or alter {}.", are(over)));
    }
    if under > 0 {
        told.push(format!("{} can control or alter it.", are(under)));
    }
    told.join(" ")
}
