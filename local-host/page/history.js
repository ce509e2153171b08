// The history: what was run, when, and what came of it; run again; several steps as one playbook.

import * as api from "./api.js";
import { listen, underWay } from "./calls.js";
import { decided, fill, h, moment, offer, say, took } from "./dom.js";
import { context } from "./context.js";
import { prepare } from "./kept.js";
import { collection, stepArguments } from "./playbook.js";
import { inWords } from "./progress.js";
import { failure, result } from "./result.js";

const chosen = new Set();
/** What shows the calls under way. */
const shown = new WeakMap();

/** The view. `id` is a call's number, or empty. */
export function history(app, id) {
  const place = h("section", { class: "page" }, h("p", { class: "state busy" }, "Loading the history"));
  const show = id ? () => one(app, Number(id), place) : () => all(app, place);
  const fault = (cause) =>
    fill(
      place,
      h("p", { class: "state bad", role: "alert" }, cause.message),
      h("button", { type: "button", class: "quiet", onclick: () => show().catch(fault) }, "Try again"),
    );
  show().catch(fault);
  return place;
}

async function all(app, place) {
  const calls = await api.history();
  const title = h("h1", {}, "History");
  if (calls.length === 0)
    return fill(
      place,
      title,
      h(
        "p",
        { class: "dim" },
        "Nothing was run yet. What you run, here or through the API, is kept with its result.",
      ),
    );
  const exporting = h("button", { type: "button", class: "quiet", onclick: () => save(app, calls) });
  const body = h("tbody");
  const row = (call) => {
    const box = h("input", {
      type: "checkbox",
      "aria-label": `Choose ${call.title} as a step`,
      onchange: () => (box.checked ? chosen.add(call.id) : chosen.delete(call.id), count()),
    });
    box.checked = chosen.has(call.id);
    return h(
      "tr",
      {},
      h("td", {}, box),
      h("td", { class: "nowrap" }, moment(call.began)),
      h(
        "td",
        {},
        h("a", { href: `#/history/${call.id}` }, call.title),
        h("div", { class: "dim small ellipsis" }, said(call.params)),
      ),
      h("td", {}, call.configuration || h("span", { class: "dim" }, "none")),
      h("td", {}, h("span", { class: `badge ${call.status}` }, call.status)),
      h("td", { class: "nowrap number" }, call.seconds === null ? "" : took(call.seconds)),
      h("td", { class: "small message" }, brief(call.message)),
      h(
        "td",
        {},
        h("button", { type: "button", class: "quiet", onclick: () => again(app, call) }, "Run again"),
      ),
    );
  };
  const count = () => {
    exporting.disabled = chosen.size === 0;
    exporting.textContent = chosen.size > 0 ? `Export ${chosen.size} as a playbook` : "Export as a playbook";
  };
  count();
  const clear = decided("Clear", "Forget all calls that have ended?", async () => {
    await api.ask("DELETE", "/page/history");
    chosen.clear();
    await all(app, place);
  });
  const now = h("div");
  const stop = listen(() => {
    if (!place.isConnected) return stop();
    if (underWay().length === 0 && now.childElementCount > 0) all(app, place).catch(() => null);
    running(now);
  });
  running(now);
  fill(body, calls.map(row));
  if (calls.some((call) => call.status === "Running")) setTimeout(renew, 1000);
  // The host may hear of a call's end after the page; and others may have begun it.
  async function renew() {
    const later = await api.history().catch(() => calls);
    if (!body.isConnected) return;
    if (JSON.stringify(later) === JSON.stringify(calls)) setTimeout(renew, 1000);
    else all(app, place).catch(() => null);
  }
  fill(
    place,
    h("div", { class: "line spread" }, title, h("div", { class: "line" }, exporting, clear)),
    now,
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        { class: "calls" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["Choose", "When", "Operation", "Configuration", "Outcome", "Took", "Message", "Actions"].map((name) =>
              h("th", { scope: "col" }, name),
            ),
          ),
        ),
        body,
      ),
    ),
  );
}

