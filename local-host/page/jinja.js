// How a playbook names a step's result.

// Jinja looks for an attribute first: these are a dictionary's own.
const METHODS = new Set([
  "clear",
  "copy",
  "fromkeys",
  "get",
  "items",
  "keys",
  "pop",
  "popitem",
  "setdefault",
  "update",
  "values",
]);
const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A step's name as FortiSOAR has it in expressions. */
export function stepKey(name) {
  return name.trim().replace(/\s+/g, "_");
}

/** `{{ vars.steps.Step.data.x[0]['a-b'] }}` */
export function expression(step, path) {
  const parts = ["steps", stepKey(step), "data", ...path].map((part) => {
    if (typeof part === "number") return `[${part}]`;
    if (PLAIN.test(part) && !METHODS.has(part)) return `.${part}`;
    return `['${part.replace(/[\\']/g, "\\$&").replace(/\n/g, "\\n").replace(/\r/g, "\\r")}']`;
  });
  return `{{ vars${parts.join("")} }}`;
}
