// What a container is related to: a graph with the container in the middle, and a table with the ways from one to the other.

import { h } from "../dom.js";
import { inLine, isRecord, isRecords } from "../json.js";
import { clipped, picture, s } from "../svg.js";
import { table } from "../table.js";
import { leads, state } from "./parts.js";
import { rankOf, severity } from "./posture.js";

const MOST_DRAWN = 40;
const BAD = new Set(["critical", "high"]);

/** @param {any} data @param {any} context */
export function relations(data, context) {
  if (!isRecord(data) || !isRecords(data.related)) return null;
  return [
    isRecords(data.graph?.nodes) && isRecords(data.graph?.edges) ? ["Graph", () => [h("p", {}, inLine(data.summary)), graph(data.graph)]] : null,
    [`Related (${data.related.length})`, () => [h("p", {}, inLine(data.summary)), list(data.related, context), limits(data.limits)]],
  ];
}

function limits(all) {
  if (!Array.isArray(all) || all.length === 0) return null;
  return h("details", {}, h("summary", {}, `Limits (${all.length})`), h("ul", {}, all.map((one) => h("li", {}, inLine(one)))));
}

/** The subject on the left, what is related in a column, with a line for each tie. Lines to what can control are thick. */
function graph({ nodes, edges }) {
  const center = nodes.find((node) => node.is_subject === true) ?? nodes[0];
  const others = nodes.filter((node) => node !== center).slice(0, MOST_DRAWN);
  if (!center || others.length === 0) return h("p", { class: "dim" }, "Nothing is related to it.");
  const [step, box] = [52, 38];
  const height = others.length * step + 10;
  const y = new Map(others.map((node, index) => [node.id, 8 + index * step]));
  const middle = height / 2 - box / 2;
  const label = `${inLine(center.name)} is related to ${others.map((node) => `${inLine(node.kind)} ${inLine(node.name)} (${inLine(node.risk)})`).join(", ")}`;
  const ties = others.map((node) => {
    const own = edges.filter((edge) => (edge.from === node.id && edge.to === center.id) || (edge.to === node.id && edge.from === center.id));
    const at = y.get(node.id) + box / 2;
    const kinds = [...new Set(own.map((edge) => inLine(edge.label) || inLine(edge.kind)))].join(", ");
    return [
      s("path", { class: BAD.has(node.risk) ? "edge bad" : "edge", d: `M180 ${middle + box / 2} C 260 ${middle + box / 2}, 260 ${at}, 330 ${at} L 424 ${at}` }),
      s("text", { class: "dim", x: 330, y: at - 4 }, clipped(kinds, 16)),
    ];
  });
  const shape = (node, x, top, width, isCenter) =>
    s(
      "g",
      {},
      s("title", {}, `${inLine(node.kind)} ${inLine(node.name)}, ${inLine(node.status)} ${inLine(node.risk)}`),
      s("rect", { class: `node${isCenter ? " center" : ""}${BAD.has(node.risk) ? " bad" : ""}`, x, y: top, width, height: box, rx: 8 }),
      s("text", { x: x + 10, y: top + 16 }, clipped(inLine(node.name), Math.floor(width / 7.5))),
      s("text", { class: "dim", x: x + 10, y: top + 31 }, clipped([inLine(node.kind), inLine(node.status), !isCenter && inLine(node.risk)].filter(Boolean).join(", "), Math.floor(width / 6.6))),
    );
  return [
    h(
      "figure",
      { class: "chart" },
      picture(680, Math.max(height, 60), label.slice(0, 2000), ties, shape(center, 4, middle, 176, true), others.map((node) => shape(node, 424, y.get(node.id), 250, false))),
    ),
    nodes.length - 1 > others.length ? h("p", { class: "dim" }, `${nodes.length - 1 - others.length} more are in the table.`) : null,
  ];
}

function list(rows, context) {
  const control = { controls: "It controls", controlled_by: "Is controlled by", both: "Each controls the other", none: "" };
  const columns = [
    { title: "Risk", value: (row) => rankOf(row.risk), numeric: true, cell: (row) => severity(row.risk) },
    { title: "What", value: (row) => `${inLine(row.type)} ${inLine(row.name)}`, cell: (row) => [h("strong", {}, inLine(row.name)), h("div", { class: "small dim" }, inLine(row.type), " ", state(row.status))] },
    { title: "Control", value: (row) => control[row.control] ?? inLine(row.control) },
    {
      title: "Why",
      value: (row) => inLine(row.reason),
      cell: (row) =>
        isRecords(row.ways) && row.ways.length > 1
          ? h("details", {}, h("summary", {}, inLine(row.reason)), h("ul", {}, row.ways.map((way) => h("li", {}, severity(way.risk), " ", inLine(way.what), " ", h("span", { class: "dim" }, isRecord(way.technique) ? inLine(way.technique.id) : "")))))
          : inLine(row.reason),
    },
  ];
  const actions = (row) => (row.type === "container" ? [leads(context, "find_related", "Related", { id: inLine(row.name) }), leads(context, "inspect_container", "Inspect", { id: inLine(row.name) }), leads(context, "isolate_container", "Isolate", { id: inLine(row.name) })] : []);
  return table(rows, columns, { name: "related", actions, empty: "Nothing is related to it." });
}
