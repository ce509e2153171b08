//! Parameters of a service's specification, for its creation and for its updates.
//!
//! What is on or off has three states here, and not a box to check: an update must be able to leave it as it is.
//!
//! <https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Service/operation/ServiceCreate>

use serde_json::Value;

use crate::{
    Notation, Param, Secrecy,
    declare::param::{
        ADDITIONAL_FIELDS, choice, command, image, integer, lines, list, map, notation, object, signed, text,
    },
};

/// On, off, or left as it is.
const SWITCH: &[(&str, &str)] = &[("On", "true"), ("Off", "false")];
const RESTARTS: &[(&str, &str)] = &[("Any End", "any"), ("Failure", "on-failure"), ("Never", "none")];
const ENDPOINTS: &[(&str, &str)] = &[("Virtual IP", "vip"), ("DNS Round Robin", "dnsrr")];
const ON_UPDATE: &[(&str, &str)] = &[("Pause", "pause"), ("Continue", "continue"), ("Roll Back", "rollback")];
const ON_ROLLBACK: &[(&str, &str)] = &[("Pause", "pause"), ("Continue", "continue")];
const ORDERS: &[(&str, &str)] = &[("Stop First", "stop-first"), ("Start First", "start-first")];

pub(super) const IMAGE: Param = image("image")
    .title("Image")
    .about("The image, such as nginx:1.27. It is pinned to its digest at the registry, so that all nodes run the same image.")
    .picked_from("pick_image")
    .body()
    .wire("TaskTemplate.ContainerSpec.Image");

/// How many tasks. The operation's function knows what that means in the service's mode.
pub(super) const REPLICAS: Param =
    integer("replicas").title("Replicas").about("The number of tasks of a replicated service.").local();

/// What most services set.
pub(super) const COMMON: &[Param] = &[
    command("Command")
        .title("Command")
        .about("The command that replaces the image's entrypoint: a list, JSON, or a line split by the shell's rules. No shell runs it.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Command"),
    command("Args")
        .secret(Secrecy::Lines)
        .title("Arguments")
        .about("The arguments for the command or the image's entrypoint. They replace the image's command.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Args"),
    notation("Env", Notation::Environment)
        .title("Environment")
        .about("Variables: one NAME=value on each line, a list, or a JSON object. A comma belongs to the value.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Env"),
    map("Labels")
        .secret(Secrecy::Values)
        .title("Labels")
        .about("The service's labels: one name=value on each line, or a JSON object.")
        .body(),
    map("container_labels")
        .secret(Secrecy::Values)
        .title("Container Labels")
        .about("Labels of the service's containers: one name=value on each line, or a JSON object.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Labels"),
    notation("Networks", Notation::Attachments)
        .title("Networks")
        .about("Networks to join: names, or lines such as name=backend,alias=web.")
        .body()
        .wire("TaskTemplate.Networks"),
    notation("publish", Notation::ServicePorts)
        .title("Published Ports")
        .about("Ports to publish, such as 8080:80/tcp or mode=host,published=8080,target=80.")
        .body()
        .wire("EndpointSpec.Ports"),
    notation("Mounts", Notation::Mounts)
        .secret(Secrecy::Within)
        .title("Mounts")
        .about("Mounts, one on each line, such as type=volume,source=data,target=/data, or JSON as in the API.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Mounts"),
    notation("Secrets", Notation::Secrets)
        .title("Secrets")
        .about("Secrets for the service, by name, or lines such as source=key,target=key.pem,mode=0400.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Secrets"),
    notation("Configs", Notation::Configs)
        .title("Configs")
        .about("Configs for the service, by name, or lines such as source=conf,target=/etc/app.conf.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Configs"),
    list("Constraints")
        .title("Constraints")
        .about("Placement constraints: where tasks may run, such as node.role==worker or node.labels.zone==a.")
        .body()
        .wire("TaskTemplate.Placement.Constraints"),
];

