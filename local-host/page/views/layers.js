// An image: what it is, and what each step of its making has added, as bars by size.

import { bytes, h } from "../dom.js";
import { inLine, isRecord, isRecords, number } from "../json.js";
import { since } from "../times.js";
import { table } from "../table.js";
import { bars } from "./bars.js";
import { facts, idOf, leads, part } from "./parts.js";

/** The instruction as a Dockerfile has it. */
function instruction(text) {
  return inLine(text)
    .replace(/^\/bin\/sh -c #\(nop\)\s+/, "")
    .replace(/^\/bin\/sh -c /, "RUN ")
    .replace(/\s*# buildkit$/, "");
}

/** @param {any} data */
export function history(data) {
  if (!isRecords(data)) return null;
  const total = data.reduce((sum, one) => sum + (number(one.Size) || 0), 0);
  const layers = [...data].reverse().map((one, index) => ({
    label: h("span", {}, h("span", { class: "dim" }, `${index + 1}. `), h("code", {}, instruction(one.CreatedBy) || "(nothing is said)")),
    size: number(one.Size) || 0,
    note: [since(one.Created), inLine(one.Comment) && ` ${inLine(one.Comment)}`, one.Tags?.length ? ` ${inLine(one.Tags)}` : null],
    title: inLine(one.CreatedBy),
  }));
  return [
    [
      `Layers (${data.length})`,
      () => [h("p", { class: "dim" }, `${bytes(total)} in all, the first step first`), bars(layers, { what: "Layers by size" })],
    ],
  ];
}

/** @param {any} data @param {any} context */
export function image(data, context) {
  if (!isRecord(data) || !data.Id) return null;
  const config = isRecord(data.Config) ? data.Config : {};
  const layers = Array.isArray(data.RootFS?.Layers) ? data.RootFS.Layers : [];
  return [
    [
      "Image",
      () => [
        h(
          "div",
          { class: "line" },
          leads(context, "image_history", "Layers by size", { id: inLine(data.RepoTags?.[0]) || inLine(data.Id) }),
          leads(context, "run_container", "Run a container", { Image: inLine(data.RepoTags?.[0]) || inLine(data.Id) }),
        ),
        part(
          "Summary",
          facts([
            ["Names", inLine(data.RepoTags)],
            ["Id", idOf(data.Id)],
            ["Digests", inLine(data.RepoDigests)],
            ["Made", since(data.Created)],
            ["Size", Number.isFinite(number(data.Size)) ? bytes(number(data.Size)) : ""],
            ["Platform", [data.Os, data.Architecture, data.Variant].filter(Boolean).join("/")],
            ["Layers", String(layers.length)],
          ]),
        ),
        part(
          "What a container of it does",
          facts([
            ["Entrypoint", inLine(config.Entrypoint)],
            ["Command", inLine(config.Cmd)],
            ["User", inLine(config.User) || "root"],
            ["Folder", inLine(config.WorkingDir)],
            ["Ports", Object.keys(config.ExposedPorts ?? {}).join(", ")],
            ["Volumes", Object.keys(config.Volumes ?? {}).join(", ")],
          ]),
        ),
        isRecord(config.Labels) ? part("Labels", facts(Object.entries(config.Labels))) : null,
      ],
    ],
  ];
}

/** @param {any} data @param {any} context */
export function images(data, context) {
  if (!isRecords(data)) return null;
  const nameOf = (row) => inLine(row.RepoTags) || inLine(row.RepoDigests).split("@")[0] || "(without a name)";
  const call = (row) => row.RepoTags?.[0] ?? row.Id;
  const columns = [
    { title: "Name", value: nameOf, cell: (row) => [h("strong", {}, nameOf(row)), h("div", { class: "small" }, idOf(row.Id))] },
    { title: "Size", value: (row) => number(row.Size), numeric: true, cell: (row) => bytes(number(row.Size) || 0) },
    { title: "Containers", value: (row) => (number(row.Containers) >= 0 ? number(row.Containers) : ""), numeric: true },
    { title: "Made", value: (row) => number(row.Created) || 0, numeric: true, cell: (row) => since(row.Created) },
  ];
  const actions = (row) => [
    leads(context, "inspect_image", "Inspect", { name: call(row) }),
    leads(context, "image_history", "Layers", { id: call(row) }),
    leads(context, "run_container", "Run", { Image: call(row) }),
    leads(context, "remove_image", "Remove", { name: call(row) }),
  ];
  return [[`Images (${data.length})`, () => table(data, columns, { name: "images", actions, empty: "No image fits." })]];
}
