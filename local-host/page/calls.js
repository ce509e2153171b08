// The calls that this page has under way: how long they have run, how far they are, and how they are cancelled.

import * as api from "./api.js";

/** How many looks back the rate is taken from. */
const SAMPLES = 6;

const running = new Set();
const listeners = new Set();

/** Begins a call. `run` is given the signal that cancels it, and the name by which the host knows how far it is. */
export function begin(title, run) {
  const controller = new AbortController();
  const name = crypto.randomUUID();
  const call = {
    title,
    name,
    /** How far each of its parts is; the one without a name is the call as a whole. */
    parts: [],
    /** When it had moved how many bytes, of what it does now. */
    samples: [],
    began: performance.now(),
    cancel: () => controller.abort(),
    elapsed: () => (performance.now() - call.began) / 1000,
  };
  running.add(call);
  tell();
  call.done = run(controller.signal, name).finally(() => {
    running.delete(call);
    tell();
  });
  return call;
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

/** Asks how far a call is. An answer that does not come delays only the next question. */
async function look(call) {
  if (call.isAsked) return;
  call.isAsked = true;
  try {
    call.parts = await api.progress(call.name);
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
