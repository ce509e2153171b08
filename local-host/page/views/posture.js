// What an audit has found: counts by severity, a table of what failed with its remedy, ways out of containers, and known flaws.

import { h } from "../dom.js";
import { inLine, isRecord, isRecords, number } from "../json.js";
import { table } from "../table.js";
import { facts, idOf, leads, state } from "./parts.js";

export const SEVERITIES = ["critical", "high", "medium", "low", "info"];
const TONES = { critical: "bad", high: "bad", medium: "warn", low: "", info: "" };

/** A severity as a colored word.
 * @param {any} word */
export function severity(word) {
  return state(word, TONES[inLine(word)] ?? "");
}

/** Severities in the order of how bad they are, to sort by.
 * @param {any} word */
export function rankOf(word) {
  const rank = SEVERITIES.indexOf(inLine(word));
  return rank < 0 ? SEVERITIES.length : rank;
}

/** @param {any} data @param {any} context */
export function posture(data, context) {
  if (!isRecord(data) || !isRecords(data.findings)) return null;
  const containers = isRecords(data.containers) ? data.containers : [];
  const flaws = isRecords(data.flaws) ? data.flaws : [];
  return [
    [`Findings (${data.findings.length})`, () => findings(data, context)],
    containers.length > 0 ? [`Containers (${containers.length})`, () => ways(containers, context)] : null,
    flaws.length > 0 ? [`Known flaws (${flaws.length})`, () => known(flaws, data)] : null,
    isRecords(data.checks) && data.checks.length > 0 ? [`Checks (${data.checks.length})`, () => checks(data.checks)] : null,
  ];
}

function findings(data, context) {
  const counts = isRecord(data.counts) ? data.counts : {};
  const columns = [
    { title: "Severity", value: (row) => rankOf(row.severity), numeric: true, cell: (row) => severity(row.severity) },
    {
      title: "What is wrong",
      value: (row) => inLine(row.title),
      cell: (row) =>
        h(
          "details",
          {},
          h("summary", {}, h("strong", {}, inLine(row.title)), h("span", { class: "dim" }, ` ${inLine(row.subject)}`)),
          h("p", {}, inLine(row.description)),
          facts([
            ["Seen in", h("code", {}, `${inLine(row.field)}${row.value === null ? "" : ` = ${inLine(row.value)}`}`)],
            ["Evidence", inLine(row.evidence)],
            ["Do this", inLine(row.remedy)],
            ["CIS", inLine(row.cis)],
            ["ATT&CK", [inLine(row.attack), inLine(row.attack_names)].filter(Boolean).join(": ")],
          ]),
        ),
    },
    { title: "On", value: (row) => `${inLine(row.scope)} ${inLine(row.subject)}` },
    { title: "CIS", value: (row) => inLine(row.cis) },
  ];
  const actions = (row) => [
    row.scope === "container" && leads(context, "inspect_container", "Inspect", { id: inLine(row.subject) }),
    row.scope === "container" && leads(context, "isolate_container", "Isolate", { id: inLine(row.subject) }),
    row.scope === "image" && leads(context, "inspect_image", "Inspect", { name: inLine(row.subject) }),
  ];
  return [
    h("p", {}, inLine(data.summary)),
    h("div", { class: "tags tools" }, SEVERITIES.map((word) => state(`${number(counts[word]) || 0} ${word}`, number(counts[word]) > 0 ? TONES[word] : ""))),
    table(data.findings, columns, { name: "findings", actions, empty: "No check failed." }),
    isRecords(data.unknown) && data.unknown.length > 0
      ? h(
          "details",
          {},
          h("summary", {}, `What cannot be known over the API (${data.unknown.length})`),
          h("ul", {}, data.unknown.map((one) => h("li", {}, inLine(one.what), " ", h("span", { class: "dim" }, inLine(one.why))))),
        )
      : null,
  ];
}

function ways(rows, context) {
  const count = (word) => ({ title: word, value: (row) => number(row[word]) || 0, numeric: true });
  const columns = [
    { title: "Name", value: (row) => inLine(row.name), cell: (row) => [h("strong", {}, inLine(row.name)), h("div", { class: "small" }, idOf(row.id))] },
    {
      title: "Leads out to the host",
      value: (row) => inLine(row.escape),
      cell: (row) => [state(row.escape, /^(not|no)\b/.test(inLine(row.escape)) ? "good" : "bad"), h("div", { class: "small dim" }, inLine(row.why))],
    },
    ...SEVERITIES.map(count),
  ];
  const actions = (row) => [
    leads(context, "inspect_container", "Inspect", { id: inLine(row.name) }),
    leads(context, "find_related", "Related", { id: inLine(row.name) }),
  ];
  return table(rows, columns, { name: "audited containers", actions });
}

function known(rows, data) {
  const columns = [
    { title: "Severity", value: (row) => rankOf(row.severity), numeric: true, cell: (row) => severity(row.severity) },
    { title: "Id", value: (row) => inLine(row.id) },
    { title: "Component", value: (row) => `${inLine(row.component)} ${inLine(row.version)}` },
    { title: "What", value: (row) => inLine(row.what) },
    { title: "Mended in", value: (row) => inLine(row.fixed_in) },
    { title: "Certainty", value: (row) => inLine(row.certainty) },
  ];
  return [h("p", { class: "dim" }, `Flaws that were known by ${inLine(data.flaws_known_until)}.`), table(rows, columns, { name: "flaws" })];
}

function checks(rows) {
  const tones = { passed: "good", failed: "bad" };
  const columns = [
    { title: "Verdict", value: (row) => inLine(row.verdict), cell: (row) => state(row.verdict, tones[row.verdict] ?? "") },
    { title: "Severity", value: (row) => rankOf(row.severity), numeric: true, cell: (row) => severity(row.severity) },
    { title: "Check", value: (row) => inLine(row.title) },
    { title: "On", value: (row) => `${inLine(row.scope)} ${inLine(row.subject)}` },
    { title: "Evidence", value: (row) => inLine(row.evidence ?? row.why) },
  ];
  return table(rows, columns, { name: "checks" });
}
