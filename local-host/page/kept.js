// What was typed into each operation's form and what came of it: it is there again when its view is.

const kept = new Map();
const keyOf = (connector, operation) => `${connector.name} ${connector.version} ${operation}`;

/** The state of an operation's workbench.
 * @param {any} connector @param {any} operation */
export function stateOf(connector, operation) {
  const key = keyOf(connector, operation.operation);
  const state = kept.get(key) ?? fresh({}, operation.title);
  kept.set(key, state);
  return state;
}

/** Fills an operation's form for its next view. With `run` the view runs it, and asks where it destroys.
 * @param {any} connector @param {string} operation @param {Record<string, any>} values @param {boolean} [run] */
export function prepare(connector, operation, values, run = false) {
  const title = connector.operations.find((one) => one.operation === operation)?.title ?? operation;
  kept.set(keyOf(connector, operation), { ...fresh(values, title), run });
}

/** The forms that hold what was typed and not run. */
export function unsaved() {
  return [...kept.values()].filter((state) => state.isTyped);
}

function fresh(values, step) {
  return { values, step, outcome: null, call: null, run: false, isTyped: false, way: 0 };
}
