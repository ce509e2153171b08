// JSON without a loss: a number that JavaScript's own cannot hold stays as it was written.

// So many characters a number has at least that a double may not hold.
const LONG = /[-\d.eE+]{16}|\d[eE]/;
const INTEGER = /^-?\d+$/;

/** A number as it was written, such as 1690000000123456789. */
export class Exact {
  /** @param {string} source */
  constructor(source) {
    this.source = source;
  }
  toString() {
    return this.source;
  }
  toJSON() {
    // @ts-expect-error: newer than the types that editors have
    return JSON.rawJSON ? JSON.rawJSON(this.source) : Number(this.source);
  }
}

/** The value of a JSON text.
 * @param {string} text */
export function parse(text) {
  // A text without a long number is read the fast way.
  return LONG.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
}

/** @param {string} _key @param {any} value @param {{source?: string}} [context] */
function exact(_key, value, context) {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined) return value;
  const isLost = INTEGER.test(source) ? !Number.isSafeInteger(value) : !Number.isFinite(value);
  return isLost ? new Exact(source) : value;
}

/** Whether a value has fields or items.
 * @param {any} value */
export function isObject(value) {
  return value !== null && typeof value === "object" && !(value instanceof Exact);
}

/** Whether a value is an object with fields, and no list.
 * @param {any} value */
export function isRecord(value) {
  return isObject(value) && !Array.isArray(value);
}

/** Whether a value is a list of objects, empty or not.
 * @param {any} value */
export function isRecords(value) {
  return Array.isArray(value) && value.every(isRecord);
}

/** A value as a number to draw or to sort by; NaN where it is none.
 * @param {any} value */
export function number(value) {
  return typeof value === "number" ? value : value instanceof Exact ? Number(value.source) : NaN;
}

/** A value in one line: an object as the JSON that it is, and never as its JavaScript name.
 * @param {any} value */
export function inLine(value) {
  if (value === null || value === undefined) return "";
  if (!isObject(value)) return String(value);
  if (Array.isArray(value) && value.every((one) => !isObject(one))) return value.map(inLine).join(", ");
  return JSON.stringify(value);
}
