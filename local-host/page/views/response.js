// What a response has done: isolated containers and what was changed of them, evidence and its members with their hashes.

import { bytes, h } from "../dom.js";
import { inLine, isObject, isRecord, isRecords, number } from "../json.js";
import { table } from "../table.js";
import { date, since } from "../times.js";
import { facts, leads, part, state } from "./parts.js";

/** A value as a fact: a list as lines, an object as facts within.
 * @param {any} value */
function told(value) {
  if (isRecords(value)) return value.map((one) => facts(Object.entries(one).map(([name, inner]) => [words(name), isObject(inner) ? inLine(inner) : inner])));
  if (Array.isArray(value)) return h("ul", { class: "plain" }, value.map((one) => h("li", {}, inLine(one))));
  if (isRecord(value)) return facts(Object.entries(value).map(([name, inner]) => [words(name), inLine(inner)]));
  if (typeof value === "boolean") return state(value ? "yes" : "no", value ? "good" : "");
  return /^\d{4}-\d\d-\d\dT/.test(inLine(value)) && date(value) ? since(value) : inLine(value);
}

/** @param {string} name */
function words(name) {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** @param {any} data @param {any} context */
export function isolation(data, context) {
  if (isRecords(data)) {
    const name = (row) => inLine(row.container ?? row.name ?? row.id);
    const fields = [...new Set(data.flatMap(Object.keys))].filter((key) => !["container", "name", "id"].includes(key)).slice(0, 6);
    const columns = [{ title: "Container", value: name, cell: (row) => h("strong", {}, name(row)) }, ...fields.map((field) => ({ title: words(field), value: (row) => inLine(row[field]), cell: (row) => told(row[field]) }))];
    const actions = (row) => [leads(context, "inspect_container", "Inspect", { id: name(row) }), leads(context, "collect_evidence", "Collect evidence", { id: name(row) }), leads(context, "release_container", "Release", { id: name(row) })];
    return [[`Isolated (${data.length})`, () => table(data, columns, { name: "isolated", actions, empty: "No container is isolated." })]];
  }
  return summary(data, "Isolation", context);
}

/** @param {any} data @param {any} context */
export function evidence(data, context) {
  if (!isRecord(data)) return null;
  const members = [data.members, data.files, data.entries].find(isRecords);
  const rows = members ?? [];
  const columns = [...new Set(rows.flatMap(Object.keys))].slice(0, 6).map((field) => ({
    title: words(field),
    value: (row) => (Number.isFinite(number(row[field])) ? number(row[field]) : inLine(row[field])),
    numeric: rows.every((row) => Number.isFinite(number(row[field]))),
    cell: (row) => (/size|bytes/.test(field) && Number.isFinite(number(row[field])) ? bytes(number(row[field])) : /sha|hash|digest/.test(field) ? h("code", {}, inLine(row[field])) : told(row[field])),
  }));
  const [first] = summary(data, "Evidence", context) ?? [];
  return [first, rows.length > 0 ? [`Members (${rows.length})`, () => table(rows, columns, { name: "members" })] : null];
}

/** @param {any} data @param {string} title @param {any} context @returns {[string, () => any][] | null} */
function summary(data, title, context) {
  if (!isRecord(data)) return null;
  const flat = Object.entries(data).filter(([, value]) => !isObject(value));
  const deep = Object.entries(data).filter(([, value]) => isObject(value) && Object.keys(value).length > 0);
  const id = inLine(data.container ?? data.name ?? context.params?.id);
  return [
    [
      title,
      () => [
        h("div", { class: "line tools" }, id && leads(context, "inspect_container", "Inspect", { id }), id && leads(context, "release_container", "Release", { id }), leads(context, "list_isolated", "All that are isolated", {})),
        part("Summary", facts(flat.map(([name, value]) => [words(name), told(value)]))),
        deep.map(([name, value]) => part(words(name), told(value))),
      ],
    ],
  ];
}
