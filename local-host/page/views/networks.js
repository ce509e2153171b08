// Networks, drawn: each with the containers in it, their addresses, and the ports that they publish.

import * as api from "../api.js";
import { h } from "../dom.js";
import { inLine, isRecord, isRecords } from "../json.js";
import { clipped, picture, s } from "../svg.js";
import { table } from "../table.js";
import { since } from "../times.js";
import { idOf, leads, nameOf, portsOf, short } from "./parts.js";

const MOST_DRAWN = 60;

/** @param {any} data @param {any} context */
export function networks(data, context) {
  const rows = Array.isArray(data) ? data : [data];
  if (!isRecords(rows) || !rows.every((row) => row.Name && row.Id)) return null;
  const list = [`Networks (${rows.length})`, () => networkTable(rows, context)];
  return [["Drawing", () => drawing(rows, context)], list];
}

function networkTable(rows, context) {
  const subnets = (row) => (Array.isArray(row.IPAM?.Config) ? row.IPAM.Config : []).map((one) => inLine(one?.Subnet)).join(", ");
  return table(
    rows,
    [
      { title: "Name", value: (row) => row.Name, cell: (row) => [h("strong", {}, inLine(row.Name)), h("div", { class: "small" }, idOf(row.Id))] },
      { title: "Driver", value: (row) => inLine(row.Driver) },
      { title: "Scope", value: (row) => inLine(row.Scope) },
      { title: "Subnets", value: subnets },
      { title: "Reaches out", value: (row) => (row.Internal ? "no" : "yes") },
      { title: "Created", value: (row) => inLine(row.Created), cell: (row) => since(row.Created) },
    ],
    {
      name: "networks",
      actions: (row) => [
        leads(context, "inspect_network", "Inspect", { id: row.Name }),
        leads(context, "remove_network", "Remove", { id: row.Name }),
      ],
    },
  );
}

/** A network knows its containers only where it is inspected; in a list, the containers are asked for. */
function drawing(rows, context) {
  const place = h("div");
  const known = rows.flatMap((row) => membersOf(row));
  const draw = (members) => place.replaceChildren(drawn(rows, members));
  if (known.length > 0 || !context.find("list_containers")) draw(known);
  else {
    place.append(h("p", { class: "busy" }, "Asking for the containers"));
    const { app } = context;
    api.execute(app.connector, "list_containers", app.config, {}, { unnoted: true }).then(
      ({ data }) => draw(isRecords(data.data) ? data.data.flatMap((one) => placesOf(one)) : []),
      (fault) => place.replaceChildren(h("p", { class: "state warn" }, `The containers are not known: ${fault.message}`), drawn(rows, [])),
    );
  }
  return place;
}

function membersOf(network) {
  return Object.entries(isRecord(network.Containers) ? network.Containers : {}).map(([id, one]) => ({
    network: network.Name,
    container: inLine(one?.Name) || short(id),
    address: inLine(one?.IPv4Address || one?.IPv6Address),
    ports: [],
  }));
}

function placesOf(container) {
  return Object.entries(isRecord(container.NetworkSettings?.Networks) ? container.NetworkSettings.Networks : {}).map(([network, one]) => ({
    network,
    container: nameOf(container),
    address: inLine(one?.IPAddress || one?.GlobalIPv6Address),
    ports: portsOf(container.Ports).filter((port) => port.includes("\u2192")),
  }));
}

/** Networks on the left, containers on the right, a line with the address between. */
function drawn(rows, members) {
  const shown = members.filter((one) => rows.some((row) => row.Name === one.network));
  const containers = [...new Set(shown.map((one) => one.container))].slice(0, MOST_DRAWN);
  const [width, step, box] = [660, 46, 34];
  const height = Math.max(rows.length, containers.length, 1) * step + 10;
  const spread = (count, index) => 6 + ((height - 12) / count) * (index + 0.5) - box / 2;
  const left = new Map(rows.map((row, index) => [row.Name, spread(rows.length, index)]));
  const right = new Map(containers.map((name, index) => [name, spread(containers.length, index)]));
  const ports = new Map(shown.map((one) => [one.container, one.ports]));
  const edges = shown.filter((one) => right.has(one.container));
  const seen = new Map();
  const lines = edges.map((one) => {
    const [y1, y2] = [left.get(one.network) + box / 2, right.get(one.container) + box / 2];
    const nth = seen.get(one.container) ?? 0;
    seen.set(one.container, nth + 1);
    return [
      s("line", { class: "edge", x1: 200, y1, x2: 420, y2 }),
      s("text", { class: "dim", x: 412, y: y2 - 5 + nth * 14 + (y1 - y2) * 0.06, "text-anchor": "end" }, one.address),
    ];
  });
  const label = `${rows.length} networks, ${containers.length} containers: ${edges.map((one) => `${one.container} is in ${one.network} as ${one.address}`).join("; ")}`;
  return h(
    "figure",
    { class: "chart" },
    picture(
      width,
      height,
      label.slice(0, 2000),
      lines,
      rows.map((row) => {
        const y = left.get(row.Name);
        const subnet = inLine(row.IPAM?.Config?.[0]?.Subnet);
        return s("g", {}, s("title", {}, `${row.Name}, ${inLine(row.Driver)} ${subnet}`), s("rect", { class: row.Internal ? "node internal" : "node", x: 4, y, width: 196, height: box, rx: 7 }), s("text", { x: 14, y: y + 15 }, clipped(inLine(row.Name), 26)), s("text", { class: "dim", x: 14, y: y + 28 }, clipped(`${inLine(row.Driver)} ${subnet}${row.Internal ? ", internal" : ""}`, 32)));
      }),
      containers.map((name) => {
        const y = right.get(name);
        const published = (ports.get(name) ?? []).join(", ");
        return s("g", {}, s("title", {}, `${name} ${published}`), s("rect", { class: "node container", x: 420, y, width: 236, height: box, rx: 7 }), s("text", { x: 430, y: y + (published ? 15 : 21) }, clipped(name, 32)), published && s("text", { class: "dim", x: 430, y: y + 28 }, clipped(published, 38)));
      }),
    ),
    containers.length === 0 && h("p", { class: "dim" }, "No container that runs is in them."),
    containers.length === MOST_DRAWN && h("p", { class: "dim" }, `Only ${MOST_DRAWN} containers are drawn.`),
  );
}
