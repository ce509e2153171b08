// The views of results: each kind that an operation declares is a module of its own in views/. What a view cannot show, since a
// result has another form than expected, is left to the tree and the JSON.

import { containers } from "./views/containers.js";

const VIEWS = { containers };

/** The tabs that fit a result: `[title, make]`, the best first.
 * @param {string} kind @param {any} data @param {any} context @returns {[string, () => any][]} */
export function views(kind, data, context) {
  try {
    return (VIEWS[kind]?.(data, context) ?? []).filter(Boolean);
  } catch {
    return [];
  }
}
