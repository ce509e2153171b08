// Makes pictures. Text is only ever set as text, as in dom.js.

import { seen } from "./dom.js";

const NAMESPACE = "http://www.w3.org/2000/svg";

/** An SVG element: attributes as they are, `on...` are listeners, children may be null.
 * @param {string} tag @param {Record<string, any>} [attributes] @param {...any} children */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, name === "aria-label" ? seen(String(value)) : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(typeof child === "string" ? seen(child) : child);
  }
  return element;
}

/** A picture with a name for who does not see it.
 * @param {number} width @param {number} height @param {string} label @param {...any} children */
export function picture(width, height, label, ...children) {
  return s(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label, class: "picture" },
    ...children,
  );
}

/** Text within a width, with an ellipsis where it is longer.
 * @param {string} text @param {number} characters */
export function clipped(text, characters) {
  return text.length > characters ? `${text.slice(0, Math.max(1, characters - 1))}\u2026` : text;
}

/** Round values for an axis from 0 to a little above `most`.
 * @param {number} most @param {number} [count] @param {number} [base] 1024 for bytes */
export function ticks(most, count = 4, base = 10) {
  if (!(most > 0)) return [0, 1];
  const rough = most / count;
  const power = base ** Math.floor(Math.log(rough) / Math.log(base));
  const steps = base === 1024 ? [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] : [1, 2, 2.5, 5, 10];
  const step = power * (steps.find((one) => one * power >= rough) ?? base);
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step);
}
