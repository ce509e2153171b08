//! Containers: `/containers/...`. Creating, updating, logs, stats, attach and exec have files of their own.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Container>

pub(crate) mod archive;
pub(crate) mod attach;
pub(crate) mod capture;
pub(crate) mod checkpoints;
pub(crate) mod commit;
pub(crate) mod config;
pub(crate) mod create;
pub(crate) mod exec;
pub(crate) mod exit_code;
pub(crate) mod host_config;
pub(crate) mod lifecycle;
pub(crate) mod logs;
pub(crate) mod networking;
pub(crate) mod processes;
pub(crate) mod resources;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod state;
pub(crate) mod stats;
pub(crate) mod update;
pub(crate) mod wait;

use engine::ApiVersion;

use crate::{
    Category, Effect, Group, Operation, Param, Schema,
    catalogue::{
        containers::lifecycle::{CONTAINED, DISABLE_RESTART, SETTLED},
        dry_run::{self, DRY_RUN_RESULT},
        prune,
    },
    declare::{
        arguments::Arguments,
        operation::always,
        param::{
            CONTAINER, DRY_RUN, FILTERS, OVERRIDE_ISOLATION, OVERRIDE_PROTECTION, flag, integer, signed, text,
        },
        result::{OVERRIDDEN, TEXTS, case},
        target::Touch,
    },
    run::{
        provenance::ONLY_CASE,
        redact::REDACT,
        trim::{FIELDS, MAX_ITEMS},
    },
};

