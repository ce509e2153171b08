// Operations: found, filled in, run; the result; the step for a playbook.

import * as api from "./api.js";
import { begin } from "./calls.js";
import { copy, fill, h, moment, offer, took } from "./dom.js";
import { Form } from "./form.js";
import { expression } from "./jinja.js";
import { collection, stepArguments } from "./playbook.js";
import { failure, result } from "./result.js";
import { tree } from "./tree.js";

const CATEGORIES = ["investigation", "containment", "remediation", "utilities", "miscellaneous"];

/** What was typed and what came of it, by operation: it is there again when its view is. */
const kept = new Map();
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
  const filters = h("div", { class: "filters", role: "group", "aria-label": "Category" }, present.map((one) =>
    h("button", { type: "button", class: `chip ${one}`, "aria-pressed": String(category === one), onclick: () => ((category = category === one ? "" : one), show()) }, one),
  ));
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
    const fitting = all.filter(fits);
    for (const button of filters.children) button.setAttribute("aria-pressed", String(button.textContent === category));
    count.textContent = fitting.length === all.length ? `${all.length} operations` : `${fitting.length} of ${all.length} operations`;
    fill(list, fitting.length === 0 ? h("li", { class: "dim empty" }, "Nothing fits.") : fitting.map((one) =>
      h("li", {}, h("a", { href: `#/operations/${one.operation}`, class: "item", "aria-current": one.operation === name ? "page" : null, title: one.description },
        h("span", { class: `dot ${one.category}`, title: one.category }), h("span", {}, one.title))),
    ));
  }
  show();
  const side = h("nav", { class: "side", "aria-label": "Operations" }, h("div", { class: "finder" }, find, filters, count), list);
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
    h("p", { class: "dim" }, ready ? `${app.connector.label} has ${all.length}. Find one on the left; / goes there.` : `It tells ${app.connector.label} what to work with.`),
    !ready && h("p", {}, h("a", { class: "button", href: "#/configurations/new" }, "Add a configuration")),
  );
}

