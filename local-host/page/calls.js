// The calls that this page has under way: how long they have run, how far they are, and how they are cancelled.

import * as api from "./api.js";

/** How many looks back the rate is taken from. */
const SAMPLES = 6;
/** So many pieces of output are shown while a call runs. */
const MOST_PIECES = 2000;

const running = new Set();
const listeners = new Set();

/** What is known of a call while it runs. */
function known(title, name, began) {
  return {
    title,
    name,
    /** How far each of its parts is; the one without a name is the call as a whole. */
    parts: [],
    /** When it had moved how many bytes, of what it does now. */
    samples: [],
    /** What it has written, `{stream, output}`, and which piece comes next. */
    output: [],
    next: 0,
    began,
    isAsked: false,
    /** @type {Promise<any>} */
    done: Promise.resolve(),
    /** It belongs to the host, which is asked to cancel it. */
    cancel: () => api.cancel(name).catch(() => null),
    elapsed: () => (performance.now() - began) / 1000,
  };
}

/** Begins a call. `run` is given the name by which the host knows it.
 * @param {string} title @param {(name: string) => Promise<any>} run */
export function begin(title, run) {
  const call = known(title, crypto.randomUUID(), performance.now());
  follow(call, run(call.name));
  return call;
}

function follow(call, done) {
  running.add(call);
  tell();
  call.done = done.finally(() => {
    running.delete(call);
    tell();
  });
}

/** Finds the calls that another tab has made, or this one before it was loaded anew. `found` is given each, with what the host
 * says of it; its promise resolves with the history's entry.
 * @param {(call: any, about: any) => void} found */
export async function find(found) {
  for (const about of await api.calls()) {
    if ([...running].some((call) => call.name === about.name) || ended.has(about.name)) continue;
    const call = known(about.title, about.name, performance.now() - (Date.now() - about.began * 1000));
    follow(call, entry(about));
    found(call, about);
  }
}

const ended = new Set();

async function entry(about) {
  for (;;) {
    await new Promise((wake) => setTimeout(wake, 500));
    const left = await api.calls().catch(() => [about]);
    if (left.some((one) => one.name === about.name)) continue;
    ended.add(about.name);
    return api.call(about.call);
  }
}

/** All of them. */
export function underWay() {
  return [...running];
}

/** Called whenever one begins or ends, and twice a second while there is one. Answers how to stop listening. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell() {
  for (const listener of listeners) listener();
}

/** Asks how far a call is, and what it has written. An answer that does not come delays only the next question. */
export async function look(call) {
  if (call.isAsked) return;
  call.isAsked = true;
  try {
    const seen = await api.progress(call.name, call.next);
    call.parts = seen.parts;
    call.output.push(...seen.output);
    call.output.splice(0, call.output.length - MOST_PIECES);
    call.next = Math.max(call.next, seen.next);
    const whole = call.parts.find((part) => part.part === "");
    if (whole?.text !== call.samples.at(-1)?.text) call.samples = [];
    if (whole?.bytes) call.samples.push({ text: whole.text, at: performance.now(), bytes: whole.bytes });
    call.samples = call.samples.slice(-SAMPLES);
  } catch {
    // The call itself will say what is wrong.
  } finally {
    call.isAsked = false;
  }
}

setInterval(() => {
  if (running.size === 0) return;
  tell();
  running.forEach(look);
}, 500);
