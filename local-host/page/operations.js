// Operations: the list, its search, and the chosen one on the workbench.

import { fill, h } from "./dom.js";
import { workbench } from "./workbench.js";

const CATEGORIES = ["investigation", "containment", "remediation", "utilities", "miscellaneous"];

let search = "";
let category = "";

/** The view. `name` is an operation's, or empty. */
export function operations(app, name) {
  const all = app.connector.operations.filter((one) => one.visible !== false && one.enabled !== false);
  const chosen = app.connector.operations.find((one) => one.operation === name);
  const list = h("ul", { class: "list" });
  const count = h("p", { class: "count dim", role: "status" });
  const find = h("input", {
    type: "search",
    id: "find",
    placeholder: "Find an operation  ( / )",
    "aria-label": "Find an operation",
    value: search,
    oninput: () => ((search = find.value), show()),
    onkeydown: (event) => {
      if (event.key === "ArrowDown") (event.preventDefault(), list.querySelector("a")?.focus());
      if (event.key === "Enter") list.querySelector("a")?.click();
    },
  });
  const present = CATEGORIES.filter((one) => all.some((operation) => operation.category === one));
  const filters = h(
    "div",
    { class: "filters", role: "group", "aria-label": "Category" },
    present.map((one) =>
      h(
        "button",
        {
          type: "button",
          class: `chip ${one}`,
          "aria-pressed": String(category === one),
          onclick: () => ((category = category === one ? "" : one), show()),
        },
        one,
      ),
    ),
  );
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const links = [...list.querySelectorAll("a")];
    const next = links.indexOf(document.activeElement) + step;
    (links[next] ?? (next < 0 ? find : null))?.focus();
  });
  function show() {
    const words = search.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (one) => {
      const text = `${one.title} ${one.operation} ${one.description ?? ""}`.toLowerCase();
      return (!category || one.category === category) && words.every((word) => text.includes(word));
    };
    // Those whose titles fit come before those that only speak of it.
    const named = (one) => words.every((word) => one.title.toLowerCase().includes(word));
    const fitting = all.filter(fits).sort((one, other) => Number(named(other)) - Number(named(one)));
    for (const button of filters.children)
      button.setAttribute("aria-pressed", String(button.textContent === category));
    count.textContent =
      fitting.length === all.length
        ? `${all.length} operations`
        : `${fitting.length} of ${all.length} operations`;
    const stop = fitting.includes(chosen) ? chosen : fitting[0];
    fill(
      list,
      fitting.length === 0
        ? h("li", { class: "dim empty" }, "Nothing fits.")
        : fitting.map((one) =>
            h(
              "li",
              {},
              h(
                "a",
                {
                  href: `#/operations/${one.operation}`,
                  class: "item",
                  "aria-current": one.operation === name ? "page" : null,
                  title: one.description,
                  // One stop for Tab; within the list, the arrows go.
                  tabindex: one === stop ? null : "-1",
                },
                h("span", { class: `dot ${one.category}`, title: one.category }),
                h("span", {}, one.title),
              ),
            ),
          ),
    );
  }
  show();
  const side = h(
    "nav",
    { class: "side", "aria-label": "Operations" },
    h("div", { class: "finder" }, find, filters, count),
    list,
  );
  const work = chosen ? workbench(app, chosen) : welcome(app, all);
  queueMicrotask(() => list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }));
  return h("div", { class: "split" }, side, work);
}

function welcome(app, all) {
  const ready = app.connector.configuration.length > 0;
  return h(
    "section",
    { class: "blank" },
    h("h1", {}, ready ? "Choose an operation" : "Add a configuration first"),
    h(
      "p",
      { class: "dim" },
      ready
        ? `${app.connector.label} has ${all.length}. Search for one; / goes there.`
        : `It tells ${app.connector.label} what to work with.`,
    ),
    !ready && h("p", {}, h("a", { class: "button", href: "#/configurations/new" }, "Add a configuration")),
  );
}
