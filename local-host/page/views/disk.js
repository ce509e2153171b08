// Disk use: a bar for each kind with what can be reclaimed, and the largest of each.

import { bytes, h } from "../dom.js";
import { inLine, isRecord, isRecords, number } from "../json.js";
import { bars } from "./bars.js";
import { leads, part, short } from "./parts.js";

const MOST = 12;

/** `[title, rows, prune]`, each row `{label, size, free}`. */
function kinds(data) {
  const list = (name) => (isRecords(data[name]) ? data[name] : []);
  const size = (value) => Math.max(0, number(value) || 0);
  return [
    [
      "Images",
      list("Images").map((one) => ({
        label: inLine(one.RepoTags) || short(one.Id),
        size: size(one.Size) - size(one.SharedSize),
        free: !(number(one.Containers) > 0),
      })),
      "prune_images",
      size(data.LayersSize),
    ],
    [
      "Containers",
      list("Containers").map((one) => ({
        label: inLine(one.Names?.[0]).replace(/^\//, "") || short(one.Id),
        size: size(one.SizeRw),
        free: one.State !== "running",
      })),
      "prune_containers",
      0,
    ],
    [
      "Volumes",
      list("Volumes").map((one) => ({
        label: inLine(one.Name),
        size: size(one.UsageData?.Size),
        free: number(one.UsageData?.RefCount) === 0,
      })),
      "prune_volumes",
      0,
    ],
    [
      "Build cache",
      list("BuildCache").map((one) => ({
        label: inLine(one.Description) || short(one.ID),
        size: size(one.Size),
        free: one.InUse !== true,
      })),
      "prune_build_cache",
      0,
    ],
  ];
}

/** @param {any} data @param {any} context */
export function disk(data, context) {
  if (!isRecord(data) || !["Images", "Containers", "Volumes", "BuildCache"].some((name) => name in data)) return null;
  const all = kinds(data);
  const sum = (rows) => rows.reduce((total, row) => total + row.size, 0);
  const overview = all.map(([title, rows, prune, whole]) => {
    const free = rows.filter((row) => row.free);
    const used = Math.max(sum(rows), whole);
    return {
      label: [h("strong", {}, title), h("span", { class: "dim" }, ` ${rows.length}, of which ${rows.length - free.length} in use `)],
      size: used,
      part: Math.min(used, sum(free)),
      note: sum(free) > 0 ? leads(context, prune, "Reclaim it", {}) : null,
    };
  });
  return [
    [
      "Disk use",
      () => [
        part("By kind", bars(overview, { what: "Disk use by kind", partIs: "can be reclaimed" })),
        all.map(([title, rows]) => {
          const largest = rows.filter((row) => row.size > 0).sort((one, other) => other.size - one.size);
          return largest.length === 0
            ? null
            : part(
                `${title}: the largest`,
                bars(
                  largest.slice(0, MOST).map((row) => ({
                    label: row.label,
                    size: row.size,
                    part: row.free ? row.size : 0,
                  })),
                  { what: title, partIs: "can be reclaimed" },
                ),
                largest.length > MOST &&
                  h("p", { class: "dim" }, `${largest.length - MOST} more have ${bytes(sum(largest.slice(MOST)))}.`),
              );
        }),
      ],
    ],
  ];
}
