// Files that a container has changed, as a tree of folders.

import { fill, h } from "../dom.js";
import { inLine, isRecords } from "../json.js";

const KINDS = [
  { word: "changed", tone: "warn" },
  { word: "added", tone: "good" },
  { word: "deleted", tone: "bad" },
];
const AT_ONCE = 200;

/** @param {any} data */
export function changes(data) {
  if (!isRecords(data) || !data.every((one) => typeof one.Path === "string")) return null;
  return [[`Changed files (${data.length})`, () => view(data)]];
}

function view(rows) {
  if (rows.length === 0) return h("p", { class: "state" }, "The container has changed no file.");
  const place = h("div", { class: "tree folders" });
  const shown = new Set([0, 1, 2]);
  const buttons = KINDS.map(({ word, tone }, kind) => {
    const count = rows.filter((row) => row.Kind === kind).length;
    const button = h(
      "button",
      {
        type: "button",
        class: `chip effect ${tone}`,
        "aria-pressed": "true",
        disabled: count === 0,
        onclick: () => {
          shown.has(kind) ? shown.delete(kind) : shown.add(kind);
          button.setAttribute("aria-pressed", String(shown.has(kind)));
          show();
        },
      },
      `${count} ${word}`,
    );
    return button;
  });
  function show() {
    fill(place, branch(grown(rows.filter((row) => shown.has(row.Kind) || !KINDS[row.Kind])), 0));
  }
  show();
  return [h("div", { class: "line tools", role: "group", "aria-label": "Kinds of changes" }, buttons), place];
}

/** Folders as maps of names; a leaf's kind is kept beside. */
function grown(rows) {
  const root = { children: new Map(), kind: null };
  for (const row of rows) {
    let node = root;
    for (const name of row.Path.split("/").filter(Boolean)) {
      if (!node.children.has(name)) node.children.set(name, { children: new Map(), kind: null });
      node = node.children.get(name);
    }
    node.kind = row.Kind;
  }
  return root;
}

function size(node) {
  return [...node.children.values()].reduce((sum, child) => sum + 1 + size(child), 0);
}

function branch(node, depth, from = 0) {
  const entries = [...node.children.entries()];
  const list = h("ul", {}, entries.slice(from, from + AT_ONCE).map(([name, child]) => item(name, child, depth)));
  const left = entries.length - from - AT_ONCE;
  if (left > 0) {
    const more = h(
      "button",
      { type: "button", class: "quiet", onclick: () => more.parentElement?.replaceWith(branch(node, depth, from + AT_ONCE)) },
      `Show ${Math.min(left, AT_ONCE)} more of ${left}`,
    );
    list.append(h("li", {}, more));
  }
  return list;
}

function item(name, child, depth) {
  const kind = KINDS[child.kind];
  const tag = kind ? h("span", { class: `tag ${kind.tone}` }, kind.word) : child.kind === null ? null : h("span", { class: "tag" }, inLine(child.kind));
  if (child.children.size === 0) return h("li", {}, name, " ", tag);
  const inner = h("div");
  const details = h(
    "details",
    { ontoggle: grow },
    h("summary", {}, `${name}/ `, tag, h("span", { class: "dim" }, ` ${size(child)}`)),
    inner,
  );
  function grow() {
    if (details.open && inner.childElementCount === 0) inner.append(branch(child, depth + 1));
  }
  if (depth < 2 && child.children.size <= 20) {
    details.open = true;
    grow();
  }
  return h("li", {}, details);
}