function running(place) {
  const rows = underWay().map((call) => {
    if (!shown.has(call)) shown.set(call, live(call));
    shown.get(call).update();
    return shown.get(call).element;
  });
  if (rows.length !== place.childElementCount || rows.some((row) => row.parentNode !== place)) fill(place, rows);
}

/** A call under way. Its element stays while it runs, so that its button can be pressed and keeps the focus. */
function live(call) {
  const [time, words] = [h("span", { class: "elapsed" }), h("span", { class: "dim elapsed" })];
  const cancel = h("button", { type: "button", class: "danger", onclick: call.cancel }, "Cancel");
  const update = () => {
    time.textContent = `${call.title}, ${took(call.elapsed())} `;
    words.textContent = ` ${inWords(call)}`;
  };
  return { element: h("p", { class: "state busy" }, time, cancel, words), update };
}

async function one(app, id, place) {
  const call = await api.call(id);
  const operation = app.connector?.operations.find((one) => one.operation === call.operation);
  const seen = context(app, operation ?? { operation: call.operation, title: call.title }, () => call.title, call.params);
  fill(
    place,
    h("p", {}, h("a", { href: "#/history" }, "\u2190 History")),
    h(
      "div",
      { class: "line spread" },
      h("h1", {}, call.title),
      h("button", { type: "button", class: "primary", onclick: () => again(app, call) }, "Run again"),
    ),
    h(
      "p",
      { class: "verdict" },
      h("span", { class: `badge ${call.status}` }, call.status),
      h(
        "span",
        { class: "dim" },
        [
          moment(call.began),
          call.seconds !== null && took(call.seconds),
          `${call.connector} ${call.version}`,
          call.configuration && `on ${call.configuration}`,
        ]
          .filter(Boolean)
          .join(", "),
      ),
    ),
    Object.keys(call.params).length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, "Parameters"),
        h("pre", { class: "output" }, JSON.stringify(call.params, null, 2)),
      ),
    call.status !== "Success"
      ? failure(call.message || call.status, call.log)
      : call.data_kept
        ? result(call.data, call.log, seen)
        : h("p", { class: "state" }, "Its result was too large to be kept here. Run it again to see it."),
  );
}

/** Runs a call again, in its operation's form, which asks first where it destroys. Secrets are not kept: a call that had one is only
 * filled in. */
async function again(app, call) {
  const installed =
    app.connectors.find((one) => one.name === call.connector && one.version === call.version) ??
    app.connectors.find((one) => one.name === call.connector);
  if (!installed) return say(`${call.connector} is not installed any more.`, true);
  await app.use(installed.id);
  const values = Object.fromEntries(Object.entries(call.params).filter(([, value]) => !JSON.stringify(value).includes("********")));
  const isWhole = Object.keys(values).length === Object.keys(call.params).length;
  prepare(app.connector, call.operation, values, isWhole);
  if (!isWhole) say("Secrets are not kept: enter them again, and run it.");
  if (app.connector.configuration.some((one) => one.config_id === call.config_id))
    app.config = call.config_id;
  app.go(`#/operations/${call.operation}`);
}

function save(app, calls) {
  const steps = calls
    .filter((call) => chosen.has(call.id))
    .sort((one, other) => one.id - other.id)
    .map((call) => {
      const connector = app.connectors.find((one) => one.name === call.connector) ?? {
        name: call.connector,
        label: call.connector,
      };
      return {
        name: call.title,
        arguments: stepArguments(
          { ...connector, version: call.version },
          { operation: call.operation, title: call.title },
          call.params,
        ),
      };
    });
  offer("playbook.json", JSON.stringify(collection(`Playbook of ${steps.length} steps`, steps), null, 2));
}

/** The beginning of a message. */
function brief(message) {
  const [first] = message.split("\n");
  return first.length > 160 ? `${first.slice(0, 160)}\u2026` : first;
}

function said(params) {
  return Object.entries(params)
    .filter(([, value]) => value !== "" && value !== false && value !== null)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("  ")
    .slice(0, 120);
}
