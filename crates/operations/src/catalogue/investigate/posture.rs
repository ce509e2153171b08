//! `audit_posture`: how an engine, its containers and images are configured, held against the checks of `data/posture.json`.

mod asked;
mod audit;
mod checks;
mod compare;
mod escape;
mod facts;
mod facts_engine;
mod facts_image;
mod report;
mod rule;
pub(super) mod secret_looking;
mod told;

use serde_json::Value;

use self::{
    asked::{Asked, Wanted},
    audit::{Audit, Subject},
    checks::{Scope, chosen, table},
    compare::Earlier,
    escape::way_out,
};
use crate::{
    Error, Operation, Output, Schema,
    declare::{
        param::{TIME_LIMIT, choice, choices, json, list, text as text_param},
        result::TEXTS,
    },
    run::{
        call::Call,
        files::ATTACHMENT,
        objects::{items, text},
    },
};

const SCOPES: &[(&str, &str)] =
    &[("All", "all"), ("Engine", "engine"), ("Containers", "containers"), ("Images", "images")];
const FORMATS: &[(&str, &str)] = &[("HTML", "html"), ("CSV", "csv"), ("JSON", "json")];

const FINDING: &[&str] = &[
    "key",
    "name",
    "check",
    "title",
    "severity",
    "cis",
    "scope",
    "subject",
    "subject_id",
    "image",
    "verdict",
    "field",
    "value",
    "evidence",
    "description",
    "remedy",
    "attack",
    "attack_names",
    "source",
    "source_id",
    "change",
];
const VERDICT: &[&str] =
    &["check", "severity", "cis", "scope", "subject", "verdict", "field", "value", "why", "remedy", "attack"];
/// The columns of the CSV, which has room for more.
const COLUMNS: &[&str] = &[
    "check",
    "title",
    "severity",
    "cis",
    "scope",
    "subject",
    "subject_id",
    "verdict",
    "field",
    "value",
    "evidence",
    "why",
    "remedy",
    "attack",
];
const CHANGE: &[&str] = &["key", "check", "title", "severity", "scope", "subject", "field", "value"];

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("audit_posture", "/info")
    .title("Audit Posture")
    .about("Checks how the engine, its containers, images and networks are configured: 128 checks, by the CIS Docker Benchmark where it has a number. Gives what failed, worst first, with the very field and value and what to do; whether each container leads out to the host; known flaws of the engine, containerd and runc; and what cannot be known over the API.")
    .params(&[
        choice("scope", SCOPES)
            .title("Scope")
            .about("What to look at. Networks belong to the engine.")
            .default("All")
            .local(),
        text_param("id")
            .title("Container or Image")
            .about("Only this container or image, by its name or id.")
            .placeholder("web")
            .local(),
        list("checks")
            .title("Checks")
            .about("Only these: ids (container.privileged), kinds (host, swarm, container, image, network), severities (critical, high, medium, low, info), CIS numbers or sections (5.5, 5), ATT&CK techniques (T1611), or escape. Empty means all.")
            .placeholder("critical, high")
            .local(),
        choices("format", FORMATS)
            .title("Reports")
            .about("Attachments to make besides the data: a page (HTML), a table of every verdict (CSV), or the whole result (JSON), which a later audit compares with.")
            .local(),
        json("compare_with")
            .open()
            .title("Compare With")
            .about("An earlier result, or the JSON attachment of one: an object, or the attachment's id or address. The result then says what is new, gone and unchanged.")
            .names_a_file()
            .local(),
        TIME_LIMIT,
    ])
    .gives(Schema::All(&[
        Schema::Fields(&["summary", "time", "scope"]),
        Schema::Field("engine", &Schema::Fields(&["id", "name", "version", "api_version", "operating_system"])),
        Schema::Field(
            "counts",
            &Schema::Fields(&["critical", "high", "medium", "low", "info", "passed", "failed", "not_assessable"]),
        ),
        Schema::Field("findings", &Schema::List(&Schema::Fields(FINDING))),
        Schema::Field("checks", &Schema::List(&Schema::Fields(VERDICT))),
        Schema::Field(
            "containers",
            &Schema::List(&Schema::Fields(&[
                "id", "name", "image", "state", "escape", "why", "by", "critical", "high", "medium", "low", "info",
            ])),
        ),
        Schema::Field(
            "flaws",
            &Schema::List(&Schema::Fields(&["component", "version", "id", "what", "severity", "fixed_in", "certainty"])),
        ),
        Schema::Fields(&["flaws_known_until"]),
        Schema::Field("unknown", &Schema::List(&Schema::Fields(&["cis", "what", "why"]))),
        Schema::Field("missing", &TEXTS),
        Schema::Field(
            "comparison",
            &Schema::All(&[
                Schema::Fields(&["summary", "compared_with", "new_count", "gone_count", "unchanged_count", "not_compared"]),
                Schema::Field("new", &Schema::List(&Schema::Fields(CHANGE))),
                Schema::Field("gone", &Schema::List(&Schema::All(&[Schema::Fields(CHANGE), Schema::Fields(&["why"])]))),
                Schema::Field("unchanged", &Schema::List(&Schema::Fields(CHANGE))),
            ]),
        ),
        Schema::Field(
            "attachments",
            &Schema::All(&[
                Schema::Field("html", &ATTACHMENT),
                Schema::Field("csv", &ATTACHMENT),
                Schema::Field("json", &ATTACHMENT),
            ]),
        ),
    ]))
    .table("findings", &["severity", "check", "subject", "field", "value"])
    .shows(crate::View::Posture)
    .run(audit)];

