//! Parameters of what a container may use: given when it is made, and changed while it runs.

use crate::{
    Notation, Param,
    declare::param::{integer, notation, objects, signed, text},
};

/// The limits that the published connector has.
pub(crate) const PUBLISHED: [Param; 4] = [
    notation("Memory", Notation::Size)
        .title("Memory")
        .about("The memory limit, in bytes or with a unit, such as 512m.")
        .body(),
    integer("CpuShares")
        .title("CPU Shares")
        .about("The container's share of CPU time relative to other containers. The default is 1024.")
        .body(),
    signed("CpuQuota")
        .title("CPU Quota (microseconds)")
        .about("The CPU time that the container may use in each CPU period. -1 is no limit.")
        .body(),
    integer("CpuPeriod")
        .title("CPU Period (microseconds)")
        .about("The length of the CPU period for the CPU quota. The default is 100000.")
        .body(),
];

/// The further ones.
pub(crate) const FURTHER: [Param; 9] = [
    notation("cpus", Notation::Cpus)
        .title("CPUs")
        .about("The maximum number of CPUs, such as 1.5. It cannot be combined with a CPU quota.")
        .body()
        .wire("NanoCpus"),
    integer("PidsLimit").title("Process Limit").about("The maximum number of processes. 0 is no limit.").body(),
    notation("MemorySwap", Notation::Size)
        .title("Memory with Swap")
        .about("The limit for memory and swap together. -1 is unlimited swap.")
        .body(),
    notation("MemoryReservation", Notation::Size)
        .title("Memory Reservation")
        .about("The soft memory limit, which applies when the host is short of memory.")
        .body(),
    text("CpusetCpus").title("CPU Set").about("The CPUs that the container may use, such as 0-2 or 0,1.").body(),
    text("CpusetMems").title("Memory Nodes").about("The NUMA memory nodes that the container may use, such as 0-1.").body(),
    integer("BlkioWeight")
        .title("Block I/O Weight")
        .about("The container's share of block I/O relative to other containers, from 10 to 1000. 0 turns it off.")
        .body(),
    integer("CpuRealtimePeriod")
        .title("CPU Real-Time Period (microseconds)")
        .about("The length of a CPU period for real-time tasks, in microseconds.")
        .body(),
    integer("CpuRealtimeRuntime")
        .title("CPU Real-Time Runtime (microseconds)")
        .about("The CPU time for real-time tasks in each of their periods, in microseconds.")
        .body(),
];

/// The weights and limits by device.
pub(crate) const BY_DEVICE: [Param; 5] = [
    objects("BlkioWeightDevice")
        .open()
        .title("Block I/O Weights")
        .about("Weights by device: [{\"Path\": \"/dev/sda\", \"Weight\": 100}].")
        .body(),
    objects("BlkioDeviceReadBps")
        .open()
        .title("Read Limits (bytes)")
        .about("Limits by device: [{\"Path\": \"/dev/sda\", \"Rate\": 1048576}].")
        .body(),
    objects("BlkioDeviceWriteBps")
        .open()
        .title("Write Limits (bytes)")
        .about("Limits by device: [{\"Path\": \"/dev/sda\", \"Rate\": 1048576}].")
        .body(),
    objects("BlkioDeviceReadIOps")
        .open()
        .title("Read Limits (operations)")
        .about("Limits by device: [{\"Path\": \"/dev/sda\", \"Rate\": 100}].")
        .body(),
    objects("BlkioDeviceWriteIOps")
        .open()
        .title("Write Limits (operations)")
        .about("Limits by device: [{\"Path\": \"/dev/sda\", \"Rate\": 100}].")
        .body(),
];

/// What the engine does when the container ends.
pub(crate) const RESTART_POLICY: Param = notation("RestartPolicy", Notation::RestartPolicy)
    .title("Restart Policy")
    .about("What the engine does when the container exits: no, always, unless-stopped, on-failure or on-failure:3.")
    .body();
