// What has happened on an engine: a timeline by kind of object, and a table in words with local times.

import { h } from "../dom.js";
import { inLine, isRecord, isRecords } from "../json.js";
import { clipped, picture, s } from "../svg.js";
import { table } from "../table.js";
import { date, exactly } from "../times.js";
import { facts, leads, short } from "./parts.js";

const WORDS = {
  create: "was created",
  start: "started",
  die: "ended",
  stop: "was stopped",
  kill: "was sent a signal",
  destroy: "was removed",
  pause: "was paused",
  unpause: "was resumed",
  restart: "was restarted",
  rename: "was renamed",
  oom: "ran out of memory",
  attach: "was attached to",
  commit: "was made into an image",
  exec_die: "ended a command",
  pull: "was pulled",
  push: "was pushed",
  tag: "was tagged",
  untag: "was untagged",
  delete: "was deleted",
  connect: "got a container",
  disconnect: "lost a container",
  mount: "was mounted",
  unmount: "was unmounted",
  remove: "was removed",
  update: "was updated",
  top: "was asked for its processes",
};
const BAD = /^(die|kill|destroy|oom|delete|remove|health_status: unhealthy)/;
const MOST_DRAWN = 2000;

/** @param {any} data @param {any} context */
export function events(data, context) {
  const rows = isRecord(data) ? data.events : data;
  if (!isRecords(rows)) return null;
  return [
    [`Events (${rows.length})`, () => [notes(data), timeline(rows.map((row) => point(row))), list(rows, context)]],
  ];
}

function notes(data) {
  return data?.may_be_incomplete === true
    ? h("p", { class: "state warn" }, inLine(data.incomplete_reason) || "The engine has forgotten earlier events.")
    : null;
}

function list(rows, context) {
  return table(rows, COLUMNS, {
    name: "events",
    empty: "Nothing has happened in this time.",
    actions: (row) =>
      row.Type === "container" ? [leads(context, "inspect_container", "Inspect", { id: row.Actor?.ID })] : [],
  });
}

/** An event's object: its name where the engine told it, otherwise its id. */
function nameOf(row) {
  return inLine(row.Actor?.Attributes?.name) || short(row.Actor?.ID ?? row.id);
}

/** What has happened, in words. */
export function inWords(row) {
  const action = inLine(row.Action ?? row.status);
  const attributes = row.Actor?.Attributes ?? {};
  const [word, rest] = action.split(/: ?(.*)/s);
  if (word === "die" && attributes.exitCode !== undefined) return `ended with exit code ${inLine(attributes.exitCode)}`;
  if (word === "kill" && attributes.signal !== undefined) return `was sent signal ${inLine(attributes.signal)}`;
  if (word === "rename") return `was renamed from ${inLine(attributes.oldName).replace(/^\//, "")}`;
  if (word === "health_status") return `became ${rest}`;
  if (word === "exec_create" || word === "exec_start")
    return `${word === "exec_create" ? "was given" : "ran"} the command ${rest}`;
  if ((word === "connect" || word === "disconnect") && attributes.container)
    return `${word === "connect" ? "got" : "lost"} container ${short(attributes.container)}`;
  return WORDS[word] ?? action;
}

const COLUMNS = [
  {
    title: "When",
    value: (row) => date(row.timeNano ?? row.time)?.getTime() ?? 0,
    numeric: true,
    cell: (row) => {
      const when = date(row.timeNano ?? row.time);
      return when ? h("time", { datetime: when.toISOString(), class: "nowrap", title: inLine(row.timeNano) }, exactly(when)) : "";
    },
  },
  { title: "Kind", value: (row) => inLine(row.Type) },
  { title: "Name", value: nameOf, cell: (row) => h("strong", {}, nameOf(row)) },
  {
    title: "What happened",
    value: inWords,
    cell: (row) => h("span", { class: BAD.test(inLine(row.Action)) ? "bad-text" : null, title: inLine(row.Action) }, inWords(row)),
  },
  {
    title: "Details",
    value: (row) => inLine(row.Actor?.Attributes),
    cell: (row) =>
      isRecord(row.Actor?.Attributes)
        ? h("details", {}, h("summary", {}, `${Object.keys(row.Actor.Attributes).length}`), facts(Object.entries(row.Actor.Attributes)))
        : "",
  },
];

function point(row) {
  return {
    when: date(row.timeNano ?? row.time),
    lane: inLine(row.Type) || "other",
    text: `${nameOf(row)} ${inWords(row)}`,
    isBad: BAD.test(inLine(row.Action)),
  };
}

/** Points on a line for each kind. What is bad is a diamond, not only another color.
 * @param {{when: Date | null, lane: string, text: string, isBad: boolean}[]} all */
export function timeline(all) {
  const points = all.filter((one) => one.when).slice(-MOST_DRAWN);
  if (points.length < 2) return null;
  const lanes = [...new Set(points.map((one) => one.lane))];
  const [left, width, row] = [92, 640, 26];
  const times = points.map((one) => one.when?.getTime() ?? 0);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const x = (time) => left + 8 + (last > first ? (time - first) / (last - first) : 0.5) * (width - left - 24);
  const height = lanes.length * row + 24;
  const y = (lane) => lanes.indexOf(lane) * row + row / 2;
  const mark = (one, index) => {
    const [cx, cy] = [x(times[index]), y(one.lane)];
    const title = s("title", {}, `${exactly(new Date(times[index]))}: ${one.text}`);
    return one.isBad
      ? s("path", { class: "mark bad", d: `M${cx} ${cy - 6}l6 6l-6 6l-6 -6z` }, title)
      : s("circle", { class: "mark", cx, cy, r: 4.5 }, title);
  };
  return h(
    "figure",
    { class: "chart" },
    picture(
      width,
      height,
      `${points.length} events from ${exactly(new Date(first))} to ${exactly(new Date(last))}`,
      lanes.flatMap((lane) => [
        s("text", { x: left - 6, y: y(lane) + 4, "text-anchor": "end" }, clipped(lane, 14)),
        s("line", { class: "grid", x1: left, x2: width, y1: y(lane), y2: y(lane) }),
      ]),
      points.map(mark),
      s("text", { class: "dim", x: left, y: height - 5 }, exactly(new Date(first))),
      s("text", { class: "dim", x: width, y: height - 5, "text-anchor": "end" }, exactly(new Date(last))),
    ),
  );
}
