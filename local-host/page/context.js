// What a view may do beside showing: find operations, and open them with their forms filled in.

import { prepare } from "./kept.js";
import { forbidden, presentation } from "./presentation.js";

/** @param {any} app @param {any} operation @param {() => string} step @param {Record<string, any>} params the call's */
export function context(app, operation, step, params) {
  const find = (name) => app.connector?.operations.find((one) => one.operation === name && one.visible !== false);
  return {
    app,
    operation,
    step,
    params,
    presentation: presentation(app.connector, operation),
    find,
    forbidden: (other) => forbidden(app, other),
    effect: (other) => presentation(app.connector, other).effect,
    /** Opens an operation; one that only looks is run at once. */
    open(name, values) {
      const reads = presentation(app.connector, find(name)).effect === "read";
      prepare(app.connector, name, values, reads);
      app.go(`#/operations/${name}`);
    },
  };
}
