//! The swarm itself: `/swarm/...`. Its tokens and keys are shown only by what is there for that.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Swarm>

mod membership;
mod settings;
mod tokens;

use serde_json::Value;

use crate::{
    Category, Effect, Error, Group, Operation, Output, Param, Schema, Secrecy,
    catalogue::labels::{ADD_LABELS, LABELS, REMOVE_LABELS},
    declare::{
        operation::always,
        param::{
            ADDITIONAL_FIELDS, DRY_RUN, OVERRIDE_ISOLATION, all_within, choice, flag, integer, joined, list,
            map, secret, text,
        },
        result::DONE,
        target::Touch,
    },
    run::{call::Call, redact::REDACT, secrets::MASK},
};

const LISTEN: Param = text("ListenAddr")
    .title("Listen Address")
    .about("The listen address for other managers: an IP address or an interface, with a port if it is not 2377.")
    .default("0.0.0.0:2377")
    .body();
const ADVERTISE: Param = text("AdvertiseAddr")
    .title("Advertise Address")
    .about("The IP address or interface at which other nodes reach this one. The engine detects it only if the host has a single address.")
    .body();
const DATA_PATH: Param = text("DataPathAddr")
    .title("Data Path Address")
    .about("The IP address or interface for the containers' traffic between nodes. If empty, the advertised address.")
    .body();
const AVAILABILITY: Param =
    choice("Availability", &[("Active", "active"), ("Pause", "pause"), ("Drain", "drain")])
        .title("Availability")
        .about("Whether the node accepts tasks. With Pause or Drain, a manager runs no tasks.")
        .body();

const SHOW_TOKENS: Param = flag("show_join_tokens")
    .title("Show Join Tokens")
    .about(
        "Show the join tokens. Anyone with a token can join the swarm: with the manager token as a manager.",
    )
    .local();

const FOUNDING: [Param; 8] = [
    LISTEN,
    ADVERTISE,
    DATA_PATH,
    integer("DataPathPort")
        .title("Data Path Port")
        .about("The UDP port for the containers' traffic, from 1024 to 49151. If empty, 4789.")
        .body(),
    list("DefaultAddrPool")
        .title("Default Address Pools")
        .about("Address pools for the subnets of overlay networks, such as 10.10.0.0/16.")
        .body(),
    integer("SubnetSize")
        .title("Subnet Size (bits)")
        .about("The prefix length of each network's subnet in the pools, such as 24.")
        .body(),
    AVAILABILITY,
    flag("ForceNewCluster")
        .title("Force New Cluster")
        .about(
            "Create a new swarm from this manager alone, after the other managers were lost. Services are kept.",
        )
        .body(),
];
const FOUNDING_LABELS: [Param; 1] = [map("Labels")
    .secret(Secrecy::Values)
    .title("Labels")
    .about("The labels of the swarm, such as site=north.")
    .body()];
const FOUNDED: &[Param] = &joined::<21>(&[
    &FOUNDING,
    &all_within("Spec", FOUNDING_LABELS),
    &all_within("Spec", settings::SETTINGS),
    &[ADDITIONAL_FIELDS],
]);
const UPDATED: &[Param] = &joined::<18>(&[
    &[LABELS, ADD_LABELS, REMOVE_LABELS],
    &settings::SETTINGS,
    &settings::ROTATIONS,
    &[ADDITIONAL_FIELDS],
]);

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of("Swarm", &[OPERATIONS]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("inspect_swarm", "/swarm")
        .title("Inspect Swarm")
        .about("Gets the settings of the swarm, its certificates and its addresses. Masks the join tokens unless you ask for them. The engine must be a manager. For the state of any node, use Get System Information.")
        .params(&[SHOW_TOKENS, REDACT])
        .gives(Schema::Answer("GET /swarm"))
        .run(inspect),
    Operation::post("init_swarm", "/swarm/init")
        .title("Init Swarm")
        .about("Creates a swarm with this engine as its first manager.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(FOUNDED)
        .gives(DONE)
        .run(membership::init),
    Operation::post("join_swarm", "/swarm/join")
        .title("Join Swarm")
        .about("Joins this engine to a swarm. The join token decides whether it is a worker or a manager.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&[
            list("RemoteAddrs")
                .title("Manager Addresses")
                .about("The addresses of managers of the swarm, such as 10.0.0.5:2377.")
                .required()
                .body(),
            secret("JoinToken")
                .title("Join Token")
                .about("The join token for workers or for managers, from Rotate Join Tokens or Inspect Swarm.")
                .required()
                .body(),
            LISTEN,
            ADVERTISE,
            DATA_PATH,
            AVAILABILITY,
            ADDITIONAL_FIELDS,
        ])
        .gives(Schema::All(&[DONE, membership::PLACE]))
        .run(membership::join),
    Operation::post("leave_swarm", "/swarm/leave")
        .title("Leave Swarm")
        .about("Removes this engine from its swarm and ends the tasks on it. If the last manager leaves, the swarm ends with its services, secrets and configs.")
        .effect(Effect::Destroy)
        .touches(&[Touch::OwnNode])
        .params(&[
            flag("force").title("Force").about(
                "Leave even if the engine is a manager. The other managers may lose their majority. If it is the last one, the swarm ends.",
            ),
            DRY_RUN,
            OVERRIDE_ISOLATION,
        ])
        .upsets_isolation(always)
        .gives(DONE)
        .gives_for(membership::LEAVING)
        .dry_run(membership::would_leave)
        .run(membership::leave),
    Operation::post("update_swarm", "/swarm/update")
        .title("Update Swarm")
        .about("Changes settings of the swarm, or rotates its tokens and key. Empty fields do not change. To get the new tokens, use Rotate Join Tokens.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(UPDATED)
        .gives(DONE)
        .validated_by(settings::validate)
        .run(settings::update),
    Operation::post("rotate_join_tokens", "/swarm/update")
        .title("Rotate Join Tokens")
        .about("Creates and returns new join tokens, for example after one has leaked. The old tokens become invalid at once. Nodes that have joined stay.")
        .category_is(Category::Remediation)
        .touches(&[Touch::Nothing])
        .params(&tokens::WHICH)
        .gives(Schema::All(&[DONE, Schema::Field("JoinTokens", &Schema::Fields(&["Worker", "Manager"]))]))
        .validated_by(tokens::validate)
        .run(tokens::rotate),
    Operation::get("get_unlock_key", "/swarm/unlockkey")
        .title("Get Unlock Key")
        .about("Gets the key that unlocks a locked manager. It is empty if autolock is off."),
    Operation::post("unlock_swarm", "/swarm/unlock")
        .title("Unlock Swarm")
        .about("Unlocks this manager after a restart, in a swarm with autolock.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&[secret("UnlockKey")
            .title("Unlock Key")
            .about("The unlock key, from Get Unlock Key on another manager.")
            .required()
            .body()])
        .gives(DONE)
        .run(membership::unlock),
];

/// `GET /swarm`, with the join tokens masked.
fn inspect(call: &Call<'_>) -> Result<Output, Error> {
    let mut swarm = call.look("/swarm")?;
    if !call.arguments.is_on(SHOW_TOKENS)
        && let Some(Value::Object(tokens)) = swarm.get_mut("JoinTokens")
    {
        tokens.values_mut().for_each(|token| *token = MASK.into());
    }
    Ok(swarm.into())
}