const SIGNAL: Param = text("signal").title("Signal").about("The signal to send, such as SIGTERM or 15.");
const GRACE: Param = signed("t")
    .title("Grace Period (seconds)")
    .about("How long the container may take to stop before it is killed. -1 waits forever. If empty, the container's own stop timeout applies.")
    .extends_deadline();

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of(
    "Containers",
    &[
        OPERATIONS,
        create::OPERATIONS,
        update::OPERATIONS,
        run::OPERATIONS,
        commit::OPERATIONS,
        wait::OPERATIONS,
        logs::OPERATIONS,
        search::LOGS,
        search::WAITING,
        attach::OPERATIONS,
        stats::OPERATIONS,
        processes::OPERATIONS,
        exec::OPERATIONS,
        archive::OPERATIONS,
        search::LISTING,
        search::FILES,
        checkpoints::OPERATIONS,
        prune::CONTAINERS,
    ],
);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("list_containers", "/containers/json")
        .title("List Containers")
        .about("Lists the engine's containers: the running ones, or all.")
        .params(&[
            flag("all").title("All").about("Also list containers that are not running."),
            FILTERS
                .about(
                    "Docker's filters, such as {\"label\": [\"env=prod\"]}. From API 1.56 also annotation.",
                )
                .newer(&[("annotation", ApiVersion::new(1, 56))]),
            integer("limit")
                .title("Limit")
                .about("Only this many of the most recently created containers, in any state."),
            flag("size")
                .title("Size")
                .about("Also return the size of each container's files. This takes the engine some time."),
            FIELDS,
            MAX_ITEMS,
            REDACT,
        ])
        .columns(&["Id", "Image", "Command", "Created", "Status", "Ports", "Names"])
        .list(),
    Operation::get("inspect_container", "/containers/{id}/json")
        .title("Inspect Container")
        .about("Gets all details of a container: its configuration, state, networks and mounts.")
        .params(&[
            CONTAINER,
            flag("size").title("Size").about("Also return the size of the container's files."),
            REDACT,
        ]),
    Operation::post("start_container", "/containers/{id}/start")
        .title("Start Container")
        .about("Starts a container that is created or stopped.")
        .touches(&[Touch::Resumed("id")])
        .params(&[
            CONTAINER,
            text("detachKeys").title("Detach Keys").about("The key sequence that detaches a terminal."),
            OVERRIDE_ISOLATION,
        ])
        .upsets_isolation(always)
        .done("Started container {id}", "Container {id} was already running"),
    Operation::post("stop_container", "/containers/{id}/stop")
        .title("Stop Container")
        .about("Stops a running container. The container is killed if it does not stop within the grace period.")
        .effect(Effect::Contain)
        .touches(&[Touch::Container("id")])
        .params(&[
            CONTAINER,
            SIGNAL.since(1, 42),
            GRACE,
            DISABLE_RESTART,
            OVERRIDE_PROTECTION,
            OVERRIDE_ISOLATION,
        ])
        .upsets_isolation(always)
        .gives(Schema::All(&[CONTAINED, OVERRIDDEN]))
        .run(lifecycle::stop),
    Operation::post("restart_container", "/containers/{id}/restart")
        .title("Restart Container")
        .about("Stops a container and starts it again. The container is killed if it does not stop within the grace period.")
        .touches(&[Touch::Container("id")])
        .params(&[CONTAINER, SIGNAL.since(1, 42), GRACE, OVERRIDE_ISOLATION])
        .upsets_isolation(always)
        .gives(SETTLED)
        .run(lifecycle::restart),
    Operation::post("kill_container", "/containers/{id}/kill")
        .title("Kill Container")
        .about("Sends a signal to a container's main process. SIGKILL ends the container at once.")
        .effect(Effect::Contain)
        .touches(&[Touch::Container("id")])
        .params(&[
            CONTAINER,
            SIGNAL.default("SIGKILL"),
            DISABLE_RESTART,
            OVERRIDE_PROTECTION,
            OVERRIDE_ISOLATION,
        ])
        .upsets_isolation(resumes)
        .gives(Schema::All(&[CONTAINED, OVERRIDDEN]))
        .run(lifecycle::kill),
    Operation::post("pause_container", "/containers/{id}/pause")
        .title("Pause Container")
        .about("Freezes all processes of a container. Their memory and connections are kept.")
        .effect(Effect::Contain)
        .touches(&[Touch::Container("id")])
        .params(&[CONTAINER, OVERRIDE_PROTECTION])
        .gives(Schema::All(&[SETTLED, OVERRIDDEN]))
        .run(lifecycle::pause),
    Operation::post("unpause_container", "/containers/{id}/unpause")
        .title("Unpause Container")
        .about("Resumes all processes of a paused container: it continues.")
        .touches(&[Touch::Resumed("id")])
        .params(&[CONTAINER, OVERRIDE_ISOLATION])
        .upsets_isolation(always)
        .gives(SETTLED)
        .run(lifecycle::unpause),
    Operation::post("rename_container", "/containers/{id}/rename")
        .title("Rename Container")
        .about("Changes the name of a container. Its id stays the same.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Container("id")])
        .params(&[CONTAINER, text("name").title("New Name").about("The new name.").required()])
        .done("Renamed container {id} to {name}", "Container {id} was already named {name}"),
    Operation::post("resize_container", "/containers/{id}/resize")
        .title("Resize Container Terminal")
        .about("Sets the size of a running container's terminal.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Container("id")])
        .params(&[
            CONTAINER,
            integer("h").title("Height").about("The height in characters.").required(),
            integer("w").title("Width").about("The width in characters.").required(),
        ])
        .done(
            "Resized the terminal of container {id}",
            "The terminal of container {id} already had that size",
        ),
    Operation::delete("remove_container", "/containers/{id}")
        .title("Remove Container")
        .about("Removes a container and its files. A running container needs force.")
        .touches(&[Touch::Container("id")])
        .params(&[
            CONTAINER,
            flag("force").title("Force").about("Kill the container first if it is running."),
            flag("v").title("Remove Volumes").about("Also remove the container's anonymous volumes."),
            flag("link").title("Remove Link").about("Remove the link of this name, not the container."),
            DRY_RUN,
            ONLY_CASE,
            OVERRIDE_ISOLATION,
        ])
        .upsets_isolation(always)
        .gives_for(&[case(
            "dry_run",
            "true",
            Schema::All(&[
                DRY_RUN_RESULT,
                Schema::Fields(&["name", "state", "image"]),
                Schema::Field("volumes", &TEXTS),
            ]),
        )])
        .dry_run(dry_run::container)
        .done("Removed container {id}", "Container {id} was already removed"),
];

/// Any signal but KILL lets a paused container run on, if only to handle it.
fn resumes(arguments: &Arguments) -> bool {
    let signal = arguments.text("signal").unwrap_or("SIGKILL").to_ascii_uppercase();
    !matches!(signal.as_str(), "SIGKILL" | "KILL" | "9")
}
