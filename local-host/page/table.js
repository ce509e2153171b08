// A table that is sorted by its heads, filtered by a word, and saved as CSV. Of many rows, some are shown at once.

import { fill, h, offer } from "./dom.js";
import { inLine, number } from "./json.js";

const ROWS = 200;

/** A column. `value` is what it is sorted, filtered and saved by; `cell` what is shown, if that is more than the value as text.
 * @typedef {{title: string, value: (row: any) => any, cell?: (row: any, index: number) => any, numeric?: boolean}} Column */

/** @param {any[]} rows @param {Column[]} columns
 * @param {{name: string, actions?: (row: any) => any[], note?: any, empty?: string}} options */
export function table(rows, columns, { name, actions, note, empty = "There is none." }) {
  if (rows.length === 0) return h("p", { class: "state" }, empty);
  let sorted = -1;
  let isUp = true;
  let shown = ROWS;
  const count = h("span", { class: "dim", role: "status" });
  const filter = h("input", {
    type: "search",
    placeholder: "Filter",
    "aria-label": `Filter ${name}`,
    class: "filter",
    // In a form, Enter would run the operation again.
    onkeydown: (event) => event.key === "Enter" && !event.ctrlKey && event.preventDefault(),
    oninput: () => ((shown = ROWS), show()),
  });
  const texts = new Map();
  const textOf = (row) => {
    if (!texts.has(row)) texts.set(row, columns.map((one) => inLine(one.value(row))).join("\n").toLowerCase());
    return texts.get(row);
  };
  const heads = columns.map((column, index) =>
    h(
      "th",
      { scope: "col", class: column.numeric ? "number" : null },
      h("button", { type: "button", class: "sort", onclick: () => sort(index) }, column.title),
    ),
  );
  const body = h("tbody");
  const more = h("button", { type: "button", class: "quiet", onclick: () => ((shown += ROWS), show()) });

  function sort(index) {
    isUp = sorted === index ? !isUp : !columns[index].numeric;
    sorted = index;
    show();
  }

  function fitting() {
    const word = filter.value.trim().toLowerCase();
    const found = word === "" ? [...rows] : rows.filter((row) => textOf(row).includes(word));
    if (sorted < 0) return found;
    const { value, numeric } = columns[sorted];
    const order = (one, other) =>
      numeric
        ? (number(value(one)) || 0) - (number(value(other)) || 0)
        : inLine(value(one)).localeCompare(inLine(value(other)), [], { numeric: true });
    return found.sort((one, other) => (isUp ? 1 : -1) * order(one, other));
  }

  function show() {
    const found = fitting();
    heads.forEach((head, index) => {
      head.setAttribute("aria-sort", index !== sorted ? "none" : isUp ? "ascending" : "descending");
    });
    count.textContent = found.length === rows.length ? `${rows.length}` : `${found.length} of ${rows.length}`;
    fill(body, found.slice(0, shown).map(line));
    more.hidden = found.length <= shown;
    more.textContent = `Show ${Math.min(ROWS, found.length - shown)} more of ${found.length - shown}`;
  }

  function line(row, index) {
    return h(
      "tr",
      {},
      columns.map((column) =>
        h(
          "td",
          { class: column.numeric ? "number" : null, "data-label": column.title },
          column.cell ? column.cell(row, index) : inLine(column.value(row)),
        ),
      ),
      actions && h("td", { class: "actions-of", "data-label": "" }, h("div", { class: "line" }, actions(row))),
    );
  }

  show();
  return h(
    "div",
    { class: "data" },
    h(
      "div",
      { class: "line tools" },
      filter,
      count,
      note,
      h(
        "button",
        { type: "button", class: "quiet", onclick: () => offer(`${name}.csv`, csv(columns, fitting()), "text/csv") },
        "CSV",
      ),
    ),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": name },
      h(
        "table",
        { class: "cards" },
        h("thead", {}, h("tr", {}, heads, actions && h("th", { scope: "col" }, h("span", { class: "hidden" }, "Actions")))),
        body,
      ),
      more,
    ),
  );
}

/** Rows as CSV (RFC 4180). What a spreadsheet would take for a formula is kept from being one.
 * @param {Column[]} columns @param {any[]} rows */
export function csv(columns, rows) {
  const quoted = (value) => {
    const text = inLine(value);
    const harmless = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
  };
  const lines = [columns.map((one) => one.title), ...rows.map((row) => columns.map((one) => one.value(row)))];
  return lines.map((line) => `${line.map(quoted).join(",")}\r\n`).join("");
}
