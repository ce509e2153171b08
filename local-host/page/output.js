// Text of any length, readable at once: what a container or command wrote, with stderr marked, and a result's JSON.

import { copy, fill, h, offer } from "./dom.js";

// What a browser lays out without a wait. More is a click away, or in the file.
const LINES_AT_ONCE = 2000;
const CHARACTERS_AT_ONCE = 200_000;

/** Whether a result is the output of a process. */
export function isOutput(data) {
  return typeof data?.output === "string" && typeof data.stdout === "string";
}

/** The output of a process, as it came, with what makes it readable: search, one stream alone, and whether lines wrap.
 * @param {any} data @param {any} [context] of context.js */
export function output(data, context) {
  const lines = Array.isArray(data.lines) ? data.lines : null;
  const notes = [
    data.exit_code !== undefined &&
      h("span", { class: data.exit_code === 0 ? "chip good" : "chip bad" }, `exit code ${data.exit_code}`),
    data.timed_out === true && h("span", { class: "chip warn" }, "the time limit passed"),
    data.truncated === true && h("span", { class: "chip warn" }, "there was more"),
  ];
  const pre = h("pre", { class: "output", tabindex: "0", role: "region", "aria-label": "Output" });
  const all = lines?.every((line) => typeof (line?.text ?? line?.line) === "string")
    ? pieces(lines)
    : data.stderr
      ? [span(data.stdout, "stdout"), span(data.stderr, "stderr")]
      : [span(data.output, "stdout")];
  const count = h("span", { class: "dim", role: "status" });
  const find = h("input", {
    type: "search",
    class: "filter",
    placeholder: "Search the output",
    "aria-label": "Search the output",
    onkeydown: (event) => event.key === "Enter" && !event.ctrlKey && event.preventDefault(),
    oninput: () => show(),
  });
  const errors = h("button", { type: "button", class: "chip", "aria-pressed": "false", onclick: () => (toggle(errors), show()) }, "stderr alone");
  const wrap = h("button", { type: "button", class: "chip", "aria-pressed": "true", onclick: () => pre.classList.toggle("unwrapped", !toggle(wrap)) }, "wrap");

  function show() {
    const word = find.value.toLowerCase();
    const isAlone = errors.getAttribute("aria-pressed") === "true";
    fill(pre);
    count.textContent = "";
    if (data.output === "") return pre.append(h("span", { class: "dim" }, "Nothing was written."));
    if (word === "" && !isAlone) return more(pre, all);
    // A line at a time, so that a search shows lines and not whole outputs.
    const apart = all.flatMap((one) => (one.text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((text) => ({ ...one, text })));
    const fitting = apart.filter((one) => (!isAlone || one.stream === "stderr") && one.text.toLowerCase().includes(word));
    count.textContent = `${fitting.length} of ${apart.length} lines`;
    more(pre, fitting);
  }

  show();
  const follows = context?.operation?.parameters?.some((field) => field.name === "follow");
  return [
    h(
      "div",
      { class: "line tools" },
      notes.filter(Boolean),
      find,
      count,
      data.stderr ? errors : null,
      wrap,
      follows &&
        h("button", { type: "button", class: "quiet", onclick: () => context.open(context.operation.operation, { ...context.params, follow: true }) }, "Follow"),
      taking(data.output, "output", "txt"),
    ),
    pre,
  ];
}

function toggle(button) {
  const isOn = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(isOn));
  return isOn;
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
