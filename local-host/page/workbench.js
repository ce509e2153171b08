// The workbench: an operation's form, its run and result, and the step for a playbook.

import * as api from "./api.js";
import { begin, listen } from "./calls.js";
import { ask, copy, fill, h, moment, offer, took } from "./dom.js";
import { Form } from "./form.js";
import { expression } from "./jinja.js";
import { collection, stepArguments } from "./playbook.js";
import { progress } from "./progress.js";
import { failure, result } from "./result.js";
import { schema } from "./schema.js";
import { tree } from "./tree.js";

const WARNING = /Destructive:[^.]*\./;

/** What was typed and what came of it, by operation: it is there again when its view is. */
const kept = new Map();

/** The workbench of an operation. */
export function workbench(app, operation) {
  const key = `${app.connector.name} ${app.connector.version} ${operation.operation}`;
  const state = kept.get(key) ?? { values: {}, step: operation.title, outcome: null, call: null };
  kept.set(key, state);
  const services = {
    upload: api.upload,
    scope: () => app.config,
    choices: async (source, form) => {
      const { data } = await api.execute(app.connector, source, app.config, form.values(), { unnoted: true });
      if (!Array.isArray(data.data)) throw new Error(`${source} answered no list`);
      return data.data;
    },
  };
  const form = new Form(operation.parameters, state.values, services, () => (state.values = form.values()));
  const step = h("input", {
    type: "text",
    id: "step-name",
    value: state.step,
    spellcheck: "false",
    oninput: () => (state.step = step.value),
  });
  const stepName = () => state.step.trim() || operation.title;
  const outcome = h("section", { class: "outcome", "aria-label": "Result" });
  const run = h("button", { type: "submit", class: "primary" }, "Run");
  const cancel = h(
    "button",
    { type: "button", class: "danger", hidden: true, onclick: () => state.call?.cancel() },
    "Cancel",
  );
  const question = h("span", { class: "decided" });
  const elapsed = h("span", { class: "dim elapsed", "aria-live": "off" });
  const configurations = h(
    "select",
    { id: "config", "aria-label": "Configuration", onchange: () => app.choose(configurations.value) },
    app.connector.configuration.map((one) =>
      h("option", { value: one.config_id }, one.default ? `${one.name} (default)` : one.name),
    ),
  );
  configurations.value = app.config;
  const element = h(
    "form",
    { class: "work", novalidate: true, onsubmit: (event) => (event.preventDefault(), start()) },
    h(
      "div",
      { class: "paper" },
      h(
        "header",
        {},
        h("h1", {}, operation.title),
        h(
          "p",
          { class: "facts" },
          h("span", { class: `chip ${operation.category}` }, operation.category ?? "miscellaneous"),
          h("code", {}, operation.operation),
        ),
        h("p", { class: "about" }, warned(operation.description ?? "")),
      ),
      form.rows.length === 0 ? h("p", { class: "dim" }, "It takes no parameters.") : form.element,
      h(
        "footer",
        { class: "actions" },
        h(
          "div",
          { class: "line" },
          run,
          question,
          cancel,
          elapsed,
          app.connector.configuration.length > 0
            ? h("label", { class: "with" }, "on ", configurations)
            : h("a", { href: "#/configurations/new" }, "Add a configuration first"),
        ),
        h(
          "details",
          { class: "step" },
          h("summary", {}, "As a playbook step"),
          h(
            "div",
            { class: "line" },
            h("label", { for: "step-name" }, "Step name "),
            step,
            h(
              "button",
              {
                type: "button",
                class: "quiet",
                onclick: () =>
                  copy(
                    JSON.stringify(stepArguments(app.connector, operation, form.values()), null, 2),
                    "the step's arguments",
                  ),
              },
              "Copy the step",
            ),
            h("button", { type: "button", class: "quiet", onclick: save }, "Export a playbook"),
          ),
          h(
            "p",
            { class: "help" },
            "Paths that you copy from the result begin with this name. Several steps in one playbook: see History.",
          ),
        ),
      ),
    ),
    outcome,
  );
  function save() {
    const steps = [{ name: stepName(), arguments: stepArguments(app.connector, operation, form.values()) }];
    offer(`${operation.operation}.json`, JSON.stringify(collection(operation.title, steps), null, 2));
  }

  function start() {
    if (state.call || run.hidden) return;
    const wrong = form.faults();
    if (wrong > 0)
      return fill(
        outcome,
        h(
          "p",
          { class: "state bad", role: "alert" },
          wrong === 1
            ? "One field needs your attention. Nothing was run."
            : `${wrong} fields need your attention. Nothing was run.`,
        ),
      );
    if (WARNING.test(operation.description) && form.values().dry_run !== true) {
      run.hidden = true;
      ask(question, "Run", "It cannot be undone.", carryOut, () => {
        fill(question);
        run.hidden = false;
        run.focus();
      });
    } else carryOut();
  }

  function carryOut() {
    const params = form.values();
    state.call = begin(operation.title, async (signal, name) => {
      const began = Date.now() / 1000;
      try {
        const { data, call } = await api.execute(app.connector, operation.operation, app.config, params, {
          signal,
          name,
        });
        state.outcome = { status: "Success", data: data.data, call, began };
      } catch (fault) {
        state.outcome = {
          status: fault.name === "AbortError" ? "Cancelled" : "Failed",
          message: fault.message,
          call: fault.call,
          began,
        };
      }
      state.outcome.seconds = state.call.elapsed();
      state.outcome.log = state.outcome.call
        ? (await api.call(state.outcome.call).catch(() => null))?.log
        : [];
      state.call = null;
    });
    follow();
  }

  function follow() {
    const call = state.call;
    run.disabled = true;
    cancel.hidden = false;
    const seen = progress(call);
    fill(outcome, h("p", { class: "state busy" }, `Running ${operation.title}`), seen.element);
    const stop = listen(seen.update);
    const tick = setInterval(() => (elapsed.textContent = took(call.elapsed())), 100);
    call.done.finally(() => {
      clearInterval(tick);
      stop();
      elapsed.textContent = "";
      run.disabled = false;
      cancel.hidden = true;
      show();
    });
  }

  function show() {
    const last = state.outcome;
    if (last === null) {
      const answered = schema(operation, form.values());
      return fill(
        outcome,
        h(
          "p",
          { class: "state" },
          "Run it to see the result here. ",
          h("kbd", {}, "Ctrl"),
          " ",
          h("kbd", {}, "Enter"),
          " does that, too.",
        ),
        answered &&
          h("details", { class: "schema" }, h("summary", {}, "What it will answer"), tree(answered, stepName)),
      );
    }
    const head = h(
      "p",
      { class: "verdict" },
      h("span", { class: `badge ${last.status}` }, last.status),
      h("span", { class: "dim" }, `${took(last.seconds)}, ${moment(last.began)}`),
      last.status === "Success" &&
        h(
          "button",
          { type: "button", class: "quiet mono", onclick: () => copy(expression(stepName(), [])) },
          expression(stepName(), []),
        ),
    );
    const body =
      last.status === "Success"
        ? result(last.data, last.log, stepName)
        : last.status === "Cancelled"
          ? h("p", { class: "state" }, "You canceled it. What it did until then is not undone.")
          : failure(last.message, last.log);
    fill(outcome, head, body);
  }

  if (state.call) follow();
  else show();
  return element;
}

/** A description, with what it warns of marked. */
function warned(description) {
  const [warning] = WARNING.exec(description) ?? [];
  if (!warning) return description;
  const [before, after] = description.split(warning);
  return [before, h("strong", { class: "warning" }, warning), after];
}

/** Fills an operation's form for its next view, as it was in a call of the history. */
export function prepare(connector, operation, values) {
  const title = connector.operations.find((one) => one.operation === operation)?.title ?? operation;
  kept.set(`${connector.name} ${connector.version} ${operation}`, {
    values,
    step: title,
    outcome: null,
    call: null,
  });
}
