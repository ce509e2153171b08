// Text of any length, readable at once: what a container or command wrote, with stderr marked, and a result's JSON.

import { copy, h, offer } from "./dom.js";

// What a browser lays out without a wait. More is a click away, or in the file.
const LINES_AT_ONCE = 2000;
const CHARACTERS_AT_ONCE = 200_000;

/** Whether a result is the output of a process. */
export function isOutput(data) {
  return typeof data?.output === "string" && typeof data.stdout === "string";
}

/** The output of a process, as it came. */
export function output(data) {
  const lines = Array.isArray(data.lines) ? data.lines : null;
  const notes = [
    data.exit_code !== undefined &&
      h("span", { class: data.exit_code === 0 ? "chip good" : "chip bad" }, `exit code ${data.exit_code}`),
    data.timed_out === true && h("span", { class: "chip warn" }, "the time limit passed"),
    data.truncated === true && h("span", { class: "chip warn" }, "there was more"),
  ];
  const pre = h("pre", { class: "output", tabindex: "0" });
  if (data.output === "") pre.append(h("span", { class: "dim" }, "Nothing was written."));
  else if (lines?.every((line) => typeof (line?.text ?? line?.line) === "string")) more(pre, pieces(lines));
  else if (data.stderr) more(pre, [span(data.stdout, "stdout"), span(data.stderr, "stderr")]);
  else more(pre, [span(data.output, "stdout")]);
  return [h("div", { class: "notes" }, notes.filter(Boolean), taking(data.output, "output", "txt")), pre];
}

/** A result's JSON. */
export function raw(data) {
  const text = JSON.stringify(data, null, 2) ?? "null";
  const pre = h("pre", { class: "output", tabindex: "0" });
  more(pre, [span(text, "stdout")]);
  return [h("div", { class: "notes" }, taking(text, "JSON", "json")), pre];
}

/** Ways to have all of a text. */
function taking(text, what, ending) {
  return [
    h("button", { type: "button", class: "quiet", onclick: () => copy(text, `the ${what}`) }, `Copy the ${what}`),
    text.length > CHARACTERS_AT_ONCE &&
      h(
        "button",
        { type: "button", class: "quiet", onclick: () => offer(`result.${ending}`, text, "text/plain") },
        `Save the ${what}`,
      ),
  ];
}

/** Lines as pieces of text, each of one stream. */
function pieces(lines) {
  return lines.map((line) => ({
    time: line.time ?? line.timestamp ?? "",
    text: `${line.text ?? line.line}\n`,
    stream: line.stream,
  }));
}

function span(text, stream) {
  return { time: "", text, stream };
}

/** Shows pieces from one on, as many as a browser lays out at once; a button shows those that follow. */
function more(pre, pieces, from = 0, offset = 0) {
  let room = CHARACTERS_AT_ONCE;
  let at = from;
  while (at < pieces.length && at < from + LINES_AT_ONCE && room > 0) {
    const { time, text, stream } = pieces[at];
    const shown = text.slice(offset, offset + room);
    room -= shown.length;
    pre.append(
      h(
        "span",
        { class: stream === "stderr" ? "stderr" : null },
        time && offset === 0 ? h("span", { class: "dim" }, `${time} `) : null,
        shown,
      ),
    );
    offset += shown.length;
    if (offset < text.length) break;
    offset = 0;
    at += 1;
  }
  if (at >= pieces.length) return;
  const left = pieces.length - at;
  const button = h(
    "button",
    { type: "button", class: "quiet", onclick: () => (button.remove(), more(pre, pieces, at, offset)) },
    left > 1 ? `Show more of ${left} further lines` : `Show more of ${pieces[at].text.length - offset} further characters`,
  );
  pre.append(button);
}
