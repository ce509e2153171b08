// What a container uses: the figures, lines over time, and a live refresh until it is stopped.

import * as api from "../api.js";
import { bytes, fill, h } from "../dom.js";
import { inLine, isRecord, isRecords, number } from "../json.js";
import { date } from "../times.js";
import { chart } from "./lines.js";

const percent = (value) => `${value.toFixed(value < 10 ? 1 : 0)} %`;
const count = (value) => String(Math.round(value));
/** `[title, unit, base, fields with their labels]`
 * @type {[string, (value: number) => string, number, [string, string][]][]} */
const CHARTS = [
  ["CPU", percent, 10, [["cpu_percent", "used"]]],
  ["Memory", bytes, 1024, [["memory_usage", "used"]]],
  ["Network", bytes, 1024, [["network_rx_bytes", "received"], ["network_tx_bytes", "sent"]]],
  ["Disk", bytes, 1024, [["block_read_bytes", "read"], ["block_write_bytes", "written"]]],
  ["Processes", count, 10, [["pids", "running"]]],
];
const KEPT = 300;
const PAUSE_MILLISECONDS = 1000;

/** @param {any} data @param {any} context */
export function statistics(data, context) {
  if (!isRecord(data) || !isRecord(data.computed)) return null;
  return [["Statistics", () => live(data, context)]];
}

function live(data, context) {
  const samples = samplesOf(data);
  const charts = h("div", { class: "charts" });
  const status = h("span", { class: "dim", role: "status" });
  const button = h("button", { type: "button", onclick: () => (runs ? stop() : start()) }, "Refresh live");
  let runs = false;

  function draw() {
    fill(
      charts,
      figures(samples[samples.length - 1] ?? {}),
      CHARTS.map(([title, unit, base, fields]) => {
        const lines = fields
          .map(([field, label]) => ({ label, points: pointsOf(samples, field) }))
          .filter((line) => line.points.length > 0);
        return chart(title, lines, { unit, base });
      }),
    );
  }

  function start() {
    runs = true;
    button.textContent = "Stop refreshing";
    again();
  }

  function stop(why = "") {
    runs = false;
    button.textContent = "Refresh live";
    status.textContent = why;
  }

  async function again() {
    const params = { ...context.params, samples: 1, stream: false };
    while (runs && charts.isConnected) {
      try {
        const { data: answer } = await api.execute(
          context.app.connector,
          context.operation.operation,
          context.app.config,
          params,
          { unnoted: true },
        );
        if (!runs) return;
        if (answer.data?.running === false) return stop("The container does not run any more.");
        samples.push(...samplesOf(answer.data));
        samples.splice(0, samples.length - KEPT);
        status.textContent = `${samples.length} samples`;
        draw();
      } catch (fault) {
        return stop(fault.message);
      }
      await new Promise((done) => setTimeout(done, PAUSE_MILLISECONDS));
    }
  }

  draw();
  return [
    data.running === false ? h("p", { class: "state warn" }, inLine(data.note) || "The container does not run.") : null,
    h("div", { class: "line tools" }, button, status),
    charts,
  ];
}

/** Samples in time's order, the last one the newest; of a result without samples, what was computed. */
function samplesOf(data) {
  const listed = isRecords(data.samples) ? data.samples : [];
  if (listed.length > 0) return [...listed];
  return isRecord(data.computed) ? [{ ...data.computed, read: data.read }] : [];
}

function pointsOf(samples, field) {
  return samples
    .map((sample) => [date(sample.read)?.getTime() ?? NaN, number(sample[field])])
    .filter(([time, value]) => Number.isFinite(time) && Number.isFinite(value));
}

function figures(sample) {
  const shown = [
    ["CPU", percent, sample.cpu_percent, null],
    ["Memory", bytes, sample.memory_usage, share(sample)],
    ["Network received", bytes, sample.network_rx_bytes, null],
    ["Network sent", bytes, sample.network_tx_bytes, null],
    ["Disk read", bytes, sample.block_read_bytes, null],
    ["Disk written", bytes, sample.block_write_bytes, null],
    ["Processes", count, sample.pids, null],
  ];
  return h(
    "dl",
    { class: "meters" },
    shown
      .filter(([, , value]) => Number.isFinite(number(value)))
      .map(([title, unit, value, more]) =>
        h("div", { class: "meter" }, h("dt", { class: "dim" }, title), h("dd", {}, h("strong", {}, unit(number(value))), more)),
      ),
  );
}

function share(sample) {
  const [limit, part] = [number(sample.memory_limit), number(sample.memory_percent)];
  if (!(limit > 0)) return null;
  return h("span", { class: "dim" }, ` ${Number.isFinite(part) ? `${percent(part)} ` : ""}of ${bytes(limit)}`);
}