/// What few services set.
pub(super) const RARE: &[Param] = &[
    text("Hostname")
        .title("Host Name")
        .about("The host name in the containers.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Hostname"),
    text("Dir")
        .title("Working Directory")
        .about("The folder in which the command runs.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Dir"),
    text("User")
        .title("User")
        .about("The user to run as, such as root or 1000:1000.")
        .body()
        .wire("TaskTemplate.ContainerSpec.User"),
    list("Groups")
        .title("Groups")
        .about("Additional groups of the container's user.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Groups"),
    choice("TTY", SWITCH)
        .title("TTY")
        .about("Whether the containers have a terminal. The output then comes as one stream, stdout.")
        .body()
        .wire("TaskTemplate.ContainerSpec.TTY"),
    choice("OpenStdin", SWITCH)
        .title("Open Stdin")
        .about("Whether standard input of the containers is kept open.")
        .body()
        .wire("TaskTemplate.ContainerSpec.OpenStdin"),
    choice("ReadOnly", SWITCH)
        .title("Read-Only")
        .about("Whether the root filesystem is mounted read-only. Only mounts can be written to.")
        .body()
        .wire("TaskTemplate.ContainerSpec.ReadOnly"),
    choice("Init", SWITCH)
        .title("Init")
        .about("Whether a small init runs as the first process. It forwards signals and reaps processes.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Init"),
    text("StopSignal")
        .title("Stop Signal")
        .about("The signal that asks a container to stop, such as SIGINT.")
        .body()
        .wire("TaskTemplate.ContainerSpec.StopSignal"),
    text("StopGracePeriod")
        .title("Stop Grace Period")
        .about("How long a container may take to stop before it is killed, such as 10s.")
        .body()
        .wire("TaskTemplate.ContainerSpec.StopGracePeriod"),
    notation("Healthcheck", Notation::Healthcheck)
        .title("Health Check")
        .about("A command that the container's shell runs, none, or a JSON object with Test, Interval (such as 30s), Timeout, StartPeriod and Retries.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Healthcheck"),
    lines("Hosts")
        .open()
        .title("Hosts")
        .about("Entries for the hosts file, one on each line, such as 10.0.0.1 name.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Hosts"),
    list("Dns")
        .title("DNS Servers")
        .about("IP addresses of DNS servers.")
        .body()
        .wire("TaskTemplate.ContainerSpec.DNSConfig.Nameservers"),
    list("DnsSearch")
        .title("DNS Search Domains")
        .about("DNS search domains, such as example.com.")
        .body()
        .wire("TaskTemplate.ContainerSpec.DNSConfig.Search"),
    list("DnsOptions")
        .title("DNS Options")
        .about("Options of the resolver, such as ndots:2.")
        .body()
        .wire("TaskTemplate.ContainerSpec.DNSConfig.Options"),
    map("Sysctls")
        .open()
        .title("Sysctls")
        .about("Kernel parameters of the container's namespaces, such as net.core.somaxconn=1024.")
        .body()
        .wire("TaskTemplate.ContainerSpec.Sysctls"),
    list("CapabilityAdd")
        .title("Add Capabilities")
        .about("Linux capabilities to add, such as CAP_NET_ADMIN, or ALL.")
        .since(1, 41)
        .body()
        .wire("TaskTemplate.ContainerSpec.CapabilityAdd"),
    list("CapabilityDrop")
        .title("Drop Capabilities")
        .about("Linux capabilities to drop, such as CAP_NET_RAW, or ALL.")
        .since(1, 41)
        .body()
        .wire("TaskTemplate.ContainerSpec.CapabilityDrop"),
    notation("Ulimits", Notation::Ulimits)
        .title("Ulimits")
        .about("Limits for the container's processes, such as nofile=1024:2048.")
        .since(1, 41)
        .body()
        .wire("TaskTemplate.ContainerSpec.Ulimits"),
    choice("NoNewPrivileges", SWITCH)
        .title("No New Privileges")
        .about("Whether processes are prevented from gaining privileges, for example by setuid programs.")
        .since(1, 44)
        .body()
        .wire("TaskTemplate.ContainerSpec.Privileges.NoNewPrivileges"),
    signed("OomScoreAdj")
        .title("OOM Score")
        .about("How readily the kernel kills the container when memory runs out, from -1000 to 1000.")
        .since(1, 46)
        .body()
        .wire("TaskTemplate.ContainerSpec.OomScoreAdj"),
    notation("limit_cpu", Notation::Cpus)
        .title("CPU Limit")
        .about("The maximum number of CPUs for a task, such as 1.5.")
        .body()
        .wire("TaskTemplate.Resources.Limits.NanoCPUs"),
    notation("limit_memory", Notation::Size)
        .title("Memory Limit")
        .about("The memory limit of a task, such as 512m.")
        .body()
        .wire("TaskTemplate.Resources.Limits.MemoryBytes"),
    integer("limit_pids")
        .title("Process Limit")
        .about("The maximum number of processes of a task. 0 is no limit.")
        .since(1, 41)
        .body()
        .wire("TaskTemplate.Resources.Limits.Pids"),
    notation("reserve_cpu", Notation::Cpus)
        .title("CPU Reservation")
        .about("The number of CPUs that a node must have free for a task, such as 0.5.")
        .body()
        .wire("TaskTemplate.Resources.Reservations.NanoCPUs"),
    notation("reserve_memory", Notation::Size)
        .title("Memory Reservation")
        .about("The memory that a node must have free for a task, such as 256m.")
        .body()
        .wire("TaskTemplate.Resources.Reservations.MemoryBytes"),
    notation("memory_swap", Notation::Size)
        .title("Swap")
        .about("The swap that a task may use in addition to its memory, such as 512m. -1 is no limit.")
        .since(1, 52)
        .body()
        .wire("TaskTemplate.Resources.SwapBytes"),
    signed("memory_swappiness")
        .title("Memory Swappiness")
        .about("How readily the kernel swaps out memory of a task, from 0 to 100. -1 is the node's default.")
        .since(1, 52)
        .body()
        .wire("TaskTemplate.Resources.MemorySwappiness"),
    choice("restart_condition", RESTARTS)
        .title("Restart Condition")
        .about("When a task that has ended is replaced: always, after a failure, or never.")
        .body()
        .wire("TaskTemplate.RestartPolicy.Condition"),
    text("restart_delay")
        .title("Restart Delay")
        .about("How long to wait before a task is replaced, such as 5s.")
        .body()
        .wire("TaskTemplate.RestartPolicy.Delay"),
    integer("restart_max_attempts")
        .title("Most Restarts")
        .about("How often a task is replaced within the restart window. 0 is no limit.")
        .body()
        .wire("TaskTemplate.RestartPolicy.MaxAttempts"),
    text("restart_window")
        .title("Restart Window")
        .about("The time over which restarts are counted, such as 2m.")
        .body()
        .wire("TaskTemplate.RestartPolicy.Window"),
    integer("max_replicas_per_node")
        .title("Most Replicas per Node")
        .about("The maximum number of the service's tasks on one node. 0 is no limit.")
        .body()
        .wire("TaskTemplate.Placement.MaxReplicas"),
    text("log_driver")
        .title("Log Driver")
        .about("The log driver for the container's output, such as json-file or none.")
        .body()
        .wire("TaskTemplate.LogDriver.Name"),
    map("log_options")
        .secret(Secrecy::Values)
        .title("Log Options")
        .about("Options of the log driver, such as max-size=10m.")
        .body()
        .wire("TaskTemplate.LogDriver.Options"),
    choice("endpoint_mode", ENDPOINTS)
        .title("Endpoint Mode")
        .about("What the service's name resolves to: one virtual IP address, or the addresses of all tasks (DNS round robin).")
        .body()
        .wire("EndpointSpec.Mode"),
    integer("update_parallelism")
        .title("Update Parallelism")
        .about("How many tasks an update replaces at once. 0 is all. If it was never set, 1.")
        .body()
        .wire("UpdateConfig.Parallelism"),
    text("update_delay")
        .title("Update Delay")
        .about("How long an update waits between batches of tasks, such as 10s.")
        .body()
        .wire("UpdateConfig.Delay"),
    choice("update_failure_action", ON_UPDATE)
        .title("On Failed Update")
        .about("What an update does if too many of its new tasks fail while they are monitored.")
        .body()
        .wire("UpdateConfig.FailureAction"),
    text("update_monitor")
        .title("Update Monitor")
        .about("How long each new task is monitored for failure, such as 30s.")
        .body()
        .wire("UpdateConfig.Monitor"),
    text("update_max_failure_ratio")
        .title("Update Failure Ratio")
        .about("The share of an update's new tasks that may fail before it counts as failed, from 0 to 1.")
        .body()
        .wire("UpdateConfig.MaxFailureRatio"),
    choice("update_order", ORDERS)
        .title("Update Order")
        .about("Whether an update stops an old task first, or starts the new one first.")
        .body()
        .wire("UpdateConfig.Order"),
    integer("rollback_parallelism")
        .title("Rollback Parallelism")
        .about("How many tasks a rollback replaces at once. 0 is all. If it was never set, 1.")
        .body()
        .wire("RollbackConfig.Parallelism"),
    text("rollback_delay")
        .title("Rollback Delay")
        .about("How long a rollback waits between batches of tasks, such as 10s.")
        .body()
        .wire("RollbackConfig.Delay"),
    choice("rollback_failure_action", ON_ROLLBACK)
        .title("On Failed Rollback")
        .about("What a rollback does if too many of its tasks fail while they are monitored.")
        .body()
        .wire("RollbackConfig.FailureAction"),
    text("rollback_monitor")
        .title("Rollback Monitor")
        .about("How long a task of a rollback is monitored for failure, such as 30s.")
        .body()
        .wire("RollbackConfig.Monitor"),
    text("rollback_max_failure_ratio")
        .title("Rollback Failure Ratio")
        .about("The share of a rollback's tasks that may fail before it counts as failed, from 0 to 1.")
        .body()
        .wire("RollbackConfig.MaxFailureRatio"),
    choice("rollback_order", ORDERS)
        .title("Rollback Order")
        .about("Whether a rollback stops an old task first, or starts the new one first.")
        .body()
        .wire("RollbackConfig.Order"),
];

