//! What a container uses: `GET /containers/{id}/stats`, and what `docker stats` computes from it.

use serde_json::{Map, Value, json};

use crate::{
    Error, Kind, Operation, Output, Schema,
    call::Call,
    param::{CONTAINER, TIME_LIMIT, flag, integer},
    stream::Values,
};

/// What `docker stats` shows.
const COMPUTED: Schema = Schema::Fields(&[
    "cpu_percent",
    "cpu_percent_reason",
    "memory_usage",
    "memory_limit",
    "memory_percent",
    "network_rx_bytes",
    "network_tx_bytes",
    "block_read_bytes",
    "block_write_bytes",
    "pids",
]);

/// The operations of this file.
pub(crate) static OPERATIONS: &[Operation] = &[Operation::get("container_stats", "/containers/{id}/stats")
    .title("Get Container Statistics")
    .about("Gets what a container uses: CPU, memory, network, disk. The engine's own figures, and what docker stats shows.")
    .params(&[
        CONTAINER,
        integer("samples").title("Samples").about("How many samples, one a second.").default("1").local(),
        flag("stream").title("Stream").about("Kept for older playbooks: how many samples there are is said by samples.").local(),
        flag("oneshot")
            .title("One-Shot")
            .about("Answer at once, without the earlier sample that CPU percent needs.")
            .wire("one-shot")
            .since(1, 41),
        TIME_LIMIT,
    ])
    .gives(Schema::All(&[
        Schema::Answer("GET /containers/{id}/stats"),
        Schema::Field("computed", &COMPUTED),
        Schema::Field("samples", &Schema::List(&Schema::All(&[COMPUTED, Schema::Fields(&["read"])]))),
        Schema::Fields(&["timed_out"]),
    ]))
    .run(stats)];

fn stats(call: &Call<'_>) -> Result<Output, Error> {
    let wanted = call.arguments.integer("samples").unwrap_or(1);
    if wanted <= 1 {
        let answer = call.send(call.request()?.query("stream", "false"))?;
        return Ok(with_computed(answer.json()?, None).into());
    }
    if call.arguments.is_on("oneshot") {
        let fault = "oneshot gives one sample, so samples must be 1".to_owned();
        return Err(Error::faults(Kind::InvalidParameters, &[fault]));
    }
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let Values { values: mut samples, timed_out } =
        Values::read(call, call.request()?.query("stream", "true"), wanted)?;
    let all = samples.iter().map(|sample| {
        let mut computed = computed(sample);
        computed.insert("read".into(), sample["read"].clone());
        Value::Object(computed)
    });
    let all: Vec<Value> = all.collect();
    let last =
        samples.pop().ok_or_else(|| Error::new(Kind::Failed, "No sample came in time. Raise timeout."))?;
    Ok(with_computed(last, Some((all, timed_out))).into())
}

/// The engine's own sample, with what was computed beside it.
fn with_computed(mut sample: Value, all: Option<(Vec<Value>, bool)>) -> Value {
    let computed = computed(&sample);
    if let Some(fields) = sample.as_object_mut() {
        fields.insert("computed".into(), computed.into());
        if let Some((samples, timed_out)) = all {
            fields.insert("samples".into(), samples.into());
            fields.insert("timed_out".into(), timed_out.into());
        }
    }
    sample
}

