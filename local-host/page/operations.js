// Operations: the list, its search, and the chosen one on the workbench.

import { fill, h } from "./dom.js";
import { overview } from "./overview.js";
import { EFFECTS, forbidden, presentation } from "./presentation.js";
import { search as found } from "./search.js";
import { workbench } from "./workbench.js";


let search = "";
let category = "";

/** The view. `name` is an operation's, or empty. */
export function operations(app, name) {
  const all = app.connector.operations.filter((one) => one.visible !== false && one.enabled !== false);
  const chosen = app.connector.operations.find((one) => one.operation === name);
  const list = h("ul", { class: "list" });
  const count = h("p", { class: "count dim", role: "status" });
  const groupOf = (one) => (one ? presentation(app.connector, one).group : null);
  const find = h("input", {
    type: "search",
    id: "find",
    placeholder: "Find an operation  ( / )",
    "aria-label": "Find an operation",
    value: search,
    oninput: () => ((search = find.value), show()),
    onkeydown: (event) => {
      if (event.key === "ArrowDown") (event.preventDefault(), list.querySelector("a")?.focus());
      // The first of the list is what Enter opens, and is shown as that.
      if (event.key === "Enter") (event.preventDefault(), list.querySelector("a")?.click());
    },
  });
  const effectOf = (one) => presentation(app.connector, one).effect;
  const present = Object.keys(EFFECTS).filter((one) => all.some((operation) => effectOf(operation) === one));
  const filters = h(
    "div",
    { class: "filters", role: "group", "aria-label": "Effect" },
    present.map((one) =>
      h(
        "button",
        {
          type: "button",
          class: `chip ${one}`,
          "data-effect": one,
          title: EFFECTS[one].about,
          "aria-pressed": String(category === one),
          onclick: () => ((category = category === one ? "" : one), show()),
        },
        EFFECTS[one].word,
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
    const fitting = found(app.connector, all, search).filter((one) => !category || effectOf(one) === category);
    for (const button of filters.children)
      button.setAttribute("aria-pressed", String(button.getAttribute("data-effect") === category));
    count.textContent =
      fitting.length === all.length
        ? `${all.length} operations`
        : `${fitting.length} of ${all.length} operations`;
    const stop = fitting.includes(chosen) ? chosen : fitting[0];
    fill(
      list,
      fitting.length === 0
        ? h("li", { class: "dim empty" }, "Nothing fits.")
        : fitting.map((one, index) =>
            h(
              "li",
              search === "" && groupOf(one) !== groupOf(fitting[index - 1])
                ? { "data-group": groupOf(one) }
                : {},
              h(
                "a",
                {
                  href: `#/operations/${one.operation}`,
                  class: `item${search !== "" && index === 0 ? " first" : ""}`,
                  "aria-current": one.operation === name ? "page" : null,
                  title: one.description,
                  // One stop for Tab; within the list, the arrows go.
                  tabindex: one === stop ? null : "-1",
                },
                h("span", { class: `dot ${effectOf(one)}`, title: EFFECTS[effectOf(one)].word }),
                h("span", { class: forbidden(app, one) ? "barred" : null, title: forbidden(app, one) || null }, one.title),
                h("span", { class: "hidden" }, `, ${EFFECTS[effectOf(one)].word}${forbidden(app, one) ? ", not allowed" : ""}`),
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
  const work = chosen ? workbench(app, chosen) : overview(app);
  queueMicrotask(() => list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }));
  return h("div", { class: "split" }, side, work);
}