/// What has no field of its own.
pub(super) const AS_THE_API_HAS_IT: &[Param] = &[
    object("TaskTemplate")
        .secret(Secrecy::Within)
        .title("Task Template")
        .about("Additional settings of the service's tasks, as the API's TaskTemplate. It is merged with the other fields of this form.")
        .body(),
    object("UpdateConfig")
        .open()
        .title("Update Configuration")
        .about("Update settings, as the API's UpdateConfig. It is merged with the other fields of this form.")
        .body(),
    object("RollbackConfig")
        .open()
        .title("Rollback Configuration")
        .about("Rollback settings, as the API's RollbackConfig. It is merged with the other fields of this form.")
        .body(),
    object("EndpointSpec")
        .open()
        .title("Endpoint Specification")
        .about("The service's endpoint, as the API's EndpointSpec. It is merged with the other fields of this form.")
        .body(),
    object("Mode")
        .open()
        .title("Mode as JSON")
        .about("The mode, as the API's Mode, such as {\"ReplicatedJob\": {\"MaxConcurrent\": 2, \"TotalCompletions\": 10}}.")
        .body(),
    ADDITIONAL_FIELDS,
];

/// Completes what the engine would read otherwise than it is meant. Of a part of an update's configuration it takes an absent
/// parallelism for 0, which is all tasks at once, and not for the 1 that counts without one.
pub(super) fn complete(spec: &mut Value) {
    for name in ["UpdateConfig", "RollbackConfig"] {
        if let Some(fields) = spec.get_mut(name).and_then(Value::as_object_mut) {
            fields.entry("Parallelism").or_insert_with(|| 1.into());
        }
    }
}
