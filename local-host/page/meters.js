// What a container uses, drawn. The figures are those that the connector has computed; nothing is computed twice.

import { bytes, h } from "./dom.js";

/** Meters for a result of container statistics; null for any other. */
export function meters(data) {
  const computed = data?.computed;
  if (computed === null || typeof computed !== "object") return null;
  const figures = Object.entries(computed).filter(([, value]) => typeof value === "number");
  if (figures.length === 0) return null;
  const series = Array.isArray(data.samples) ? data.samples : [];
  return h(
    "div",
    { class: "meters" },
    figures.map(([name, value]) => meter(name, value, series)),
  );
}

function meter(name, value, series) {
  const isPercent = /percent/.test(name);
  const text = isPercent
    ? `${value.toFixed(1)} %`
    : /bytes|usage|memory|limit/.test(name)
      ? bytes(value)
      : String(value);
  const past = series
    .map((sample) => sample?.computed?.[name] ?? sample?.[name])
    .filter((one) => typeof one === "number");
  return h(
    "div",
    { class: "meter" },
    h("span", { class: "dim" }, name.replaceAll("_", " ")),
    h("strong", {}, text),
    isPercent && bar(Math.min(100, value)),
    Math.max(...past) > Math.min(...past) && line(past),
  );
}

function bar(percent) {
  const inner = h("span");
  inner.style.width = `${percent}%`;
  return h("span", { class: "bar-of" }, inner);
}

function line(values) {
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const most = Math.max(...values, 1e-9);
  const points = values.map(
    (value, index) => `${(index / (values.length - 1)) * 120},${28 - (value / most) * 26}`,
  );
  const chart = svg("svg", {
    viewBox: "0 0 120 30",
    preserveAspectRatio: "none",
    class: "spark",
    role: "img",
    "aria-label": `${values.length} samples`,
  });
  chart.append(
    svg("polyline", {
      points: points.join(" "),
      fill: "none",
      stroke: "currentColor",
      "stroke-width": "1.5",
      "vector-effect": "non-scaling-stroke",
    }),
  );
  return chart;
}
