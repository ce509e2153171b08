//! `collect_evidence`: what an engine can tell of a container, in one archive that proves itself.
//!
//! The order is RFC 3227's, as far as an engine has it: what vanishes first is taken first. `collect` is also what an isolation
//! calls for its `evidence`.

mod ask;
mod clock;
mod collection;
mod freeze;
pub(super) mod holder;
pub(super) mod manifest;
mod probe;
mod steps;
mod wanted;

use serde_json::Value;

use self::wanted::{KINDS, PROBES, Probe};
pub(crate) use self::{steps::collect, wanted::Wanted};
use crate::{
    Category, Effect, Error, Operation, Output, Param, Schema, View,
    declare::{
        arguments::{Arguments, Named},
        param::{CONTAINER, OVERRIDE_PROTECTION, choice, choices, integer, lines, text},
        result::{OVERRIDDEN, TEXTS},
        target::{Reach, Target, Touch},
    },
    run::{
        call::Call,
        files::{ATTACHMENT, MAX_SIZE},
    },
};

/// What the case is, for the manifest. Isolations have the same.
pub(crate) const CASE_ID: Param = text("case_id")
    .title("Case")
    .about("The case that this belongs to, such as an incident number. It is recorded with the evidence.")
    .placeholder("INC-2041")
    .local();
/// Why, for the manifest.
pub(crate) const REASON: Param = text("reason")
    .title("Reason")
    .about("The reason, in a sentence. It is recorded with the evidence.")
    .local();

/// Who, for the manifest.
pub(crate) const OPERATOR: Param = text("operator")
    .title("Operator")
    .about("Who does this. It is written down beside the evidence. FortiSOAR does not tell a connector who runs a playbook, so the playbook has to: its variable currentUser (vars.currentUser) is the user who started it by hand.")
    .placeholder("ana.lopez")
    .local();

/// What a result of [`collect`] holds.
pub(crate) const COLLECTED: Schema = Schema::All(&[
    Schema::Fields(&["summary", "id", "case_id", "reason", "operator"]),
    Schema::Field("attachment", &ATTACHMENT),
    Schema::Fields(&["size", "sha256", "manifest_sha256", "is_signed", "state_before", "state_after"]),
    Schema::Field(
        "items",
        &Schema::List(&Schema::Fields(&["name", "kind", "bytes", "sha256", "complete", "why"])),
    ),
    Schema::Field("missing", &Schema::List(&Schema::Fields(&["kind", "what", "why"]))),
    Schema::Field("warnings", &TEXTS),
]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::post("collect_evidence", "/containers/{id}/pause")
    .title("Collect Evidence")
    .about("Collects everything that the engine can tell about a container into one archive, with a manifest of each item's request, times and hash. Pauses a running container while its files are copied, then unpauses it. Lists what could not be collected.")
    .effect(Effect::Contain)
    .category_is(Category::Investigation)
    .touches(&[Touch::Decided(reach)])
    .params(&[
        CONTAINER,
        choices("kinds", KINDS)
            .title("Kinds")
            .about("What to collect. If empty, everything except image layers. Sockets, Programs and Temporary Files need a probe.")
            .local(),
        lines("paths")
            .open()
            .title("Paths")
            .about("Additional files or folders of the container to copy, one on each line.")
            .placeholder("/tmp\n/etc/passwd")
            .local(),
        choice("probe", PROBES)
            .title("Probe")
            .about("How to collect what the engine cannot show. None: not at all. Exec: with commands in the container, which runs its own programs. Helper: with a helper container that joins its namespaces. Exec and Helper need access level Full.")
            .default("None")
            .local(),
        text("helper_image")
            .title("Helper Image")
            .about("The helper's image: one that you trust, with sh, tar and cat. It must be on the engine, because nothing is pulled.")
            .default("busybox:latest")
            .shown_for("probe", &["Helper"])
            .local(),
        MAX_SIZE.about("The maximum size of the archive. Items that exceed it are cut off and listed as incomplete."),
        integer("time_limit")
            .title("Time Limit (seconds)")
            .about("Items that are not complete by then are cut off or left out, and listed. The rest is kept.")
            .default("1800")
            .local(),
        CASE_ID,
        REASON,
        OPERATOR,
        OVERRIDE_PROTECTION,
    ])
    .gives(Schema::All(&[COLLECTED, OVERRIDDEN]))
    .shows(View::Evidence)
    .run(collect_evidence)];

/// Copying files pauses the container, and a probe runs something on the engine. All else only looks.
fn reach(arguments: &mut Arguments) -> Reach {
    let wanted = Wanted::of(arguments);
    let effect = match (wanted.probe, wanted.copies_files()) {
        (Probe::Exec | Probe::Helper, _) => Effect::Change,
        (Probe::None, true) => Effect::Contain,
        (Probe::None, false) => Effect::Read,
    };
    let named = Named::by("id", arguments.text("id").unwrap_or_default());
    Reach { effect, targets: vec![Target::Container(named)] }
}

fn collect_evidence(call: &Call<'_>) -> Result<Output, Error> {
    let collected =
        collect(call, call.arguments.text("id").unwrap_or_default(), &Wanted::of(&call.arguments))?;
    Ok(Value::Object(collected).into())
}
