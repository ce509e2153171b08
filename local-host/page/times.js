// Moments as people read them: how long ago, with the exact time on hover.

import { h } from "./dom.js";
import { number } from "./json.js";

/** @type {[string, number][]} */
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** A moment of the engine, in seconds or nanoseconds since the epoch, or in RFC 3339; null where it is none.
 * @param {any} value @returns {Date | null} */
export function date(value) {
  if (typeof value === "string") {
    // Go's time has nine digits behind the second, and 0001 where there was none.
    const made = new Date(value.replace(/(\.\d{3})\d+/, "$1"));
    return Number.isNaN(made.getTime()) || made.getFullYear() < 1971 ? null : made;
  }
  const count = number(value);
  if (!(count > 0)) return null;
  const made = new Date(count > 1e16 ? count / 1e6 : count > 1e13 ? count / 1e3 : count > 1e11 ? count : count * 1000);
  return Number.isNaN(made.getTime()) ? null : made;
}

/** How long ago, such as `3 hours ago`.
 * @param {Date} when */
export function ago(when) {
  const seconds = (Date.now() - when.getTime()) / 1000;
  const far = Math.abs(seconds);
  if (far < 10) return "just now";
  const [name, size] = UNITS.find(([, size]) => far >= size) ?? ["second", 1];
  const count = Math.floor(far / size);
  const said = `${count} ${name}${count === 1 ? "" : "s"}`;
  return seconds < 0 ? `in ${said}` : `${said} ago`;
}

/** The exact local time.
 * @param {Date} when */
export function exactly(when) {
  return when.toLocaleString([], { dateStyle: "medium", timeStyle: "medium", hour12: false });
}

/** An element that says how long ago, and exactly when on hover and to who listens.
 * @param {any} value */
export function since(value) {
  const when = date(value);
  if (!when) return h("span", { class: "dim" }, "");
  return h("time", { datetime: when.toISOString(), title: exactly(when) }, ago(when));
}

/** A duration in seconds, such as `2 days`.
 * @param {number} seconds */
export function duration(seconds) {
  const [name, size] = UNITS.find(([, size]) => seconds >= size) ?? ["second", 1];
  const count = Math.floor(seconds / size);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
