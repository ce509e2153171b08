//! What a container uses: `GET /containers/{id}/stats`, and what `docker stats` computes from it.

use serde_json::{Map, Value};

use crate::{
    Comes, Error, Kind, Operation, Output, Schema,
    declare::param::{CONTAINER, TIME_LIMIT, flag, integer},
    run::{call::Call, stream::Values},
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
    .about("Gets a container's use of CPU, memory, network and disk: the engine's own figures and what docker stats shows. Says if the container is not running.")
    .params(&[
        CONTAINER,
        integer("samples").title("Samples").about("The number of samples, one each second.").default("1").local(),
        flag("stream").title("Stream").about("Kept for older playbooks. Use samples to set the number of samples.").local(),
        flag("oneshot")
            .title("One-Shot")
            .about("Return at once, without the earlier sample that CPU percent needs.")
            .wire("one-shot")
            .since(1, 41),
        TIME_LIMIT,
    ])
    .gives(Schema::All(&[
        Schema::Answer("GET /containers/{id}/stats"),
        Schema::Field("computed", &COMPUTED),
        Schema::Fields(&["running", "note"]),
        Schema::Field("samples", &Schema::List(&Schema::All(&[COMPUTED, Schema::Fields(&["read", "running"])]))),
        Schema::Fields(&["timed_out"]),
    ]))
    .table("samples", &["read", "cpu_percent", "memory_usage", "memory_limit", "memory_percent", "network_rx_bytes", "network_tx_bytes", "block_read_bytes", "block_write_bytes", "pids"])
    .comes(Comes::Several("samples"))
    .run(stats)];

fn stats(call: &Call<'_>) -> Result<Output, Error> {
    let wanted = call.arguments.integer("samples").unwrap_or(1);
    if wanted <= 1 {
        let answer = call.send(call.request()?.query("stream", "false"))?;
        return Ok(with_computed(call, answer.json()?)?.into());
    }
    if call.arguments.is_on("oneshot") {
        let fault = "oneshot gives one sample, so samples must be 1".to_owned();
        return Err(Error::faults(Kind::InvalidParameters, &[fault]));
    }
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let taker = call.services.taker();
    let read = Values::read(call, call.request()?.query("stream", "true"), wanted, |sample| {
        if let Some(taker) = &taker {
            taker.value(&in_short(sample));
        }
    })?;
    let all: Vec<Value> = read.items.iter().map(in_short).collect();
    let Some(last) = read.items.into_iter().next_back() else {
        let what = if read.timed_out {
            "No sample came in time. Raise timeout."
        } else {
            "The engine sent no sample."
        };
        return Err(Error::new(Kind::Failed, what));
    };
    let mut result = with_computed(call, last)?;
    result.insert("samples".into(), all.into());
    result.insert("timed_out".into(), read.timed_out.into());
    Ok(result.into())
}

/// The engine's own sample, with what was computed beside it, and whether there was something to measure.
fn with_computed(call: &Call<'_>, sample: Value) -> Result<Map<String, Value>, Error> {
    let (computed, is_measured) = (computed(&sample), is_measured(&sample));
    let Value::Object(mut fields) = sample else {
        return Err(Error::new(Kind::Failed, "The engine sent something other than a sample."));
    };
    let note = if is_measured { String::new() } else { not_running(call) };
    fields.insert("computed".into(), computed.into());
    fields.insert("running".into(), is_measured.into());
    fields.insert("note".into(), note.into());
    Ok(fields)
}

/// What stays of one sample of several.
fn in_short(sample: &Value) -> Value {
    let is_measured = is_measured(sample);
    let mut fields = computed(sample);
    fields.insert("read".into(), if is_measured { sample["read"].clone() } else { Value::Null });
    fields.insert("running".into(), is_measured.into());
    fields.into()
}

/// Says that there was nothing to measure, and in which state the container is, if that can be learned.
fn not_running(call: &Call<'_>) -> String {
    let container = call.look("/containers/{id}/json").unwrap_or_default();
    // It may have been started again meanwhile.
    let state = container["State"]["Status"].as_str().filter(|state| *state != "running");
    let state = state.map_or(String::new(), |state| format!(" (its state is {state})"));
    format!(
        "The container did not run when the engine sampled it{state}: the zeros in the engine's own fields are no \
         measurements, and computed is null. Start it, or look at it with inspect_container."
    )
}

/// Whether the engine has measured something: of a container that does not run Docker sends a sample that was never read, and
/// Podman an error in the place of a sample.
fn is_measured(sample: &Value) -> bool {
    sample["read"].is_string() && !is_never(&sample["read"])
}

fn is_never(time: &Value) -> bool {
    time.as_str().is_some_and(|time| time.starts_with(GO_ZERO_TIME))
}

