// Makes elements. Text is only ever set as text: what comes from an engine may be hostile.

// What turns the writing round, and so shows another text than there is: Unicode's "Trojan Source".
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text as it is to be seen: what turns the writing round is named instead. */
export function seen(text) {
  return text.replace(TURNS, (one) => `[U+${one.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

/** An element: `on...` attributes are listeners, `true` and `false` are presence and absence, children may be null. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else if (name === "title") element.title = seen(value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

/** Puts children in the place of those that are there. */
export function fill(element, ...children) {
  element.replaceChildren(...present(children));
  return element;
}

function present(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (typeof child === "string" ? seen(child) : child));
}

let saying;

/** Says something in passing, also to who listens. */
export function say(text, isTrouble = false) {
  const place = document.getElementById("says");
  const note = h("p", { class: isTrouble ? "note bad" : "note" }, text);
  fill(place, note);
  clearTimeout(saying);
  saying = setTimeout(() => note.remove(), isTrouble ? 9000 : 2600);
}

/** Tells who listens what has come of something that they see elsewhere. */
export function announce(text) {
  const place = document.getElementById("live");
  if (place) place.textContent = seen(text);
}

/** Copies text, and says so. */
export async function copy(text, what = text) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${what}`);
  } catch {
    say("The browser does not let this page copy.", true);
  }
}

/** Offers text as a file. */
export function offer(filename, text, type = "application/json") {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h("a", { href: url, download: filename }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Asks once more before `act` does what cannot be undone. `reset` puts back what was there before the question. */
export function ask(place, label, question, act, reset) {
  const yes = h("button", { type: "button", class: "danger", onclick: () => (reset(), act()) }, label);
  const no = h("button", { type: "button", class: "quiet", onclick: reset }, "Leave it");
  fill(place, h("span", { class: "question" }, question), yes, no);
  no.focus();
}

/** A button that asks once more. */
export function decided(label, question, act) {
  const place = h("span", { class: "decided" });
  const asking = () => ask(place, label, question, act, reset);
  const first = h("button", { type: "button", class: "quiet", onclick: asking }, label);
  function reset() {
    fill(place, first);
  }
  reset();
  return place;
}

/** Bytes, as people read them. */
export function bytes(count) {
  if (count < 1024) return `${count} B`;
  const power = Math.min(Math.floor(Math.log2(count) / 10), 4);
  return `${(count / 1024 ** power).toFixed(1)} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

/** Seconds, as people read them. */
export function took(seconds) {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

/** A moment, in seconds since the epoch: the time if it is of today, the day before it otherwise. */
export function moment(seconds) {
  const date = new Date(seconds * 1000);
  const time = date.toLocaleTimeString([], {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
  });
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString()} ${time}`;
}
