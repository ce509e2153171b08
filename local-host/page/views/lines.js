// Lines over time, with axes and units.

import { h } from "../dom.js";
import { picture, s, ticks } from "../svg.js";

const [WIDTH, HEIGHT] = [560, 150];
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 10, 10, 24];
/** Lines are told apart by dashes too, not by color alone. */
const STYLES = [
  { class: "line-1", "stroke-dasharray": null },
  { class: "line-2", "stroke-dasharray": "5 3" },
];

/** A chart. `lines` are `{label, points: [milliseconds, value][]}`; `unit` writes a value.
 * @param {string} title @param {{label: string, points: [number, number][]}[]} lines
 * @param {{unit: (value: number) => string, base?: number, most?: number}} how */
export function chart(title, lines, { unit, base = 10, most = 0 }) {
  const all = lines.flatMap((line) => line.points);
  if (all.length === 0) return null;
  const times = all.map(([time]) => time);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const marks = ticks(Math.max(most, ...all.map(([, value]) => value)), 3, base);
  const top = marks[marks.length - 1];
  const x = (time) => LEFT + (last > first ? (time - first) / (last - first) : 1) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const clock = (time) => new Date(time).toLocaleTimeString([], { hour12: false });
  const latest = lines.map((line) => `${line.label} ${unit(line.points[line.points.length - 1][1])}`);
  return h(
    "figure",
    { class: "chart" },
    h(
      "figcaption",
      {},
      h("strong", {}, title),
      latest.map((said, index) => h("span", { class: `legend ${STYLES[index].class}` }, said)),
    ),
    picture(
      WIDTH,
      HEIGHT,
      `${title}: ${latest.join(", ")}; ${all.length / lines.length} samples from ${clock(first)} to ${clock(last)}`,
      marks.flatMap((mark) => [
        s("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(mark), y2: y(mark) }),
        s("text", { class: "dim", x: LEFT - 6, y: y(mark) + 4, "text-anchor": "end" }, unit(mark)),
      ]),
      s("text", { class: "dim", x: LEFT, y: HEIGHT - 6 }, clock(first)),
      last > first &&
        s("text", { class: "dim", x: WIDTH - RIGHT, y: HEIGHT - 6, "text-anchor": "end" }, clock(last)),
      lines.map((line, index) => drawn(line.points.map(([time, value]) => [x(time), y(value)]), STYLES[index])),
    ),
  );
}

function drawn(points, style) {
  if (points.length === 1) return s("circle", { class: style.class, cx: points[0][0], cy: points[0][1], r: 3.5 });
  return s("polyline", { ...style, points: points.map((point) => point.join(",")).join(" "), fill: "none" });
}
