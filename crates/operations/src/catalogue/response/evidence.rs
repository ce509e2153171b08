//! `collect_evidence`: what an engine can tell of a container, in one archive that proves itself.
//!
//! The order is RFC 3227's, as far as an engine has it: what vanishes first is taken first. `collect` is also what an isolation
//! calls for its `evidence`.

mod ask;
mod clock;
mod collection;
mod freeze;
pub(super) mod manifest;
mod probe;
mod steps;
mod wanted;

use serde_json::Value;

use self::wanted::{KINDS, PROBES, Probe};
pub(crate) use self::{steps::collect, wanted::Wanted};
use crate::{
    Category, Effect, Error, Operation, Output, Param, Schema,
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
    .about("The case that this is for, such as an incident's number. It is written down beside the evidence.")
    .placeholder("INC-2041")
    .local();
/// Why, for the manifest.
pub(crate) const REASON: Param = text("reason")
    .title("Reason")
    .about("Why this is done, in a sentence. It is written down beside the evidence.")
    .local();

/// What a result of [`collect`] holds.
pub(crate) const COLLECTED: Schema = Schema::All(&[
    Schema::Fields(&["summary", "id", "case_id", "reason"]),
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
    .about("Collects what the engine can tell of a container into one archive, with a manifest of each item's request, times and hash. Pauses a running container while its files are copied, and then unpauses it. What could not be had is listed.")
    .effect(Effect::Contain)
    .category_is(Category::Investigation)
    .touches(&[Touch::Decided(reach)])
    .params(&[
        CONTAINER,
        choices("kinds", KINDS)
            .title("Kinds")
            .about("What to collect. Everything but image layers, if empty; Sockets, Programs and Temporary Files take a probe.")
            .local(),
        lines("paths")
            .open()
            .title("Paths")
            .about("Files or folders of the container to copy besides, one a line.")
            .placeholder("/tmp\n/etc/passwd")
            .local(),
        choice("probe", PROBES)
            .title("Probe")
            .about("How to get what the engine cannot show: not at all; by commands in the container, which runs its own programs; or by a helper container that joins its namespaces. Exec and Helper need access level Full.")
            .default("None")
            .local(),
        text("helper_image")
            .title("Helper Image")
            .about("The image of the helper, one that you trust, with sh, tar and cat. It must be on the engine: nothing is pulled.")
            .default("busybox:latest")
            .shown_for("probe", &["Helper"])
            .local(),
        MAX_SIZE.about("The archive is no larger. What would make it so is cut off, and listed as incomplete."),
        integer("time_limit")
            .title("Time Limit (seconds)")
            .about("What has not come by then is cut off or left out, and listed. The rest is kept.")
            .default("1800")
            .local(),
        CASE_ID,
        REASON,
        OVERRIDE_PROTECTION,
    ])
    .gives(Schema::All(&[COLLECTED, OVERRIDDEN]))
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