/// Carries it out; `explain_container` does so for one container.
pub(super) fn audit(call: &Call<'_>) -> Result<Output, Error> {
    let arguments = &call.arguments;
    let checks = chosen(arguments.texts("checks"))?;
    let earlier = Earlier::of(call)?;
    let scope = arguments.text("scope").filter(|scope| !scope.is_empty()).unwrap_or("all");
    let id = arguments.text("id").map(str::trim).filter(|id| !id.is_empty());
    if id.is_some() && scope == "engine" {
        return Err(Error::fault(
            "id names a container or an image, and scope is Engine: leave one of them out",
        ));
    }
    let wants = |word: &str| scope == "all" || scope == word;
    let has = |wanted: &[Scope]| checks.iter().any(|check| wanted.contains(&check.scope));
    let wanted = Wanted {
        checks: &checks,
        engine: wants("engine") && id.is_none() && has(&[Scope::Engine, Scope::Network]),
        containers: wants("containers") && has(&[Scope::Container]),
        images: wants("images") && has(&[Scope::Image]),
        id,
        programs: id.is_some() && has(&[Scope::Container])
            || arguments.texts("checks").any(|word| word.trim().eq_ignore_ascii_case("container.sshd")),
    };
    let asked = Asked::of(call, &wanted)?;
    let mut audit = Audit::of(call, scope, &asked, earlier.as_ref());
    let is_podman = asked.is_podman();
    if wanted.engine {
        let name = audit.engine_name.clone();
        let subject = Subject { scope: Scope::Engine, name: &name, id: text(&asked.info, "ID"), image: "" };
        audit.look(&checks, &subject, &facts_engine::document(&asked, is_podman));
        for network in items(&asked.networks) {
            let subject = Subject {
                scope: Scope::Network,
                name: text(network, "Name"),
                id: text(network, "Id"),
                image: "",
            };
            audit.look(&checks, &subject, &facts_image::network(network, &asked));
        }
    }
    let engine = facts::of_engine(&asked, is_podman);
    for container in &asked.containers {
        let document = facts::document(container, &asked, &engine);
        let subject = Subject {
            scope: Scope::Container,
            name: text(container, "Name").trim_start_matches('/'),
            id: text(container, "Id"),
            image: text(&container["Config"], "Image"),
        };
        let counts = audit.look(&checks, &subject, &document);
        audit.container(container, &subject, &way_out(&document, &table()?.checks), counts);
    }
    for image in &asked.inspected_images {
        let id = text(image, "Id");
        let tags = items(&image["RepoTags"]).chain(items(&image["RepoDigests"]));
        let name = tags.filter_map(Value::as_str).find(|name| !name.starts_with("<none>")).unwrap_or(id);
        let subject = Subject { scope: Scope::Image, name, id, image: "" };
        audit.look(&checks, &subject, &facts_image::image(image, &asked, audit.now.as_second()));
    }
    let result = audit.result(&wanted)?;
    audit.with_attachments(result)
}
