// What came of a call: the result in the views that fit it, attachments to download, the error as FortiSOAR shows it.

import { BEFORE } from "./api.js";
import { bytes, copy, fill, h } from "./dom.js";
import { expression } from "./jinja.js";
import { meters } from "./meters.js";
import { isOutput, output, raw } from "./output.js";
import { tree } from "./tree.js";

const ROWS = 200;
const COLUMNS = 10;
const ID = /^(sha256:)?([0-9a-f]{12})[0-9a-f]{52}$/;
const RECORD = /^\/api\/3\/(files|attachments)\/([0-9a-f-]{36})$/;

/** The views of a result. `step` answers the step's name. */
export function result(data, log, step) {
  const views = [];
  const charts = meters(data);
  if (charts) views.push(["Meters", () => charts]);
  if (isOutput(data)) views.push(["Output", () => output(data)]);
  const list = listOf(data);
  if (list) views.push([`Table (${list.rows.length})`, () => table(list, step)]);
  views.push(["Tree", () => tree(data, step)]);
  views.push(["JSON", () => raw(data)]);
  if (log?.length) views.push([`Log (${log.length})`, () => h("pre", { class: "output" }, log.join("\n"))]);
  return h("div", { class: "result" }, downloads(data), tabs(views));
}

/** An error, with what FortiSOAR puts before it set apart. */
export function failure(message, log) {
  const [start] = BEFORE.exec(message) ?? [""];
  const [, code, said] = /^(\[[a-z_]+(?: \d+)?\] )?(.*)$/s.exec(message.slice(start.length));
  return h(
    "div",
    { class: "failure", role: "alert" },
    start && h("p", { class: "dim" }, start.trim()),
    h("p", { class: "said" }, code && h("span", { class: "code" }, code.trim()), code && " ", said),
    h(
      "button",
      { type: "button", class: "quiet", onclick: () => copy(message, "the error") },
      "Copy the error",
    ),
    log?.length
      ? h(
          "details",
          {},
          h("summary", {}, `Log (${log.length})`),
          h("pre", { class: "output" }, log.join("\n")),
        )
      : null,
  );
}

/** Views to switch between. */
function tabs(views) {
  const place = h("div", { class: "view" });
  const buttons = views.map(([name], index) =>
    h(
      "button",
      { type: "button", role: "tab", onclick: () => open(index), onkeydown: (event) => key(event, index) },
      name,
    ),
  );
  function open(index) {
    buttons.forEach((button, other) => {
      button.setAttribute("aria-selected", String(other === index));
      button.tabIndex = other === index ? 0 : -1;
    });
    fill(place, views[index][1]());
  }
  function key(event, index) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (index + step + buttons.length) % buttons.length;
    open(next);
    buttons[next].focus();
  }
  open(0);
  return [h("div", { class: "tabs", role: "tablist" }, buttons), place];
}

/** The list in a result that is one, or has one. */
function listOf(data) {
  const isList = (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => one !== null && typeof one === "object" && !Array.isArray(one));
  if (isList(data)) return { rows: data, path: [] };
  if (data === null || typeof data !== "object" || isOutput(data)) return null;
  const found = Object.entries(data).filter(([, value]) => isList(value));
  return found.length === 1 ? { rows: found[0][1], path: [found[0][0]] } : null;
}

function table({ rows, path }, step) {
  const columns = [];
  for (const row of rows.slice(0, 50)) {
    for (const [key, value] of Object.entries(row)) {
      const isPlain =
        value === null ||
        typeof value !== "object" ||
        (Array.isArray(value) && value.every((one) => typeof one !== "object"));
      if (isPlain && !columns.includes(key)) columns.push(key);
    }
  }
  const isEmpty = (value) =>
    value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
  // Long ids come last: what they are of is what people look for.
  const isId = (key) => rows.slice(0, 50).every((row) => isEmpty(row[key]) || ID.test(row[key]));
  const filled = columns.filter((key) => !rows.every((row) => isEmpty(row[key])));
  const shown = [...filled.filter((key) => !isId(key)), ...filled.filter(isId)].slice(0, COLUMNS);
  const body = h("tbody");
  const place = h(
    "div",
    { class: "scroll", tabindex: "0" },
    h(
      "table",
      {},
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          shown.map((key) => h("th", { scope: "col" }, key)),
        ),
      ),
      body,
    ),
  );
  const more = (from) => {
    rows.slice(from, from + ROWS).forEach((row, index) => {
      body.append(
        h(
          "tr",
          {},
          shown.map((key) => h("td", {}, cell(row[key], expressionOf(from + index, key)))),
        ),
      );
    });
    const left = rows.length - from - ROWS;
    if (left > 0) {
      const button = h(
        "button",
        { type: "button", class: "quiet", onclick: () => (button.remove(), more(from + ROWS)) },
        `Show ${Math.min(left, ROWS)} more of ${left}`,
      );
      place.append(button);
    }
  };
  const expressionOf = (index, key) => () => expression(step(), [...path, index, key]);
  more(0);
  return place;
}

function cell(value, said) {
  const text = Array.isArray(value)
    ? value.join(", ")
    : value === null || value === undefined
      ? ""
      : String(value);
  const id = ID.exec(text);
  const short = id ? `${id[1] ?? ""}${id[2]}\u2026` : text.length > 48 ? `${text.slice(0, 48)}\u2026` : text;
  return h("button", { type: "button", class: "path", title: text, onclick: () => copy(said()) }, short);
}

/** Links to the attachments and files that a result names. */
function downloads(data) {
  const found = new Map();
  const look = (value, depth) => {
    if (value === null || typeof value !== "object" || depth > 6 || found.size > 50) return;
    const [, kind, id] = RECORD.exec(typeof value["@id"] === "string" ? value["@id"] : "") ?? [];
    if (id && !(kind === "files" && [...found.values()].some((one) => one.file === id))) {
      const file = value.file ?? value;
      found.set(id, {
        id,
        file: RECORD.exec(file?.["@id"] ?? "")?.[2],
        name: file?.filename ?? value.name ?? id,
        size: value.size ?? file?.size,
      });
    }
    for (const inner of Object.values(value).slice(0, 500)) look(inner, depth + 1);
  };
  look(data, 0);
  if (found.size === 0) return null;
  const link = (one) =>
    h(
      "a",
      { class: "download", href: `/page/download/${one.id}`, download: one.name },
      h("span", {}, one.name),
      typeof one.size === "number" && h("span", { class: "dim" }, ` ${bytes(one.size)}`),
    );
  return h("div", { class: "downloads" }, [...found.values()].map(link));
}