/// What `docker stats` shows, the way it computes it. Sizes are in bytes.
fn computed(sample: &Value) -> Map<String, Value> {
    let cpu = cpu_percent(sample);
    let usage = memory_without_cache(&sample["memory_stats"]);
    let limit = number(&sample["memory_stats"]["limit"]);
    let networks = || sample["networks"].as_object().into_iter().flatten().map(|(_, network)| network);
    let sum = |name: &str| networks().map(|network| number(&network[name])).sum::<f64>();
    let fields = [
        ("cpu_percent", cpu.map_or(Value::Null, |percent| json!(percent))),
        ("cpu_percent_reason", if cpu.is_some() { "" } else { NO_EARLIER_SAMPLE }.into()),
        ("memory_usage", whole(usage)),
        ("memory_limit", whole(limit)),
        ("memory_percent", json!(if limit > 0.0 { usage / limit * 100.0 } else { 0.0 })),
        ("network_rx_bytes", whole(sum("rx_bytes"))),
        ("network_tx_bytes", whole(sum("tx_bytes"))),
        ("block_read_bytes", whole(block_bytes(sample, "read"))),
        ("block_write_bytes", whole(block_bytes(sample, "write"))),
        ("pids", whole(number(&sample["pids_stats"]["current"]))),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// How Go writes a time that never was.
const GO_ZERO_TIME: &str = "0001-01-01";

const NO_EARLIER_SAMPLE: &str = "It takes two samples, and this one has none before it: oneshot was on, it is the first of several, or the engine took one.";

/// From two samples only: without an earlier one there is no percentage. Of what does not run it is 0.
fn cpu_percent(sample: &Value) -> Option<f64> {
    let (now, before) = (&sample["cpu_stats"], &sample["precpu_stats"]);
    let is_never = |time: &Value| time.as_str().is_some_and(|time| time.starts_with(GO_ZERO_TIME));
    // The engine has read nothing, as the container does not run.
    if is_never(&sample["read"]) {
        return Some(0.0);
    }
    // Podman has zeros where there is no earlier sample.
    if is_never(&sample["preread"]) {
        return None;
    }
    let system = now["system_cpu_usage"].as_f64()? - before["system_cpu_usage"].as_f64()?;
    let own = number(&now["cpu_usage"]["total_usage"]) - number(&before["cpu_usage"]["total_usage"]);
    let of_each = || now["cpu_usage"]["percpu_usage"].as_array().map_or(1, Vec::len);
    #[allow(clippy::cast_precision_loss, reason = "a number of processors")]
    let processors =
        now["online_cpus"].as_f64().filter(|count| *count > 0.0).unwrap_or_else(|| of_each() as f64);
    Some(if system > 0.0 && own > 0.0 { own / system * processors * 100.0 } else { 0.0 })
}

/// What is used less what could be given back: `total_inactive_file` on cgroup v1, `inactive_file` on v2.
fn memory_without_cache(memory: &Value) -> f64 {
    let usage = number(&memory["usage"]);
    let cache =
        ["total_inactive_file", "inactive_file"].iter().find_map(|name| memory["stats"][*name].as_f64());
    cache.filter(|cache| *cache < usage).map_or(usage, |cache| usage - cache)
}

/// Operations are named `Read` on cgroup v1 and `read` on v2.
fn block_bytes(sample: &Value, operation: &str) -> f64 {
    let entries = sample["blkio_stats"]["io_service_bytes_recursive"].as_array().into_iter().flatten();
    let of_operation =
        entries.filter(|entry| entry["op"].as_str().is_some_and(|op| op.eq_ignore_ascii_case(operation)));
    of_operation.map(|entry| number(&entry["value"])).sum()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

/// A sum of bytes or processes, which is whole and not negative.
fn whole(number: f64) -> Value {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, not negative, and far below 2^64"
    )]
    let whole = number.max(0.0) as u64;
    whole.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As an engine on cgroup v1 answers, shortened.
    fn on_v1() -> Value {
        json!({
            "cpu_stats": {"cpu_usage": {"total_usage": 300, "percpu_usage": [1, 2]}, "system_cpu_usage": 2000, "online_cpus": 2},
            "precpu_stats": {"cpu_usage": {"total_usage": 200}, "system_cpu_usage": 1000},
            "memory_stats": {"usage": 1000, "limit": 2000, "stats": {"total_inactive_file": 200, "inactive_file": 100}},
            "networks": {"eth0": {"rx_bytes": 10, "tx_bytes": 20}, "eth1": {"rx_bytes": 1, "tx_bytes": 2}},
            "blkio_stats": {"io_service_bytes_recursive": [{"op": "Read", "value": 7}, {"op": "Write", "value": 8}, {"op": "Total", "value": 15}]},
            "pids_stats": {"current": 3},
        })
    }

    #[test]
    fn computes_as_docker_stats_does() {
        let v1 = computed(&on_v1());
        assert_eq!(
            Value::Object(v1),
            json!({
                "cpu_percent": 20.0, "cpu_percent_reason": "", "memory_usage": 800, "memory_limit": 2000, "memory_percent": 40.0,
                "network_rx_bytes": 11, "network_tx_bytes": 22, "block_read_bytes": 7, "block_write_bytes": 8, "pids": 3,
            })
        );
        // On cgroup v2 operations are in lower case, the cache has another name, and there is no percpu_usage.
        let v2 = computed(&json!({
            "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000, "online_cpus": 4},
            "precpu_stats": {"cpu_usage": {"total_usage": 200}, "system_cpu_usage": 1000},
            "memory_stats": {"usage": 1000, "limit": 2000, "stats": {"inactive_file": 500, "anon": 1}},
            "blkio_stats": {"io_service_bytes_recursive": [{"op": "read", "value": 7}, {"op": "write", "value": 8}]},
            "pids_stats": {"current": 1},
        }));
        assert_eq!(
            (v2["cpu_percent"].as_f64(), v2["memory_usage"].as_u64(), v2["block_write_bytes"].as_u64()),
            (Some(40.0), Some(500), Some(8))
        );
    }

    /// Shaped as the API's documentation has an answer from cgroup v2: lower-case operations, no `percpu_usage`, and the
    /// fields of `memory.stat`.
    #[test]
    fn computes_on_cgroup_v2() {
        let sample = json!({
            "read": "2025-01-16T13:55:22.165243637Z",
            "preread": "2025-01-16T13:55:21.160452595Z",
            "pids_stats": {"current": 5, "limit": 18_446_744_073_709_551_615_u64},
            "blkio_stats": {
                "io_service_bytes_recursive": [
                    {"major": 254, "minor": 0, "op": "read", "value": 7_593_984},
                    {"major": 254, "minor": 0, "op": "write", "value": 100},
                    {"major": 253, "minor": 0, "op": "read", "value": 16},
                ],
                "io_serviced_recursive": null,
            },
            "cpu_stats": {
                "cpu_usage": {"total_usage": 29_912_000, "usage_in_kernelmode": 21_994_000, "usage_in_usermode": 7_918_000},
                "system_cpu_usage": 81_310_000_000_u64,
                "online_cpus": 5,
            },
            "precpu_stats": {
                "cpu_usage": {"total_usage": 4_912_000, "usage_in_kernelmode": 1_994_000, "usage_in_usermode": 2_918_000},
                "system_cpu_usage": 76_310_000_000_u64,
                "online_cpus": 5,
            },
            "memory_stats": {
                "usage": 9_000_000,
                "stats": {
                    "active_anon": 1_572_864, "active_file": 5_115_904, "anon": 1_572_864, "file": 7_626_752,
                    "file_mapped": 2_723_840, "inactive_anon": 0, "inactive_file": 2_510_848, "slab": 1_180_928,
                },
                "limit": 8_217_579_520_u64,
            },
            "networks": {"eth0": {"rx_bytes": 5338, "tx_bytes": 648}, "eth5": {"rx_bytes": 4641, "tx_bytes": 690}},
        });
        let computed = computed(&sample);
        assert_eq!(computed["cpu_percent"], 2.5);
        assert_eq!(computed["memory_usage"], 9_000_000 - 2_510_848);
        assert!((computed["memory_percent"].as_f64().unwrap() - 0.078_967).abs() < 1e-6);
        let rest = ["network_rx_bytes", "network_tx_bytes", "block_read_bytes", "block_write_bytes", "pids"];
        assert_eq!(rest.map(|name| computed[name].as_u64().unwrap()), [9979, 1338, 7_594_000, 100, 5]);
    }

    #[test]
    fn says_no_percentage_from_one_sample_and_zeros_for_what_has_stopped() {
        let one_shot = computed(
            &json!({"cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000}, "precpu_stats": {"cpu_usage": {"total_usage": 0}}}),
        );
        assert_eq!(one_shot["cpu_percent"], Value::Null);
        assert!(one_shot["cpu_percent_reason"].as_str().unwrap().contains("two samples"));
        let podmans = computed(
            &json!({"read": "2026-01-01T00:00:00Z", "preread": "0001-01-01T00:00:00Z", "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000}, "precpu_stats": {"cpu_usage": {"total_usage": 0}, "system_cpu_usage": 0}}),
        );
        assert_eq!(podmans["cpu_percent"], Value::Null);
        let stopped = computed(
            &json!({"read": "0001-01-01T00:00:00Z", "memory_stats": {}, "pids_stats": {}, "blkio_stats": {"io_service_bytes_recursive": null}}),
        );
        assert_eq!((&stopped["cpu_percent"], &stopped["cpu_percent_reason"]), (&json!(0.0), &json!("")));
        assert_eq!(
            (stopped["memory_usage"].as_u64(), stopped["memory_percent"].as_f64(), stopped["pids"].as_u64()),
            (Some(0), Some(0.0), Some(0))
        );
    }
}
