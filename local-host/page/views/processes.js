// Processes in a container: a tree by who started whom, with command lines; or the table that ps gave.

import { h } from "../dom.js";
import { inLine, isRecord } from "../json.js";
import { table } from "../table.js";

/** @param {any} data */
export function processes(data) {
  if (!isRecord(data) || !Array.isArray(data.Titles) || !Array.isArray(data.Processes)) return null;
  const titles = data.Titles.map(inLine);
  const rows = data.Processes.filter(Array.isArray);
  const at = (...names) => titles.findIndex((title) => names.includes(title.toUpperCase()));
  const [pid, parent, command] = [at("PID"), at("PPID"), at("CMD", "COMMAND", "ARGS")];
  const columns = titles.map((title, index) => ({
    title,
    value: (row) => inLine(row[index]),
    numeric: rows.length > 0 && rows.every((row) => /^\d+$/.test(inLine(row[index]))),
    cell: (row) => h("span", { class: index === command ? "mono" : null }, inLine(row[index])),
  }));
  // A column of numbers sorts as numbers.
  for (const column of columns) {
    if (!column.numeric) continue;
    const text = column.value;
    column.value = (row) => Number(text(row));
  }
  const list = [`Table (${rows.length})`, () => table(rows, columns, { name: "processes" })];
  if (pid < 0 || command < 0) return [list];
  return [[`Processes (${rows.length})`, () => tree(rows, { pid, parent, command, titles })], list];
}

function tree(rows, { pid, parent, command, titles }) {
  const ids = new Set(rows.map((row) => inLine(row[pid])));
  const isRoot = (row) => parent < 0 || !ids.has(inLine(row[parent])) || inLine(row[parent]) === inLine(row[pid]);
  const seen = new Set();
  const others = titles.map((_, index) => index).filter((index) => ![pid, parent, command].includes(index));
  const item = (row) => {
    seen.add(row);
    const children = parent < 0 ? [] : rows.filter((one) => !seen.has(one) && inLine(one[parent]) === inLine(row[pid]));
    return h(
      "li",
      {},
      h("code", { class: "command" }, inLine(row[command])),
      h("div", { class: "dim small" }, [`process ${inLine(row[pid])}`, ...others.map((index) => `${titles[index]} ${inLine(row[index])}`)].join(", ")),
      children.length > 0 && h("ul", {}, children.map(item)),
    );
  };
  const roots = rows.filter(isRoot).map(item);
  // What is left stands in a circle of parents, which no real ps has.
  const rest = rows.filter((row) => !seen.has(row)).map(item);
  return h("ul", { class: "branches" }, roots, rest);
}