/// What `docker stats` shows, the way it computes it. Sizes are in bytes; null is what was not measured.
fn computed(sample: &Value) -> Map<String, Value> {
    let is_measured = is_measured(sample);
    let cpu = cpu_percent(sample).filter(|_| is_measured);
    let reason = match (is_measured, cpu) {
        (false, _) => NOT_RUNNING,
        (true, None) => NO_EARLIER_SAMPLE,
        (true, Some(_)) => "",
    };
    let memory = &sample["memory_stats"];
    let usage = memory["usage"].is_number().then(|| memory_without_cache(memory));
    let limit = memory["limit"].as_f64();
    let percent = usage.zip(limit.filter(|limit| *limit > 0.0)).map(|(usage, limit)| usage / limit * 100.0);
    let networks = || sample["networks"].as_object().into_iter().flatten().map(|(_, network)| network);
    let sum = |name: &str| networks().map(|network| number(&network[name])).sum::<f64>();
    let measured = |figure: Option<Value>| figure.filter(|_| is_measured).unwrap_or_default();
    let fields = [
        ("cpu_percent", measured(cpu.map(Value::from))),
        ("cpu_percent_reason", reason.into()),
        ("memory_usage", measured(usage.map(whole))),
        ("memory_limit", measured(limit.map(whole))),
        ("memory_percent", measured(percent.map(Value::from))),
        ("network_rx_bytes", measured(Some(whole(sum("rx_bytes"))))),
        ("network_tx_bytes", measured(Some(whole(sum("tx_bytes"))))),
        ("block_read_bytes", measured(Some(whole(block_bytes(sample, "read"))))),
        ("block_write_bytes", measured(Some(whole(block_bytes(sample, "write"))))),
        ("pids", measured(sample["pids_stats"]["current"].as_f64().map(whole))),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// How Go writes a time that never was.
const GO_ZERO_TIME: &str = "0001-01-01";

const NOT_RUNNING: &str = "The container did not run.";
const NO_EARLIER_SAMPLE: &str = "It takes two samples, and this one has none before it: oneshot was on, it is the first of several, or the engine took one.";

/// From two samples only: without an earlier one there is no percentage.
fn cpu_percent(sample: &Value) -> Option<f64> {
    let (now, before) = (&sample["cpu_stats"], &sample["precpu_stats"]);
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
    use serde_json::json;

    use super::*;

    /// As an engine on cgroup v1 answers, shortened.
    fn on_v1() -> Value {
        json!({
            "read": "2025-01-16T13:55:22.165243637Z",
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
            "read": "2025-01-16T13:55:22.165243637Z",
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
    fn says_no_percentage_from_one_sample() {
        let one_shot = computed(
            &json!({"read": "2025-01-16T13:55:22Z", "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000}, "precpu_stats": {"cpu_usage": {"total_usage": 0}}}),
        );
        assert_eq!(one_shot["cpu_percent"], Value::Null);
        assert!(one_shot["cpu_percent_reason"].as_str().unwrap().contains("two samples"));
        let podmans = computed(
            &json!({"read": "2026-01-01T00:00:00Z", "preread": "0001-01-01T00:00:00Z", "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000}, "precpu_stats": {"cpu_usage": {"total_usage": 0}, "system_cpu_usage": 0}}),
        );
        assert_eq!(podmans["cpu_percent"], Value::Null);
    }

    /// As engines of 20.10 and 28.5 answer for what is created, exited or waits to be restarted.
    fn of_what_does_not_run() -> Value {
        json!({
            "read": "0001-01-01T00:00:00Z", "preread": "0001-01-01T00:00:00Z", "pids_stats": {},
            "blkio_stats": {"io_service_bytes_recursive": null}, "num_procs": 0, "storage_stats": {},
            "cpu_stats": {"cpu_usage": {"total_usage": 0}, "throttling_data": {"periods": 0}},
            "precpu_stats": {"cpu_usage": {"total_usage": 0}, "throttling_data": {"periods": 0}},
            "memory_stats": {}, "name": "/web", "id": "1",
        })
    }

    #[test]
    fn f37_zeros_of_what_does_not_run_are_no_figures() {
        let mut figures = in_short(&of_what_does_not_run());
        let figures = figures.as_object_mut().unwrap();
        assert_eq!(figures.remove("cpu_percent_reason").unwrap(), NOT_RUNNING);
        assert_eq!(figures.remove("running").unwrap(), false);
        assert!(figures.values().all(Value::is_null), "{figures:?}");
        assert!(in_short(&on_v1())["running"] == true && !is_measured(&of_what_does_not_run()));
        let podmans =
            json!({"cause": "container is stopped", "message": "container is stopped", "response": 500});
        assert_eq!(in_short(&podmans)["network_rx_bytes"], Value::Null);
    }

    #[test]
    fn f37_what_the_host_does_not_count_is_null() {
        let figures =
            computed(&json!({"read": "2026-01-01T00:00:00Z", "memory_stats": {}, "pids_stats": {}}));
        for name in ["memory_usage", "memory_limit", "memory_percent", "pids"] {
            assert_eq!(figures[name], Value::Null, "{name}");
        }
    }
}
