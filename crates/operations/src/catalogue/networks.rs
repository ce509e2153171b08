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
        provenance::{CASE_ID, ONLY_CASE},
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
        .about("Lists the engine's networks, with their drivers and subnets.")
        .params(&[FILTERS, FIELDS, MAX_ITEMS, REDACT])
        .columns(&["Id", "Name", "Driver", "Scope"])
        .list(),
    Operation::get("inspect_network", "/networks/{id}")
        .title("Inspect Network")
        .about("Gets all details of a network: its driver, subnets and containers.")
        .params(&[
            NETWORK,
            flag("verbose").title("Verbose").about("Also return the services and tasks in the network."),
            text("scope").title("Scope").about("Only find a network of this scope: swarm, global or local."),
            REDACT,
        ]),
    Operation::post("create_network", "/networks/create")
        .title("Create Network")
        .about("Creates a network. The engine chooses its addresses, unless you set them.")
        .category_is(Category::Miscellaneous)
        .touches(&[Touch::Nothing])
        .params(&joined::<22>(&[CREATE, &ipam::ADDRESSES, CREATE_FURTHER]))
        .gives(Schema::Answer("POST /networks/create"))
        .validated_by(|arguments| ipam::config(arguments).map(drop))
        .run(create),
    Operation::post("connect_network", "/networks/{id}/connect")
        .title("Connect Container to Network")
        .about("Connects a container to a network. The container can be running.")
        .touches(&[Touch::Container("Container"), Touch::Place("id")])
        .params(&joined::<12>(&[&[NETWORK, MEMBER], &PLACE, &[ADDITIONAL_FIELDS, OVERRIDE_ISOLATION]]))
        .upsets_isolation(always)
        .gives(DONE)
        .run(connect),
    Operation::post("disconnect_network", "/networks/{id}/disconnect")
        .title("Disconnect Container from Network")
        .about("Disconnects a container from a network. The container can be running.")
        .effect(Effect::Contain)
        .touches(&[Touch::Member("Container"), Touch::Place("id")])
        .params(&[
            NETWORK,
            MEMBER,
            flag("Force")
                .title("Force")
                .about("Disconnect even if the container is in a wrong state or does not exist.")
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
        .params(&[NETWORK, DRY_RUN, ONLY_CASE, OVERRIDE_ISOLATION])
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
        .done("Removed network {id}", "Network {id} was already removed"),
];

/// A container's place in a network: the API's `EndpointSettings`.
const PLACE: [Param; 8] = all_within("EndpointConfig", [
    list("Aliases").title("Aliases").about("Additional names of the container in this network."),
    text("IPv4Address")
        .title("IPv4 Address")
        .about("The container's IPv4 address in this network. The network must have a subnet that a user configured.")
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
        .about("Other containers that this one reaches by another name, as CONTAINER:NAME."),
    text("MacAddress")
        .title("MAC Address")
        .about("The container's MAC address in this network. Engines before API 1.54 accept it and ignore it.")
        .since(1, 44),
    map("DriverOpts").secret(Secrecy::Values)
        .title("Driver Options")
        .about("Options for the network driver at this endpoint."),
    signed("GwPriority")
        .title("Gateway Priority")
        .about("The network with the highest priority is the container's default gateway.")
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
        .about("The scope of the network: local, swarm or global. If empty, the driver's own.")
        .since(1, 41)
        .body(),
    flag("Internal")
        .title("Internal")
        .about("Restrict external access: containers in the network reach only each other.")
        .body(),
    flag("Attachable")
        .title("Attachable")
        .about("Let standalone containers join a network of swarm scope.")
        .body(),
    flag("Ingress").title("Ingress").about("Make it the swarm's ingress network (routing mesh).").body(),
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
        .about("The IPAM driver. If empty, Docker's default.")
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
        .about("The addresses, as the API's IPAM object. It is merged with the fields above.")
        .body(),
    map("Options")
        .secret(Secrecy::Values)
        .title("Driver Options")
        .about("Options for the driver, such as com.docker.network.bridge.name=dmz0.")
        .body(),
    map("Labels").secret(Secrecy::Values).title("Labels").about("The network's labels.").body(),
    CASE_ID,
    flag("ConfigOnly")
        .title("Configuration Only")
        .about("Create only a configuration that other networks can use.")
        .since(1, 41)
        .body(),
    text("ConfigFrom")
        .title("Configuration From")
        .about("The network whose configuration to use.")
        .since(1, 41)
        .wire("ConfigFrom.Network")
        .body(),
    flag("CheckDuplicate")
        .title("Check Duplicate")
        .about("Refuse a name that another network has. From API 1.44 on, the engine always does.")
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
