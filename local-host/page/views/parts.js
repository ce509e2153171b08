// What several views share: names, states, ports, buttons that lead on.

import { copy, h } from "../dom.js";
import { inLine, isRecord } from "../json.js";

/** States of containers, tasks and nodes, by how they look. */
const TONES = {
  running: "good",
  healthy: "good",
  ready: "good",
  complete: "good",
  paused: "warn",
  restarting: "warn",
  starting: "warn",
  removing: "warn",
  preparing: "warn",
  pending: "warn",
  unhealthy: "bad",
  dead: "bad",
  failed: "bad",
  rejected: "bad",
  down: "bad",
};

/** A state as a colored word.
 * @param {any} word @param {string} [tone] */
export function state(word, tone) {
  const text = inLine(word);
  return text === "" ? "" : h("span", { class: `tag ${tone ?? TONES[text.toLowerCase()] ?? ""}` }, text);
}

/** A full id in twelve characters, as Docker shows it; other text as it is.
 * @param {any} id */
export function short(id) {
  const [, found] = /^(?:sha256:)?([0-9a-f]{12})[0-9a-f]{52}$/.exec(inLine(id)) ?? [];
  return found ?? inLine(id);
}

/** A short id whose button copies it whole.
 * @param {any} id */
export function idOf(id) {
  const text = inLine(id);
  if (text === "") return "";
  return h(
    "button",
    { type: "button", class: "path mono", title: `Copy ${text}`, onclick: () => copy(text) },
    short(text),
  );
}

/** The name of a container in a list, or its short id.
 * @param {any} container */
export function nameOf(container) {
  const name = Array.isArray(container?.Names) ? container.Names[0] : (container?.Name ?? container?.name);
  return typeof name === "string" && name !== "" ? name.replace(/^\//, "") : short(container?.Id ?? container?.id);
}

/** What names a container in a call: its name, or its id.
 * @param {any} container */
export function callName(container) {
  return nameOf(container) || inLine(container?.Id);
}

/** Published and exposed ports, such as `127.0.0.1:8080 to 80/tcp`, each once.
 * @param {any} ports */
export function portsOf(ports) {
  if (!Array.isArray(ports)) return [];
  const words = ports.filter(isRecord).map((one) => {
    const inner = `${inLine(one.PrivatePort)}/${inLine(one.Type) || "tcp"}`;
    if (!one.PublicPort) return inner;
    const ip = inLine(one.IP);
    const where = ["", "0.0.0.0", "::"].includes(ip) ? "" : `${ip.includes(":") ? `[${ip}]` : ip}:`;
    return `${where}${inLine(one.PublicPort)} \u2192 ${inner}`;
  });
  return [...new Set(words)];
}

/** A button that opens an operation with its form filled in; null where the connector has none of this name, and marked
 * where the configuration does not allow it.
 * @param {any} context @param {string} operation @param {string} label @param {Record<string, any>} values */
export function leads(context, operation, label, values) {
  const found = context.find(operation);
  if (!found) return null;
  const why = context.forbidden(found);
  return h(
    "button",
    {
      type: "button",
      class: `quiet ${context.effect(found)}${why ? " barred" : ""}`,
      title: why || found.title,
      onclick: () => context.open(operation, values),
    },
    label,
    why && h("span", { class: "hidden" }, " (not allowed)"),
  );
}

/** Names and values beside each other.
 * @param {[string, any][]} pairs */
export function facts(pairs) {
  const there = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h(
    "dl",
    { class: "pairs" },
    there.map(([name, value]) => [
      h("dt", {}, name),
      h("dd", {}, value instanceof Node || Array.isArray(value) ? value : inLine(value)),
    ]),
  );
}

/** A part of a view under its title; null where there is nothing in it.
 * @param {string} title @param {...any} children */
export function part(title, ...children) {
  const there = children.flat().filter(Boolean);
  return there.length === 0 ? null : h("section", { class: "part" }, h("h2", {}, title), there);
}
