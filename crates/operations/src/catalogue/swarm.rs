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
        param::{
            ADDITIONAL_FIELDS, DRY_RUN, all_within, choice, flag, integer, joined, list, map, secret, text,
        },
        result::DONE,
        target::Touch,
    },
    run::{call::Call, redact::REDACT, secrets::MASK},
};

const LISTEN: Param = text("ListenAddr")
    .title("Listen Address")
    .about("Where the node listens to other managers: an address or an interface, with a port if it is not 2377.")
    .default("0.0.0.0:2377")
    .body();
const ADVERTISE: Param = text("AdvertiseAddr")
    .title("Advertise Address")
    .about("The address, or the interface, at which other nodes reach this one. The engine finds it out only where the host has a single address.")
    .body();
const DATA_PATH: Param = text("DataPathAddr")
    .title("Data Path Address")
    .about("The address, or the interface, for the containers' traffic between nodes; the advertised one if empty.")
    .body();
const AVAILABILITY: Param =
    choice("Availability", &[("Active", "active"), ("Pause", "pause"), ("Drain", "drain")])
        .title("Availability")
        .about("Whether the node takes tasks: Pause and Drain keep a manager free of them.")
        .body();

const SHOW_TOKENS: Param = flag("show_join_tokens")
    .title("Show Join Tokens")
    .about("Show the join tokens. Whoever has one can join the swarm, with the manager's as a manager.")
    .local();

const FOUNDING: [Param; 8] = [
    LISTEN,
    ADVERTISE,
    DATA_PATH,
    integer("DataPathPort")
        .title("Data Path Port")
        .about("The UDP port for the containers' traffic, from 1024 to 49151; 4789 if empty.")
        .body(),
    list("DefaultAddrPool")
        .title("Default Address Pools")
        .about("Subnets of which overlay networks get theirs, such as 10.10.0.0/16.")
        .body(),
    integer("SubnetSize")
        .title("Subnet Size (bits)")
        .about("The length of the prefix of each network's subnet within the pools, such as 24.")
        .body(),
    AVAILABILITY,
    flag("ForceNewCluster")
        .title("Force New Cluster")
        .about(
            "Make a swarm of this manager alone out of one that has lost its other managers. Services stay.",
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
        .about("Gets the settings of the swarm, its certificates, and its addresses. The join tokens are masked unless they are asked for. The engine must be a manager; Get System Information tells the state of any node.")
        .params(&[SHOW_TOKENS, REDACT])
        .gives(Schema::Answer("GET /swarm"))
        .run(inspect),
    Operation::post("init_swarm", "/swarm/init")
        .title("Init Swarm")
        .about("Makes a swarm whose first manager is this engine.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(FOUNDED)
        .gives(DONE)
        .run(membership::init),
    Operation::post("join_swarm", "/swarm/join")
        .title("Join Swarm")
        .about("Lets this engine join a swarm, as a worker or as a manager: the join token decides.")
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
                .about("The token of the swarm, for workers or for managers, as Rotate Join Tokens and Inspect Swarm give it.")
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
        .about("Takes this engine out of its swarm, which ends the tasks on it. Where the last manager leaves, the swarm ends, with its services, secrets and configs.")
        .effect(Effect::Destroy)
        .touches(&[Touch::OwnNode])
        .params(&[
            flag("force").title("Force").about(
                "Also where it is a manager: the others may lose their majority, and the last one ends the swarm.",
            ),
            DRY_RUN,
        ])
        .gives(DONE)
        .gives_for(membership::LEAVING)
        .dry_run(membership::would_leave)
        .run(membership::leave),
    Operation::post("update_swarm", "/swarm/update")
        .title("Update Swarm")
        .about("Changes settings of the swarm, or rotates its tokens and key. Settings that are not given stay as they are. Rotate Join Tokens also gives the new tokens.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(UPDATED)
        .gives(DONE)
        .run(settings::update),
    Operation::post("rotate_join_tokens", "/swarm/update")
        .title("Rotate Join Tokens")
        .about("Makes new join tokens and gives them, as after one has leaked. The old ones are void at once; nodes that have joined stay.")
        .category_is(Category::Remediation)
        .touches(&[Touch::Nothing])
        .params(&tokens::WHICH)
        .gives(Schema::All(&[DONE, Schema::Field("JoinTokens", &Schema::Fields(&["Worker", "Manager"]))]))
        .run(tokens::rotate),
    Operation::get("get_unlock_key", "/swarm/unlockkey")
        .title("Get Unlock Key")
        .about("Gets the key that unlocks a locked manager. It is empty where the swarm does not lock its managers."),
    Operation::post("unlock_swarm", "/swarm/unlock")
        .title("Unlock Swarm")
        .about("Unlocks this manager, which has started again in a swarm that locks its managers.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&[secret("UnlockKey")
            .title("Unlock Key")
            .about("The key, as Get Unlock Key gives it at another manager.")
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
