// How far a call is: a line for the call as a whole, and one with a bar for each part that goes on beside others.

import { bytes, h } from "./dom.js";

/** Who listens is not told more often than this. */
const SPOKEN_MILLISECONDS = 10000;
const MOST_SHOWN = 2000;

/** An element that shows a call's progress, and `update`, which takes over what is known by now: nothing else moves. */
export function progress(call) {
  const whole = h("p", { class: "dim" });
  const bar = meter("The call as a whole");
  const list = h("ul", { class: "parts" });
  const written = h("pre", { class: "output live", tabindex: "0", "aria-label": "Output so far", hidden: true });
  const spoken = h("p", { class: "hidden", "aria-live": "polite" });
  const rows = new Map();
  let spokenAt = -Infinity;

  function update() {
    whole.textContent = inWords(call);
    const [all] = call.parts.filter((part) => part.part === "");
    bar.element.hidden = !all?.total;
    if (all) bar.update(all);
    for (const part of call.parts) {
      if (part.part === "") continue;
      if (!rows.has(part.part)) {
        rows.set(part.part, row(part.part));
        list.append(rows.get(part.part).element);
      }
      rows.get(part.part).update(part);
    }
    write();
    const now = performance.now();
    if (now - spokenAt > SPOKEN_MILLISECONDS && whole.textContent !== "") {
      spokenAt = now;
      spoken.textContent = whole.textContent;
    }
  }

  let last = null;
  function write() {
    const pieces = call.output.slice(last === null ? 0 : call.output.indexOf(last) + 1).filter((one) => one.stream !== "step");
    last = call.output.at(-1) ?? last;
    if (pieces.length === 0) return;
    // Who reads further up is left there.
    const isAtEnd = written.scrollTop + written.clientHeight >= written.scrollHeight - 30;
    written.hidden = false;
    written.append(...pieces.map((one) => h("span", { class: one.stream === "stderr" ? "stderr" : null }, one.output)));
    while (written.childElementCount > MOST_SHOWN) written.firstElementChild?.remove();
    if (isAtEnd) written.scrollTop = written.scrollHeight;
  }

  update();
  return { element: h("div", { class: "progress" }, whole, bar.element, list, written, spoken), update };
}

/** The same in one line, such as `Exporting web, 512.0 MiB, 256.0 MiB/s`; empty where nothing is known. */
export function inWords(call) {
  const whole = call.parts.find((part) => part.part === "");
  const others = call.parts.filter((part) => part.part !== "");
  const [first, last] = [call.samples[0], call.samples.at(-1)];
  const rate = first && last.at > first.at ? ((last.bytes - first.bytes) * 1000) / (last.at - first.at) : 0;
  return [
    whole?.text,
    whole && moved(whole),
    rate > 0 && `${bytes(Math.round(rate))}/s`,
    others.length > 0 && `${others.filter((part) => part.is_done).length} of ${others.length} done`,
  ]
    .filter(Boolean)
    .join(", ");
}

function row(name) {
  const bar = meter(name);
  const text = h("span", { class: "ellipsis" });
  const count = h("span", { class: "dim number nowrap" });
  const element = h("li", {}, h("code", { class: "ellipsis" }, name), text, bar.element, count);
  const update = (part) => {
    element.classList.toggle("done", part.is_done);
    text.textContent = part.text;
    count.textContent = moved(part);
    bar.update(part);
  };
  return { element, update };
}

/** A bar. Where the total is not known, it says so by having no value. */
function meter(label) {
  const filling = h("span");
  const element = h(
    "div",
    { class: "bar-of", role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 },
    filling,
  );
  const update = (part) => {
    const share = part.is_done ? 1 : part.total ? Math.min(1, (part.bytes ?? 0) / part.total) : 0;
    const percent = Math.floor(share * 100);
    filling.style.width = `${percent}%`;
    if (part.is_done || part.total) element.setAttribute("aria-valuenow", percent);
    else element.removeAttribute("aria-valuenow");
    element.setAttribute("aria-valuetext", [part.text, moved(part)].filter(Boolean).join(", "));
  };
  return { element, update };
}

function moved(part) {
  if (part.bytes === null) return "";
  return part.total ? `${bytes(part.bytes)} of ${bytes(part.total)}` : bytes(part.bytes);
}
