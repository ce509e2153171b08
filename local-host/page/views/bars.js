// Bars of one measure, with what of each can be had back set apart. HTML, so that long names wrap and phones can read them.

import { bytes, h } from "../dom.js";
import { s } from "../svg.js";

/** @typedef {{label: any, size: number, part?: number, note?: any, title?: string}} Bar */

/** @param {Bar[]} all @param {{what: string, partIs?: string}} how */
export function bars(all, { what, partIs = "" }) {
  const most = Math.max(1, ...all.map((one) => one.size));
  return h(
    "ul",
    { class: "bars", "aria-label": what },
    all.map((one) =>
      h(
        "li",
        { title: one.title ?? null },
        h("div", { class: "bar-label" }, one.label),
        strip(one, most),
        h(
          "div",
          { class: "bar-size number nowrap" },
          bytes(one.size),
          one.part ? h("span", { class: "dim" }, `, ${bytes(one.part)} ${partIs}`) : null,
        ),
        one.note ? h("div", { class: "bar-note dim small" }, one.note) : null,
      ),
    ),
  );
}

function strip(one, most) {
  const width = (size) => (size > 0 ? Math.max(0.6, (size / most) * 100) : 0);
  return s(
    "svg",
    { class: "strip", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { class: "track", x: 0, y: 0, width: 100, height: 10 }),
    s("rect", { class: "fill", x: 0, y: 0, width: width(one.size), height: 10 }),
    one.part ? s("rect", { class: "part", x: 0, y: 0, width: width(one.part), height: 10 }) : null,
  );
}
