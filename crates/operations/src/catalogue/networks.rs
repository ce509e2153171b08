//! Networks: `/networks/...`.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Network>

pub(crate) mod ipam;
pub(crate) mod membership;

use engine::Request;
use serde_json::json;

use crate::{
    Category, Effect, Error, Group, Operation, Output, Param, Schema, Secrecy,
    catalogue::{
        dry_run::{self, DRY_RUN_RESULT},
        networks::membership::{connect, disconnect},
        prune,
    },
    declare::{
        operation::always,
        param::{
            ADDITIONAL_FIELDS, DRY_RUN, FILTERS, OVERRIDE_ISOLATION, OVERRIDE_PROTECTION, all_within, flag,
            id, joined, list, map, object, signed, text,
        },
        result::{DONE, OVERRIDDEN, TEXTS, case},
        target::Touch,
    },
    run::{
        call::Call,
        redact::REDACT,
        request::{body, merge},
        trim::{FIELDS, MAX_ITEMS},
    },
};

const NETWORK: Param =
    id("id").title("Network").about("The network's id or name.").picked_from("pick_network");
const MEMBER: Param = id("Container")
    .title("Container")
    .about("The container's id or name.")
    .picked_from("pick_container")
    .body();

/// The group of this folder: add a file's list here.
pub(crate) static GROUP: Group = Group::of("Networks", &[OPERATIONS, prune::NETWORKS]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation::get("list_networks", "/networks")
        .title("List Networks")
        .about("Lists the networks that the engine knows.")
        .params(&[FILTERS, FIELDS, MAX_ITEMS, REDACT])
        .columns(&["Id", "Name", "Driver", "Scope"])
        .list(),
    Operation::get("inspect_network", "/networks/{id}")
        .title("Inspect Network")
        .about("Gets everything that the engine knows of a network, with the containers in it.")
        .params(&[
            NETWORK,
            flag("verbose").title("Verbose").about("Also what is known of services and tasks in it."),
            text("scope").title("Scope").about("Only a network of this scope: swarm, global or local."),
            REDACT,
        ]),
    Operation::post("create_network", "/networks/create")
        .title("Create Network")
        .about("Creates a network, with addresses of the engine's choice or of your own.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&joined::<21>(&[CREATE, &ipam::ADDRESSES, CREATE_FURTHER]))
        .gives(Schema::Answer("POST /networks/create"))
        .run(create),
    Operation::post("connect_network", "/networks/{id}/connect")
        .title("Connect Container to Network")
        .about("Connects a container to a network, also while it runs.")
        .touches(&[Touch::Container("Container"), Touch::Place("id")])
        .params(&joined::<12>(&[&[NETWORK, MEMBER], &PLACE, &[ADDITIONAL_FIELDS, OVERRIDE_ISOLATION]]))
        .upsets_isolation(always)
        .gives(DONE)
        .run(connect),
    Operation::post("disconnect_network", "/networks/{id}/disconnect")
        .title("Disconnect Container from Network")
        .about("Disconnects a container from a network, also while it runs.")
        .effect(Effect::Contain)
        .touches(&[Touch::Member("Container"), Touch::Place("id")])
        .params(&[
            NETWORK,
            MEMBER,
            flag("Force")
                .title("Force")
                .about("Also if the engine finds the container in a wrong state, or not at all.")
                .body(),
            OVERRIDE_PROTECTION,
            OVERRIDE_ISOLATION,
        ])
        .upsets_isolation(always)
        .gives(Schema::All(&[DONE, OVERRIDDEN]))
        .run(disconnect),
    Operation::delete("remove_network", "/networks/{id}")
        .title("Remove Network")
        .about("Removes a network that no container is connected to.")
        .touches(&[Touch::Network("id")])
        .params(&[NETWORK, DRY_RUN, OVERRIDE_ISOLATION])
        .upsets_isolation(always)
        .gives_for(&[case(
            "dry_run",
            "true",
            Schema::All(&[
                DRY_RUN_RESULT,
                Schema::Fields(&["name", "driver"]),
                Schema::Field("containers", &TEXTS),
            ]),
        )])
        .dry_run(dry_run::network)
        .done("Removed network {id}", "Network {id} was removed already"),
];

/// A container's place in a network: the API's `EndpointSettings`.
const PLACE: [Param; 8] = all_within("EndpointConfig", [
    list("Aliases").title("Aliases").about("Further names of the container in this network."),
    text("IPv4Address")
        .title("IPv4 Address")
        .about("The container's address in this network, within a subnet that was chosen for it.")
        .wire("IPAMConfig.IPv4Address"),
    text("IPv6Address")
        .title("IPv6 Address")
        .about("The container's IPv6 address in this network.")
        .wire("IPAMConfig.IPv6Address"),
    list("LinkLocalIPs")
        .title("Link-Local Addresses")
        .about("Link-local addresses of the container in this network.")
        .wire("IPAMConfig.LinkLocalIPs"),
    list("Links")
        .title("Links")
        .about("Other containers that it knows by further names, as CONTAINER:NAME."),
    text("MacAddress")
        .title("MAC Address")
        .about("The container's MAC address in this network. Engines before API 1.54 take it and do nothing with it.")
        .since(1, 44),
    map("DriverOpts").secret(Secrecy::Values)
        .title("Driver Options")
        .about("Options for the network's driver in this place."),
    signed("GwPriority")
        .title("Gateway Priority")
        .about("Of a container's networks, the one with the highest priority is its way out.")
        .since(1, 48),
]);

const CREATE: &[Param] = &[
    text("Name").title("Name").about("The network's name.").required().body(),
    text("Driver")
        .title("Driver")
        .about("The driver: bridge, macvlan, ipvlan, overlay, or one of a plugin.")
        .default("bridge")
        .body(),
    text("Scope")
        .title("Scope")
        .about("How far it reaches: local, swarm or global; the driver's own if empty.")
        .since(1, 41)
        .body(),
    flag("Internal")
        .title("Internal")
        .about("Cut it off: its containers reach each other and nothing else.")
        .body(),
    flag("Attachable")
        .title("Attachable")
        .about("Let containers that no service runs join a network of swarm scope.")
        .body(),
    flag("Ingress").title("Ingress").about("Make it the swarm's routing mesh.").body(),
    flag("EnableIPv4")
        .title("Enable IPv4")
        .about("Give containers IPv4 addresses.")
        .default("true")
        .since(1, 47)
        .body(),
    flag("EnableIPv6").title("Enable IPv6").about("Give containers IPv6 addresses.").body(),
];

const CREATE_FURTHER: &[Param] = &[
    text("ipam_driver")
        .title("IPAM Driver")
        .about("What gives out the addresses; Docker's own if empty.")
        .wire("Driver")
        .within("IPAM"),
    map("ipam_options")
        .secret(Secrecy::Values)
        .title("IPAM Options")
        .about("Options for the IPAM driver.")
        .wire("Options")
        .within("IPAM"),
    object("IPAM")
        .secret(Secrecy::Within)
        .title("IPAM")
        .about("The addresses as the API's IPAM, in place of the fields above or beside them.")
        .body(),
    map("Options")
        .secret(Secrecy::Values)
        .title("Driver Options")
        .about("Options for the driver, such as com.docker.network.bridge.name=dmz0.")
        .body(),
    map("Labels").secret(Secrecy::Values).title("Labels").about("The network's labels.").body(),
    flag("ConfigOnly")
        .title("Configuration Only")
        .about("Only keep the configuration, for other networks to be made from.")
        .since(1, 41)
        .body(),
    text("ConfigFrom")
        .title("Configuration From")
        .about("The network whose configuration this one takes.")
        .since(1, 41)
        .wire("ConfigFrom.Network")
        .body(),
    flag("CheckDuplicate")
        .title("Check Duplicate")
        .about("Refuse a name that another network has; from API 1.44 on the engine always does.")
        .default("true")
        .body(),
    ADDITIONAL_FIELDS,
];

/// `POST /networks/create`, with the addresses as the API's `IPAM.Config`.
fn create(call: &Call<'_>) -> Result<Output, Error> {
    let mut network = body(&call.arguments)?;
    if let Some(config) = ipam::config(&call.arguments)? {
        merge(&mut network, json!({"IPAM": {"Config": config}}))?;
    }
    Ok(Output::Raw(call.send(Request::post(call.path(call.endpoint.path)?).json(&network))?.body))
}