function workbench(app, operation) {
  const key = `${app.connector.name} ${app.connector.version} ${operation.operation}`;
  const state = kept.get(key) ?? { values: {}, step: operation.title, outcome: null, call: null };
  kept.set(key, state);
  const services = {
    upload: api.upload,
    choices: async (source, form) => {
      const { data } = await api.execute(app.connector, source, app.config, form.values(), { unnoted: true });
      if (!Array.isArray(data.data)) throw new Error(`${source} answered no list`);
      return data.data;
    },
  };
  const form = new Form(operation.parameters, state.values, services, () => (state.values = form.values()));
  const step = h("input", { type: "text", id: "step-name", value: state.step, spellcheck: "false", oninput: () => (state.step = step.value) });
  const stepName = () => state.step.trim() || operation.title;
  const outcome = h("section", { class: "outcome", "aria-label": "Result" });
  const run = h("button", { type: "submit", class: "primary" }, "Run");
  const cancel = h("button", { type: "button", class: "danger", hidden: true, onclick: () => state.call?.cancel() }, "Cancel");
  const elapsed = h("span", { class: "dim elapsed", "aria-live": "off" });
  const configurations = h("select", { id: "config", "aria-label": "Configuration", onchange: () => app.choose(configurations.value) },
    app.connector.configuration.map((one) => h("option", { value: one.config_id }, one.default ? `${one.name} (default)` : one.name)));
  configurations.value = app.config;
  const element = h(
    "form",
    { class: "work", novalidate: true, onsubmit: (event) => (event.preventDefault(), start()) },
    h(
      "div",
      { class: "paper" },
      h("header", {}, h("h1", {}, operation.title), h("p", { class: "facts" }, h("span", { class: `chip ${operation.category}` }, operation.category ?? "miscellaneous"), h("code", {}, operation.operation)), h("p", { class: "about" }, operation.description)),
      form.rows.length === 0 ? h("p", { class: "dim" }, "It takes no parameters.") : form.element,
      h(
        "footer",
        { class: "actions" },
        h("div", { class: "line" }, run, cancel, elapsed, app.connector.configuration.length > 0 ? h("label", { class: "with" }, "on ", configurations) : h("a", { href: "#/configurations/new" }, "Add a configuration first")),
        h("details", { class: "step" }, h("summary", {}, "As a playbook step"),
          h("div", { class: "line" }, h("label", { for: "step-name" }, "Step name "), step,
            h("button", { type: "button", class: "quiet", onclick: () => copy(JSON.stringify(stepArguments(app.connector, operation, form.values()), null, 2), "the step's arguments") }, "Copy the step"),
            h("button", { type: "button", class: "quiet", onclick: save }, "Export a playbook")),
          h("p", { class: "help" }, "Paths that you copy from the result begin with this name. Several steps in one playbook: see History.")),
      ),
    ),
    outcome,
  );
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) (event.preventDefault(), start());
  });

  function save() {
    const steps = [{ name: stepName(), arguments: stepArguments(app.connector, operation, form.values()) }];
    offer(`${operation.operation}.json`, JSON.stringify(collection(operation.title, steps), null, 2));
  }

  function start() {
    if (state.call) return;
    const wrong = form.faults();
    if (wrong > 0) return fill(outcome, h("p", { class: "state bad", role: "alert" }, wrong === 1 ? "One field needs your attention. Nothing was run." : `${wrong} fields need your attention. Nothing was run.`));
    const params = form.values();
    state.call = begin(operation.title, async (signal) => {
      const began = Date.now() / 1000;
      try {
        const { data, call } = await api.execute(app.connector, operation.operation, app.config, params, { signal });
        state.outcome = { status: "Success", data: data.data, call, began };
      } catch (fault) {
        state.outcome = { status: fault.name === "AbortError" ? "Cancelled" : "Failed", message: fault.message, call: fault.call, began };
      }
      state.outcome.seconds = state.call.elapsed();
      state.outcome.log = state.outcome.call ? (await api.call(state.outcome.call).catch(() => null))?.log : [];
      state.call = null;
    });
    follow();
  }

  function follow() {
    const call = state.call;
    run.disabled = true;
    cancel.hidden = false;
    fill(outcome, h("p", { class: "state busy" }, `Running ${operation.title}`));
    const tick = setInterval(() => (elapsed.textContent = took(call.elapsed())), 100);
    call.done.finally(() => {
      clearInterval(tick);
      elapsed.textContent = "";
      run.disabled = false;
      cancel.hidden = true;
      show();
    });
  }

  function show() {
    const last = state.outcome;
    if (last === null) {
      const schema = operation.output_schema;
      const has = schema && Object.keys(schema).length > 0;
      return fill(outcome, h("p", { class: "state" }, "Run it to see the result here. ", h("kbd", {}, "Ctrl"), " ", h("kbd", {}, "Enter"), " does that, too."),
        has && h("details", { class: "schema" }, h("summary", {}, "What it will answer"), tree(schema, stepName)));
    }
    const head = h("p", { class: "verdict" },
      h("span", { class: `badge ${last.status}` }, last.status), h("span", { class: "dim" }, `${took(last.seconds)}, ${moment(last.began)}`),
      last.status === "Success" && h("button", { type: "button", class: "quiet mono", onclick: () => copy(expression(stepName(), [])) }, expression(stepName(), [])));
    const body = last.status === "Success" ? result(last.data, last.log, stepName)
      : last.status === "Cancelled" ? h("p", { class: "state" }, "You cancelled it. What it did until then is not undone.")
      : failure(last.message, last.log);
    fill(outcome, head, body);
  }

  if (state.call) follow();
  else show();
  return element;
}

/** Fills an operation's form for its next view, as it was in a call of the history. */
export function prepare(connector, operation, values) {
  const title = connector.operations.find((one) => one.operation === operation)?.title ?? operation;
  kept.set(`${connector.name} ${connector.version} ${operation}`, { values, step: title, outcome: null, call: null });
}
