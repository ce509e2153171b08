// A result as a tree. Every key and value copies its path, as a playbook would name it.

import { copy, h, seen } from "./dom.js";
import { expression } from "./jinja.js";
import { Exact, isObject } from "./json.js";

const AT_ONCE = 200;
const LONG = 400;

/** The tree of `data`, which is the result of a step of this name. */
export function tree(data, step) {
  if (!isObject(data)) return h("div", { class: "tree" }, leaf(data, [], step));
  return h("div", { class: "tree" }, children(data, [], step, 0));
}

function children(data, path, step, depth) {
  const entries = Array.isArray(data) ? data.map((value, index) => [index, value]) : Object.entries(data);
  if (entries.length === 0)
    return h("p", { class: "dim empty" }, Array.isArray(data) ? "An empty list" : "An empty object");
  const list = h("ul");
  const more = (from) => {
    list.append(
      ...entries
        .slice(from, from + AT_ONCE)
        .map(([key, value]) =>
          node(key, value, [...path, key], step, depth < 1 && entries.length <= few(data)),
        ),
    );
    const left = entries.length - from - AT_ONCE;
    if (left > 0) {
      const button = h(
        "button",
        { type: "button", class: "quiet", onclick: () => (button.parentNode.remove(), more(from + AT_ONCE)) },
        `Show ${Math.min(left, AT_ONCE)} more of ${left}`,
      );
      list.append(h("li", {}, button));
    }
  };
  more(0);
  return list;
}

/** So many entries are shown with what is in them. */
function few(data) {
  return Array.isArray(data) ? 3 : AT_ONCE;
}

function node(key, value, path, step, isOpen) {
  const name = copying(
    h("span", { class: typeof key === "number" ? "index" : "key" }, String(key)),
    path,
    step,
  );
  if (!isObject(value)) return h("li", {}, name, leaf(value, path, step));
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  const what = Array.isArray(value) ? `[${size}]` : `{${size}}`;
  const inner = h("div");
  const details = h(
    "details",
    { ontoggle: grow },
    h("summary", {}, h("span", { class: "dim" }, what, preview(value))),
    inner,
  );
  function grow() {
    if (details.open && inner.childElementCount === 0) inner.append(children(value, path, step, 1));
  }
  if (isOpen && size > 0 && size <= 20) {
    details.open = true;
    grow();
  }
  return h("li", { class: "branch" }, name, details);
}

/** Something to recognise an entry by. */
function preview(value) {
  if (Array.isArray(value)) return "";
  for (const key of ["Name", "Names", "name", "title", "Id", "RepoTags", "path", "@id"]) {
    const one = Array.isArray(value[key]) ? value[key][0] : value[key];
    if (typeof one === "string" && one !== "") return ` ${one.slice(0, 60)}`;
  }
  return "";
}

function leaf(value, path, step) {
  const kind = value === null ? "null" : value instanceof Exact ? "number" : typeof value;
  const text = typeof value === "string" ? value : String(value);
  if (text.length <= LONG) {
    return copying(h("span", { class: `value ${kind}` }, text === "" ? "\u201c\u201d" : text), path, step);
  }
  const whole = h("span", { class: `value ${kind}` }, `${text.slice(0, LONG)}\u2026`);
  const all = h(
    "button",
    { type: "button", class: "quiet", onclick: () => ((whole.textContent = seen(text)), all.remove()) },
    `all ${text.length} characters`,
  );
  return h("span", {}, copying(whole, path, step), " ", all);
}

function copying(element, path, step) {
  const said = expression(step(), path);
  return h(
    "button",
    {
      type: "button",
      class: "path",
      title: `Copy ${said}`,
      onclick: (event) => (event.preventDefault(), copy(expression(step(), path))),
    },
    element,
  );
}
