// Containers in a table: name, image, state, ports, age, and what can be done to each.

import { h } from "../dom.js";
import { inLine, isRecords, number } from "../json.js";
import { table } from "../table.js";
import { since } from "../times.js";
import { callName, idOf, leads, nameOf, portsOf, state } from "./parts.js";

/** @param {any} data @param {any} context */
export function containers(data, context) {
  if (!isRecords(data) || (data.length > 0 && !data.some((one) => one.Id || one.Names))) return null;
  return [[`Containers (${data.length})`, () => containerTable(data, context)]];
}

/** The table itself, for views that hold containers among other things.
 * @param {any[]} rows @param {any} context */
export function containerTable(rows, context) {
  return table(rows, COLUMNS, {
    name: "containers",
    actions: (row) => actions(row, context),
    empty: "No container fits. Stopped containers are listed with All.",
  });
}

const COLUMNS = [
  {
    title: "Name",
    value: nameOf,
    cell: (row) => [h("strong", {}, nameOf(row)), h("div", { class: "small" }, idOf(row.Id))],
  },
  { title: "Image", value: (row) => inLine(row.Image), cell: (row) => idOf(row.Image) },
  {
    title: "State",
    value: (row) => `${stateOf(row)}, ${inLine(row.Status)}`,
    cell: (row) => [
      h("div", { class: "tags" }, state(stateOf(row), toneOf(row)), health(row)),
      h("div", { class: "small dim" }, inLine(row.Status)),
    ],
  },
  {
    title: "Ports",
    value: (row) => portsOf(row.Ports).join(", "),
    cell: (row) => portsOf(row.Ports).map((port) => h("div", { class: "mono nowrap" }, port)),
  },
  { title: "Created", value: (row) => number(row.Created) || 0, cell: (row) => since(row.Created), numeric: true },
];

function stateOf(row) {
  return inLine(row.State) || inLine(row.Status).split(" ")[0].toLowerCase();
}

/** What has ended with another code than 0 is not well. */
function toneOf(row) {
  const [, code] = /^Exited \((\d+)\)/.exec(inLine(row.Status)) ?? [];
  return code !== undefined && code !== "0" ? "bad" : undefined;
}

function health(row) {
  const [, found] = /\((?:health: )?(healthy|unhealthy|starting)\)/.exec(inLine(row.Status)) ?? [];
  return found ? state(found) : "";
}

function actions(row, context) {
  const id = callName(row);
  const runs = stateOf(row) === "running";
  return [
    leads(context, "container_logs", "Logs", { id }),
    leads(context, "inspect_container", "Inspect", { id }),
    runs && leads(context, "exec_container", "Exec", { id }),
    runs ? leads(context, "stop_container", "Stop", { id }) : leads(context, "start_container", "Start", { id }),
    leads(context, "isolate_container", "Isolate", { id }),
  ];
}
