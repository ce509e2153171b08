// What happened to one container, in order: drawn by where it was found, and told line by line.

import { h } from "../dom.js";
import { inLine, isRecord, isRecords } from "../json.js";
import { table } from "../table.js";
import { date, exactly } from "../times.js";
import { timeline as drawn } from "./events.js";

const BAD = /(die|died|kill|oom|destroy|fail|unhealthy|isolat)/;

/** @param {any} data */
export function timeline(data) {
  if (!isRecord(data) || !isRecords(data.entries)) return null;
  const points = data.entries.map((entry) => ({
    when: date(entry.time),
    lane: inLine(entry.source),
    text: inLine(entry.what),
    isBad: BAD.test(inLine(entry.kind)),
  }));
  const columns = [
    { title: "When", value: (row) => inLine(row.time), cell: (row) => h("span", { class: "nowrap", title: inLine(row.time) }, date(row.time) ? exactly(/** @type {Date} */ (date(row.time))) : inLine(row.time)) },
    { title: "From", value: (row) => inLine(row.source) },
    { title: "What happened", value: (row) => inLine(row.what), cell: (row) => h("span", { class: BAD.test(inLine(row.kind)) ? "bad-text" : null }, inLine(row.what)) },
    { title: "ATT&CK", value: (row) => (isRecord(row.technique) ? `${inLine(row.technique.id)} ${inLine(row.technique.name)}` : "") },
  ];
  return [
    [
      `Timeline (${data.entries.length})`,
      () => [
        h("p", {}, inLine(data.summary)),
        drawn(points),
        table(data.entries, columns, { name: "timeline" }),
        Array.isArray(data.limits) && data.limits.length > 0
          ? h("details", {}, h("summary", {}, `Limits (${data.limits.length})`), h("ul", {}, data.limits.map((one) => h("li", {}, inLine(one)))))
          : null,
      ],
    ],
  ];
}
