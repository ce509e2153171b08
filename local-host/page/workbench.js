// The workbench: an operation's form, its run and result, and the step for a playbook.

import * as api from "./api.js";
import { begin, listen } from "./calls.js";
import { context } from "./context.js";
import { restCall, shellCommand } from "./copies.js";
import { announce, ask, copy, fill, h, moment, offer, took } from "./dom.js";
import { Form } from "./form.js";
import { expression } from "./jinja.js";
import { stateOf } from "./kept.js";
import { collection, stepArguments } from "./playbook.js";
import { EFFECTS, forbidden, objectOf, presentation } from "./presentation.js";
import { progress } from "./progress.js";
import { failure, result } from "./result.js";
import { schema } from "./schema.js";
import { tree } from "./tree.js";

const WARNING = /Destructive:[^.]*\./;
/** How the host answers a call that was cancelled, by this tab or by another. */
const CANCELLED = 499;
/** Narrower windows show the result below the form. */
const STACKED = matchMedia("(max-width: 1240px)");

/** The workbench of an operation. */
export function workbench(app, operation) {
  const state = stateOf(app.connector, operation);
  const about = presentation(app.connector, operation);
  const effect = EFFECTS[about.effect];
  const services = {
    upload: api.upload,
    scope: () => app.config,
    choices: async (source, form) => {
      const { data } = await api.execute(app.connector, source, app.config, form.values(), { unnoted: true });
      if (!Array.isArray(data.data)) throw new Error(`${source} answered no list`);
      return data.data;
    },
  };
  const form = new Form(operation.parameters, state.values, services, () => {
    state.values = form.values();
    state.isTyped = Object.keys(form.given()).length > 0;
  }, about);
  const step = h("input", {
    type: "text",
    id: "step-name",
    value: state.step,
    spellcheck: "false",
    oninput: () => (state.step = step.value),
  });
  const stepName = () => state.step.trim() || operation.title;
  const outcome = h("section", { class: "outcome", "aria-label": "Result" });
  const run = h("button", { type: "submit", class: `primary ${about.effect}` }, "Run");
  const cancel = h(
    "button",
    { type: "button", class: "danger", hidden: true, onclick: () => state.call?.cancel() },
    "Cancel",
  );
  const question = h("span", { class: "decided" });
  const elapsed = h("span", { class: "dim elapsed", "aria-live": "off" });
  const configurations = h(
    "select",
    { id: "config", "aria-label": "Configuration", onchange: () => (app.choose(configurations.value), mark()) },
    app.connector.configuration.map((one) =>
      h("option", { value: one.config_id }, one.default ? `${one.name} (default)` : one.name),
    ),
  );
  configurations.value = app.config;
  const barred = h("p", { class: "state warn" });
  const mark = () => {
    barred.textContent = forbidden(app, operation);
    barred.hidden = barred.textContent === "";
  };
  mark();
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
          h("span", { class: `chip effect ${effect.tone}`, title: effect.about }, effect.word),
          h("span", { class: "chip" }, about.group || (operation.category ?? "miscellaneous")),
          h("code", {}, operation.operation),
        ),
        h("p", { class: "about" }, warned(operation.description ?? "")),
        barred,
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
          h("summary", {}, "Use it elsewhere"),
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
            h("button", { type: "button", class: "quiet", onclick: asCommand }, "Copy as shell command"),
            h("button", { type: "button", class: "quiet", onclick: asRequest }, "Copy as REST call"),
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

  function asCommand() {
    const chosen = app.connector.configuration.find((one) => one.config_id === app.config)?.config;
    copy(shellCommand(operation, form.given(), chosen), "the shell command");
  }

  function asRequest() {
    const name = app.connector.configuration.find((one) => one.config_id === app.config)?.name ?? "";
    copy(restCall(app.connector, operation, name, form.given()), "the REST call; STATE is the host's state folder");
  }

  /** What will be done, to what, and where. */
  function deed() {
    const [verb, ...rest] = operation.title.split(" ");
    const object = objectOf(operation);
    const name = object && form.values()[object.field];
    const what = object ? `${object.kind} ${name}` : rest.join(" ").toLowerCase();
    const where = app.connector.configuration.find((one) => one.config_id === app.config)?.name;
    return { verb, question: `${verb} ${what}${where ? ` on ${where}` : ""}? It cannot be undone.` };
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
    if (about.effect === "destroy" && form.values().dry_run !== true) {
      run.hidden = true;
      const { verb, question: asked } = deed();
      ask(question, verb, asked, carryOut, () => {
        fill(question);
        run.hidden = false;
        run.focus();
      });
    } else carryOut();
  }

  function carryOut() {
    const params = form.values();
    state.isTyped = false;
    state.params = params;
    const call = begin(operation.title, async (name) => {
      const began = Date.now() / 1000;
      let outcome;
      try {
        const { data, call } = await api.execute(app.connector, operation.operation, app.config, params, { name });
        outcome = { status: "Success", data: data.data, call, began };
      } catch (fault) {
        const status = fault.status === CANCELLED ? "Cancelled" : "Failed";
        outcome = { status, message: fault.message, call: fault.call, began };
      }
      outcome.seconds = call.elapsed();
      outcome.output = call.output;
      outcome.log = outcome.call ? (await api.call(outcome.call).catch(() => null))?.log : [];
      state.outcome = outcome;
      state.call = null;
    });
    state.call = call;
    follow();
    bringIntoView();
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
      announce(`${operation.title}: ${state.outcome.status}`);
      bringIntoView();
    });
  }

  /** Where the result stands below the form, it is brought to where one looks. */
  function bringIntoView() {
    if (STACKED.matches && element.isConnected) outcome.scrollIntoView({ block: "start" });
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
        ? result(last.data, last.log, context(app, operation, stepName, state.params ?? {}))
        : last.status === "Cancelled"
          ? h("p", { class: "state" }, "You canceled it. What it did until then is not undone.")
          : failure(last.message, last.log, last.output);
    fill(outcome, head, body);
  }

  if (state.call) follow();
  else show();
  if (state.run) {
    state.run = false;
    queueMicrotask(start);
  }
  return element;
}

/** A description, with what it warns of marked. */
function warned(description) {
  const [warning] = WARNING.exec(description) ?? [];
  if (!warning) return description;
  const [before, after] = description.split(warning);
  return [before, h("strong", { class: "warning" }, warning), after];
}

/** Takes over a call that another tab has begun, or this one before it was loaded anew.
 * @param {any} app @param {any} call @param {any} about what the host says of it */
export function takeOver(app, call, about) {
  const { connector } = app;
  const operation = connector?.operations.find((one) => one.operation === about.operation);
  if (!operation || connector.name !== about.connector || connector.version !== about.version) return;
  const state = stateOf(connector, operation);
  if (state.call) return;
  state.call = call;
  call.done = call.done.then(
    (entry) => {
      state.params = entry.params;
      const isLarge = entry.status === "Success" && !entry.data_kept;
      state.outcome = {
        ...entry,
        call: entry.id,
        output: call.output,
        ...(isLarge && { status: "Failed", message: "The result was too large to be kept for this tab. Run it again to see it." }),
      };
      state.call = null;
    },
    (fault) => {
      state.outcome = { status: "Failed", message: fault.message, seconds: call.elapsed(), began: Date.now() / 1000, log: [] };
      state.call = null;
    },
  );
}
