// The views of results: each kind that an operation declares is a module of its own in views/. What a view cannot show, since a
// result has another form than expected, is left to the tree and the JSON.

import { changes } from "./views/changes.js";
import { container } from "./views/container.js";
import { containers } from "./views/containers.js";
import { disk } from "./views/disk.js";
import { events } from "./views/events.js";
import { timeline } from "./views/timeline.js";
import { history, image, images } from "./views/layers.js";
import { networks } from "./views/networks.js";
import { posture } from "./views/posture.js";
import { processes } from "./views/processes.js";
import { relations } from "./views/relations.js";
import { evidence, isolation } from "./views/response.js";
import { statistics } from "./views/statistics.js";
import { services, tasks, volumes } from "./views/swarm.js";

const VIEWS = {
  changes,
  container,
  containers,
  disk,
  evidence,
  events,
  history,
  image,
  images,
  isolation,
  networks,
  posture,
  processes,
  relations,
  services,
  statistics,
  tasks,
  timeline,
  volumes,
};

/** The tabs that fit a result: `[title, make]`, the best first.
 * @param {string} kind @param {any} data @param {any} context @returns {[string, () => any][]} */
export function views(kind, data, context) {
  if (!Object.hasOwn(VIEWS, kind)) return [];
  try {
    return (VIEWS[kind](data, context) ?? []).filter(Boolean);
  } catch {
    return [];
  }
}
