// What came of a call: the result in the views that fit it, attachments to download, the error as FortiSOAR shows it.

import { BEFORE } from "./api.js";
import { bytes, copy, fill, h } from "./dom.js";
import { expression } from "./jinja.js";
import { inLine, isObject, isRecords, number } from "./json.js";
import { isOutput, output, raw } from "./output.js";
import { table } from "./table.js";
import { tree } from "./tree.js";
import { views } from "./views.js";

const COLUMNS = 10;
const ID = /^(sha256:)?([0-9a-f]{12})[0-9a-f]{52}$/;
const RECORD = /^\/api\/3\/(files|attachments)\/([0-9a-f-]{36})$/;

/** The views of a result: those of its operation first, then the tree and the JSON of any. `context` is of context.js. */
export function result(data, log, context) {
  const own = views(context.presentation.view, data, context);
  if (own.length === 0 && isOutput(data)) own.push(["Output", () => output(data, context)]);
  const rows = own.length === 0 ? plain(data, context) : null;
  const all = [
    ...own,
    rows,
    ["Tree", () => tree(data, context.step)],
    ["JSON", () => raw(data)],
    log?.length ? [`Log (${log.length})`, () => h("pre", { class: "output", tabindex: "0" }, log.join("\n"))] : null,
  ];
  return h("div", { class: "result" }, downloads(data), tabs(all.filter(Boolean)));
}

/** An error, with what FortiSOAR puts before it set apart, and what the call had written until then. */
export function failure(message, log, output = []) {
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
    output?.length > 0 &&
      h(
        "details",
        { open: true },
        h("summary", {}, "Output up to the failure"),
        h(
          "pre",
          { class: "output", tabindex: "0" },
          output.map((one) => h("span", { class: one.stream === "stderr" ? "stderr" : null }, one.output)),
        ),
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
let numbers = 0;
function tabs(views) {
  const id = `view-${(numbers += 1)}`;
  const place = h("div", { class: "view", role: "tabpanel", id });
  const buttons = views.map(([name], index) =>
    h(
      "button",
      { type: "button", role: "tab", id: `${id}-${index}`, "aria-controls": id, onclick: () => open(index), onkeydown: (event) => key(event, index) },
      name,
    ),
  );
  function open(index) {
    buttons.forEach((button, other) => {
      button.setAttribute("aria-selected", String(other === index));
      button.tabIndex = other === index ? 0 : -1;
    });
    place.setAttribute("aria-labelledby", `${id}-${index}`);
    fill(place, made(views[index][1]));
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

/** Rows of a result that has no view of its own: those that its operation declares, or the result where it is a list. */
function plain(data, context) {
  const declared = context.presentation.table;
  const rows = declared?.rows ? data?.[declared.rows] : data;
  if (!isRecords(rows) || rows.length === 0) return null;
  const path = declared?.rows ? [declared.rows] : [];
  const names = declared?.columns?.length ? declared.columns : columnsOf(rows);
  const within = (row, name) => (name in row ? row[name] : name.split(".").reduce((value, part) => value?.[part], row));
  const columns = names.map((name) => ({
    title: name,
    value: (row) => within(row, name),
    numeric: rows.some((row) => !Number.isNaN(number(within(row, name)))),
    cell: (row) => cell(within(row, name), () => expression(context.step(), [...path, rows.indexOf(row), ...(name in row ? [name] : name.split("."))])),
  }));
  return [`Table (${rows.length})`, () => table(rows, columns, { name: context.operation?.operation ?? "result" })];
}

/** The fields that most rows have something in; long ids come last: what they are of is what people look for. */
function columnsOf(rows) {
  const some = rows.slice(0, 50);
  const isEmpty = (value) =>
    value === null || value === undefined || value === "" || (isObject(value) && Object.keys(value).length === 0);
  const names = [...new Set(some.flatMap(Object.keys))].filter((key) => !some.every((row) => isEmpty(row[key])));
  const isId = (key) => some.every((row) => isEmpty(row[key]) || ID.test(row[key]));
  const isFlat = (key) => some.every((row) => !isObject(row[key]));
  const rank = (key) => (isId(key) ? 2 : isFlat(key) ? 0 : 1);
  return names.sort((one, other) => rank(one) - rank(other)).slice(0, COLUMNS);
}

function cell(value, said) {
  const text = inLine(value);
  const id = ID.exec(text);
  const short = id ? `${id[1] ?? ""}${id[2]}\u2026` : text.length > 48 ? `${text.slice(0, 48)}\u2026` : text;
  return h("button", { type: "button", class: "path", title: text, onclick: () => copy(said()) }, short);
}

/** What a view makes. One that fails says so: the other tabs still have all that there is. */
function made(make) {
  try {
    return make();
  } catch (fault) {
    return h("p", { class: "state warn" }, `This view cannot show the result (${fault.message}). Tree and JSON have all of it.`);
  }
}

/** Links to the attachments and files that a result names. */
function downloads(data) {
  const found = new Map();
  const look = (value, depth) => {
    if (!isObject(value) || depth > 6 || found.size > 50) return;
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
